/* Tests of differences, and the rules that make verdicts of them. Figures are SciPy 1.10's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "stat/verdict.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_near(double have, double want, double relative)
{
	if (!(fabs(have - want) <= relative * fabs(want)))
		fail_msg("have %.17g, want %.17g", have, want);
}

static void signed_rank(void **state)
{
	const double few[] = { 1.1, -0.4, 2.2, 3.1, -0.2, 0.9, 1.7, 2.6 };
	const double ties[] = { 1, 1, -1, 2, -2, 3, -3, 0, 3, 4, 0, -1, 1, 5 };
	const double zeros[] = { 0, 0, 0 };
	double many[40], alike[STAT_EXACT_MAX];

	(void)state;
	assert_near(stat_signed_rank(few, COUNT(few)), 0.0390625, 1e-14);
	assert_near(stat_signed_rank(ties, COUNT(ties)), 0.19580078125, 1e-14);
	assert_near(stat_signed_rank(zeros, COUNT(zeros)), 1, 0);
	assert_true(isnan(stat_signed_rank(zeros, 0)));
	for (int i = 0; i < 40; i++)
		many[i] = ((i * 7919) % 101 - 35) / 4.;
	assert_near(stat_signed_rank(many, 40), 0.007938927051143638, 1e-12);
	for (int i = 0; i < 40; i++)
		many[i] = (i * 7919) % 23 - 9; /* a zero, and many ties */
	assert_near(stat_signed_rank(many, 40), 0.06524674570271108, 1e-12);
	for (unsigned i = 0; i < STAT_EXACT_MAX; i++)
		alike[i] = -1.0 - i;
	for (unsigned n = 1; n <= STAT_EXACT_MAX; n++) /* peers of this test stop being exact here */
		assert_near(stat_signed_rank(alike, n), ldexp(1, 1 - (int)n), 1e-12);
}

static void holm(void **state)
{
	const double p[] = { 0.04, 0.01, NAN, 0.03, 0.005 }, one[] = { 0.2, 0.6 };
	double adjusted[5];

	(void)state;
	assert_int_equal(stat_holm(p, 5, adjusted), 0);
	assert_near(adjusted[4], 0.025, 1e-12);
	assert_near(adjusted[1], 0.04, 1e-12);
	assert_near(adjusted[3], 0.09, 1e-12);
	assert_near(adjusted[0], 0.09, 1e-12); /* never below one that came before */
	assert_true(isnan(adjusted[2]));
	assert_int_equal(stat_holm(one, 2, adjusted), 0);
	assert_near(adjusted[0], 0.4, 1e-12);
	assert_near(adjusted[1], 0.6, 1e-12);
	assert_int_equal(stat_holm(NULL, 0, adjusted), 0);
}

static void looks_and_pairs(void **state)
{
	(void)state;
	assert_near(stat_look_alpha(1), 0.05, 0);
	assert_near(stat_look_alpha(3), 0.0221, 0);
	for (unsigned looks = 2; looks < 9; looks++)
		assert_true(stat_look_alpha(looks) < stat_look_alpha(looks - 1));
	assert_int_equal(stat_pairs_needed(0.05, 1), 6);
	assert_int_equal(stat_pairs_needed(0.0221, 1), 7);
	assert_int_equal(stat_pairs_needed(0.0221, 12), 11);
	assert_int_equal(stat_pairs_needed(0.05, 0), 6);
	for (size_t n = 6; n <= STAT_EXACT_MAX; n++) {
		double level = ldexp(1, 1 - (int)n);

		assert_int_equal(stat_pairs_needed(level, 1), n);
		assert_int_equal(stat_pairs_needed(level * 0.999, 1), n + 1);
	}
}

static struct interval from_to(double lo, double hi, bool valid)
{
	return (struct interval){ .mid = (lo + hi) / 2, .lo = lo, .hi = hi, .n = 20, .valid = valid };
}

static void judgements(void **state)
{
	static const struct {
		double lo, hi;
		bool valid;
		double lo_ns, hi_ns;
		bool valid_ns;
		enum stat_verdict less_is_better;
	} table[] = {
		{ 0.99, 1.02, true, -900, 900, true, STAT_SAME },  /* by the ratio */
		{ 0.50, 2.00, true, -20, 20, true, STAT_SAME },    /* by the difference */
		{ 1.20, 1.40, true, 10, 19, true, STAT_SAME },     /* 40 % of next to nothing */
		{ 1.20, 1.40, true, 10, 30, true, STAT_UNSURE },
		{ 1.20, 1.40, true, 21, 30, true, STAT_WORSE },
		{ 0.70, 0.80, true, -30, -21, true, STAT_BETTER },
		{ 0.70, 0.80, true, 21, 30, true, STAT_UNSURE },   /* they disagree */
		{ 1.20, 1.40, true, 21, 30, false, STAT_UNSURE },
		{ 1.20, 1.40, false, 21, 30, true, STAT_UNSURE },
		{ NAN, NAN, false, -1, 2, true, STAT_SAME },       /* no events on either side */
		{ 3.00, INFINITY, true, 21, 30, true, STAT_WORSE },
		{ NAN, NAN, true, NAN, NAN, true, STAT_UNSURE },
	};
	struct stat_margin m = { 0.10, 20, false };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct stat_test t = {
			.ratio = from_to(table[i].lo, table[i].hi, table[i].valid),
			.difference = from_to(table[i].lo_ns, table[i].hi_ns, table[i].valid_ns),
		};
		enum stat_verdict want = table[i].less_is_better;

		m.more_is_better = false;
		assert_int_equal(stat_judge(&t, &m), want);
		m.more_is_better = true;
		if (want == STAT_WORSE || want == STAT_BETTER)
			want = want == STAT_WORSE ? STAT_BETTER : STAT_WORSE;
		assert_int_equal(stat_judge(&t, &m), want);
	}
}

