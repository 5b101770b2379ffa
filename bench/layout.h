/*
 * layout.h - where the pages of `private` and `adjacent` lie, and in which order a worker goes
 * through them: what --share, --tables, --page-size, --batch and --order make of the address space.
 * Pure functions of a group; docs/workloads.md says it in words.
 */
#pragma once

#include "bench/plan.h"

/* The start of one operation and the size of its pages, in one word: addresses are multiples of 4K. */
static inline uint64_t place_iova(uint64_t place)
{
	return place & ~0xfffull;
}

static inline uint8_t place_lg2(uint64_t place)
{
	return place & 0xff;
}

/* Can it be laid out? EXIT_USAGE, the text names options and the remedy. */
int layout_check(const struct group *g, struct err *err);
/* The last address of any worker. */
uint64_t layout_reach(const struct group *g);
/* Operations in the set of each worker. */
uint32_t layout_ops(const struct group *g);
/* place[0..layout_ops(g)): the set of this worker, in its order. 0 or -ENOMEM. */
int layout_places(const struct group *g, unsigned worker, uint64_t *place);
/* Of pages of one size: first address of the worker's leaf table number `table`, and what one spans. */
uint64_t layout_table(const struct group *g, unsigned worker, uint32_t table);
uint64_t layout_table_bytes(const struct group *g);
