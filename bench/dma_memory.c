/*
 * dma_memory.c - how much memory the DMA path of a group takes: an upper bound for the plan, from how many
 * ranges are given out at once and how large they are.
 */
#include <string.h>

#include "bench/dma.h"
#include "bench/mix.h"

#define TABLE_LG2 21u  /* span of a leaf table */
#define ABOVE_LG2 30u  /* … and of a table of large leaves */
#define LIST_BYTES 256u /* `storage`: of a request, and its place in the order */

/* What the group's buffers are, the smallest and the largest; bytes, log2. */
struct sizes {
	unsigned least, most;
};

static struct sizes sizes_of(const struct group *g)
{
	struct sizes s = { IOVA_PAGE_LG2, g->workload->buffer_lg2 };

	if (s.most >= ABOVE_LG2)
		s.least = TABLE_LG2; /* bulk */
	for (unsigned i = 0; i < g->buffers.n; i++) {
		unsigned lg2 = g->buffers.lg2[i];

		s.least = i && s.least < lg2 ? s.least : lg2;
		s.most = i && s.most > lg2 ? s.most : lg2;
	}
	return s;
}

/* Given out at once: what is mapped, and what waits in lazy queues. */
static uint64_t ranges_of(const struct group *g)
{
	return g->threads * (group_depth(g) + (g->flush == FLUSH_LAZY ? FLUSH_QUEUE : 0));
}

/* Tables that leaves lie in, of one engine. Twice, for holes and for what is above them. */
static uint64_t tables_of(const struct group *g, const struct iova_config *config)
{
	struct sizes s = sizes_of(g);
	bool small = g->workload->paged || s.least < TABLE_LG2;
	unsigned span = small ? TABLE_LG2 : ABOVE_LG2;
	uint64_t ranges = ranges_of(g), n = (ranges << s.most >> span) + 1;

	if (!g->workload->paged && n > ranges) /* one that is large has no table to itself */
		n = ranges;
	if (!strcmp(g->iova->name, "fixed"))
		n = g->workload->reach(g) >> span;
	if (!strcmp(g->iova->name, "bitmap")) /* goes round the window */
		n += config->window_bytes >> span;
	if (g->iova->eager && small) /* a magazine of each order, for each worker */
		n += 32ull * g->threads;
	return 2 * n + 8ull * g->threads;
}

/* Histograms of the model and of a schedule: a lane's, and the case's. */
static uint64_t histogram_bytes(const struct group *g)
{
	uint64_t n = (g->flush != FLUSH_NONE ? 2 : 0) + (g->rate ? 1 + OP_KINDS : 0);

	return n * (g->threads + 1) * sizeof(struct histogram);
}

uint64_t dma_bytes(const struct group *g)
{
	uint64_t depth = group_depth(g) * g->threads, ranges = ranges_of(g);
	uint64_t buffer = sizeof(struct dma_buffer) + (g->workload->paged ? LIST_BYTES : 0) + sizeof(void *);
	/* an audit's list grows by halves; the census is one engine's, written down and sorted */
	uint64_t bytes = 3 * depth * sizeof(struct extent) +
			 3ull * g->threads * sizeof(struct census_log);

	for (unsigned e = 0; e < g->nengines; e++) {
		const struct iova_config config = dma_iova_config(g, e);

		bytes += depth * buffer + histogram_bytes(g) +
			 iova_bytes(g->iova, &config, ranges, 1ull << (sizes_of(g).most - IOVA_PAGE_LG2));
		if (g->flush == FLUSH_LAZY)
			bytes += 64ull * FLUSH_QUEUE * g->threads;
		if (!g->engines[e]->ruler)
			bytes += tables_of(g, &config) * PAGE_BYTES;
	}
	return bytes;
}
