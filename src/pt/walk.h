/*
 * walk.h - the modern body: map, unmap and growth that keep their position over a range, refuse to
 * map over a live leaf, and free a table that one unmap covers. With `rewalk` set in the kit they
 * do all that too, but start over from the root for every page: what the position is worth.
 *
 * Why covering is enough to free without a count or a lock: whoever covers a table's whole span
 * owns it, so nobody else maps below it; a foreign lookup may still stand in it, hence the grace
 * period. (Linux's generic_pt does the same.)
 */
#pragma once

#include "pt/cursor.h"
#include "pt/run_of.h"

/*
 * Something stands in `n` entries where a leaf is to go: if it is nothing but tables without a leaf
 * below, retire them. False, and nothing changed: a live leaf.
 */
ALWAYS_INLINE bool make_way(const struct pt_kit *k, struct pt_worker *w, pt_entry *slot,
			    unsigned n, unsigned level)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t entry = entry_load(&slot[i]);

		if (entry && !(k->f->is_table(entry, level) &&
			       pt_vacant(k->f, k->f->child(entry), level - 1)))
			return false;
	}
	lab_point("replace: found vacant, not unlinked");
	for (unsigned i = 0; i < n; i++) {
		uint64_t entry = entry_load(&slot[i]);

		if (k->f->is_table(entry, level) && entry_unlink(&slot[i], entry))
			pt_retire_tree(k->f, w, k->f->child(entry), level - 1);
	}
	return true;
}

/* Up to n pages into one table, from slot on; the number stored before a live leaf. */
ALWAYS_INLINE unsigned fill_table(const struct pt_kit *k, struct pt_worker *w, pt_entry *slot,
				  unsigned size_lg2, unsigned n, uint64_t leaf)
{
	unsigned level = size_level(size_lg2), replicas = 1u << size_replicas_lg2(size_lg2);
	uint64_t step = UINT64_C(1) << size_lg2;
	unsigned i = 0;

	for (;;) {
		if (replicas == 1)
			i += run_fill_empty(&slot[i], n - i, leaf + i * step, step);
		else
			for (; i < n && run_empty(&slot[i * replicas], replicas); i++)
				run_fill(&slot[i * replicas], replicas_written(replicas), leaf + i * step, 0);
		if (i == n || !make_way(k, w, &slot[i * replicas], replicas, level))
			return i;
	}
}

/* n pages of one size; *done counts their bytes. 0, -ENOMEM or -EADDRINUSE. */
ALWAYS_INLINE int map_pages(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			    struct pt_cursor *c, const struct pt_op *op, unsigned size_lg2,
			    uint64_t n, uint64_t *done)
{
	unsigned level = size_level(size_lg2), replicas_lg2 = size_replicas_lg2(size_lg2);

	while (n) {
		uint64_t iova = op->iova + *done;
		int err = cursor_seek(k, pt, w, c, iova, level);
		pt_entry *slot;
		unsigned room, stored;

		if (err)
			return err;
		slot = entry_slot(c->path[level], level, iova);
		room = (PT_ENTRIES - (unsigned)(slot - c->path[level]->e)) >> replicas_lg2;
		if (room > n)
			room = (unsigned)n;
		if (k->rewalk)
			room = 1;
		lab_point("leaf: slot found, not written");
		stored = fill_table(k, w, slot, size_lg2, room,
				    k->f->leaf(op->pa + *done, size_lg2, op->prot));
		*done += (uint64_t)stored << size_lg2;
		if (stored < room)
			return -EADDRINUSE;
		n -= stored;
	}
	return 0;
}

/* How many pages of this size follow each other before a larger one fits or this one does not. */
ALWAYS_INLINE uint64_t pages_alike(uint64_t sizes, uint64_t iova, uint64_t pa, uint64_t left,
				   unsigned size_lg2)
{
	uint64_t differ = iova ^ pa, larger = sizes & ~((UINT64_C(2) << size_lg2) - 1), ahead;

	if (differ)
		larger &= differ ^ (differ - 1);
	larger &= -larger;
	ahead = larger ? -iova & (larger - 1) : 0;
	return (ahead && ahead < left ? ahead : left) >> size_lg2;
}

/* Be sure that the root spans `last` and stands above `level`; point the cursor there. */
ALWAYS_INLINE int map_begin(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			    struct pt_cursor *c, uint64_t iova, uint64_t last, unsigned level)
{
	uint64_t top = top_load(pt);
	unsigned needed = top_needed(last, level);

	if (k->f->grows && top_level(top) < needed) {
		if (pt_grow(k, pt, w, needed))
			return -ENOMEM;
		top = top_load(pt);
	}
	cursor_begin(c, top, iova);
	return 0;
}

