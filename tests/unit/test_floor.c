/* The A/A floor of series whose floor is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "bench/floor.h"
#include "stat/stat.h"

#define RUNS 60u

static bool close_to(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void test_constant(void **state)
{
	double x[RUNS];

	(void)state;
	for (size_t i = 0; i < RUNS; i++)
		x[i] = 1e6;
	assert_true(close_to(floor_of_series(x, RUNS, GATE_BUILDS), 0));
	assert_true(close_to(floor_of_series(x, RUNS, GATE_FILES), 0));
	/* too short for a window of turns, long enough for 6 after 6 */
	assert_true(isnan(floor_of_series(x, 23, GATE_BUILDS)));
	assert_true(close_to(floor_of_series(x, 24, GATE_BUILDS), 0));
	assert_true(close_to(floor_of_series(x, 12, GATE_FILES), 0));
	assert_true(isnan(floor_of_series(x, 11, GATE_FILES)));
}

/*
 * 1 % slower with every run. Turns: in pairs of neighbours the log ratio is +d, -d, +d, …, six of
 * each, and their median is 0. One after the other: every pair is 12 runs apart, so 12 d.
 */
static void test_drift(void **state)
{
	double x[RUNS], d = log(0.99);

	(void)state;
	for (size_t i = 0; i < RUNS; i++)
		x[i] = 5e7 * exp(d * (double)i);
	assert_true(close_to(floor_of_series(x, RUNS, GATE_BUILDS), 0));
	assert_true(close_to(floor_of_series(x, RUNS, GATE_FILES), expm1(-12 * d)));
	/* 23 runs have no 12 after 12: 6 after 6 is what is left */
	assert_true(close_to(floor_of_series(x, 23, GATE_FILES), expm1(-6 * d)));
}

/* A step of 10 % in the middle: whoever has it between his sides sees it all, whoever takes turns nothing. */
static void test_step(void **state)
{
	double x[RUNS];

	(void)state;
	for (size_t i = 0; i < RUNS; i++)
		x[i] = i < 30 ? 100 : 110;
	assert_true(close_to(floor_of_series(x, RUNS, GATE_BUILDS), 0));
	assert_true(close_to(floor_of_series(x, RUNS, GATE_FILES), 0.1));
	/* up or down is the same margin */
	for (size_t i = 0; i < RUNS; i++)
		x[i] = i < 30 ? 110 : 100;
	assert_true(close_to(floor_of_series(x, RUNS, GATE_FILES), 0.1));
}

/* A fault of the pairing: with A B A B instead of A B B A this alternation would be a floor of 0. */
static void test_turns(void **state)
{
	double x[RUNS];

	(void)state;
	/* of four runs the first and the last, which are one side's, are 8 % slower */
	for (size_t i = 0; i < RUNS; i++)
		x[i] = i % 4 == 0 || i % 4 == 3 ? 100 : 108;
	assert_true(close_to(floor_of_series(x, RUNS, GATE_BUILDS), 0.08));
}

/* It is the 95th percentile of the windows, not the worst. */
static void test_quantile(void **state)
{
	double x[400];
	size_t n = sizeof(x) / sizeof(x[0]);

	(void)state;
	/* 12 runs near the end where one side is half as fast: of 377 windows few hold 7 such pairs */
	for (size_t i = 0; i < n; i++)
		x[i] = 100;
	for (size_t i = n - 24; i < n; i++)
		x[i] = i % 4 == 0 || i % 4 == 3 ? 100 : 200;
	assert_true(close_to(floor_of_series(x, n, GATE_BUILDS), 0));
	assert_true(close_to(floor_of_series(x + n - 24, 24, GATE_BUILDS), 1));
}

static void test_gaps(void **state)
{
	double x[RUNS];

	(void)state;
	for (size_t i = 0; i < RUNS; i++)
		x[i] = i % 5 ? 100 : NAN; /* most pairs are whole */
	assert_true(close_to(floor_of_series(x, RUNS, GATE_BUILDS), 0));
	for (size_t i = 0; i < RUNS; i++)
		x[i] = i % 2 ? 100 : NAN; /* none is */
	assert_true(isnan(floor_of_series(x, RUNS, GATE_BUILDS)));
}

