/* Section 2: pages allocated in vain. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

static bool is_waste(const struct screen *s, const struct case_result *c)
{
	return screen_section(s, c) == 2 && !c->engine->ruler;
}

/* What rows have no column for: said of each where it is not the same in all. */
enum vary { VARY_ZERO = 1, VARY_BATCH = 2, VARY_PAGE = 4, VARY_MEM = 8, VARY_PLACE = 16, VARY_LEVELS = 32 };

static unsigned varied(const struct screen *s)
{
	const struct case_result *first = NULL;
	unsigned vary = 0;

	for (size_t i = 0; i < s->r->ncases && !s->standard; i++) {
		const struct case_result *c = &s->r->cases[i];

		if (!is_waste(s, c))
			continue;
		first = first ? first : c;
		vary |= strcmp(c->zero, first->zero) ? VARY_ZERO : 0;
		vary |= c->batch != first->batch ? VARY_BATCH : 0;
		vary |= c->page_bytes != first->page_bytes || !page_mix_equal(&c->mix, &first->mix)
				? VARY_PAGE : 0;
		vary |= strcmp(c->mem, first->mem) ? VARY_MEM : 0;
		vary |= strcmp(c->place, first->place) || strcmp(c->smt, first->smt) ? VARY_PLACE : 0;
		vary |= c->levels != first->levels ? VARY_LEVELS : 0;
	}
	return vary;
}

/* Of a screen whose rows differ no row can speak for the others: each has its window. */
static void waste_title(const struct screen *s, unsigned vary)
{
	char window[32] = "-";
	const char *zero = "";

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];

		if (!is_waste(s, c) || case_withheld(c))
			continue;
		if (!zero[0])
			zero = c->zero;
		if (window[0] == '-')
			show_ns(window, sizeof(window), c->waste.window_ns);
	}
	screen_title(s, "2  WHAT IS ALLOCATED IN VAIN", "each slice fills a fresh table%s%s%s%s",
		     vary & VARY_ZERO ? "" : strcmp(zero, "ahead") ? "; page zeroed at "
								   : "; page zeroed ",
		     vary & VARY_ZERO ? "" : zero[0] ? zero : "alloc", vary ? "" : ", window ",
		     vary ? "" : window);
}

static const struct column waste_columns[] = {
	{ .title = "workload", .least = 21, .most = 40 },
	{ .title = "thr", .align = COLUMNS_RIGHT, .least = 3 },
	{ .title = "tables", .align = COLUMNS_RIGHT, .least = 6 },
	{ .title = "lost", .align = COLUMNS_RIGHT, .least = 6 },
	{ .title = "lost/table [95 %]", .least = 21 },
	{ .title = "ceil", .align = COLUMNS_DECIMAL, .least = 5, .fold = true },
	{ .title = "omega", .align = COLUMNS_DECIMAL, .least = 4 },
	{ .title = "gaps", .align = COLUMNS_DECIMAL, .least = 5 },
	{ .title = "lvl 0/1/2/up", .least = 12 },
	{ .title = "ns/map", .align = COLUMNS_DECIMAL, .least = 5 },
};

/* "trace X", "cursor, 1 us think"; beside its baseline an engine is just named. */
static void waste_label(const struct screen *s, size_t i, char *text, size_t size)
{
	const struct case_result *c = &s->r->cases[i];
	char think[24], extra[64] = "";
	size_t used = 0;

	if (!is_baseline(s->r, i)) {
		bool modern = !strcmp(c->engine->body, "modern") && !strchr(short_name(c->engine), '/');

		/* a name with its format says enough, and needs the room */
		snprintf(text, size, "%s%s%s", strchr(short_name(c->engine), '/') ? " " : "  ",
			 modern ? "modern " : "", short_name(c->engine));
		return;
	}
	if (c->source[0] && strcmp(c->source, "pool"))
		used += (size_t)snprintf(extra, sizeof(extra), ", %s", c->source);
	if (!strcmp(c->order, "descending"))
		used += (size_t)snprintf(extra + used, sizeof(extra) - used, ", down");
	if (c->think_ns)
		snprintf(extra + used, sizeof(extra) - used, ", %s think",
			 show_think(think, sizeof(think), c->think_ns));
	if (c->forced)
		snprintf(text, size, "FORCED %s", c->workload);
	else if (!strncmp(c->workload, "replay:", 7))
		snprintf(text, size, "trace %s%s", c->workload + 7, extra);
	else
		snprintf(text, size, "%s%s", c->workload, extra);
}

/* Growth, and installs above level 2, are what is left of the sum. */
static void show_levels(const struct page_ledger *p, char *text, size_t size)
{
	const uint64_t *l = p->wasted_by_level;
	uint64_t rest = p->wasted - l[0] - l[1] - l[2];

	snprintf(text, size, "%llu/%llu/%llu/%llu", (unsigned long long)l[0],
		 (unsigned long long)l[1], (unsigned long long)l[2], (unsigned long long)rest);
}

