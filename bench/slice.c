/* slice.c - one engine's turn, and how many operations a turn has. */
#include <math.h>
#include <sched.h>
#include <string.h>

#include "bench/audit.h"
#include "bench/crew.h"
#include "bench/dma.h"
#include "bench/group.h"
#include "bench/meeting.h"
#include "bench/open_loop.h"
#include "bench/runner.h"
#include "bench/tables.h"

#define SAMPLE_COST_MAX 0.02  /* share of the time that timing single operations may cost */
#define DMA_SAMPLE_MIN 64u    /* a sample of some microseconds costs a system call; parts have no samples */
#define WINDOW_EVERY 4u       /* race windows recorded: one install in so many */
#define ROUND_MIN 8u
#define ROUNDS_ENOUGH 5u       /* of a group that ends after so many operations */

/* Relaxed: a signal's flag, nothing rides on it. */
static bool interrupted(void)
{
	return at_load(&run_interrupted, relaxed);
}

static void slice_worker(void *arg, unsigned w)
{
	struct group_run *run = arg;
	struct lane *lane = run->engines[run->engine].lanes[w];
	struct tally *t = &lane->tally;

	memset(t, 0, sizeof(*t));
	host_counters_thread(&t->before);
	lane->involuntary = t->before.involuntary;
	lane->pw.window_every = run->recording ? WINDOW_EVERY : 0;
	meeting_begin(lane);
	grace_online(lane->grace);
	barrier_wait(&run->start);
	if (run->g->rate)
		open_loop_start(lane);
	run->g->workload->slice(lane);
	if (run->g->rate)
		open_loop_stop(lane);
	lane_rest(lane);
	grace_offline(lane->grace);
	t->cpu = (unsigned)sched_getcpu();
	t->unpinned = !pin_holds(run->g->cpus[w]);
	host_counters_thread(&t->after);
}

/* Add one lane's tally; times become nanoseconds here. */
static void add_tally(struct slice *s, const struct tally *t)
{
	double own_s = clock_ns(t->stop - t->start) / 1e9;

	s->ops += t->ops;
	s->pages += t->pages;
	if (own_s > 0)
		s->ops_per_s += (double)t->ops / own_s;
	for (unsigned k = 0; k < OP_KINDS; k++) {
		s->kind_ops[k] += t->kind_ops[k];
		s->timed_ops[k] += t->timed_ops[k];
		s->timed_pages[k] += t->timed_pages[k];
		s->timed_ns[k] += clock_ns(t->timed[k]);
	}
	s->busy_ns += clock_ns(t->busy);
	s->busy_ops += t->busy_ops;
	s->wait_ns += clock_ns(t->wait);
	perf_sum_add(&s->counters, &t->counters);
	s->plain_ns += clock_ns(t->plain);
	s->plain_ops += t->plain_ops;
	for (unsigned k = 0; k < PHASES_MAX; k++) {
		s->phase_ns[k] += clock_ns(t->phase[k].ticks);
		s->phase_ops[k] += t->phase[k].ops;
		s->phase_retired[k] += t->phase[k].retired;
	}
	s->involuntary += t->after.involuntary - t->before.involuntary;
	s->voluntary += t->after.voluntary - t->before.voluntary;
	s->faults += t->after.minor_faults - t->before.minor_faults;
	s->migrations += t->after.migrations - t->before.migrations;
}

static void add_waste(struct slice *s, const struct engine_run *er, unsigned threads)
{
	for (unsigned w = 0; w < threads; w++) {
		const struct pt_count *n = &er->lanes[w]->pw.n, *before = &er->lanes[w]->tally.unraced;

		s->growths += n->growths - before->growths;
		s->tables += n->installs + n->growths - before->installs - before->growths;
		s->lost_growth += n->wasted_growth - before->wasted_growth;
		for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
			s->lost_install += n->wasted_install[l] - before->wasted_install[l];
	}
}

/* What outlives the slice: the case's worker rows and extremes. */
static void keep(struct group_run *run, unsigned e)
{
	struct case_result *c = run->engines[e].result;

	for (unsigned w = 0; w < run->g->threads; w++) {
		struct lane *lane = run->engines[e].lanes[w];
		struct worker_result *wr = &c->workers[w];
		double longest = clock_ns(lane->tally.longest);

		lane->total_ops += lane->tally.ops;
		lane->total_ticks += lane->tally.stop - lane->tally.start;
		wr->ops += lane->tally.ops;
		wr->elapsed_ns += clock_ns(lane->tally.stop - lane->tally.start);
		wr->cpu = lane->tally.cpu;
		wr->moved |= lane->tally.cpu != wr->cpu_asked;
		wr->unpinned |= lane->tally.unpinned;
		c->disturbed += lane->tally.disturbed;
		if (!(c->longest_wait_ns >= longest))
			c->longest_wait_ns = longest;
	}
}

/* What a lookup found beside its owner at work is evidence like that of the audit. */
static void note_wrong(struct engine_run *er, const struct tally *t)
{
	if (t->wrong)
		audit_fail(er->result, "%lu lookups found a wrong address, first iova 0x%lx -> 0x%lx, not "
			   "0x%lx", (unsigned long)t->wrong, (unsigned long)t->wrong_iova,
			   (unsigned long)t->wrong_pa, (unsigned long)pa_of(t->wrong_iova));
}

