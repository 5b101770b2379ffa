/*
 * Where the lock begins to cost, and where it is all there is: by engine with a lock and think time,
 * from throughputs paired, half round by half round, with those of the engine that is without it.
 */
#include "bench/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST 0.05 /* loss of throughput that counts, and gain that still does */
#define COUNTS_MAX LIST_MAX

struct point {
	unsigned threads;
	double rate;           /* of the engine */
	struct interval share; /* of the baseline's throughput, over pairs */
};

size_t case_rate_pairs(const struct case_result *a, const struct case_result *b,
		       struct stat_pair *pairs)
{
	size_t n = 0, most = a->nslices < b->nslices ? a->nslices : b->nslices;

	for (size_t i = 0; i < a->nslices; i++)
		for (size_t j = 0; n < most && j < b->nslices; j++) {
			const struct slice *x = &a->slices[i], *y = &b->slices[j];

			if (x->process != y->process || x->round != y->round || x->half != y->half)
				continue;
			if (x->ops_per_s > 0 && y->ops_per_s > 0)
				pairs[n++] = (struct stat_pair){ .a = x->ops_per_s, .b = y->ops_per_s,
								  .process = x->process, .table = x->table };
			break;
		}
	return n;
}

static int throughput_share(const struct result *r, const struct case_result *a,
			    const struct case_result *b, struct interval *share)
{
	struct stat_pair *pairs = calloc(a->nslices + 1, sizeof(*pairs));
	size_t n;
	int err;

	if (!pairs)
		return -1;
	n = case_rate_pairs(a, b, pairs);
	err = stat_paired(pairs, n, STAT_RATIO, r->seed, share);
	if (!n)
		share->mid = NAN;
	free(pairs);
	return err;
}

/* `private` as the first such case ran it, whatever the engine, thread count and think time. */
static bool on_the_curve(const struct case_result *first, const struct case_result *c)
{
	char differs[64];
	unsigned n = case_differs(first, c, differs, sizeof(differs));

	if (case_withheld(c) || case_rateless(c) || c->engine->ruler || c->pace.asked_per_s)
		return false;
	for (char *rest = differs, *name; n && (name = strsep(&rest, ","));)
		if (strcmp(name, "format") && strcmp(name, "body") && strcmp(name, "walk") &&
		    strcmp(name, "sync") && strcmp(name, "engine") && strcmp(name, "threads") && strcmp(name, "think"))
			return false;
	return true;
}

/*
 * The same engine but for the lock, in the same group; with bodies, walks or formats apart it would
 * not be the lock that costs. Of several without one (plain stores, none), `lockless`. NULL: none.
 */
static const struct case_result *baseline_of(const struct result *r, const struct case_result *c)
{
	const struct case_result *found = NULL;
	char differs[64];

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *at = &r->cases[i];

		if (at->group != c->group || at->engine->ruler || engine_locks(at->engine))
			continue;
		case_differs(at, c, differs, sizeof(differs));
		if (!strcmp(differs, "sync") && (!found || !strcmp(at->engine->sync, "lockless")))
			found = at;
	}
	return found;
}

static int by_threads(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->threads > y->threads) - (x->threads < y->threads);
}

/* What the interval says; too few pairs, or a loss of 5 % within it, and it says nothing. */
static bool below(const struct point *p)
{
	return p->share.valid && p->share.lo > 1 - COST;
}

static bool costs(const struct point *p)
{
	return p->share.valid && p->share.hi <= 1 - COST;
}

static void find_cost(struct knee *knee, const struct point *p, size_t n)
{
	size_t i = 0;

	while (i < n && below(&p[i]))
		knee->below_5_percent = p[i++].threads;
	if (i < n && !costs(&p[i]))
		knee->undecided_from = p[i].threads;
	while (i < n && !costs(&p[i]))
		i++;
	if (i < n)
		knee->costs_from = p[i].threads;
}

static void find_knee(struct knee *knee, struct point *p, size_t n)
{
	qsort(p, n, sizeof(*p), by_threads);
	knee->measured_to = p[n - 1].threads;
	knee->counts = (unsigned)n;
	find_cost(knee, p, n);
	for (size_t i = 0; i + 1 < n && !knee->saturated; i++) {
		double best = 0;

		for (size_t j = i + 1; j < n; j++)
			best = fmax(best, p[j].rate);
		if (best < p[i].rate * (1 + COST))
			knee->saturated = p[i].threads;
	}
}

/* The curve of c's engine at c's think time; c is its first case. */
static int add_knee(struct result *r, const struct case_result *first, const struct case_result *c)
{
	struct knee *grown, knee = { .engine = c->engine, .baseline = baseline_of(r, c)->engine,
				     .think_ns = c->think_ns };
	struct point points[COUNTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < r->ncases && n < COUNTS_MAX; i++) {
		const struct case_result *at = &r->cases[i], *base = baseline_of(r, at);

		if (strcmp(at->engine->name, c->engine->name) || at->think_ns != c->think_ns ||
		    !on_the_curve(first, at) || !base || case_withheld(base) ||
		    strcmp(base->engine->name, knee.baseline->name))
			continue;
		points[n] = (struct point){ .threads = at->threads, .rate = at->ops_per_s.mid };
		if (throughput_share(r, base, at, &points[n].share))
			return -1;
		n += isfinite(points[n].share.mid);
	}
	if (!n)
		return 0;
	find_knee(&knee, points, n);
	grown = realloc(r->knees, (r->nknees + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	r->knees = grown;
	r->knees[r->nknees++] = knee;
	return 0;
}

static bool has_knee(const struct result *r, const struct case_result *c)
{
	for (size_t i = 0; i < r->nknees; i++)
		if (!strcmp(r->knees[i].engine->name, c->engine->name) &&
		    r->knees[i].think_ns == c->think_ns)
			return true;
	return false;
}

int analyse_knees(struct result *r)
{
	const struct case_result *first = NULL;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (strcmp(c->workload, "private") || c->engine->ruler)
			continue;
		if (!first)
			first = c;
		if (!engine_locks(c->engine) || !baseline_of(r, c) || !on_the_curve(first, c) ||
		    has_knee(r, c))
			continue;
		if (add_knee(r, first, c))
			return -1;
	}
	return 0;
}
