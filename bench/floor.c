#include "bench/floor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stat/stat.h"

#define QUANTILE 0.95
#define EVENTS_MIN 100u

/* How the runs of a window are two sides: pair k is of runs first + a and first + b. */
struct shape {
	enum gate_design design;
	size_t pairs;
};

static void sides(const struct shape *s, size_t k, size_t *a, size_t *b)
{
	bool turned = k % 2;

	if (s->design == GATE_FILES) {
		*a = k;
		*b = s->pairs + k;
	} else {
		*a = 2 * k + turned;
		*b = 2 * k + !turned;
	}
}

/* Off by how much, whichever way; NaN: says nothing. */
typedef double window_fn(const struct shape *s, const void *series, size_t first);

static double of_values(const struct shape *s, const void *series, size_t first)
{
	const double *x = (const double *)series + first;
	double logs[FLOOR_PAIRS];
	size_t n = 0, a, b;

	for (size_t k = 0; k < s->pairs; k++) {
		sides(s, k, &a, &b);
		if (x[a] > 0 && x[b] > 0)
			logs[n++] = log(x[b] / x[a]);
	}
	return n < STAT_UNITS_MIN ? NAN : expm1(fabs(stat_median(logs, n)));
}

struct counts {
	const uint64_t *events;
	const double *exposure;
};

