#include "bench/counters.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"

int counters_prepare(struct group_run *run)
{
	if (!run->g->counters || perf_reserve(run->g->threads))
		return 0; /* counters_explain() says which */
	run->perf = calloc(run->g->threads, sizeof(run->perf[0]));
	return run->perf ? 0 : -1;
}

void counters_open(struct group_run *run, unsigned w)
{
	if (!run->perf)
		return;
	run->perf[w] = calloc(1, sizeof(*run->perf[w]));
	if (run->perf[w])
		perf_open_default(run->perf[w]);
}

void counters_close(struct group_run *run)
{
	for (unsigned w = 0; run->perf && w < run->g->threads; w++) {
		if (run->perf[w])
			perf_close(run->perf[w]);
		free(run->perf[w]);
	}
	free(run->perf);
}

/* "cycles, remote: reason" behind what is there already. */
__attribute__((format(printf, 2, 3))) static void add_why(struct counters_result *c, const char *fmt,
							   ...)
{
	size_t used = strlen(c->why);
	va_list ap;

	if (used) {
		snprintf(c->why + used, sizeof(c->why) - used, "; ");
		used = strlen(c->why);
	}
	va_start(ap, fmt);
	vsnprintf(c->why + used, sizeof(c->why) - used, fmt, ap);
	va_end(ap);
}

/* The worker that counts least: what it cannot, the case cannot. */
static const struct perf_group *poorest(const struct group_run *run)
{
	const struct perf_group *least = run->perf[0];

	for (unsigned w = 1; least && w < run->g->threads; w++)
		if (!run->perf[w] || run->perf[w]->n < least->n)
			least = run->perf[w];
	return least;
}

static void explain(struct counters_result *c, const struct perf_group *g, bool guest)
{
	char why[200];

	if (!g->n) {
		add_why(c, "%s", perf_why(why, sizeof(why), g->error[PERF_CYCLES], perf_paranoid(), guest));
		return;
	}
	for (unsigned i = 0; i < PERF_COUNTS; i++) {
		snprintf(c->event[i], sizeof(c->event[i]), "%s", g->event[i] ? g->event[i] : "");
		if (!g->event[i])
			add_why(c, "%s: %s", perf_count_name[i],
				perf_why(why, sizeof(why), g->error[i], perf_paranoid(), guest));
	}
}

void counters_explain(struct group_run *run)
{
	const struct perf_group *g = run->perf ? poorest(run) : NULL;
	bool guest = run->result->host.hypervisor[0];
	char why[200];

	for (unsigned e = 0; e < run->g->nengines; e++) {
		struct counters_result *c = &run->engines[e].result->counters;

		*c = (struct counters_result){ .running_share = NAN };
		if (!run->g->counters)
			add_why(c, COUNTERS_NOT_ASKED);
		else if (!run->perf)
			add_why(c, "%s", perf_why(why, sizeof(why), EMFILE, perf_paranoid(), guest));
		else if (!g)
			add_why(c, "no memory for counters");
		else
			explain(c, g, guest);
	}
}

/* Threads of it wait in loops of the harness: their cycles and instructions are not the engine's. */
static bool harness_spins(const struct case_result *c)
{
	bool waits = false;

	for (size_t i = 0; i < c->nslices; i++)
		waits |= c->slices[i].wait_ns > 0;
	return waits || c->think_ns || c->pace.asked_per_s || c->forced || c->unowned;
}

static void per_op(struct case_result *c, const struct perf_sum *sum, uint64_t ops)
{
	struct counters_result *out = &c->counters;
	bool spins = harness_spins(c), left_out = false, unread = false;

	out->running_share = sum->enabled_ns ? (double)sum->running_ns / (double)sum->enabled_ns : NAN;
	for (unsigned i = 0; i < PERF_COUNTS; i++) {
		if (!out->event[i][0])
			continue;
		unread |= !(sum->mask & 1u << i) || !ops;
		if (spins && (i == PERF_CYCLES || i == PERF_INSTRUCTIONS))
			left_out = true;
		else if (sum->mask & 1u << i && ops)
			out->per_op[i] = sum->count[i] / (double)ops;
	}
	if (left_out)
		add_why(out, "cycles, instructions: think time, a rate, a barrier or waiting spins beside the engine");
	if (unread)
		add_why(out, "a slice passed without its turn on the PMU: somebody else counts");
}

void analyse_counters(struct case_result *c)
{
	struct perf_sum sum = { 0 };
	uint64_t ops = 0;

	c->counters.running_share = NAN;
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		c->counters.per_op[i] = NAN;
	for (size_t i = 0; i < c->nslices; i++) {
		perf_sum_merge(&sum, &c->slices[i].counters);
		ops += c->slices[i].ops;
	}
	if (case_withheld(c))
		add_why(&c->counters, "the audit failed");
	else
		per_op(c, &sum, ops);
}
