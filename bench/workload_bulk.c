/*
 * workload_bulk.c - `bulk`: large ranges, 2 MiB and 1 GiB unless --buffers says otherwise. Each is
 * allocated, mapped by one call and unmapped as a whole: few entries or one, so that allocator and
 * invalidation are most of it, and the window of 32-bit addresses is soon too small.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/mix.h"
#include "bench/outstanding.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

/* First of it: dma.h. */
struct own {
	struct dma_lane dma;
	struct outstanding out;
};

static const struct page_mix own_sizes = { .n = 2, .lg2 = { 21, 30 }, .weight = { 90, 10 } };

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << 12; /* whatever it is, it is asked for as a range */
}

/* --iova fixed: each buffer of the ring has a place. */
static uint64_t reach(const struct group *g)
{
	struct page_mix mix = outstanding_sizes(g, &own_sizes);

	return dma_reach_of(g, group_depth(g), outstanding_stride(&mix));
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct page_mix mix = outstanding_sizes(g, &own_sizes);
	struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	return dma_lane_open(&own->dma, lane) || outstanding_open(&own->out, lane, &mix, 0, group_depth(g))
		       ? -ENOMEM : 0;
}

static void lane_close(struct lane *lane)
{
	struct own *own = lane->own;

	if (own)
		outstanding_close(&own->out);
	free(own);
	lane->own = NULL;
}

/* At least half of the ring: a pair of stamps should be shared by some. */
static uint32_t draw_step(struct lane *lane)
{
	const struct own *own = lane->own;
	uint32_t most = own->out.depth < STRETCH_MAX ? own->out.depth : STRETCH_MAX, least = (most + 1) / 2;
	uint64_t slice = lane->group->ops_per_worker;
	uint32_t n = least + (uint32_t)stat_below(&lane->rng, most - least + 1);

	return lane->think && n > 1 + slice / 2 ? (uint32_t)(1 + slice / 2) : n;
}

/* The oldest go, as many others come. */
static void step(struct lane *lane, bool measured)
{
	struct own *own = lane->own;
	uint32_t n = draw_step(lane);

	dma_turn(&own->dma, &lane->rng);
	outstanding_unmap(&own->out, &own->dma, n, measured);
	outstanding_map(&own->out, &own->dma, n, &lane->rng, measured);
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	struct own *own = lane->own;
	uint64_t lead_in = clock_now() + run->warmup;

	if (own->out.n < own->out.depth)
		outstanding_arrange(&own->out, &own->dma, own->out.depth, &lane->rng);
	while (clock_now() < lead_in)
		step(lane, false);
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	outstanding_arrange(&own->out, &own->dma, own->out.depth, &lane->rng);
	dma_measure(lane, step);
	dma_flush(&own->dma); /* or ranges would age in others' slices */
}

/* As it is after a slice. */
static void settle(struct lane *lane)
{
	struct own *own = lane->own;

	if (own->out.n < own->out.depth)
		outstanding_arrange(&own->out, &own->dma, own->out.depth, &lane->rng);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;

	outstanding_arrange(&own->out, &own->dma, 0, &lane->rng);
	dma_flush(&own->dma);
}

static int expect(struct lane *lane, struct expectation *out)
{
	return outstanding_expect(&((struct own *)lane->own)->out, out);
}

const struct workload workload_bulk = {
	.name = "bulk",
	.help = "DMA path: ranges of 2M and 1G, each mapped by one call and unmapped as a whole",
	.dma = true, .buffer_lg2 = 30, .pure = true, .depth = 8, .phases = DMA_PHASES, .min_threads = 1,
	.check = dma_check, .sizes = sizes, .reach = reach, .prepare = dma_prepare, .release = dma_release,
	.reset = dma_reset, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.settle = settle, .clear = clear, .expect = expect,
};
