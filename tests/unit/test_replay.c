/*
 * test_replay.c - schedules of a replay: any interleaving that keeps lanes and waits is legal.
 *
 * A page model stands for the table: workers run in random order, each until a wait stops it or its
 * luck runs out, and a map over a live page or an unmap of an absent one is a violation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/trace.h"
#include "stat/stat.h"
#include "sys/atomic.h"

#ifdef IOPT_SANITIZED /* one thread: a sanitizer has seen all after one order */
#define SEEDS 1
#else
#define SEEDS 3
#endif
#define PAGES (1u << 20) /* the shipped traces end at 4 GiB */

/* A wait left out on purpose; lane UINT_MAX: none. */
struct plant {
	unsigned lane;
	uint32_t wait;
};
static const struct plant nothing = { .lane = UINT32_MAX };

struct sim {
	const struct replay *r;
	struct plant plant;
	uint8_t *live; /* [copy][page] */
	uint32_t *progress;
	uint64_t done;
};

static bool may_step(const struct sim *s, unsigned w)
{
	const struct replay_lane *lane = &s->r->lanes[w];
	const struct replay_step *step = &lane->steps[s->progress[w]];

	for (uint32_t k = step->waits; k < step->waits + step->nwaits; k++) {
		if (w == s->plant.lane && (k == s->plant.wait || s->plant.wait == UINT32_MAX))
			continue;
		if (s->progress[lane->waits[k].worker] < lane->waits[k].step + 1)
			return false;
	}
	return true;
}

/* False: the event broke the contract. */
static bool do_step(struct sim *s, unsigned w)
{
	const struct replay_lane *lane = &s->r->lanes[w];
	const struct trace_event *e = &s->r->trace->events[lane->steps[s->progress[w]].event];
	uint8_t *page = s->live + (size_t)lane->copy * PAGES + (e->iova >> 12);

	for (uint64_t i = 0; i < e->bytes >> 12; i++) {
		if (page[i] != (e->kind == TRACE_UNMAP))
			return false;
		page[i] = e->kind == TRACE_MAP;
	}
	s->progress[w]++;
	s->done++;
	return true;
}

enum outcome { LEGAL, VIOLATED, STUCK };

/* One random interleaving; `burst` is how far a worker may run ahead. */
static enum outcome interleave(struct sim *s, uint64_t seed, uint64_t burst)
{
	unsigned workers = s->r->workers, blocked = 0;

	s->done = 0;
	memset(s->progress, 0, workers * sizeof(*s->progress));
	memset(s->live, 0, (size_t)(s->r->lanes[workers - 1].copy + 1) * PAGES);
	while (blocked < 1000) {
		unsigned w = (unsigned)stat_below(&seed, workers);
		uint64_t left = stat_below(&seed, burst) + 1, before = s->done;

		while (left-- && s->progress[w] < s->r->lanes[w].nsteps && may_step(s, w))
			if (!do_step(s, w))
				return VIOLATED;
		blocked = s->done == before ? blocked + 1 : 0;
	}
	return s->done == (s->r->lanes[workers - 1].copy + 1) * s->r->trace->n ? LEGAL : STUCK;
}

static enum outcome simulate(const struct replay *r, struct plant plant, uint64_t seed,
			     uint64_t burst)
{
	struct sim s = { .r = r, .plant = plant };
	enum outcome outcome;

	s.live = malloc((size_t)(r->lanes[r->workers - 1].copy + 1) * PAGES);
	s.progress = calloc(r->workers, sizeof(*s.progress));
	assert_true(s.live && s.progress);
	outcome = interleave(&s, seed, burst);
	free(s.live);
	free(s.progress);
	return outcome;
}

static struct replay *schedule(const struct trace *t, unsigned workers)
{
	struct replay *r;
	struct err err;

	if (trace_schedule(&r, t, workers, &err))
		fail_msg("%s", err.text);
	return r;
}

static struct trace *shipped(const char *name)
{
	struct trace *t;
	struct err err;

	if (trace_load(&t, name, &err))
		fail_msg("%s", err.text);
	return t;
}

static uint64_t count_waits(const struct replay *r)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < r->workers; w++)
		n += r->lanes[w].nwaits;
	return n;
}

/* The worker that must run an event of CPU c in a copy. */
static unsigned worker_of(const struct replay *r, unsigned copy, unsigned cpu)
{
	unsigned base = copy * r->trace->cpus, left = r->workers - base;

	return base + cpu % (left < r->trace->cpus ? left : r->trace->cpus);
}

