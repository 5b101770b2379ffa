/* Section 1: what the lock costs. A row per group; the locks beside the lockless baseline. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

#define LOCK_COLUMNS 2u

/* The locks that get a column: the first that differ from their baseline in sync alone. */
struct columns {
	const struct pt_engine *lock[LOCK_COLUMNS];
	unsigned n;
};

static bool in_section(const struct screen *s, size_t i)
{
	return screen_section(s, &s->r->cases[i]) == 1;
}

static bool has_column(const struct columns *columns, const struct pt_engine *e)
{
	for (unsigned k = 0; k < columns->n; k++)
		if (!strcmp(columns->lock[k]->name, e->name))
			return true;
	return false;
}

static struct columns choose_columns(const struct screen *s)
{
	const struct result *r = s->r;
	struct columns columns = { .n = 0 };
	char differs[64];

	for (size_t a = 0; a < r->ncases; a++) {
		if (!in_section(s, a) || !is_baseline(r, a))
			continue;
		for (size_t b = a + 1; b < r->ncases && columns.n < LOCK_COLUMNS; b++) {
			const struct case_result *c = &r->cases[b];

			if (c->group == r->cases[a].group && engine_locks(c->engine) &&
			    !has_column(&columns, c->engine) &&
			    case_differs(&r->cases[a], c, differs, sizeof(differs)) == 1)
				columns.lock[columns.n++] = c->engine;
		}
	}
	return columns;
}

/* The case of `engine` in the group of case a; r->ncases: none. */
static size_t beside(const struct result *r, size_t a, const struct pt_engine *engine)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == r->cases[a].group &&
		    !strcmp(r->cases[i].engine->name, engine->name))
			return i;
	return r->ncases;
}

static void print_heading(const struct screen *s, const struct columns *columns, size_t a)
{
	char title[32];

	fprintf(s->out, "   %7s  %-12s %6s %10s", "threads", "where", "think",
		s->r->cases[a].engine->sync);
	for (unsigned k = 0; k < columns->n; k++) {
		snprintf(title, sizeof(title), "%.10s adds [95 %%]", columns->lock[k]->sync);
		fprintf(s->out, "   %-21s", title);
	}
	fprintf(s->out, "   fair\n");
}

static void print_lock(const struct screen *s, size_t a, const struct pt_engine *lock, double *fair)
{
	const struct result *r = s->r;
	size_t b = beside(r, a, lock);
	const struct comparison *cmp = b < r->ncases ? find_comparison(r, a, b) : NULL;
	char text[48];

	if (b == r->ncases || (!cmp && !case_withheld(&r->cases[b]))) {
		fprintf(s->out, "   %-21s", "-");
		return;
	}
	if (case_withheld(&r->cases[b])) {
		fprintf(s->out, "   %-21s", "withheld, see audit");
		return;
	}
	fprintf(s->out, "   %-21s", show_added(text, sizeof(text), &cmp->added_ns));
	*fair = fmin(*fair, r->cases[b].jain);
}

static void print_row(const struct screen *s, const struct columns *columns, size_t a)
{
	const struct case_result *c = &s->r->cases[a];
	double fair = c->jain;
	char where[32], think[24], ns[32];

	show_think(think, sizeof(think), c->think_ns);
	if (!c->think_ns)
		strcpy(think, "0 sat");
	fprintf(s->out, "   %7u  %-12.12s %6s %10s", c->threads, show_where(where, sizeof(where), c),
		think, case_withheld(c) ? "withheld" : show_ns(ns, sizeof(ns), c->busy_ns_per_op));
	for (unsigned k = 0; k < columns->n; k++)
		print_lock(s, a, columns->lock[k], &fair);
	if (isfinite(fair))
		fprintf(s->out, "   %.2f\n", fair);
	else
		fprintf(s->out, "   -\n");
}

/* Engines without a column, where fewest and most threads meet no think time. */
static void print_others(const struct screen *s, const struct columns *columns, size_t a)
{
	const struct result *r = s->r;
	const struct case_result *base = &r->cases[a];
	char ns[32], ratio[48];

	for (size_t b = a + 1; b < r->ncases; b++) {
		const struct case_result *c = &r->cases[b];
		const struct comparison *cmp;
		struct flow flow;

		if (c->group != base->group || c->engine->ruler || has_column(columns, c->engine))
			continue;
		cmp = find_comparison(r, a, b);
		if (!cmp)
			continue;
		flow = flow_begin(s, strcmp(c->engine->body, base->engine->body) ? "   modern body  "
										   : "   also  ", ", ");
		flow_add(&flow, "%s, %u thread%s, think 0: %s an op", c->engine->sync, c->threads,
			 c->threads == 1 ? "" : "s", show_ns(ns, sizeof(ns), c->busy_ns_per_op));
		flow_add(&flow, "%s of %s", show_ratio(ratio, sizeof(ratio), &cmp->ratio),
			 short_name(base->engine));
		/* which the lead has said; the walk matters where a call has several pages */
		if (strcmp(cmp->differs, "body") && strcmp(cmp->differs, "body,walk"))
			flow_add(&flow, "differs: %s", cmp->differs);
		flow_end(&flow);
	}
}

static void add_knee(struct flow *flow, const struct knee *knee)
{
	char think[24], cost[48];

	if (!knee->below_5_percent)
		snprintf(cost, sizeof(cost), "costs 5 %% or more from the start");
	else
		snprintf(cost, sizeof(cost), "below 5 %% up to %s%u thread%s",
			 knee->below_5_percent == knee->measured_to ? "all " : "",
			 knee->below_5_percent, knee->below_5_percent == 1 ? "" : "s");
	show_think(think, sizeof(think), knee->think_ns);
	if (knee->saturated)
		flow_add(flow, "%s think: %s, saturated from %u", think, cost, knee->saturated);
	else
		flow_add(flow, "%s think: %s, not saturated", think, cost);
}

