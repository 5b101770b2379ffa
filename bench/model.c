/* model.c - the slow and obvious page table, with the two bodies of the AMD family. */
#include "bench/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model_parts.h"

unsigned model_shift(unsigned level)
{
	return 12 + 9 * level;
}

static unsigned bucket(unsigned level, uint64_t index)
{
	return (unsigned)((index * 0x9e3779b97f4a7c15u + level * 0x85ebca6bu) >> 40) % MODEL_BUCKETS;
}

static struct model_entry **model_find(struct model *m, unsigned level, uint64_t index)
{
	struct model_entry **p = &m->buckets[bucket(level, index)];

	while (*p && !((*p)->level == level && (*p)->index == index))
		p = &(*p)->next;
	return p;
}

struct model_entry *model_get(struct model *m, unsigned level, uint64_t index)
{
	return *model_find(m, level, index);
}

void model_put(struct model *m, struct model_entry value)
{
	struct model_entry **p = model_find(m, value.level, value.index), *e = *p;

	if (!e) {
		e = *p = malloc(sizeof(*e));
		m->starved |= !e;
		if (!e)
			return;
		m->entries++;
		value.next = NULL;
	} else {
		value.next = e->next;
	}
	*e = value;
}

void model_remove(struct model *m, unsigned level, uint64_t index)
{
	struct model_entry **p = model_find(m, level, index), *e = *p;

	if (!e)
		return;
	*p = e->next;
	free(e);
	m->entries--;
}

void model_init(struct model *m, const struct pt_engine *engine, unsigned levels,
		uint64_t limit_pages, uint64_t fail_at)
{
	memset(m, 0, sizeof(*m));
	m->classic = !strcmp(engine->body, "2019");
	m->intel = !strcmp(engine->body, "intel");
	m->vtdss = !strcmp(engine->format, "vtdss");
	m->sizes = pt_engine_sizes(engine);
	m->top = levels - 1;
	m->allocated = m->asked = 1;
	m->spare = limit_pages ? limit_pages - 1 : UINT64_MAX / 2;
	m->fail_at = fail_at;
}

void model_free(struct model *m)
{
	for (unsigned i = 0; i < MODEL_BUCKETS; i++)
		while (m->buckets[i])
			model_remove(m, m->buckets[i]->level, m->buckets[i]->index);
}

bool model_page(struct model *m)
{
	if (++m->asked == m->fail_at || !m->spare)
		return false;
	m->spare--;
	m->allocated++;
	return true;
}

void model_drop_table(struct model *m, unsigned level, uint64_t index)
{
	for (uint64_t i = index << 9; i < (index + 1) << 9; i++) {
		struct model_entry *e = model_get(m, level - 1, i);

		if (e && e->table)
			model_drop_table(m, level - 1, i);
		else
			model_remove(m, level - 1, i);
	}
	model_remove(m, level, index);
	m->retired++;
	m->limbo++;
}

static bool model_vacant(struct model *m, unsigned level, uint64_t index)
{
	for (uint64_t i = index << 9; i < (index + 1) << 9; i++) {
		struct model_entry *e = model_get(m, level - 1, i);

		if (e && (!e->table || !model_vacant(m, level - 1, i)))
			return false;
	}
	return true;
}

static bool model_spans(const struct model *m, uint64_t iova)
{
	return m->top == 5 || iova >> model_shift(m->top + 1) == 0;
}

/* Classic grows a level at a time, modern all levels or none. */
static int model_grow(struct model *m, uint64_t last, unsigned level)
{
	unsigned want = m->top, built = 0;

	if (m->vtdss)
		return 0;
	while (want < 5 && (want < level || last >> model_shift(want + 1)))
		want++;
	while (!m->classic && m->top + built < want) {
		if (!model_page(m)) {
			m->allocated -= built;
			m->spare += built;
			return ENOMEM;
		}
		built++;
	}
	while (m->top < want) {
		if (m->classic && !model_page(m))
			return ENOMEM;
		m->top++;
		model_put(m, (struct model_entry){ .level = m->top, .table = true });
	}
	return 0;
}

