/*
 * workload_replay.c - `replay:FILE`: map and unmap as a real driver did. Each event runs on the
 * worker of its recorded CPU and waits for the earlier events of the same pages; waiting is
 * measured and left out of the time of the operations. With --speed recorded it also waits for its time
 * (replay_speed.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lane.h"
#include "bench/mix.h"
#include "bench/replay.h"
#include "bench/replay_speed.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

struct shared {
	struct trace *trace;
	struct replay *replay;
	struct replay_progress *progress; /* by worker */
	struct replay_left left;          /* behind the first left_end events */
	size_t left_end;
	struct replay_segment segment;    /* of the slice under way */
	struct replay_start start;
};

static void rewind_progress(struct group_run *run)
{
	struct shared *shared = run->shared;

	for (unsigned w = 0; w < run->g->threads; w++)
		at_init(&shared->progress[w].steps, 0);
	shared->segment = run->g->speed == SPEED_MAX
		? replay_segment_whole(shared->trace)
		: replay_segment_of(shared->trace, (double)run->g->slice_ns / 1e9, run->g->seed, run->position);
	replay_start_reset(&shared->start);
}

static void release(struct group_run *run)
{
	struct shared *shared = run->shared;

	if (!shared)
		return;
	free(shared->left.v);
	free(shared->progress);
	replay_free(shared->replay);
	trace_free(shared->trace);
	free(shared);
	run->shared = NULL;
}

/* A trace that cannot be read is better known of now than when its turn comes. */
static int check(const struct group *g, struct err *err)
{
	struct trace *trace;
	int code = check_own_pages(g, err);

	if (code)
		return code;
	if (g->speed != SPEED_MAX && g->think_ns)
		return err_set(err, EXIT_USAGE, "--speed recorded: the trace says when events begin, --think would "
			       "too; leave one out");
	code = trace_load(&trace, g->argument, err);

	if (!code)
		trace_free(trace);
	return code;
}

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << 12; /* and larger ones where they fit */
}

static uint64_t last_of(const struct trace *t)
{
	uint64_t last = 0;

	for (size_t i = 0; i < t->n; i++) {
		uint64_t end = t->events[i].iova + (t->events[i].bytes - 1);

		last = end > last ? end : last;
	}
	return last;
}

/* The trace's own last address, in its highest copy. What cannot be loaded check() complains of. */
static uint64_t reach(const struct group *g)
{
	struct trace *trace;
	struct replay *replay;
	uint64_t last = 0;
	struct err err;

	if (trace_load(&trace, g->argument, &err))
		return 0;
	if (!trace_schedule(&replay, trace, g->threads, &err)) {
		for (unsigned w = 0; w < g->threads; w++)
			if (replay->lanes[w].iova_shift > last)
				last = replay->lanes[w].iova_shift;
		replay_free(replay);
	}
	last += last_of(trace);
	trace_free(trace);
	return last;
}

static int load(struct shared *shared, const struct group *g, struct err *err)
{
	int code = trace_load(&shared->trace, g->argument, err);

	if (!code)
		code = trace_schedule(&shared->replay, shared->trace, g->threads, err);
	if (code)
		return code;
	shared->progress = aligned_alloc(CACHE_ALIGN, g->threads * sizeof(*shared->progress));
	if (!shared->progress)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to replay %s", shared->trace->name);
	return 0;
}

static int prepare(struct group_run *run, struct err *err)
{
	int code;

	run->shared = aligned_alloc(CACHE_ALIGN, sizeof(struct shared));
	if (!run->shared)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to replay %s", run->g->argument);
	memset(run->shared, 0, sizeof(struct shared));
	code = load(run->shared, run->g, err);
	if (code)
		release(run);
	else
		rewind_progress(run);
	return code;
}

/* Out of the way of whoever we wait for: quiescent, and off the CPU when there are too few. */
static void wait_for(struct lane *lane, const struct replay_lane *part,
		     const struct replay_step *step, struct replay_progress *progress)
{
	uint64_t from;

	if (replay_ready(part, step, progress))
		return;
	from = clock_now();
	for (uint32_t spins = 1; !replay_ready(part, step, progress); spins++)
		lane_idle(lane, spins);
	lane->tally.wait += clock_now() - from;
}

static struct pt_op op_of(const struct trace_event *e, uint64_t iova_shift)
{
	struct pt_op op = { .iova = e->iova + iova_shift, .count = (uint32_t)(e->bytes >> 12),
			    .kind = PT_UNMAP_RANGE, .size_lg2 = 12 };

	if (e->kind == TRACE_MAP) {
		op.kind = PT_MAP_RANGE;
		op.pa = e->pa;
		op.prot = PT_READ | PT_WRITE;
	}
	return op;
}

