/* Cases that belong to no section: a group at a time, a row per engine, then who compares how. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

static bool in_table(const struct screen *s, const struct case_result *c)
{
	unsigned section = screen_section(s, c);

	/* of the default run what belongs nowhere else, of other runs whatever has a rate */
	return !case_rateless(c) && !c->dma.asked && (!section || !s->standard);
}

void screen_group(const struct screen *s, const struct case_result *c)
{
	struct flow flow = flow_begin(s, "   ", " | ");
	char text[MIX_TEXT_MAX];

	flow_add(&flow, "%s%s%s", c->workload, c->disjoint ? " disjoint" : "",
		 strncmp(c->workload, "replay", 6) ? "" : " (engines with a lock: counterfactual)");
	flow_add(&flow, "%u thread%s", c->threads, c->threads == 1 ? "" : "s");
	if (show_where(text, sizeof(text), c)[0])
		flow_add(&flow, "%s", text);
	page_mix_show(text, sizeof(text), &c->mix, c->page_bytes);
	if (c->dma.asked)
		screen_path(&flow, c);
	else
		flow_add(&flow, "%s x %llu", text, (unsigned long long)c->batch);
	if (c->ratio[0] && strcmp(c->ratio, "1:1:0"))
		flow_add(&flow, "ratio %s", c->ratio);
	if (c->readers)
		flow_add(&flow, "%u reader%s", c->readers, c->readers == 1 ? "" : "s");
	if (c->depth)
		flow_add(&flow, "depth %llu", (unsigned long long)c->depth);
	show_think(text, sizeof(text), c->think_ns);
	if (c->pace.asked_per_s)
		flow_add(&flow, "%llu ops/s a worker, %s", (unsigned long long)c->pace.asked_per_s,
			 pace_name(c->pace.kind));
	else if (c->speed != SPEED_MAX)
		flow_add(&flow, "events as recorded");
	else
		flow_add(&flow, "think %s%s", text, c->think_ns ? "" : ": saturation figures");
	flow_add(&flow, "place %s%s%s%s, mem %s, zero %s", c->place,
		 strcmp(c->smt, "last") ? ", smt " : "", strcmp(c->smt, "last") ? c->smt : "",
		 c->oversubscribed ? ", CPUs shared" : "", c->mem, c->zero);
	if (c->source[0] && strcmp(c->source, "pool"))
		flow_add(&flow, "pages from %s", c->source);
	if (strcmp(c->share, "root"))
		flow_add(&flow, "shared: %s", c->share);
	if (c->order[0] && strcmp(c->order, "random"))
		flow_add(&flow, "%s", c->order);
	if (c->levels)
		flow_add(&flow, "levels %u", c->levels);
	flow_end(&flow);
}

static const struct column case_columns[] = {
	{ .title = "engine", .least = 22 }, { .title = "ops/s [95 %]", .least = 19 },
	{ .title = "ns map/unm/lkp", .least = 15 },
	{ .title = "map p50/p99/p99.9", .least = 19, .fold = true },
	{ .title = "waste" }, { .title = "audit" },
};

static void case_row(const struct screen *s, struct columns *t, const struct case_result *c)
{
	double pair_ns = s->r->ruler.clock.pair_ns;
	const struct histogram *h = c->latency[OP_MAP];
	char rate[48], waste[24], part[3][24];

	columns_row(t);
	columns_cell(t, "%s%s", row_name(s, c->engine), c->again ? " again" : "");
	if (case_withheld(c)) {
		columns_rest(t, PAINT_WORSE, "withheld, see audit");
		return;
	}
	columns_cell(t, "%s", show_rate(rate, sizeof(rate), &c->ops_per_s));
	for (int kind = 0; kind < OP_KINDS; kind++)
		show_number(part[kind], sizeof(part[kind]), c->ns_per_op[kind]);
	columns_cell(t, "%s/%s/%s", part[0], part[1], part[2]);
	show_quantile(part[0], sizeof(part[0]), h, 0.5, pair_ns);
	show_quantile(part[1], sizeof(part[1]), h, 0.99, pair_ns);
	show_quantile(part[2], sizeof(part[2]), h, 0.999, pair_ns);
	columns_cell(t, "%s/%s/%s", part[0], part[1], part[2]);
	columns_cell(t, "%s", show_number(waste, sizeof(waste), c->engine->ruler ? NAN : c->waste.per_table.mid));
	columns_cell(t, "%s", c->verified == VERIFIED_YES ? "clean" : "-");
}

