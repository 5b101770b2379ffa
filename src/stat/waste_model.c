#include "stat/waste_model.h"

#include <math.h>

#define CELLS 4096 /* of the integral over one operation time */

/* The distribution function of a histogram, read from left to right. */
struct cdf {
	const struct histogram *h;
	uint32_t bucket;
	uint64_t below; /* recorded in the buckets before it */
};

/* The share of values below t, those of a bucket spread over it; t never smaller than before. */
static double cdf_at(struct cdf *c, double t)
{
	double low, width, inside;

	while (c->bucket < HIST_BUCKETS && (double)hist_bucket_high(c->bucket) + 1 <= t)
		c->below += c->h->count[c->bucket++];
	if (c->bucket == HIST_BUCKETS) /* what overflowed is beyond any t */
		return (double)c->below / (double)c->h->n;
	low = (double)hist_bucket_low(c->bucket);
	width = (double)hist_bucket_high(c->bucket) + 1 - low;
	inside = t > low ? (t - low) / width * (double)c->h->count[c->bucket] : 0;
	return ((double)c->below + inside) / (double)c->h->n;
}

double waste_lockstep(unsigned threads, const struct histogram *window, double tau)
{
	struct cdf cdf = { .h = window };
	double sum = 0, done = 0; /* done: the inner integral, which for uniform arrivals is a sum */

	if (!window->n || !(tau > 0))
		return NAN;
	if (threads < 2)
		return 0;
	for (int i = 0; i < CELLS; i++) { /* in units of tau, at the middle of each cell */
		double g = cdf_at(&cdf, tau * (i + 0.5) / CELLS);

		done += g / CELLS / 2;
		sum += (1 - g) * pow(1 - done, threads - 2) / CELLS;
		done += g / CELLS / 2;
	}
	return (threads - 1) * sum;
}

double waste_cold_fill(unsigned threads, bool once, double s, double z, double tables)
{
	double lost;

	if (!(s > 0) || !(z > 0))
		return NAN;
	if (threads < 2)
		return 0;
	lost = (once ? threads : threads - 1) * log1p(s / z);
	return fmin(lost, (threads - 1) * tables);
}

double waste_by_gaps(const struct histogram *gap, const struct histogram *window, unsigned levels)
{
	double lost = 0;

	if (!gap->n || !window->n)
		return NAN;
	for (unsigned j = 1; j <= levels; j++) {
		struct cdf cdf = { .h = window };

		for (uint32_t b = 0; b < HIST_BUCKETS; b++) {
			double g = ((double)hist_bucket_low(b) + (double)hist_bucket_high(b) + 1) / 2;

			if (gap->count[b])
				lost += (double)gap->count[b] * (1 - cdf_at(&cdf, g / j));
		}
	}
	return lost;
}
