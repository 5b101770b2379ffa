/* plan.c - from options to groups. */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/fit.h"
#include "bench/plan_default.h"

#define LANE_TOUCHED_BYTES 16384 /* of four histograms only the pages that are recorded into */
#define GROUP_OVERHEAD_S 0.35 /* opening, calibration, audit, closing; measured on two cores */

/* Of a node that the topology has not; what this process may use of it shows when it is opened. */
static int check_mem(const struct topology *t, const struct mem_choice *mem, struct err *err)
{
	unsigned os[POOL_NODES_MAX], n = 0;
	char there[128];

	if ((mem->kind != POOL_MEM_BIND && mem->kind != POOL_MEM_DEVICE) ||
	    topology_node(t, mem->node) >= 0)
		return 0;
	while (n < t->nnodes && n < POOL_NODES_MAX) {
		os[n] = t->nodes[n].os;
		n++;
	}
	return err_set(err, EXIT_NO_RESOURCE, "--mem %s: node %u does not exist: node%s %s", mem->text,
		       mem->node, n == 1 ? "" : "s", topology_ranges(there, sizeof(there), os, n));
}

int plan_add(struct plan *plan, const struct group *g, const struct topology *topo, struct err *err)
{
	struct group *v, *copy;
	uint64_t nodes = 0;

	if (check_mem(topo, &g->mem, err) || (g->workload->check && g->workload->check(g, err)))
		return err->code;
	v = realloc(plan->groups, (plan->n + 1) * sizeof(*v));
	if (!v)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the plan");
	plan->groups = v;
	copy = &v[plan->n];
	*copy = *g;
	copy->cpus = calloc(g->threads, sizeof(copy->cpus[0]));
	if (!copy->cpus)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the plan");
	plan->n++;
	plan->ncases += g->nengines;
	if (place_cpus(topo, &g->place, g->threads, copy->cpus, err))
		return err->code;
	for (unsigned i = 0; i < g->threads; i++) {
		int node = topology_node(topo, topology_cpu_node(topo, copy->cpus[i]));

		nodes |= 1ull << (node < 0 ? 0 : node);
	}
	copy->nodes_used = (unsigned)__builtin_popcountll(nodes);
	return 0;
}

static bool has_format(const struct group *g, const char *format)
{
	for (unsigned e = 0; e < g->nengines; e++)
		if (!g->engines[e]->ruler && !strcmp(g->engines[e]->format, format))
			return true;
	return false;
}

void plan_add_rulers(struct group *g)
{
	g->engines[g->nengines++] = pt_engine_find("null");
	/* limit walks a ready 3-level tree: private pages of 4K, one a call, below 512 GiB */
	if (strcmp(g->workload->name, "private") || g->page_lg2 != 12 || g->batch != 1 ||
	    (g->threads + 1) * ((g->tables + 511) / 512) >= 512)
		return;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!strcmp(e->sync, "limit") && has_format(g, e->format))
			g->engines[g->nengines++] = e;
}

unsigned plan_levels(unsigned choice)
{
	return choice ? choice + 2 : 0; /* auto, 3, 4, … */
}

void plan_group_from(struct group *g, const struct options *o)
{
	*g = (struct group){
		.place = o->places[0], .mem = o->mems[0], .zero = o->zeros[0],
		.page_lg2 = (unsigned)o->page_size.v[0], .batch = o->batch.v[0],
		.think_ns = o->think_ns.v[0], .tables = o->tables, .round = o->round,
		.sample = o->sample, .share = o->share, .range = o->range,
		.disjoint = o->disjoint, .breakage = o->breakage, .duration_ns = o->duration_ns,
		.levels = plan_levels(o->levels[0]),
		.slice_ns = o->slice_ns, .warmup_ns = o->warmup_ns, .seed = o->seed,
	};
}

/*
 * The engines of the options that can run this group; the first is the baseline. What wants one
 * thread stays out of larger groups of a sweep that gives it one, and what has not the page size or
 * the levels out of groups of a sweep that has others; there may be none left.
 */