/* Independent noise of 5 %: the median of 12 pairs is off by up to 1.96 x 1.2533 x 5 % x sqrt(2/12), or so. */
static void test_noise(void **state)
{
	static double x[20000];
	size_t n = sizeof(x) / sizeof(x[0]);
	uint64_t seed = 1;
	double got;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		double sum = 0;

		for (int k = 0; k < 12; k++)
			sum += (double)stat_below(&seed, 1u << 30) / (1u << 30);
		x[i] = exp(0.05 * (sum - 6));
	}
	got = floor_of_series(x, n, GATE_BUILDS);
	assert_true(got > 0.042 && got < 0.054);
}

static void test_counts(void **state)
{
	uint64_t events[RUNS];
	double tables[RUNS];

	(void)state;
	for (size_t i = 0; i < RUNS; i++) {
		events[i] = 300;
		tables[i] = i < 12 ? 1000 : 800;
	}
	assert_true(close_to(floor_of_counts(events, tables, 24, GATE_FILES), 0.25));
	assert_true(floor_of_counts(events, tables, RUNS, GATE_BUILDS) < 0.03); /* a run too many */
	/* 12 runs of 8 are 96 events, which say nothing; no tables, no rate */
	for (size_t i = 0; i < RUNS; i++)
		events[i] = 8;
	assert_true(isnan(floor_of_counts(events, tables, RUNS, GATE_BUILDS)));
	for (size_t i = 0; i < RUNS; i++) {
		events[i] = 300;
		tables[i] = 0;
	}
	assert_true(isnan(floor_of_counts(events, tables, RUNS, GATE_BUILDS)));
}

/* Runs with two cases and a ruler: the worst case counts, the steady one alone, the ruler not at all. */
static void test_runs(void **state)
{
	static char ids[3][8] = { "warm", "cold", "limit" };
	static struct stored runs[RUNS];
	static struct stored_case cases[RUNS][3];
	static struct stored_draw draws[RUNS][3];
	struct stored *list[RUNS];
	struct floor_facts f;

	(void)state;
	for (size_t i = 0; i < RUNS; i++) {
		bool late = i >= 30;

		for (size_t c = 0; c < 3; c++) {
			struct stored_draw *d = &draws[i][c];

			d->ops_per_s = late ? 100 : 120;
			d->steady = c == 0 ? (late ? 1.03 : 1) : NAN;
			for (int kind = 0; kind < OP_KINDS; kind++) {
				d->latency[kind].p50 = c == 2 ? 10 * (double)(i + 1) : 50;
				d->latency[kind].p99 = kind == OP_UNMAP && late ? 130 : 100;
				d->latency[kind].p999 = NAN;
			}
			d->lost = c == 1 ? 50 : 0;
			d->tables = c == 1 ? 100 : 0;
			cases[i][c] = (struct stored_case){ .id = ids[c], .is_ruler = c == 2, .draws = d,
							    .ndraws = 1 };
		}
		draws[i][1].ops_per_s = late ? 110 : 100;
		runs[i] = (struct stored){ .cases = cases[i], .ncases = 3 };
		list[i] = &runs[i];
	}
	assert_int_equal(floor_of_runs(list, RUNS, &f), 0);
	assert_int_equal(f.trials, RUNS);
	assert_true(close_to(f.floor[GATE_FILES][GATE_THROUGHPUT], 0.03));
	assert_true(close_to(f.floor[GATE_FILES][GATE_P50], 0));
	assert_true(close_to(f.floor[GATE_FILES][GATE_P99], 0.3));
	assert_true(isnan(f.floor[GATE_FILES][GATE_P999]));
	assert_true(close_to(f.floor[GATE_FILES][GATE_WASTE], 0));
	assert_true(close_to(f.floor[GATE_BUILDS][GATE_THROUGHPUT], 0));
	/* one run without a ruler, and the raw figures are compared, with their 20 % */
	draws[7][0].steady = NAN;
	assert_int_equal(floor_of_runs(list, RUNS, &f), 0);
	assert_true(close_to(f.floor[GATE_FILES][GATE_THROUGHPUT], 0.2));
	/* forced cases are not gated */
	for (size_t i = 0; i < RUNS; i++)
		cases[i][0].forced = true;
	assert_int_equal(floor_of_runs(list, RUNS, &f), 0);
	assert_true(close_to(f.floor[GATE_FILES][GATE_THROUGHPUT], 0.1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