/* What ran out is no verdict on the engine. A ruler's allocator is real: without room it is no floor. */
static int collect(struct group_run *run, unsigned e, struct slice *out, struct err *err)
{
	struct engine_run *er = &run->engines[e];
	uint64_t first = UINT64_MAX, last = 0, failed = 0;
	bool no_memory = false, no_room = false;

	for (unsigned w = 0; w < run->g->threads; w++) {
		const struct tally *t = &er->lanes[w]->tally;

		add_tally(out, t);
		note_wrong(er, t);
		failed += t->failed;
		no_memory |= t->no_memory;
		no_room |= t->no_room;
		run->result->clock_stepped_back |= t->stepped_back || t->stop < t->start;
		first = t->start < first ? t->start : first;
		last = t->stop > last ? t->stop : last;
	}
	if (run->g->rate)
		open_loop_collect(run, e, out);
	out->elapsed_ns += last > first ? (uint64_t)clock_ns(last - first) : 0;
	if (run->g->workload->cold) /* elsewhere the counters run on from slice to slice */
		add_waste(out, er, run->g->threads);
	if (no_memory && !run->g->workload->unowned)
		return err_set(err, EXIT_NO_RESOURCE, "%s: no memory for table pages", run->g->workload->name);
	if (no_room)
		return dma_no_room(run->g, err);
	if (failed && !run->g->workload->unowned && !er->engine.ruler)
		audit_fail(er->result, "%lu operations failed or did less than asked",
			   (unsigned long)failed);
	return 0;
}

/* One turn of all workers on one root. */
static int one_round(struct group_run *run, unsigned e, struct slice *out, struct err *err)
{
	const struct workload *w = run->g->workload;
	uint64_t steal;
	bool kept;

	if (w->cold && table_open(run, e, err))
		return err->code;
	if (w->rewind)
		w->rewind(run);
	run->engine = e;
	run->engine_is_ruler = run->engines[e].engine.ruler;
	at_store(&run->unfinished, run->g->threads, relaxed); /* crew_run orders it */
	steal = host_steal_ns();
	crew_run(run->crew, slice_worker, run);
	out->steal_ns += host_steal_ns() - steal;
	out->live_pages = tables_live_pages(run, e); /* a cold one's table is still there */
	if (collect(run, e, out, err))
		return err->code;
	kept = run->recording && !interrupted(); /* a slice cut short does not count */
	meeting_collect(run, e, kept, out);
	if (kept)
		keep(run, e);
	if (!w->cold)
		return 0;
	if (w->classify && kept)
		w->classify(run, e);
	if (audit_engine(run, e, false, kept))
		return err_set(err, EXIT_NO_RESOURCE, "no memory to audit %s", w->name);
	table_close(run, e);
	return 0;
}

/* What follows from the sums over the rounds of a cold slice. */
static void finish_cold(const struct group *g, struct slice *s)
{
	double chances = (double)s->tables * (g->threads - 1);

	/* it ends for each worker when its work is done: nobody keeps up the load */
	s->ops_per_s = s->elapsed_ns ? (double)s->ops * 1e9 / (double)s->elapsed_ns : 0;
	s->skew_ns = g->workload->forced && s->meetings ? s->skew_ns / (double)s->meetings : NAN;
	s->overlap = g->workload->forced && chances > 0
			     ? (double)(s->lost_install + s->lost_growth) / chances : NAN;
}

int slice_run(struct group_run *run, unsigned e, uint64_t position, struct slice *out,
	      struct err *err)
{
	const struct workload *w = run->g->workload;
	uint64_t rounds = w->fresh ? run->round : 1;

	memset(out, 0, sizeof(*out));
	out->position = run->position = position;
	/* relaxed: as in one_round() */
	for (uint64_t i = 0; i < rounds && !(i && interrupted()); i++)
		if (one_round(run, e, out, err))
			return err->code;
	if (w->cold)
		finish_cold(run->g, out);
	return 0;
}

/* The better of two slices, so that one preemption does not pass for a slow engine. */
static int try_engine(struct group_run *run, unsigned e, double *elapsed_ns, double *op_ns,
		      struct err *err)
{
	*elapsed_ns = *op_ns = INFINITY;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t began = clock_monotonic_ns();
		struct slice s;

		if (slice_run(run, e, UINT32_MAX, &s, err))
			return err->code;
		if (run->g->workload->fresh) /* most of a turn is making and auditing tables */
			s.elapsed_ns = clock_monotonic_ns() - began;
		*elapsed_ns = fmin(*elapsed_ns, (double)s.elapsed_ns);
		if (s.busy_ops)
			*op_ns = fmin(*op_ns, s.busy_ns / (double)s.busy_ops);
	}
	return 0;
}

