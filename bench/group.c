/* group.c - opening and closing a group: pool, crew, tables and lanes, each touched on its node. */
#include "bench/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/audit.h"
#include "bench/counters.h"
#include "bench/crew.h"
#include "bench/dma.h"
#include "bench/fit.h"
#include "bench/meeting.h"
#include "pt/sabotage.h"

#define SPARE_PAGES_PER_WORKER 80u /* what caches hold back, on top of what a round needs */

static void note_error(struct group_run *run, int error)
{
	if (error)
		at_store(&run->error, error, relaxed); /* read by the main thread after crew_run */
}

static int worker_failed(struct group_run *run, struct err *err)
{
	int error = at_load(&run->error, relaxed); /* crew_run has ordered it */

	if (!error)
		return 0;
	return err_set(err, EXIT_NO_RESOURCE, "%s: %u threads: %s", run->g->workload->name,
		       run->g->threads, error == -ENOMEM ? "no memory for table pages"
							 : strerror(-error));
}

static struct lane *lane_create(struct group_run *run, unsigned e, unsigned w)
{
	struct lane *lane = aligned_alloc(CACHE_ALIGN, sizeof(*lane));
	struct engine_run *er = &run->engines[e];

	if (!lane)
		return NULL;
	memset(lane, 0, sizeof(*lane));
	lane->pw.id = w;
	lane->pw.pages = run->caches[w];
	lane->pt = er->pt;
	lane->run = er->engine.ruler ? er->engine.run
				     : pt_handicap(&lane->handicap, &run->g->handicap, &lane->pw,
						   er->engine.run);
	lane->grace = grace_worker(er->grace, w);
	lane->perf = run->perf ? run->perf[w] : NULL;
	lane->group = run;
	lane->worker = w;
	lane->engine = e;
	lane->ops = run->ops[w];
	lane->touch = run->touch[w];
	lane->think = clock_ticks((double)run->g->think_ns);
	lane->sample_rng = stat_mix(run->g->seed + 977 * w);
	lane->window = calloc(3 + 2 * OP_KINDS + 2 * (run->g->flush != FLUSH_NONE), sizeof(*lane->window));
	if (!lane->window) {
		free(lane);
		return NULL;
	}
	for (unsigned k = 0; k < OP_KINDS; k++)
		lane->latency[k] = lane->window + 2 + k;
	for (unsigned k = 0; k < OP_KINDS; k++)
		lane->response[k] = lane->window + 2 + OP_KINDS + k;
	lane->lag = lane->window + 2 + 2 * OP_KINDS;
	lane->vain = lane->window + 1;
	if (run->g->flush != FLUSH_NONE) {
		lane->stale = lane->window + 3 + 2 * OP_KINDS;
		lane->depth = lane->stale + 1;
	}
	lane->pw.window = lane->window;
	lane->pw.vain = lane->vain;
	return lane;
}

/* Where a worker's own memory goes when its table pages may lie anywhere: beside it. */
static unsigned home_node(const struct group_run *run, unsigned os_cpu)
{
	unsigned node = plan_memory_node(run->topo, &run->g->mem, os_cpu);

	return node == MEMORY_ANY ? topology_cpu_memory(run->topo, os_cpu) : node;
}

/* On each worker's thread, so that memory is first touched where it will be used. */
static void open_worker(void *arg, unsigned w)
{
	struct group_run *run = arg;
	const struct group *g = run->g;
	size_t bytes = STRETCH_MAX * sizeof(struct pt_op);

	run->ops[w] = aligned_alloc(PAGE_BYTES, bytes);
	run->caches[w] = pool_cache_create(run->pool, home_node(run, g->cpus[w]));
	if (!run->ops[w] || !run->caches[w] || meeting_open(run, w)) {
		note_error(run, -ENOMEM);
		return;
	}
	memset(run->ops[w], 0, bytes);
	counters_open(run, w);
	for (unsigned e = 0; e < g->nengines; e++) {
		run->engines[e].lanes[w] = lane_create(run, e, w);
		if (!run->engines[e].lanes[w])
			note_error(run, -ENOMEM);
	}
	if (g->workload->cold)
		note_error(run, pool_reserve(run->caches[w],
					     g->round + SPARE_PAGES_PER_WORKER * g->threads));
}

