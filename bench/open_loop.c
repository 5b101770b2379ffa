#include "bench/open_loop.h"

#include "bench/runner.h"
#include "stat/stat.h"
#include "sys/clock.h"

/* A worker rests while it waits: so often, but not this shortly before its turn. */
#define REST_EVERY_NS 5000.0
#define REST_BEFORE_NS 1000.0

int open_loop_check(const struct group *g, struct err *err)
{
	const struct workload *w = g->workload;

	if (!g->rate)
		return 0;
	if (g->think_ns)
		return err_set(err, EXIT_USAGE, "--rate: with --think time a worker waits for itself, with a rate for "
			       "its schedule; leave one out");
	if (w->forced || w->unowned || (w->singly && w->waits))
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

/* Its own work between operations (lane_rest) is done while there is time for it. */
void lane_rest_until(struct lane *lane, uint64_t due)
{
	uint64_t latest = due - clock_ticks(REST_BEFORE_NS), now;

	/* relaxed: a signal's flag */
	while ((now = clock_now()) < latest && !at_load(&run_interrupted, relaxed)) {
		uint64_t next = now + clock_ticks(REST_EVERY_NS);

		lane_rest(lane);
		pace_spin(next < latest ? next : latest);
	}
}

uint64_t lane_wait_turn(struct lane *lane)
{
	lane_rest_until(lane, pace_due(&lane->pace));
	return pace_wait(&lane->pace);
}

/*
 * Nothing is left out, as it is in record(): an operation that came while the worker was switched out had
 * to wait, and so had those behind it.
 */
void lane_record_paced(struct lane *lane, enum op_kind kind, uint64_t due, uint64_t from, uint64_t to)
{
	uint64_t service = to > from ? (uint64_t)clock_ns(to - from) : 0, late = from > due ? from - due : 0;

	if (service > LANE_SUSPECT_NS && lane_was_switched(lane))
		lane->tally.disturbed++;
	if (lane->unrecorded) /* of a part that is told apart, outside the measured one */
		return;
	pace_lag_add(&lane->tally.lag, late);
	/* relaxed: as in record() */
	if (!lane->group->recording || at_load(&run_interrupted, relaxed))
		return;
	hist_record(lane->latency[kind], service);
	hist_record(lane->response[kind], to > due ? (uint64_t)clock_ns(to - due) : 0);
	hist_record(lane->lag, (uint64_t)clock_ns(late));
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
