/* Medians, Jain's index, rates, the bootstrap's promises and the verdict table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "stat/verdict.h"

#define PAIRS 60u

static void assert_near(double have, double want, double relative)
{
	if (!(fabs(have - want) <= relative * fabs(want)))
		fail_msg("have %.17g, want %.17g", have, want);
}

static void medians(void **state)
{
	double one[] = { 4 }, odd[] = { 9, -1, 5 }, even[] = { 8, 1, 4, 2 };

	(void)state;
	assert_near(stat_median(one, 1), 4, 0);
	assert_near(stat_median(odd, 3), 5, 0);
	assert_true(odd[0] < odd[1] && odd[1] < odd[2]);
	assert_near(stat_median(even, 4), 3, 0);
}

static void jain_index(void **state)
{
	const double fair[] = { 3, 3, 3, 3 }, starved[] = { 8, 0, 0, 0 }, mixed[] = { 1, 2, 3 };
	const double idle[] = { 0, 0 };

	(void)state;
	assert_near(stat_jain(fair, 4), 1, 1e-15);
	assert_near(stat_jain(starved, 4), 0.25, 1e-15);
	assert_near(stat_jain(mixed, 3), 36.0 / 42, 1e-15);
	assert_near(stat_jain(idle, 2), 1, 0);
	assert_near(stat_jain(idle, 0), 1, 0);
}

/* Parts that scatter as chance has it leave the interval alone; clumps and odd processes widen it. */
static void rates_of_parts(void **state)
{
	struct stat_part even[40], clumped[40], odd[40];
	struct interval plain = stat_rate(4000, 400), i;

	(void)state;
	for (uint32_t k = 0; k < 40; k++) {
		even[k] = (struct stat_part){ 100, 10, k / 10 };
		clumped[k] = (struct stat_part){ k % 2 ? 0 : 200, 10, k / 10 };
		odd[k] = (struct stat_part){ k / 10 % 2 ? 110 : 90, 10, k / 10 };
	}
	i = stat_rate_parts(even, 40);
	assert_near(i.lo, plain.lo, 0);
	assert_near(i.hi, plain.hi, 0);
	i = stat_rate_parts(clumped, 40);
	assert_near(i.mid, 10, 1e-12);
	assert_near((i.hi - i.mid) / (plain.hi - plain.mid), sqrt(40 * 100. / 39), 1e-9);
	i = stat_rate_parts(odd, 40); /* 900 and 1100 a process: chi2 = 4 * 10, over 3 */
	assert_near((i.mid - i.lo) / (plain.mid - plain.lo), sqrt(40. / 3), 1e-9);
	assert_near(stat_rate_parts(even, 2).hi, stat_rate(200, 20).hi, 0); /* too few to tell */
	even[0].events = 0;
	assert_near(stat_rate_parts(even, 1).hi, 0.3, 1e-12);
	assert_false(stat_rate_parts(NULL, 0).valid);
}

static void rates(void **state)
{
	struct interval none = stat_rate(0, 11), one = stat_rate(1, 1), ten = stat_rate(10, 4);

	(void)state;
	assert_true(none.valid);
	assert_near(none.mid, 0, 0);
	assert_near(none.lo, 0, 0);
	assert_near(none.hi, 3.0 / 11, 1e-15); /* the design's "0 [0 0.27]" */
	assert_near(one.mid, 1, 0);
	assert_near(one.lo, -log(0.975), 1e-12); /* closed form: exp(-lo) = 97.5 % */
	assert_near(one.hi, 5.571643390938, 1e-10); /* Garwood's table: 5.572 */
	assert_near(ten.mid, 2.5, 0);
	assert_near(ten.lo, 4.795388696133 / 4, 1e-10);
	assert_near(ten.hi, 18.390356042590 / 4, 1e-10);
	assert_int_equal(ten.n, 10);
	assert_false(stat_rate(3, 0).valid);
	assert_false(stat_rate(0, 0).valid);
	assert_false(stat_rate_quotable(99));
	assert_true(stat_rate_quotable(100));
}

/* Where the iteration hands over to the expansion the ends must go on as they were. */
static void rate_is_smooth_at_the_seam(void **state)
{
	(void)state;
	for (uint64_t k = 9990; k < 10010; k++) {
		struct interval a = stat_rate(k, 1), b = stat_rate(k + 1, 1), c = stat_rate(k + 2, 1);

		assert_true(fabs(a.lo - 2 * b.lo + c.lo) < 1e-5);
		assert_true(fabs(a.hi - 2 * b.hi + c.hi) < 1e-5);
	}
}

static double noise(uint64_t *rng)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) /* Irwin-Hall: near enough to normal, variance 1 */
		sum += (double)(stat_rand(rng) >> 11) / 0x1p53;
	return sum - 6;
}