/*
 * A trace may end with nothing mapped, and then the audit sees no address. So one map in 16 is
 * looked up again, outside the stamps, before anybody may unmap it.
 */
static void look_again(struct lane *lane, const struct pt_op *mapped, size_t step)
{
	struct pt_op look = { .iova = mapped->iova, .kind = PT_LOOKUP, .count = 1, .size_lg2 = 12 };

	if (mapped->kind != PT_MAP_RANGE || step % 16)
		return;
	lane->run(lane->pt, &lane->pw, &look, 1);
	if (look.err || look.result != mapped->pa)
		lane->tally.failed++;
}

/* What comes before the segment: not measured. Its last step + 1. */
static size_t lead_in(struct lane *lane, struct shared *shared, const struct replay_lane *part)
{
	size_t i = 0;

	for (; i < part->nsteps && part->steps[i].event < shared->segment.first; i++) {
		const struct replay_step *step = &part->steps[i];
		struct pt_op op = op_of(&shared->trace->events[step->event], part->iova_shift);

		wait_for(lane, part, step, shared->progress);
		lane_mixed(lane, &op, 1, false);
		if (step->watched)
			replay_publish(&shared->progress[lane->worker], (uint32_t)(i + 1));
	}
	lane->tally.unraced = lane->pw.n;
	lane->tally.wait = 0;
	return i;
}

static void slice(struct lane *lane)
{
	struct shared *shared = lane->group->shared;
	const struct replay_lane *part = &shared->replay->lanes[lane->worker];
	bool paced = lane_group(lane)->speed != SPEED_MAX;
	size_t i = lead_in(lane, shared, part);
	uint64_t begin = paced ? replay_start_meet(&shared->start, lane) : 0, due = 0;

	lane_begin(lane);
	for (; i < part->nsteps && part->steps[i].event < shared->segment.end; i++) {
		const struct replay_step *step = &part->steps[i];
		const struct trace_event *e = &shared->trace->events[step->event];
		struct pt_op op = op_of(e, part->iova_shift);

		if (paced)
			due = replay_wait_due(lane, begin, e->time_s - shared->segment.from_s);
		wait_for(lane, part, step, shared->progress);
		if (paced)
			replay_note_late(lane, due);
		lane_single(lane, &op);
		look_again(lane, &op, i);
		if (step->watched)
			replay_publish(&shared->progress[lane->worker], (uint32_t)(i + 1));
	}
	lane_end(lane);
	lane_finish(lane);
}

static void note_events(struct lane *lane, const struct trace *t)
{
	struct case_result *c = lane->group->engines[lane->engine].result;

	c->events = t->n;
	c->events_skipped = t->skipped_map + t->skipped_unmap;
	if (c->speed != SPEED_MAX)
		c->segment_ns = lane_group(lane)->slice_ns;
}

/* What is mapped where the segment ends; engines that take turns on it share the answer. */
static int find_left(struct shared *shared)
{
	struct trace until = *shared->trace;

	if (shared->left_end == shared->segment.end)
		return 0;
	until.n = shared->segment.end;
	free(shared->left.v);
	shared->left_end = 0;
	if (replay_left_build(&shared->left, &until))
		return -ENOMEM;
	shared->left_end = until.n;
	return 0;
}

/* The maps of this lane's steps that nobody unmaps up to the segment's end. Steps and pieces by event. */
static int expect(struct lane *lane, struct expectation *out)
{
	struct shared *shared = lane->group->shared;
	const struct replay_lane *part = &shared->replay->lanes[lane->worker];
	const struct replay_left *left = &shared->left;
	int error = find_left(shared);
	size_t piece = 0;

	note_events(lane, shared->trace);
	for (size_t i = part->nsteps; i-- > 0 && !error;) {
		uint32_t event = part->steps[i].event;
		const struct trace_event *e = &shared->trace->events[event];

		while (piece < left->n && left->v[piece].event > event)
			piece++;
		for (; piece < left->n && left->v[piece].event == event && !error; piece++) {
			const struct replay_piece *p = &left->v[piece];

			error = expect_add(out, &(struct extent){
				.iova = p->iova + part->iova_shift, .pa = e->pa + (p->iova - e->iova),
				.bytes = p->bytes, .prot = PT_READ | PT_WRITE });
		}
	}
	return error;
}

const struct workload workload_replay = {
	.name = "replay", .argument = "FILE",
	.help = "the maps and unmaps of a recorded trace, each on the worker of its CPU (--page-size, "
		"--batch and --round do not apply)",
	.cold = true, .singly = true, .waits = true, .min_threads = 1, .check = check,
	.sizes = sizes, .reach = reach, .prepare = prepare,
	.release = release,
	.rewind = rewind_progress, .slice = slice, .expect = expect,
};
