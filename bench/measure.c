/* measure.c - the measured path of every workload: stamps outside, one run() call inside. */
#include <errno.h>

#include "bench/lane.h"
#include "bench/open_loop.h"
#include "bench/runner.h"
#include "sys/clock.h"

/* Operations of a loop of its own between two quiescent states. */
#define SINGLES_PER_REST 64u

/* Written out for each kind of call. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

static void think(uint64_t ticks)
{
	uint64_t until = clock_now() + ticks;

	/* relaxed: a signal's flag; whoever thinks for seconds must not make ^C wait for them */
	while (clock_now() < until && !at_load(&run_interrupted, relaxed))
		cpu_relax();
}

void lane_rest(struct lane *lane)
{
	struct pt_count *n = &lane->pw.n;
	int64_t held;

	if (lane->pw.gather.n || grace_pending(lane->grace))
		lane->ripened += grace_retire(lane->grace, &lane->pw.gather, lane->pw.pages);
	/* below 0 where others' tables were retired here */
	held = (int64_t)(n->allocated - n->freed - lane->ripened);
	if (held > (int64_t)lane->peak)
		lane->peak = (uint64_t)held;
	grace_quiescent(lane->grace);
	page_cache_refill(lane->pw.pages);
}

static void record(struct lane *lane, enum op_kind kind, uint64_t ticks)
{
	uint64_t ns = (uint64_t)clock_ns(ticks);

	if (ns > LANE_SUSPECT_NS && lane_was_switched(lane)) {
		lane->tally.disturbed++;
		return;
	}
	/* relaxed: a signal's flag; a slice cut short leaves no samples */
	if (lane->group->recording && !lane->unrecorded && !at_load(&run_interrupted, relaxed))
		hist_record(lane->latency[kind], ns);
}

/* Ticks since `from`; a clock that stepped back counts as no time, and spoils the run (exit 14). */
static uint64_t clock_since(struct lane *lane, uint64_t from)
{
	uint64_t now = clock_now();

	if (now >= from)
		return now - from;
	lane->tally.stepped_back = true;
	return 0;
}

/* The calls of most stretches: `what` is an array of operations. */
static inline void run_ops(struct lane *lane, void *what, size_t from, size_t n)
{
	lane->run(lane->pt, &lane->pw, (struct pt_op *)what + from, n);
}

/* OP_KINDS: `what` is operations, which say. */
static inline enum op_kind kind_of_call(const void *what, size_t i, enum op_kind kind)
{
	return kind == OP_KINDS ? op_kind_of(((const struct pt_op *)what)[i].kind) : kind;
}

/* One call between two stamps of its own; returns its ticks. */
ALWAYS_INLINE uint64_t time_call(struct lane *lane, lane_call *call, void *what, size_t i,
				 enum op_kind kind)
{
	uint64_t from = clock_now(), ticks;

	call(lane, what, i, 1);
	ticks = clock_since(lane, from);
	record(lane, kind_of_call(what, i, kind), ticks);
	return ticks;
}

/* time_call() when it is its turn (--rate). */
ALWAYS_INLINE uint64_t time_in_turn(struct lane *lane, lane_call *call, void *what, size_t i,
				    enum op_kind kind, bool measured)
{
	uint64_t due = lane_wait_turn(lane), from = clock_now(), ticks;

	call(lane, what, i, 1);
	ticks = clock_since(lane, from);
	if (measured)
		lane_record_paced(lane, kind_of_call(what, i, kind), due, from, from + ticks);
	return ticks;
}

static uint64_t time_one(struct lane *lane, struct pt_op *op)
{
	return time_call(lane, run_ops, op, 0, OP_KINDS);
}

/* Gaps between samples are uniform in [0, 2N - 2]: one in N on average, and no stride to lock onto. */
static void next_sample(struct lane *lane)
{
	lane->until_sample = stat_below(&lane->sample_rng, 2 * lane->sample_every - 1);
}

ALWAYS_INLINE void call_sampled(struct lane *lane, lane_call *call, void *what, size_t n,
				enum op_kind kind)
{
	size_t at = 0;

	while (n - at > lane->until_sample) {
		size_t before = lane->until_sample;

		if (before)
			call(lane, what, at, before);
		at += before;
		time_call(lane, call, what, at++, kind);
		next_sample(lane);
	}
	if (n > at)
		call(lane, what, at, n - at);
	lane->until_sample -= n - at;
}

