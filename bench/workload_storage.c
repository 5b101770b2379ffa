/*
 * workload_storage.c - `storage`: requests with scatter lists, as a driver of a disk makes them. A list
 * gets one range of I/O addresses, is mapped piece by piece (each piece is a few pages that lie together
 * in memory), and unmapped as a whole when the disk is done with it, in whatever order that is.
 *
 * The measured part of a slice starts from requests that follow from the slice's position, and so do
 * their lists and the order of completions: all engines carry out the same sequence.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/dma.h"
#include "bench/mix.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define PAGES_MIN 4u
#define PAGES_MAX 256u
#define PIECE_MAX 8u    /* pages that lie together */
#define BURST_MAX 64u   /* completions handled at once */

struct own {
	struct dma_lane dma;
	uint64_t neutral_rng;        /* the load around the measured part */
	uint32_t n;                  /* requests outstanding */
	struct dma_buffer **order;   /* those that complete next are put at its head */
	uint8_t (*list)[PAGES_MAX];  /* by request */
	struct dma_buffer buffer[];
};

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << IOVA_PAGE_LG2;
}

static uint64_t reach(const struct group *g)
{
	return dma_reach_of(g, group_depth(g), PAGES_MAX << IOVA_PAGE_LG2);
}

static int check(const struct group *g, struct err *err)
{
	if (dma_check(g, err))
		return err->code;
	if (g->buffers.n)
		return err_set(err, EXIT_USAGE, "storage: --buffers: its lists have 4 to 256 pages; leave it "
			       "out, or use --workload ring");
	return 0;
}

static int lane_open(struct lane *lane)
{
	uint64_t n = group_depth(lane_group(lane)), bytes = PAGES_MAX << IOVA_PAGE_LG2;
	struct own *own = calloc(1, sizeof(*own) + n * sizeof(own->buffer[0]));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->n = (uint32_t)n;
	own->neutral_rng = stat_mix(lane->worker);
	own->order = calloc(n, sizeof(own->order[0]));
	own->list = calloc(n, sizeof(own->list[0]));
	if (!own->order || !own->list)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		own->buffer[i] = (struct dma_buffer){ .fixed = dma_fixed(lane->worker, n, bytes, i),
						      .list = own->list[i], .size_lg2 = IOVA_PAGE_LG2 };
		own->order[i] = &own->buffer[i];
	}
	return dma_lane_open(&own->dma, lane);
}

static void lane_close(struct lane *lane)
{
	struct own *own = lane->own;

	if (own) {
		free(own->order);
		free(own->list);
	}
	free(own);
	lane->own = NULL;
}

/* As many of any size as of twice that size. */
static uint32_t draw_pages(uint64_t *rng)
{
	double ends = log((double)PAGES_MAX + 1) - log(PAGES_MIN);
	double drawn = exp(log(PAGES_MIN) + ends * (double)stat_below(rng, 1u << 20) / (1u << 20));

	return drawn < PAGES_MAX ? (uint32_t)drawn : PAGES_MAX;
}

static void draw_request(struct own *own, struct dma_buffer *b, uint64_t *rng)
{
	uint8_t *list = own->list[b - own->buffer];
	uint32_t left = b->pages = draw_pages(rng);

	for (b->pieces = 0; left; b->pieces++) {
		uint32_t pages = 1 + (uint32_t)stat_below(rng, PIECE_MAX);

		pages = pages < left ? pages : left;
		list[b->pieces] = (uint8_t)pages;
		left -= pages;
	}
}

/* Completions in random order: the first n of a shuffle. */
static void draw_completions(struct own *own, uint32_t n, uint64_t *rng)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i + (uint32_t)stat_below(rng, own->n - i);
		struct dma_buffer *b = own->order[k];

		own->order[k] = own->order[i];
		own->order[i] = b;
	}
}

static void submit(struct own *own, struct dma_buffer **v, uint32_t n, uint64_t *rng, bool measured)
{
	for (uint32_t i = 0; i < n; i++)
		draw_request(own, v[i], rng);
	dma_map_stretch(&own->dma, v, n, measured);
}

/* Half of what is outstanding; with long think times a slice is a few operations. */
static uint32_t burst_size(const struct lane *lane, uint32_t outstanding)
{
	uint64_t half = 1 + lane->group->ops_per_worker / 2;
	uint32_t n = (outstanding + 1) / 2;

	n = n < BURST_MAX ? n : BURST_MAX;
	return lane->think && n > half ? (uint32_t)half : n;
}

/* As many new requests as completions. */
static void step(struct lane *lane, bool measured)
{
	struct own *own = lane->own;
	uint64_t *rng = measured ? &lane->rng : &own->neutral_rng;
	uint32_t n = burst_size(lane, own->n);

	dma_turn(&own->dma, rng);
	draw_completions(own, n, rng);
	dma_unmap_stretch(&own->dma, own->order, n, measured);
	submit(own, own->order, n, rng, measured);
}

/* Every request, with no think time. */
static void all(struct lane *lane, uint64_t *rng, bool map)
{
	struct own *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t at = 0, n; at < own->n; at += n) {
		n = own->n - at < BURST_MAX ? own->n - at : BURST_MAX;
		if (map)
			submit(own, own->order + at, n, rng, false);
		else
			dma_unmap_stretch(&own->dma, own->order + at, n, false);
	}
	lane->think = think;
}

static void start_over(struct lane *lane, uint64_t *rng)
{
	struct own *own = lane->own;

	for (uint32_t i = 0; i < own->n; i++)
		own->order[i] = &own->buffer[i];
	all(lane, NULL, false);
	all(lane, rng, true);
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;
	struct own *own = lane->own;

	start_over(lane, &own->neutral_rng);
	while (clock_now() < lead_in)
		step(lane, false);
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	start_over(lane, &lane->rng);
	dma_measure(lane, step);
	dma_flush(&own->dma); /* or ranges would age in others' slices */
}

static void settle(struct lane *lane)
{
	struct own *own = lane->own;

	start_over(lane, &own->neutral_rng);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;

	all(lane, NULL, false);
	dma_flush(&own->dma);
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct own *own = lane->own;
	int error = 0;

	for (uint32_t i = 0; i < own->n && !error; i++)
		if (own->buffer[i].iova)
			error = dma_expect(out, &own->buffer[i]);
	return error;
}

const struct workload workload_storage = {
	.name = "storage",
	.help = "requests with scatter lists of 4 to 256 pages over the DMA path, each mapped piece by piece "
		"and unmapped as a whole, completed in random order (--depth, --iova, --flush)",
	.dma = true, .buffer_lg2 = 20, .paged = true,
	.pure = true, .phases = DMA_PHASES, .min_threads = 1, .depth = 32,
	.check = check, .sizes = sizes, .reach = reach, .prepare = dma_prepare, .release = dma_release,
	.reset = dma_reset, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.settle = settle, .clear = clear, .expect = expect,
};
