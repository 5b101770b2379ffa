/*
 * dma.h - the DMA path: what dma_map() and dma_unmap() of a driver do. A map takes a range from the
 * allocator (src/iova) and maps it; an unmap unmaps it, invalidates (src/iotlb/flush.h, a model) and
 * gives the range back. For the workloads ring, storage, bulk, piecewise, and the presets.
 *
 * Two ways of doing the same, in turn: whole calls, timed as a stretch of them; and, in every other
 * stretch, its parts, each a stretch over all buffers of its own (DMA_PARTS, the workload's phases).
 * What the whole costs beyond its parts is a result.
 *
 * Each engine of a group has an allocator and a queue of its own, as it has a table of its own. A lane's
 * worker calls, with its own struct dma_lane; main thread where it says so.
 */
#pragma once

#include "bench/lane.h"
#include "iotlb/flush.h"
#include "iova/iova.h"

/* The workload's phases, in this order. */
enum dma_part { DMA_ALLOC, DMA_MAP, DMA_UNMAP, DMA_INVALIDATE, DMA_FREE, DMA_PARTS };
#define DMA_PHASES { "alloc", "map", "unmap", "invalidate", "free" }

#define DMA_BYTES_MAX (1ull << 30) /* of a buffer */
#define DMA_COMMAND_NS 100u        /* model: for which the device is busy with one command */

/* One buffer: `pages` of 4 KiB at iova while it is mapped, else iova 0. */
struct dma_buffer {
	uint64_t iova;
	uint64_t fixed;     /* where it lies with --iova fixed */
	uint32_t pages;
	uint16_t pieces;    /* of a scatter list, an operation each; 0 or 1: it is one range */
	uint8_t size_lg2;   /* of a piece's pages; 0: the largest that fit (PT_MAP_RANGE) */
	uint8_t spare;
	const uint8_t *list; /* with pieces: how many pages of 1 << size_lg2 each has */
};

/* First member of lane->own of these workloads. */
struct dma_lane {
	struct lane *lane;
	struct iova_worker *iova;
	struct flush_worker *flush;
	const struct dma_buffer *asked; /* what the range that is being allocated is for */
	bool split;             /* this step is done part by part */
	bool next_split, second; /* dma_turn(): the next one; it is the second of two */
	uint64_t odd;           /* since the last check: an operation erred or did not do all */
	uint32_t refused;       /* buffers that could not be mapped where they had a range */
};

/* struct workload: prepare, release, reset. run->shared is theirs. Main thread. */
int dma_prepare(struct group_run *run, struct err *err);
void dma_release(struct group_run *run);
/* After the table of engine e was replaced by an empty one: allocator and queue start anew, too. */
int dma_reset(struct group_run *run, unsigned e);
/* struct workload.check: what all of them ask of a group (sizes, kinds, room). EXIT_USAGE. */
int dma_check(const struct group *g, struct err *err);
/* Engine e's allocator. */
struct iova_config dma_iova_config(const struct group *g, unsigned e);
/* dma_memory.c: what the path takes beside lanes and tables of other workloads, at most; for the plan. */
uint64_t dma_bytes(const struct group *g);
/* tally.no_room was set: EXIT_NO_RESOURCE, and what could be done. */
int dma_no_room(const struct group *g, struct err *err);
/* struct workload.reach: the last address an allocator of this group may give out. */
uint64_t dma_reach(const struct group *g);
/*
 * --iova fixed: buffer i of a worker's n, each of up to `bytes` (a power of two), lies there. The
 * workers' parts are whole entries of a 3-level root.
 */
uint64_t dma_fixed(unsigned worker, uint64_t n, uint64_t bytes, uint64_t i);
/* struct workload.reach where buffers are laid out like this: dma_reach(), or with fixed their end. */
uint64_t dma_reach_of(const struct group *g, uint64_t n, uint64_t bytes);

/*
 * A step begins: is it done part by part? Of every two the one that a coin says, so that nothing periodic
 * (a lazy queue is full every 255 unmaps) always meets the same way. rng is the sequence's, which all
 * engines share.
 */
static inline void dma_turn(struct dma_lane *d, uint64_t *rng)
{
	d->split = d->next_split;
	d->next_split = d->second ? stat_below(rng, 2) : !d->split;
	d->second = !d->second;
}

/*
 * The measured part of a slice, step by step, the first one whole; then the load beside those who still
 * measure. lane->own begins with a struct dma_lane.
 */
void dma_measure(struct lane *lane, void (*step)(struct lane *lane, bool measured));

/* In lane_open, after own was allocated, zeroed: 0 or -ENOMEM. */
int dma_lane_open(struct dma_lane *d, struct lane *lane);

/*
 * Stretches of n <= STRETCH_MAX buffers, whole or (d->split) part by part; as lane_stretch(). `measured`:
 * into the tally. A buffer that got no range keeps iova 0 and sets tally.no_room; one that got no memory
 * counts as failed. Unmapping it is nothing. With think time, or paced, everything is whole.
 */
void dma_map_stretch(struct dma_lane *d, struct dma_buffer **buffers, size_t n, bool measured);
void dma_unmap_stretch(struct dma_lane *d, struct dma_buffer **buffers, size_t n, bool measured);
/*
 * Unmap pages [first, first + n) of a buffer mapped as one range, n <= STRETCH_MAX, each by a call of its
 * own; once all are unmapped, the last one last, the range is given back. As dma_unmap_stretch(); an
 * operation is a page, and free counts as many as the other parts.
 */
void dma_unmap_pages(struct dma_lane *d, struct dma_buffer *b, uint32_t first, uint32_t n, bool measured);
/* One call without stamps, for loops of their own. False: no range, or no memory. */
bool dma_map(struct dma_lane *d, struct dma_buffer *b);
void dma_unmap(struct dma_lane *d, struct dma_buffer *b);
/* Behind such calls, now and then: what they did wrong goes into the tally. Not measured. */
void dma_count_odd(struct dma_lane *d);
/* Give back what a lazy queue still holds. Before an audit and at the end; not measured. */
void dma_flush(struct dma_lane *d);
/*
 * Main thread, at rest, nothing mapped any more: has every range come back, and is no queue holding
 * one? Else evidence for the case. Of an engine that is no ruler.
 */
void dma_audit_empty(struct group_run *run, unsigned e);
/* Main thread, at rest: the lane's table goes away; pages that its lazy queue holds go into its limbo. */
void dma_abandon(struct lane *lane);
/* A mapped buffer as the audit expects it. 0 or -ENOMEM. */
int dma_expect(struct expectation *out, const struct dma_buffer *b);
