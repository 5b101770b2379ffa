/*
 * hdr_encode.h - a latency histogram in the forms of HdrHistogram (hdrhistogram.org): the points that
 * stand for its buckets, and the V2 compressed encoding of them. Pure; main thread.
 *
 * A bucket of ours is 16 buckets of HdrHistogram's at three significant digits (below 2048 ns those
 * are single values), so its count is put where a reader shows the middle of our bucket, the value
 * that iopt itself prints: within 0.8 % of what was measured. One sample is put at the smallest and
 * one at the largest value. What overflowed is put at the largest.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "stat/histogram.h"

#define HDR_DIGITS 3u
#define HDR_SUB_BUCKETS 2048u /* smallest power of two that tells 2 * 10^HDR_DIGITS values apart */

struct hdr_point {
	uint64_t value, count;
};
/* Two are for the ends, one for the overflow. */
#define HDR_POINTS_MAX (HIST_BUCKETS + 3)

/* Points of h by value, no value twice; how many. Their counts add up to h->n. */
size_t hdr_points(const struct histogram *h, struct hdr_point points[HDR_POINTS_MAX]);
/* Of HdrHistogram's array of counts: where a value (to INT64_MAX) is counted. */
uint32_t hdr_index(uint64_t value);
/* How many powers of two HdrHistogram needs up to the value, for those who print it. */
uint32_t hdr_buckets(uint64_t value);
/*
 * The payload of a line of its log: V2 compressed encoding (cookie, length, zlib), in base64. Freed
 * by the caller; NULL: no memory.
 */
char *hdr_encode(const struct histogram *h);