static void show_per_table(const struct waste_result *w, uint64_t lost, char *text, size_t size)
{
	const struct interval *i = &w->per_table;
	char mid[16], lo[16], hi[16];

	if (!i->valid)
		snprintf(text, size, "-");
	else if (!stat_rate_quotable(lost)) /* digits that few events do not carry are left out */
		snprintf(text, size, "%.2g [%.1g %.*g] few", i->mid, i->lo,
			 i->mid > 0 && i->mid < 0.1 ? 1 : 2, i->hi);
	else if (i->mid < 0.1) /* zeros take the room of digits */
		snprintf(text, size, "%.2g [%.2g %.2g]", i->mid, i->lo, i->hi);
	else
		snprintf(text, size, "%s [%s %s]", show_number(mid, sizeof(mid), i->mid),
			 show_number(lo, sizeof(lo), i->lo), show_number(hi, sizeof(hi), i->hi));
}

/* "1,100 by growth (0.92 [0.9 0.94] a growth)"; forced, without the interval */
static void show_per_growth(const struct interval *i, uint64_t lost, char *text, size_t size)
{
	char mid[16], lo[16], hi[16], count[32];

	show_int(count, sizeof(count), lost);
	show_number(mid, sizeof(mid), i->mid);
	if (isfinite(i->lo))
		snprintf(text, size, "%s by growth (%s [%s %s] a growth)", count, mid,
			 show_number(lo, sizeof(lo), i->lo), show_number(hi, sizeof(hi), i->hi));
	else
		snprintf(text, size, "%s by growth (%s a growth)", count, mid);
}

/* Seven columns are enough for 999,999; what is more is shown with a unit. */
static char *show_amount(char *text, size_t size, uint64_t v)
{
	return v < 1000000 ? show_int(text, size, v) : show_count(text, size, (double)v);
}

/*
 * Behind the measured rate: what chance would lose, the measured share of it, and what the gaps
 * between arrivals foretell.
 */
static void model_cells(struct columns *t, const struct waste_model *m)
{
	const double v[] = { m->ceiling, m->omega.mid, m->by_gaps };

	for (int i = 0; i < 3; i++)
		if (isfinite(v[i]))
			columns_cell(t, v[i] < 10 ? "%.2g" : "%.0f", v[i]);
		else
			columns_cell(t, "-");
}

static void waste_row(const struct screen *s, struct columns *t, size_t i)
{
	const struct case_result *c = &s->r->cases[i];
	uint64_t lost = case_lost(c);
	char text[128];

	waste_label(s, i, text, sizeof(text));
	columns_row(t);
	columns_cell(t, "%s", text);
	columns_cell(t, "%u", c->threads);
	if (case_withheld(c)) {
		columns_rest(t, PAINT_WORSE, "withheld, see audit");
		return;
	}
	columns_cell(t, "%s", show_amount(text, sizeof(text), c->waste.tables));
	columns_cell(t, "%s", show_amount(text, sizeof(text), lost));
	show_per_table(&c->waste, lost, text, sizeof(text));
	if (c->forced)
		columns_cell(t, "%s of %u, no rate", show_number(text, sizeof(text), c->waste.per_table.mid),
			     c->threads - 1);
	else
		columns_cell(t, "%s", text);
	model_cells(t, &c->waste.model);
	show_levels(&c->pages, text, sizeof(text));
	columns_cell(t, "%s", c->speed == SPEED_MAX ? text : "-"); /* the ledger knows nothing of a segment */
	if (isfinite(c->waste.ns_per_map) && !c->forced)
		columns_cell(t, c->waste.ns_per_map < 10 ? "%.2g" : "%.0f", c->waste.ns_per_map);
	else
		columns_cell(t, "-");
}

static void add_choices(struct flow *flow, const struct case_result *c, unsigned vary)
{
	bool smt = strcmp(c->smt, "last");
	char text[MIX_TEXT_MAX];

	if (vary & VARY_ZERO)
		flow_add(flow, "zero %s", c->zero);
	if (vary & VARY_BATCH)
		flow_add(flow, "%llu a call", (unsigned long long)c->batch);
	if (vary & VARY_PAGE)
		flow_add(flow, "%s pages", page_mix_show(text, sizeof(text), &c->mix, c->page_bytes));
	if (vary & VARY_MEM)
		flow_add(flow, "mem %s", c->mem);
	if (vary & VARY_PLACE)
		flow_add(flow, "place %s%s%s", c->place, smt ? " smt " : "", smt ? c->smt : "");
	if (vary & VARY_LEVELS && c->levels)
		flow_add(flow, "levels %u", c->levels);
	else if (vary & VARY_LEVELS)
		flow_add(flow, "levels auto");
}

