/* dma_parts.h - what the files of the DMA path share beneath dma.h. On the worker's thread. */
#pragma once

#include "bench/dma.h"

/* Tag of a range in a lazy queue that goes back with another one, of which it is a part. */
#define DMA_PIECE 1u

/* Of what waited, what is clean by now goes back. */
void dma_free_taken(struct dma_lane *d);

/* Part by part: what came clean out of a lazy queue in the invalidating part, for the freeing part. */
struct dma_taken {
	size_t n;
	struct flush_range v[STRETCH_MAX + FLUSH_QUEUE]; /* a stretch, and what had been queued before it */
};
/* Behind each unmap that was queued: whoever takes nothing finds the queue full of what is clean. */
void dma_take(struct dma_lane *d, struct dma_taken *taken);
void dma_free(struct dma_lane *d, const struct dma_taken *taken);
/* Commands and stale ranges of measured stretches only, and of those that are recorded. */
void dma_record_model(struct dma_lane *d, bool measured);
/* Operations of a stretch that was done part by part. */
void dma_count_parts(struct dma_lane *d, size_t n, enum op_kind kind, uint64_t pages);

/* Think time, or a schedule, lies between whole calls; and a census is of whole maps. */
static inline bool dma_by_parts(const struct dma_lane *d, bool measured)
{
	return measured && d->split && !d->lane->think && !d->lane->census;
}
