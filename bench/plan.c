/* plan.c - from options to groups. */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/fit.h"
#include "bench/open_loop.h"
#include "bench/option_dma.h"
#include "bench/plan_default.h"
#include "bench/plan_engines.h"
#include "bench/preset.h"

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

	if (plan_check_shape(g, err) || open_loop_check(g, err) ||
	    (g->workload->check && g->workload->check(g, err)))
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
	if (strcmp(g->workload->name, "private") || g->page_lg2 != 12 || g->mix.n || g->batch != 1 ||
	    g->share == SHARE_L2 || (g->threads + 1) * ((g->tables + 511) / 512) >= 512)
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
		.source = o->sources[0], .order = o->order,
		.page_lg2 = page_size_lg2(o->page_size.v[0]), .batch = o->batch.v[0],
		.think_ns = o->think_ns.v[0], .rate = o->rate.v[0], .pace = o->pace, .speed = o->speed,
		.tables = o->tables, .round = o->round,
		.sample = o->sample, .share = o->share, .range = o->range,
		.disjoint = o->disjoint, .ratio = o->ratio, .readers = o->readers,
		.depth = o->depth, .flush_ns = o->flush_ns, .flush_lock = o->flush_lock,
		.iova_window = o->iova_window, .buffers = buffers_of(&o->buffers),
		.lock_stat = o->lock_stat, .breakage = o->breakage,
		.handicap = o->handicap,
		.levels = plan_levels(o->levels[0]),
		.counters = o->counters == COUNTERS_AUTO, .duration_ns = o->duration_ns,
		.slice_ns = o->slice_ns, .warmup_ns = o->warmup_ns, .seed = o->seed,
	};
	g->place.smt = o->smts[0];
	g->place.oversubscribe = o->oversubscribe;
}

/* Does how far the workload reaches matter to any engine? */
static bool any_fixed(const struct options *o)
{
	for (size_t i = 0; i < o->engines.n; i++)
		if (!pt_engine_grows(pt_engine_find(o->engines.v[i])))
			return true;
	return false;
}

static bool holds(const struct list_u64 *list, uint64_t v)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == v)
			return true;
	return false;
}

