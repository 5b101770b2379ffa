/*
 * kit.h - an engine's parts (format and synchronisation) and what both bodies share.
 *
 * What is hot is always_inline and takes a `const struct pt_kit *` that is a compile-time constant
 * at every call site, so each engine gets code of its own without indirect calls. What is cold
 * (it takes or gives back a page, hundreds of nanoseconds) is in cold.c, once for all engines.
 */
#pragma once

#include <errno.h>

#include "pt/sync.h"

struct pt_kit {
	const struct pt_format *f;
	const struct pt_sync *s;
	bool rewalk; /* modern: no cursor, from the root again for every page */
};

/*
 * Put a new table into a slot of a table at `level` that held *seen. 0, and *seen is what the slot
 * holds now, whoever won; -ENOMEM. A lost page is given back at once, nobody has seen it.
 */
int pt_install(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, pt_entry *slot,
	       uint64_t *seen, unsigned level);
/*
 * Modern: make the root stand at `level` or higher; the new levels are built aside and published
 * as one word, who loses frees the whole chain. 0 or -ENOMEM.
 */
int pt_grow(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, unsigned level);
/*
 * 2019: one more level if the root still stands below `level`, under the domain spinlock of every
 * 2019 engine. 0 or -ENOMEM.
 */
int pt_grow_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, unsigned level);
/* Retire an unlinked table and all below it, each by the one who takes its pointer. */
void pt_retire_tree(const struct pt_format *f, struct pt_worker *w, struct pt_table *table,
		    unsigned level);
/* Is there no leaf in this table and below? */
bool pt_vacant(const struct pt_format *f, struct pt_table *table, unsigned level);

/*
 * An operation's arguments, checked as every single call checks them. 0 and the last byte of the
 * range, or a positive errno.
 */
ALWAYS_INLINE uint8_t check_op(const struct pt_format *f, const struct pt_op *op, uint64_t *last)
{
	bool map = op->kind == PT_MAP || op->kind == PT_MAP_RANGE;
	unsigned lg2 = op->size_lg2;
	uint64_t aligned = op->kind == PT_MAP ? lg2 : PT_PAGE_LG2;
	uint64_t first = op->iova | (map ? op->pa : 0), rest, page;

	if (op->kind > PT_UNMAP_RANGE || lg2 > 63 || !(f->sizes >> lg2 & 1) || !op->count)
		return EINVAL;
	if (map && (!op->prot || op->prot > (PT_READ | PT_WRITE)))
		return EINVAL;
	if (first & ((UINT64_C(1) << aligned) - 1))
		return EINVAL;
	page = UINT64_C(1) << lg2;
	/* The last page may start at -page at most; everything may end exactly at 2^64. */
	if (op->iova > -page || op->count - UINT64_C(1) > (-page - op->iova) >> lg2)
		return ERANGE;
	rest = ((op->count - UINT64_C(1)) << lg2) + (page - 1);
	if (map && (op->pa >> f->pa_bits || rest > (UINT64_C(1) << f->pa_bits) - 1 - op->pa))
		return ERANGE;
	*last = op->iova + rest;
	return 0;
}

/* ERANGE beyond the root of a table that cannot grow; there nothing is, and nothing can be. */
ALWAYS_INLINE uint8_t check_top(const struct pt_format *f, struct pt *pt, uint64_t last)
{
	return !f->grows && !top_spans(top_level(top_load(pt)), last) ? ERANGE : 0;
}

/*
 * Walk down to the leaf entry of an address. 0: nothing there, or above the top; *level and *slot
 * are where the walk ended.
 */
ALWAYS_INLINE uint64_t walk(const struct pt_kit *k, struct pt *pt, uint64_t iova, unsigned *level,
			    pt_entry **slot)
{
	uint64_t top = top_load(pt), entry;
	struct pt_table *table = top_root(top);
	unsigned l = top_level(top);

	*level = l;
	if (!top_spans(l, iova))
		return 0;
	for (;; l--) {
		*slot = entry_slot(table, l, iova);
		entry = entry_load(*slot);
		*level = l;
		if (!k->f->is_table(entry, l))
			return entry;
		lab_point("walk: pointer read, table not yet");
		table = k->f->child(entry);
	}
}

ALWAYS_INLINE void lookup(const struct pt_kit *k, struct pt *pt, struct pt_op *op)
{
	unsigned level, lg2;
	pt_entry *slot;
	uint64_t entry = walk(k, pt, op->iova, &level, &slot);

	op->result = 0;
	op->err = ENOENT;
	if (!entry)
		return;
	lg2 = k->f->leaf_lg2(entry, level);
	op->result = k->f->leaf_pa(entry, lg2) | (op->iova & ((UINT64_C(1) << lg2) - 1));
	op->err = 0;
}