static void open_lanes(void *arg, unsigned w)
{
	struct group_run *run = arg;

	for (unsigned e = 0; e < run->g->nengines; e++) {
		struct lane *lane = run->engines[e].lanes[w];

		lane->pt = run->engines[e].pt;
		if (run->g->workload->lane_open)
			note_error(run, run->g->workload->lane_open(lane));
	}
}

/* Worker run->position builds for the rulers; one worker at a time. */
static void prebuild_one(void *arg, unsigned w)
{
	struct group_run *run = arg;

	if (w != run->position)
		return;
	for (unsigned e = 0; e < run->g->nengines; e++)
		if (run->engines[e].engine.ruler)
			note_error(run, run->g->workload->prebuild(run->engines[e].lanes[w]));
}

static void create_table(void *arg, unsigned w)
{
	struct group_run *run = arg;
	struct engine_run *er = &run->engines[run->engine];

	if (w == 0) /* not er->engine, whose run() may have been broken */
		note_error(run, pt_create_levels(&er->pt, pt_engine_find(er->engine.name), er->levels,
						 &er->lanes[0]->pw));
}

static void destroy_table(void *arg, unsigned w)
{
	struct group_run *run = arg;
	struct engine_run *er = &run->engines[run->engine];

	if (w == 0)
		pt_destroy(er->pt, &er->lanes[0]->pw);
}

int table_open(struct group_run *run, unsigned e, struct err *err)
{
	struct engine_run *er = &run->engines[e];

	run->engine = e;
	crew_run(run->crew, create_table, run);
	if (worker_failed(run, err))
		return err->code;
	for (unsigned w = 0; w < run->g->threads; w++)
		er->lanes[w]->pt = er->pt;
	return 0;
}

static void collect_page(void *ctx, struct page_desc *page)
{
	page_list_add(ctx, page);
}

void table_close(struct group_run *run, unsigned e)
{
	struct engine_run *er = &run->engines[e];
	uint32_t id = pt_id(er->pt);
	struct page_list left = { 0 };

	for (unsigned w = 0; w < run->g->threads; w++) {
		struct lane *lane = er->lanes[w];

		if (run->g->workload->dma)
			dma_abandon(lane);
		/* the gather list is empty: every stretch ends with lane_rest() */
		lane->ripened += grace_drain(lane->grace, run->caches[w]);
	}
	run->engine = e;
	crew_run(run->crew, destroy_table, run);
	er->pt = NULL;
	pool_each(run->pool, id, collect_page, &left);
	if (left.n && !run->g->workload->unowned && er->result->verified != VERIFIED_NO)
		audit_fail(er->result, "%lu pages did not come back when the table was destroyed",
			   (unsigned long)left.n);
	for (struct page_desc *page = left.head, *next; page; page = next) { /* overlap's orphans */
		next = page->next;
		page_free(run->caches[0], page->page);
	}
	for (unsigned w = 0; w < run->g->threads; w++) {
		struct lane *lane = er->lanes[w];

		memset(&lane->pw.n, 0, sizeof(lane->pw.n));
		lane->ripened = lane->peak = 0;
	}
}

int group_prebuild(struct group_run *run, struct err *err)
{
	for (unsigned w = 0; w < run->g->threads && run->g->workload->prebuild; w++) {
		run->position = w;
		crew_run(run->crew, prebuild_one, run);
	}
	return worker_failed(run, err);
}

static int open_tables(struct group_run *run, struct err *err)
{
	const struct group *g = run->g;

	for (unsigned e = 0; e < g->nengines && !g->workload->cold; e++)
		if (table_open(run, e, err))
			return err->code;
	crew_run(run->crew, open_lanes, run);
	return group_prebuild(run, err);
}

