/*
 * `--speed recorded`: which segment of a trace a slice replays, that no event begins before its time, and
 * that the audit knows what is mapped where a segment ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/replay_speed.h"
#include "bench/runner.h"
#include "sys/clock.h"

#define EVENTS 200u
#define GAP_S 0.0001
#define WHOLE_NS 25000000 /* a slice that holds all of it; six of them are a run's least */

static struct topology *topo;
static char path[] = "/tmp/test_replay_speed_XXXXXX";
static const struct pt_engine *real;

/* Each page is mapped on one CPU and, 40 events later, unmapped on the other. */
static int write_trace(void **state)
{
	struct err err = { 0 };
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	if (!f)
		return -1;
	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned page = 0x100 + i / 2 - (i % 2 ? 20 : 0);

		if (i % 2 && i < 40)
			continue;
		fprintf(f, " x-1 [00%u] d.h1. %.6f: %s: IOMMU: iova=0x%x000 - 0x%x000 %ssize=4096%s\n", i % 2,
			100 + i * GAP_S, i % 2 ? "unmap" : "map", page, page + 1, i % 2 ? "" : "paddr=0x1000 ",
			i % 2 ? " unmapped_size=4096" : "");
	}
	clock_init();
	return fclose(f) || topology_load(&topo, NULL, &err);
}

static int remove_trace(void **state)
{
	(void)state;
	topology_free(topo);
	return remove(path);
}

static void a_segment_is_drawn_by_position(void **state)
{
	size_t least = SIZE_MAX, most = 0;
	struct replay_segment s, again;
	struct trace *t;
	struct err err;

	(void)state;
	assert_int_equal(trace_load(&t, path, &err), 0);
	for (uint64_t position = 0; position < 200; position++) {
		s = replay_segment_of(t, 0.005, 7, position);
		again = replay_segment_of(t, 0.005, 7, position);
		assert_memory_equal(&s, &again, sizeof(s));
		assert_true(s.first < s.end && s.end <= t->n);
		assert_true(s.from_s == t->events[s.first].time_s);
		assert_true(t->events[s.end - 1].time_s < s.from_s + 0.005);
		assert_true(s.end == t->n || t->events[s.end].time_s >= s.from_s + 0.005);
		least = s.first < least ? s.first : least;
		most = s.first > most ? s.first : most;
	}
	assert_true(least < t->n / 10); /* from all over the trace */
	assert_true(most > t->n * 7 / 10);
	s = replay_segment_of(t, 1, 7, 3); /* longer than the trace */
	again = replay_segment_whole(t);
	assert_memory_equal(&s, &again, sizeof(s));
	assert_int_equal(s.end, t->n);
	trace_free(t);
}

/* All at one time: a segment is never empty. */
static void a_segment_holds_an_event(void **state)
{
	struct trace_event events[] = { { .time_s = 1 }, { .time_s = 2 }, { .time_s = 3 } };
	struct trace t = { .events = events, .n = 3, .seconds = 2 };

	(void)state;
	for (uint64_t position = 0; position < 50; position++) {
		struct replay_segment s = replay_segment_of(&t, 0, 1, position);

		assert_int_equal(s.end, s.first + 1);
	}
}

/* When each call of the measured part of the last slice began: one worker, so in order of the trace. */
static uint64_t seen[EVENTS];

static size_t watched(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	const struct lane *lane = (const struct lane *)(const void *)w; /* pw is its first member */

	if (lane->tally.start && !lane->tally.stop && ops[0].kind != PT_LOOKUP)
		seen[lane->tally.ops] = clock_now();
	return real->run(pt, w, ops, n);
}

