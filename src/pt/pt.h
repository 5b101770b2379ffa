/*
 * pt.h - what a table is, inside src/pt: the guarded word, and where its pages come from and go.
 */
#pragma once

#include "pt/engine.h"
#include "pt/format.h"

#define PT_LEVEL_FIRST 2u /* most tables begin with three levels: the root is at level 2 */

/*
 * The 2019 driver kept lock, level and root of a domain side by side, so whoever waits for the lock
 * disturbs whoever walks. So do we: lock and word are in one 64-byte line.
 *
 * top is root | level of the root (low 3 bits), one word, so that nobody sees a torn pair. Written
 * with release once the new root is complete; read with acquire, once an operation.
 */
struct pt {
	alignas(CACHE_ALIGN) union pt_lock lock; /* around map and unmap */
	_Atomic(uint64_t) top;
	struct qspin_lock grow_lock;             /* 2019: the domain spinlock, around growth */

	/* Written by pt_create only. */
	alignas(CACHE_ALIGN) const struct pt_engine *engine;
	uint32_t id;

	struct pt_holder holder; /* of the lock, for observed engines: a line of its own */
};
_Static_assert(offsetof(struct pt, lock) == 0 && offsetof(struct pt, top) + 8 <= 64,
	       "lock, level and root share a line, as in the driver");

#define TOP_LEVEL_MASK UINT64_C(7)

ALWAYS_INLINE uint64_t top_word(const struct pt_table *root, unsigned level)
{
	return (uint64_t)(uintptr_t)root | level;
}

ALWAYS_INLINE unsigned top_level(uint64_t top)
{
	return top & TOP_LEVEL_MASK;
}

ALWAYS_INLINE struct pt_table *top_root(uint64_t top)
{
	return (struct pt_table *)(uintptr_t)(top & ~TOP_LEVEL_MASK);
}

/* One snapshot an operation. P4: acquire, pairs with the release of whoever grew the table. */
ALWAYS_INLINE uint64_t top_load(struct pt *pt)
{
	/*
	 * B3 (until eb791aa70b90; from 5.12 until 1e56310b40fd again): level and root are two fields and
	 * read one after the other. Who grows between the two leaves a new root with an old level.
	 */
	if (mutant(B3_TORN_TOP)) {
		unsigned level = top_level(at_load(&pt->top, acquire));

		lab_point("top: level read, root not yet");
		return top_word(top_root(at_load(&pt->top, acquire)), level);
	}
	return at_load(&pt->top, acquire);
}

/* Does a root at `level` span the address? Level 5 spans all 64 bits. */
ALWAYS_INLINE bool top_spans(unsigned level, uint64_t iova)
{
	return level >= 5 || !(iova >> entry_lg2(level + 1));
}

/* The lowest root that spans `last` and may stand above a leaf at `leaf_level`. */
ALWAYS_INLINE unsigned top_needed(uint64_t last, unsigned leaf_level)
{
	unsigned level = leaf_level > PT_LEVEL_FIRST ? leaf_level : PT_LEVEL_FIRST;

	while (!top_spans(level, last))
		level++;
	return level;
}

/* Every page an engine takes or gives goes through these three: the ledger depends on it. */
ALWAYS_INLINE struct pt_table *table_alloc(struct pt *pt, struct pt_worker *w, unsigned level)
{
	struct pt_table *table = page_alloc(w->pages, pt->id);

	if (!table)
		return NULL;
	page_desc(table)->level = (uint8_t)level;
	page_desc(table)->worker = w->id;
	w->n.allocated++;
	/* NOT_ZEROED: what the page was before shows: a leaf of somebody's. relaxed: published later. */
	if (mutant(NOT_ZEROED))
		at_store(&table->e[1], pt->engine->f->leaf(0, entry_lg2(level), PT_READ), relaxed);
	return table;
}

/* Nobody else has seen it. */
ALWAYS_INLINE void table_free(struct pt_worker *w, struct pt_table *table)
{
	w->n.freed++;
	page_free(w->pages, table);
}

/* Unlinked, but perhaps still walked by others. */
ALWAYS_INLINE void table_retire(struct pt_worker *w, struct pt_table *table)
{
	w->n.retired++;
	page_list_add(&w->gather, page_desc(table));
}
