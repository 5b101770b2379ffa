/*
 * hot.h - the modern body's loop, and one 4K page whose tables all stand: what a driver does nearly
 * always. Every check of check_op() is here too, but folded: fields are tested together, rotations
 * bring "aligned" and "below the limit" into one comparison.
 */
#pragma once

#include <string.h>

#include "pt/walk.h"

/* Count, kind, size, prot and err of an operation as one word, as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "so are the tables");
_Static_assert(offsetof(struct pt_op, kind) == 28 && offsetof(struct pt_op, size_lg2) == 29 &&
	       offsetof(struct pt_op, prot) == 30 && offsetof(struct pt_op, err) == 31 &&
	       offsetof(struct pt_op, count) == 24, "shape_of() knows the layout");

ALWAYS_INLINE uint64_t rotate_left(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/*
 * prot - 1 for a PT_MAP of one 4K page, 0 to 2 if prot is legal. The same with the kind in bits 48
 * and up for other kinds, anything else for other counts and sizes. err, an output, is left out.
 */
ALWAYS_INLINE uint64_t shape_of(const struct pt_op *op)
{
	const uint64_t one_4k = UINT64_C(1) << 56 | (uint64_t)PT_PAGE_LG2 << 48 | UINT64_C(1) << 8;
	uint64_t word;

	memcpy(&word, &op->count, sizeof(word));
	return rotate_left((word << 8) - one_4k, 8);
}

#define SHAPE_MAP_LAST (uint64_t)((PT_READ | PT_WRITE) - 1)
#define SHAPE_UNMAP ((uint64_t)PT_UNMAP << 48)
#define SHAPE_MAP_RANGE ((uint64_t)PT_MAP_RANGE << 48)
#define SHAPE_UNMAP_RANGE ((uint64_t)PT_UNMAP_RANGE << 48)

/* An address as a page number; a huge one if it is not a multiple of 4K. */
ALWAYS_INLINE uint64_t page_of(uint64_t address)
{
	return rotate_left(address, 64 - PT_PAGE_LG2);
}

/* From a root above level 2 to the table at level 2. NULL: not there, or above the top. */
ALWAYS_INLINE struct pt_table *tall_walk(const struct pt_kit *k, uint64_t top, uint64_t page)
{
	struct pt_table *table = top_root(top);
	unsigned level = top_level(top);

	if (page >> (64 - PT_PAGE_LG2) || !top_spans(level, page << PT_PAGE_LG2))
		return NULL;
	for (; level > PT_LEVEL_FIRST; level--) {
		uint64_t entry = entry_load(entry_slot(table, level, page << PT_PAGE_LG2));

		if (!k->f->is_table(entry, level))
			return NULL;
		lab_point("walk: pointer read, table not yet");
		table = k->f->child(entry);
	}
	return table;
}

/* The slot of a page number. False: a table above it is missing, or it is above the top. */
ALWAYS_INLINE bool leaf_slot(const struct pt_kit *k, struct pt *pt, uint64_t page, pt_entry **slot)
{
	uint64_t root = top_load(pt) - PT_LEVEL_FIRST;
	struct pt_table *table = (struct pt_table *)(uintptr_t)root;

	if (unlikely(root & TOP_LEVEL_MASK)) {
		table = tall_walk(k, root + PT_LEVEL_FIRST, page);
		if (!table)
			return false;
		page %= UINT64_C(1) << 3 * PT_INDEX_LG2;
	}
	if (unlikely(page >> 3 * PT_INDEX_LG2))
		return false;
	if (unlikely(!k->f->own_table(entry_load(&table->e[page >> 2 * PT_INDEX_LG2]), 2, &table)))
		return false;
	if (unlikely(!k->f->own_table(entry_load(&table->e[(page >> PT_INDEX_LG2) % PT_ENTRIES]), 1,
				      &table)))
		return false;
	lab_point("walk: pointer read, table not yet");
	*slot = &table->e[page % PT_ENTRIES];
	return true;
}

/* One page into a leaf table that stands. False: nothing done, whatever the reason. */
ALWAYS_INLINE bool map_4k(const struct pt_kit *k, struct pt *pt, struct pt_op *op, unsigned prot)
{
	pt_entry *slot;

	if (unlikely(page_of(op->pa) >> (k->f->pa_bits - PT_PAGE_LG2)))
		return false;
	if (unlikely(!leaf_slot(k, pt, page_of(op->iova), &slot) || entry_peek(slot)))
		return false;
	lab_point("leaf: slot found, not written");
	entry_leaf(slot, k->f->leaf(op->pa, PT_PAGE_LG2, prot));
	op->result = UINT64_C(1) << PT_PAGE_LG2;
	op->err = 0;
	return true;
}

ALWAYS_INLINE bool unmap_4k(const struct pt_kit *k, struct pt *pt, struct pt_op *op)
{
	pt_entry *slot;
	uint64_t entry;

	if (unlikely(!leaf_slot(k, pt, page_of(op->iova), &slot)))
		return false;
	entry = entry_peek(slot);
	if (unlikely(!k->f->all_single(entry, entry, 0)))
		return false;
	lab_point("unmap: entry read, not cleared");
	entry_clear(slot);
	op->result = UINT64_C(1) << PT_PAGE_LG2;
	op->err = 0;
	return true;
}