static void spread(struct stat_count_pair *pairs, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < 6; i++)
		pairs[i] = (struct stat_count_pair){ a / 6, b / 6, 1. / 6, 2. / 6 };
}

static void rare_counts(void **state)
{
	struct stat_count_pair pairs[6];
	struct stat_test t;

	(void)state;
	spread(pairs, 12, 30);
	assert_int_equal(stat_test_counts(pairs, 6, 0.05, 1, &t), 0);
	assert_near(t.p, 0.6340072248454477, 1e-9);
	assert_near(t.ratio.mid, 1.25, 1e-12);
	assert_near(t.ratio.lo, 0.621481567531076, 1e-9);
	assert_near(t.ratio.hi, 2.6808342417540203, 1e-9);
	assert_near(t.difference.mid, 3, 1e-12);
	assert_near(t.difference.lo, -7.203927750731733, 1e-9);
	assert_near(t.difference.hi, 11.646701569598715, 1e-9);
	spread(pairs, 0, 0);
	assert_int_equal(stat_test_counts(pairs, 6, 0.05, 1, &t), 0);
	assert_true(!t.ratio.valid && t.p == 1 && t.difference.valid);
	spread(pairs, 0, 60);
	assert_int_equal(stat_test_counts(pairs, 6, 0.05, 1, &t), 0);
	assert_true(t.ratio.valid && isinf(t.ratio.hi) && t.ratio.lo > 1 && t.p < 0.001);
	assert_int_equal(stat_test_counts(pairs, 5, 0.05, 1, &t), 0);
	assert_true(!t.ratio.valid && isnan(t.p) && !t.difference.valid);
}

/* Sixty losses in a single one of six processes are one event, not sixty. */
static void clumps_are_no_evidence(void **state)
{
	struct stat_count_pair pairs[6];
	struct stat_test t;

	(void)state;
	spread(pairs, 0, 0);
	pairs[3].events_b = 60;
	assert_int_equal(stat_test_counts(pairs, 6, 0.05, 1, &t), 0);
	assert_true(t.p > 0.05 && t.ratio.lo < 1 && t.difference.lo < 0);
}

static void frequent_counts_are_rates(void **state)
{
	struct stat_count_pair counts[8];
	struct stat_pair rates[8];
	struct stat_test t, want;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		counts[i] = (struct stat_count_pair){ 100 + i * i, 140 + 7 * i, 50, 40 };
		rates[i] = (struct stat_pair){ .a = (100 + i * i) / 50., .b = (140 + 7 * i) / 40. };
	}
	assert_int_equal(stat_test_counts(counts, 8, 0.05, 7, &t), 0);
	assert_int_equal(stat_test_pairs(rates, 8, 0.05, 7, &want), 0);
	assert_memory_equal(&t, &want, sizeof(t));
	assert_near(t.p, 2. / 256, 1e-12);
	for (unsigned side = 0; side < 2; side++) { /* one side of one pair is enough */
		uint64_t *events = side ? &counts[2].events_b : &counts[2].events_a, had = *events;

		*events = 99;
		assert_int_equal(stat_test_counts(counts, 8, 0.05, 7, &t), 0);
		assert_true(fabs(t.ratio.mid / want.ratio.mid - 1) > 1e-3);
		assert_true(t.ratio.n > 8);
		*events = had;
	}
}

static void fill(struct stat_pair *pairs, size_t n, size_t tables, double spread)
{
	uint64_t rng = 77;

	for (size_t i = 0; i < n; i++) {
		size_t table = i * tables / n;
		double x = (double)(stat_rand(&rng) >> 40) / 0x1p24 + spread * (double)(table * 5 % tables);

		pairs[i] = (struct stat_pair){ .a = 100, .b = 100 * exp(x / 10),
					       .table = (uint32_t)table };
	}
}

static struct interval paired(const struct stat_pair *pairs, size_t n, double alpha)
{
	struct interval out;

	assert_int_equal(stat_paired_at(pairs, n, STAT_RATIO, alpha, 3, &out), 0);
	assert_true(out.valid && out.n == n);
	return out;
}

