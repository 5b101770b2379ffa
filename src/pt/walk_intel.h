/*
 * walk_intel.h - the body of the Intel driver until Linux 6.18, which the discussion of 2019 cites
 * as the precedent: no lock, tables installed by a compare-exchange against empty, a leaf written
 * only where nothing stands, covered tables freed on unmap. For tables of fixed height.
 *
 *   map     finds the table of a run of pages from the root, keeps its place to the end of that
 *           table, then starts over. A 4K leaf that meets another one is refused: counted (the
 *           driver warns), not written, and the range goes on. Where a large page goes, whatever
 *           stands there is taken out first, tables with all that they map.
 *   unmap   walks down once to see how large the page at the start is, then again from the root to
 *           clear; an entry whose whole span is in the range goes as it is, a table with all below.
 *           Holes are passed over.
 *
 * The driver's leaf write is a compare-exchange without LOCK prefix: not interrupted on its CPU,
 * but not atomic towards others. C11 has no such thing. Here it is a look and a store
 * (entry_leaf_once): the same guarantees towards other CPUs, so two writers on one entry may both
 * pass, as there. It costs less than the driver's by the latency of that instruction, some cycles a
 * leaf. A full compare-exchange would promise what the driver does not, and cost more than the
 * driver's: a locked instruction an entry, which waits for the store buffer to empty.
 *
 * Mended, for an audit must be possible: a page in the way of a table is taken for a table by the
 * driver, which then walks into the data; here the leaves that would go below are refused, and
 * unmap takes a page that begins in the range as a whole and leaves one that begins before it. The
 * driver reports success whatever was refused; here the operation says -EADDRINUSE in the end.
 * Not tuned beyond the driver on purpose: it is what is being measured.
 */
#pragma once

#include "pt/kit.h"

/*
 * pfn_to_dma_pte(): from the root to the slot of an address at `level`; missing tables are built. 0
 * or -ENOMEM. *found is the level reached: above `level` only where a page stands in the way.
 */
ALWAYS_INLINE int slot_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			     uint64_t iova, unsigned level, unsigned *found, pt_entry **slot)
{
	uint64_t top = top_load(pt), entry;
	struct pt_table *table = top_root(top);
	unsigned l = top_level(top);

	for (;; l--) {
		*found = l;
		*slot = entry_slot(table, l, iova);
		if (l == level)
			return 0;
		entry = entry_load(*slot);
		if (!entry && pt_install(k, pt, w, *slot, &entry, l))
			return -ENOMEM;
		if (!k->f->is_table(entry, l))
			return 0;
		lab_point("walk: pointer read, table not yet");
		table = k->f->child(entry);
	}
}

/* switch_to_super_page(): empty n entries in which large pages are to go. */
ALWAYS_INLINE void clear_way_intel(const struct pt_kit *k, struct pt_worker *w, pt_entry *slot,
				   uint64_t n, unsigned level)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t entry = entry_load(&slot[i]);

		if (!k->f->is_table(entry, level))
			entry_clear(&slot[i]);
		else if (entry_unlink(&slot[i], entry))
			pt_retire_tree(k->f, w, k->f->child(entry), level - 1);
	}
}

/*
 * One run: pages of 1 << lg2 bytes from iova on, to the end of their table or of `bytes`. Bytes
 * passed over, *refused of the leaves not written; -ENOMEM: 0.
 */
ALWAYS_INLINE uint64_t map_run_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				     uint64_t iova, uint64_t leaf, unsigned lg2, uint64_t bytes,
				     uint64_t *refused)
{
	unsigned level = size_level(lg2), found;
	uint64_t n = bytes >> lg2, room;
	pt_entry *slot;

	if (slot_intel(k, pt, w, iova, level, &found, &slot))
		return 0;
	/* To the end of the table; a page in the way is at least as large. */
	room = UINT64_C(1) << entry_lg2(level + 1);
	room = (room - (iova & (room - 1))) >> lg2;
	if (n > room)
		n = room;
	if (found != level) {
		*refused += n;
		return n << lg2;
	}
	if (level)
		clear_way_intel(k, w, slot, n, level);
	lab_point("leaf: slot found, not written");
	for (uint64_t i = 0; i < n; i++)
		*refused += !entry_leaf_once(&slot[i], leaf + (i << lg2));
	return n << lg2;
}