bool screen_knees(const struct screen *s, const char *lead, const struct pt_engine *engine)
{
	const struct pt_engine *baseline = NULL;
	struct flow flow;
	bool begun = false;

	for (size_t i = 0; i < s->r->nknees; i++) {
		if (strcmp(s->r->knees[i].engine->name, engine->name))
			continue;
		if (!begun)
			flow = flow_begin(s, lead, " | ");
		begun = true;
		baseline = s->r->knees[i].baseline;
		add_knee(&flow, &s->r->knees[i]);
	}
	if (begun && !s->standard) /* the title of section 1 says it */
		flow_add(&flow, "against %s", short_name(baseline));
	if (begun)
		flow_end(&flow);
	return begun;
}

static void print_knees(const struct screen *s, const struct columns *columns)
{
	bool begun = false;
	char lead[40];

	for (unsigned k = 0; k < columns->n; k++) {
		snprintf(lead, sizeof(lead), "   %-6s%-7s", begun ? "" : "knee",
			 columns->lock[k]->sync);
		begun |= screen_knees(s, lead, columns->lock[k]);
	}
}

static void add_tail(struct flow *flow, const struct case_result *c, double pair_ns)
{
	char p99[16], p999[16];

	flow_add(flow, "%s %s/%s", c->engine->sync,
		 show_quantile(p99, sizeof(p99), c->latency[OP_MAP], 0.99, pair_ns),
		 show_quantile(p999, sizeof(p999), c->latency[OP_MAP], 0.999, pair_ns));
}

static void print_tail(const struct screen *s, const struct columns *columns, size_t a)
{
	const struct result *r = s->r;
	const struct case_result *c = &r->cases[a], *slowest = c;
	double pair_ns = r->ruler.clock.pair_ns;
	struct flow flow = flow_begin(s, "   tail  ", ", ");
	char text[24], where[32];

	flow_add(&flow, "%u thread%s on %s, think %s, p99/p99.9 of map: ", c->threads,
		 c->threads == 1 ? "" : "s", show_where(where, sizeof(where), c),
		 show_think(text, sizeof(text), c->think_ns));
	flow.begun = false; /* what follows the colon needs no comma */
	if (!case_withheld(c))
		add_tail(&flow, c, pair_ns);
	for (unsigned k = 0; k < columns->n; k++) {
		size_t b = beside(r, a, columns->lock[k]);

		if (b == r->ncases || case_withheld(&r->cases[b]))
			continue;
		add_tail(&flow, &r->cases[b], pair_ns);
		if (!(slowest->longest_wait_ns >= r->cases[b].longest_wait_ns))
			slowest = &r->cases[b];
	}
	if (isfinite(slowest->longest_wait_ns))
		flow_add(&flow, "longest wait %s (%s)",
			 show_ns(text, sizeof(text), slowest->longest_wait_ns), slowest->engine->sync);
	flow_end(&flow);
}

static void print_limits(const struct screen *s)
{
	const struct topology *t = s->r->topo;
	unsigned cpus = t ? topology_within_quota(t, t->nallowed) : 0;
	struct flow flow;

	if (!t || (t->nnodes > 1 && cpus > 2))
		return;
	flow = flow_begin(s, "   not shown  ", "; ");
	if (t->nnodes < 2)
		flow_add(&flow, "what distance between NUMA nodes adds: this machine has one");
	if (cpus <= 2)
		flow_add(&flow, "contention of more than %u thread%s: %s no more CPUs", cpus,
			 cpus == 1 ? "" : "s", cpus < t->nallowed ? "its control group grants" : "it has");
	flow_end(&flow);
}

static void print_details(const struct screen *s, const struct columns *columns, unsigned fewest,
			  unsigned most)
{
	const struct result *r = s->r;

	for (size_t a = 0; a < r->ncases; a++)
		if (in_section(s, a) && is_baseline(r, a) && !r->cases[a].think_ns &&
		    (r->cases[a].threads == fewest || r->cases[a].threads == most))
			print_others(s, columns, a);
	print_knees(s, columns);
	screen_scaling_line(s);
	for (size_t a = 0; a < r->ncases; a++)
		if (in_section(s, a) && is_baseline(r, a) && r->cases[a].threads == most)
			print_tail(s, columns, a);
	print_limits(s);
}

void screen_lock(const struct screen *s)
{
	const struct result *r = s->r;
	struct columns columns = choose_columns(s);
	unsigned fewest = UINT32_MAX, most = 0;
	bool thought = false;
	char page[16];

	for (size_t a = 0; a < r->ncases; a++) {
		const struct case_result *c = &r->cases[a];

		if (!in_section(s, a) || !is_baseline(r, a))
			continue;
		if (!most) {
			screen_title(s, "1  WHAT THE LOCK COSTS",
				     "%s body in all columns, %s map+unmap, warm, only the root shared",
				     c->engine->body, show_bytes(page, sizeof(page), c->page_bytes));
			print_heading(s, &columns, a);
		}
		print_row(s, &columns, a);
		thought |= c->think_ns > 0;
		most = c->threads > most ? c->threads : most;
		fewest = c->threads < fewest ? c->threads : fewest;
	}
	if (!most)
		return;
	fprintf(s->out, "   sat: nothing done between operations, a saturation figure; "
			"fair: Jain's index, lowest in the row\n");
	if (thought)
		fprintf(s->out, "   with think time each op is timed by itself: its ns include part of a "
				"pair of stamps\n");
	print_details(s, &columns, fewest, most);
}
