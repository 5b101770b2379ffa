/*
 * workload_pairs.c - `pairs`: worker 2i maps, worker 2i + 1 unmaps what it mapped, as in network
 * receive: the driver maps buffers on one CPU, completions unmap them on another. Pages travel in a
 * queue and come back in a second one to be mapped again, so their ownership moves by release and
 * acquire, as between a driver's CPUs.
 *
 * Pages go round in one order whatever the timing, in bursts of a fixed size, so all engines carry
 * out the same stretches.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/audit.h"
#include "bench/open_loop.h"
#include "bench/page_set.h"
#include "bench/ring.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define BURST_MAX 32u

/* Two workers on one engine. */
struct pair {
	struct ring *sent, *back;  /* mapped; unmapped, to be mapped again */
	struct page_set pages;
	uint32_t burst;
	/* Set by the mapper before the first burst that both measure; travels with it. */
	alignas(CACHE_ALIGN) _Atomic uint32_t measured;
	/* The mapper's: the next item to map, the oldest not yet back, and how many those are. */
	alignas(CACHE_ALIGN) uint32_t next, oldest, in_flight;
};

struct shared {
	unsigned pairs;
	struct pair *pair[];       /* by engine, then pair; made by the mapper */
};

/* Two bursts fit the queue, so that both sides can work at once. With think time, or a rate, one by one. */
static uint32_t burst_of(const struct group *g)
{
	uint32_t half = g->depth > 1 ? (uint32_t)(g->depth / 2) : 1;

	return g->think_ns || g->rate ? 1 : half < BURST_MAX ? half : BURST_MAX;
}

static int check(const struct group *g, struct err *err)
{
	if (g->threads % 2)
		return err_set(err, EXIT_USAGE, "pairs: --threads %u leaves one worker without a partner; "
			       "use an even number", g->threads);
	if (page_set_check(g, g->threads / 2, err))
		return err->code;
	if (page_set_items(g) < g->depth + burst_of(g))
		return err_set(err, EXIT_USAGE, "pairs: --tables %lu have %lu buffers of --batch %lu pages, "
			       "too few for --depth %lu; use more tables or less depth",
			       (unsigned long)g->tables, (unsigned long)page_set_items(g),
			       (unsigned long)g->batch, (unsigned long)g->depth);
	return 0;
}

static bool is_mapper(const struct lane *lane)
{
	return lane->worker % 2 == 0;
}

static struct pair **place_of(const struct lane *lane)
{
	struct shared *shared = lane->group->shared;

	return &shared->pair[lane->engine * shared->pairs + lane->worker / 2];
}

static int prepare(struct group_run *run, struct err *err)
{
	unsigned pairs = run->g->threads / 2;
	struct shared *shared;

	shared = calloc(1, sizeof(*shared) + (size_t)run->g->nengines * pairs * sizeof(shared->pair[0]));
	if (!shared)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u pairs", pairs);
	shared->pairs = pairs;
	run->shared = shared;
	return 0;
}

static void release(struct group_run *run)
{
	free(run->shared);
	run->shared = NULL;
}

static void rewind_pairs(struct group_run *run)
{
	struct shared *shared = run->shared;

	for (unsigned i = 0; i < shared->pairs * run->g->nengines; i++)
		at_init(&shared->pair[i]->measured, 0);
}

/* By the mapper, on its node; the other one looks for it only when both have been opened. */
static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct pair *pair;

	if (!is_mapper(lane))
		return 0;
	pair = aligned_alloc(CACHE_ALIGN, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	*pair = (struct pair){ .burst = burst_of(g) };
	at_init(&pair->measured, 0);
	*place_of(lane) = pair;
	if (page_set_open(&pair->pages, g, lane->worker / 2))
		return -ENOMEM;
	pair->sent = ring_create((uint32_t)g->depth);
	pair->back = ring_create(pair->pages.n);
	return pair->sent && pair->back ? 0 : -ENOMEM;
}

