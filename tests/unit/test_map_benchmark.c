/*
 * --preset dma_map_benchmark: the kernel's tool's options, and its arithmetic: samples cut down to 100 ns
 * before they are added, the mean cut down again. Two that look as good are told apart from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/map_benchmark.h"
#include "bench/option_row.h"
#include "bench/plan.h"
#include "bench/preset.h"

static struct map_benchmark_args parsed(const char *text)
{
	struct map_benchmark_args a;
	char why[400];

	if (!map_benchmark_parse(text, &a, why, sizeof(why)))
		fail_msg("'%s': %s", text, why);
	return a;
}

static void test_options(void **state)
{
	struct map_benchmark_args a = parsed("");
	char text[120];

	(void)state;
	assert_int_equal(a.threads, 1);
	assert_int_equal(a.node, -1);
	assert_int_equal(a.bits, 32);
	assert_int_equal(a.granule, 1);
	assert_false(a.seconds_given || a.node_given);
	a = parsed(" -t16 -s 300 -n 1 -b 64 -d 2  -x 10000000 -g 1024 -m 1 ");
	assert_string_equal(map_benchmark_show(&a, text, sizeof(text)),
			    "-t 16 -s 300 -n 1 -b 64 -d 2 -x 10000000 -g 1024 -m 1");
	assert_true(a.seconds_given && a.node_given);
	assert_false(parsed("-n -1").node_given);
	a = parsed(text);
	assert_int_equal(a.delay_ns, 10000000);
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "-t 0", "-t 1025", "-s 301", "-b 19", "-b 65", "-d 3", "-x 10000001",
					   "-g 1025", "-m 2", "-n -2", "-t", "-t four", "-t 4x", "-q 1", "4",
					   "--threads 4", "-t 99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct map_benchmark_args a;
		char why[400] = "";

		if (map_benchmark_parse(bad[i], &a, why, sizeof(why)))
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(why, "-g 1..1024"));
	}
}

/* Worked out by hand: 60, 160, 260, 1060 ns are 0, 1, 2, 10 units: mean 3, squares 105 / 4 = 26. */
static const double samples[] = { 60, 160, 260, 1060 };

/* Added first, cut down then: 385 ns. */
static double cut_late(void)
{
	double sum = 0;

	for (unsigned i = 0; i < 4; i++)
		sum += samples[i];
	return floor(sum / 4 / 100) / 10;
}

static void test_arithmetic(void **state)
{
	struct map_benchmark_sums s = { 0 }, other = { 0 };

	(void)state;
	assert_true(isnan(map_benchmark_mean_us(&s, 0)) && isnan(map_benchmark_sigma_us(&s, 1)));
	for (unsigned i = 0; i < 4; i++)
		map_benchmark_add(&s, 1, samples[i]);
	assert_true(isnan(map_benchmark_mean_us(&s, 0)));
	assert_true(map_benchmark_mean_us(&s, 1) == 0.3);  /* 13 / 4 */
	assert_true(map_benchmark_sigma_us(&s, 1) == 0.4); /* sqrt(26 - 9) = 4.1 */
	map_benchmark_add(&other, 1, 99);                  /* nothing */
	map_benchmark_add(&other, 1, 99);
	assert_true(map_benchmark_mean_us(&other, 1) == 0 && map_benchmark_sigma_us(&other, 1) == 0);
	map_benchmark_merge(&s, &other);
	assert_int_equal(s.loops[1], 6);
	assert_true(map_benchmark_mean_us(&s, 1) == 0.2); /* 13 / 6 */
}

/* 360 and 340 ns: added first they are 0.35 us, and 0.3 either way; 190 and 110 ns are not. */
static void test_arithmetic_bites(void **state)
{
	struct map_benchmark_sums s = { 0 };
	double late;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		map_benchmark_add(&s, 0, samples[i]);
	late = cut_late();
	assert_true(late == 0.3); /* these cannot tell */
	map_benchmark_add(&s, 0, 990);
	map_benchmark_add(&s, 0, 990); /* 13 + 18 units in 6: 5; 3520 ns in 6: 586 */
	assert_true(map_benchmark_mean_us(&s, 0) == 0.5);
	s = (struct map_benchmark_sums){ 0 };
	map_benchmark_add(&s, 0, 190);
	map_benchmark_add(&s, 0, 60);
	map_benchmark_add(&s, 0, 60); /* added first: 103 ns, 0.1 us */
	assert_true(map_benchmark_mean_us(&s, 0) == 0);
	assert_true(floor((190 + 60 + 60) / 3.0 / 100) / 10 == 0.1);
}

/* On a machine of two nodes; *err says why not. */
static int planned(const char *args, struct plan *plan, struct err *err)
{
	struct topology *topo;
	struct options *jobs;
	char text[160];
	size_t n;
	bool help;
	char *argv[] = { (char *)"--preset", text, (char *)"--flush", (char *)"none,lazy" };

	snprintf(text, sizeof(text), "dma_map_benchmark:%s", args);
	*err = (struct err){ 0 };
	if (jobs_parse(&jobs, &n, 4, argv, &help, err))
		return err->code;
	assert_int_equal(topology_load(&topo, "2 pack:1 numa:1 core:4 pu:1", err), 0);
	plan_build(plan, jobs, n, topo, err);
	free(jobs);
	topology_free(topo);
	return err->code;
}

static void test_plan(void **state)
{
	struct plan plan;
	struct err err;

	(void)state;
	assert_int_equal(planned("-t 4 -n 1 -x 500 -g 16 -m 1 -b 24 -s 3 -d 1", &plan, &err), 0);
	assert_int_equal(plan.n, 2); /* --flush is the user's */
	for (size_t i = 0; i < plan.n; i++) {
		const struct group *g = &plan.groups[i];

		assert_string_equal(g->workload->name, "one-buffer");
		assert_int_equal(g->threads, 4);
		assert_int_equal(g->nodes_used, 1);
		assert_true(g->cpus[0] >= 4); /* node 1 */
		assert_int_equal(g->think_ns, 500);
		assert_int_equal(g->batch, 16);
		assert_int_equal(g->iova_window, 1 << 24);
		assert_true(g->scatter);
		assert_int_equal(g->direction, MAP_TO_DEVICE);
		assert_true(g->duration_ns == 3000000000ull * g->nengines);
	}
	plan_free(&plan);
	assert_int_equal(planned("-n 5", &plan, &err), EXIT_NO_RESOURCE);
	assert_int_equal(planned("-b 20 -g 512", &plan, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "use more bits"));
	assert_int_equal(planned("-b 64 -t 8 -g 1024", &plan, &err), 0);
	assert_true(plan.groups[0].iova_window == 1ull << 32);
	assert_false(plan.groups[0].scatter);
	plan_free(&plan);
	assert_int_equal(planned("-z", &plan, &err), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_arithmetic_bites),
		cmocka_unit_test(test_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
