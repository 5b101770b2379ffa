/* What the locks did, on request: a table of locks and one of compare-exchanges for each group. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/lock_stat.h"
#include "bench/screen.h"
#include "bench/units.h"

static bool shown(const struct case_result *c)
{
	return c->lock && c->lock->slices && !case_withheld(c);
}

/* "12.3 %", "-" */
static char *show_share(char *buf, size_t size, double share)
{
	if (isfinite(share))
		snprintf(buf, size, "%.*f %%", share < 0.0995 ? 2 : 1, 100 * share);
	else
		snprintf(buf, size, "-");
	return buf;
}

static char *show_cost(char *buf, size_t size, double cost)
{
	if (isfinite(cost))
		snprintf(buf, size, "x%.*f", cost < 9.995 ? 2 : 1, cost);
	else
		snprintf(buf, size, "-");
	return buf;
}

/* Per operation: "3.21", "0.0012", "0" */
static char *show_per_op(char *buf, size_t size, double v)
{
	if (v > 0 && v < 0.0001)
		snprintf(buf, size, "<0.0001");
	else if (v > 0 && v < 0.1)
		snprintf(buf, size, "%.4f", v);
	else
		show_number(buf, size, v);
	return buf;
}

/* "1.1ms", as quantiles are written */
static char *show_longest(char *buf, size_t size, const struct histogram *h)
{
	char text[24], *blank;

	snprintf(buf, size, "-");
	if (!h->n)
		return buf;
	show_ns(text, sizeof(text), (double)h->max);
	blank = strchr(text, ' ');
	if (blank)
		memmove(blank, blank + 1, strlen(blank));
	snprintf(buf, size, "%s", text);
	return buf;
}

static void lock_row(const struct screen *s, struct columns *t, const struct case_result *c)
{
	const struct pt_observation *o = &c->lock->sum;
	double pair_ns = s->r->ruler.clock.pair_ns;
	struct lock_figures f = lock_figures(c);
	char text[3][24];

	columns_row(t);
	columns_cell(t, "%s", row_name(s, c->engine));
	columns_cell(t, "%s", show_cost(text[0], sizeof(text[0]), f.cost));
	columns_cell(t, "%s", show_share(text[0], sizeof(text[0]), f.contended));
	columns_cell(t, "%s/%s/%s", show_quantile(text[0], sizeof(text[0]), &o->wait, 0.5, pair_ns),
		     show_quantile(text[1], sizeof(text[1]), &o->wait, 0.99, pair_ns),
		     show_longest(text[2], sizeof(text[2]), &o->wait));
	columns_cell(t, "%s/%s", show_quantile(text[0], sizeof(text[0]), &o->hold, 0.5, pair_ns),
		     show_quantile(text[1], sizeof(text[1]), &o->hold, 0.99, pair_ns));
	columns_cell(t, "%s/%s", show_share(text[0], sizeof(text[0]), f.handoffs),
		     show_share(text[1], sizeof(text[1]), f.across));
	columns_cell(t, "%s", show_per_op(text[0], sizeof(text[0]), f.spins));
	columns_cell(t, "%s", show_per_op(text[0], sizeof(text[0]), f.sleeps));
}

static void print_locks(const struct screen *s, unsigned group)
{
	static const struct column column[] = {
		{ .title = "lock", .least = 12 }, { .title = "cost", .least = 5 },
		{ .title = "waited", .least = 6 },
		{ .title = "wait p50/p99/max", .least = 18 },
		{ .title = "hold p50/p99" },
		{ .title = "passed/far", .least = 13, .fold = true },
		{ .title = "spins/op" }, { .title = "sleeps/op" },
	};
	const struct result *r = s->r;
	struct columns t = screen_columns(s, column, sizeof(column) / sizeof(column[0]), 5);

	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == group && shown(&r->cases[i]) && engine_locks(r->cases[i].engine))
			lock_row(s, &t, &r->cases[i]);
	columns_end(&t);
}

/* Which purposes any engine of the group has: the others get no column. */
static unsigned purposes(const struct result *r, unsigned group)
{
	unsigned set = 0;

	for (size_t i = 0; i < r->ncases; i++)
		for (unsigned k = 0; k < CAS_KINDS; k++)
			if (r->cases[i].group == group && shown(&r->cases[i]) &&
			    r->cases[i].lock->sum.cas[k].tried)
				set |= 1u << k;
	return set;
}

static void swap_row(const struct screen *s, struct columns *t, const struct case_result *c, unsigned set)
{
	struct lock_figures f = lock_figures(c);
	char text[24];

	columns_row(t);
	columns_cell(t, "%s", row_name(s, c->engine));
	columns_cell(t, "%s", show_cost(text, sizeof(text), f.cost));
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		if (!(set & 1u << k))
			continue;
		columns_cell(t, "%s", show_per_op(text, sizeof(text), f.cas[k]));
		columns_cell(t, "%s", show_share(text, sizeof(text), f.cas_lost[k]));
	}
}

static void print_swaps(const struct screen *s, unsigned group)
{
	struct column column[2 + 2 * CAS_KINDS] = {
		{ .title = "tries/op", .least = 20 }, { .title = "cost", .least = 6 },
	};
	const struct result *r = s->r;
	unsigned set = purposes(r, group), n = 2;
	struct columns t;

	if (!set) {
		screen_words(s, "     ", "no compare-exchange on the table");
		return;
	}
	for (unsigned k = 0; k < CAS_KINDS; k++)
		if (set & 1u << k) {
			column[n++] = (struct column){ .title = cas_name[k], .align = COLUMNS_RIGHT, .least = 7,
						       .fold = true };
			column[n++] = (struct column){ .title = "lost", .align = COLUMNS_RIGHT, .least = 6 };
		}
	t = screen_columns(s, column, n, 5);
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == group && shown(&r->cases[i]))
			swap_row(s, &t, &r->cases[i], set);
	columns_end(&t);
}

static bool first_shown(const struct result *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (r->cases[j].group == r->cases[i].group && shown(&r->cases[j]))
			return false;
	return shown(&r->cases[i]);
}

static void explain(const struct screen *s)
{
	struct flow flow = flow_begin(s, "   ", "; ");

	flow_add(&flow, "waited: not had at the first try, their waits beside it");
	flow_add(&flow, "passed: taken after another worker");
	flow_add(&flow, "far: of those, one of another node");
	flow_add(&flow, "tries: compare-exchanges on the table");
	flow_add(&flow, "lost: of those");
	flow_end(&flow);
}

void screen_lock_stat(const struct screen *s)
{
	bool begun = false;

	for (size_t i = 0; i < s->r->ncases; i++) {
		if (!first_shown(s->r, i))
			continue;
		if (!begun)
			screen_title(s, "   LOCK STATISTICS",
				     "of observed copies in slices of their own, slower by `cost`");
		begun = true;
		screen_group(s, &s->r->cases[i]);
		print_locks(s, s->r->cases[i].group);
		print_swaps(s, s->r->cases[i].group);
	}
	if (begun)
		explain(s);
}