static enum paint verdict_paint(enum stat_verdict verdict)
{
	static const enum paint paint[] = {
		[STAT_SAME] = PAINT_NONE, [STAT_WORSE] = PAINT_WORSE, [STAT_BETTER] = PAINT_BETTER,
		[STAT_UNSURE] = PAINT_UNSURE,
	};

	return paint[verdict];
}

static void comparison_line(const struct screen *s, const struct comparison *cmp)
{
	const struct case_result *a = &s->r->cases[cmp->a], *b = &s->r->cases[cmp->b];
	struct flow flow = flow_begin(s, "     ", ", ");
	char text[48];

	if (strcmp(a->engine->format, b->engine->format))
		flow_add(&flow, "%s against %s", b->engine->name, a->engine->name);
	else
		flow_add(&flow, "%s against %s", short_name(b->engine),
			 b->again ? "itself" : short_name(a->engine));
	flow_add(&flow, "%s an op", show_added(text, sizeof(text), &cmp->added_ns));
	flow_add(&flow, "%s", show_ratio(text, sizeof(text), &cmp->ratio));
	flow_paint(&flow, verdict_paint(cmp->verdict), "%s", stat_verdict_name(cmp->verdict));
	flow_add(&flow, "%zu pairs", cmp->pairs);
	flow_add(&flow, "differs: %s%s", cmp->differs,
		 case_counterfactual(b) ? ", counterfactual" : "");
	flow_end(&flow);
}

void screen_comparisons(const struct screen *s, unsigned group)
{
	const struct result *r = s->r;

	for (size_t i = 0; i < r->ncomparisons; i++) {
		const struct comparison *cmp = &r->comparisons[i];

		if (r->cases[cmp->a].group == group && r->cases[cmp->b].group == group)
			comparison_line(s, cmp);
	}
}

static void put_group(const struct screen *s, struct columns *t, size_t first)
{
	const struct result *r = s->r;
	unsigned group = r->cases[first].group;
	struct screen below = screen_below(s, t);

	screen_group(&below, &r->cases[first]);
	for (size_t i = first; i < r->ncases; i++)
		if (r->cases[i].group == group && in_table(s, &r->cases[i])) {
			case_row(s, t, &r->cases[i]);
			below = screen_below(s, t);
			screen_pace(&below, &r->cases[i]);
			screen_phases(&below, &r->cases[i]);
		}
	screen_comparisons(&below, group);
	screen_group_counters(&below, group);
}

static bool shown(const struct screen *s, const struct case_result *c)
{
	return in_table(s, c) || c->dma.asked;
}

static void print_across(const struct screen *s)
{
	const struct result *r = s->r;
	bool begun = false;
	char added[48], ratio[48];

	for (size_t i = 0; i < r->ncomparisons; i++) {
		const struct comparison *cmp = &r->comparisons[i];
		const struct case_result *a = &r->cases[cmp->a], *b = &r->cases[cmp->b];
		struct flow flow;

		if (a->group == b->group || !shown(s, a) || !shown(s, b))
			continue;
		if (!begun)
			screen_title(s, "   ACROSS GROUPS", "not interleaved: no interval, no verdict");
		begun = true;
		flow = flow_begin(s, "     ", ", ");
		flow_add(&flow, "%s", b->case_id);
		flow_add(&flow, "%s an op", show_ns(added, sizeof(added), b->busy_ns_per_op));
		flow_add(&flow, "%s by %s alone", show_ratio(ratio, sizeof(ratio), &cmp->ratio),
			 cmp->differs);
		flow_end(&flow);
	}
}

static void print_knees(const struct screen *s)
{
	const struct result *r = s->r;
	char lead[48];

	for (size_t i = 0; i < r->nknees; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= !strcmp(r->knees[i].engine->name, r->knees[j].engine->name);
		snprintf(lead, sizeof(lead), "   knee  %s: ", short_name(r->knees[i].engine));
		if (!again)
			screen_knees(s, lead, r->knees[i].engine);
	}
}

static bool first_of_group(const struct result *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (r->cases[j].group == r->cases[i].group)
			return false;
	return true;
}

void screen_table(const struct screen *s)
{
	const struct result *r = s->r;
	bool begun = false;
	struct columns t;

	for (size_t i = 0; i < r->ncases; i++) {
		if (!in_table(s, &r->cases[i]) || !first_of_group(r, i))
			continue;
		if (!begun) {
			screen_title(s, "   CASES",
				     "engines of a group took turns; waste: pages in vain per table");
			t = screen_columns(s, case_columns, sizeof(case_columns) / sizeof(case_columns[0]), 5);
		}
		begun = true;
		put_group(s, &t, i);
	}
	if (begun) {
		columns_end(&t);
		print_knees(s);
	}
	screen_dma(s);
	print_across(s);
}