/* Each event once a copy, in its lane, in order; waits point back in time and to watched steps. */
static void assert_sound(const struct replay *r)
{
	uint64_t steps = 0, watched = 0;

	for (unsigned w = 0; w < r->workers; w++) {
		const struct replay_lane *lane = &r->lanes[w];
		size_t waits = 0;

		assert_int_equal(lane->copy, w / r->trace->cpus);
		for (size_t i = 0; i < lane->nsteps; i++) {
			const struct replay_step *step = &lane->steps[i];

			unsigned cpu = r->trace->events[step->event].cpu;

			assert_int_equal(worker_of(r, lane->copy, cpu), w);
			assert_true(!i || step->event > lane->steps[i - 1].event);
			assert_int_equal(step->waits, waits);
			waits += step->nwaits;
			watched += step->watched;
			for (size_t k = step->waits; k < waits; k++) {
				const struct replay_wait *wait = &lane->waits[k];
				const struct replay_lane *other = &r->lanes[wait->worker];

				assert_true(wait->worker != w && other->copy == lane->copy);
				assert_true(other->steps[wait->step].event < step->event);
				assert_true(other->steps[wait->step].watched);
			}
		}
		assert_int_equal(waits, lane->nwaits);
		steps += lane->nsteps;
	}
	assert_int_equal(steps, (r->lanes[r->workers - 1].copy + 1) * r->trace->n);
	assert_true(watched <= count_waits(r));
}

static void replays_shipped_traces(void **state)
{
	static const char *const names[] = { "nvme-amd-lazy", "nvme-vtd-strict", "net-amd-strict" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct trace *t = shipped(names[i]);

		for (unsigned workers = 1; workers <= 9; workers++) {
			struct replay *r = schedule(t, workers);

			assert_sound(r);
			for (uint64_t seed = 0; seed < SEEDS; seed++)
				assert_int_equal(simulate(r, nothing, seed, seed == 0 ? 1 : 4000),
						 LEGAL);
			replay_free(r);
		}
		trace_free(t);
	}
}

/* One worker has nobody to wait for; CPUs that share no page need no waits either. */
static void waits_only_where_pages_are_shared(void **state)
{
	struct trace *vtd = shipped("nvme-vtd-strict"), *net = shipped("net-amd-strict");
	struct replay *one = schedule(net, 1), *four = schedule(vtd, 4), *cross = schedule(net, 4);

	(void)state;
	assert_int_equal(count_waits(one), 0);
	assert_int_equal(count_waits(four), 0);
	/* at most one for each event that meets another CPU's page */
	assert_in_range(count_waits(cross), 1, net->cross_cpu_unmaps + net->migrations + 1000);
	replay_free(one);
	replay_free(four);
	replay_free(cross);
	trace_free(vtd);
	trace_free(net);
}

static void fails_without_waits(void **state)
{
	struct trace *t = shipped("net-amd-strict");
	struct replay *r = schedule(t, 4);
	unsigned violated = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct plant plant = { .lane = (unsigned)seed % 4, .wait = UINT32_MAX };

		violated += simulate(r, plant, seed, 4000) == VIOLATED;
	}
	assert_int_equal(violated, 8);
	replay_free(r);
	trace_free(t);
}

static struct trace_event event(enum trace_kind kind, unsigned cpu, uint64_t page, uint64_t pages)
{
	return (struct trace_event){ .kind = (uint8_t)kind, .cpu = (uint16_t)cpu,
				     .iova = page << 12, .bytes = pages << 12 };
}

/* Every wait of a baton passed from CPU to CPU is needed. */
static void each_wait_is_needed(void **state)
{
	struct trace_event events[] = {
		event(TRACE_MAP, 0, 1, 1),   event(TRACE_MAP, 1, 2, 2),
		event(TRACE_UNMAP, 2, 1, 3), /* of both */
		event(TRACE_MAP, 2, 3, 1),   event(TRACE_MAP, 0, 1, 2),
		event(TRACE_UNMAP, 1, 3, 1), event(TRACE_UNMAP, 1, 1, 2),
	};
	struct trace t = { .events = events, .n = 7, .cpus = 3, .name = "baton" };
	struct replay *r = schedule(&t, 3);

	(void)state;
	assert_sound(r);
	/* step 2 waits for 0 and 1; 4 for 2; 5 for 3; 6 for 4 */
	assert_int_equal(count_waits(r), 5);
	for (unsigned lane = 0; lane < 3; lane++) {
		for (uint32_t k = 0; k < r->lanes[lane].nwaits; k++) {
			struct plant plant = { .lane = lane, .wait = k };
			unsigned violated = 0;

			for (uint64_t seed = 0; seed < 100; seed++)
				violated += simulate(r, plant, seed, 3) == VIOLATED;
			assert_true(violated > 0);
		}
	}
	replay_free(r);
}