/* PT_MAP: the pages asked for. PT_MAP_RANGE: the largest that fit, piece by piece. */
ALWAYS_INLINE int map_all(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			  const struct pt_op *op, uint64_t *done)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, n = op->count;
	unsigned size_lg2 = op->size_lg2;
	struct pt_cursor c;
	int err = 0;

	c.top = 0; /* nowhere yet */
	while (!err && *done < bytes) {
		uint64_t iova = op->iova + *done, pa = op->pa + *done, left = bytes - *done;

		if (op->kind == PT_MAP_RANGE) {
			size_lg2 = size_fitting(k->f->sizes, iova | pa, left);
			n = pages_alike(k->f->sizes, iova, pa, left, size_lg2);
		}
		if (!c.top || size_level(size_lg2) > c.top)
			err = map_begin(k, pt, w, &c, iova, iova + left - 1, size_level(size_lg2));
		if (!err)
			err = map_pages(k, pt, w, &c, op, size_lg2, n, done);
	}
	return err;
}

/*
 * The walk has come to `iova`, the end of one or more tables of the path: leave them, and retire
 * those that [first, last] covers.
 */
ALWAYS_INLINE void leave_tables(const struct pt_kit *k, struct pt_worker *w, struct pt_cursor *c,
				uint64_t iova, uint64_t first, uint64_t last)
{
	while (c->level < c->top) {
		uint64_t span = UINT64_C(1) << entry_lg2(c->level + 1);
		struct pt_table *table = c->path[c->level];
		pt_entry *slot;
		uint64_t entry;

		if (iova & (span - 1))
			return;
		c->level++;
		if (iova - span < first || iova - 1 > last)
			continue;
		slot = entry_slot(c->path[c->level], c->level, iova - 1);
		entry = entry_load(slot);
		if (k->f->is_table(entry, c->level) && k->f->child(entry) == table &&
		    entry_unlink(slot, entry)) {
			lab_point("unlink: table out, not retired");
			table_retire(w, table);
		}
	}
}

/*
 * Unmap up to the first hole; bytes unmapped. A page that begins before `first` stays, one that
 * ends after `last` goes as a whole.
 */
ALWAYS_INLINE uint64_t unmap_pages(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				   uint64_t first, uint64_t last)
{
	uint64_t top = top_load(pt), iova = first;
	struct pt_cursor c;

	if (!top_spans(top_level(top), last))
		return 0;
	cursor_begin(&c, top, first);
	do {
		pt_entry *slot = entry_slot(c.path[c.level], c.level, iova);
		uint64_t entry = entry_load(slot);
		unsigned size_lg2, run = PT_ENTRIES - (unsigned)(slot - c.path[c.level]->e);

		lab_point("unmap: entry read, not cleared");
		if (k->f->is_table(entry, c.level)) {
			c.path[--c.level] = k->f->child(entry);
			continue;
		}
		size_lg2 = k->f->leaf_lg2(entry, c.level);
		if (!entry || iova & ((UINT64_C(1) << size_lg2) - 1))
			break;
		if (size_lg2 == entry_lg2(c.level)) {
			if (run > (last - iova) >> size_lg2)
				run = (unsigned)((last - iova) >> size_lg2) + 1;
			if (k->rewalk)
				run = 1;
			run = run_clear_single(k->f, slot, run, c.level);
			if (!run)
				break; /* neither table nor leaf: nothing this caller put there */
		} else {
			run_clear(slot, 1u << size_replicas_lg2(size_lg2));
			run = 1;
		}
		iova += (uint64_t)run << size_lg2;
		leave_tables(k, w, &c, iova, first, last);
		if (k->rewalk)
			cursor_begin(&c, top_load(pt), iova);
	} while (iova == first || iova - 1 < last);
	return iova - first;
}

/* One checked operation, inside enter and leave. */
ALWAYS_INLINE void modern_inside(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				 struct pt_op *op)
{
	bool map = op->kind == PT_MAP || op->kind == PT_MAP_RANGE, undo = false;
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, done = 0, gone = 0;
	int err = 0;

	if (map) {
		err = map_all(k, pt, w, op, &done);
		undo = err && done && op->kind == PT_MAP_RANGE; /* all or nothing */
		bytes = done;
	}
	if (!map || undo)
		gone = unmap_pages(k, pt, w, op->iova, op->iova + bytes - 1);
	op->result = undo ? 0 : map ? done : gone;
	op->err = (uint8_t)-err;
}
