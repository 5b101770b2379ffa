/* plan_print.c - `run --dry-run`: what would run where, for how long, in how much memory. */
#include <string.h>

#include "bench/fit.h"
#include "bench/mix.h"
#include "bench/option_dma.h"
#include "bench/units.h"

/* CPUs of consecutive workers, as the kernel writes lists: "0-3,8-11", and of every second CPU "0-14:2". */
static void print_cpus(const struct group *g, FILE *out)
{
	for (unsigned i = 0, last; i < g->threads; i = last + 1) {
		unsigned step = i + 1 < g->threads ? g->cpus[i + 1] - g->cpus[i] : 0;

		last = i;
		while (step && last + 1 < g->threads && g->cpus[last + 1] - g->cpus[last] == step)
			last++;
		if (g->cpus[last] < g->cpus[i] || (step > 1 && last < i + 7))
			last = i; /* backwards, or few enough to be named */
		fprintf(out, "%s%u", i ? "," : "", g->cpus[i]);
		if (last > i)
			fprintf(out, "-%u", g->cpus[last]);
		if (last > i && step > 1)
			fprintf(out, ":%u", step);
	}
}

/* What is not as usual. */
static void print_axes(const struct group *g, FILE *out)
{
	if (g->share != SHARE_ROOT)
		fprintf(out, "  share %s", share_name(g->share));
	if (g->order != g->workload->order)
		fprintf(out, "  order %s", order_name(g->order));
	if (g->source != POOL_SOURCE_POOL)
		fprintf(out, "  pages from %s", source_name(g->source));
}

/* What the mix of work is, where it is not as usual. */
static void print_mix(const struct group *g, FILE *out)
{
	struct ratio ratio = group_ratio(g);
	unsigned readers = group_readers(g);
	char text[16];

	if (g->workload->ratio && !ratio_is(ratio, *g->workload->ratio))
		fprintf(out, "  ratio %s", ratio_text(ratio, text, sizeof(text)));
	if (readers)
		fprintf(out, "  %u reader%s", readers, readers == 1 ? "" : "s");
	if (g->workload->queue || g->workload->dma)
		fprintf(out, "  depth %lu", (unsigned long)g->depth);
}

static void print_dma(const struct group *g, FILE *out)
{
	char buffers[MIX_TEXT_MAX], text[32];

	if (!g->workload->dma)
		return;
	fprintf(out, "    iova %s", g->iova->name);
	if (g->iova != iova_kinds[0])
		fprintf(out, " below %s", show_bytes(text, sizeof(text), g->iova_window));
	if (*buffers_show(buffers, sizeof(buffers), &g->buffers))
		fprintf(out, "  buffers %s", buffers);
	fprintf(out, "  flush %s", flush_name(g->flush));
	if (g->flush != FLUSH_NONE)
		fprintf(out, " (model: completion %s, lock %s)", show_ns(text, sizeof(text), (double)g->flush_ns),
			flush_lock_name(g->flush_lock));
	fputc('\n', out);
}

static void print_warnings(const struct group *g, const struct topology *topo, FILE *out)
{
	char text[240];

	for (unsigned i = 0; plan_warning(g, topo, i, text, sizeof(text)); i++)
		fprintf(out, "    ! %s\n", text);
}

static void print_group(const struct group *g, const struct topology *topo, FILE *out)
{
	char page[MIX_TEXT_MAX], think[32];

	fprintf(out, "  %s%s%s  threads %u on CPUs ", g->workload->name, g->argument[0] ? ":" : "",
		g->argument, g->threads);
	print_cpus(g, out);
	fprintf(out, " (%s%s%s, %u node%s%s)", g->place.text,
		g->place.smt == SMT_LAST ? "" : ", smt ",
		g->place.smt == SMT_LAST ? "" : smt_name(g->place.smt), g->nodes_used,
		g->nodes_used == 1 ? "" : "s", g->oversubscribed ? ", CPUs shared" : "");
	print_mix(g, out);
	fputc('\n', out);
	fprintf(out, "    page %s  batch %lu  think %s  memory %s  zero %s",
		page_mix_show(page, sizeof(page), &g->mix, 1ull << g->page_lg2), (unsigned long)g->batch,
		show_ns(think, sizeof(think), (double)g->think_ns), g->mem.text, zero_name(g->zero));
	if (g->rate)
		fprintf(out, "  rate %lu/s %s", (unsigned long)g->rate, pace_name(g->pace));
	print_axes(g, out);
	fprintf(out, "  %.1f s in slices of %.0f ms\n", (double)g->duration_ns / 1e9,
		(double)g->slice_ns / 1e6);
	print_dma(g, out);
	plan_print_memory(g, topo, out);
	print_warnings(g, topo, out);
	fprintf(out, "    engines");
	for (unsigned e = 0; e < g->nengines; e++) {
		fprintf(out, " %s%s", g->engines[e]->name,
			e == 0 ? " (baseline)" : g->again[e] ? " (again)" : "");
		if (g->levels || !pt_engine_grows(g->engines[e]))
			fprintf(out, " (%u levels)", fit_group_levels(g, g->engines[e]));
	}
	fprintf(out, "\n");
}

/* Which section a group comes from, above the first one of it. */
static void print_job(const struct group *g, const struct group *before, FILE *out)
{
	if (before && !strcmp(before->job, g->job))
		return;
	if (g->job[0])
		fprintf(out, "[%s]%s\n", g->job, g->by_default ? ", the default comparison: it does not say "
								"what to compare" : "");
	else if (g->by_default)
		fputs("the default comparison\n", out);
}

void plan_print(const struct plan *plan, const struct topology *topo, FILE *out)
{
	char bytes[32], text[240];

	fprintf(out, "plan: %zu group%s, %zu cases, about %.0f s, at most %s%s\n", plan->n,
		plan->n == 1 ? "" : "s", plan->ncases,
		plan->predicted_s, show_bytes(bytes, sizeof(bytes), plan->predicted_bytes),
		topo->this_system ? "" : ", for another machine: nothing can be run here");
	for (size_t i = 0; i < plan->n; i++) {
		print_job(&plan->groups[i], i ? &plan->groups[i - 1] : NULL, out);
		print_group(&plan->groups[i], topo, out);
	}
	for (unsigned i = 0; plan_left_out(plan, i, text, sizeof(text)); i++)
		fprintf(out, "  %s\n", text);
}
