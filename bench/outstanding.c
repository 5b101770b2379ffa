#include "bench/outstanding.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/mix.h"

#define LEAF_TABLE_BYTES (1ull << 21)

struct page_mix outstanding_sizes(const struct group *g, const struct page_mix *own)
{
	return g->buffers.n ? g->buffers : *own;
}

static unsigned largest_lg2(const struct page_mix *sizes)
{
	unsigned lg2 = 0;

	for (unsigned i = 0; i < sizes->n; i++)
		lg2 = sizes->lg2[i] > lg2 ? sizes->lg2[i] : lg2;
	return lg2;
}

uint64_t outstanding_stride(const struct page_mix *sizes)
{
	uint64_t bytes = 1ull << largest_lg2(sizes);

	return bytes < LEAF_TABLE_BYTES ? LEAF_TABLE_BYTES : bytes;
}

int outstanding_open(struct outstanding *o, const struct lane *lane, const struct page_mix *sizes,
		     uint8_t page_lg2, uint64_t places)
{
	uint32_t depth = (uint32_t)group_depth(lane_group(lane));

	o->depth = depth;
	o->sizes = *sizes;
	o->page_lg2 = page_lg2;
	o->places = places;
	o->ring = calloc(depth, sizeof(o->ring[0]));
	o->some = calloc(depth < STRETCH_MAX ? depth : STRETCH_MAX, sizeof(struct dma_buffer *));
	return o->ring && o->some ? 0 : -ENOMEM;
}

void outstanding_close(struct outstanding *o)
{
	free(o->ring);
	free(o->some);
}

static struct dma_buffer *at(struct outstanding *o, uint32_t i)
{
	return &o->ring[(o->first + i) % o->depth];
}

static void map_some(struct outstanding *o, struct dma_lane *d, uint32_t n, uint64_t *rng, bool measured)
{
	uint64_t stride = outstanding_stride(&o->sizes);

	for (uint32_t i = 0; i < n; i++) {
		struct dma_buffer *b = at(o, o->n + i);

		*b = (struct dma_buffer){
			.size_lg2 = o->page_lg2,
			.fixed = dma_fixed(d->lane->worker, o->places, stride, o->next),
			.pages = 1u << (page_mix_draw(&o->sizes, rng) - IOVA_PAGE_LG2),
		};
		o->next = (o->next + 1) % o->places;
		o->some[i] = b;
	}
	dma_map_stretch(d, o->some, n, measured);
	o->n += n;
}

void outstanding_map(struct outstanding *o, struct dma_lane *d, uint32_t n, uint64_t *rng, bool measured)
{
	for (uint32_t some; n; n -= some) {
		some = n < STRETCH_MAX ? n : STRETCH_MAX;
		map_some(o, d, some, rng, measured);
	}
}

static void unmap_some(struct outstanding *o, struct dma_lane *d, uint32_t n, bool measured)
{
	for (uint32_t i = 0; i < n; i++)
		o->some[i] = at(o, i);
	dma_unmap_stretch(d, o->some, n, measured);
	o->first = (o->first + n) % o->depth;
	o->n -= n;
}

void outstanding_unmap(struct outstanding *o, struct dma_lane *d, uint32_t n, bool measured)
{
	for (uint32_t some; n; n -= some) {
		some = n < STRETCH_MAX ? n : STRETCH_MAX;
		unmap_some(o, d, some, measured);
	}
}

struct dma_buffer *outstanding_oldest(struct outstanding *o)
{
	return at(o, 0);
}

void outstanding_drop(struct outstanding *o)
{
	o->first = (o->first + 1) % o->depth;
	o->n--;
}

void outstanding_arrange(struct outstanding *o, struct dma_lane *d, uint32_t n, uint64_t *rng)
{
	uint64_t think = d->lane->think;

	d->lane->think = 0;
	d->split = false;
	outstanding_unmap(o, d, o->n, false);
	outstanding_map(o, d, n, rng, false);
	d->lane->think = think;
}

int outstanding_expect(const struct outstanding *o, struct expectation *out)
{
	int error = 0;

	for (uint32_t i = 0; i < o->n && !error; i++) {
		const struct dma_buffer *b = &o->ring[(o->first + i) % o->depth];

		if (b->iova)
			error = dma_expect(out, b);
	}
	return error;
}
