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

static void lock_row(const struct screen *s, const struct case_result *c)
{
	const struct pt_observation *o = &c->lock->sum;
	double pair_ns = s->r->ruler.clock.pair_ns;
	struct lock_figures f = lock_figures(c);
	char part[3][24], cost[16], wait[80], hold[56], passed[56], spins[24], sleeps[24];

	show_quantile(part[0], sizeof(part[0]), &o->wait, 0.5, pair_ns);
	show_quantile(part[1], sizeof(part[1]), &o->wait, 0.99, pair_ns);
	show_longest(part[2], sizeof(part[2]), &o->wait);
	snprintf(wait, sizeof(wait), "%s/%s/%s", part[0], part[1], part[2]);
	show_quantile(part[0], sizeof(part[0]), &o->hold, 0.5, pair_ns);
	show_quantile(part[1], sizeof(part[1]), &o->hold, 0.99, pair_ns);
	snprintf(hold, sizeof(hold), "%s/%s", part[0], part[1]);
	show_share(part[0], sizeof(part[0]), f.handoffs);
	show_share(part[1], sizeof(part[1]), f.across);
	snprintf(passed, sizeof(passed), "%s/%s", part[0], part[1]);
	fprintf(s->out, "     %-13.13s %-6s %-7s %-19s %-12s %-14s %-8s %s\n", short_name(c->engine),
		show_cost(cost, sizeof(cost), f.cost), show_share(part[0], sizeof(part[0]), f.contended),
		wait, hold, passed, show_per_op(spins, sizeof(spins), f.spins),
		show_per_op(sleeps, sizeof(sleeps), f.sleeps));
}

static void print_locks(const struct screen *s, unsigned group)
{
	const struct result *r = s->r;
	bool begun = false;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (c->group != group || !shown(c) || !engine_locks(c->engine))
			continue;
		if (!begun)
			fprintf(s->out, "     %-13s %-6s %-7s %-19s %-12s %-14s %-8s %s\n", "lock", "cost",
				"waited", "wait p50/p99/max", "hold p50/p99", "passed/far", "spins/op",
				"sleeps/op");
		begun = true;
		lock_row(s, c);
	}
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

static void swap_row(const struct screen *s, const struct case_result *c, unsigned set)
{
	struct lock_figures f = lock_figures(c);
	char cost[16], tried[24], lost[24];

	fprintf(s->out, "     %-21.21s %-6s", short_name(c->engine),
		show_cost(cost, sizeof(cost), f.cost));
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		if (!(set & 1u << k))
			continue;
		show_per_op(tried, sizeof(tried), f.cas[k]);
		fprintf(s->out, " %8s %7s", tried, show_share(lost, sizeof(lost), f.cas_lost[k]));
	}
	fputc('\n', s->out);
}

static void print_swaps(const struct screen *s, unsigned group)
{
	const struct result *r = s->r;
	unsigned set = purposes(r, group);

	if (!set) {
		fprintf(s->out, "     no compare-exchange on the table\n");
		return;
	}
	fprintf(s->out, "     %-21s %-6s", "tries/op", "cost");
	for (unsigned k = 0; k < CAS_KINDS; k++)
		if (set & 1u << k)
			fprintf(s->out, " %8s %7s", cas_name[k], "lost");
	fputc('\n', s->out);
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == group && shown(&r->cases[i]))
			swap_row(s, &r->cases[i], set);
}

static bool first_shown(const struct result *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (r->cases[j].group == r->cases[i].group && shown(&r->cases[j]))
			return false;
	return shown(&r->cases[i]);
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
		fprintf(s->out, "   waited: not had at the first try, their waits beside it; passed: taken "
				"after another worker,\n   far: of those, one of another node; tries: "
				"compare-exchanges on the table, lost: of those\n");
}
