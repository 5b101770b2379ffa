/*
 * walk2019.h - the 2019 driver's body: from the root again for every page, one compare-exchange
 * for each replica, whatever stood there is overwritten, nothing is freed on unmap, the lock is
 * taken for each page-size chunk with allocation inside. With the driver's later fixes: root and
 * level are one word, growth looks again under its lock, a leaf in the way of a table goes with
 * all its replicas, unmap stops at the top and at a missing interior entry.
 *
 * Not tuned beyond the driver on purpose: it is what is being measured.
 */
#pragma once

#include "pt/kit.h"

/* A contiguous page stands where a table must go: all its replicas go first. */
ALWAYS_INLINE void drop_replicas(const struct pt_kit *k, struct pt_table *table, unsigned index,
				 uint64_t leaf, unsigned level)
{
	unsigned n = 1u << size_replicas_lg2(k->f->leaf_lg2(leaf, level));
	pt_entry *first = &table->e[index & ~(n - 1)];

	/* Only what still is this page; a table that took a place in the meantime stays. */
	for (unsigned i = 0; i < n; i++)
		entry_unlink(&first[i], leaf);
}

/* alloc_pte(): the first slot for a page of this size, tables above it built. NULL: no memory. */
ALWAYS_INLINE pt_entry *slot_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				  uint64_t iova, unsigned size_lg2)
{
	uint64_t last = iova + ((UINT64_C(1) << size_lg2) - 1), top = top_load(pt), entry;
	unsigned target = size_level(size_lg2), needed = top_needed(last, target), level;
	struct pt_table *table;
	pt_entry *slot;

	/* B12 (until 6.13): only the first byte counted, and no root was too low for a large page. */
	if (mutant(B12_LARGE_AT_ZERO))
		needed = top_needed(iova, 0);
	while (top_level(top) < needed) {
		lab_point("growth: root too low");
		/* B7 (until 5.7): growth returned nothing, so its caller went round for ever. */
		if (pt_grow_2019(k, pt, w, needed) && !mutant(B7_ENDLESS_GROWTH))
			return NULL;
		top = top_load(pt);
	}
	table = top_root(top);
	level = top_level(top);
	slot = entry_slot(table, level, iova);
	while (level > target) {
		entry = entry_load(slot);
		if (k->f->is_table(entry, level)) {
			lab_point("walk: pointer read, table not yet");
			table = k->f->child(entry);
			slot = entry_slot(table, --level, iova);
		} else if (mutant(B11_STALE_REPLICAS) && entry) {
			/* B11 (6d568ef9a622, 5.0 to 5.3): the table takes the one entry it needs. */
			if (pt_install(k, pt, w, slot, &entry, level))
				return NULL;
		} else if (entry && k->f->leaf_lg2(entry, level) != entry_lg2(level)) {
			drop_replicas(k, table, (unsigned)(slot - table->e), entry, level);
		} else if ((mutant(B10_NO_DOWNGRADE) && entry) ||
			   pt_install(k, pt, w, slot, &entry, level)) {
			/* B10 (until 6ccb72f8374e): a page in the way was no way down. */
			return NULL;
		}
	}
	return slot;
}

/* map_page(): one page of any size, over whatever is there. 0 or -ENOMEM. */
ALWAYS_INLINE int map_page_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				uint64_t iova, uint64_t pa, unsigned size_lg2, unsigned prot)
{
	pt_entry *slot = slot_2019(k, pt, w, iova, size_lg2);
	unsigned level = size_level(size_lg2), n = 1u << size_replicas_lg2(size_lg2);
	uint64_t leaf = k->f->leaf(pa, size_lg2, prot);

	if (!slot)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		uint64_t old = k->s->take(k->f, &slot[i], level);

		if (k->f->is_table(old, level)) {
			lab_point("unlink: table out, not retired");
			pt_retire_tree(k->f, w, k->f->child(old), level - 1);
		}
	}
	lab_point("leaf: slot found, not written");
	for (unsigned i = 0; i < replicas_written(n); i++) {
		entry_leaf(&slot[i], leaf);
		lab_point("leaf: some written, not all");
	}
	return 0;
}

/*
 * All replicas of a page. One may have been overwritten, even by a table (2M, then 4K in the second
 * half of a 4M page); the driver clears that too and so loses the table's page. We leave it.
 */
ALWAYS_INLINE void clear_group(const struct pt_kit *k, pt_entry *first, unsigned n, unsigned level)
{
	for (unsigned i = 0; i < n; i++)
		if (n == 1 || mutant(B11_STALE_REPLICAS) ||
		    !k->f->is_table(entry_peek(&first[i]), level))
			entry_clear(&first[i]);
}