static double of_counts(const struct shape *s, const void *series, size_t first)
{
	const struct counts *c = series;
	uint64_t events[2] = { 0 };
	double exposure[2] = { 0 };
	size_t run[2];

	for (size_t k = 0; k < s->pairs; k++) {
		sides(s, k, &run[0], &run[1]);
		for (int side = 0; side < 2; side++) {
			events[side] += c->events[first + run[side]];
			exposure[side] += c->exposure[first + run[side]];
		}
	}
	if (events[0] < EVENTS_MIN || events[1] < EVENTS_MIN || !(exposure[0] > 0 && exposure[1] > 0))
		return NAN;
	return expm1(fabs(log((double)events[1] / exposure[1]) - log((double)events[0] / exposure[0])));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile_of_windows(window_fn *window, const void *series, size_t n,
				  const struct shape *s)
{
	size_t windows = n < 2 * s->pairs ? 0 : n - 2 * s->pairs + 1, found = 0;
	double *off = calloc(windows + 1, sizeof(*off)), quantile = NAN;

	for (size_t i = 0; off && i < windows; i++) {
		off[found] = window(s, series, i);
		found += !isnan(off[found]);
	}
	if (off && found) {
		qsort(off, found, sizeof(*off), by_value);
		quantile = off[(size_t)ceil(QUANTILE * (double)found) - 1];
	}
	free(off);
	return quantile;
}

static double larger(double a, double b)
{
	return isnan(a) || b > a ? b : a;
}

static double floor_of(window_fn *window, const void *series, size_t n, enum gate_design design)
{
	const struct shape all = { design, FLOOR_PAIRS }, half = { design, FLOOR_PAIRS / 2 };
	double off = quantile_of_windows(window, series, n, &all);

	return design == GATE_FILES ? larger(off, quantile_of_windows(window, series, n, &half)) : off;
}

double floor_of_series(const double *x, size_t n, enum gate_design design)
{
	return floor_of(of_values, x, n, design);
}

double floor_of_counts(const uint64_t *events, const double *exposure, size_t n,
		       enum gate_design design)
{
	const struct counts c = { events, exposure };

	return floor_of(of_counts, &c, n, design);
}

/* A run is one process: its only draw of case c; NULL when it has none, or its cases are others. */
static const struct stored_draw *draw_of(const struct stored *run, const struct stored *first, size_t c)
{
	if (c >= run->ncases || strcmp(run->cases[c].id, first->cases[c].id) || !run->cases[c].ndraws)
		return NULL;
	return &run->cases[c].draws[0];
}

/* What a series is of. */
struct wanted {
	enum gate_metric metric;
	enum op_kind kind;
	bool steady;
};

static double value_of(const struct stored_draw *d, const struct wanted *w)
{
	if (w->metric == GATE_THROUGHPUT)
		return w->steady ? d->steady : d->ops_per_s;
	if (w->metric == GATE_P50)
		return d->latency[w->kind].p50;
	return w->metric == GATE_P99 ? d->latency[w->kind].p99 : d->latency[w->kind].p999;
}

struct scratch {
	double *x, *exposure;
	uint64_t *events;
};

static void add_series(struct floor_facts *out, struct stored *const *runs, size_t n, size_t c,
		       const struct wanted *w, struct scratch *s)
{
	for (size_t i = 0; i < n; i++) {
		const struct stored_draw *d = draw_of(runs[i], runs[0], c);

		s->x[i] = d ? value_of(d, w) : NAN;
	}
	for (unsigned design = 0; design < GATE_DESIGNS; design++) {
		double *floor = &out->floor[design][w->metric];

		*floor = larger(*floor, floor_of_series(s->x, n, design));
	}
}

static void add_waste(struct floor_facts *out, struct stored *const *runs, size_t n, size_t c,
		      struct scratch *s)
{
	for (size_t i = 0; i < n; i++) {
		const struct stored_draw *d = draw_of(runs[i], runs[0], c);

		s->events[i] = d ? d->lost : 0;
		s->exposure[i] = d ? d->tables : 0;
	}
	for (unsigned design = 0; design < GATE_DESIGNS; design++) {
		double *floor = &out->floor[design][GATE_WASTE];

		*floor = larger(*floor, floor_of_counts(s->events, s->exposure, n, design));
	}
}

static bool all_steady(struct stored *const *runs, size_t n, size_t c)
{
	for (size_t i = 0; i < n; i++) {
		const struct stored_draw *d = draw_of(runs[i], runs[0], c);

		if (!d || isnan(d->steady))
			return false;
	}
	return true;
}

static bool gated(const struct stored_case *c)
{
	return !c->is_ruler && !c->forced && !c->unowned;
}

static void add_case(struct floor_facts *out, struct stored *const *runs, size_t n, size_t c,
		     bool any_steady, struct scratch *s)
{
	static const enum gate_metric tails[] = { GATE_P50, GATE_P99, GATE_P999 };
	struct wanted w = { GATE_THROUGHPUT, OP_MAP, all_steady(runs, n, c) };

	add_waste(out, runs, n, c, s);
	if (!w.steady && any_steady)
		return;
	add_series(out, runs, n, c, &w, s);
	for (size_t m = 0; m < sizeof(tails) / sizeof(tails[0]); m++)
		for (int kind = 0; kind < OP_KINDS; kind++) {
			w.metric = tails[m];
			w.kind = (enum op_kind)kind;
			add_series(out, runs, n, c, &w, s);
		}
}

int floor_of_runs(struct stored *const *runs, size_t n, struct floor_facts *out)
{
	struct scratch s = { calloc(n + 1, sizeof(*s.x)), calloc(n + 1, sizeof(*s.exposure)),
			     calloc(n + 1, sizeof(*s.events)) };
	bool room = s.x && s.exposure && s.events, any_steady = false;

	out->trials = (unsigned)n;
	for (unsigned design = 0; design < GATE_DESIGNS; design++)
		for (unsigned m = 0; m < GATE_METRICS; m++)
			out->floor[design][m] = NAN;
	for (size_t c = 0; room && n && c < runs[0]->ncases; c++)
		any_steady |= gated(&runs[0]->cases[c]) && all_steady(runs, n, c);
	for (size_t c = 0; room && n && c < runs[0]->ncases; c++)
		if (gated(&runs[0]->cases[c]))
			add_case(out, runs, n, c, any_steady, &s);
	free(s.x);
	free(s.exposure);
	free(s.events);
	return room ? 0 : -1;
}
