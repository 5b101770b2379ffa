/*
 * model_intel.c - the Intel driver's body in the terms of model.c, page by page and entry by entry:
 * leaves are written once, large pages take out what is there, an unmap passes over holes.
 */
#include <errno.h>

#include "bench/model.h"
#include "bench/model_parts.h"

/* Tables down to `level`. 0, ENOMEM, or EADDRINUSE: a page is in the way. */
static int model_build_intel(struct model *m, uint64_t iova, unsigned level)
{
	for (unsigned l = m->top; l > level; l--) {
		struct model_entry *e = model_get(m, l, iova >> model_shift(l));

		if (e && !e->table)
			return EADDRINUSE;
		if (e)
			continue;
		if (!model_page(m))
			return ENOMEM;
		model_put(m, (struct model_entry){ .level = l, .index = iova >> model_shift(l), .table = true });
	}
	return 0;
}

static int model_page_intel(struct model *m, uint64_t iova, uint64_t pa, unsigned size_lg2,
			    unsigned prot)
{
	unsigned level = model_level_of(size_lg2);
	int err = model_build_intel(m, iova, level);
	struct model_entry *e;

	if (err)
		return err;
	e = model_get(m, level, iova >> size_lg2);
	if (e && !level)
		return EADDRINUSE;
	if (e && e->table)
		model_drop_table(m, level, iova >> size_lg2);
	model_put(m, (struct model_entry){ .level = level, .index = iova >> size_lg2, .pa = pa,
					   .size_lg2 = size_lg2, .prot = prot });
	return 0;
}

static uint64_t start_of(const struct model_entry *e)
{
	return e->index << model_shift(e->level);
}

static uint64_t last_of(const struct model_entry *e)
{
	return start_of(e) + (UINT64_C(1) << model_shift(e->level)) - 1;
}

/* Any table that lies in the range as a whole, the highest first. */
static struct model_entry *covered_table(struct model *m, uint64_t first, uint64_t last)
{
	struct model_entry *found = NULL;

	for (unsigned b = 0; b < MODEL_BUCKETS; b++)
		for (struct model_entry *e = m->buckets[b]; e; e = e->next)
			if (e->table && start_of(e) >= first && last_of(e) <= last &&
			    (!found || e->level > found->level))
				found = e;
	return found;
}

uint64_t model_unmap_intel(struct model *m, uint64_t first, uint64_t last)
{
	struct model_entry *e;
	unsigned level;
	uint64_t end;

	e = model_walk(m, first, &level);
	if (e && start_of(e) == first && last_of(e) > last)
		last = last_of(e);
	end = last + 1;
	while ((e = covered_table(m, first, last)))
		model_drop_table(m, e->level, e->index);
	for (unsigned b = 0; b < MODEL_BUCKETS; b++) {
		struct model_entry *next;

		for (e = m->buckets[b]; e; e = next) {
			next = e->next;
			if (e->table || start_of(e) < first || start_of(e) > last)
				continue;
			if (last_of(e) >= end)
				end = last_of(e) + 1;
			model_remove(m, e->level, e->index);
		}
	}
	return end - first;
}

void model_map_intel(struct model *m, struct pt_op *op)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, at = 0, written = 0;
	int err = 0;

	while (err != ENOMEM && at < bytes) {
		unsigned lg2 = op->size_lg2;
		int one;

		if (op->kind == PT_MAP_RANGE)
			lg2 = model_fit(m, (op->iova + at) | (op->pa + at), bytes - at);
		one = model_page_intel(m, op->iova + at, op->pa + at, lg2, op->prot);
		m->refused += one == EADDRINUSE;
		err = one ? one : err;
		if (one != ENOMEM)
			at += UINT64_C(1) << lg2;
		if (!one)
			written += UINT64_C(1) << lg2;
	}
	if (err == ENOMEM && written == at && at && op->kind == PT_MAP_RANGE) {
		model_unmap_intel(m, op->iova, op->iova + at - 1);
		written = 0;
	}
	op->err = (uint8_t)err;
	op->result = written;
}
