/* Section 1: what the lock costs. A row per group; the locks beside the lockless baseline. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

#define LOCKS_MAX 8u
#define LOCKS_NARROW 2u /* more have their columns where there is room */

/* The locks that get a column: the first that differ from their baseline in sync alone. */
struct locks {
	const struct pt_engine *lock[LOCKS_MAX];
	unsigned n;
};

static bool in_section(const struct screen *s, size_t i)
{
	return screen_section(s, &s->r->cases[i]) == 1;
}

static bool has_column(const struct locks *locks, const struct pt_engine *e)
{
	for (unsigned k = 0; k < locks->n; k++)
		if (!strcmp(locks->lock[k]->name, e->name))
			return true;
	return false;
}

static struct locks choose_locks(const struct screen *s)
{
	const struct result *r = s->r;
	const unsigned most = s->terminal.width < TERMINAL_ROOMY ? LOCKS_NARROW : LOCKS_MAX;
	struct locks locks = { .n = 0 };
	char differs[64];

	for (size_t a = 0; a < r->ncases; a++) {
		if (!in_section(s, a) || !is_baseline(r, a))
			continue;
		for (size_t b = a + 1; b < r->ncases && locks.n < most; b++) {
			const struct case_result *c = &r->cases[b];

			if (c->group == r->cases[a].group && engine_locks(c->engine) &&
			    !has_column(&locks, c->engine) &&
			    case_differs(&r->cases[a], c, differs, sizeof(differs)) == 1)
				locks.lock[locks.n++] = c->engine;
		}
	}
	return locks;
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

static void put_lock(const struct screen *s, struct columns *t, size_t a, const struct pt_engine *lock,
		     double *fair)
{
	const struct result *r = s->r;
	size_t b = beside(r, a, lock);
	const struct comparison *cmp = b < r->ncases ? find_comparison(r, a, b) : NULL;
	char text[48];

	if (b == r->ncases || (!cmp && !case_withheld(&r->cases[b]))) {
		columns_cell(t, "-");
		return;
	}
	if (case_withheld(&r->cases[b])) {
		columns_paint(t, PAINT_WORSE, "withheld, see audit");
		return;
	}
	columns_cell(t, "%s", show_added(text, sizeof(text), &cmp->added_ns));
	*fair = fmin(*fair, r->cases[b].jain);
}

static void put_row(const struct screen *s, struct columns *t, const struct locks *locks, size_t a)
{
	const struct case_result *c = &s->r->cases[a];
	bool withheld = case_withheld(c);
	double fair = c->jain;
	char text[32];

	columns_row(t);
	columns_cell(t, "%u", c->threads);
	columns_cell(t, "%s", show_where(text, sizeof(text), c));
	columns_cell(t, "%s", c->think_ns ? show_think(text, sizeof(text), c->think_ns) : "0 sat");
	columns_paint(t, withheld ? PAINT_WORSE : PAINT_NONE, "%s",
		      withheld ? "withheld" : show_ns(text, sizeof(text), c->busy_ns_per_op));
	for (unsigned k = 0; k < locks->n; k++)
		put_lock(s, t, a, locks->lock[k], &fair);
	if (isfinite(fair))
		columns_cell(t, "%.2f", fair);
	else
		columns_cell(t, "-");
}

static void print_rows(const struct screen *s, const struct locks *locks, const char *baseline)
{
	struct column column[5 + LOCKS_MAX] = {
		{ .title = "threads", .align = COLUMNS_RIGHT, .least = 7 },
		{ .title = "where", .least = 12 },
		{ .title = "think", .align = COLUMNS_RIGHT, .least = 5 },
		{ .title = baseline, .align = COLUMNS_RIGHT, .least = 9 },
	};
	char title[LOCKS_MAX][32];
	struct columns t;

	for (unsigned k = 0; k < locks->n; k++) {
		snprintf(title[k], sizeof(title[k]), "%.10s adds [95 %%]", locks->lock[k]->sync);
		column[4 + k] = (struct column){ .title = title[k], .least = 21, .gap = 3, .fold = true,
						 .under = !k };
	}
	column[4 + locks->n] = (struct column){ .title = "fair", .gap = 3 };
	t = screen_columns(s, column, 5 + locks->n, 3);
	for (size_t a = 0; a < s->r->ncases; a++)
		if (in_section(s, a) && is_baseline(s->r, a))
			put_row(s, &t, locks, a);
	columns_end(&t);
}

/* Engines without a column, where fewest and most threads meet no think time. */
static void print_others(const struct screen *s, const struct locks *locks, size_t a)
{
	const struct result *r = s->r;
	const struct case_result *base = &r->cases[a];
	char ns[32], ratio[48];

	for (size_t b = a + 1; b < r->ncases; b++) {
		const struct case_result *c = &r->cases[b];
		const struct comparison *cmp;
		struct flow flow;

		if (c->group != base->group || c->engine->ruler || has_column(locks, c->engine))
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

__attribute__((format(printf, 2, 3))) static void append(char text[160], const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + used, 160 - used, fmt, ap);
	va_end(ap);
}

/* "below 5 % up to 2 threads, undecided from 4, 5 % or more from 8, not saturated" */
static void add_knee(struct flow *flow, const struct knee *knee)
{
	char think[24], text[160] = "";

	if (knee->below_5_percent)
		append(text, " below 5 %% up to %s%u thread%s,",
		       knee->below_5_percent == knee->measured_to ? "all " : "",
		       knee->below_5_percent, knee->below_5_percent == 1 ? "" : "s");
	if (knee->undecided_from && knee->below_5_percent)
		append(text, " undecided from %u,", knee->undecided_from);
	else if (knee->undecided_from)
		append(text, " undecided from the start whether it costs 5 %%,");
	if (knee->costs_from && (knee->below_5_percent || knee->undecided_from))
		append(text, " 5 %% or more from %u,", knee->costs_from);
	else if (knee->costs_from)
		append(text, " costs 5 %% or more from the start,");
	if (knee->saturated)
		append(text, " saturated from %u,", knee->saturated);
	else if (knee->counts > 1)
		append(text, " not saturated,");
	text[strlen(text) - 1] = '\0';
	show_think(think, sizeof(think), knee->think_ns);
	flow_add(flow, "%s think:%s", think, text);
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

static void print_knees(const struct screen *s, const struct locks *locks)
{
	bool begun = false;
	char lead[40];

	for (unsigned k = 0; k < locks->n; k++) {
		snprintf(lead, sizeof(lead), "   %-6s%-7s", begun ? "" : "knee",
			 locks->lock[k]->sync);
		begun |= screen_knees(s, lead, locks->lock[k]);
	}
}

/* Behind the colon there is no comma. */
static void add_tail(struct flow *flow, const struct case_result *c, double pair_ns)
{
	char p99[16], p999[16];

	flow_add(flow, "%s %s/%s", c->engine->sync,
		 show_quantile(p99, sizeof(p99), c->latency[OP_MAP], 0.99, pair_ns),
		 show_quantile(p999, sizeof(p999), c->latency[OP_MAP], 0.999, pair_ns));
	flow->separator = ", ";
}

static void print_tail(const struct screen *s, const struct locks *locks, size_t a)
{
	const struct result *r = s->r;
	const struct case_result *c = &r->cases[a], *slowest = c;
	double pair_ns = r->ruler.clock.pair_ns;
	struct flow flow = flow_begin(s, "   tail  ", " ");
	char text[24], where[32];

	flow_add(&flow, "%u thread%s on %s, think %s, p99/p99.9 of map:", c->threads,
		 c->threads == 1 ? "" : "s", show_where(where, sizeof(where), c),
		 show_think(text, sizeof(text), c->think_ns));
	if (!case_withheld(c))
		add_tail(&flow, c, pair_ns);
	for (unsigned k = 0; k < locks->n; k++) {
		size_t b = beside(r, a, locks->lock[k]);

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

static void print_details(const struct screen *s, const struct locks *locks, unsigned fewest,
			  unsigned most)
{
	const struct result *r = s->r;

	for (size_t a = 0; a < r->ncases; a++)
		if (in_section(s, a) && is_baseline(r, a) && !r->cases[a].think_ns &&
		    (r->cases[a].threads == fewest || r->cases[a].threads == most))
			print_others(s, locks, a);
	print_knees(s, locks);
	screen_scaling_line(s);
	for (size_t a = 0; a < r->ncases; a++)
		if (in_section(s, a) && is_baseline(r, a) && r->cases[a].threads == most)
			print_tail(s, locks, a);
	print_limits(s);
}

void screen_lock(const struct screen *s)
{
	const struct result *r = s->r;
	const struct case_result *first = NULL;
	struct locks locks = choose_locks(s);
	struct flow flow;
	unsigned fewest = UINT32_MAX, most = 0;
	bool thought = false;
	char page[16];

	for (size_t a = 0; a < r->ncases; a++) {
		const struct case_result *c = &r->cases[a];

		if (!in_section(s, a) || !is_baseline(r, a))
			continue;
		first = first ? first : c;
		thought |= c->think_ns > 0;
		most = c->threads > most ? c->threads : most;
		fewest = c->threads < fewest ? c->threads : fewest;
	}
	if (!first)
		return;
	screen_title(s, "1  WHAT THE LOCK COSTS",
		     "%s body in all columns, %s map+unmap, warm, only the root shared", first->engine->body,
		     show_bytes(page, sizeof(page), first->page_bytes));
	print_rows(s, &locks, first->engine->sync);
	flow = flow_begin(s, "   ", "; ");
	flow_add(&flow, "sat: nothing done between operations, a saturation figure");
	flow_add(&flow, "fair: Jain's index, lowest in the row");
	flow_end(&flow);
	if (thought)
		screen_words(s, "   ", "with think time each op is timed by itself: its ns include part of a "
			     "pair of stamps");
	print_details(s, &locks, fewest, most);
}
