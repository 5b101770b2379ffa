/*
 * workload_lookup.c - `lookup`: the last --readers workers look up random addresses in everybody's
 * ranges while the others map and unmap as in `private`. Half of a writer's pages stand mapped all
 * the time, as a live device's do; the other half comes and goes.
 *
 * What readers cost writers is measured within each slice: the writers alone, and the same
 * operations beside the readers; which comes first changes from half round to half round.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/mix.h"
#include "bench/page_set.h"
#include "bench/reader.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define STRETCH_MIN 64u

enum part { UNMEASURED, ALONE, BESIDE };

/* Who has come how far in this slice. Carries no data. */
struct shared {
	alignas(CACHE_ALIGN) _Atomic uint32_t alone;   /* writers that have measured alone */
	alignas(CACHE_ALIGN) _Atomic uint32_t reading; /* readers at work */
};

struct own {
	struct page_set pages;
	uint32_t moving;  /* items [0, moving) come and go, the rest stands */
	bool stands;
};

static int check(const struct group *g, struct err *err)
{
	if (check_readers(g, err))
		return err->code;
	return page_set_check(g, group_writers(g), err);
}

static void rewind_counts(struct group_run *run)
{
	struct shared *shared = run->shared;

	at_init(&shared->alone, 0);
	at_init(&shared->reading, 0);
}

static int prepare(struct group_run *run, struct err *err)
{
	run->shared = aligned_alloc(CACHE_ALIGN, sizeof(struct shared));
	if (!run->shared)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for two counters");
	rewind_counts(run);
	return 0;
}

static void release(struct group_run *run)
{
	free(run->shared);
	run->shared = NULL;
}

static bool is_reader(const struct lane *lane)
{
	return lane->worker >= group_writers(lane_group(lane));
}

static int lane_open(struct lane *lane)
{
	struct own *own;

	if (is_reader(lane))
		return 0;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	lane->own = own;
	if (page_set_open(&own->pages, lane_group(lane), lane->worker))
		return -ENOMEM;
	own->moving = (own->pages.n + 1) / 2;
	return 0;
}

static void lane_close(struct lane *lane)
{
	struct own *own = lane->own;

	if (own)
		page_set_close(&own->pages);
	free(own);
	lane->own = NULL;
}

/* Items [from, to), with no think time. */
static void bring(struct lane *lane, uint32_t from, uint32_t to, bool map)
{
	const struct own *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t at = from; at < to; at += STRETCH_MAX) {
		uint32_t n = to - at < STRETCH_MAX ? to - at : STRETCH_MAX;

		page_set_fill(&own->pages, lane->ops, at, n, map);
		lane_mixed(lane, lane->ops, n, false);
	}
	lane->think = think;
}

static void carry_out(struct lane *lane, uint32_t n, enum part part)
{
	if (part == ALONE)
		lane_phase(lane, lane->ops, n, 0, true);
	else
		lane_stretch(lane, lane->ops, n, part == BESIDE);
}

/* A stretch of maps, then the unmaps of the same pages. Leaves the table as it was. */
static void map_and_unmap(struct lane *lane, enum part part)
{
	const struct own *own = lane->own;
	uint32_t n = STRETCH_MIN + (uint32_t)stat_below(&lane->rng, STRETCH_MAX - STRETCH_MIN + 1), at;
	uint64_t slice = lane->group->ops_per_worker;

	if (n > own->moving)
		n = own->moving;
	if (lane->think && n > 1 + slice / 2)
		n = (uint32_t)(1 + slice / 2);
	at = (uint32_t)stat_below(&lane->rng, own->moving - n + 1);
	page_set_fill(&own->pages, lane->ops, at, n, true);
	carry_out(lane, n, part);
	page_set_fill(&own->pages, lane->ops, at, n, false);
	carry_out(lane, n, part);
}

static uint64_t seed_of(const struct lane *lane)
{
	const struct group_run *run = lane->group;

	return stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
}

