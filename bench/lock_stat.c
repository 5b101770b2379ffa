/* lock_stat.c - running the observed engines, and what their counts say. */
#include "bench/lock_stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/crew.h"
#include "bench/group.h"
#include "bench/runner.h"

const char *const cas_name[CAS_KINDS] = { "install", "top", "clear", "unlink" };

struct lock_stat *lock_stat_create(void)
{
	struct lock_stat *s = aligned_alloc(CACHE_ALIGN, sizeof(*s));

	if (s)
		memset(s, 0, sizeof(*s));
	return s;
}

static void observation_merge(struct pt_observation *into, const struct pt_observation *from)
{
	into->ops += from->ops;
	into->acquired += from->acquired;
	into->contended += from->contended;
	into->handoffs += from->handoffs;
	into->across += from->across;
	into->spins += from->spins;
	into->sleeps += from->sleeps;
	into->grow_acquired += from->grow_acquired;
	into->grow_contended += from->grow_contended;
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		into->cas[k].tried += from->cas[k].tried;
		into->cas[k].lost += from->cas[k].lost;
	}
	hist_merge(&into->wait, &from->wait);
	hist_merge(&into->hold, &from->hold);
}

void lock_stat_merge(struct lock_stat *into, const struct lock_stat *from)
{
	into->slices += from->slices;
	for (uint32_t i = 0; i < from->npairs && into->npairs < LOCK_PAIRS_MAX; i++)
		into->pairs[into->npairs++] = from->pairs[i];
	observation_merge(&into->sum, &from->sum);
}

/* ---- running ---- */

static double ratio_of(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

/* What the workers of a group count into, one engine after another. */
struct observers {
	struct group_run *run;
	struct pt_observation **of; /* by worker */
};

static void start_afresh(struct pt_observation *o, unsigned node, uint64_t rng)
{
	memset(o, 0, sizeof(*o));
	o->node = node;
	o->rng = rng;
}

/* On the worker's thread, so that it lies on its node. */
static void open_observation(void *arg, unsigned w)
{
	struct observers *all = arg;
	struct group_run *run = all->run;
	struct pt_observation *o = aligned_alloc(CACHE_ALIGN, sizeof(*o));

	if (o)
		start_afresh(o, run->engines[0].result->workers[w].node, w);
	all->of[w] = o;
}

static void close_observers(struct observers *all)
{
	for (unsigned w = 0; all->of && w < all->run->g->threads; w++)
		free(all->of[w]);
	free(all->of);
}

static int open_observers(struct observers *all, struct group_run *run, struct err *err)
{
	bool complete = true;

	*all = (struct observers){ run, calloc(run->g->threads, sizeof(all->of[0])) };
	if (all->of)
		crew_run(run->crew, open_observation, all);
	for (unsigned w = 0; all->of && w < run->g->threads; w++)
		complete &= all->of[w] != NULL;
	if (all->of && complete)
		return 0;
	close_observers(all);
	return err_set(err, EXIT_NO_RESOURCE, "--lock-stat: no memory for %u threads", run->g->threads);
}

/* Let engine e count, or (NULL) be itself again. */
static void observe(struct group_run *run, unsigned e, const struct observers *all)
{
	struct engine_run *er = &run->engines[e];

	for (unsigned w = 0; w < run->g->threads; w++) {
		er->lanes[w]->run = all ? pt_engine_observed(&er->engine)->run : er->engine.run;
		er->lanes[w]->pw.observed = all ? all->of[w] : NULL;
	}
}

static void collect(struct lock_stat *s, const struct observers *all)
{
	s->slices++;
	for (unsigned w = 0; w < all->run->g->threads; w++) {
		struct pt_observation *o = all->of[w];

		observation_merge(&s->sum, o);
		start_afresh(o, o->node, o->rng);
	}
}

/* *op_ns: the time of an operation; NaN where stretches are not timed. */
static int one_slice(struct group_run *run, unsigned e, uint64_t position,
		     const struct observers *all, double *op_ns, struct err *err)
{
	struct slice slice;
	int code;

	observe(run, e, all);
	code = slice_run(run, e, position, &slice, err);
	observe(run, e, NULL);
	*op_ns = ratio_of(slice.busy_ns, (double)slice.busy_ops);
	return code;
}

/* The same operations plain and observed, and the other way round in every other pair. */
static int one_pair(struct group_run *run, unsigned e, uint64_t position, bool plain_first,
		    const struct observers *all, struct err *err)
{
	struct lock_stat *s = run->engines[e].result->lock;
	double op_ns[2], cost;

	if (one_slice(run, e, position, plain_first ? NULL : all, &op_ns[!plain_first], err) ||
	    one_slice(run, e, position, plain_first ? all : NULL, &op_ns[plain_first], err))
		return err->code;
	/* relaxed: a signal's flag; a slice cut short does not count */
	if (at_load(&run_interrupted, relaxed))
		return 0;
	collect(s, all);
	cost = ratio_of(op_ns[1], op_ns[0]);
	if (isfinite(cost) && s->npairs < LOCK_PAIRS_MAX)
		s->pairs[s->npairs++] = cost;
	return 0;
}

int lock_stat_measure(struct group_run *run, struct err *err)
{
	uint64_t until = clock_monotonic_ns() + run->g->duration_ns / LOCK_TIME_SHARE;
	struct observers all;
	int code = open_observers(&all, run, err);

	if (code)
		return code;
	/* relaxed: a signal's flag */
	for (uint64_t half = 0; !code && !at_load(&run_interrupted, relaxed); half++) {
		if (half >= 2 * LOCK_ROUNDS_MIN && clock_monotonic_ns() >= until)
			break;
		for (unsigned e = 0; e < run->g->nengines && !code; e++)
			if (!run->engines[e].engine.ruler)
				code = one_pair(run, e, 1ull << 63 | half, half % 2, &all, err);
	}
	close_observers(&all);
	return code;
}

/* ---- what it says ---- */

static double median_cost(const struct lock_stat *s)
{
	double pairs[LOCK_PAIRS_MAX];

	memcpy(pairs, s->pairs, sizeof(pairs));
	return s->npairs ? stat_median(pairs, s->npairs) : NAN;
}

struct lock_figures lock_figures(const struct case_result *c)
{
	const struct lock_stat *s = c->lock;
	const struct pt_observation *o = &s->sum;
	double ops = (double)o->ops, taken = (double)o->acquired;
	struct lock_figures f = { .locks = engine_locks(c->engine) };

	f.told = f.locks && strcmp(c->engine->sync, "pthread"); /* glibc's says nothing */
	f.grows = !strcmp(c->engine->body, "2019");
	f.cost = median_cost(s);
	f.contended = f.locks ? ratio_of((double)o->contended, taken) : NAN;
	f.handoffs = f.locks ? ratio_of((double)o->handoffs, taken) : NAN;
	f.across = f.locks ? ratio_of((double)o->across, (double)o->handoffs) : NAN;
	f.spins = f.told ? ratio_of((double)o->spins, ops) : NAN;
	f.sleeps = f.told ? ratio_of((double)o->sleeps, ops) : NAN;
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		f.cas[k] = ratio_of((double)o->cas[k].tried, ops);
		f.cas_lost[k] = ratio_of((double)o->cas[k].lost, (double)o->cas[k].tried);
	}
	return f;
}

