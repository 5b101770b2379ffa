/*
 * Counters around real slices, with a clock of the thread in the place of cycles, which every machine
 * has: the measured part is counted and nothing beside it, whatever the workload.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include "bench/analyse.h"
#include "bench/case.h"
#include "bench/crew.h"
#include "bench/group.h"
#include "bench/runner.h"
#include "machine.h"

#define THREADS 2u
#define CLOCK (1u << PERF_CYCLES)

static int64_t spent_ns[THREADS]; /* by the workers, lead-in included */

static struct group group_of(const struct workload *w, unsigned *cpus)
{
	struct group g = {
		.workload = w, .threads = THREADS, .cpus = cpus, .page_lg2 = 12, .batch = 1,
		.tables = 2, .round = 8, .depth = 16, .seed = 7, .slice_ns = 1000000, .nodes_used = 1,
		.counters = true, .engines = { pt_engine_find("lockless") }, .nengines = 1,
		.iova = iova_kinds[0],
	};
	unsigned n = 0;

	for (unsigned i = 0; i < topo->ncpus && n < THREADS; i++)
		if (topo->cpus[i].allowed)
			cpus[n++] = topo->cpus[i].os;
	while (n < THREADS)
		cpus[n++] = cpus[0];
	if (!strcmp(w->name, "adjacent"))
		g.share = SHARE_LINE;
	return g;
}

static void count_time(void *arg, unsigned w)
{
	static const struct perf_event clock = { PERF_CYCLES, "task-clock", PERF_TYPE_SOFTWARE,
						 PERF_COUNT_SW_TASK_CLOCK, 0, 0 };
	struct group_run *run = arg;

	perf_close(run->perf[w]);
	perf_open(run->perf[w], &perf_kernel, &clock, 1, 0);
}

static int64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void before_slice(void *arg, unsigned w)
{
	(void)arg;
	spent_ns[w] = -thread_ns();
}

static void after_slice(void *arg, unsigned w)
{
	(void)arg;
	spent_ns[w] += thread_ns();
}

/* One slice of 64 operations a worker, or of a round. */
static bool one_slice(const struct workload *w, uint64_t warmup_ns, struct slice *s, struct result *r)
{
	unsigned cpus[THREADS];
	struct group g = group_of(w, cpus);
	struct group_run *run;
	struct err err = { 0 };
	bool counted;

	r->topo = topo;
	r->cases = calloc(1, sizeof(r->cases[0]));
	assert_non_null(r->cases);
	assert_int_equal(case_init(&r->cases[0], &g, 0, 0, topo), 0);
	r->ncases = 1;
	if (group_open(&run, &g, r, 0, &err))
		fail_msg("%s: %s", w->name, err.text);
	crew_run(run->crew, count_time, run);
	counted = run->perf[0]->n && run->perf[1]->n;
	run->ops_per_worker = 64;
	run->warmup = clock_ticks((double)warmup_ns);
	run->recording = true;
	crew_run(run->crew, before_slice, NULL);
	if (slice_run(run, 0, 1, s, &err))
		fail_msg("%s: %s", w->name, err.text);
	crew_run(run->crew, after_slice, NULL);
	group_close(run);
	return counted;
}

static void every_workload_is_counted(void **state)
{
	(void)state;
	for (size_t i = 0; workloads[i]; i++) {
		struct result r = { 0 };
		struct slice s;

		if (workloads[i]->argument)
			continue;
		if (!one_slice(workloads[i], 0, &s, &r)) {
			result_free(&r);
			skip();
		}
		print_message("%s: %.0f ns\n", workloads[i]->name, s.counters.count[PERF_CYCLES]);
		/* each on a root of its own, where a slice is several rounds */
		assert_true(s.counters.readings >= THREADS && s.counters.readings % THREADS == 0);
		assert_int_equal(s.counters.mask, CLOCK);
		assert_true(s.counters.count[PERF_CYCLES] > 0);
		result_free(&r);
	}
}

/* Forty milliseconds of lead-in, and very little measured. */
static void the_lead_in_is_not_counted(void **state)
{
	const char *argument;
	struct result r = { 0 };
	struct slice s;
	bool counted = one_slice(workload_find("private", &argument), 40000000, &s, &r);

	(void)state;
	result_free(&r);
	if (!counted)
		skip();
	assert_int_equal(s.counters.mask, CLOCK);
	assert_true(s.counters.count[PERF_CYCLES] < (double)(spent_ns[0] + spent_ns[1]) / 2);
}

/* Opened as a run does: on this machine each case has figures, or a reason. */
static void a_case_has_figures_or_a_reason(void **state)
{
	const char *argument;
	struct result r = { 0 };
	struct slice s;

	(void)state;
	one_slice(workload_find("private", &argument), 0, &s, &r);
	assert_true(r.cases[0].counters.event[PERF_CYCLES][0] || r.cases[0].counters.why[0]);
	result_free(&r);
}

/* Slices and reasons find their way from one process to another. */
static void processes_are_merged(void **state)
{
	const char *argument;
	struct result from = { 0 }, into = { 0 };
	struct slice s;
	bool counted = one_slice(workload_find("private", &argument), 0, &s, &from);
	unsigned cpus[THREADS];
	struct group g = group_of(workload_find("private", &argument), cpus);
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	strcpy(from.cases[0].counters.event[PERF_CYCLES], "task-clock");
	strcpy(from.cases[0].counters.why, "instructions: none");
	into.cases = calloc(1, sizeof(into.cases[0]));
	assert_int_equal(case_init(&into.cases[0], &g, 0, 0, topo), 0);
	into.ncases = 1;
	assert_int_equal(case_add_slice(&from.cases[0], &s), 0);
	for (int process = 0; process < 2; process++) {
		rewind(f);
		assert_int_equal(case_save(&from.cases[0], f), 0);
		rewind(f);
		assert_int_equal(case_load_merge(&into.cases[0], f), 0);
	}
	assert_int_equal(analyse(&into), 0);
	if (counted) {
		double per_op = s.counters.count[PERF_CYCLES] / (double)s.ops;
		double got = into.cases[0].counters.per_op[PERF_CYCLES];

		assert_true(got > 0.999 * per_op && got < 1.001 * per_op);
		assert_true(counters_any(&into.cases[0].counters));
	}
	assert_non_null(strstr(into.cases[0].counters.why, "instructions: none"));
	fclose(f);
	result_free(&from);
	result_free(&into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_workload_is_counted),
		cmocka_unit_test(the_lead_in_is_not_counted),
		cmocka_unit_test(a_case_has_figures_or_a_reason),
		cmocka_unit_test(processes_are_merged),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