static void lane_close(struct lane *lane)
{
	struct pair *pair = *place_of(lane);

	if (!is_mapper(lane) || !pair)
		return;
	page_set_close(&pair->pages);
	free(pair->sent);
	free(pair->back);
	free(pair);
	*place_of(lane) = NULL;
}

static uint32_t behind(const struct pair *p, uint32_t item, uint32_t by)
{
	return (uint32_t)(((uint64_t)item + by) % p->pages.n);
}

/* The mapper takes back what has been unmapped; it comes in the order in which it went. */
static void collect(struct lane *lane, struct pair *p)
{
	uint32_t items[BURST_MAX];

	while (ring_pop(p->back, items, p->burst)) {
		for (uint32_t i = 0; i < p->burst; i++)
			lane->tally.failed += items[i] != behind(p, p->oldest, i);
		p->oldest = behind(p, p->oldest, p->burst);
		p->in_flight -= p->burst;
	}
}

static bool may_map(struct lane *lane, struct pair *p)
{
	collect(lane, p);
	return p->pages.n - p->in_flight >= p->burst && ring_has_room(p->sent, p->burst);
}

/* There is room. */
static void map_burst(struct lane *lane, struct pair *p, bool measured)
{
	uint32_t items[BURST_MAX];

	for (uint32_t i = 0; i < p->burst; i++)
		items[i] = behind(p, p->next, i);
	page_set_fill(&p->pages, lane->ops, p->next, p->burst, true);
	lane_stretch(lane, lane->ops, p->burst, measured);
	p->next = behind(p, p->next, p->burst);
	p->in_flight += p->burst;
	ring_push(p->sent, items, p->burst);
}

/*
 * What another CPU mapped is there for us: the first page of a burst is looked up. Outside the
 * measured part, because it brings the entry into our cache.
 */
static void look_first(struct lane *lane)
{
	struct pt_op look = lane->ops[0];

	look.kind = PT_LOOKUP;
	lane_lookups(lane, &look, 1, false);
}

static void unmap_burst(struct lane *lane, struct pair *p, const uint32_t *items, bool measured)
{
	for (uint32_t i = 0; i < p->burst; i++)
		lane->ops[i] = page_set_op(&p->pages, items[i], false);
	if (!measured)
		look_first(lane);
	lane_stretch(lane, lane->ops, p->burst, measured);
	ring_push(p->back, items, p->burst); /* has room for every page there is */
}

static void map_or_idle(struct lane *lane, struct pair *p, uint32_t spins)
{
	if (may_map(lane, p))
		map_burst(lane, p, false);
	else
		lane_idle(lane, spins);
}

/* All pages back, then the order from where this slice's position says. */
static void start_over(struct lane *lane, struct pair *p)
{
	const struct group_run *run = lane->group;
	uint64_t rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));

	for (uint32_t spins = 1; p->in_flight; spins++) {
		collect(lane, p);
		lane_idle(lane, spins);
	}
	p->next = p->oldest = (uint32_t)stat_below(&rng, p->pages.n);
	/* relaxed: before the first burst of the measured part, whose R1 carries it */
	at_store(&p->measured, 1, relaxed);
}

static void map_slice(struct lane *lane, struct pair *p)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup, from;
	struct tally *t = &lane->tally;

	for (uint32_t spins = 1; clock_now() < lead_in; spins++)
		map_or_idle(lane, p, spins);
	start_over(lane, p);
	lane_begin(lane);
	while (t->ops < run->ops_per_worker) {
		if (!may_map(lane, p)) {
			from = clock_now();
			for (uint32_t spins = 1; !may_map(lane, p); spins++)
				lane_idle(lane, spins);
			t->wait += clock_now() - from;
		}
		map_burst(lane, p, true);
	}
	lane_end(lane);
	lane_finish(lane);
	for (uint32_t spins = 1; lane_others_measure(lane); spins++)
		map_or_idle(lane, p, spins);
}

