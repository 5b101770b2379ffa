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

#define BLOCK_MAX 10u
/*
 * A resample as large as the data is too like the data: k blocks give a variance (k - 1) / k of the
 * true one, estimated with the error of a t of k - 1 degrees, and what correlation reaches over a
 * block's end is lost. Drawing this much less widens the interval by about the missing amount. The
 * numbers are from simulation; docs/statistics.md has the error rates with and without.
 */
#define FEWER_BLOCKS 4u
#define FEWER_UNITS 10u /* at least, from 16 units on, where blocks are still of two */
#define FEWER_PROCESSES 2u
#define FEWER_TABLES 2u

struct unit {
	double value;
	uint32_t process, table, place;
};

/* Units drawn in blocks of neighbours: those of one table, or of one process; a run of places. */
struct run {
	size_t first, n, block;
};

/* The runs of one process. */
struct group {
	size_t first, runs;
};

struct bootstrap {
	size_t n, groups, runs;
	struct unit *unit;
	struct group *group;
	struct run *run;
	uint32_t *rank;  /* by place */
	uint32_t *drawn; /* by rank */
	double *median;  /* by resample */
};

static int by_place(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static int by_value(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Blocks of three would leave hardly any to draw below 24 units. */
static size_t block_length(size_t n)
{
	double length = round(cbrt((double)n)), most = n < 24 ? 2 : BLOCK_MAX;

	return (size_t)fmin(length, most);
}

static bool same_process(const struct unit *x, const struct unit *y)
{
	return x->process == y->process;
}

static bool same_table(const struct unit *x, const struct unit *y)
{
	return x->process == y->process && x->table == y->table;
}

static size_t count_runs(const struct unit *unit, size_t n,
			 bool (*same)(const struct unit *, const struct unit *))
{
	size_t runs = n != 0;

	for (size_t i = 1; i < n; i++)
		runs += !same(&unit[i - 1], &unit[i]);
	return runs;
}

/*
 * The units of a process, as a run for each of its tables, or as a single one: where every unit has a
 * table of its own the table is the unit.
 */
static void find_runs(struct bootstrap *b, size_t first, size_t n)
{
	size_t tables = count_runs(b->unit + first, n, same_table), before = b->runs;
	bool apart = tables < n;

	for (size_t i = first; i < first + n; i++) {
		if (i == first || (apart && !same_table(&b->unit[i - 1], &b->unit[i])))
			b->run[b->runs++] = (struct run){ .first = i };
		b->run[b->runs - 1].n++;
	}
	b->group[b->groups++] = (struct group){ before, b->runs - before };
	for (size_t i = before; i < b->runs; i++)
		b->run[i].block = block_length(b->run[i].n);
}

/* Bring the units of a process together, in their order, and find what is drawn at each level. */
static void find_groups(struct bootstrap *b)
{
	qsort(b->unit, b->n, sizeof(*b->unit), by_place);
	if (count_runs(b->unit, b->n, same_process) == b->n)
		/* then they are the units, and follow each other in time */
		for (size_t i = 0; i < b->n; i++)
			b->unit[i].process = b->unit[i].table = 0;
	for (size_t i = 0, first = 0; i < b->n; i++)
		if (i + 1 == b->n || !same_process(&b->unit[i], &b->unit[i + 1])) {
			find_runs(b, first, i + 1 - first);
			first = i + 1;
		}
	for (size_t i = 0; i < b->n; i++)
		b->unit[i].place = (uint32_t)i;
}

/* `left` units in blocks of neighbours, the last block cut; a block wraps round the end. */
static void draw_run(struct bootstrap *b, const struct run *r, size_t left, uint64_t *rng)
{
	const uint32_t *rank = b->rank + r->first;

	while (left) {
		size_t length = r->block < left ? r->block : left, at = stat_below(rng, r->n);

		left -= length;
		while (length--) {
			b->drawn[rank[at]]++;
			at = at + 1 < r->n ? at + 1 : 0;
		}
	}
}

/* So many runs of a process, and all of each; how many units that was. */
static size_t draw_runs(struct bootstrap *b, const struct group *g, size_t runs, uint64_t *rng)
{
	size_t total = 0;

	while (runs--) {
		const struct run *r = b->run + g->first;

		if (g->runs > 1)
			r += stat_below(rng, g->runs);
		draw_run(b, r, r->n, rng);
		total += r->n;
	}
	return total;
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

/* How many units of an only run a resample takes. */
static size_t shorter(const struct run *r)
{
	size_t less = FEWER_BLOCKS * r->block;

	return fewer(r->n, r->n >= 16 && less < FEWER_UNITS ? FEWER_UNITS : less);
}

/* How many units were drawn. */
static size_t draw_once(struct bootstrap *b, uint64_t *rng)
{
	size_t total = 0;

	if (b->groups == 1 && b->runs == 1) {
		total = shorter(b->run);
		draw_run(b, b->run, total, rng);
		return total;
	}
	if (b->groups == 1)
		return draw_runs(b, b->group, fewer(b->runs, FEWER_TABLES), rng);
	for (size_t left = fewer(b->groups, FEWER_PROCESSES); left; left--) {
		const struct group *g = b->group + stat_below(rng, b->groups);

		total += draw_runs(b, g, g->runs, rng);
	}
	return total;
}

static double resample(struct bootstrap *b, uint64_t *rng)
{
	memset(b->drawn, 0, b->n * sizeof(*b->drawn));
	return drawn_median(b, draw_once(b, rng));
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

/* The order statistics of the draws that leave alpha / 2 beyond either of them. */
static struct interval from_draws(double mid, double *draws, double alpha, size_t units)
{
	double tail = floor(alpha / 2 * (STAT_RESAMPLES + 1) + 1e-9);
	size_t beyond = tail < 1 ? 1 : (size_t)tail;

	stat_median(draws, STAT_RESAMPLES); /* for its sorting */
	return (struct interval){ .mid = mid, .lo = draws[beyond - 1],
				  .hi = draws[STAT_RESAMPLES - beyond], .n = units, .valid = true };
}

struct interval stat_from_draws(double mid, double *draws, size_t units)
{
	return from_draws(mid, draws, STAT_ALPHA, units);
}

static void find_interval(struct bootstrap *b, double alpha, uint64_t seed, struct interval *out)
{
	double mid;

	rank_units(b);
	mid = (b->unit[(b->n - 1) / 2].value + b->unit[b->n / 2].value) / 2;
	*out = (struct interval){ .mid = mid, .lo = mid, .hi = mid, .n = b->n };
	if (b->n < STAT_UNITS_MIN)
		return;
	draw_medians(b, seed, b->median);
	*out = from_draws(mid, b->median, alpha, b->n);
}

static void release(struct bootstrap *b)
{
	free(b->unit);
	free(b->group);
	free(b->run);
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
		.run = calloc(n, sizeof(*b->run)),
		.rank = calloc(n, sizeof(*b->rank)),
		.drawn = calloc(n, sizeof(*b->drawn)),
		.median = calloc(STAT_RESAMPLES, sizeof(*b->median)),
	};
	if (b->unit && b->group && b->run && b->rank && b->drawn && b->median)
		return 0;
	release(b);
	return -1;
}

int stat_paired_at(const struct stat_pair *pairs, size_t n, enum stat_effect effect, double alpha,
		   uint64_t seed, struct interval *out)
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
			.table = pairs[i].table,
			.place = (uint32_t)i,
		};
	find_interval(&b, alpha, seed, out);
	release(&b);
	if (effect == STAT_RATIO) {
		out->mid = exp(out->mid);
		out->lo = exp(out->lo);
		out->hi = exp(out->hi);
	}
	return 0;
}

int stat_paired(const struct stat_pair *pairs, size_t n, enum stat_effect effect, uint64_t seed,
		struct interval *out)
{
	return stat_paired_at(pairs, n, effect, STAT_ALPHA, seed, out);
}

static int prepare_series(struct bootstrap *b, const double *x, const uint32_t *process, size_t n)
{
	if (prepare(b, n))
		return -1;
	for (size_t i = 0; i < n; i++)
		b->unit[i] = (struct unit){ x[i], process ? process[i] : 0, 0, (uint32_t)i };
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
	find_interval(&b, STAT_ALPHA, seed, out);
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
