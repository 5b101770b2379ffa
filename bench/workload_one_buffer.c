/*
 * workload_one_buffer.c - one buffer a worker: written to, mapped by the DMA path, left mapped for a
 * while, unmapped; again and again, each call between two stamps. What the kernel's dma_map_benchmark
 * does, so the allocator hands out the same range every time and the table is as warm as it gets. Run by
 * --preset dma_map_benchmark only (no row of workloads.c): --batch is the granule, --think the delay.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dma.h"
#include "bench/map_benchmark.h"
#include "bench/runner.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define DIRT 0x66

struct own {
	struct dma_lane dma;
	struct dma_buffer buffer;
	struct map_benchmark_sums sums;
	uint64_t delay;         /* ticks between map and unmap */
	size_t bytes;
	unsigned char *memory;  /* the buffer itself; NULL: only the device writes to it */
	uint8_t *ones;          /* of a scatter list: a page each */
};

static uint64_t rounded(const struct group *g)
{
	uint64_t pages = 1;

	while (pages < g->batch)
		pages *= 2;
	return pages << IOVA_PAGE_LG2;
}

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << IOVA_PAGE_LG2; /* larger pages where the format has them */
}

static uint64_t reach(const struct group *g)
{
	return dma_reach_of(g, 1, rounded(g));
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->delay = clock_ticks((double)g->think_ns);
	own->bytes = g->batch << IOVA_PAGE_LG2;
	own->buffer = (struct dma_buffer){ .fixed = dma_fixed(lane->worker, 1, rounded(g), 0),
					   .pages = (uint32_t)g->batch };
	if (g->direction != MAP_FROM_DEVICE) {
		own->memory = aligned_alloc(1u << IOVA_PAGE_LG2, own->bytes);
		if (!own->memory)
			return -ENOMEM;
	}
	if (g->scatter) {
		own->ones = malloc(g->batch);
		if (!own->ones)
			return -ENOMEM;
		memset(own->ones, 1, g->batch);
		own->buffer.list = own->ones;
		own->buffer.pieces = (uint16_t)g->batch;
		own->buffer.size_lg2 = IOVA_PAGE_LG2;
	}
	return dma_lane_open(&own->dma, lane);
}

static void lane_close(struct lane *lane)
{
	struct own *own = lane->own;

	if (!own)
		return;
	map_benchmark_merge(&lane->group->engines[lane->engine].result->map_benchmark, &own->sums);
	free(own->memory);
	free(own->ones);
	free(own);
	lane->own = NULL;
}

static void note(struct lane *lane, enum op_kind kind, uint64_t before)
{
	struct own *own = lane->own;

	/* relaxed: a signal's flag; a slice cut short does not count */
	if (lane->group->recording && !at_load(&run_interrupted, relaxed))
		map_benchmark_add(&own->sums, kind, clock_ns(lane->tally.timed[kind] - before));
}

/* Think time lies behind a call, so the delay is that of the map; a tick of it: timed singly. */
static void once(struct lane *lane, bool measured)
{
	struct own *own = lane->own;
	struct dma_buffer *buffer = &own->buffer;
	uint64_t before[2] = { lane->tally.timed[OP_MAP], lane->tally.timed[OP_UNMAP] };

	if (own->memory)
		memset(own->memory, DIRT, own->bytes);
	lane->think = own->delay ? own->delay : 1;
	dma_map_stretch(&own->dma, &buffer, 1, measured);
	lane->think = 1;
	dma_unmap_stretch(&own->dma, &buffer, 1, measured);
	if (!measured)
		return;
	note(lane, OP_MAP, before[OP_MAP]);
	note(lane, OP_UNMAP, before[OP_UNMAP]);
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;
	struct own *own = lane->own;

	do
		once(lane, false);
	while (clock_now() < lead_in);
	dma_measure(lane, once);
	dma_flush(&own->dma); /* or ranges would age in others' slices */
}

static void settle(struct lane *lane)
{
	struct own *own = lane->own;
	struct dma_buffer *buffer = &own->buffer;

	lane->think = 0;
	dma_map_stretch(&own->dma, &buffer, 1, false);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;
	struct dma_buffer *buffer = &own->buffer;

	lane->think = 0;
	dma_unmap_stretch(&own->dma, &buffer, 1, false);
	dma_flush(&own->dma);
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct own *own = lane->own;

	return own->buffer.iova ? dma_expect(out, &own->buffer) : 0;
}

const struct workload workload_one_buffer = {
	.name = "one-buffer",
	.help = "each worker maps and unmaps one buffer by the DMA path again and again",
	.pure = true, .singly = true, .dma = true, .buffer_lg2 = 22, .min_threads = 1, .depth = 1,
	.sizes = sizes, .reach = reach, .prepare = dma_prepare, .release = dma_release,
	.reset = dma_reset, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.settle = settle, .clear = clear, .expect = expect,
};
