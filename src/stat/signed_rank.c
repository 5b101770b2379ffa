/*
 * signed_rank.c - Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945). Ranks are kept doubled,
 * so that the mean ranks of ties are whole and every sign pattern can be counted.
 */
#include "stat/verdict.h"

#include <math.h>
#include <stdlib.h>

struct item {
	double size;
	bool above;
	uint64_t rank2; /* doubled */
};

static int by_size(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* The sum of t^3 - t over the groups of ties. */
static double rank(struct item *item, size_t n)
{
	double ties = 0;

	qsort(item, n, sizeof(*item), by_size);
	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i + 1; end < n && !(item[end].size > item[i].size); end++)
			;
		for (size_t j = i; j < end; j++)
			item[j].rank2 = i + 1 + end;
		t = (double)(end - i);
		ties += t * t * t - t;
	}
	return ties;
}

/* patterns[w]: of the 2^n ways to choose signs, those whose positive doubled ranks sum to w. */
static double exact(const struct item *item, size_t n, uint64_t sum2)
{
	double patterns[STAT_EXACT_MAX * (STAT_EXACT_MAX + 1) + 1] = { 1 }, below = 0, above = 0;
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		most += item[i].rank2;
		for (uint64_t w = most; w >= item[i].rank2; w--)
			patterns[w] += patterns[w - item[i].rank2];
	}
	for (uint64_t w = 0; w <= most; w++) {
		below += w <= sum2 ? patterns[w] : 0;
		above += w >= sum2 ? patterns[w] : 0;
	}
	return fmin(1, ldexp(2 * fmin(below, above), -(int)n));
}

/* Lehmann 1975, §3.2: variance corrected for ties, half a rank for continuity. */
static double normal(size_t n, uint64_t sum2, double ties)
{
	double m = (double)n, mean = m * (m + 1) / 4, off = fabs((double)sum2 / 2 - mean) - 0.5;
	double variance = m * (m + 1) * (2 * m + 1) / 24 - ties / 48;

	return off <= 0 ? 1 : erfc(off / sqrt(2 * variance));
}

double stat_signed_rank(const double *x, size_t n)
{
	struct item *item = n ? calloc(n, sizeof(*item)) : NULL;
	uint64_t sum2 = 0;
	size_t left = 0;
	double p, ties;

	if (!item)
		return NAN;
	for (size_t i = 0; i < n; i++)
		if (x[i] != 0)
			item[left++] = (struct item){ .size = fabs(x[i]), .above = x[i] > 0 };
	ties = rank(item, left);
	for (size_t i = 0; i < left; i++)
		sum2 += item[i].above ? item[i].rank2 : 0;
	p = left <= STAT_EXACT_MAX ? exact(item, left, sum2) : normal(left, sum2, ties);
	free(item);
	return p;
}
