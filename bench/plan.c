/* plan.c - from options to groups. */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan_default.h"

#define LANE_TOUCHED_BYTES 16384 /* of four histograms only the pages that are recorded into */
#define GROUP_OVERHEAD_S 0.35 /* opening, calibration, audit, closing; measured on two cores */

/* The distinct nodes that the CPUs are on. */
static unsigned count_nodes(const struct topology *topo, const unsigned *cpus, unsigned n)
{
	unsigned nodes = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;

		while (k < i && topology_cpu_node(topo, cpus[k]) != topology_cpu_node(topo, cpus[i]))
			k++;
		nodes += k == i;
	}
	return nodes;
}

int plan_add(struct plan *plan, const struct group *g, const struct topology *topo, struct err *err)
{
	struct group *v, *copy;

	if (g->workload->check && g->workload->check(g, err))
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
	copy->nodes_used = count_nodes(topo, copy->cpus, g->threads);
	copy->oversubscribed = g->threads > place_capacity(topo, &g->place);
	return plan_check_memory(topo, &g->mem, copy->cpus, g->threads, err);
}

void plan_add_rulers(struct group *g)
{
	g->engines[g->nengines++] = pt_engine_find("null");
	/* limit walks a ready 3-level tree: private pages of 4K, one a call, below 512 GiB */
	if (!strcmp(g->workload->name, "private") && g->page_lg2 == 12 && g->batch == 1 &&
	    (g->threads + 1) * ((g->tables + 511) / 512) < 512)
		g->engines[g->nengines++] = pt_engine_find("limit");
}

void plan_group_from(struct group *g, const struct options *o)
{
	*g = (struct group){
		.place = o->places[0], .mem = o->mems[0], .zero = o->zeros[0],
		.page_lg2 = (unsigned)o->page_size.v[0], .batch = o->batch.v[0],
		.think_ns = o->think_ns.v[0], .tables = o->tables, .round = o->round,
		.sample = o->sample, .share = o->share, .range = o->range,
		.disjoint = o->disjoint, .breakage = o->breakage, .duration_ns = o->duration_ns,
		.slice_ns = o->slice_ns, .warmup_ns = o->warmup_ns, .seed = o->seed,
	};
	g->place.smt = o->smts[0];
	g->place.oversubscribe = o->oversubscribe;
}

/*
 * The engines of the options that can run this group; the first is the baseline. What wants one
 * thread stays out of larger groups of a sweep that gives it one; there may be none left.
 */
static int choose_engines(struct group *g, const struct options *o, bool sweeps_one,
			  struct err *err)
{
	bool left_out = false;

	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);

		if (e->ruler)
			continue;
		if (e->single && g->threads > 1 && !sweeps_one)
			return err_set(err, EXIT_USAGE, "--engines %s wants one thread, --threads is %u; "
				       "add 1 to --threads, or name the engines without it", e->name,
				       g->threads);
		if (e->single && g->threads > 1)
			left_out = true;
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

/* `2,all` on two CPUs is one count. */
static void add_once(struct list_u64 *list, uint64_t v)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == v)
			return;
	list->v[list->n++] = v;
}

void plan_thread_counts(struct list_u64 *out, const struct options *o, const struct place *place,
			const struct topology *topo)
{
	uint64_t all = place_capacity(topo, place);

	all = all ? all : 1; /* to be told why it cannot be */
	*out = (struct list_u64){ .n = 0 };
	for (size_t i = 0; i < o->threads.n; i++)
		add_once(out, o->threads.v[i] == THREADS_ALL ? all : o->threads.v[i]);
	if (out->n)
		return;
	for (uint64_t t = 1; t < all; t *= 2)
		out->v[out->n++] = t;
	out->v[out->n++] = all;
}

/* Does the sweep hold a group of one thread? */
static bool runs_alone(const struct options *o, const struct place *place,
		       const struct topology *topo)
{
	struct list_u64 threads;
	bool one = false, alone = false;
	const char *argument;

	plan_thread_counts(&threads, o, place, topo);
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
	bool sweeps_one = runs_alone(o, &g.place, topo);

	plan_thread_counts(&threads, o, &g.place, topo);
	for (size_t i = 0; i < threads.n; i++) {
		g.threads = (unsigned)threads.v[i];
		g.nengines = 0;
		if (g.threads < g.workload->min_threads) {
			if (threads.n > 1)
				continue;
			return err_set(err, EXIT_USAGE, "--workload %s wants at least %u threads",
				       g.workload->name, g.workload->min_threads);
		}
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

static int add_memory(struct plan *plan, struct group g, const struct options *o,
		      const struct topology *topo, struct err *err)
{
	for (size_t m = 0; m < o->nmems; m++)
		for (size_t z = 0; z < o->nzeros; z++) {
			g.mem = o->mems[m];
			g.zero = o->zeros[z];
			if (add_sizes(plan, g, o, topo, err))
				return err->code;
		}
	return 0;
}

static int add_policies(struct plan *plan, struct group g, const struct options *o,
			const struct topology *topo, struct err *err)
{
	for (size_t p = 0; p < o->nplaces; p++)
		for (size_t s = 0; s < o->nsmts; s++) {
			g.place = o->places[p];
			g.place.smt = o->smts[s];
			g.place.oversubscribe = o->oversubscribe;
			if (add_memory(plan, g, o, topo, err))
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
		if (add_policies(plan, g, o, topo, err))
			return err->code;
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