/* What the lost pages come to, and what a plain count of tables hides. */
static void add_in_vain(struct flow *flow, const struct case_result *c)
{
	const struct waste_result *w = &c->waste;
	const struct in_vain *v = &w->in_vain;
	char text[128];

	flow_add(flow, "in vain: %s installs", show_int(text, sizeof(text), v->lost_installs));
	if (w->growths) {
		show_per_growth(&w->per_growth, v->lost_growth, text, sizeof(text));
		flow_add(flow, "%s", text);
	}
	flow_add(flow, "%s pages back", show_int(text, sizeof(text), v->handed_back));
	flow_add(flow, "%s recycled", show_int(text, sizeof(text), v->recycled));
	flow_add(flow, "%s zeroed", show_bytes(text, sizeof(text), v->zeroed_bytes));
	if (isfinite(v->ns))
		flow_add(flow, "%s", show_ns(text, sizeof(text), v->ns));
	if (c->forced)
		flow_add(flow, "skew %s", show_ns(text, sizeof(text), w->skew_ns));
}

/* Beneath its row, where there is something to say; the engines of a group share its choices. */
static void line_below(const struct screen *s, size_t i, unsigned vary)
{
	const struct case_result *c = &s->r->cases[i];
	bool baseline = is_baseline(s->r, i), window = vary && isfinite(c->waste.window_ns);
	bool vain = !case_withheld(c) && (case_lost(c) || c->forced);
	struct flow flow;
	char text[64];

	if (!vain && !window && !(vary && baseline))
		return;
	flow = flow_begin(s, "     ", ", ");
	if (baseline)
		add_choices(&flow, c, vary);
	if (window)
		flow_add(&flow, "window %s", show_ns(text, sizeof(text), c->waste.window_ns));
	if (vain)
		add_in_vain(&flow, c);
	flow_end(&flow);
}

/* --speed recorded: what a slice replays, and how late its events began. */
static void add_late(struct flow *flow, const struct case_result *c)
{
	char text[3][24];

	flow_add(flow, "as recorded, %s of it a slice",
		 show_ns(text[0], sizeof(text[0]), (double)c->segment_ns));
	if (c->pace.lag && c->pace.lag->n)
		flow_add(flow, "late p50/p99/max %s/%s/%s",
			 show_quantile(text[0], sizeof(text[0]), c->pace.lag, 0.5, 0),
			 show_quantile(text[1], sizeof(text[1]), c->pace.lag, 0.99, 0),
			 show_ns(text[2], sizeof(text[2]), (double)c->pace.lag->max));
}

/* How the trace ran, and what a lock would have added had events come as recorded. */
static void replay_lines(const struct screen *s, size_t a)
{
	const struct result *r = s->r;
	const struct case_result *c = &r->cases[a];
	char events[32], skipped[32], text[48];
	struct flow flow = flow_begin(s, "     ", "; ");
	bool locks = false;

	flow_add(&flow, "%s events, %s skipped", show_int(events, sizeof(events), c->events),
		 show_int(skipped, sizeof(skipped), c->events_skipped));
	if (c->speed != SPEED_MAX)
		add_late(&flow, c);
	if (isfinite(c->wait_ns_per_op))
		flow_add(&flow, "waiting for earlier events %s an op, left out",
			 show_ns(text, sizeof(text), c->wait_ns_per_op));
	for (size_t b = a + 1; b < r->ncases; b++) {
		const struct comparison *cmp = find_comparison(r, a, b);

		if (!cmp || !case_counterfactual(&r->cases[b]))
			continue;
		flow_add(&flow, "%s%s %s", locks ? "" : "counterfactual, under a lock: ",
			 short_name(r->cases[b].engine), show_added(text, sizeof(text), &cmp->added_ns));
		locks = true;
	}
	flow_end(&flow);
}

static void explain(const struct screen *s)
{
	struct flow flow = flow_begin(s, "   ", "; ");

	flow_add(&flow, "ceil: lost/table if workers came by chance (FORCED: all at once)");
	flow_add(&flow, "omega: measured/ceil");
	flow_add(&flow, "gaps: lost/table foretold by when they came");
	flow_end(&flow);
}

void screen_waste(const struct screen *s)
{
	const struct result *r = s->r;
	unsigned vary = varied(s);
	bool begun = false, modelled = false;
	struct columns t;
	struct screen below;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		/* under a lock nothing can be lost; say so only where it is not so */
		if (!is_waste(s, c) ||
		    (engine_locks(c->engine) && !is_baseline(r, i) && !case_lost(c) &&
		     !case_withheld(c)))
			continue;
		if (!begun) {
			waste_title(s, vary);
			t = screen_columns(s, waste_columns, sizeof(waste_columns) / sizeof(waste_columns[0]), 3);
		}
		begun = true;
		modelled |= isfinite(c->waste.model.ceiling);
		waste_row(s, &t, i);
		below = screen_below(s, &t);
		line_below(&below, i, vary);
		if (c->events && is_baseline(r, i) && !case_withheld(c))
			replay_lines(&below, i);
	}
	if (begun)
		columns_end(&t);
	if (modelled)
		explain(s);
}