static void fill(struct stat_pair *pairs, size_t n, double ratio, uint32_t processes)
{
	uint64_t rng = 42;

	for (size_t i = 0; i < n; i++) {
		double a = 1000 * exp(noise(&rng));

		pairs[i] = (struct stat_pair){ .a = a, .b = a * ratio * exp(0.05 * noise(&rng)),
					       .process = (uint32_t)(i * processes / n) };
	}
}

static struct interval paired(const struct stat_pair *pairs, size_t n, enum stat_effect effect,
			      uint64_t seed)
{
	struct interval out;

	memset(&out, 0xff, sizeof(out));
	assert_int_equal(stat_paired(pairs, n, effect, seed, &out), 0);
	assert_int_equal(out.n, n);
	return out;
}

static bool same(struct interval x, struct interval y)
{
	return x.lo == y.lo && x.mid == y.mid && x.hi == y.hi && x.valid == y.valid;
}

/* The ends are order statistics, so that two seeds may agree; twenty must not, nor stray far. */
static void seed_decides_the_interval(void **state)
{
	struct stat_pair pairs[PAIRS];

	(void)state;
	for (uint32_t processes = 1; processes <= 6; processes += 5) {
		struct interval one;
		size_t differ = 0;

		fill(pairs, PAIRS, 1, processes);
		one = paired(pairs, PAIRS, STAT_RATIO, 1);
		assert_true(same(one, paired(pairs, PAIRS, STAT_RATIO, 1)));
		for (uint64_t seed = 2; seed <= 20; seed++) {
			struct interval other = paired(pairs, PAIRS, STAT_RATIO, seed);

			differ += !same(one, other);
			assert_near(other.mid, one.mid, 0);
			assert_near(other.lo, one.lo, 0.02);
			assert_near(other.hi, one.hi, 0.02);
		}
		assert_true(differ > 0);
	}
}

static void effects(void **state)
{
	struct stat_pair pairs[PAIRS];
	struct interval ratio, difference;

	(void)state;
	fill(pairs, PAIRS, 0.8, 1);
	ratio = paired(pairs, PAIRS, STAT_RATIO, 3);
	assert_true(ratio.valid && ratio.lo < ratio.mid && ratio.mid < ratio.hi);
	assert_true(ratio.lo < 0.8 && ratio.hi > 0.8);
	assert_true(ratio.lo > 0.75 && ratio.hi < 0.85);
	for (size_t i = 0; i < PAIRS; i++)
		pairs[i].b = pairs[i].a - 7;
	difference = paired(pairs, PAIRS, STAT_DIFFERENCE, 3);
	assert_near(difference.mid, -7, 1e-9);
	assert_near(difference.lo, -7, 1e-9);
	assert_near(difference.hi, -7, 1e-9);
}

/* Swapping the sides must mirror the answer, or "better" and "worse" would not be symmetric. */
static void sides_are_symmetric(void **state)
{
	struct stat_pair pairs[PAIRS + 1], swapped[PAIRS + 1];
	struct interval one, other;

	(void)state;
	fill(pairs, PAIRS + 1, 0.9, 1);
	for (size_t i = 0; i <= PAIRS; i++)
		swapped[i] = (struct stat_pair){ .a = pairs[i].b, .b = pairs[i].a };
	one = paired(pairs, PAIRS + 1, STAT_RATIO, 4);
	other = paired(swapped, PAIRS + 1, STAT_RATIO, 4);
	assert_near(other.mid, 1 / one.mid, 1e-12);
	assert_near(other.lo, 1 / one.hi, 0.02);
	assert_near(other.hi, 1 / one.lo, 0.02);
}

static void few_pairs_give_no_interval(void **state)
{
	struct stat_pair pairs[PAIRS];
	struct interval out;

	(void)state;
	fill(pairs, PAIRS, 1, 1);
	out = paired(pairs, 5, STAT_RATIO, 5);
	assert_false(out.valid);
	assert_true(out.mid > 0.8 && out.mid < 1.2);
	assert_near(out.lo, out.mid, 0);
	assert_true(paired(pairs, 6, STAT_RATIO, 5).valid);
	assert_false(paired(pairs, 0, STAT_RATIO, 5).valid);
}

/*
 * Six processes that differ far more than the pairs inside them: taking pairs for the unit would
 * give a narrow interval, and the right one spans the processes. Their pairs come shuffled.
 */
static void processes_are_drawn_first(void **state)
{
	struct stat_pair pairs[PAIRS];
	struct interval by_process, by_pair;

	(void)state;
	fill(pairs, PAIRS, 1, 1);
	for (uint32_t i = 0; i < PAIRS; i++) {
		pairs[i].process = 100 + i % 6;
		pairs[i].b = pairs[i].a * (1 + 0.2 * (i % 6) + 0.0001 * i);
	}
	by_process = paired(pairs, PAIRS, STAT_RATIO, 6);
	for (uint32_t i = 0; i < PAIRS; i++)
		pairs[i].process = 0;
	by_pair = paired(pairs, PAIRS, STAT_RATIO, 6);
	assert_near(by_process.mid, by_pair.mid, 0);
	assert_true(by_process.hi - by_process.lo > 1.5 * (by_pair.hi - by_pair.lo));
}