/* The same page asked for as a range, as drivers ask. */
ALWAYS_INLINE bool range_4k(const struct pt_kit *k, struct pt *pt, struct pt_op *op, uint64_t shape)
{
	if (shape - SHAPE_MAP_RANGE <= SHAPE_MAP_LAST)
		return map_4k(k, pt, op, (unsigned)(shape - SHAPE_MAP_RANGE) + 1);
	return shape >> 8 == SHAPE_UNMAP_RANGE >> 8 && unmap_4k(k, pt, op);
}

/* False: not a 4K page, or nothing there. */
ALWAYS_INLINE bool lookup_4k(const struct pt_kit *k, struct pt *pt, struct pt_op *op)
{
	pt_entry *slot;
	uint64_t entry;

	if (unlikely(!leaf_slot(k, pt, op->iova >> PT_PAGE_LG2, &slot)))
		return false;
	entry = entry_load(slot);
	if (unlikely(!k->f->all_single(entry, entry, 0)))
		return false;
	op->result = k->f->leaf_pa(entry, PT_PAGE_LG2) | op->iova % PAGE_BYTES;
	op->err = 0;
	return true;
}

/*
 * Of a checked operation that is one page smaller than a leaf table spans, asked for as a page or as
 * a range that one page covers: log2 of it. Else 0. Which pages an unmap finds is seen there.
 */
ALWAYS_INLINE unsigned one_page_lg2(const struct pt_kit *k, const struct pt_op *op)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, address = op->iova;

	if (bytes >> entry_lg2(1) || bytes & (bytes - 1))
		return 0;
	if (op->kind == PT_MAP)
		return op->count == 1 ? op->size_lg2 : 0;
	if (op->kind == PT_MAP_RANGE)
		address |= op->pa;
	return address & (bytes - 1) || !(k->f->sizes & bytes) ? 0 : (unsigned)__builtin_ctzll(bytes);
}

/*
 * Such a page into or out of a leaf table that stands. False: nothing done; the general walk finds out
 * why.
 */
ALWAYS_INLINE bool replicas_1(const struct pt_kit *k, struct pt *pt, struct pt_op *op,
			      unsigned size_lg2)
{
	unsigned n = 1u << (size_lg2 - PT_PAGE_LG2);
	pt_entry *slot;

	if (!leaf_slot(k, pt, op->iova >> PT_PAGE_LG2, &slot))
		return false;
	if (op->kind == PT_MAP || op->kind == PT_MAP_RANGE) {
		if (!run_empty(slot, n))
			return false;
		lab_point("leaf: slot found, not written");
		run_fill(slot, replicas_written(n), k->f->leaf(op->pa, size_lg2, op->prot), 0);
	} else {
		uint64_t entry = entry_peek(slot);

		if (!entry || k->f->leaf_lg2(entry, 0) != size_lg2)
			return false;
		lab_point("unmap: entry read, not cleared");
		run_clear(slot, n);
	}
	op->result = UINT64_C(1) << size_lg2;
	return true;
}

/* Whatever it is, checked in full; inside enter and leave. 1 for an error, otherwise 0. */
ALWAYS_INLINE unsigned modern_slow(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				   struct pt_op *op)
{
	unsigned size_lg2;
	uint64_t last;

	op->result = 0;
	op->err = check_op(k->f, op, &last);
	if (!op->err)
		op->err = check_top(k->f, pt, last);
	if (op->err)
		return 1;
	size_lg2 = one_page_lg2(k, op);
	if (size_lg2 && replicas_1(k, pt, op, size_lg2))
		return 0;
	/* EARLY_UNLOCK: what follows has no lock, though tables are linked as if it had. */
	if (mutant(EARLY_UNLOCK))
		k->s->leave(pt, w);
	modern_inside(k, pt, w, op);
	if (mutant(EARLY_UNLOCK))
		k->s->enter(pt, w);
	return !!op->err;
}

/* modern_slow() of one engine, out of the way of the loop. */
typedef unsigned pt_slow(struct pt *pt, struct pt_worker *w, struct pt_op *op);

ALWAYS_INLINE size_t modern_run(const struct pt_kit *k, pt_slow *slow, struct pt *pt,
				struct pt_worker *w, struct pt_op *ops, size_t n)
{
	size_t failed = 0;

	for (struct pt_op *op = ops; op < ops + n; op++) {
		uint64_t shape = shape_of(op);

		if (likely(shape <= SHAPE_MAP_LAST)) {
			k->s->enter(pt, w);
			if (unlikely(!map_4k(k, pt, op, (unsigned)shape + 1)))
				failed += slow(pt, w, op);
			k->s->leave(pt, w);
		} else if (likely(shape >> 8 == SHAPE_UNMAP >> 8)) {
			k->s->enter(pt, w);
			if (unlikely(!unmap_4k(k, pt, op)))
				failed += slow(pt, w, op);
			k->s->leave(pt, w);
		} else if (op->kind != PT_LOOKUP) {
			k->s->enter(pt, w);
			if (!range_4k(k, pt, op, shape))
				failed += slow(pt, w, op);
			k->s->leave(pt, w);
		} else if (unlikely(!lookup_4k(k, pt, op))) {
			lookup(k, pt, op);
			failed += !!op->err;
		}
	}
	return n - failed;
}
