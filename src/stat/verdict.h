/*
 * verdict.h - is it worse? Tests of one metric, margins, the three-way verdict, and how many tests
 * and looks at the data share one error rate. Pure, as stat.h; any thread.
 *
 * docs/statistics.md and docs/gate.md have the error rates, from simulation.
 */
#pragma once

#include "stat/histogram.h"
#include "stat/stat.h"

/* One metric of one case, b against a. */
struct stat_test {
	struct interval ratio;      /* b / a */
	struct interval difference; /* b - a, in the metric's unit */
	double p;                   /* two-sided, of "no difference"; NaN: too few units */
};

/*
 * Intervals by stat_paired_at() at level 1 - alpha, p by stat_signed_rank() of the log-ratios. Fewer
 * than STAT_UNITS_MIN pairs: neither is valid, mid is there. 0, or -1 for no memory.
 */
int stat_test_pairs(const struct stat_pair *pairs, size_t n, double alpha, uint64_t seed,
		    struct stat_test *out);

/* Events of both sides of a pair, and what they are counted in (tables). */
struct stat_count_pair {
	uint64_t events_a, events_b;
	double exposure_a, exposure_b; /* > 0 */
};

/*
 * The same for counts. When each side of each of the pairs has 100 events, rates are metrics like
 * others: stat_test_pairs(). Else the counts are pooled: ratio and p from the exact binomial of the
 * one side's share of all events (Clopper & Pearson 1934; Przyborowski & Wilenski 1940), the difference
 * from the two exact intervals (method of variance estimates recovery, Zou & Donner 2008). Where parts
 * differ by more than chance, by the factor phi of stat_rate_parts(), the counts are worth so many
 * fewer (Rao & Scott 1992), and the difference is wider by sqrt(phi). No events at all: ratio not
 * valid, p 1, difference valid; none of a: ratio.mid and ratio.hi are infinite. Fewer than
 * STAT_UNITS_MIN pairs: nothing is valid, since what parts differ by cannot be told.
 */
int stat_test_counts(const struct stat_count_pair *pairs, size_t n, double alpha, uint64_t seed,
		     struct stat_test *out);

/*
 * Wilcoxon's signed-rank test of "symmetric around 0", two-sided. Zeros are dropped, ties get mean
 * ranks. Exact for up to 25 values that are not zero (by counting all sign patterns of the ranks at
 * hand, so with ties too), else normal with correction for ties and continuity. NaN for no memory
 * or no value; 1 where all are zero.
 */
#define STAT_EXACT_MAX 25u
double stat_signed_rank(const double *x, size_t n);

/*
 * Holm's step-down (1979): adjusted[i] <= alpha controls the chance of any false claim. A p that is NaN
 * stays so, and counts as a test. 0, or -1 for no memory.
 */
int stat_holm(const double *p, size_t n, double *adjusted);

/*
 * Alpha of each of `looks` equally spaced looks (1..5) so that all of them together err in 5 %:
 * Pocock 1977.
 */
double stat_look_alpha(unsigned looks);
/* Fewest pairs with which the exact signed-rank test can stay below alpha in `tests` tests (Holm). */
size_t stat_pairs_needed(double alpha, size_t tests);

/* A difference that matters: beyond `relative` (0.03) as a ratio and beyond `absolute` (20 ns) both. */
struct stat_margin {
	double relative, absolute;
	bool more_is_better;
};

/*
 * The three-way verdict of equivalence testing. "same": the ratio's interval lies entirely inside
 * [1/(1+relative), 1+relative], or the difference's inside +-absolute. "better", "worse": ratio
 * entirely beyond the one and difference entirely beyond the other (absolute 0: the ratio alone).
 * Else, or not valid: "unsure".
 */
enum stat_verdict stat_judge(const struct stat_test *t, const struct stat_margin *m);

/*
 * Interval of a quantile by order statistics, at level 1 - alpha: the values at the binomial ranks
 * around n q, down to the lower and up to the upper edge of their buckets. mid is hist_quantile(). Not
 * valid when a rank falls outside the samples. It takes samples for independent: what differs from
 * slice to slice it does not see.
 */
struct interval stat_quantile(const struct histogram *h, double q, double alpha);
