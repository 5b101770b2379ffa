/*
 * workload_ring.c - `ring`: network receive. A worker owns a ring of buffers, all mapped; a poll unmaps
 * the oldest, those that the device has filled, and refills as many places with buffers of other sizes.
 *
 * The measured part of a slice starts from a full ring whose sizes follow from the slice's position, so
 * that all engines carry out the same sequence. Which addresses it gets is the allocator's business.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/dma.h"
#include "bench/mix.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define POLL 64u /* completions of a poll, at most: the usual budget of a network driver */

struct own {
	struct dma_lane dma;
	uint64_t neutral_rng; /* sizes of the load around the measured part */
	uint32_t n, head;     /* places; the oldest */
	struct dma_buffer buffer[];
};

/* By hundred: 4K 80, 8K 15, 64K 5. */
static const struct page_mix usual = { .n = 3, .lg2 = { 12, 13, 16 }, .weight = { 80, 15, 5 } };

static const struct page_mix *sizes_of(const struct group *g)
{
	return g->buffers.n ? &g->buffers : &usual;
}

static uint64_t largest(const struct group *g)
{
	const struct page_mix *mix = sizes_of(g);
	unsigned lg2 = 0;

	for (unsigned i = 0; i < mix->n; i++)
		lg2 = mix->lg2[i] > lg2 ? mix->lg2[i] : lg2;
	return 1ull << lg2;
}

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << 12; /* larger pages where the format has them */
}

static uint64_t reach(const struct group *g)
{
	return dma_reach_of(g, group_depth(g), largest(g));
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	uint64_t n = group_depth(g), bytes = largest(g);
	struct own *own = calloc(1, sizeof(*own) + n * sizeof(own->buffer[0]));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->n = (uint32_t)n;
	own->neutral_rng = stat_mix(lane->worker);
	for (uint64_t i = 0; i < n; i++)
		own->buffer[i] = (struct dma_buffer){ .fixed = dma_fixed(lane->worker, n, bytes, i) };
	return dma_lane_open(&own->dma, lane);
}

static void lane_close(struct lane *lane)
{
	free(lane->own);
	lane->own = NULL;
}

/* The n oldest places, in order. */
static void oldest(struct own *own, struct dma_buffer **v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = &own->buffer[(own->head + i) % own->n];
}

static void refill(struct own *own, struct dma_buffer **v, uint32_t n, uint64_t *rng, bool measured)
{
	const struct page_mix *mix = sizes_of(lane_group(own->dma.lane));

	for (uint32_t i = 0; i < n; i++)
		v[i]->pages = 1u << (page_mix_draw(mix, rng) - IOVA_PAGE_LG2);
	dma_map_stretch(&own->dma, v, n, measured);
}

/* With long think times a slice is a few operations. */
static uint32_t poll_size(const struct lane *lane, uint32_t n)
{
	uint64_t half = 1 + lane->group->ops_per_worker / 2;

	n = n < POLL ? n : POLL;
	return lane->think && n > half ? (uint32_t)half : n;
}

/* As many completions as refills. */
static void step(struct lane *lane, bool measured)
{
	struct own *own = lane->own;
	uint64_t *rng = measured ? &lane->rng : &own->neutral_rng;
	struct dma_buffer *v[POLL];
	uint32_t n = poll_size(lane, own->n);

	dma_turn(&own->dma, rng);
	oldest(own, v, n);
	dma_unmap_stretch(&own->dma, v, n, measured);
	refill(own, v, n, rng, measured);
	own->head = (own->head + n) % own->n;
}

/* All places of the ring, with no think time. */
static void empty(struct lane *lane)
{
	struct own *own = lane->own;
	struct dma_buffer *v[POLL];
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t done = 0, n; done < own->n; done += n) {
		n = own->n - done < POLL ? own->n - done : POLL;
		oldest(own, v, n);
		dma_unmap_stretch(&own->dma, v, n, false);
		own->head = (own->head + n) % own->n;
	}
	lane->think = think;
}

static void fill(struct lane *lane, uint64_t *rng)
{
	struct own *own = lane->own;
	struct dma_buffer *v[POLL];
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t done = 0, n; done < own->n; done += n) {
		n = own->n - done < POLL ? own->n - done : POLL;
		oldest(own, v, n);
		refill(own, v, n, rng, false);
		own->head = (own->head + n) % own->n;
	}
	lane->think = think;
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;
	struct own *own = lane->own;

	while (clock_now() < lead_in)
		step(lane, false);
	empty(lane);
	own->head = 0; /* with --iova fixed a place is an address */
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	fill(lane, &lane->rng);
	dma_measure(lane, step);
	dma_flush(&own->dma); /* or ranges would age in others' slices */
}

static void settle(struct lane *lane)
{
	struct own *own = lane->own;

	empty(lane);
	fill(lane, &own->neutral_rng);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;

	empty(lane);
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

const struct workload workload_ring = {
	.name = "ring",
	.help = "network receive over the DMA path: a ring of mapped buffers per worker, the oldest unmapped "
		"and others mapped in their place (--depth, --buffers, --iova, --flush)",
	.pure = true, .dma = true, .buffer_lg2 = 16, .phases = DMA_PHASES, .min_threads = 1, .depth = 256,
	.check = dma_check, .sizes = sizes, .reach = reach, .prepare = dma_prepare,
	.release = dma_release, .reset = dma_reset, .lane_open = lane_open, .lane_close = lane_close,
	.slice = slice, .settle = settle, .clear = clear, .expect = expect,
};
