/* --handicap slow: the time asked for is added on average, whatever the length of a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt/engine.h"
#include "pt/handicap.h"
#include "stat/stat.h"
#include "sys/clock.h"

#define CHUNKS 41u /* of each side, by turns */
#define TRIES 8u

static uint64_t rounds; /* of the made-up engine's work, by operation */
static uint64_t calls;

/* Dependent multiplications: some nanoseconds each time, shorter than a step of many clocks. */
static size_t work(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	uint64_t x = 1;

	(void)pt;
	(void)w;
	calls++;
	for (size_t i = 0; i < n; i++) {
		for (uint64_t k = 0; k < rounds; k++) {
			x *= 0x9e3779b97f4a7c15u;
			__asm__ __volatile__("" : "+r"(x)); /* it is done */
		}
		ops[i].result = x;
	}
	return n;
}

static double chunk_ns(pt_run *run, struct pt_worker *w, struct pt_op *ops, size_t n, unsigned many)
{
	uint64_t from = clock_now();

	__asm__ __volatile__("" : "+r"(run)); /* called like any other */
	for (unsigned i = 0; i < many; i++)
		run(NULL, w, ops, n);
	return clock_ns(clock_now() - from);
}

/* How much longer `many` calls of n operations take with the handicap: the median of chunks. */
static double slowed(double percent, size_t n, unsigned many)
{
	struct pt_worker *w = aligned_alloc(alignof(struct pt_worker), sizeof(*w));
	struct handicap what = { HANDICAP_SLOW, percent };
	struct pt_handicap h;
	struct pt_op ops[512];
	double ratio[CHUNKS];
	pt_run *run;

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	memset(ops, 0, sizeof(ops));
	run = pt_handicap(&h, &what, w, work);
	assert_ptr_not_equal(run, work);
	chunk_ns(run, w, ops, n, many);
	for (unsigned i = 0; i < CHUNKS; i++)
		ratio[i] = chunk_ns(run, w, ops, n, many) / chunk_ns(work, w, ops, n, many);
	free(w);
	return stat_median(ratio, CHUNKS);
}

/* Others may be busy on the machine: what is wrong is wrong in every try. */
static void check(double percent, size_t n, unsigned many, double lo, double hi)
{
	double ratio = 0;

	for (unsigned tries = 0; tries < TRIES && (ratio < lo || ratio > hi); tries++)
		ratio = slowed(percent, n, many);
	if (ratio < lo || ratio > hi)
		fail_msg("slow:%g, calls of %zu: %.3f times as long, not %.2f to %.2f", percent, n, ratio,
			 lo, hi);
}

static void test_adds_what_was_asked_for(void **state)
{
	(void)state;
#ifdef IOPT_SANITIZED
	skip(); /* what is slow there is the sanitizer */
#endif
	rounds = 40; /* ~ 40 ns */
	check(50, 1, 4000, 1.25, 1.9);
	check(50, 64, 100, 1.35, 1.7);
	check(50, 512, 20, 1.35, 1.7);
	check(200, 64, 100, 2.6, 3.4);
	rounds = 400;
	check(200, 1, 500, 2.5, 3.5);
	rounds = 4; /* below a step of the clock; being called costs as much as the operation */
	check(50, 1, 20000, 1.2, 3);
	check(50, 256, 200, 1.35, 1.7);
}

/* What accounts for the time takes little of it: next to nothing asked for, next to nothing added. */
static void test_costs_little_itself(void **state)
{
	(void)state;
#ifdef IOPT_SANITIZED
	skip();
#endif
	rounds = 40;
	check(0.1, 1, 4000, 0.8, 1.35);
	check(0.1, 64, 100, 0.8, 1.15);
}

static void test_leaves_alone(void **state)
{
	struct pt_worker *w = aligned_alloc(alignof(struct pt_worker), sizeof(*w));
	struct pt_handicap h;

	(void)state;
	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	assert_ptr_equal(pt_handicap(&h, &(struct handicap){ .kind = HANDICAP_NONE }, w, work), work);
	assert_null(w->handicap);
	/* losers find it themselves: no decorator */
	assert_ptr_equal(pt_handicap(&h, &(struct handicap){ .kind = HANDICAP_WASTE }, w, work), work);
	assert_ptr_equal(w->handicap, &h);
	assert_true(h.waste);
	free(w);
}

static void test_calls_once(void **state)
{
	struct pt_worker *w = aligned_alloc(alignof(struct pt_worker), sizeof(*w));
	struct handicap what = { HANDICAP_SLOW, 10 };
	struct pt_op ops[64] = { { .kind = PT_MAP } };
	struct pt_handicap h;
	pt_run *run;

	(void)state;
	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	run = pt_handicap(&h, &what, w, work);
	calls = 0;
	for (unsigned i = 1; i <= 64; i++)
		assert_int_equal(run(NULL, w, ops, i), i);
	assert_int_equal(calls, 64);
	free(w);
}

static int start(void **state)
{
	(void)state;
	clock_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds_what_was_asked_for),
		cmocka_unit_test(test_costs_little_itself),
		cmocka_unit_test(test_leaves_alone),
		cmocka_unit_test(test_calls_once),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
