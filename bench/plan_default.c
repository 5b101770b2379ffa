/* plan_default.c - `iopt run` with nothing chosen: the four questions of the screen. */
#include "bench/plan_default.h"

#include <string.h>

#include "bench/plan_engines.h"

#define MINUTE_S 60.0
#define PRIVATE_SHARE 0.62 /* of the minute, for section 1 */
#define THREAD_COUNTS_MAX 6u

struct row {
	const char *workload;
	const char *engines[6]; /* NULL-terminated; the first is the baseline */
	uint64_t think_ns;
	enum range_kind range;
	unsigned section, threads; /* threads 0: all that are planned for; else at most so many */
	double share;              /* of the minute; 0: dealt out by section 1 */
	bool rulers;
};

static const struct row rows[] = {
	{ "private", { "lockless-2019", "mutex-2019", "spin-2019", "lockless" }, 0, 0, 1, 0, 0, true },
	{ "private", { "lockless-2019", "mutex-2019", "spin-2019", "lockless" }, 1000, 0, 1, 0, 0,
	  true },
	{ "replay:nvme-amd-lazy", { "lockless-2019", "mutex-2019", "spin-2019", "lockless" }, 0, 0, 2,
	  4, 0.07, false },
	{ "cursor", { "lockless-2019", "mutex-2019", "lockless" }, 1000, 0, 2, UINT32_MAX, 0.08,
	  false },
	{ "rendezvous", { "lockless-2019", "lockless" }, 0, 0, 2, UINT32_MAX, 0.03, false },
	{ "overlap", { "mutex-2019", "lockless-2019" }, 0, RANGE_64K, 3, 2, 0.025, false },
	{ "overlap", { "mutex-2019", "lockless-2019" }, 0, RANGE_3X4K, 3, 2, 0.025, false },
};

/* Of a long list keep the ends and an even spread between. */
static void thin(struct list_u64 *list)
{
	struct list_u64 kept = { .n = 0 };

	if (list->n <= THREAD_COUNTS_MAX)
		return;
	for (size_t i = 0; i < THREAD_COUNTS_MAX; i++)
		kept.v[kept.n++] = list->v[i * (list->n - 1) / (THREAD_COUNTS_MAX - 1)];
	*list = kept;
}

static uint64_t largest(const struct list_u64 *list)
{
	uint64_t max = 0;

	for (size_t i = 0; i < list->n; i++)
		max = list->v[i] > max ? list->v[i] : max;
	return max;
}

static void fill_row(struct group *g, const struct row *row, const struct options *o)
{
	const char *argument;

	plan_group_from(g, o);
	g->workload = workload_find(row->workload, &argument);
	snprintf(g->argument, sizeof(g->argument), "%s", argument);
	g->section = row->section;
	g->think_ns = row->think_ns;
	g->range = row->range;
	plan_settle_shape(g);
	g->duration_ns = (uint64_t)(row->share * MINUTE_S * 1e9);
	for (unsigned i = 0; row->engines[i]; i++)
		g->engines[g->nengines++] = pt_engine_find(row->engines[i]);
	if (row->rulers)
		plan_add_rulers(g);
}

/*
 * On two or more nodes the largest count that stayed inside one node runs again dealt over all of
 * them: the same threads, no hyperthreads more or less, only the distance differs.
 */
static int add_across(struct plan *plan, const struct row *row, const struct options *o,
		      size_t first, const struct topology *topo, struct err *err)
{
	unsigned threads = 0;
	struct group g;

	for (size_t i = first; i < plan->n; i++)
		if (plan->groups[i].nodes_used == 1 && plan->groups[i].threads > threads)
			threads = plan->groups[i].threads;
	if (topo->nnodes < 2 || threads < 2)
		return 0;
	fill_row(&g, row, o);
	g.threads = threads;
	g.place.kind = PLACE_NODE_RR;
	snprintf(g.place.text, sizeof(g.place.text), "node-rr");
	return plan_add(plan, &g, topo, err);
}

static int add_private(struct plan *plan, const struct row *row, const struct options *o,
		       const struct list_u64 *threads, const struct topology *topo, struct err *err)
{
	size_t first = plan->n;

	for (size_t i = 0; i < threads->n; i++) {
		struct group g;

		fill_row(&g, row, o);
		g.threads = (unsigned)threads->v[i];
		plan_drop_in_line(plan, &g, topo);
		if (plan_add(plan, &g, topo, err))
			return err->code;
	}
	return add_across(plan, row, o, first, topo, err);
}

static int add_other(struct plan *plan, const struct row *row, const struct options *o,
		     const struct list_u64 *threads, const struct topology *topo, struct err *err)
{
	uint64_t all = largest(threads);
	struct group g;

	fill_row(&g, row, o);
	g.threads = (unsigned)(row->threads < all ? row->threads : all);
	if (g.threads < g.workload->min_threads)
		return 0; /* the screen says what one CPU cannot show */
	plan_drop_in_line(plan, &g, topo);
	return plan_add(plan, &g, topo, err);
}

/* What the fixed rows leave of the minute goes to section 1, evenly. */
static void deal_time(struct plan *plan, size_t first, const struct options *o)
{
	double scale = o->duration_ns ? (double)o->duration_ns / (MINUTE_S * 1e9) : 1;
	size_t n = 0;

	for (size_t i = first; i < plan->n; i++)
		n += plan->groups[i].section == 1;
	for (size_t i = first; i < plan->n; i++) {
		struct group *g = &plan->groups[i];
		double s = g->section == 1 ? PRIVATE_SHARE * MINUTE_S / (double)n
					   : (double)g->duration_ns / 1e9;

		g->duration_ns = (uint64_t)(s * scale * 1e9);
	}
}

int plan_default(struct plan *plan, const struct options *o, const struct topology *topo,
		 struct err *err)
{
	size_t first = plan->n;
	struct list_u64 threads;

	plan_thread_counts(&threads, o, &o->places[0], topo);
	if (!o->threads.n)
		thin(&threads);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code = rows[i].section == 1 ? add_private(plan, &rows[i], o, &threads, topo, err)
						: add_other(plan, &rows[i], o, &threads, topo, err);

		if (code)
			return code;
	}
	deal_time(plan, first, o);
	return 0;
}
