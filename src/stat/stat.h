/*
 * stat.h - the arithmetic of a result: medians, intervals, rates, verdicts. Pure: no I/O, no
 * clock, no allocation that outlives a call, the same answer for the same data and seed. Any thread.
 *
 * Functions that allocate scratch return -1 when memory is out, else 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval {
	double mid, lo, hi;
	size_t n;   /* units it rests on */
	bool valid; /* false: too few units; mid may still be meaningful when n > 0 */
};

/* Sorts x. Even n: mean of the middle two. n must be > 0. */
double stat_median(double *x, size_t n);

/* One unit of the analysis: an engine's slice against the baseline's slice of the same half round. */
struct stat_pair {
	double a, b;      /* > 0; ratio is b / a, difference is b - a */
	uint32_t process; /* resampled first when more than one process took part */
	uint32_t table;   /* of the process: its how manieth page table; resampled second */
};

enum stat_effect { STAT_RATIO, STAT_DIFFERENCE };

/*
 * Median of the pair log-ratios (as a ratio) or of the pair differences, with a 95 % percentile
 * interval from a seeded block bootstrap over the pairs, in order: 1999 resamples, circular blocks
 * of about n^(1/3) pairs (two below 24 pairs, at most 10), and four blocks fewer than the data has
 * (ten pairs, from 16 to 23), which pays for their small number. With several processes a resample
 * draws processes first (two fewer than took part), then tables of each, then blocks of pairs inside
 * each table; with one process of several tables, tables first (two fewer). A level at which every
 * unit has a single pair is no level: pairs of processes, or of tables, are a series. Fewer than 6
 * pairs: valid is false and lo = mid = hi. Fewer than 5 processes, or tables, cannot give 95 % against
 * what differs between them: docs/statistics.md.
 * Kalibera & Jones, ISMM'13; Kuensch 1989 and Politis & Romano 1992 for the blocks.
 */
int stat_paired(const struct stat_pair *pairs, size_t n, enum stat_effect effect, uint64_t seed,
		struct interval *out);
/* The same at the level 1 - alpha; alpha is at least 0.001, which is the outermost resample. */
int stat_paired_at(const struct stat_pair *pairs, size_t n, enum stat_effect effect, double alpha,
		   uint64_t seed, struct interval *out);

/*
 * The same bootstrap for the median of a plain series (for example ops/s by slice). process may be
 * NULL: all of one.
 */
int stat_series(const double *x, const uint32_t *process, size_t n, uint64_t seed,
		struct interval *out);

/*
 * What these intervals are made of, for a figure that rests on several series: the medians of the
 * STAT_RESAMPLES resamples of one, in the order drawn, into draws[]. n must be STAT_UNITS_MIN or
 * more. Series drawn with seeds of their own are independent: combine their i-th draws, and give
 * the combinations to stat_from_draws(), which sorts them and takes the percentiles.
 */
#define STAT_RESAMPLES 1999u /* one more times 2.5 % is whole: Davison & Hinkley 1997, 5.2.3 */
#define STAT_ALPHA 0.05
#define STAT_UNITS_MIN 6u    /* below, even the exact sign test cannot reach 5 % */
int stat_draws(const double *x, const uint32_t *process, size_t n, uint64_t seed, double *draws);
struct interval stat_from_draws(double mid, double *draws, size_t units);

/*
 * A count of `events` in `exposure` units (tables, maps): rate with the exact (Garwood) 95 %
 * Poisson interval; zero events print [0, 3/n] (rule of three). valid is false only for exposure 0,
 * n is the events.
 */
struct interval stat_rate(uint64_t events, double exposure);
/* At the level 1 - alpha (1e-6 to 0.5), exact for zero events too: [0, -ln(alpha/2) / exposure]. */
struct interval stat_rate_at(uint64_t events, double exposure, double alpha);
/* A part of a count: one slice's events. Parts of one process follow each other. */
struct stat_part {
	uint64_t events;
	double exposure; /* >= 0 */
	uint32_t process;
};

/*
 * stat_rate() of all parts together, widened where they differ by more than chance: both half widths
 * times sqrt(phi), phi being Pearson's chi-square over its degrees of freedom, among the parts or
 * among the processes, whichever is larger, and at least 1 (quasi-Poisson; McCullagh & Nelder 1989,
 * §6.2). Fewer than 3 parts, or no events: stat_rate() as it is.
 */
struct interval stat_rate_parts(const struct stat_part *parts, size_t n);
/* Below 100 events a percentage would be noise. */
static inline bool stat_rate_quotable(uint64_t events)
{
	return events >= 100;
}

/* Jain's index (sum x)^2 / (n sum x^2) in (0, 1]; 1 for n = 0 or all zero. */
double stat_jain(const double *x, size_t n);

/* How b is to a: verdict.h. */
enum stat_verdict { STAT_SAME, STAT_BETTER, STAT_WORSE, STAT_UNSURE };
const char *stat_verdict_name(enum stat_verdict v);

/* splitmix64 (Steele, Lea, Flood 2014): one mixing step, and a stream from one word of state. */
static inline uint64_t stat_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline uint64_t stat_rand(uint64_t *state)
{
	uint64_t r = stat_mix(*state);

	*state += 0x9e3779b97f4a7c15u;
	return r;
}

/* Uniform in [0, n), n > 0; bias below 2^-32 for n < 2^32. */
static inline uint64_t stat_below(uint64_t *state, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)stat_rand(state) * n) >> 64);
}