/*
 * Every owned operation succeeds in full; whatever did not is evidence, or of another page size than
 * the first (a mix): count_failed() looks closer. Outside the stamps, but the
 * time between stretches is time without contention: it is kept short.
 */
static bool all_done(const struct pt_op *ops, size_t n)
{
	uint64_t bytes = (uint64_t)ops[0].count << ops[0].size_lg2, odd = 0;

	for (size_t i = 0; i < n; i++)
		odd |= ops[i].err | (ops[i].result ^ bytes);
	return !odd;
}

static void count_failed(struct tally *t, const struct pt_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = (uint64_t)ops[i].count << ops[i].size_lg2;

		t->failed += ops[i].err || (ops[i].kind != PT_LOOKUP && ops[i].result != bytes);
		t->no_memory |= ops[i].err == ENOMEM;
	}
}

static void count_done(struct tally *t, const struct pt_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t->pages += ops[i].count;
		t->kind_ops[op_kind_of(ops[i].kind)]++;
	}
	t->ops += n;
}

/* Calls one by one, with time between them; returns the ticks spent inside. */
ALWAYS_INLINE uint64_t calls_apart(struct lane *lane, lane_call *call, void *what, size_t n,
				   enum op_kind kind, bool measured)
{
	uint64_t inside = 0;

	for (size_t i = 0; i < n; i++) {
		if (lane_is_paced(lane)) {
			inside += time_in_turn(lane, call, what, i, kind, measured);
			continue;
		}
		if (measured)
			inside += time_call(lane, call, what, i, kind);
		else
			call(lane, what, i, 1);
		think(lane->think);
	}
	return inside;
}

/* The stretch itself, written out for each kind of call; returns the ticks spent inside. */
ALWAYS_INLINE uint64_t call_stretch(struct lane *lane, lane_call *call, void *what, size_t n,
				    enum op_kind kind, bool measured)
{
	uint64_t from;

	if (lane->think)
		return calls_apart(lane, call, what, n, kind, measured);
	from = clock_now();
	if (measured && lane->sample_every)
		call_sampled(lane, call, what, n, kind);
	else
		call(lane, what, 0, n);
	return clock_since(lane, from);
}

static uint64_t run_stretch(struct lane *lane, struct pt_op *ops, size_t n, bool measured)
{
	return call_stretch(lane, run_ops, ops, n, OP_KINDS, measured);
}

static void count_busy(struct tally *t, uint64_t inside, size_t n)
{
	t->busy += inside;
	t->busy_ops += n;
	if (inside > t->longest)
		t->longest = inside;
}

void lane_mixed(struct lane *lane, struct pt_op *ops, size_t n, bool measured)
{
	struct tally *t = &lane->tally;
	uint64_t inside = run_stretch(lane, ops, n, measured);

	lane_rest(lane);
	if (!lane->group->engine_is_ruler)
		count_failed(t, ops, n);
	if (!measured)
		return;
	count_done(t, ops, n);
	count_busy(t, inside, n);
}

void lane_stretch(struct lane *lane, struct pt_op *ops, size_t n, bool measured)
{
	struct tally *t = &lane->tally;
	enum op_kind kind = op_kind_of(ops[0].kind);
	uint64_t inside = run_stretch(lane, ops, n, measured);

	lane_rest(lane);
	if (!lane->group->engine_is_ruler && !all_done(ops, n))
		count_failed(t, ops, n);
	if (!measured)
		return;
	t->ops += n;
	t->kind_ops[kind] += n;
	t->pages += n * ops[0].count;
	t->timed[kind] += inside;
	t->timed_ops[kind] += n;
	t->timed_pages[kind] += n * ops[0].count;
	count_busy(t, inside, n);
}

/* Somebody's address where another belongs. */
static void note_wrong(struct tally *t, const struct pt_op *op)
{
	if (t->wrong++)
		return;
	t->wrong_iova = op->iova;
	t->wrong_pa = op->result;
}

/* Owned: something must be there. */
static void check_lookups(struct tally *t, const struct pt_op *ops, size_t n, bool owned)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].err)
			t->failed += owned || ops[i].err != ENOENT;
		else if (ops[i].result != pa_of(ops[i].iova))
			note_wrong(t, &ops[i]);
	}
}

