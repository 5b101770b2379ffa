#include "bench/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/plan.h"
#include "sys/clock.h"

#define BAR 20

void progress_start(struct progress_line *p, bool quiet, double predicted_s)
{
	const char *term = getenv("TERM");

	p->on = !quiet && isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
	p->started_ns = clock_monotonic_ns();
	p->predicted_s = predicted_s;
}

void progress_tick(void *ctx, double share, const struct group *g)
{
	struct progress_line *p = ctx;
	double spent_s = (double)(clock_monotonic_ns() - p->started_ns) / 1e9;
	double left_s = share > 0.05 ? spent_s / share - spent_s : p->predicted_s - spent_s;
	int filled = (int)(share * BAR);

	if (!p->on)
		return;
	fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f %%  %.0f s left  %s%s%s, %u thread%s", filled,
		"####################", BAR - filled, "", 100 * share, left_s > 0 ? left_s : 0,
		g->workload->name, g->argument[0] ? ":" : "", g->argument, g->threads,
		g->threads == 1 ? "" : "s");
	fflush(stderr);
}

void progress_end(struct progress_line *p)
{
	if (p->on)
		fprintf(stderr, "\r\033[K");
}
