/* dma.c - the allocators and invalidation queues of a group's engines: made, replaced, checked. */
#include "bench/dma.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/audit.h"
#include "bench/case_dma.h"
#include "bench/mix.h"
#include "bench/option_dma.h"

#define REGION_LG2 30u     /* an entry of a 3-level root */
#define SPAN_LG2 21u       /* a leaf table */
#define WINDOW (1ull << 32) /* of a group that was not planned */
#define SPACE_FLAT_LG2 39u /* of formats that do not grow: 3 levels */

struct path {
	struct iova *iova;
	struct flush *flush;
};

struct shared {
	struct path paths[GROUP_ENGINES_MAX]; /* by engine */
};

/* A group that was not planned has none. */
static const struct iova_kind *kind_of(const struct group *g)
{
	return g->iova ? g->iova : iova_kinds[0];
}

static bool is_fixed(const struct group *g)
{
	return kind_of(g) == iova_kinds[0];
}

static bool all_grow(const struct group *g)
{
	for (unsigned e = 0; e < g->nengines; e++)
		if (!g->engines[e]->ruler && !pt_engine_grows(g->engines[e]))
			return false;
	return true;
}

/* By which pages a table is built that a range will be mapped in; `leaves`: by the largest that fit. */
static unsigned piece_lg2(uint64_t at, uint64_t left, bool leaves)
{
	const unsigned larger[] = { REGION_LG2, SPAN_LG2 };

	for (unsigned i = 0; i < 2 && leaves; i++)
		if (!(at & ((1ull << larger[i]) - 1)) && left >> larger[i])
			return larger[i];
	return IOVA_PAGE_LG2;
}

/*
 * eager: a page in each table that the range's leaves will lie in is mapped and unmapped; every body keeps
 * the table that so small an unmap leaves behind. A table below a large leaf would only be in its way. What
 * it costs belongs to the allocation that asked for it.
 */
static int build_tables(void *ctx, uint64_t iova, uint64_t bytes)
{
	struct lane *lane = ctx;
	const struct dma_buffer *b = ((const struct dma_lane *)lane->own)->asked;

	for (uint64_t at = iova, left = bytes; left;) {
		unsigned lg2 = piece_lg2(at, left, b && !b->size_lg2 && b->pieces <= 1);
		uint64_t table = 1ull << (lg2 + 9), here = table - (at & (table - 1));
		uint64_t whole = left & ~((1ull << lg2) - 1); /* the rest is mapped by smaller ones */
		struct pt_op op = { .iova = at, .pa = pa_of(at), .count = 1, .kind = PT_MAP,
				    .size_lg2 = (uint8_t)lg2, .prot = PT_READ | PT_WRITE };

		lane->run(lane->pt, &lane->pw, &op, 1);
		if (op.err)
			return -ENOMEM;
		op.kind = PT_UNMAP;
		lane->run(lane->pt, &lane->pw, &op, 1);
		here = here < whole ? here : whole;
		at += here;
		left -= here;
	}
	return 0;
}

/* Where no engine's addresses end early, as far as they go; a ruler has those of the baseline. */
static unsigned space_of(const struct group *g, unsigned e)
{
	return pt_engine_grows(g->engines[g->engines[e]->ruler ? 0 : e]) ? 64 : SPACE_FLAT_LG2;
}

struct iova_config dma_iova_config(const struct group *g, unsigned e)
{
	return (struct iova_config){ .workers = g->threads,
				     .window_bytes = g->iova_window ? g->iova_window : WINDOW,
				     .space_lg2 = space_of(g, e), .prepare = build_tables };
}

/* All workers' buffers at once, if all are of the smallest size: page 0 is nobody's. */
static int check_room(const struct group *g, struct err *err)
{
	unsigned lg2 = 63;

	for (unsigned i = 0; i < g->buffers.n; i++)
		lg2 = g->buffers.lg2[i] < lg2 ? g->buffers.lg2[i] : lg2;
	for (unsigned e = 0; e < g->nengines && g->buffers.n && !is_fixed(g); e++) {
		const struct iova_config config = dma_iova_config(g, e);
		uint64_t room = iova_capacity(kind_of(g), &config);

		if (group_depth(g) * g->threads >= room >> lg2)
			return err_set(err, EXIT_USAGE, "%s: --iova %s has %lu GiB, too few for --depth %lu of "
				       "%u threads: less --depth, smaller --buffers, or another --iova",
				       g->workload->name, kind_of(g)->name, (unsigned long)(room >> 30),
				       (unsigned long)group_depth(g), g->threads);
	}
	return 0;
}

int dma_check(const struct group *g, struct err *err)
{
	const char *name = g->workload->name;

	if (check_own_pages(g, err) || check_room(g, err))
		return err->code;
	for (unsigned i = 0; i < g->buffers.n; i++)
		if (g->buffers.lg2[i] < IOVA_PAGE_LG2 || 1ull << g->buffers.lg2[i] > DMA_BYTES_MAX)
			return err_set(err, EXIT_USAGE, "%s: --buffers of 2^%u bytes; use 4K..1G", name,
				       g->buffers.lg2[i]);
	return 0;
}