static struct result *run(const struct pt_engine *const *engines, unsigned n, unsigned threads,
			  uint64_t slice_ns, enum replay_speed speed, uint64_t duration_ns)
{
	struct group g = {
		.workload = workload_find("replay:x", &(const char *){ 0 }), .threads = threads,
		.page_lg2 = 12, .batch = 1, .tables = 1, .round = 1, .seed = 7, .speed = speed,
		.duration_ns = duration_ns, .slice_ns = slice_ns, .nodes_used = 1, .nengines = n,
		.cpus = calloc(threads, sizeof(unsigned)),
	};
	struct plan plan = { .groups = &g, .n = 1, .ncases = n };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_true(r && g.cpus);
	strcpy(g.argument, path);
	for (unsigned i = 0, k = 0; i < threads; i++, k = (k + 1) % topo->ncpus) {
		while (!topo->cpus[k].allowed)
			k = (k + 1) % topo->ncpus;
		g.cpus[i] = topo->cpus[k].os;
	}
	for (unsigned i = 0; i < n; i++)
		g.engines[i] = engines[i];
	r->topo = topo;
	if (g.workload->check(&g, &err) || run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(r), 0);
	for (unsigned i = 0; i < n; i++)
		if (r->cases[i].verified != VERIFIED_YES)
			fail_msg("%s", r->cases[i].evidence[0]);
	free(g.cpus);
	return r;
}

static void drop(struct result *r)
{
	result_free(r);
	free(r);
}

/*
 * The first event may be late itself, by as much as the latest was: that much less of the time may be seen.
 * (Without waiting nothing is late, and no time passes at all.)
 */
static void no_event_begins_before_its_time(void **state)
{
	struct pt_engine copy = *pt_engine_find("lockless");
	const struct pt_engine *engines[] = { &copy };
	uint64_t late, passed;
	struct result *r;
	struct trace *t;
	struct err err;

	(void)state;
	assert_int_equal(trace_load(&t, path, &err), 0);
	real = pt_engine_find("lockless");
	copy.run = watched;
	r = run(engines, 1, 1, WHOLE_NS, SPEED_RECORDED, 6 * WHOLE_NS);
	late = r->cases[0].pace.lag->max;
	assert_int_equal(r->cases[0].slices[0].ops, t->n);
	assert_int_equal(r->cases[0].pace.lag->n, r->cases[0].ops);
	for (size_t i = 0; i < t->n; i++) {
		passed = (uint64_t)clock_ns(seen[i] - seen[0]) + late;
		assert_true((double)passed >= (t->events[i].time_s - t->events[0].time_s) * 0.999e9);
	}
	drop(r);
	engines[0] = real;
	r = run(engines, 1, 4, WHOLE_NS, SPEED_RECORDED, 6 * WHOLE_NS); /* two copies */
	assert_int_equal(r->cases[0].slices[0].ops, 2 * t->n);
	passed = r->cases[0].slices[0].elapsed_ns + r->cases[0].pace.lag->max;
	assert_true((double)passed >= t->seconds * 0.999e9);
	trace_free(t);
	drop(r);
}

/* Engines that take turns have the same segments; the audit after each knows what is left. */
static void engines_share_their_segments(void **state)
{
	const struct pt_engine *engines[] = { pt_engine_find("lockless-2019"), pt_engine_find("mutex") };
	struct result *r = run(engines, 2, 2, 4000000, SPEED_RECORDED, 60000000);
	const struct case_result *a = &r->cases[0], *b = &r->cases[1];

	(void)state;
	assert_true(a->nslices >= 2 && a->nslices == b->nslices);
	assert_int_equal(a->segment_ns, 4000000);
	for (size_t i = 0; i < a->nslices; i++) {
		assert_int_equal(a->slices[i].position, b->slices[i].position);
		assert_int_equal(a->slices[i].ops, b->slices[i].ops);
		assert_in_range(a->slices[i].ops, 1, 45);
	}
	assert_non_null(strstr(a->case_id, "/recorded"));
	drop(r);
}

static void max_takes_no_time(void **state)
{
	const struct pt_engine *engines[] = { pt_engine_find("lockless-2019") };
	struct result *r = run(engines, 1, 2, 4000000, SPEED_MAX, 1);

	(void)state;
	assert_int_equal(r->cases[0].slices[0].ops, r->cases[0].events);
	assert_null(r->cases[0].pace.lag);
	assert_null(strstr(r->cases[0].case_id, "recorded"));
	drop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_is_drawn_by_position),
		cmocka_unit_test(a_segment_holds_an_event),
		cmocka_unit_test(no_event_begins_before_its_time),
		cmocka_unit_test(engines_share_their_segments),
		cmocka_unit_test(max_takes_no_time),
	};

	return cmocka_run_group_tests(tests, write_trace, remove_trace);
}
