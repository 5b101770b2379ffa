/*
 * The DMA path: for each group its engines beside each other, whole calls and their parts, and below
 * what the page table is of it, what a model of invalidation adds, and what the allocator did.
 */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/dma.h"
#include "bench/option_dma.h"
#include "bench/screen.h"
#include "bench/units.h"

void screen_path(struct flow *flow, const struct case_result *c)
{
	char text[24];

	flow_add(flow, "iova %s", c->dma.iova);
	if (c->dma.iova_window && c->dma.iova_window != IOVA_WINDOW_MAX)
		flow_add(flow, "window %s", show_bytes(text, sizeof(text), c->dma.iova_window));
	if (c->dma.buffers[0])
		flow_add(flow, "buffers %s", c->dma.buffers);
	flow_add(flow, "flush %s%s", c->dma.flush, dma_flushes(&c->dma) ? " (model)" : "");
}

/* A heading of two lines, the upper one over whole calls and over parts. */
static const struct column path_columns[] = {
	{ .title = "engine", .least = 21 }, { .title = "ops/s", .align = COLUMNS_RIGHT, .least = 6, .gap = 1 },
	{ .title = "whole\nmap", .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
	{ .title = "calls\nunmap", .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
	{ .title = "IOVA\nalloc", .align = COLUMNS_RIGHT, .least = 5, .bar = true },
	{ .title = "page\nmap", .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
	{ .title = "table\nunmap", .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
	{ .title = "model\ninval.", .align = COLUMNS_RIGHT, .least = 6, .gap = 1 },
	{ .title = "IOVA\nfree", .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
	{ .title = "whole by\nits parts", .bar = true, .fold = true },
};

/* ns in five columns, whatever a disturbed slice came to. */
static char *cell(char *buf, size_t size, double ns)
{
	if (ns < 9.995)
		snprintf(buf, size, "%.2f", ns);
	else if (ns < 99999.5 || !isfinite(ns))
		return show_number(buf, size, ns);
	else
		snprintf(buf, size, "%.0fk", ns / 1000);
	return buf;
}

static void case_row(const struct screen *s, struct columns *t, const struct case_result *c)
{
	const struct interval rate = { .mid = c->ops_per_s.mid, .n = c->ops_per_s.n };
	char text[48];

	columns_row(t);
	columns_cell(t, "%s%s", row_name(s, c->engine), c->again ? " again" : "");
	if (case_withheld(c)) {
		columns_rest(t, PAINT_WORSE, "withheld, see audit");
		return;
	}
	columns_cell(t, "%s", show_rate(text, sizeof(text), &rate));
	columns_cell(t, "%s", cell(text, sizeof(text), c->dma.whole_map_ns));
	columns_cell(t, "%s", cell(text, sizeof(text), c->dma.whole_unmap_ns));
	for (unsigned k = 0; k < DMA_PARTS; k++) { /* a workload may have no parts to tell apart */
		cell(text, sizeof(text), c->phases[k].name ? c->phases[k].ns_per_op : NAN);
		columns_cell(t, "%s", k == DMA_INVALIDATE && !dma_flushes(&c->dma) ? "-" : text);
	}
	columns_cell(t, "%s", show_ratio(text, sizeof(text), &c->dma.whole_by_parts));
}

static bool in_group(const struct case_result *c, unsigned group)
{
	return c->group == group && c->dma.asked && !case_withheld(c);
}

/* Columns are of calls, what follows from them of buffers. */
static void page_line(const struct screen *s, const struct case_result *c)
{
	struct flow flow;

	if (!c->dma.by_page)
		return;
	flow = flow_begin(s, "     ", "; ");
	flow_add(&flow, "a map is of a range");
	flow_add(&flow, "an unmap is of a page, and so are unmap, inval. and free");
	flow_add(&flow, "ratio and difference are of a range and all its pages");
	flow_end(&flow);
}

static void table_line(const struct screen *s, unsigned group)
{
	const struct result *r = s->r;
	struct flow flow;
	bool begun = false;
	char text[48];

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (!in_group(c, group) || !c->dma.table_ns.n)
			continue;
		if (!begun) {
			flow = flow_begin(s, "     ", " ");
			flow.indent = 7;
			flow_add(&flow, "page table of a map and %s, by difference to null:",
				 c->dma.by_page ? "all its unmaps" : "an unmap");
		}
		begun = true;
		flow_add(&flow, "%s %s", short_name(c->engine),
			 show_added(text, sizeof(text), &c->dma.table_ns));
		flow.separator = ", "; /* behind the colon there was none */
	}
	if (begun)
		flow_end(&flow);
}

static char *show_share(char *buf, size_t size, const struct interval *share)
{
	if (share->valid)
		snprintf(buf, size, "%.2g %% [%.2g %.2g]", 100 * share->mid, 100 * share->lo, 100 * share->hi);
	else
		snprintf(buf, size, "%.2g %%", 100 * share->mid);
	return buf;
}

/* How much of an unmap a lock around the page table could be at most. */
static void amdahl_line(const struct screen *s, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	bool withheld = !dma_parts_are_the_whole(d);
	struct flow flow;
	char text[48];

	if (c->engine->ruler || strcmp(d->flush, "strict") || !(withheld || isfinite(d->amdahl.mid)))
		return;
	flow = flow_begin(s, "     ", " ");
	if (withheld) {
		flow_add(&flow, "%s: what an unmap could gain at most is withheld:", short_name(c->engine));
		flow_add(&flow, "whole calls take %s of their parts,",
			 show_ratio(text, sizeof(text), &d->whole_by_parts));
		flow_add(&flow, "whose shares say little of a call");
		flow_end(&flow);
		return;
	}
	flow_add(&flow, "%s: the page table is %s of an unmap:", short_name(c->engine),
		 show_share(text, sizeof(text), &d->unmap_table_share));
	if (engine_locks(c->engine))
		flow_add(&flow, "a lock around it, removed, could make an unmap");
	else
		flow_add(&flow, "all of it, gone, could make an unmap");
	flow_add(&flow, "at most %s faster", show_ratio(text, sizeof(text), &d->amdahl));
	flow_add(&flow, "(model: completion %s)", show_ns(text, sizeof(text), (double)d->flush_ns));
	flow_end(&flow);
}

static void add_histogram(struct flow *flow, const char *name, const struct histogram *h, bool is_ns)
{
	char p50[24], max[24];

	if (!h || !h->n)
		return;
	if (is_ns)
		flow_add(flow, "%s p50 %s, max %s", name,
			 show_ns(p50, sizeof(p50), (double)hist_quantile(h, 0.5)),
			 show_ns(max, sizeof(max), (double)h->max));
	else
		flow_add(flow, "%s p50 %lu, max %lu", name, (unsigned long)hist_quantile(h, 0.5),
			 (unsigned long)h->max);
}

static void model_line(const struct screen *s, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	const struct flush_count *n = &d->flush_n;
	struct flow flow = flow_begin(s, "     invalidation ", "; ");
	char text[24];

	if (!dma_flushes(d)) {
		flow_add(&flow, "none: stale windows are unbounded");
		flow_end(&flow);
		return;
	}
	flow_add(&flow, "%s (model: completion %s, %s)", d->flush,
		 show_ns(text, sizeof(text), (double)d->flush_ns),
		 d->flush_lock == FLUSH_LOCK_HELD ? "ring's lock held while waiting" :
		 d->flush_lock == FLUSH_LOCK_QUEUE ? "ring's lock held for queuing" : "ring without lock");
	add_histogram(&flow, "stale windows", d->stale, true);
	add_histogram(&flow, "commands in the ring", d->depth, false);
	flow_add(&flow, "%.3g commands an unmap", quotient((double)n->commands, n->unmaps));
	if (n->full || n->timer)
		flow_add(&flow, "flushed when full %lu times, by age %lu", (unsigned long)n->full,
			 (unsigned long)n->timer);
	if (n->queued_peak)
		flow_add(&flow, "most ranges waiting %lu", (unsigned long)n->queued_peak);
	flow_end(&flow);
}

/* The same case with another allocator, or NULL. */
static const struct case_result *with_iova(const struct result *r, const struct case_result *c,
					   const char *iova)
{
	char differs[64];

	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].dma.asked && !strcmp(r->cases[i].dma.iova, iova) &&
		    case_differs(&r->cases[i], c, differs, sizeof(differs)) == 1 &&
		    !strcmp(differs, "iova"))
			return &r->cases[i];
	return NULL;
}

static void add_prepared(const struct screen *s, struct flow *flow, const struct case_result *c)
{
	const struct case_result *other = with_iova(s->r, c, "rcache");
	char text[24];

	flow_add(flow, "tables asked for in advance for %s of addresses",
		 show_bytes(text, sizeof(text), c->dma.iova_n.prepared_bytes));
	if (!c->pages.peak)
		return;
	if (other && other->pages.peak)
		flow_add(flow, "most table pages %lu (rcache: %lu)", (unsigned long)c->pages.peak,
			 (unsigned long)other->pages.peak);
	else
		flow_add(flow, "most table pages %lu", (unsigned long)c->pages.peak);
}

static void allocator_line(const struct screen *s, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	const struct iova_count *n = &d->iova_n;
	struct flow flow = flow_begin(s, "     allocator ", "; ");
	char text[2][32];

	if (!n->allocated) {
		flow_add(&flow, "%s", d->iova);
		flow_end(&flow);
		return;
	}
	flow_add(&flow, "%s: %s allocated, %s freed", d->iova,
		 show_count(text[0], sizeof(text[0]), (double)n->allocated),
		 show_count(text[1], sizeof(text[1]), (double)n->freed));
	if (n->shared)
		flow_add(&flow, "%.3g %% of calls went to what workers share, %.3g steps each",
			 100 * dma_shared_share(d), quotient((double)n->steps, n->shared));
	else
		flow_add(&flow, "no call went to what workers share");
	if (n->beyond_window)
		flow_add(&flow, "%s beyond the window of %s",
			 show_count(text[0], sizeof(text[0]), (double)n->beyond_window),
			 show_bytes(text[1], sizeof(text[1]), d->iova_window));
	if (n->failed)
		flow_add(&flow, "%s found no room", show_count(text[0], sizeof(text[0]), (double)n->failed));
	if (d->iova_cached_pages)
		flow_add(&flow, "%s pages kept in caches at the end",
			 show_count(text[0], sizeof(text[0]), (double)d->iova_cached_pages));
	if (n->prepared_bytes)
		add_prepared(s, &flow, c);
	flow_end(&flow);
}

static void census_line(const struct screen *s, const struct case_result *c)
{
	const struct census *n = &c->dma.census;
	struct flow flow;
	char text[32];

	if (!n->maps)
		return;
	flow = flow_begin(s, "     census ", "; ");
	flow_add(&flow, "%.3g workers a table, %.3g a line of 8 entries", n->cpus_per_table, n->cpus_per_line);
	flow_add(&flow, "%.3g %% of tables and %.3g %% of lines shared",
		 100 * census_shared(n->tables_by, n->tables), 100 * census_shared(n->lines_by, n->lines));
	flow_add(&flow, "%.3g %% of maps on a page of another worker's",
		 100 * quotient((double)n->migrations, n->maps));
	flow_add(&flow, "pages in vain %s a table",
		 show_number(text, sizeof(text), c->waste.per_table.mid));
	flow_end(&flow);
}

/* Of the baseline: allocator and queue carry out the same calls beside every engine. */
static void group_lines(const struct screen *s, const struct case_result *c)
{
	if (case_withheld(c))
		return;
	model_line(s, c);
	allocator_line(s, c);
	census_line(s, c);
}

/* What is said of a group below its rows. */
static void group_remarks(const struct screen *s, size_t first)
{
	const struct result *r = s->r;
	unsigned group = r->cases[first].group;

	page_line(s, &r->cases[first]);
	table_line(s, group);
	screen_series(s, group);
	for (size_t i = first; i < r->ncases; i++)
		if (in_group(&r->cases[i], group))
			amdahl_line(s, &r->cases[i]);
	for (size_t i = first; i < r->ncases; i++)
		if (r->cases[i].group == group && is_baseline(r, i))
			group_lines(s, &r->cases[i]);
	screen_comparisons(s, group);
	screen_group_counters(s, group);
}

static void put_group(const struct screen *s, struct columns *t, size_t first)
{
	const struct result *r = s->r;
	struct screen below = screen_below(s, t);

	screen_group(&below, &r->cases[first]);
	for (size_t i = first; i < r->ncases; i++)
		if (r->cases[i].group == r->cases[first].group) {
			case_row(s, t, &r->cases[i]);
			below = screen_below(s, t);
			screen_pace(&below, &r->cases[i]);
		}
	group_remarks(&below, first);
}

/* Whoever waits between calls makes no stretches of a part (dma.h). */
static const char *turns(const struct result *r)
{
	bool parts = false, none = false;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (!c->dma.asked)
			continue;
		none |= c->think_ns || c->pace.asked_per_s;
		parts |= !c->think_ns && !c->pace.asked_per_s;
	}
	if (!none)
		return "whole calls and their parts took turns";
	return parts ? "whole calls and their parts took turns, but with --rate or --think"
		     : "whole calls: with --rate or --think no parts are told apart";
}

void screen_dma(const struct screen *s)
{
	const struct result *r = s->r;
	bool begun = false;
	struct columns t;

	for (size_t i = 0; i < r->ncases; i++) {
		if (!r->cases[i].dma.asked || (i && r->cases[i - 1].group == r->cases[i].group))
			continue;
		if (!begun) {
			screen_title(s, "   THE DMA PATH", "ns a call, medians; %s", turns(r));
			t = screen_columns(s, path_columns, sizeof(path_columns) / sizeof(path_columns[0]), 5);
		}
		begun = true;
		put_group(s, &t, i);
	}
	if (begun)
		columns_end(&t);
}

bool screen_models(const struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (dma_flushes(&r->cases[i].dma))
			return true;
	return false;
}