unsigned model_level_of(unsigned size_lg2)
{
	return (size_lg2 - 12) / 9;
}

static uint64_t group_of(const struct model_entry *e)
{
	return UINT64_C(1) << (e->size_lg2 - model_shift(e->level));
}

/* Something that is no table stands where one must be. */
static int model_downgrade(struct model *m, struct model_entry old)
{
	uint64_t n = group_of(&old), first = old.index & ~(n - 1);

	if (!m->classic)
		return EADDRINUSE;
	for (uint64_t i = first; i < first + n && n > 1; i++) {
		struct model_entry *e = model_get(m, old.level, i);

		if (e && !e->table && e->pa == old.pa && e->size_lg2 == old.size_lg2 &&
		    e->prot == old.prot)
			model_remove(m, old.level, i);
	}
	return 0;
}

static int model_build(struct model *m, uint64_t iova, unsigned level)
{
	for (unsigned l = m->top; l > level; l--) {
		struct model_entry *e = model_get(m, l, iova >> model_shift(l));

		if (e && e->table)
			continue;
		if (e) {
			int err = model_downgrade(m, *e);

			if (err)
				return err;
		}
		if (!model_page(m))
			return ENOMEM;
		model_put(m, (struct model_entry){ .level = l, .index = iova >> model_shift(l), .table = true });
	}
	return 0;
}

static int model_map_page(struct model *m, uint64_t iova, uint64_t pa, unsigned size_lg2,
			  unsigned prot)
{
	unsigned level = model_level_of(size_lg2);
	uint64_t first = iova >> model_shift(level), n = UINT64_C(1) << (size_lg2 - model_shift(level));
	int err = model_grow(m, iova + (UINT64_C(1) << size_lg2) - 1, level);

	if (!err)
		err = model_build(m, iova, level);
	if (err)
		return err;
	for (uint64_t i = first; i < first + n && !m->classic; i++) {
		struct model_entry *e = model_get(m, level, i);

		if (e && !(e->table && model_vacant(m, level, i)))
			return EADDRINUSE;
	}
	for (uint64_t i = first; i < first + n; i++) {
		struct model_entry *e = model_get(m, level, i);

		if (e && e->table)
			model_drop_table(m, level, i);
		model_put(m, (struct model_entry){ .level = level, .index = i, .pa = pa,
						   .size_lg2 = size_lg2, .prot = prot });
	}
	return 0;
}

struct model_entry *model_walk(struct model *m, uint64_t iova, unsigned *level)
{
	struct model_entry *e = NULL;

	*level = 6;
	if (!model_spans(m, iova))
		return NULL;
	for (unsigned l = m->top + 1; l-- > 0;) {
		*level = l;
		e = model_get(m, l, iova >> model_shift(l));
		if (!e || !e->table)
			break;
	}
	return e;
}

static void model_clear(struct model *m, const struct model_entry *leaf)
{
	uint64_t n = group_of(leaf), first = leaf->index & ~(n - 1);
	unsigned level = leaf->level;

	for (uint64_t i = first; i < first + n; i++) {
		struct model_entry *e = model_get(m, level, i);

		if (e && !e->table)
			model_remove(m, level, i);
	}
}

/* [first, reached) is unmapped without a hole: modern frees the tables covered by that. */
static void model_free_covered(struct model *m, uint64_t first, uint64_t last, uint64_t reached)
{
	for (unsigned b = 0; b < MODEL_BUCKETS; b++) {
		struct model_entry *next;

		for (struct model_entry *e = m->buckets[b]; e; e = next) {
			uint64_t start = e->index << model_shift(e->level);
			uint64_t end = start + (UINT64_C(1) << model_shift(e->level)) - 1;

			next = e->next;
			if (!e->table || start < first || end > last || end > reached - 1)
				continue;
			m->retired++;
			m->limbo++;
			model_remove(m, e->level, e->index);
		}
	}
}

