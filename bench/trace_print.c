/* trace_print.c - a trace as a screen of text. */
#include <stdarg.h>
#include <string.h>

#include "bench/columns.h"
#include "bench/trace.h"
#include "bench/units.h"

#define BAR_WIDTH 40u

#define LABEL_COLUMNS 12u

/* Storage for the numbers of one line. */
struct texts {
	char v[6][32];
};

/* Where the text goes. */
struct page {
	FILE *out;
	struct terminal terminal;
};

static const char *num(struct texts *b, unsigned i, uint64_t v)
{
	return show_int(b->v[i], sizeof(b->v[i]), v);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

/* "  live      words…", further lines indented below the words. */
static void say(const struct page *p, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(const struct page *p, const char *label, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(p->out, "  %-*s", (int)LABEL_COLUMNS - 2, label);
	columns_words(p->out, &p->terminal, PAINT_NONE, LABEL_COLUMNS, LABEL_COLUMNS, text);
}

static void print_head(const struct page *p, const struct trace *t)
{
	char text[512], lost[64] = "";
	struct texts b;

	snprintf(text, sizeof(text), "trace %s: %s events in %.3f s on %u CPU%s: %s maps, %s unmaps", t->name,
		 num(&b, 0, t->n), t->seconds, t->cpus, t->cpus == 1 ? "" : "s",
		 num(&b, 1, t->maps), num(&b, 2, t->unmaps));
	columns_words(p->out, &p->terminal, PAINT_NONE, 0, 2, text);
	if (t->lost_events)
		snprintf(lost, sizeof(lost), "; the recorder lost %s events", num(&b, 2, t->lost_events));
	say(p, "lines", "%s, of which %s are comments or other events%s", num(&b, 0, t->lines),
	    num(&b, 1, t->other_lines), lost);
	say(p, "skipped", "%s unmaps of pages not live or of part of a map, %s maps over live pages",
	    num(&b, 0, t->skipped_unmap), num(&b, 1, t->skipped_map));
}

/* Events by size rounded up to a power of two. */
static void print_sizes(const struct page *p, const struct trace *t)
{
	static const struct column column[] = {
		{ .least = LABEL_COLUMNS - 3, .firm = true }, { .gap = 1 },
		{ .align = COLUMNS_RIGHT, .least = 5, .gap = 1 },
		{ .align = COLUMNS_RIGHT, .least = 10, .gap = 1 },
		{ .align = COLUMNS_RIGHT, .least = 7, .gap = 1 }, { .title = NULL },
	};
	const unsigned rows = sizeof(t->size_lg2_count) / sizeof(*t->size_lg2_count);
	struct columns table = columns_begin(p->out, &p->terminal, column, sizeof(column) / sizeof(column[0]), 2);
	char bar[BAR_WIDTH + 1], size[16];
	uint64_t most = 1;
	struct texts b;

	for (unsigned i = 0; i < rows; i++)
		if (t->size_lg2_count[i] > most)
			most = t->size_lg2_count[i];
	for (unsigned i = 0, first = 1; i < rows; i++) {
		uint64_t n = t->size_lg2_count[i];
		size_t width = (size_t)((double)n / (double)most * BAR_WIDTH + 0.5);

		if (!n)
			continue;
		memset(bar, '#', width);
		bar[width] = '\0';
		columns_row(&table);
		columns_cell(&table, "%s", first ? "sizes" : "");
		columns_cell(&table, "up to");
		columns_cell(&table, "%s", show_bytes(size, sizeof(size), 1ull << i));
		columns_cell(&table, "%s", num(&b, 0, n));
		columns_cell(&table, "%.1f %%", percent(n, t->n));
		columns_cell(&table, "%s", bar);
		first = 0;
	}
	columns_end(&table);
}

static void print_sharing(const struct page *p, const struct trace *t)
{
	struct texts b;

	say(p, "tables", "%s leaf tables (2 MiB regions) touched", num(&b, 0, t->leaf_tables));
	say(p, "live", "%s pages at the peak, %s at the end", num(&b, 0, t->peak_live_pages),
	    num(&b, 1, t->end_live_pages));
	say(p, "CPUs", "%s of %s unmaps (%.1f %%) not on the CPU of their map", num(&b, 0, t->cross_cpu_unmaps),
	    num(&b, 1, t->unmaps), percent(t->cross_cpu_unmaps, t->unmaps));
	say(p, "", "%s of %s maps (%.1f %%) of an IOVA last mapped by another CPU", num(&b, 0, t->migrations),
	    num(&b, 1, t->maps), percent(t->migrations, t->maps));
	if (t->context_known)
		say(p, "atomic", "%s unmaps (%.1f %%) and %s maps (%.1f %%) in interrupts or with interrupts or "
		    "preemption off", num(&b, 0, t->atomic_unmaps), percent(t->atomic_unmaps, t->unmaps),
		    num(&b, 1, t->atomic_maps), percent(t->atomic_maps, t->maps));
	else
		say(p, "atomic", "unknown: recorded without flags");
}

/* "-": too few samples beyond it. */
static const char *quantile(struct texts *b, unsigned i, const struct histogram *h, double q, bool ns)
{
	uint64_t v = hist_quantile(h, q);

	if (!h->n || (q < 1 && !hist_supports(h, q)))
		return "-";
	return ns ? show_ns(b->v[i], sizeof(b->v[i]), (double)v) : num(b, i, v);
}

/* A label, what, how many, and three quantiles with the greatest. */
static struct columns begin_quantiles(const struct page *p, struct column column[7], const char *what,
				      const char *unit)
{
	static const char *const title[] = { "p50", "p90", "p99", "max" };

	column[0] = (struct column){ .least = LABEL_COLUMNS - 3, .firm = true };
	column[1] = (struct column){ .title = what, .least = 22, .gap = 1 };
	column[2] = (struct column){ .title = unit, .align = COLUMNS_RIGHT, .least = 9 };
	for (unsigned i = 0; i < 4; i++)
		column[3 + i] = (struct column){ .title = title[i], .align = COLUMNS_RIGHT, .least = 9 };
	return columns_begin(p->out, &p->terminal, column, 7, 2);
}

static void put_quantiles(struct columns *t, const char *what, const struct histogram *h, bool ns)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99, 1 };
	struct texts b;

	columns_row(t);
	columns_cell(t, "%s", "");
	columns_cell(t, "%s", what);
	columns_cell(t, "%s", num(&b, 0, h->n));
	for (unsigned i = 0; i < 4; i++)
		columns_cell(t, "%s", quantile(&b, 1, h, quantiles[i], ns));
}

