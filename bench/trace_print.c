/* trace_print.c - a trace as a screen of text. */
#include <string.h>

#include "bench/trace.h"
#include "bench/units.h"

#define BAR_WIDTH 40u

/* Storage for the numbers of one line. */
struct texts {
	char v[6][32];
};

static const char *num(struct texts *b, unsigned i, uint64_t v)
{
	return show_int(b->v[i], sizeof(b->v[i]), v);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_head(const struct trace *t, FILE *out)
{
	struct texts b;

	fprintf(out, "trace %s: %s events in %.3f s on %u CPU%s: %s maps, %s unmaps\n", t->name,
		num(&b, 0, t->n), t->seconds, t->cpus, t->cpus == 1 ? "" : "s",
		num(&b, 1, t->maps), num(&b, 2, t->unmaps));
	fprintf(out, "  lines     %s, of which %s are comments or other events",
		num(&b, 0, t->lines), num(&b, 1, t->other_lines));
	if (t->lost_events)
		fprintf(out, "; the recorder lost %s events", num(&b, 2, t->lost_events));
	fprintf(out, "\n  skipped   %s unmaps of pages not live or of part of a map, "
		     "%s maps over live pages\n",
		num(&b, 0, t->skipped_unmap), num(&b, 1, t->skipped_map));
}

/* Events by size rounded up to a power of two. */
static void print_sizes(const struct trace *t, FILE *out)
{
	const unsigned rows = sizeof(t->size_lg2_count) / sizeof(*t->size_lg2_count);
	uint64_t most = 1;
	struct texts b;
	char bar[BAR_WIDTH + 1], size[16];

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
		fprintf(out, "  %-9s up to %5s %10s %5.1f %%  %s\n", first ? "sizes" : "",
			show_bytes(size, sizeof(size), 1ull << i), num(&b, 0, n),
			percent(n, t->n), bar);
		first = 0;
	}
}

static void print_sharing(const struct trace *t, FILE *out)
{
	struct texts b;

	fprintf(out, "  tables    %s leaf tables (2 MiB regions) touched\n",
		num(&b, 0, t->leaf_tables));
	fprintf(out, "  live      %s pages at the peak, %s at the end\n",
		num(&b, 0, t->peak_live_pages), num(&b, 1, t->end_live_pages));
	fprintf(out, "  CPUs      %s of %s unmaps (%.1f %%) not on the CPU of their map\n",
		num(&b, 0, t->cross_cpu_unmaps), num(&b, 1, t->unmaps),
		percent(t->cross_cpu_unmaps, t->unmaps));
	fprintf(out, "            %s of %s maps (%.1f %%) of an IOVA last mapped by another CPU\n",
		num(&b, 0, t->migrations), num(&b, 1, t->maps), percent(t->migrations, t->maps));
	if (t->context_known)
		fprintf(out, "  atomic    %s unmaps (%.1f %%) and %s maps (%.1f %%) in interrupts or with\n"
			     "            interrupts or preemption off\n",
			num(&b, 0, t->atomic_unmaps), percent(t->atomic_unmaps, t->unmaps),
			num(&b, 1, t->atomic_maps), percent(t->atomic_maps, t->maps));
	else
		fprintf(out, "  atomic    unknown: recorded without flags\n");
}

/* "-": too few samples beyond it. */
static const char *quantile(struct texts *b, unsigned i, const struct histogram *h, double q, bool ns)
{
	uint64_t v = hist_quantile(h, q);

	if (!h->n || (q < 1 && !hist_supports(h, q)))
		return "-";
	return ns ? show_ns(b->v[i], sizeof(b->v[i]), (double)v) : num(b, i, v);
}

static void print_quantiles(const char *what, const struct histogram *h, bool ns, FILE *out)
{
	struct texts b;

	fprintf(out, "            %-22s %10s %10s %10s %10s %10s\n", what, num(&b, 0, h->n),
		quantile(&b, 1, h, 0.5, ns), quantile(&b, 2, h, 0.9, ns), quantile(&b, 3, h, 0.99, ns),
		quantile(&b, 4, h, 1, ns));
}

static void print_lifetimes(const struct trace_life *life, FILE *out)
{
	char what[32], size[16];
	struct texts b;

	fprintf(out, "  lifetime  %-22s %10s %10s %10s %10s %10s\n", "from map to unmap", "maps", "p50", "p90",
		"p99", "max");
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
		print_quantiles(what, &life->lifetime[k], true, out);
	}
	if (life->live_maps)
		fprintf(out, "            live at the end, and not among these: %s\n",
			num(&b, 0, life->live_maps));
}

static void print_reuse(const struct trace_life *life, FILE *out)
{
	uint64_t never = life->pages_unmapped - life->pages_reused;
	struct texts b;

	fprintf(out, "  reuse     of %s pages unmapped %s (%.1f %%) were never mapped again\n",
		num(&b, 0, life->pages_unmapped), num(&b, 1, never), percent(never, life->pages_unmapped));
	if (!life->pages_reused)
		return;
	fprintf(out, "            %-22s %10s %10s %10s %10s %10s\n", "until mapped again", "pages", "p50", "p90",
		"p99", "max");
	print_quantiles("other maps between", &life->maps_between, false, out);
	print_quantiles("time between", &life->ns_between, true, out);
	fprintf(out, "            %.1f %% by the CPU that had unmapped them, %.1f %% by another\n",
		percent(life->pages_by_same_cpu, life->pages_reused),
		percent(life->pages_reused - life->pages_by_same_cpu, life->pages_reused));
}

/* What nobody should conclude from a replay. */
static void print_notes(const struct trace *t, FILE *out)
{
	struct texts b;

	if (t->no_cpu)
		fprintf(out, "  note      %s events were recorded without their CPU and count as those of one\n",
			num(&b, 0, t->no_cpu));
	if (t->leaf_tables < 100)
		fprintf(out, "  note      %s leaf tables are too few for a rate of waste: "
			     "none lost is 0 of %s [0 %.2f], not 0 %%\n",
			num(&b, 0, t->leaf_tables), num(&b, 1, t->leaf_tables),
			3.0 / (double)t->leaf_tables);
	if (t->atomic_maps || t->atomic_unmaps || !t->context_known)
		fputs("  note      no mutex can be taken in such places: engines with a mutex are\n"
		      "            counterfactual in a replay\n", out);
}

void trace_print(const struct trace *t, const struct trace_life *life, FILE *out)
{
	print_head(t, out);
	print_sizes(t, out);
	print_sharing(t, out);
	if (life) {
		print_lifetimes(life, out);
		print_reuse(life, out);
	}
	print_notes(t, out);
}