static uint64_t model_unmap(struct model *m, uint64_t first, uint64_t last)
{
	uint64_t iova = first, done = 0;

	if (!m->classic && !model_spans(m, last))
		return 0;
	do {
		unsigned level;
		struct model_entry *e = model_walk(m, iova, &level);
		uint64_t size = 4096;

		if (e)
			size = UINT64_C(1) << e->size_lg2;
		if (!e && !(m->classic && level == 0))
			break;
		if (!m->classic && iova & (size - 1))
			break;
		if (e)
			model_clear(m, e);
		done += size;
		iova = (iova & ~(size - 1)) + size;
	} while (iova && done - 1 < last - first);
	if (!m->classic && done)
		model_free_covered(m, first, last, iova);
	return done;
}

unsigned model_fit(const struct model *m, uint64_t address, uint64_t left)
{
	unsigned lg2 = 51;

	while (!(m->sizes >> lg2 & 1) || address & ((UINT64_C(1) << lg2) - 1) || UINT64_C(1) << lg2 > left)
		lg2--;
	return lg2;
}

static void model_map(struct model *m, struct pt_op *op)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, done = 0;
	unsigned first = op->kind == PT_MAP ? op->size_lg2 : model_fit(m, op->iova | op->pa, bytes);
	/* once for the end of all and the level of the first page; a larger page later grows it again */
	int err = m->classic ? 0 : model_grow(m, op->iova + bytes - 1, model_level_of(first));

	while (!err && done < bytes) {
		unsigned lg2 = op->size_lg2;

		if (op->kind == PT_MAP_RANGE)
			lg2 = model_fit(m, (op->iova + done) | (op->pa + done), bytes - done);
		err = model_map_page(m, op->iova + done, op->pa + done, lg2, op->prot);
		if (!err)
			done += UINT64_C(1) << lg2;
	}
	if (err && op->kind == PT_MAP_RANGE) {
		if (done)
			model_unmap(m, op->iova, op->iova + done - 1);
		done = 0;
	}
	op->err = (uint8_t)err;
	op->result = done;
}

void model_run(struct model *m, struct pt_op *op)
{
	struct model_entry *e;
	unsigned level;

	op->err = 0;
	m->limbo = 0;
	if (m->vtdss && op->kind != PT_LOOKUP &&
	    !model_spans(m, op->iova + ((uint64_t)op->count << op->size_lg2) - 1)) {
		op->err = ERANGE;
		op->result = 0;
		return;
	}
	switch ((enum pt_kind)op->kind) {
	case PT_MAP:
	case PT_MAP_RANGE:
		if (m->intel)
			model_map_intel(m, op);
		else
			model_map(m, op);
		break;
	case PT_UNMAP:
	case PT_UNMAP_RANGE:
		op->result = (m->intel ? model_unmap_intel : model_unmap)(
			m, op->iova, op->iova + ((uint64_t)op->count << op->size_lg2) - 1);
		break;
	case PT_LOOKUP:
		e = model_walk(m, op->iova, &level);
		op->err = e ? 0 : ENOENT;
		op->result = e ? e->pa + (op->iova & ((UINT64_C(1) << e->size_lg2) - 1)) : 0;
		break;
	}
	m->spare += m->limbo;
}

uint64_t model_encode(const struct model *m, const struct model_entry *e)
{
	uint64_t v;

	if (m->vtdss)
		return e->table ? 3 : e->pa | e->prot | (e->level ? 0x80 : 0);
	if (e->table)
		return UINT64_C(3) << 61 | (uint64_t)e->level << 9 | 1;
	v = UINT64_C(1) << 60 | (uint64_t)e->prot << 61 | e->pa | 1;
	if (e->size_lg2 == model_shift(e->level))
		return v;
	for (unsigned bit = 12; bit < e->size_lg2 - 1; bit++)
		v |= UINT64_C(1) << bit;
	return v | 7 << 9;
}

bool model_broken(struct model *m)
{
	for (unsigned b = 0; b < MODEL_BUCKETS; b++)
		for (struct model_entry *e = m->buckets[b]; e; e = e->next) {
			uint64_t n = e->table ? 1 : group_of(e), first = e->index & ~(n - 1);
			struct model_entry *next;

			if (n == 1)
				continue;
			next = model_get(m, e->level, first + (e->index + 1) % n);
			if (!next || model_encode(m, next) != model_encode(m, e))
				return true;
		}
	return false;
}
