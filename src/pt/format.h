/*
 * format.h - what a page-table format must answer. The walk is written once against this struct;
 * each engine passes a static const one, so that every call below is inlined.
 *
 * Common to all formats: 512 entries of 8 bytes to a table, an empty entry is 0, a page of
 * 1 << size_lg2 bytes is written as 1, 2, 4, … identical entries (replicas) of one table, and a
 * page without replicas is followed by its neighbour's entry = entry + size (the address field
 * holds the address in place).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pt/entry.h"

struct pt_format {
	uint64_t sizes;      /* bit s: pages of 1 << s bytes exist */
	unsigned pa_bits;    /* output addresses are below 1 << pa_bits */
	unsigned levels_max; /* levels of the tallest table */
	bool grows;          /* a root can be put on top of a root; else a table stays as tall as it is */

	uint64_t (*leaf)(uint64_t pa, unsigned size_lg2, unsigned prot);
	/* The entry of a table at `level` that points to `child`, a table at level - 1. */
	uint64_t (*table)(const struct pt_table *child, unsigned level);
	/* A pointer to a table, well formed for a table at `level`. */
	bool (*is_table)(uint64_t entry, unsigned level);
	struct pt_table *(*child)(uint64_t entry);
	/* The child, if every other bit is as table() writes it: cheaper than the two above. */
	bool (*own_table)(uint64_t entry, unsigned level, struct pt_table **child);
	/* log2 of the page a leaf entry belongs to. */
	unsigned (*leaf_lg2)(uint64_t entry, unsigned level);
	uint64_t (*leaf_pa)(uint64_t entry, unsigned size_lg2);
	/*
	 * Are entries of a table at `level` with this AND and this OR of all their bits leaves without
	 * replicas, each? Of one entry exactly; of several perhaps no where it is yes.
	 */
	bool (*all_single)(uint64_t all, uint64_t any, unsigned level);
};

/* The level whose tables hold pages of this size. */
ALWAYS_INLINE unsigned size_level(unsigned size_lg2)
{
	return (size_lg2 - PT_PAGE_LG2) / PT_INDEX_LG2;
}

/* log2 of the number of replicas. */
ALWAYS_INLINE unsigned size_replicas_lg2(unsigned size_lg2)
{
	return (size_lg2 - PT_PAGE_LG2) % PT_INDEX_LG2;
}

/* Of n replicas, how many are written. */
ALWAYS_INLINE unsigned replicas_written(unsigned n)
{
	/* WRONG_REPLICAS: the exponent is one short. */
	return mutant(WRONG_REPLICAS) && n > 1 ? n / 2 : n;
}

/* The largest page that divides `address` and is at most `bytes` (not 0; both 4K multiples). */
ALWAYS_INLINE unsigned size_fitting(uint64_t sizes, uint64_t address, uint64_t bytes)
{
	uint64_t fit = sizes & (~UINT64_C(0) >> __builtin_clzll(bytes));

	if (address)
		fit &= address ^ (address - 1);
	return 63u - (unsigned)__builtin_clzll(fit);
}