/* __domain_mapping(); *done bytes passed over, *refused bytes of them not written. */
ALWAYS_INLINE int map_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			    const struct pt_op *op, uint64_t *done, uint64_t *refused)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2;

	while (*done < bytes) {
		uint64_t iova = op->iova + *done, pa = op->pa + *done, passed, not_written = 0;
		unsigned lg2 = op->size_lg2;

		if (op->kind == PT_MAP_RANGE)
			lg2 = size_fitting(k->f->sizes, iova | pa, bytes - *done);
		passed = map_run_intel(k, pt, w, iova, k->f->leaf(pa, lg2, op->prot), lg2,
				       bytes - *done, &not_written);
		if (!passed)
			return -ENOMEM;
		*done += passed;
		*refused += not_written << lg2;
		w->n.refused += not_written;
	}
	return *refused ? -EADDRINUSE : 0;
}

/*
 * dma_pte_clear_level(): all that lies in [first, last], from the root. Returns the end: last + 1,
 * or that of the last page where it goes on.
 */
ALWAYS_INLINE uint64_t clear_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				   uint64_t first, uint64_t last)
{
	uint64_t top = top_load(pt), iova = first, end = last + 1;
	struct pt_table *path[PT_LEVELS_MAX];
	unsigned level = top_level(top);

	path[level] = top_root(top);
	do {
		pt_entry *slot = entry_slot(path[level], level, iova);
		uint64_t entry = entry_load(slot), span = UINT64_C(1) << entry_lg2(level);
		uint64_t begin = iova & -span;

		lab_point("unmap: entry read, not cleared");
		if (!k->f->is_table(entry, level)) {
			if (entry && begin >= first) {
				entry_clear(slot);
				end = begin + span > end ? begin + span : end;
			}
		} else if (begin < first || begin + (span - 1) > last) {
			path[--level] = k->f->child(entry);
			continue;
		} else if (entry_unlink(slot, entry)) {
			pt_retire_tree(k->f, w, k->f->child(entry), level - 1);
		}
		iova = begin + span;
		while (level < top_level(top) && !(iova & ((UINT64_C(1) << entry_lg2(level + 1)) - 1)))
			level++;
	} while (iova == first || iova - 1 < last);
	return end;
}

/* intel_iommu_unmap(): bytes from `first` to the end of what was cleared, holes included. */
ALWAYS_INLINE uint64_t unmap_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				   uint64_t first, uint64_t last)
{
	unsigned level;
	pt_entry *slot;
	uint64_t entry = walk(k, pt, first, &level, &slot), more;

	/* A page is removed as a whole, however little of it was asked for. */
	more = (UINT64_C(1) << entry_lg2(level)) - 1;
	if (entry && !(first & more) && more > last - first)
		last = first + more;
	return clear_intel(k, pt, w, first, last) - first;
}

/* One operation other than a lookup. */
ALWAYS_INLINE void whole_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			       struct pt_op *op)
{
	uint64_t last, done = 0, refused = 0;
	int err = 0;

	op->result = 0;
	op->err = check_op(k->f, op, &last);
	if (!op->err)
		op->err = check_top(k->f, pt, last);
	if (op->err)
		return;
	k->s->enter(pt, w);
	if (op->kind == PT_MAP || op->kind == PT_MAP_RANGE) {
		err = map_intel(k, pt, w, op, &done, &refused);
		/*
		 * All or nothing; but where leaves were refused an unmap could not tell one writer's from
		 * the other's.
		 */
		if (err == -ENOMEM && done && !refused && op->kind == PT_MAP_RANGE) {
			unmap_intel(k, pt, w, op->iova, op->iova + done - 1);
			done = 0;
		}
		op->result = done - refused;
	} else {
		op->result = unmap_intel(k, pt, w, op->iova, last);
	}
	k->s->leave(pt, w);
	op->err = (uint8_t)-err;
}

ALWAYS_INLINE size_t run_intel(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			       struct pt_op *ops, size_t n)
{
	size_t failed = 0;

	for (struct pt_op *op = ops; op < ops + n; op++) {
		if (op->kind == PT_LOOKUP)
			lookup(k, pt, op);
		else
			whole_intel(k, pt, w, op);
		failed += !!op->err;
	}
	return n - failed;
}
