/*
 * histogram.h - log-linear histogram of unsigned values (nanoseconds), one writer, merged losslessly.
 *
 * Values below 128 have a bucket each; above, every power of two is cut into 64 buckets, so the
 * middle of a bucket is at most 1/128 = 0.8 % away from any value in it (the scheme of fio's
 * stat.h). Values from 2^HIST_MAX_LG2 on are counted in `overflow`, never dropped; min and max are
 * exact always. The struct is plain data: zero it to start, copy it, write it to a file.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#define HIST_SUB_LG2 6u
#define HIST_MAX_LG2 40u /* 18 minutes in ns */
#define HIST_BUCKETS (((HIST_MAX_LG2 - HIST_SUB_LG2) << HIST_SUB_LG2) + (1u << HIST_SUB_LG2))

struct histogram {
	uint64_t n;        /* recorded, overflow included */
	uint64_t overflow;
	uint64_t min, max; /* valid when n > 0 */
	uint64_t count[HIST_BUCKETS];
};

/*
 * Of a value below 2^HIST_MAX_LG2. A double's exponent and top mantissa bits are the bucket: exact,
 * and 1.3 ns faster than counting leading zeros with x86-64's bsr, which AMD's cores microcode.
 */
static inline uint32_t hist_bucket(uint64_t value)
{
	double d = (double)(int64_t)value;
	uint32_t small = -(uint32_t)(value < (1u << HIST_SUB_LG2)), bucket;
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	bucket = (uint32_t)(bits >> (52 - HIST_SUB_LG2)) - ((1023 + HIST_SUB_LG2 - 1) << HIST_SUB_LG2);
	/* a mask, not a branch: short latencies lie on both sides of 64 ns */
	return ((uint32_t)value & small) | (bucket & ~small);
}

/* Single writer; about two nanoseconds. */
static inline void hist_record(struct histogram *h, uint64_t value)
{
	if (__builtin_expect(value >> HIST_MAX_LG2 != 0, 0))
		h->overflow++;
	else
		h->count[hist_bucket(value)]++;
	/* outside [min, max] in one comparison; the first value leaves [0, 0], unless it is 0 */
	if (__builtin_expect(value - h->min > h->max - h->min, 0)) {
		if (!h->n || value < h->min)
			h->min = value;
		if (value > h->max)
			h->max = value;
	}
	h->n++;
}

/* The same value so many times. */
static inline void hist_record_many(struct histogram *h, uint64_t value, uint64_t times)
{
	if (!times)
		return;
	hist_record(h, value);
	h->n += times - 1;
	*(value >> HIST_MAX_LG2 ? &h->overflow : &h->count[hist_bucket(value)]) += times - 1;
}

/* Smallest and largest value of a bucket. */
uint64_t hist_bucket_low(uint32_t bucket);
uint64_t hist_bucket_high(uint32_t bucket);

void hist_merge(struct histogram *into, const struct histogram *from);

/*
 * The value below or at which a share q of the recorded values lies (q in (0, 1]), as the middle of
 * its bucket, clamped to [min, max]; the last rank, and any inside the overflow, gives max. n == 0
 * gives 0.
 */
uint64_t hist_quantile(const struct histogram *h, double q);
/* Are there at least 10 samples beyond q? Otherwise the percentile is reported as null. */
int hist_supports(const struct histogram *h, double q);
