#include "bench/open_loop.h"

#include "stat/stat.h"
#include "sys/clock.h"

int open_loop_check(const struct group *g, struct err *err)
{
	const struct workload *w = g->workload;

	if (!g->rate)
		return 0;
	if (g->think_ns)
		return err_set(err, EXIT_USAGE, "--rate: with --think time a worker waits for itself, with a rate for "
			       "its schedule; leave one out");
	if (w->forced || w->unowned || w->singly)
		return err_set(err, EXIT_USAGE, "--rate: --workload %s has its own say in when operations begin (a "
			       "barrier, a trace, a table to fill up); leave --rate out, or use --workload private",
			       w->name);
	if (open_loop_ops(g) < OPEN_LOOP_OPS_MIN)
		return err_set(err, EXIT_USAGE, "--rate %lu: fewer than %u operations in a --slice; use a --slice of "
			       "%lums or more", (unsigned long)g->rate, OPEN_LOOP_OPS_MIN,
			       (unsigned long)(OPEN_LOOP_OPS_MIN * 1000 / g->rate + 1));
	return 0;
}

uint64_t open_loop_ops(const struct group *g)
{
	return (uint64_t)((double)g->rate * (double)g->slice_ns / 1e9 + 0.5);
}

void open_loop_begin(struct group_run *run)
{
	uint64_t ops = open_loop_ops(run->g);

	run->ops_per_worker = ops < 256 ? ops : 256;
	run->round = 1;
}

void open_loop_settle(struct group_run *run)
{
	uint64_t ops = open_loop_ops(run->g);

	/* calibration is within a tenth of it where nobody is behind: Poisson arrivals, the last stretch */
	if (run->ops_per_worker > ops - ops / 5)
		run->ops_per_worker = ops;
	if (run->ops_per_worker < OPEN_LOOP_OPS_MIN)
		run->ops_per_worker = OPEN_LOOP_OPS_MIN;
}

void open_loop_start(struct lane *lane)
{
	const struct group_run *run = lane->group;
	/* not the stream the operations are drawn from */
	uint64_t seed = stat_mix(~run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));

	pace_start(&lane->pace, run->g->pace, (double)run->g->rate, seed, clock_now());
	lane->think = run->g->rate != 0;
}

void open_loop_stop(struct lane *lane)
{
	lane->pace.gap = 0;
	lane->think = 0;
}

void open_loop_merge(struct case_result *c, const struct lane *lane)
{
	for (unsigned k = 0; k < OP_KINDS; k++)
		hist_merge(c->pace.response[k], lane->response[k]);
	hist_merge(c->pace.lag, lane->lag);
}

void open_loop_collect(const struct group_run *run, unsigned e, struct slice *s)
{
	double first = 0, last = 0;
	uint64_t lanes = 0;

	for (unsigned w = 0; w < run->g->threads; w++) {
		const struct tally *t = &run->engines[e].lanes[w]->tally;
		double a, b;

		s->paced_ops += t->lag.n;
		s->backlog += t->backlog;
		if (!pace_lag_ends(&t->lag, &a, &b))
			continue;
		first += a;
		last += b;
		lanes++;
	}
	if (!lanes)
		return;
	s->lag_first_ns = (uint64_t)clock_ns((uint64_t)(first / (double)lanes));
	s->lag_last_ns = (uint64_t)clock_ns((uint64_t)(last / (double)lanes));
}