/* Neighbours that go together carry less than their number: blocks must widen the interval. */
static void correlation_widens(void **state)
{
	double x[1000], shuffled[1000];
	struct interval in_order, out_of_order;
	uint64_t rng = 7;

	(void)state;
	x[0] = noise(&rng);
	for (size_t i = 1; i < 1000; i++)
		x[i] = 0.8 * x[i - 1] + 0.6 * noise(&rng);
	for (size_t i = 0; i < 1000; i++)
		shuffled[i] = x[i * 377 % 1000];
	assert_int_equal(stat_series(x, NULL, 1000, 8, &in_order), 0);
	assert_int_equal(stat_series(shuffled, NULL, 1000, 8, &out_of_order), 0);
	assert_near(in_order.mid, out_of_order.mid, 0);
	assert_true(in_order.hi - in_order.lo > 1.5 * (out_of_order.hi - out_of_order.lo));
}

static void series_is_the_median(void **state)
{
	const double x[] = { 5, 1, 9, 7, 3, 8, 2, 6, 4, 10 };
	const uint32_t process[10] = { 0 };
	struct interval out, single;

	(void)state;
	assert_int_equal(stat_series(x, process, 10, 9, &out), 0);
	assert_near(out.mid, 5.5, 0);
	assert_true(out.valid && out.n == 10 && out.lo >= 1 && out.hi <= 10);
	assert_int_equal(stat_series(x, NULL, 10, 9, &single), 0);
	assert_true(same(out, single));
	assert_int_equal(stat_series(x, NULL, 0, 9, &out), 0);
	assert_true(!out.valid && out.n == 0);
}

static void verdicts(void **state)
{
	static const struct {
		double lo, hi;
		bool valid;
		enum stat_verdict more, less; /* is better */
	} table[] = {
		{ 0.99, 1.02, true, STAT_SAME, STAT_SAME },
		{ 1 / 1.03, 1.03, true, STAT_SAME, STAT_SAME }, /* the margin belongs to it */
		{ 1.04, 1.10, true, STAT_BETTER, STAT_WORSE },
		{ 0.80, 0.96, true, STAT_WORSE, STAT_BETTER },
		{ 1.01, 1.05, true, STAT_UNSURE, STAT_UNSURE },
		{ 0.96, 1.01, true, STAT_UNSURE, STAT_UNSURE },
		{ 0.90, 1.10, true, STAT_UNSURE, STAT_UNSURE },
		{ 1.03, 1.10, true, STAT_UNSURE, STAT_UNSURE },
		{ 1.04, 1.10, false, STAT_UNSURE, STAT_UNSURE },
		{ 1.00, 1.00, false, STAT_UNSURE, STAT_UNSURE },
		{ NAN, NAN, true, STAT_UNSURE, STAT_UNSURE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct stat_test x = { .ratio = { .mid = 1, .lo = table[i].lo, .hi = table[i].hi, .n = 20,
						  .valid = table[i].valid } };
		struct stat_margin more = { 0.03, 0, true }, less = { 0.03, 0, false };

		assert_int_equal(stat_judge(&x, &more), table[i].more);
		assert_int_equal(stat_judge(&x, &less), table[i].less);
	}
	assert_string_equal(stat_verdict_name(STAT_SAME), "same");
	assert_string_equal(stat_verdict_name(STAT_BETTER), "better");
	assert_string_equal(stat_verdict_name(STAT_WORSE), "worse");
	assert_string_equal(stat_verdict_name(STAT_UNSURE), "unsure");
}

static void random_numbers(void **state)
{
	uint64_t rng = 1234567, seen[3] = { 0 };

	(void)state;
	/* The first outputs of splitmix64 for this seed, as published (rosettacode, Vigna's code). */
	assert_true(stat_rand(&rng) == 6457827717110365317u);
	assert_true(stat_rand(&rng) == 3203168211198807973u);
	for (int i = 0; i < 3000; i++) {
		uint64_t x = stat_below(&rng, 3);

		assert_true(x < 3);
		seen[x]++;
	}
	for (int i = 0; i < 3; i++)
		assert_true(seen[i] > 850 && seen[i] < 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians),
		cmocka_unit_test(jain_index),
		cmocka_unit_test(rates), cmocka_unit_test(rates_of_parts),
		cmocka_unit_test(rate_is_smooth_at_the_seam),
		cmocka_unit_test(seed_decides_the_interval),
		cmocka_unit_test(effects),
		cmocka_unit_test(sides_are_symmetric),
		cmocka_unit_test(few_pairs_give_no_interval),
		cmocka_unit_test(processes_are_drawn_first),
		cmocka_unit_test(correlation_widens),
		cmocka_unit_test(series_is_the_median),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(random_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