int dma_no_room(const struct group *g, struct err *err)
{
	return err_set(err, EXIT_NO_RESOURCE, "%s: --iova %s found no room for a buffer of %u threads: less "
		       "--depth, smaller --buffers, %sor another --iova", g->workload->name, kind_of(g)->name,
		       g->threads, g->iova_window < IOVA_WINDOW_MAX ? "a larger --iova-window, " : "");
}

uint64_t dma_reach(const struct group *g)
{
	/* while planning nobody has asked but an engine that does not grow */
	return g->nengines && all_grow(g) ? UINT64_MAX : (1ull << SPACE_FLAT_LG2) - 1;
}

static uint64_t region_of(uint64_t n, uint64_t bytes)
{
	uint64_t region = 1ull << REGION_LG2;

	return (n * bytes + region - 1) & ~(region - 1);
}

uint64_t dma_fixed(unsigned worker, uint64_t n, uint64_t bytes, uint64_t i)
{
	return region_of(n, bytes) * (1 + worker) + i * bytes;
}

uint64_t dma_reach_of(const struct group *g, uint64_t n, uint64_t bytes)
{
	return is_fixed(g) ? region_of(n, bytes) * (1 + g->threads) - 1 : dma_reach(g);
}

static int open_path(const struct group_run *run, unsigned e, struct path *path)
{
	const struct group *g = run->g;
	const struct iova_config iova = dma_iova_config(g, e);
	const struct flush_config flush = { .kind = g->flush, .lock = g->flush_lock,
					    .workers = g->threads, .latency_ns = g->flush_ns,
					    .command_ns = DMA_COMMAND_NS };
	int error = iova_create(&path->iova, kind_of(g), &iova);

	return error ? error : flush_create(&path->flush, &flush);
}

static void close_path(struct path *path)
{
	if (path->flush)
		flush_destroy(path->flush);
	if (path->iova)
		iova_destroy(path->iova);
	*path = (struct path){ 0 };
}

int dma_prepare(struct group_run *run, struct err *err)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	run->shared = shared;
	for (unsigned e = 0; shared && e < run->g->nengines; e++) {
		int error = open_path(run, e, &shared->paths[e]);

		if (error == -EINVAL)
			return err_set(err, EXIT_USAGE, "%s: --iova-window of 0x%lx bytes; use a power of two "
				       "1M..4G", run->g->workload->name, (unsigned long)run->g->iova_window);
		if (error)
			return err_set(err, EXIT_NO_RESOURCE, "%s: no memory for the allocators of %u threads",
				       run->g->workload->name, run->g->threads);
	}
	return shared ? 0 : err_set(err, EXIT_NO_RESOURCE, "no memory for allocators");
}

/* What engine e's allocator and queue counted, onto its case. */
static void keep_counts(struct group_run *run, unsigned e)
{
	struct path *path = &((struct shared *)run->shared)->paths[e];
	struct dma_result *d = &run->engines[e].result->dma;

	if (!path->iova || !path->flush)
		return;
	for (unsigned w = 0; w < run->g->threads; w++)
		dma_count_add(d, &iova_worker(path->iova, w)->n, &flush_worker(path->flush, w)->n);
	d->iova_cached_pages = iova_cached(path->iova);
}

void dma_release(struct group_run *run)
{
	struct shared *shared = run->shared;

	for (unsigned e = 0; e < run->g->nengines; e++) {
		keep_counts(run, e);
		close_path(&shared->paths[e]);
	}
	free(shared);
	run->shared = NULL;
}

static void join(struct dma_lane *d)
{
	struct lane *lane = d->lane;
	struct path *path = &((struct shared *)lane->group->shared)->paths[lane->engine];

	d->iova = iova_worker(path->iova, lane->worker);
	d->iova->ctx = lane;
	d->flush = flush_worker(path->flush, lane->worker);
}

static void leave(struct dma_lane *d)
{
	d->iova = NULL;
	d->flush = NULL;
}

int dma_reset(struct group_run *run, unsigned e)
{
	struct path *path = &((struct shared *)run->shared)->paths[e];
	int error;

	keep_counts(run, e);
	for (unsigned w = 0; w < run->g->threads; w++) /* what goes away, should there be no other */
		leave(run->engines[e].lanes[w]->own);
	close_path(path);
	error = open_path(run, e, path);
	for (unsigned w = 0; w < run->g->threads && !error; w++)
		join(run->engines[e].lanes[w]->own);
	return error;
}

int dma_lane_open(struct dma_lane *d, struct lane *lane)
{
	d->lane = lane;
	join(d);
	return 0;
}

/* Main thread: iova_drain() is not called, so magazines stay as full as they are. */
void dma_audit_empty(struct group_run *run, unsigned e)
{
	struct case_result *c = run->engines[e].result;
	struct path *path = &((struct shared *)run->shared)->paths[e];
	uint64_t allocated = 0, freed = 0, pending = 0;

	for (unsigned w = 0; w < run->g->threads; w++) {
		const struct iova_count *n = &iova_worker(path->iova, w)->n;

		allocated += n->pages_allocated;
		freed += n->pages_freed;
		pending += flush_pending(flush_worker(path->flush, w));
	}
	if (pending)
		audit_fail(c, "invalidation: %lu ranges wait in queues though all were flushed",
			   (unsigned long)pending);
	if (allocated != freed)
		audit_fail(c, "allocator: %lu pages were given out and %lu came back, though nothing is mapped",
			   (unsigned long)allocated, (unsigned long)freed);
}
