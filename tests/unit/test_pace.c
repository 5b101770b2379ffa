/*
 * The schedule of an open loop, and how it is told that an engine cannot keep it. What must hold of a
 * schedule is checked of pace_wait(), and of mistakes, which must be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/pace.h"
#include "stat/stat.h"
#include "sys/clock.h"

#define DRAWS 20000u

typedef uint64_t wait_fn(struct pace *p);

static double near(double a, double b)
{
	return fabs(a - b);
}

/* A schedule that lies all in the past: pace_wait() hands it out and never waits. */
static struct pace past(enum pace_kind kind, double gap_ns, uint64_t seed)
{
	uint64_t before = clock_ticks(gap_ns * (DRAWS + 3.0 * sqrt(DRAWS) + 100));
	struct pace p;

	pace_start(&p, kind, 1e9 / gap_ns, seed, clock_now() - before);
	return p;
}

/* Equal gaps from a phase on, whatever the clock shows. */
static bool keeps_its_multiples(wait_fn *wait)
{
	struct pace p = past(PACE_CONSTANT, 1003.7, 5);
	double gap = p.gap, phase = p.next;
	uint64_t origin = p.origin;

	assert_true(phase >= 0 && phase < gap);
	for (unsigned i = 0; i < DRAWS; i++)
		if (near((double)(wait(&p) - origin), phase + i * gap) > 1.01)
			return false;
	return true;
}

/* Late by ten gaps: the next ones are where they were. */
static bool keeps_the_schedule_when_late(wait_fn *wait)
{
	struct pace p;
	uint64_t first, late;

	pace_start(&p, PACE_CONSTANT, 1e5, 3, clock_now());
	first = wait(&p);
	pace_spin(first + clock_ticks(1e5));
	late = clock_now();
	for (unsigned i = 1; i <= 10; i++) {
		uint64_t due = wait(&p);

		if (due > late || near((double)(due - first), i * p.gap) > 1.01)
			return false;
	}
	return true;
}

/* Nobody is let through before it is time. */
static bool waits(wait_fn *wait)
{
	struct pace p;

	pace_start(&p, PACE_POISSON, 1e5, 7, clock_now());
	for (unsigned i = 0; i < 200; i++) {
		uint64_t due = wait(&p);

		if (clock_now() < due)
			return false;
	}
	return true;
}

/* sysbench's: the next one a gap after this one has woken up. */
static uint64_t from_wake(struct pace *p)
{
	uint64_t due = pace_wait(p);

	p->next = (double)(clock_now() - p->origin) + p->gap;
	return due;
}

static uint64_t without_waiting(struct pace *p)
{
	uint64_t due = pace_due(p);

	p->next += p->gap;
	return due;
}

static void test_schedule(void **state)
{
	(void)state;
	assert_true(keeps_its_multiples(pace_wait));
	assert_true(keeps_the_schedule_when_late(pace_wait));
	assert_true(waits(pace_wait));
}

static void test_checks_bite(void **state)
{
	(void)state;
	assert_false(keeps_its_multiples(from_wake));
	assert_false(keeps_the_schedule_when_late(from_wake));
	assert_false(waits(without_waiting));
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance of gaps from the exponential distribution of that mean. */
static double distance(double *gap, size_t n, double mean)
{
	double most = 0;

	qsort(gap, n, sizeof(gap[0]), ascending);
	for (size_t i = 0; i < n; i++) {
		double below = 1 - exp(-gap[i] / mean);

		most = fmax(most, fmax(below - (double)i / (double)n, (double)(i + 1) / (double)n - below));
	}
	return most;
}

static double lag_one(const double *gap, size_t n, double mean)
{
	double with = 0, own = 0;

	for (size_t i = 0; i + 1 < n; i++)
		with += (gap[i] - mean) * (gap[i + 1] - mean);
	for (size_t i = 0; i < n; i++)
		own += (gap[i] - mean) * (gap[i] - mean);
	return with / own;
}

static void test_poisson(void **state)
{
	struct pace p = past(PACE_POISSON, 5e4, 11);
	double *gap = malloc(DRAWS * sizeof(*gap)), mean = p.gap, sum = 0;
	uint64_t last = p.origin;

	(void)state;
	assert_non_null(gap);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint64_t due = pace_wait(&p);

		gap[i] = (double)(due - last);
		sum += gap[i];
		last = due;
	}
	/* seeds are fixed: four standard errors, and the 0.1 % point of the distance */
	assert_true(near(sum / DRAWS, mean) < 4 * mean / sqrt(DRAWS));
	assert_true(fabs(lag_one(gap, DRAWS, mean)) < 4 / sqrt(DRAWS));
	assert_true(distance(gap, DRAWS, mean) < 1.95 / sqrt(DRAWS));
	for (unsigned i = 0; i < DRAWS; i++) /* equal gaps would be told */
		gap[i] = mean;
	assert_true(distance(gap, DRAWS, mean) > 0.3);
	free(gap);
}