static int choose_engines(struct group *g, const struct options *o, bool sweeps_one,
			  struct err *err)
{
	bool left_out = false;
	struct err not_here;

	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);

		if (e->ruler)
			continue;
		if (e->single && g->threads > 1 && !sweeps_one)
			return err_set(err, EXIT_USAGE, "--engines %s wants one thread, --threads is %u; "
				       "add 1 to --threads, or name the engines without it", e->name,
				       g->threads);
		if (!fit_somewhere(o, e) && fit_format(g, e, err))
			return err->code;
		if ((e->single && g->threads > 1) || fit_format(g, e, &not_here))
			left_out = true;
		else if (fit_height(g, e, err))
			return err->code;
		else
			g->engines[g->nengines++] = e;
	}
	if (left_out && !g->nengines)
		return 0;
	if (!g->workload->cold)
		plan_add_rulers(g);
	if (!g->nengines)
		return err_set(err, EXIT_USAGE, "--engines: only rulers chosen; add an engine to measure");
	return 0;
}

/* Does how far the workload reaches matter to any engine? */
static bool any_fixed(const struct options *o)
{
	for (size_t i = 0; i < o->engines.n; i++)
		if (!pt_engine_grows(pt_engine_find(o->engines.v[i])))
			return true;
	return false;
}

/* `2,all` on two CPUs is one count. */
static void add_once(struct list_u64 *list, uint64_t v)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == v)
			return;
	list->v[list->n++] = v;
}

void plan_thread_counts(struct list_u64 *out, const struct options *o, const struct topology *topo)
{
	*out = (struct list_u64){ .n = 0 };
	for (size_t i = 0; i < o->threads.n; i++)
		add_once(out, o->threads.v[i] == THREADS_ALL ? topo->nallowed : o->threads.v[i]);
	if (out->n)
		return;
	for (uint64_t t = 1; t < topo->nallowed; t *= 2)
		out->v[out->n++] = t;
	out->v[out->n++] = topo->nallowed;
}

/* Does the sweep hold a group of one thread? */
static bool runs_alone(const struct options *o, const struct topology *topo)
{
	struct list_u64 threads;
	bool one = false, alone = false;
	const char *argument;

	plan_thread_counts(&threads, o, topo);
	for (size_t i = 0; i < threads.n; i++)
		one |= threads.v[i] == 1;
	for (size_t i = 0; i < o->workloads.n; i++)
		alone |= workload_find(o->workloads.v[i], &argument)->min_threads < 2;
	return one && alone;
}

static int section_of(const struct workload *w)
{
	return w->unowned ? 3 : w->cold ? 2 : 1;
}

/* One combination of the scalar dimensions; threads is the innermost. */
static int add_threads(struct plan *plan, struct group g, const struct options *o,
		       const struct topology *topo, struct err *err)
{
	struct list_u64 threads;
	bool sweeps_one = runs_alone(o, topo);

	plan_thread_counts(&threads, o, topo);
	for (size_t i = 0; i < threads.n; i++) {
		g.threads = (unsigned)threads.v[i];
		g.nengines = 0;
		g.reach = 0;
		if (g.threads < g.workload->min_threads) {
			if (threads.n > 1)
				continue;
			return err_set(err, EXIT_USAGE, "--workload %s wants at least %u threads",
				       g.workload->name, g.workload->min_threads);
		}
		if (any_fixed(o))
			g.reach = fit_reach(&g);
		if (choose_engines(&g, o, sweeps_one, err) ||
		    (g.nengines && plan_add(plan, &g, topo, err)))
			return err->code;
	}
	return 0;
}

