/* dma_parts.h - what the files of the DMA path share beneath dma.h. On the worker's thread. */
#pragma once

#include "bench/dma.h"

/* Tag of a range in a lazy queue that goes back with another one, of which it is a part. */
#define DMA_PIECE 1u

/* Of what waited, what is clean by now goes back. */
void dma_free_taken(struct dma_lane *d);
/* Commands and stale ranges of measured stretches only, and of those that are recorded. */
void dma_record_model(struct dma_lane *d, bool measured);
/* Operations of a stretch that was done part by part. */
void dma_count_parts(struct dma_lane *d, size_t n, enum op_kind kind, uint64_t pages);

/* Time between operations (think time, a schedule) lies between whole calls; a census is of whole maps. */
static inline bool dma_by_parts(const struct dma_lane *d, bool measured)
{
	return measured && d->split && !d->lane->think && !d->lane->census;
}