/*
 * B14 (5.x): the size of a hole is that of the level where the walk ended, and counts as
 * unmapped. Above the top it is 0: the sum stands still, and rounding to 0 leads to address 0.
 */
ALWAYS_INLINE uint64_t skip_hole_2019(struct pt *pt, uint64_t *iova, unsigned level)
{
	bool inside = top_spans(top_level(top_load(pt)), *iova);
	uint64_t span = inside ? UINT64_C(1) << entry_lg2(level) : 0;

	*iova = (*iova & -span) + span;
	return span;
}

/*
 * unmap_page(): at least `bytes` from *iova on, page by page as found; moves *iova behind the last.
 * An empty slot of a leaf table counts 4K. Less than `bytes`: the top or a missing table.
 */
ALWAYS_INLINE uint64_t unmap_chunk_2019(const struct pt_kit *k, struct pt *pt, uint64_t *iova,
					uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		unsigned level, size_lg2 = PT_PAGE_LG2;
		pt_entry *slot;
		uint64_t entry = walk(k, pt, *iova, &level, &slot);

		if (mutant(B14_HOLES) && !entry && level) {
			done += skip_hole_2019(pt, iova, level);
			continue;
		}
		if (!entry && level)
			break;
		lab_point("unmap: entry read, not cleared");
		if (entry) {
			unsigned n;

			size_lg2 = k->f->leaf_lg2(entry, level);
			n = 1u << size_replicas_lg2(size_lg2);
			/* The first replica: a group is aligned in its table, tables in memory. */
			slot = (pt_entry *)((uintptr_t)slot & ~(uintptr_t)(n * sizeof(*slot) - 1));
			clear_group(k, slot, n, level);
		}
		*iova = (*iova & -(UINT64_C(1) << size_lg2)) + (UINT64_C(1) << size_lg2);
		done += UINT64_C(1) << size_lg2;
		if (!*iova)
			break;
	}
	return done;
}

/* The range in chunks, each under the lock of its own; bytes unmapped. */
ALWAYS_INLINE uint64_t unmap_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
				  const struct pt_op *op, uint64_t iova, uint64_t last)
{
	uint64_t done = 0, more = last - iova; /* one less than the bytes, which may be 2^64 */

	do {
		uint64_t left = more - done, chunk = UINT64_C(1) << op->size_lg2, got;

		if (op->kind != PT_UNMAP)
			chunk = UINT64_C(1) << size_fitting(k->f->sizes, iova, left + 1 ? left + 1 : left);
		if (chunk - 1 > left)
			chunk = left + 1;
		k->s->enter(pt, w);
		got = unmap_chunk_2019(k, pt, &iova, chunk);
		k->s->leave(pt, w);
		done += got;
		if (got < chunk)
			break;
	} while (iova && done - 1 < more);
	return done;
}

/* PT_MAP and PT_MAP_RANGE in chunks; *done counts bytes. 0 or -ENOMEM. */
ALWAYS_INLINE int map_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			   const struct pt_op *op, uint64_t *done)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2;
	int err = 0;

	while (!err && *done < bytes) {
		uint64_t iova = op->iova + *done, pa = op->pa + *done;
		unsigned size_lg2 = op->size_lg2;

		if (op->kind == PT_MAP_RANGE)
			size_lg2 = size_fitting(k->f->sizes, iova | pa, bytes - *done);
		k->s->enter(pt, w);
		err = map_page_2019(k, pt, w, iova, pa, size_lg2, op->prot);
		k->s->leave(pt, w);
		if (!err)
			*done += UINT64_C(1) << size_lg2;
	}
	return err;
}

ALWAYS_INLINE void whole_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			      struct pt_op *op)
{
	uint64_t last, done = 0;
	int err = 0;

	op->result = 0;
	op->err = check_op(k->f, op, &last);
	if (op->err)
		return;
	if (op->kind == PT_MAP || op->kind == PT_MAP_RANGE) {
		err = map_2019(k, pt, w, op, &done);
		if (err && done && op->kind == PT_MAP_RANGE) {
			unmap_2019(k, pt, w, op, op->iova, op->iova + done - 1);
			done = 0;
		}
	} else {
		done = unmap_2019(k, pt, w, op, op->iova, last);
	}
	op->result = done;
	op->err = (uint8_t)-err;
}

ALWAYS_INLINE size_t run_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			      struct pt_op *ops, size_t n)
{
	size_t failed = 0;

	for (struct pt_op *op = ops; op < ops + n; op++) {
		if (op->kind == PT_LOOKUP)
			lookup(k, pt, op);
		else
			whole_2019(k, pt, w, op);
		failed += !!op->err;
	}
	return n - failed;
}
