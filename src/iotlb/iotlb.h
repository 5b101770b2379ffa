/*
 * iotlb.h - what a device remembers of translations: a leaf cache and a walk cache, which obey
 * invalidations as AMD's hardware may: an entry is dropped only if the command covers the whole of it
 * (its page is no larger than what the command names and lies inside), tables of the walk cache only
 * by a command that says so (PDE). Everything else may stay for ever, and here it does, as long as
 * there is room: a forgotten invalidation shall show.
 *
 * One thread uses a cache.
 *
 * Source: AMD IOMMU Specification, 48882, 2.4.3 INVALIDATE_IOMMU_PAGES and 2.2.7 on what is cached.
 */
#pragma once

#include "iotlb/walker.h"

struct iotlb;

/* Room for so many leaves and tables; replaced at random. NULL: no memory. */
struct iotlb *iotlb_create(unsigned leaves, unsigned tables, uint64_t seed);
void iotlb_destroy(struct iotlb *t);

/* Remember a walk that hit: its leaf and the tables it went through. */
void iotlb_fill(struct iotlb *t, uint64_t iova, const struct walk_result *walk);
/* The leaf that translates iova. False: none. */
bool iotlb_find(struct iotlb *t, uint64_t iova, struct walk_result *out);
/* The lowest table known for iova. False: none, begin at the root. */
bool iotlb_find_table(struct iotlb *t, uint64_t iova, struct walk_step *out);

/* Drop leaves inside [iova, iova + (1 << size_lg2)); size_lg2 64: all. pde: tables below it as well. */
void iotlb_drop(struct iotlb *t, uint64_t iova, unsigned size_lg2, bool pde);

struct iotlb_stats {
	uint64_t found, missed, filled, dropped;
};
struct iotlb_stats iotlb_stats(const struct iotlb *t);
