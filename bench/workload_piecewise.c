/*
 * workload_piecewise.c - `piecewise`: a range of 2 MiB is mapped as 512 pages of 4 KiB and unmapped page
 * by page, as a driver does that unmaps what each completion is about; then it goes on in another
 * range. No unmap covers a whole table, so a body that looks no further keeps each leaf table it
 * ever touched (sota.md, W6). That is what the series of live table pages shows.
 *
 * The table is new when measuring begins, and never another one: how it grows is the subject.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/mix.h"
#include "bench/outstanding.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define SIZE_MAX_LG2 26u /* 16384 pieces */

/* First of it: dma.h. */
struct own {
	struct dma_lane dma;
	struct outstanding out;
	uint32_t step;         /* ranges mapped at once */
	uint32_t at;           /* pages of the oldest that are unmapped already */
};

static const struct page_mix own_sizes = { .n = 1, .lg2 = { 21 }, .weight = { 1 } };

static bool walks_on(const struct group *g)
{
	return !g->iova || g->iova == iova_kinds[0];
}

/* --iova fixed walks through --tables places; an allocator decides by itself. */
static uint64_t places(const struct group *g)
{
	return walks_on(g) ? g->tables : group_depth(g);
}

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << 12;
}

static uint64_t reach(const struct group *g)
{
	struct page_mix mix = outstanding_sizes(g, &own_sizes);

	return dma_reach_of(g, places(g), outstanding_stride(&mix));
}

static int check(const struct group *g, struct err *err)
{
	if (dma_check(g, err))
		return err->code;
	for (unsigned i = 0; i < g->buffers.n; i++)
		if (g->buffers.lg2[i] > SIZE_MAX_LG2)
			return err_set(err, EXIT_USAGE, "piecewise: --buffers: each is unmapped in pieces of "
				       "4K; use sizes up to 64M, or --workload bulk");
	if (walks_on(g) && g->tables < group_depth(g))
		return err_set(err, EXIT_USAGE, "piecewise: --tables %lu: fewer ranges than the %lu of "
			       "--depth that are mapped at once; use more --tables, or less --depth",
			       (unsigned long)g->tables, (unsigned long)group_depth(g));
	return 0;
}

/* Are operations apart, by think time or a schedule? Then a step may last longer than a slice. */
static bool is_slow(const struct group *g)
{
	return g->think_ns || g->rate;
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct page_mix mix = outstanding_sizes(g, &own_sizes);
	struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->step = is_slow(g) ? 1 : (uint32_t)(group_depth(g) + 1) / 2;
	own->step = own->step < STRETCH_MAX ? own->step : STRETCH_MAX;
	return dma_lane_open(&own->dma, lane) ||
		       outstanding_open(&own->out, lane, &mix, IOVA_PAGE_LG2, places(g)) ? -ENOMEM : 0;
}

static void lane_close(struct lane *lane)
{
	struct own *own = lane->own;

	if (own)
		outstanding_close(&own->out);
	free(own);
	lane->own = NULL;
}

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* The next n pages of the oldest range, or those that are left of it. */
static void unmap_some(struct own *own, uint64_t n, bool measured)
{
	struct dma_buffer *b = outstanding_oldest(&own->out);
	uint32_t pages = b->pages, end = own->at + least(n, pages - own->at);

	for (uint32_t some; b->iova && own->at < end; own->at += some) {
		some = least(end - own->at, STRETCH_MAX);
		dma_unmap_pages(&own->dma, b, own->at, some, measured);
	}
	if (b->iova)
		return;
	own->at = 0; /* all of it, or it got no range */
	outstanding_drop(&own->out);
}

static void unmap_oldest(struct own *own, bool measured)
{
	unmap_some(own, UINT32_MAX, measured);
}

/* New ranges first, so that they are not where the old ones are. */
static void step(struct lane *lane, bool measured)
{
	struct own *own = lane->own;

	dma_turn(&own->dma, &lane->rng);
	outstanding_map(&own->out, &own->dma, own->step, &lane->rng, measured);
	for (uint32_t i = 0; i < own->step; i++)
		unmap_oldest(own, measured);
}

/*
 * Slow: as many operations as are asked for and no more, wherever in a range that is; the same as steps of
 * one range.
 */
static void go_on(struct lane *lane, uint64_t n, bool measured)
{
	struct own *own = lane->own;

	if (own->out.n < own->out.depth)
		outstanding_map(&own->out, &own->dma, 1, &lane->rng, measured);
	else
		unmap_some(own, n, measured);
}

/*
 * Slow: where in a step the measured part begins follows from the slice's position. Were it always the same
 * place, slices of some operations would have maps alone.
 */
static void begin_inside(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t skip;

	if (own->out.n < own->out.depth)
		go_on(lane, 1, false);
	skip = stat_below(&lane->rng, outstanding_oldest(&own->out)->pages + 1);
	if (skip)
		unmap_some(own, skip, false);
}

/* What stands between two steps. */
static void arrange(struct lane *lane)
{
	struct own *own = lane->own;

	own->dma.split = false;
	while (own->out.n)
		unmap_oldest(own, false);
	outstanding_map(&own->out, &own->dma, own->out.depth - own->step, &lane->rng, false);
}

/* With no think time and no schedule, whatever the measured part has. */
static void lead_in(struct lane *lane)
{
	struct group_run *run = lane->group;
	struct own *own = lane->own;
	uint64_t think = lane->think, until = clock_now() + run->warmup;

	lane->think = 0;
	if (!own->out.n)
		arrange(lane);
	while (clock_now() < until)
		step(lane, false);
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	if (own->out.sizes.n > 1)
		arrange(lane); /* to sizes that depend on the slice's position alone */
	if (is_slow(run->g))
		begin_inside(lane);
	lane->think = think;
}

/* To whole ranges again. */
static void end_inside(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	if (own->out.n == own->out.depth)
		unmap_oldest(own, false);
	lane->think = think;
}

static void turn(struct lane *lane, bool measured)
{
	if (is_slow(lane_group(lane)))
		go_on(lane, measured ? lane->group->ops_per_worker - lane->tally.ops : 1, measured);
	else
		step(lane, measured);
}

static void slice(struct lane *lane)
{
	struct own *own = lane->own;

	lead_in(lane);
	dma_measure(lane, turn);
	if (is_slow(lane_group(lane)))
		end_inside(lane);
	dma_flush(&own->dma); /* or ranges would age in others' slices */
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	own->dma.split = false;
	while (own->out.n)
		unmap_oldest(own, false);
	dma_flush(&own->dma);
	lane->think = think;
}

static int expect(struct lane *lane, struct expectation *out)
{
	return outstanding_expect(&((struct own *)lane->own)->out, out);
}

const struct workload workload_piecewise = {
	.name = "piecewise",
	.help = "DMA path: 2M mapped as 4K pages and unmapped page by page, then on to another range: table "
		"blow-up",
	.dma = true, .pure = true, .grows = true, .by_page = true,
	.buffer_lg2 = 21, .paged = true, .depth = 8, .phases = DMA_PHASES,
	.min_threads = 1, .check = check, .sizes = sizes, .reach = reach, .prepare = dma_prepare,
	.release = dma_release, .reset = dma_reset, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.clear = clear, .expect = expect,
};
