/*
 * overlap.h - what is left of a range after several writers were at it at once. Pure: works on
 * entries, decoded from the specification and not with the engines' code.
 *
 * Each output address carries its writer in bits 51:40, so every present entry names who wrote it.
 * A range is sorted into one class, the first that applies:
 *
 *   absent        no leaf is present in the range. Among writers that only map this is damage;
 *                 where some unmap (--range map-unmap) it is the other clean outcome: the unmap
 *                 came last.
 *   torn_leaf     a page is there that no single operation writes: the replicas of a contiguous
 *                 leaf (64K: 16 entries) are not all present and identical. The device translates
 *                 the parts of one page differently.
 *   one_writer    all that is there is the whole work of one writer, and nothing else.
 *   mixed_chunks  every page is intact, but not one writer's whole work: pages of several writers
 *                 stand side by side, or some of one writer's are missing.
 *
 * Beside the ranges, leaked_tables counts pages that the table allocated and nobody can reach or
 * will free: live in the pool, not in the tree, not waiting for their grace period.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/options.h"
#include "bench/result.h"

#define OVERLAP_WRITERS_MAX 4094u /* 12 bits, without 0 and the first map's */
#define OVERLAP_FIRST 4095u       /* writer of the maps made before the race */
#define OVERLAP_ENTRIES_MAX 512u  /* leaf entries in a range */

/* Worker w writes as w + 1. */
static inline uint64_t overlap_pa(uint64_t iova, unsigned writer)
{
	return (iova & ((1ull << 39) - 1)) | (uint64_t)writer << 40;
}

/* Where the ranges lie: `owners` regions (1, or with --disjoint one a worker) of `ranges` each. */
struct overlap_layout {
	enum range_kind kind;
	uint64_t base, ranges;
	unsigned owners;
};

uint64_t overlap_iova(const struct overlap_layout *l, unsigned owner, uint64_t range);

/* A present leaf entry. */
struct overlap_entry {
	uint64_t iova, value;
	unsigned level;
};

enum overlap_class { OVERLAP_ABSENT, OVERLAP_TORN_LEAF, OVERLAP_ONE_WRITER, OVERLAP_MIXED_CHUNKS };

/* The leaf entries of one range, in IOVA order. */
enum overlap_class overlap_classify(enum range_kind kind, const struct overlap_entry *v, size_t n);

/* Sorts a table's leaf entries, handed over in IOVA order, into ranges and these into classes. */
struct overlap_sorter {
	struct overlap_layout layout;
	uint64_t seen;    /* ranges with at least one entry */
	uint64_t outside; /* entries in no range: nobody put them there */
	uint64_t at;      /* the range being collected: owner × ranges + range */
	size_t n;
	struct overlap_entry v[OVERLAP_ENTRIES_MAX];
	struct overlap_result sum; /* all but leaked_tables */
};

void overlap_begin(struct overlap_sorter *s, const struct overlap_layout *l);
void overlap_add(struct overlap_sorter *s, const struct overlap_entry *entry);
/* Classifies the last range; those without entries are absent. s->sum is complete. */
void overlap_end(struct overlap_sorter *s);