struct filling {
	struct lock_column *v;
	unsigned n;
};

static void put(struct filling *c, const char *prefix, const char *name, bool there, double v)
{
	struct lock_column *column = &c->v[c->n++];

	snprintf(column->name, sizeof(column->name), "%s%s", prefix, name);
	column->value = there ? v : NAN;
}

static void put_times(struct filling *c, const char *prefix, bool there, const struct histogram *h)
{
	static const struct {
		const char *name;
		double q;
	} wanted[] = { { "p50_ns", 0.5 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 } };

	put(c, prefix, "n", there, (double)h->n);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		put(c, prefix, wanted[i].name, there && h->n && hist_supports(h, wanted[i].q),
		    (double)hist_quantile(h, wanted[i].q));
	put(c, prefix, "max_ns", there && h->n, (double)h->max);
}

unsigned lock_columns(const struct case_result *c, struct lock_column *v)
{
	static const struct lock_stat none;
	bool asked = c->lock && !case_withheld(c);
	const struct lock_stat *s = asked ? c->lock : &none;
	const struct pt_observation *o = &s->sum;
	struct lock_figures f = { .cost = NAN };
	struct filling filling = { v, 0 };
	char name[24];

	if (asked)
		f = lock_figures(c);
	put(&filling, "lock_stat_", "ops", asked, (double)o->ops);
	put(&filling, "lock_stat_", "cost_ratio", asked, f.cost);
	put(&filling, "lock_", "acquisitions", f.locks, (double)o->acquired);
	put(&filling, "lock_", "contended", f.locks, (double)o->contended);
	put(&filling, "lock_", "hand_offs", f.locks, (double)o->handoffs);
	put(&filling, "lock_", "hand_offs_across_nodes", f.locks, (double)o->across);
	put(&filling, "lock_", "spins", f.told, (double)o->spins);
	put(&filling, "lock_", "sleeps", f.told, (double)o->sleeps);
	put_times(&filling, "lock_wait_", f.locks, &o->wait);
	put_times(&filling, "lock_hold_", f.locks, &o->hold);
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		snprintf(name, sizeof(name), "cas_%s_", cas_name[k]);
		put(&filling, name, "tried", asked, (double)o->cas[k].tried);
		put(&filling, name, "failed", asked, (double)o->cas[k].lost);
	}
	return filling.n;
}
