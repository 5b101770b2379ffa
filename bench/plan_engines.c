/* plan_engines.c - names and walks become engines. */
#include "bench/plan_engines.h"

#include <string.h>

#include "bench/fit.h"
#include "bench/plan_default.h"

static void add_once(const struct pt_engine **chosen, unsigned *n, const struct pt_engine *e)
{
	for (unsigned i = 0; i < *n; i++)
		if (chosen[i] == e)
			return;
	chosen[(*n)++] = e;
}

static int add_walks(const struct options *o, const struct pt_engine *e,
		     const struct pt_engine **chosen, unsigned *n, struct err *err)
{
	for (size_t i = 0; i < o->nwalks; i++) {
		const char *walk = walk_name(o->walks[i]);
		const struct pt_engine *other = pt_engine_walking(e, walk);

		if (!other)
			return err_set(err, EXIT_USAGE, "--walk %s: %s has none: its body, %s, %s; name "
				       "modern engines only, or leave --walk out and name `NAME-rewalk` "
				       "in --engines", walk, e->name, e->body,
				       strcmp(e->walk, "re-walk")
				       ? "walks in one way only"
				       : "starts over from the root for every page, that is what it is");
		add_once(chosen, n, other);
	}
	return 0;
}

int plan_engines(const struct options *o, const struct pt_engine **chosen, unsigned *n,
		 struct err *err)
{
	*n = 0;
	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);

		if (e->ruler)
			continue;
		if (!o->nwalks)
			add_once(chosen, n, e);
		else if (add_walks(o, e, chosen, n, err))
			return err->code;
	}
	return 0;
}

static void note_format(struct plan *plan, const struct group *g, const struct pt_engine *e)
{
	char page[MIX_TEXT_MAX];

	if (g->levels > pt_engine_levels_max(e))
		plan_leave_out(plan, "%s with --levels %u: its tables have at most %u", e->name, g->levels,
			       pt_engine_levels_max(e));
	else
		plan_leave_out(plan, "%s in %s of %s pages: its format lacks a size", e->name,
			       g->workload->name,
			       page_mix_show(page, sizeof(page), &g->mix, 1ull << g->page_lg2));
}

/* Is this engine to stay out of this group, though it is in others? 1 yes, 0 no, < 0: err. */
static int stays_out(struct plan *plan, const struct group *g, const struct options *o,
		     const struct pt_engine *e, bool sweeps_one, struct err *err)
{
	struct err not_here;

	if (e->single && g->threads > 1 && !sweeps_one) {
		err_set(err, EXIT_USAGE, "--engines %s wants one thread, --threads is %u; add 1 to "
			"--threads, or name the engines without it", e->name, g->threads);
		return -1;
	}
	if (!fit_somewhere(o, e) && fit_format(g, e, err))
		return -1;
	if (e->single && g->threads > 1) {
		plan_leave_out(plan, "%s with more than one thread", e->name);
		return 1;
	}
	if (fit_format(g, e, &not_here)) {
		note_format(plan, g, e);
		return 1;
	}
	return fit_height(g, e, err) ? -1 : 0;
}

static bool shares_cpus(const struct group *g, const struct topology *topo)
{
	return g->place.oversubscribe && g->threads > place_capacity(topo, &g->place);
}

void plan_drop_in_line(struct plan *plan, struct group *g, const struct topology *topo)
{
	unsigned kept = 0;

	for (unsigned e = 0; e < g->nengines; e++) {
		bool out = pt_engine_in_line(g->engines[e]) && shares_cpus(g, topo);

		if (out)
			plan_leave_out(plan, "%s with more threads than CPUs: each hand-off of its lock "
				       "waits for a scheduler turn", g->engines[e]->name);
		else
			g->engines[kept++] = g->engines[e];
	}
	g->nengines = kept;
}

/* Each beside itself, so that the two take turns like any other pair. */
static void double_engines(struct group *g)
{
	for (unsigned e = g->nengines; e-- > 0;) {
		g->engines[2 * e] = g->engines[2 * e + 1] = g->engines[e];
		g->again[2 * e] = false;
		g->again[2 * e + 1] = true;
	}
	g->nengines *= 2;
}

int plan_choose_engines(struct plan *plan, struct group *g, const struct options *o,
			const struct topology *topo, bool sweeps_one, struct err *err)
{
	const struct pt_engine *chosen[GROUP_ENGINES_MAX];
	unsigned n = 0;
	bool left_out = false;

	if (plan_engines(o, chosen, &n, err))
		return err->code;
	for (unsigned i = 0; i < n; i++) {
		int out;

		if (pt_engine_in_line(chosen[i]) && shares_cpus(g, topo) && !fit_cpus(o, topo))
			return err_set(err, EXIT_USAGE, "--engines %s with %u threads on fewer CPUs: its lock "
				       "is handed over in line, so each hand-off waits for a scheduler turn, "
				       "without end; use fewer --threads, or name the engines without it",
				       chosen[i]->name, g->threads);
		out = stays_out(plan, g, o, chosen[i], sweeps_one, err);

		if (out < 0)
			return err->code;
		left_out |= out;
		if (!out)
			g->engines[g->nengines++] = chosen[i];
	}
	n = g->nengines;
	plan_drop_in_line(plan, g, topo);
	left_out |= n != g->nengines;
	memset(g->again, 0, sizeof(g->again));
	if (o->aa)
		double_engines(g);
	if (left_out && !g->nengines)
		return 0;
	if (!g->workload->cold)
		plan_add_rulers(g);
	if (!g->nengines)
		return err_set(err, EXIT_USAGE, "--engines: only rulers chosen; add an engine to measure");
	return 0;
}