/* Load until the first burst that is to be measured; it is in items. */
static void unmap_until_measured(struct lane *lane, struct pair *p, uint32_t *items)
{
	for (uint32_t spins = 1;; spins++) {
		if (!ring_pop(p->sent, items, p->burst)) {
			lane_idle(lane, spins);
			continue;
		}
		if (at_load(&p->measured, relaxed)) /* R1 of this burst carried it */
			return;
		unmap_burst(lane, p, items, false);
	}
}

static void unmap_slice(struct lane *lane, struct pair *p)
{
	uint64_t want = lane->group->ops_per_worker, from;
	struct tally *t = &lane->tally;
	uint32_t items[BURST_MAX];

	if (lane_group(lane)->rate)
		open_loop_stop(lane); /* it has no schedule: it follows its mapper */
	unmap_until_measured(lane, p, items);
	lane_begin(lane);
	unmap_burst(lane, p, items, true);
	while (t->ops < want) {
		if (!ring_pop(p->sent, items, p->burst)) {
			from = clock_now();
			for (uint32_t spins = 1; !ring_pop(p->sent, items, p->burst); spins++)
				lane_idle(lane, spins);
			t->wait += clock_now() - from;
		}
		unmap_burst(lane, p, items, true);
	}
	lane_end(lane);
	lane_finish(lane);
	for (uint32_t spins = 1; lane_others_measure(lane); spins++) {
		if (ring_pop(p->sent, items, p->burst))
			unmap_burst(lane, p, items, false);
		else
			lane_idle(lane, spins);
	}
}

static void slice(struct lane *lane)
{
	struct pair *p = *place_of(lane);

	if (is_mapper(lane))
		map_slice(lane, p);
	else
		unmap_slice(lane, p);
}

/* The queue full: what is in flight is worth auditing. */
static void settle(struct lane *lane)
{
	struct pair *p = *place_of(lane);
	uint64_t think = lane->think;

	lane->think = 0;
	while (is_mapper(lane) && may_map(lane, p))
		map_burst(lane, p, false);
	lane->think = think;
}

/* Unmapped, and on its way back; the mapper takes it when it next works. */
static void clear(struct lane *lane)
{
	struct pair *p = *place_of(lane);
	uint64_t think = lane->think;
	uint32_t items[BURST_MAX];

	lane->think = 0;
	while (!is_mapper(lane) && ring_pop(p->sent, items, p->burst))
		unmap_burst(lane, p, items, false);
	lane->think = think;
}

/* Mapped is what is in flight towards the unmapper, exactly. */
static int expect(struct lane *lane, struct expectation *out)
{
	const struct pair *p = *place_of(lane);
	uint32_t sent = ring_count(p->sent);
	int error = 0;

	if (is_mapper(lane)) {
		if (p->in_flight != sent + ring_count(p->back))
			audit_fail(lane->group->engines[lane->engine].result,
				   "pair %u: %u buffers under way, but %u in one queue and %u in the other",
				   lane->worker / 2, p->in_flight, sent, ring_count(p->back));
		return 0;
	}
	for (uint32_t i = 0; i < sent && !error; i++) {
		uint32_t item = ring_at(p->sent, i);

		error = page_set_expect(&p->pages, item, item + 1, out);
	}
	return error;
}

static uint64_t reach(const struct group *g)
{
	return page_set_reach(g, g->threads / 2);
}

const struct workload workload_pairs = {
	.name = "pairs",
	.help = "every other worker maps, its neighbour unmaps, joined by a queue, as in network receive "
		"(--depth)",
	.pure = true, .queue = true, .waits = true, .min_threads = 2, .even = true,
	.check = check, .reach = reach, .prepare = prepare, .release = release, .lane_open = lane_open,
	.lane_close = lane_close, .rewind = rewind_pairs, .slice = slice, .settle = settle, .clear = clear,
	.expect = expect,
};