static int open_engines(struct group_run *run, struct result *result, size_t first, struct err *err)
{
	const struct group *g = run->g;

	for (unsigned e = 0; e < g->nengines; e++) {
		struct engine_run *er = &run->engines[e];

		er->engine = *g->engines[e];
		er->result = &result->cases[first + e];
		er->levels = fit_group_levels(g, g->engines[e]);
		er->lanes = calloc(g->threads, sizeof(er->lanes[0]));
		er->grace = grace_create(g->threads);
		if (!er->lanes || !er->grace)
			return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads", g->threads);
		if (!er->engine.ruler)
			pt_break(&er->engine, g->breakage);
	}
	return 0;
}

static int open_all(struct group_run *run, struct result *result, size_t first, struct err *err)
{
	const struct group *g = run->g;
	struct pool_config config = { .zero = g->zero, .mem = g->mem.kind, .node = g->mem.node,
				      .source = g->source };
	char text[240];

	run->caches = calloc(g->threads, sizeof(run->caches[0]));
	run->ops = calloc(g->threads, sizeof(run->ops[0]));
	run->touch = calloc(g->threads, sizeof(run->touch[0]));
	if (!run->caches || !run->ops || !run->touch || counters_prepare(run))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads", g->threads);
	if (open_engines(run, result, first, err) || pool_create(&run->pool, &config, err) ||
	    crew_create(&run->crew, g->threads, g->cpus, err))
		return err->code;
	if (pool_warning(run->pool))
		result_warn(result, "%s", pool_warning(run->pool));
	for (unsigned i = 0; plan_warning(g, result->topo, i, text, sizeof(text)); i++)
		result_warn(result, "%s", text);
	crew_run(run->crew, open_worker, run);
	counters_explain(run);
	if (worker_failed(run, err))
		return err->code;
	if (g->workload->prepare && g->workload->prepare(run, err))
		return err->code;
	return open_tables(run, err);
}

int group_open(struct group_run **out, const struct group *g, struct result *result, size_t first,
	       struct err *err)
{
	struct group_run *run = aligned_alloc(CACHE_ALIGN, sizeof(*run));

	if (!run)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a group of engines");
	memset(run, 0, sizeof(*run));
	run->g = g;
	run->topo = result->topo;
	run->result = result;
	run->round = g->round;
	run->warmup = clock_ticks((double)g->warmup_ns);
	barrier_init(&run->start, g->threads);
	if (open_all(run, result, first, err)) {
		group_close(run);
		return err->code;
	}
	*out = run;
	return 0;
}

static void close_engine(struct group_run *run, struct engine_run *er)
{
	for (unsigned w = 0; er->lanes && w < run->g->threads; w++) {
		struct lane *lane = er->lanes[w];

		if (!lane)
			continue;
		if (run->g->workload->lane_close)
			run->g->workload->lane_close(lane);
		free(lane->window);
		free(lane);
	}
	free(er->lanes);
	if (er->grace)
		grace_destroy(er->grace);
}

void group_close(struct group_run *run)
{
	for (unsigned e = 0; e < run->g->nengines; e++) {
		if (run->engines[e].pt)
			table_close(run, e);
		close_engine(run, &run->engines[e]);
	}
	if (run->shared)
		run->g->workload->release(run);
	if (run->crew)
		crew_destroy(run->crew);
	for (unsigned w = 0; run->caches && w < run->g->threads; w++)
		if (run->caches[w])
			pool_cache_destroy(run->caches[w]);
	if (run->pool)
		pool_destroy(run->pool);
	for (unsigned w = 0; run->ops && w < run->g->threads; w++)
		free(run->ops[w]);
	counters_close(run);
	meeting_close(run);
	free(run->caches);
	free(run->ops);
	free(run);
}