/* A later wait for an earlier step of the same worker is left out. */
static void leaves_out_what_is_implied(void **state)
{
	struct trace_event events[] = {
		event(TRACE_MAP, 0, 1, 1), event(TRACE_MAP, 0, 2, 1), event(TRACE_MAP, 0, 3, 1),
		event(TRACE_UNMAP, 1, 2, 2), /* of steps 1 and 2: waits for 2 */
		event(TRACE_UNMAP, 1, 1, 1), /* of step 0 */
	};
	struct trace t = { .events = events, .n = 5, .cpus = 2, .name = "implied" };
	struct replay *r = schedule(&t, 2);

	(void)state;
	assert_int_equal(r->lanes[0].nwaits, 0);
	assert_int_equal(r->lanes[1].nwaits, 1);
	assert_int_equal(r->lanes[1].steps[0].nwaits, 1);
	assert_int_equal(r->lanes[1].waits[0].worker, 0);
	assert_int_equal(r->lanes[1].waits[0].step, 2);
	assert_true(r->lanes[0].steps[2].watched);
	assert_false(r->lanes[0].steps[0].watched || r->lanes[0].steps[1].watched);
	replay_free(r);
}

/* Legal by construction: whole maps come and go among 24 pages. */
static size_t random_events(struct trace_event *events, size_t n, unsigned cpus, uint64_t seed)
{
	uint32_t live[24] = { 0 }; /* event + 1 of the map */

	for (size_t i = 0; i < n;) {
		uint64_t page = stat_below(&seed, 24), pages = 0;
		unsigned cpu = (unsigned)stat_below(&seed, cpus);
		bool unmap = live[page];

		if (unmap)
			page = events[live[page] - 1].iova >> 12;
		uint64_t room = unmap ? events[live[page] - 1].bytes >> 12
				      : 1 + stat_below(&seed, 5);

		while (pages < room && page + pages < 24 && !live[page + pages] == !unmap)
			pages++;
		for (uint64_t k = 0; k < pages; k++)
			live[page + k] = unmap ? 0 : (uint32_t)i + 1;
		events[i++] = event(unmap ? TRACE_UNMAP : TRACE_MAP, cpu, page, pages);
	}
	return n;
}

static void replays_random_traces(void **state)
{
	struct trace_event events[300];

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct trace t = { .events = events, .name = "random" };

		t.cpus = 1 + (unsigned)seed % 5;
		t.n = random_events(events, 300, t.cpus, seed);
		for (unsigned workers = 1; workers <= 9; workers += 2) {
			struct replay *r = schedule(&t, workers);

			assert_sound(r);
			for (uint64_t k = 0; k < 3; k++)
				assert_int_equal(simulate(r, nothing, seed * 100 + k, 1 + 10 * k),
						 LEGAL);
			replay_free(r);
		}
	}
}

/* 5 workers on 2 CPUs: copies 0, 0, 1, 1 and a third folded onto one worker. */
static void shifts_copies(void **state)
{
	struct trace_event events[] = { event(TRACE_MAP, 0, (1u << 20) - 1, 1),
					event(TRACE_UNMAP, 1, (1u << 20) - 1, 1) };
	struct trace t = { .events = events, .n = 2, .cpus = 2, .name = "copies" };
	struct replay *r = schedule(&t, 5);
	struct err err;

	(void)state;
	for (unsigned w = 0; w < 5; w++) {
		assert_int_equal(r->lanes[w].copy, w / 2);
		assert_int_equal(r->lanes[w].iova_shift, (uint64_t)(w / 2) << 32);
	}
	assert_int_equal(r->lanes[4].nsteps, 2);
	assert_int_equal(r->lanes[3].waits[0].worker, 2);
	replay_free(r);
	events[0].iova = events[1].iova = 0;
	r = schedule(&t, 4);
	assert_int_equal(r->lanes[2].iova_shift, 1u << 30);
	replay_free(r);
	events[0].iova = events[1].iova = -4096ull;
	replay_free(schedule(&t, 2));
	assert_int_equal(trace_schedule(&r, &t, 3, &err), EXIT_NO_RESOURCE);
	events[0].iova = events[1].iova = 1ull << 62;
	replay_free(schedule(&t, 4));
	assert_int_equal(trace_schedule(&r, &t, 5, &err), EXIT_NO_RESOURCE);
	assert_int_equal(trace_schedule(&r, &t, 65536, &err), EXIT_NO_RESOURCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays_shipped_traces),
		cmocka_unit_test(waits_only_where_pages_are_shared),
		cmocka_unit_test(fails_without_waits),
		cmocka_unit_test(each_wait_is_needed),
		cmocka_unit_test(leaves_out_what_is_implied),
		cmocka_unit_test(replays_random_traces),
		cmocka_unit_test(shifts_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
