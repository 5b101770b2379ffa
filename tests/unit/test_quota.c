/* What a control group grants: how many threads are planned, what more are told, when memory is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/plan_default.h"

#define MACHINE "pack:1 core:4 pu:2"

static void test_whole_cpus(void **state)
{
	static const struct {
		double quota;
		unsigned cpus, within;
	} cases[] = { { 0, 8, 8 }, { 0.5, 8, 1 }, { 1, 8, 1 }, { 2.5, 8, 2 }, { 8, 8, 8 }, { 64, 8, 8 },
		      { 2.5, 1, 1 }, { 1e12, 4, 4 } };
	struct topology t = { .nallowed = 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.quota_cpus = cases[i].quota;
		assert_int_equal(topology_within_quota(&t, cases[i].cpus), cases[i].within);
	}
}

/* Plan for argv where `quota` CPUs are granted; the topology is the caller's. */
static struct topology *plan_within(struct plan *plan, double quota, int argc, char **argv)
{
	struct topology *topo;
	struct options *jobs;
	struct err err = { 0 };
	bool help;
	size_t n;

	assert_int_equal(topology_load(&topo, MACHINE, &err), 0);
	assert_true(topo->quota_cpus == 0 && !topo->limit_bytes); /* ours says nothing of another machine */
	topo->quota_cpus = quota;
	assert_int_equal(jobs_parse(&jobs, &n, argc, argv, &help, &err), 0);
	assert_int_equal(plan_build(plan, jobs, n, topo, &err), 0);
	free(jobs);
	return topo;
}

static unsigned most_threads(const struct plan *plan)
{
	unsigned most = 0;

	for (size_t i = 0; i < plan->n; i++)
		most = plan->groups[i].threads > most ? plan->groups[i].threads : most;
	return most;
}

static void test_default_threads(void **state)
{
	char *sweep[] = { (char *)"--workload", (char *)"private" };
	struct plan plan;
	char text[240];

	(void)state;
	for (int argc = 0; argc <= 2; argc += 2) {
		topology_free(plan_within(&plan, 2.5, argc, sweep));
		assert_int_equal(most_threads(&plan), 2);
		assert_true(plan_left_out(&plan, 0, text, sizeof(text)));
		assert_non_null(strstr(text, "more than 2 threads: the control group grants 2.5 CPUs: raise cpu.max"));
		plan_free(&plan);
		topology_free(plan_within(&plan, 8, argc, sweep));
		assert_int_equal(most_threads(&plan), 8);
		assert_false(plan_left_out(&plan, 0, text, sizeof(text)));
		plan_free(&plan);
	}
}

/* Who names more gets more, and is told. */
static void test_named_threads(void **state)
{
	char *more[] = { (char *)"--workload", (char *)"private", (char *)"--threads", (char *)"2,all" };
	struct topology *topo;
	struct plan plan;
	char text[240];

	(void)state;
	topo = plan_within(&plan, 2.5, 4, more);
	assert_int_equal(plan.n, 2);
	assert_int_equal(plan.groups[1].threads, 8);
	assert_false(plan_warning(&plan.groups[0], topo, 0, text, sizeof(text)));
	assert_true(plan_warning(&plan.groups[1], topo, 0, text, sizeof(text)));
	assert_non_null(strstr(text, "8 threads, and the control group grants 2.5 CPUs"));
	assert_false(plan_left_out(&plan, 0, text, sizeof(text)));
	plan_free(&plan);
	topology_free(topo);
}

static void test_memory(void **state)
{
	struct plan plan;
	struct topology *topo = plan_within(&plan, 0, 0, NULL);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(plan_check_limit(&plan, topo, &err), 0);
	topo->limit_bytes = plan.predicted_bytes;
	assert_int_equal(plan_check_limit(&plan, topo, &err), 0);
	topo->limit_bytes = 1 << 20;
	assert_int_equal(plan_check_limit(&plan, topo, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "the control group grants 1M (memory.max)"));
	plan_free(&plan);
	topology_free(topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_cpus),
		cmocka_unit_test(test_default_threads),
		cmocka_unit_test(test_named_threads),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
