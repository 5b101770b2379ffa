/*
 * quantile.c - how far a percentile can be trusted: the number of values at or below a quantile is
 * binomial, so two of the values themselves enclose it (Thompson 1936; David & Nagaraja 2003, §7.1).
 */
#include "stat/beta.h"
#include "stat/verdict.h"

/* The bucket of the value of this rank, 1 to n; HIST_BUCKETS: among those that overflowed. */
static uint32_t bucket_of(const struct histogram *h, uint64_t rank)
{
	uint64_t seen = 0;
	uint32_t i = 0;

	while (i < HIST_BUCKETS && (seen += h->count[i]) < rank)
		i++;
	return i;
}

/* The smallest, or largest, that the value of this rank can be. */
static double least_at(const struct histogram *h, uint64_t rank)
{
	uint64_t low = hist_bucket_low(bucket_of(h, rank));

	return (double)(low > h->min ? low : h->min);
}

static double most_at(const struct histogram *h, uint64_t rank)
{
	uint32_t bucket = bucket_of(h, rank);
	uint64_t high = bucket < HIST_BUCKETS ? hist_bucket_high(bucket) : h->max;

	return (double)(high < h->max ? high : h->max);
}

struct interval stat_quantile(const struct histogram *h, double q, double alpha)
{
	struct interval out = { .n = (size_t)h->n };
	uint64_t low, high;

	out.mid = out.lo = out.hi = (double)hist_quantile(h, q);
	if (!h->n || !(q > 0) || !(q < 1))
		return out;
	low = binomial_quantile(h->n, q, alpha / 2);
	high = binomial_quantile(h->n, q, 1 - alpha / 2) + 1;
	if (low < 1 || high > h->n)
		return out;
	out.lo = least_at(h, low);
	out.hi = most_at(h, high);
	out.valid = true;
	return out;
}