static void test_seed(void **state)
{
	struct pace a, b, c;

	(void)state;
	for (int kind = PACE_CONSTANT; kind <= PACE_POISSON; kind++) {
		pace_start(&a, (enum pace_kind)kind, 1e6, 1, 1000000);
		pace_start(&b, (enum pace_kind)kind, 1e6, 1, 5000000);
		pace_start(&c, (enum pace_kind)kind, 1e6, 2, 1000000);
		for (unsigned i = 0; i < 100; i++) { /* an engine begins when another one has ended */
			uint64_t due = pace_wait(&a);

			assert_int_equal(due - 1000000, pace_wait(&b) - 5000000);
			assert_int_not_equal(due, pace_wait(&c));
		}
	}
}

static void test_backlog(void **state)
{
	struct pace p;
	uint64_t now = clock_now();

	(void)state;
	pace_start(&p, PACE_CONSTANT, 1e4, 1, now - clock_ticks(1e9));
	assert_true(near((double)pace_backlog(&p, now), 1e4) <= 1);
	for (unsigned i = 0; i < 9; i++)
		pace_wait(&p);
	assert_true(near((double)pace_backlog(&p, now), 1e4 - 9) <= 1);
	pace_start(&p, PACE_CONSTANT, 1e4, 1, now); /* forgotten */
	assert_int_equal(pace_backlog(&p, now), 0);
	assert_true(pace_due(&p) >= now);
	pace_start(&p, PACE_POISSON, 0, 1, now);
	assert_true(p.gap == 0); /* a closed loop */
}

/* Sums of bins that grow are those of the operations. */
static void test_lag_quarters(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 3000; n = n < 200 ? n + 1 : n + 97) {
		struct pace_lag l = { 0 };
		uint64_t sum = 0;
		double first, last, width;

		for (unsigned i = 0; i < n; i++)
			pace_lag_add(&l, 1000 + 10ull * i);
		for (unsigned i = 0; i < PACE_BINS; i++)
			sum += l.sum[i];
		assert_int_equal(l.n, n);
		assert_int_equal(sum, 1000ull * n + 5ull * n * (n ? n - 1 : 0));
		if (!pace_lag_ends(&l, &first, &last)) {
			assert_true(n < 4);
			continue;
		}
		width = (double)(1u << l.width_lg2);
		assert_true(near(first, 1000 + 10 * n / 8.0) <= 10 * (width + 1));
		assert_true(near(last, 1000 + 10 * n * 7 / 8.0) <= 10 * (width + 1));
	}
}

/* The rule: how many slices of how many must have grown. */
static void test_saturated(void **state)
{
	static const struct {
		size_t n, least;
	} rule[] = { { 1, 1 }, { 2, 2 }, { 4, 4 }, { 5, 5 }, { 6, 6 }, { 8, 7 }, { 20, 15 }, { 100, 59 } };

	(void)state;
	assert_false(pace_saturated(NULL, 0));
	for (size_t r = 0; r < sizeof(rule) / sizeof(rule[0]); r++)
		for (size_t over = 0; over <= rule[r].n; over++) {
			double growth[100];

			for (size_t i = 0; i < rule[r].n; i++)
				growth[i] = i < over ? 2 * PACE_GROWTH_MAX : PACE_GROWTH_MAX / 2;
			assert_int_equal(pace_saturated(growth, rule[r].n), over >= rule[r].least);
		}
}

/* A server of one worker on a schedule: lags, quarter by quarter, as measure.c takes them down. */
static struct slice simulated(double load, unsigned ops, uint64_t *rng)
{
	const double service = 1000; /* ns, always */
	struct pace p;
	struct pace_lag lag = { 0 };
	double free_at = 0, first, last;

	pace_start(&p, PACE_POISSON, load * 1e9 / service, stat_rand(rng), 0);
	for (unsigned i = 0; i < ops; i++) {
		double due = (double)pace_wait(&p) * clock_facts.ns_per_tick;
		double from = fmax(due, free_at);

		pace_lag_add(&lag, (uint64_t)(from - due));
		free_at = from + service;
	}
	assert_true(pace_lag_ends(&lag, &first, &last));
	return (struct slice){ .paced_ops = ops, .lag_first_ns = (uint64_t)first, .lag_last_ns = (uint64_t)last,
			       .elapsed_ns = (uint64_t)free_at,
			       .backlog = pace_backlog(&p, clock_ticks(free_at)) };
}

/* Of 50 cases of 12 slices, how many are called saturated; *achieved: the last one's. */
static unsigned saturated(double load, double *achieved)
{
	uint64_t rng = 17;
	unsigned told = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct slice slices[12];
		struct case_result c = { .pace.asked_per_s = 1, .slices = slices, .nslices = 12 };

		for (unsigned j = 0; j < 12; j++)
			slices[j] = simulated(load, 5000, &rng);
		assert_int_equal(analyse_pace(&c), 0);
		told += c.pace.saturated;
		*achieved = c.pace.achieved;
	}
	return told;
}

static void test_told(void **state)
{
	double achieved;

	(void)state;
	assert_int_equal(saturated(0.5, &achieved), 0);
	assert_true(achieved > 0.998);
	assert_int_equal(saturated(0.9, &achieved), 0);
	assert_int_equal(saturated(1.1, &achieved), 50);
	assert_true(near(achieved, 1 / 1.1) < 0.01);
}

static int setup(void **state)
{
	(void)state;
	clock_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_checks_bite),
		cmocka_unit_test(test_poisson),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_backlog),
		cmocka_unit_test(test_lag_quarters),
		cmocka_unit_test(test_saturated),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
