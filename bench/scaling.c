#include "bench/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"

const char *const scaling_mark_name[SCALING_MARKS] = { "second_node", "hyperthreads",
						       "oversubscribed" };
const char *const scaling_mark_short[SCALING_MARKS] = { "node2", "smt", "over" };

/* Seeds apart, so that the draws of one point are independent of another's. */
enum { STREAM_RATE = 1, STREAM_SHARE = 2, STREAMS };

/* Resampled medians: of each point's throughput, and of the logarithm of its share of limit's. */
struct draws {
	size_t points;
	double (*rate)[STAT_RESAMPLES], (*share)[STAT_RESAMPLES];
	double *mid_rate, *mid_share;
	size_t *units; /* pairs, else slices, that the point rests on */
	double *scratch;
};

static bool rated(const struct case_result *c)
{
	return !c->again && !case_withheld(c) && !case_rateless(c) && !c->pace.asked_per_s &&
	       c->ops_per_s.n && c->ops_per_s.mid > 0 &&
	       strcmp(c->engine->sync, "null");
}

/* The same engine in the same place on the same work, whatever the number of threads. */
static bool same_series(const struct case_result *a, const struct case_result *b)
{
	char differs[128], *rest = differs, *name;

	if (strcmp(a->engine->name, b->engine->name))
		return false;
	if (!case_differs(a, b, differs, sizeof(differs)))
		return true;
	while ((name = strsep(&rest, ",")))
		if (strcmp(name, "threads") && strcmp(name, "oversubscribed"))
			return false;
	return true;
}

/* A ruler walks tables of its format: those of another have other entries. */
static const struct case_result *limit_beside(const struct result *r, const struct case_result *c)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == c->group && !strcmp(r->cases[i].engine->sync, "limit") &&
		    !strcmp(r->cases[i].engine->format, c->engine->format) && rated(&r->cases[i]))
			return &r->cases[i];
	return NULL;
}

static unsigned asked(const struct case_result *c, unsigned os)
{
	unsigned n = 0;

	for (unsigned i = 0; c->workers && i < c->threads; i++)
		n += c->workers[i].cpu_asked == os;
	return n;
}

static unsigned uses_of(const struct topology *t, const struct case_result *c)
{
	unsigned uses = c->nodes_used > 1 ? SCALING_NODE2 : 0;

	for (unsigned i = 0; t && i < t->ncpus; i++) {
		unsigned workers = asked(c, t->cpus[i].os);

		if (workers > 1)
			uses |= SCALING_OVER;
		for (unsigned j = 0; workers && j < i; j++)
			if (t->cpus[j].core == t->cpus[i].core && asked(c, t->cpus[j].os))
				uses |= SCALING_SMT;
	}
	return uses;
}

static int by_threads(const void *a, const void *b)
{
	const struct scaling_point *x = a, *y = b;

	if (x->threads != y->threads)
		return x->threads < y->threads ? -1 : 1;
	return (x->c > y->c) - (x->c < y->c);
}

/* The id of a case without its engine and threads: what all of the series have in common. */
static void name_series(char *text, size_t size, const struct case_result *c)
{
	const char *rest = c->case_id;

	for (int part = 0; part < 3 && *rest; part++) /* workload/engine/threads/… */
		rest += strcspn(rest + 1, "/") + 1;
	snprintf(text, size, "%.63s%.570s", c->workload, rest);
}

static int find_points(const struct result *r, size_t first, struct scaling *s)
{
	unsigned seen = 0;
	size_t kept = 0;

	s->points = calloc(r->ncases - first, sizeof(s->points[0]));
	if (!s->points)
		return -1;
	for (size_t i = first; i < r->ncases; i++)
		if (rated(&r->cases[i]) && same_series(&r->cases[first], &r->cases[i]))
			s->points[s->n++] = (struct scaling_point){
				.c = i, .threads = r->cases[i].threads,
				.uses = uses_of(r->topo, &r->cases[i]) };
	qsort(s->points, s->n, sizeof(s->points[0]), by_threads);
	for (size_t i = 0; i < s->n; i++) /* two jobs may ask for the same case */
		if (!kept || s->points[i].threads != s->points[kept - 1].threads)
			s->points[kept++] = s->points[i];
	s->n = kept;
	s->against_limit = strcmp(r->cases[first].engine->sync, "limit");
	for (size_t i = 0; i < s->n; i++) {
		s->points[i].marks = s->points[i].uses & ~seen;
		seen |= s->points[i].uses;
		s->against_limit &= limit_beside(r, &r->cases[s->points[i].c]) != NULL;
	}
	name_series(s->name, sizeof(s->name), &r->cases[first]);
	return 0;
}

