#include "stat/histogram.h"

#include <float.h>
#include <math.h>

uint64_t hist_bucket_low(uint32_t bucket)
{
	if (bucket < (2u << HIST_SUB_LG2))
		return bucket;
	uint32_t shift = (bucket >> HIST_SUB_LG2) - 1;

	return (uint64_t)(bucket - (shift << HIST_SUB_LG2)) << shift;
}

uint64_t hist_bucket_high(uint32_t bucket)
{
	return hist_bucket_low(bucket + 1) - 1;
}

void hist_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->n)
		return;
	if (!into->n || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->n += from->n;
	into->overflow += from->overflow;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		into->count[i] += from->count[i];
}

/*
 * Nearest rank, 1 to n. The product is nudged down by a few units in its last place, because
 * 0.07 * 100 is 7.000000000000001 and means rank 7.
 */
static uint64_t rank_of(uint64_t n, double q)
{
	double rank = ceil(q * (double)n * (1 - 4 * DBL_EPSILON));

	if (rank < 1)
		return 1;
	return rank >= (double)n ? n : (uint64_t)rank;
}

uint64_t hist_quantile(const struct histogram *h, double q)
{
	uint64_t rank, seen = 0;

	if (!h->n)
		return 0;
	rank = rank_of(h->n, q);
	if (rank == h->n)
		return h->max;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen < rank)
			continue;
		uint64_t low = hist_bucket_low(i);
		uint64_t middle = low + (hist_bucket_high(i) - low) / 2;

		if (middle < h->min)
			return h->min;
		return middle > h->max ? h->max : middle;
	}
	return h->max;
}

int hist_supports(const struct histogram *h, double q)
{
	return h->n && h->n - rank_of(h->n, q) >= 10;
}