/* Every engine once; the slowest elapsed time, and the fastest operation of an engine. */
static int trial(struct group_run *run, double *slowest_ns, double *fastest_op_ns, struct err *err)
{
	*slowest_ns = 0;
	*fastest_op_ns = INFINITY;
	for (unsigned e = 0; e < run->g->nengines && !interrupted(); e++) {
		double elapsed_ns, op_ns;

		if (try_engine(run, e, &elapsed_ns, &op_ns, err))
			return err->code;
		*slowest_ns = fmax(*slowest_ns, elapsed_ns);
		if (!run->engines[e].engine.ruler)
			*fastest_op_ns = fmin(*fastest_op_ns, op_ns);
	}
	return 0;
}

/* The smallest power of two that keeps the predicted cost of sampling below the limit. */
static uint64_t choose_sampling(const struct group *g, double op_ns)
{
	double cost_ns = clock_facts.pair_ns + 8; /* the pair, the record, the split of the stretch */
	uint64_t every = g->workload->dma ? DMA_SAMPLE_MIN : 1;

	if (g->workload->singly || g->think_ns || g->rate)
		return 1;
	if (g->sample != SAMPLE_AUTO)
		return g->sample == SAMPLE_NONE ? 0 : g->sample;
	if (!isfinite(op_ns))
		return 64;
	while (cost_ns / ((double)every * op_ns + cost_ns) > SAMPLE_COST_MAX && every < 1 << 16)
		every *= 2;
	return every;
}

static void scale(struct group_run *run, double by)
{
	uint64_t *size = run->g->workload->cold ? &run->round : &run->ops_per_worker;
	double next = (double)*size * by;

	if (run->g->workload->cold)
		next = fmin(fmax(next, run->g->rate ? 1 : ROUND_MIN), (double)run->g->round);
	*size = (uint64_t)fmax(next, 1);
}

static uint64_t limit(uint64_t v, uint64_t most)
{
	return v > most && most ? most : v;
}

int group_calibrate(struct group_run *run, struct err *err)
{
	const struct group *g = run->g;
	double slowest = 0, op_ns = 0, want = (double)g->slice_ns;

	run->ops_per_worker = 256;
	if (g->think_ns && g->slice_ns / g->think_ns < run->ops_per_worker)
		run->ops_per_worker = 1 + g->slice_ns / g->think_ns;
	run->round = g->round < 32 ? g->round : 32;
	if (g->rate)
		open_loop_begin(run);
	for (unsigned i = 0; i < 12 && !interrupted(); i++) {
		if (trial(run, &slowest, &op_ns, err))
			return err->code;
		if (slowest > want / 4 || (g->workload->cold && run->round == g->round))
			break;
		scale(run, slowest > 0 ? fmin(want / slowest, 16) : 16);
	}
	if (slowest > 0)
		scale(run, want / slowest);
	if (g->ops_enough) /* in a few slices, which all engines take turns at */
		run->ops_per_worker = limit(run->ops_per_worker, g->ops_enough / (2 * ROUNDS_ENOUGH));
	if (g->rate)
		open_loop_settle(run);
	for (unsigned e = 0; e < g->nengines; e++) {
		struct case_result *c = run->engines[e].result;

		c->sample_every = choose_sampling(g, op_ns);
		c->ops_per_slice = g->workload->cold ? 0 : run->ops_per_worker;
		for (unsigned w = 0; w < g->threads; w++) {
			struct lane *lane = run->engines[e].lanes[w];

			lane->sample_every = c->sample_every;
			lane->until_sample = c->sample_every
					     ? stat_below(&lane->sample_rng, c->sample_every)
					     : UINT64_MAX;
		}
	}
	return 0;
}

/* Outside slices a worker goes online for its table the same way. */
static void at_once(struct group_run *run, unsigned w, void (*fn)(struct lane *lane))
{
	struct lane *lane = run->engines[run->engine].lanes[w];

	grace_online(lane->grace);
	barrier_wait(&run->start);
	fn(lane);
	lane_rest(lane);
	grace_offline(lane->grace);
}

static void settle_worker(void *arg, unsigned w)
{
	struct group_run *run = arg;

	at_once(run, w, run->g->workload->settle);
}

static void clear_worker(void *arg, unsigned w)
{
	struct group_run *run = arg;

	at_once(run, w, run->g->workload->clear);
}

void group_warm(struct group_run *run, unsigned e)
{
	run->engine = e;
	run->engine_is_ruler = run->engines[e].engine.ruler;
	crew_run(run->crew, settle_worker, run);
	crew_run(run->crew, clear_worker, run);
}

int group_audit(struct group_run *run, unsigned e, bool count, struct err *err)
{
	const struct workload *w = run->g->workload;
	int error = 0;

	run->engine = e;
	run->engine_is_ruler = run->engines[e].engine.ruler;
	if (run->engine_is_ruler && !w->dma) /* there a ruler's allocator is to come to its start like others' */
		return 0;
	if (w->settle)
		crew_run(run->crew, settle_worker, run);
	error = audit_engine(run, e, false, count);
	if (!error && w->clear) {
		crew_run(run->crew, clear_worker, run);
		error = audit_engine(run, e, true, false);
		if (w->dma && !run->engine_is_ruler)
			dma_audit_empty(run, e);
	}
	if (error)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to audit %s", w->name);
	return 0;
}