/* Load until that many readers are at work. */
static void load_until(struct lane *lane, uint32_t readers)
{
	struct shared *shared = lane->group->shared;

	while (at_load(&shared->reading, relaxed) != readers) /* counts, carries no data */
		map_and_unmap(lane, UNMEASURED);
}

static void measure_alone(struct lane *lane)
{
	struct shared *shared = lane->group->shared;
	uint32_t writers = group_writers(lane_group(lane));

	lane->rng = seed_of(lane);
	while (lane->tally.phase[0].ops <= lane->group->ops_per_worker / 2)
		map_and_unmap(lane, ALONE);
	at_add(&shared->alone, 1, relaxed); /* counts, carries no data */
	while (at_load(&shared->alone, relaxed) < writers) /* as above */
		map_and_unmap(lane, UNMEASURED);
}

static void measure_beside(struct lane *lane)
{
	struct group_run *run = lane->group;
	struct tally *t = &lane->tally;

	lane->rng = seed_of(lane);
	lane_begin(lane);
	while (t->ops < run->ops_per_worker)
		map_and_unmap(lane, BESIDE);
	lane_end(lane);
	t->phase[1].ticks = t->timed[OP_MAP] + t->timed[OP_UNMAP];
	t->phase[1].ops = t->timed_ops[OP_MAP] + t->timed_ops[OP_UNMAP];
	lane_finish(lane);
	while (lane_others_measure(lane))
		map_and_unmap(lane, UNMEASURED);
}

static bool alone_first(const struct lane *lane)
{
	return lane->group->position % 2 == 0;
}

static void write_slice(struct lane *lane)
{
	uint64_t lead_in = clock_now() + lane->group->warmup;
	struct own *own = lane->own;

	if (!own->stands)
		bring(lane, own->moving, own->pages.n, true);
	own->stands = true;
	while (clock_now() < lead_in)
		map_and_unmap(lane, UNMEASURED);
	if (alone_first(lane))
		measure_alone(lane);
	load_until(lane, group_readers(lane_group(lane)));
	measure_beside(lane);
	if (alone_first(lane))
		return;
	load_until(lane, 0);
	measure_alone(lane);
}

static void read_slice(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct shared *shared = lane->group->shared;
	struct read_area area = { .base = page_set_span(g), .stride = page_set_span(g),
				  .bytes = page_set_bytes(g), .owners = group_writers(g) };

	if (alone_first(lane)) /* a count */
		for (uint32_t spins = 1; at_load(&shared->alone, relaxed) < area.owners; spins++)
			lane_idle(lane, spins);
	reader_stretch(lane, &area, false);
	at_add(&shared->reading, 1, relaxed); /* a count */
	reader_measure(lane, &area);
	at_sub(&shared->reading, 1, relaxed); /* a count */
}

static void slice(struct lane *lane)
{
	if (is_reader(lane))
		read_slice(lane);
	else
		write_slice(lane);
}

static void settle(struct lane *lane)
{
	struct own *own = lane->own;

	if (own)
		bring(lane, 0, own->stands ? own->moving : own->pages.n, true);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;

	if (!own)
		return;
	bring(lane, 0, own->pages.n, false);
	own->stands = false;
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct own *own = lane->own;

	return own ? page_set_expect(&own->pages, 0, own->pages.n, out) : 0;
}

static uint64_t reach(const struct group *g)
{
	return page_set_reach(g, group_writers(g));
}

const struct workload workload_lookup = {
	.name = "lookup",
	.help = "some workers look up addresses in everybody's ranges while the others map and unmap "
		"(--readers)",
	.pure = true, .readers = READERS_HALF, .phases = { "writers alone", "beside readers" },
	.min_threads = 2, .check = check, .reach = reach, .prepare = prepare, .release = release,
	.lane_open = lane_open, .lane_close = lane_close, .rewind = rewind_counts, .slice = slice,
	.settle = settle, .clear = clear, .expect = expect,
};
