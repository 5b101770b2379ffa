/*
 * bootstrap.c - percentile intervals of a median from resampled blocks of neighbours.
 *
 * A resample is never copied or sorted: the values are ranked once, a resample is how often each
 * rank was drawn, and its median is found by walking those counts from the lowest rank.
 */
#include "stat/stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_RESAMPLES ((STAT_RESAMPLES + 1) / 40)
#define BLOCK_MAX 10u
/*
 * A resample as large as the data is too like the data: k blocks give a variance (k - 1) / k of the
 * true one, estimated with the error of a t of k - 1 degrees, and what correlation reaches over a
 * block's end is lost. Drawing this much less widens the interval by about the missing amount. The
 * numbers are from simulation; docs/statistics.md has the error rates with and without.
 */
#define FEWER_BLOCKS 4u
#define FEWER_PROCESSES 2u

struct unit {
	double value;
	uint32_t process, place;
};

/* The units of one process, a run of places. */
struct group {
	size_t first, n, block;
};

struct bootstrap {
	size_t n, groups;
	struct unit *unit;
	struct group *group;
	uint32_t *rank;  /* by place */
	uint32_t *drawn; /* by rank */
	double *median;  /* by resample */
};

static int by_place(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static int by_value(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

static size_t block_length(size_t n)
{
	double length = round(cbrt((double)n));

	return length < BLOCK_MAX ? (size_t)length : BLOCK_MAX;
}

/* Bring the units of a process together, in their order, and find the runs. */
static void find_groups(struct bootstrap *b)
{
	struct group *g = b->group - 1;

	qsort(b->unit, b->n, sizeof(*b->unit), by_place);
	for (size_t i = 0; i < b->n; i++) {
		if (!i || b->unit[i].process != b->unit[i - 1].process)
			*++g = (struct group){ .first = i };
		g->n++;
		b->unit[i].place = (uint32_t)i;
	}
	b->groups = (size_t)(g - b->group) + 1;
	for (size_t i = 0; i < b->groups; i++)
		b->group[i].block = block_length(b->group[i].n);
}

/* `left` units in blocks of neighbours, the last block cut; a block wraps round the end. */
static void draw_group(struct bootstrap *b, const struct group *g, size_t left, uint64_t *rng)
{
	const uint32_t *rank = b->rank + g->first;

	while (left) {
		size_t length = g->block < left ? g->block : left, at = stat_below(rng, g->n);

		left -= length;
		while (length--) {
			b->drawn[rank[at]]++;
			at = at + 1 < g->n ? at + 1 : 0;
		}
	}
}

/* Median of `total` drawn units; b->unit is in order of value. */
static double drawn_median(const struct bootstrap *b, size_t total)
{
	size_t seen = 0, low, high;

	for (low = 0; (seen += b->drawn[low]) <= (total - 1) / 2; low++)
		;
	for (high = low; seen <= total / 2; seen += b->drawn[++high])
		;
	return (b->unit[low].value + b->unit[high].value) / 2;
}

static size_t fewer(size_t n, size_t less)
{
	return n > less ? n - less : 1;
}

static double resample(struct bootstrap *b, uint64_t *rng)
{
	size_t total = 0;

	memset(b->drawn, 0, b->n * sizeof(*b->drawn));
	if (b->groups == 1) {
		total = fewer(b->n, FEWER_BLOCKS * b->group->block);
		draw_group(b, b->group, total, rng);
		return drawn_median(b, total);
	}
	for (size_t left = fewer(b->groups, FEWER_PROCESSES); left; left--) {
		const struct group *g = b->group + stat_below(rng, b->groups);

		draw_group(b, g, g->n, rng);
		total += g->n;
	}
	return drawn_median(b, total);
}

static void rank_units(struct bootstrap *b)
{
	find_groups(b);
	qsort(b->unit, b->n, sizeof(*b->unit), by_value);
	for (size_t i = 0; i < b->n; i++)
		b->rank[b->unit[i].place] = (uint32_t)i;
}

static void draw_medians(struct bootstrap *b, uint64_t seed, double *median)
{
	uint64_t rng = stat_mix(seed);

	for (size_t i = 0; i < STAT_RESAMPLES; i++)
		median[i] = resample(b, &rng);
}

static void find_interval(struct bootstrap *b, uint64_t seed, struct interval *out)
{
	double mid;

	rank_units(b);
	mid = (b->unit[(b->n - 1) / 2].value + b->unit[b->n / 2].value) / 2;
	*out = (struct interval){ .mid = mid, .lo = mid, .hi = mid, .n = b->n };
	if (b->n < STAT_UNITS_MIN)
		return;
	draw_medians(b, seed, b->median);
	*out = stat_from_draws(mid, b->median, b->n);
}

struct interval stat_from_draws(double mid, double *draws, size_t units)
{
	stat_median(draws, STAT_RESAMPLES); /* for its sorting */
	return (struct interval){ .mid = mid, .lo = draws[TAIL_RESAMPLES - 1],
				  .hi = draws[STAT_RESAMPLES - TAIL_RESAMPLES], .n = units,
				  .valid = true };
}

static void release(struct bootstrap *b)
{
	free(b->unit);
	free(b->group);
	free(b->rank);
	free(b->drawn);
	free(b->median);
}

static int prepare(struct bootstrap *b, size_t n)
{
	*b = (struct bootstrap){
		.n = n,
		.unit = calloc(n, sizeof(*b->unit)),
		.group = calloc(n, sizeof(*b->group)),
		.rank = calloc(n, sizeof(*b->rank)),
		.drawn = calloc(n, sizeof(*b->drawn)),
		.median = calloc(STAT_RESAMPLES, sizeof(*b->median)),
	};
	if (b->unit && b->group && b->rank && b->drawn && b->median)
		return 0;
	release(b);
	return -1;
}

int stat_paired(const struct stat_pair *pairs, size_t n, enum stat_effect effect, uint64_t seed,
		struct interval *out)
{
	struct bootstrap b;

	*out = (struct interval){ .n = n };
	if (!n)
		return 0;
	if (prepare(&b, n))
		return -1;
	for (size_t i = 0; i < n; i++)
		b.unit[i] = (struct unit){
			.value = effect == STAT_RATIO ? log(pairs[i].b / pairs[i].a)
						      : pairs[i].b - pairs[i].a,
			.process = pairs[i].process,
			.place = (uint32_t)i,
		};
	find_interval(&b, seed, out);
	release(&b);
	if (effect == STAT_RATIO) {
		out->mid = exp(out->mid);
		out->lo = exp(out->lo);
		out->hi = exp(out->hi);
	}
	return 0;
}

static int prepare_series(struct bootstrap *b, const double *x, const uint32_t *process, size_t n)
{
	if (prepare(b, n))
		return -1;
	for (size_t i = 0; i < n; i++)
		b->unit[i] = (struct unit){ x[i], process ? process[i] : 0, (uint32_t)i };
	return 0;
}

int stat_series(const double *x, const uint32_t *process, size_t n, uint64_t seed,
		struct interval *out)
{
	struct bootstrap b;

	*out = (struct interval){ .n = n };
	if (!n)
		return 0;
	if (prepare_series(&b, x, process, n))
		return -1;
	find_interval(&b, seed, out);
	release(&b);
	return 0;
}

int stat_draws(const double *x, const uint32_t *process, size_t n, uint64_t seed, double *draws)
{
	struct bootstrap b;

	if (prepare_series(&b, x, process, n))
		return -1;
	rank_units(&b);
	draw_medians(&b, seed, draws);
	release(&b);
	return 0;
}
