/* plan_print.c - `run --dry-run`: what would run where, for how long, in how much memory. */
#include <string.h>

#include "bench/fit.h"
#include "bench/plan.h"
#include "bench/units.h"

/* CPUs as ranges of consecutive workers: "0-3,8-11". */
static void print_cpus(const struct group *g, FILE *out)
{
	for (unsigned i = 0; i < g->threads;) {
		unsigned last = i;

		while (last + 1 < g->threads && g->cpus[last + 1] == g->cpus[last] + 1)
			last++;
		fprintf(out, last > i ? "%s%u-%u" : "%s%u", i ? "," : "", g->cpus[i], g->cpus[last]);
		i = last + 1;
	}
}

static void print_group(const struct group *g, FILE *out)
{
	char page[32], think[32];

	fprintf(out, "  %s%s%s  threads %u on CPUs ", g->workload->name, g->argument[0] ? ":" : "",
		g->argument, g->threads);
	print_cpus(g, out);
	fprintf(out, " (%s, %u node%s)\n", g->place.text, g->nodes_used, g->nodes_used == 1 ? "" : "s");
	fprintf(out, "    page %s  batch %lu  think %s  memory %s  zero %s  %.1f s in slices of %.0f ms\n",
		show_bytes(page, sizeof(page), 1ull << g->page_lg2), (unsigned long)g->batch,
		show_ns(think, sizeof(think), (double)g->think_ns), g->mem.text, zero_name(g->zero),
		(double)g->duration_ns / 1e9, (double)g->slice_ns / 1e6);
	fprintf(out, "    engines");
	for (unsigned e = 0; e < g->nengines; e++) {
		fprintf(out, " %s%s", g->engines[e]->name, e == 0 ? " (baseline)" : "");
		if (g->levels || !pt_engine_grows(g->engines[e]))
			fprintf(out, " (%u levels)", fit_group_levels(g, g->engines[e]));
	}
	fprintf(out, "\n");
}

void plan_print(const struct plan *plan, const struct topology *topo, FILE *out)
{
	char bytes[32];

	fprintf(out, "plan: %zu groups, %zu cases, about %.0f s, at most %s%s\n", plan->n, plan->ncases,
		plan->predicted_s, show_bytes(bytes, sizeof(bytes), plan->predicted_bytes),
		topo->this_system ? "" : ", for another machine: nothing can be run here");
	for (size_t i = 0; i < plan->n; i++)
		print_group(&plan->groups[i], out);
}