static void print_lifetimes(const struct page *p, const struct trace_life *life)
{
	struct column column[7];
	struct columns t = begin_quantiles(p, column, "from map to unmap", "maps");
	char what[32], size[16];
	struct texts b;

	column[0].title = "lifetime";
	columns_below(&t); /* a heading even of no rows */
	for (unsigned k = 0; k < LIFE_CLASSES; k++) {
		uint64_t bytes = life_class_bytes[k], below = k ? life_class_bytes[k - 1] : 0;

		if (!life->lifetime[k].n)
			continue;
		if (k == LIFE_CLASSES - 1)
			snprintf(what, sizeof(what), "all");
		else if (bytes == UINT64_MAX)
			snprintf(what, sizeof(what), "more than %s", show_bytes(size, sizeof(size), below));
		else
			snprintf(what, sizeof(what), "up to %s", show_bytes(size, sizeof(size), bytes));
		put_quantiles(&t, what, &life->lifetime[k], true);
	}
	columns_end(&t);
	if (life->live_maps)
		say(p, "", "live at the end, and not among these: %s", num(&b, 0, life->live_maps));
}

static void print_reuse(const struct page *p, const struct trace_life *life)
{
	uint64_t never = life->pages_unmapped - life->pages_reused;
	struct column column[7];
	struct columns t;
	struct texts b;

	say(p, "reuse", "of %s pages unmapped %s (%.1f %%) were never mapped again",
	    num(&b, 0, life->pages_unmapped), num(&b, 1, never), percent(never, life->pages_unmapped));
	if (!life->pages_reused)
		return;
	t = begin_quantiles(p, column, "until mapped again", "pages");
	put_quantiles(&t, "other maps between", &life->maps_between, false);
	put_quantiles(&t, "time between", &life->ns_between, true);
	columns_end(&t);
	say(p, "", "%.1f %% by the CPU that had unmapped them, %.1f %% by another",
	    percent(life->pages_by_same_cpu, life->pages_reused),
	    percent(life->pages_reused - life->pages_by_same_cpu, life->pages_reused));
}

/* What nobody should conclude from a replay. */
static void print_notes(const struct page *p, const struct trace *t)
{
	struct texts b;

	if (t->no_cpu)
		say(p, "note", "%s events were recorded without their CPU and count as those of one",
		    num(&b, 0, t->no_cpu));
	if (t->leaf_tables < 100)
		say(p, "note", "%s leaf tables are too few for a rate of waste: none lost is 0 of %s [0 %.2f], "
		    "not 0 %%", num(&b, 0, t->leaf_tables), num(&b, 1, t->leaf_tables),
		    3.0 / (double)t->leaf_tables);
	if (t->atomic_maps || t->atomic_unmaps || !t->context_known)
		say(p, "note", "no mutex can be taken in such places: engines with a mutex are counterfactual in "
		    "a replay");
}

void trace_print(const struct trace *t, const struct trace_life *life, FILE *out, struct terminal terminal)
{
	const struct page p = { out, terminal };

	print_head(&p, t);
	print_sizes(&p, t);
	print_sharing(&p, t);
	if (life) {
		print_lifetimes(&p, life);
		print_reuse(&p, life);
	}
	print_notes(&p, t);
}