/* `2,all` on two CPUs is one count. */
static void add_once(struct list_u64 *list, uint64_t v)
{
	if (!holds(list, v))
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
	all = topology_within_quota(topo, (unsigned)all);
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

/* Where a workload wants an even count, an odd `all` that nobody wrote as a number is one less. */
static void even_out(struct plan *plan, const struct workload *w, const struct options *o,
		     struct list_u64 *threads)
{
	struct list_u64 in = *threads;

	if (!w->even)
		return;
	threads->n = 0;
	for (size_t i = 0; i < in.n; i++) {
		uint64_t v = in.v[i];

		if (v % 2 && v > 1 && !holds(&o->threads, v)) {
			plan_leave_out(plan, "%s with %lu threads: it wants an even number", w->name,
				       (unsigned long)v);
			v--;
		}
		add_once(threads, v);
	}
}

/* One combination of the scalar dimensions; threads is the innermost. */
static int add_threads(struct plan *plan, struct group g, const struct options *o,
		       const struct topology *topo, struct err *err)
{
	struct list_u64 threads;
	bool sweeps_one = runs_alone(o, &g.place, topo);

	plan_thread_counts(&threads, o, &g.place, topo);
	even_out(plan, g.workload, o, &threads);
	for (size_t i = 0; i < threads.n; i++) {
		g.threads = (unsigned)threads.v[i];
		g.nengines = 0;
		g.reach = 0;
		if (g.threads < g.workload->min_threads) {
			if (threads.n > 1) {
				plan_leave_out(plan, "%s with %u thread%s: it wants at least %u",
					       g.workload->name, g.threads, g.threads == 1 ? "" : "s",
					       g.workload->min_threads);
				continue;
			}
			return err_set(err, EXIT_USAGE, "--workload %s wants at least %u threads",
				       g.workload->name, g.workload->min_threads);
		}
		if (any_fixed(o))
			g.reach = fit_reach(&g);
		if (plan_choose_engines(plan, &g, o, topo, sweeps_one, err) ||
		    (g.nengines && plan_add(plan, &g, topo, err)))
			return err->code;
	}
	return 0;
}

static unsigned smallest(const struct page_mix *mix)
{
	unsigned lg2 = mix->lg2[0];

	for (unsigned i = 1; i < mix->n; i++)
		lg2 = mix->lg2[i] < lg2 ? mix->lg2[i] : lg2;
	return lg2;
}

static int add_sizes(struct plan *plan, struct group g, const struct options *o,
		     const struct topology *topo, struct err *err)
{
	g.mix = page_mix_of(o->page_size.v, o->page_size.n);
	for (size_t p = 0; p < (g.mix.n ? 1 : o->page_size.n); p++)
		for (size_t b = 0; b < o->batch.n; b++)
			for (size_t t = 0; t < o->think_ns.n * o->rate.n; t++) {
				g.page_lg2 = g.mix.n ? smallest(&g.mix)
						     : page_size_lg2(o->page_size.v[p]);
				g.batch = o->batch.v[b];
				g.think_ns = o->think_ns.v[t / o->rate.n];
				g.rate = o->rate.v[t % o->rate.n];
				if (add_threads(plan, g, o, topo, err))
					return err->code;
			}
	return 0;
}

static int add_sources(struct plan *plan, struct group g, const struct options *o,
		       const struct topology *topo, struct err *err)
{
	for (size_t s = 0; s < o->nsources; s++) {
		g.source = o->sources[s];
		if (add_sizes(plan, g, o, topo, err))
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
			if (add_sources(plan, g, o, topo, err))
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

/* The DMA path; other workloads know nothing of it. */
static int add_paths(struct plan *plan, struct group g, const struct options *o,
		     const struct topology *topo, struct err *err)
{
	if (!g.workload->dma)
		return add_policies(plan, g, o, topo, err);
	for (size_t i = 0; i < o->niovas; i++)
		for (size_t f = 0; f < o->nflushes; f++) {
			g.iova = o->iovas[i];
			g.flush = o->flushes[f];
			if (add_policies(plan, g, o, topo, err))
				return err->code;
		}
	return 0;
}

/* Deal a minute over groups[first..n). */
static void spread(struct plan *plan, size_t first, unsigned processes)
{
	double budget_s = 60 - PLAN_GROUP_OVERHEAD_S * (double)(plan->n - first) * processes;

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
		plan_settle_shape(&g);
		for (size_t l = 0; l < o->nlevels; l++) {
			g.levels = plan_levels(o->levels[l]);
			if (add_paths(plan, g, o, topo, err))
				return err->code;
		}
	}
	if (!o->duration_ns)
		spread(plan, first, o->processes);
	return 0;
}

int plan_build(struct plan *plan, struct options *jobs, size_t njobs,
	       const struct topology *topo, struct err *err)
{
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < njobs; i++) {
		size_t first = plan->n;
		int code;

		fit_machine(&jobs[i], topo);
		if (jobs[i].left_out[0])
			plan_leave_out(plan, "%s: no place in this sweep", jobs[i].left_out);
		if (!preset_of(&jobs[i]))
			plan_note_quota(plan, &jobs[i], topo);
		if (preset_of(&jobs[i]))
			code = preset_of(&jobs[i])->plan(plan, &jobs[i], topo, err);
		else
			code = jobs[i].preset_default ? plan_default(plan, &jobs[i], topo, err)
						      : add_sweep(plan, &jobs[i], topo, err);
		for (size_t k = first; k < plan->n; k++) {
			snprintf(plan->groups[k].job, sizeof(plan->groups[k].job), "%s", jobs[i].job);
			plan->groups[k].by_default = jobs[i].preset_default;
		}
		if (!code)
			code = plan_check_any(plan, first, &jobs[i], err);
		if (code) {
			plan_free(plan);
			return code;
		}
	}
	if (plan_tell_twins(plan, err)) {
		plan_free(plan);
		return err->code;
	}
	plan_predict(plan, jobs[0].processes);
	return 0;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->groups[i].cpus);
	free(plan->groups);
	memset(plan, 0, sizeof(*plan));
}
