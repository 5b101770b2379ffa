/*
 * outstanding.h - the buffers that a worker has mapped, first in, first out: what `bulk` and `piecewise`
 * have in common. Sizes come from a mix, drawn by the caller's random numbers; where a buffer lies is
 * the allocator's choice, or with --iova fixed the next of `places` that follow each other.
 *
 * A worker with its own; opening and closing on its thread.
 */
#pragma once

#include "bench/dma.h"
#include "bench/page_mix.h"

struct outstanding {
	struct dma_buffer *ring;    /* of `depth` */
	struct dma_buffer **some;   /* a stretch of them */
	uint32_t depth, first, n;   /* n from ring[first] on are mapped, the oldest first */
	struct page_mix sizes;
	uint8_t page_lg2;           /* of the pages they are mapped by; 0: the largest that fit */
	uint64_t places, next;      /* --iova fixed: so many, not less than depth, and which is next */
};

/* What the buffers of a group are: --buffers, or the workload's own. */
struct page_mix outstanding_sizes(const struct group *g, const struct page_mix *own);
/* --iova fixed: from one place to the next; the largest of them fits, and a leaf table's span. */
uint64_t outstanding_stride(const struct page_mix *sizes);

/* 0 or -ENOMEM; outstanding_close() either way. */
int outstanding_open(struct outstanding *o, const struct lane *lane, const struct page_mix *sizes,
		     uint8_t page_lg2, uint64_t places);
void outstanding_close(struct outstanding *o);

/* Map n more, n + o->n <= depth; a buffer that got no range is among them, with iova 0. */
void outstanding_map(struct outstanding *o, struct dma_lane *d, uint32_t n, uint64_t *rng, bool measured);
/* Unmap the n oldest, each as a whole. */
void outstanding_unmap(struct outstanding *o, struct dma_lane *d, uint32_t n, bool measured);
/* The oldest, which the caller has unmapped in its own way. */
struct dma_buffer *outstanding_oldest(struct outstanding *o);
void outstanding_drop(struct outstanding *o);
/* Outside the measured part, with no think time: unmap all, then map `n`, whatever was there. */
void outstanding_arrange(struct outstanding *o, struct dma_lane *d, uint32_t n, uint64_t *rng);
/* 0 or -ENOMEM. */
int outstanding_expect(const struct outstanding *o, struct expectation *out);