static void draws_free(struct draws *d)
{
	free(d->rate);
	free(d->share);
	free(d->mid_rate);
	free(d->mid_share);
	free(d->units);
	free(d->scratch);
}

static int draws_alloc(struct draws *d, size_t points)
{
	*d = (struct draws){
		.points = points,
		.rate = calloc(points, sizeof(d->rate[0])),
		.share = calloc(points, sizeof(d->share[0])),
		.mid_rate = calloc(points, sizeof(d->mid_rate[0])),
		.mid_share = calloc(points, sizeof(d->mid_share[0])),
		.units = calloc(points, sizeof(d->units[0])),
		.scratch = calloc(4 * STAT_RESAMPLES, sizeof(d->scratch[0])),
	};
	if (d->rate && d->share && d->mid_rate && d->mid_share && d->units && d->scratch)
		return 0;
	draws_free(d);
	return -1;
}

struct series {
	double *x;
	uint32_t *process;
	size_t n;
};

static int median_and_draws(const struct series *v, uint64_t seed, double *mid, double *draws)
{
	int err = v->n < STAT_UNITS_MIN ? 0 : stat_draws(v->x, v->process, v->n, seed, draws);

	*mid = v->n ? stat_median(v->x, v->n) : NAN; /* sorts: after the blocks were drawn */
	return err;
}

/* The slices' throughput, and the logarithm of its share of limit's where the slices pair. */
static int draw_point(const struct result *r, const struct scaling *s, size_t p, struct draws *d)
{
	const struct case_result *c = &r->cases[s->points[p].c];
	const struct case_result *limit = s->against_limit ? limit_beside(r, c) : NULL;
	struct series v = { calloc(c->nslices + 1, sizeof(double)),
			    calloc(c->nslices + 1, sizeof(uint32_t)), 0 };
	struct stat_pair *pairs = calloc(c->nslices + 1, sizeof(*pairs));
	uint64_t seed = stat_mix(r->seed + s->points[p].threads * STREAMS);
	int err = v.x && v.process && pairs ? 0 : -1;

	for (size_t i = 0; !err && i < c->nslices; i++)
		if (c->slices[i].ops_per_s > 0) {
			v.x[v.n] = c->slices[i].ops_per_s;
			v.process[v.n++] = c->slices[i].process;
		}
	err = err ? err : median_and_draws(&v, seed + STREAM_RATE, &d->mid_rate[p], d->rate[p]);
	d->units[p] = v.n;
	if (!err && limit) {
		v.n = case_rate_pairs(limit, c, pairs);
		for (size_t i = 0; i < v.n; i++) {
			v.x[i] = log(pairs[i].b / pairs[i].a);
			v.process[i] = pairs[i].process;
		}
		err = median_and_draws(&v, seed + STREAM_SHARE, &d->mid_share[p], d->share[p]);
		d->units[p] = v.n < d->units[p] ? v.n : d->units[p];
	}
	free(v.x);
	free(v.process);
	free(pairs);
	return err;
}

static struct interval unknown(double mid, size_t n)
{
	return (struct interval){ .mid = mid, .lo = NAN, .hi = NAN, .n = n };
}

static struct interval exponential(struct interval i)
{
	i.mid = exp(i.mid);
	i.lo = exp(i.lo);
	i.hi = exp(i.hi);
	return i;
}

/* Quotients of rates and shares are differences of logarithms; the reference's draws are its own. */
static void fill_point(struct scaling *s, size_t p, struct draws *d)
{
	struct scaling_point *point = &s->points[p];
	size_t units = d->units[p] < d->units[0] ? d->units[p] : d->units[0];
	double threads = (double)point->threads / (double)s->points[0].threads;
	double speedup = d->mid_rate[p] / d->mid_rate[0];
	bool few = units < STAT_UNITS_MIN;

	point->speedup = unknown(speedup, units);
	point->efficiency = unknown(s->against_limit ? exp(d->mid_share[p] - d->mid_share[0])
						      : speedup / threads, units);
	point->of_limit = unknown(s->against_limit ? exp(d->mid_share[p]) : NAN, units);
	if (point->uses & SCALING_OVER) { /* limit collapses as well: a share of it says nothing */
		point->efficiency = point->of_limit = unknown(NAN, 0);
	} else if (s->against_limit && d->units[p] >= STAT_UNITS_MIN) {
		memcpy(d->scratch, d->share[p], sizeof(d->share[p]));
		point->of_limit = exponential(stat_from_draws(d->mid_share[p], d->scratch,
							      d->units[p]));
	}
	if (few || !p) /* the reference is 1 by definition */
		return;
	for (size_t i = 0; i < STAT_RESAMPLES; i++)
		d->scratch[i] = log(d->rate[p][i] / d->rate[0][i]);
	point->speedup = exponential(stat_from_draws(log(speedup), d->scratch, units));
	if (point->uses & SCALING_OVER)
		return;
	for (size_t i = 0; i < STAT_RESAMPLES; i++)
		d->scratch[i] = s->against_limit ? d->share[p][i] - d->share[0][i]
						 : log(d->rate[p][i] / d->rate[0][i] / threads);
	point->efficiency = exponential(stat_from_draws(log(point->efficiency.mid), d->scratch, units));
}