static void look_up(struct lane *lane, struct pt_op *ops, size_t n, bool measured, bool owned)
{
	struct tally *t = &lane->tally;
	/* where every operation of a kind is timed by itself, lookups are not among them */
	bool sampled = measured && !lane_group(lane)->workload->singly;
	uint64_t inside = run_stretch(lane, ops, n, sampled);

	lane_rest(lane);
	if (!lane->group->engine_is_ruler)
		check_lookups(t, ops, n, owned);
	if (!measured)
		return;
	t->ops += n;
	t->kind_ops[OP_LOOKUP] += n;
	t->pages += n;
	t->timed[OP_LOOKUP] += inside;
	t->timed_ops[OP_LOOKUP] += n;
	t->timed_pages[OP_LOOKUP] += n;
	if (owned)
		count_busy(t, inside, n);
}

void lane_lookups(struct lane *lane, struct pt_op *ops, size_t n, bool measured)
{
	look_up(lane, ops, n, measured, true);
}

void lane_reads(struct lane *lane, struct pt_op *ops, size_t n, bool measured)
{
	look_up(lane, ops, n, measured, false);
}

void lane_phase(struct lane *lane, struct pt_op *ops, size_t n, unsigned phase, bool sampled)
{
	struct tally *t = &lane->tally;
	uint64_t retired = lane->pw.n.retired;

	lane->unrecorded = true;
	t->phase[phase].ticks += run_stretch(lane, ops, n, sampled);
	lane->unrecorded = false;
	t->phase[phase].ops += n;
	t->phase[phase].retired += lane->pw.n.retired - retired;
	lane_rest(lane);
	if (!lane->group->engine_is_ruler && !all_done(ops, n))
		count_failed(t, ops, n);
}

void lane_calls(struct lane *lane, lane_call *call, void *what, size_t n, enum op_kind kind, uint64_t pages,
		bool measured)
{
	struct tally *t = &lane->tally;
	uint64_t inside = call_stretch(lane, call, what, n, kind, measured);

	lane_rest(lane);
	if (!measured)
		return;
	t->ops += n;
	t->kind_ops[kind] += n;
	t->pages += pages;
	t->timed[kind] += inside;
	t->timed_ops[kind] += n;
	t->timed_pages[kind] += pages;
	count_busy(t, inside, n);
}

void lane_part(struct lane *lane, lane_call *call, void *what, size_t n, unsigned phase)
{
	struct tally *t = &lane->tally;
	uint64_t retired = lane->pw.n.retired, from = clock_now();

	call(lane, what, 0, n);
	t->phase[phase].ticks += clock_since(lane, from);
	t->phase[phase].ops += n;
	t->phase[phase].retired += lane->pw.n.retired - retired;
}

void lane_single(struct lane *lane, struct pt_op *op)
{
	struct tally *t = &lane->tally;
	bool sampled = lane->think || (lane->sample_every && lane->until_sample == 0);

	if (sampled) {
		enum op_kind kind = op_kind_of(op->kind);
		bool paced = lane_is_paced(lane);
		uint64_t ticks = paced ? time_in_turn(lane, run_ops, op, 0, OP_KINDS, true) : time_one(lane, op);

		/* a figure by kind only where all of them are timed */
		if (lane->think || lane_group(lane)->workload->singly) {
			t->timed[kind] += ticks;
			t->timed_ops[kind]++;
			t->timed_pages[kind] += op->count;
		}
		count_busy(t, ticks, 1);
		next_sample(lane);
	} else {
		lane->run(lane->pt, &lane->pw, op, 1);
		lane->until_sample--; /* from UINT64_MAX where nothing is sampled */
	}
	count_done(t, op, 1);
	count_failed(t, op, 1);
	if (lane->pw.gather.n || t->ops % SINGLES_PER_REST == 0)
		lane_rest(lane);
	if (lane->think && !lane_is_paced(lane))
		think(lane->think);
}

void lane_begin(struct lane *lane)
{
	if (lane->pace.gap > 0)
		open_loop_start(lane); /* what the lead-in has left undone is no measured operation's lag */
	if (lane->perf)
		perf_start(lane->perf);
	lane->tally.start = clock_now();
}

void lane_end(struct lane *lane)
{
	lane->tally.stop = clock_now();
	if (lane->pace.gap > 0)
		lane->tally.backlog = pace_backlog(&lane->pace, lane->tally.stop);
	if (lane->perf)
		perf_stop(lane->perf, &lane->tally.counters);
}