static double width(struct interval i)
{
	return i.hi - i.lo;
}

/* Slices of a table that has bad luck are not so many witnesses. */
static void tables_are_drawn_before_pairs(void **state)
{
	struct stat_pair pairs[96];
	struct interval by_table, by_pair;

	(void)state;
	fill(pairs, 96, 8, 1);
	by_table = paired(pairs, 96, 0.05);
	for (size_t i = 0; i < 96; i++)
		pairs[i].table = 0;
	by_pair = paired(pairs, 96, 0.05);
	assert_near(by_table.mid, by_pair.mid, 0);
	assert_true(width(by_table) > 1.2 * width(by_pair));
}

/* Tables of six processes are drawn inside each: more differs than the processes alone. */
static void tables_of_processes(void **state)
{
	struct stat_pair pairs[96];
	struct interval with, without;

	(void)state;
	fill(pairs, 96, 24, 1);
	for (size_t i = 0; i < 96; i++)
		pairs[i].process = (uint32_t)(i / 16);
	with = paired(pairs, 96, 0.05);
	for (size_t i = 0; i < 96; i++)
		pairs[i].table = 0;
	without = paired(pairs, 96, 0.05);
	assert_near(with.mid, without.mid, 0);
	assert_true(width(with) > width(without));
}

/* A process, or a table, of one pair is a pair: what was measured in turns stays a series. */
static void levels_of_single_pairs_are_none(void **state)
{
	struct stat_pair pairs[40];
	struct interval series, other;

	(void)state;
	fill(pairs, 40, 1, 0);
	series = paired(pairs, 40, 0.05);
	for (uint32_t i = 0; i < 40; i++)
		pairs[i].table = i;
	other = paired(pairs, 40, 0.05);
	assert_memory_equal(&series, &other, sizeof(series));
	for (uint32_t i = 0; i < 40; i++)
		pairs[i].process = i;
	other = paired(pairs, 40, 0.05);
	assert_memory_equal(&series, &other, sizeof(series));
}

static void alpha_decides_the_width(void **state)
{
	struct stat_pair pairs[48];
	struct interval five, two, least, plain;
	struct stat_test t;

	(void)state;
	fill(pairs, 48, 1, 0);
	assert_int_equal(stat_paired(pairs, 48, STAT_RATIO, 3, &plain), 0);
	five = paired(pairs, 48, 0.05);
	two = paired(pairs, 48, 0.0221);
	least = paired(pairs, 48, 1e-9); /* the outermost resample, and never beyond */
	assert_memory_equal(&plain, &five, sizeof(plain));
	assert_true(two.lo < five.lo && two.hi > five.hi);
	assert_true(least.lo < two.lo && least.hi > two.hi);
	assert_int_equal(stat_test_pairs(pairs, 48, 0.0221, 3, &t), 0);
	assert_memory_equal(&t.ratio, &two, sizeof(two));
	assert_near(t.difference.mid, 100 * (t.ratio.mid - 1), 1e-2);
	assert_true(t.p < 1e-6);
	assert_int_equal(stat_test_pairs(pairs, 5, 0.05, 3, &t), 0);
	assert_true(!t.ratio.valid && !t.difference.valid && isnan(t.p) && t.ratio.mid > 1);
	assert_int_equal(stat_test_pairs(pairs, 0, 0.05, 3, &t), 0);
	assert_true(!t.ratio.valid && isnan(t.p));
}

static void quantile_intervals(void **state)
{
	static struct histogram h;
	struct interval i;

	(void)state;
	assert_false(stat_quantile(&h, 0.99, 0.05).valid);
	for (uint64_t v = 1; v <= 1000; v++)
		hist_record(&h, v);
	i = stat_quantile(&h, 0.99, 0.05); /* ranks 983 and 997, buckets of 8 */
	assert_true(i.valid && i.lo == 976 && i.hi == 999 && i.n == 1000);
	assert_true(i.mid == (double)hist_quantile(&h, 0.99));
	assert_false(stat_quantile(&h, 0.999, 0.05).valid);
	memset(&h, 0, sizeof(h));
	for (uint64_t v = 1; v <= 100; v++)
		hist_record(&h, v);
	i = stat_quantile(&h, 0.5, 0.05); /* 40 and 61 */
	assert_true(i.valid && i.lo == 40 && i.hi == 61);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_rank),
		cmocka_unit_test(holm),
		cmocka_unit_test(looks_and_pairs),
		cmocka_unit_test(judgements),
		cmocka_unit_test(rare_counts),
		cmocka_unit_test(clumps_are_no_evidence),
		cmocka_unit_test(frequent_counts_are_rates),
		cmocka_unit_test(tables_are_drawn_before_pairs),
		cmocka_unit_test(tables_of_processes),
		cmocka_unit_test(levels_of_single_pairs_are_none),
		cmocka_unit_test(alpha_decides_the_width),
		cmocka_unit_test(quantile_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
