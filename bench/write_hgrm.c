/* A percentile distribution as HdrHistogram's own programs print it, for its plotter. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "bench/hdr_encode.h"
#include "bench/write.h"

#define TICKS_PER_HALF 5u /* lines while the distance to 100 % halves */

/* From one line's percentage to the next; rounded as HdrHistogram rounds, so that lines compare. */
static double next_level(double level)
{
	double halves = floor(log(100 / (100 - level)) / log(2)) + 1;

	return level + 100 / (TICKS_PER_HALF * exp2(halves));
}

static void put_levels(const struct hdr_point *point, uint64_t total, FILE *out)
{
	double level = 0;
	uint64_t seen = 0;

	while (seen < total) {
		while (!seen || 100.0 * (double)seen / (double)total < level)
			seen += point++->count;
		fprintf(out, "%8" PRIu64 ".000 %2.12f %10" PRIu64 " %14.2f\n", point[-1].value,
			level / 100, seen, 1 / (1 - level / 100));
		level = next_level(level);
	}
	fprintf(out, "%8" PRIu64 ".000 %2.12f %10" PRIu64 "\n", point[-1].value, 1.0, seen);
}

static void put_moments(const struct hdr_point *points, size_t n, uint64_t total, FILE *out)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += (double)points[i].value * (double)points[i].count / (double)total;
	for (size_t i = 0; i < n; i++) {
		double off = (double)points[i].value - mean;

		square += off * off * (double)points[i].count / (double)total;
	}
	fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean, sqrt(square));
}

int write_hgrm(const struct histogram *h, FILE *out)
{
	struct hdr_point *points = malloc(HDR_POINTS_MAX * sizeof(*points));
	size_t n;

	if (!points)
		return -1;
	n = hdr_points(h, points);
	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
	if (n) {
		put_levels(points, h->n, out);
		put_moments(points, n, h->n, out);
		fprintf(out, "#[Max     = %8" PRIu64 ".000, Total count    = %12" PRIu64 "]\n", h->max,
			h->n);
		fprintf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n", hdr_buckets(h->max),
			HDR_SUB_BUCKETS);
	}
	free(points);
	return fflush(out) || ferror(out) ? -1 : 0;
}