static size_t count_without(const struct scaling *s, unsigned uses)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !(s->points[i].uses & uses);
	return n;
}

static const char *law_refused(enum usl_why why)
{
	switch (why) {
	case USL_FEW:
		return "more thread counts than the fit takes";
	case USL_OPEN:
		return "the counts do not tell what one thread does";
	case USL_NO_RATE:
	case USL_FINE:
		break;
	}
	return "a count without a rate";
}

/*
 * Hyperthreads share a core, which is no property of the engine: counts up to the cores where they
 * suffice, else up to the CPUs. Never beyond: there it is the scheduler that is measured.
 */
static void fit_law(struct scaling *s, const struct draws *d)
{
	double n[USL_POINTS_MAX], x[USL_POINTS_MAX];
	const double *draws[USL_POINTS_MAX];
	size_t cpus = count_without(s, SCALING_OVER);
	unsigned without = SCALING_OVER | SCALING_SMT;
	enum usl_why why;

	if (count_without(s, without) < USL_POINTS_MIN)
		without = SCALING_OVER;
	if (cpus < USL_POINTS_MIN) {
		s->fitted = cpus;
		snprintf(s->why, sizeof(s->why), "%zu thread count%s <= CPUs, %u wanted", cpus,
			 cpus == 1 ? "" : "s", USL_POINTS_MIN);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->points[i].uses & without)
			continue;
		if (d->units[i] < STAT_UNITS_MIN) {
			snprintf(s->why, sizeof(s->why), "%zu slices at %u threads, %u wanted",
				 d->units[i], s->points[i].threads, STAT_UNITS_MIN);
			return;
		}
		s->hyperthreads |= (s->points[i].uses & SCALING_SMT) != 0;
		if (s->fitted < USL_POINTS_MAX) {
			n[s->fitted] = s->points[i].threads;
			x[s->fitted] = d->mid_rate[i];
			draws[s->fitted] = d->rate[i];
		}
		s->fitted++;
	}
	why = usl_estimate(n, x, draws, s->fitted, d->scratch, &s->usl);
	s->identifiable = why == USL_FINE;
	if (why)
		snprintf(s->why, sizeof(s->why), "%s", law_refused(why));
}

static int fill_series(const struct result *r, struct scaling *s)
{
	struct draws d;
	int err = 0;

	if (draws_alloc(&d, s->n))
		return -1;
	for (size_t p = 0; p < s->n && !err; p++)
		err = draw_point(r, s, p, &d);
	for (size_t p = 0; p < s->n && !err; p++)
		fill_point(s, p, &d);
	if (!err)
		fit_law(s, &d);
	draws_free(&d);
	return err;
}

static int add_series(struct result *r, size_t first)
{
	struct scaling s = { .n = 0 }, *grown;

	if (find_points(r, first, &s))
		return -1;
	if (s.n < 2) {
		free(s.points);
		return 0;
	}
	grown = fill_series(r, &s) ? NULL : realloc(r->scaling, (r->nscaling + 1) * sizeof(*grown));
	if (!grown) {
		free(s.points);
		return -1;
	}
	r->scaling = grown;
	r->scaling[r->nscaling++] = s;
	return 0;
}

static bool begins_series(const struct result *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (rated(&r->cases[j]) && same_series(&r->cases[j], &r->cases[i]))
			return false;
	return rated(&r->cases[i]);
}

int analyse_scaling(struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (begins_series(r, i) && add_series(r, i))
			return -1;
	return 0;
}

void scaling_free(struct result *r)
{
	for (size_t i = 0; i < r->nscaling; i++)
		free(r->scaling[i].points);
	free(r->scaling);
	r->scaling = NULL;
	r->nscaling = 0;
}