static int add_sizes(struct plan *plan, struct group g, const struct options *o,
		     const struct topology *topo, struct err *err)
{
	for (size_t p = 0; p < o->page_size.n; p++)
		for (size_t b = 0; b < o->batch.n; b++)
			for (size_t t = 0; t < o->think_ns.n; t++) {
				g.page_lg2 = (unsigned)o->page_size.v[p];
				g.batch = o->batch.v[b];
				g.think_ns = o->think_ns.v[t];
				if (add_threads(plan, g, o, topo, err))
					return err->code;
			}
	return 0;
}

static int add_policies(struct plan *plan, struct group g, const struct options *o,
			const struct topology *topo, struct err *err)
{
	for (size_t p = 0; p < o->nplaces; p++)
		for (size_t m = 0; m < o->nmems; m++)
			for (size_t z = 0; z < o->nzeros; z++) {
				g.place = o->places[p];
				g.mem = o->mems[m];
				g.zero = o->zeros[z];
				if (add_sizes(plan, g, o, topo, err))
					return err->code;
			}
	return 0;
}

/* Deal a minute over groups[first..n). */
static void spread(struct plan *plan, size_t first, unsigned processes)
{
	double budget_s = 60 - GROUP_OVERHEAD_S * (double)(plan->n - first) * processes;

	for (size_t i = first; i < plan->n; i++) {
		double share_s = budget_s / (double)(plan->n - first);

		/* the bounds are what a useful interval needs, and what nobody wants to wait for */
		share_s = share_s < 1 ? 1 : share_s > 6 ? 6 : share_s;
		plan->groups[i].duration_ns = (uint64_t)(share_s * 1e9);
	}
}

static int add_sweep(struct plan *plan, const struct options *o, const struct topology *topo,
		     struct err *err)
{
	size_t first = plan->n;

	for (size_t i = 0; i < o->workloads.n; i++) {
		const char *argument;
		struct group g;

		plan_group_from(&g, o);
		g.workload = workload_find(o->workloads.v[i], &argument);
		snprintf(g.argument, sizeof(g.argument), "%s", argument);
		g.section = (unsigned)section_of(g.workload);
		if (strcmp(g.workload->name, "adjacent"))
			g.share = SHARE_ROOT;
		else if (g.share == SHARE_AUTO)
			g.share = SHARE_TABLE;
		for (size_t l = 0; l < o->nlevels; l++) {
			g.levels = plan_levels(o->levels[l]);
			if (add_policies(plan, g, o, topo, err))
				return err->code;
		}
	}
	if (!o->duration_ns)
		spread(plan, first, o->processes);
	return 0;
}

/* Pools, tables, lanes and histograms of the largest group: groups follow each other. */
static uint64_t predict_bytes(const struct group *g)
{
	uint64_t tables = g->workload->cold ? g->round * 3 / 2 : g->nengines * g->threads * (g->tables + 4);
	uint64_t lanes = (uint64_t)g->nengines * g->threads * LANE_TOUCHED_BYTES;

	return (16ull << 20) + (tables + 80ull * g->threads) * PAGE_BYTES + lanes +
	       (g->workload->cold ? g->round * 512 * sizeof(uint64_t) * 8 : 0);
}

static void predict(struct plan *plan, unsigned processes)
{
	plan->predicted_s = 0.7;
	for (size_t i = 0; i < plan->n; i++) {
		uint64_t bytes = predict_bytes(&plan->groups[i]);

		plan->predicted_s += (double)plan->groups[i].duration_ns / 1e9 +
				     GROUP_OVERHEAD_S * processes;
		if (bytes > plan->predicted_bytes)
			plan->predicted_bytes = bytes;
	}
}

int plan_build(struct plan *plan, const struct options *jobs, size_t njobs,
	       const struct topology *topo, struct err *err)
{
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < njobs; i++) {
		int code = jobs[i].preset_default ? plan_default(plan, &jobs[i], topo, err)
						  : add_sweep(plan, &jobs[i], topo, err);

		if (code) {
			plan_free(plan);
			return code;
		}
	}
	predict(plan, jobs[0].processes);
	return 0;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->groups[i].cpus);
	free(plan->groups);
	memset(plan, 0, sizeof(*plan));
}
