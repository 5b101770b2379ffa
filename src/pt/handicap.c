#include "pt/handicap.h"

#include "pt/engine.h"
#include "stat/stat.h"
#include "sys/clock.h"

/*
 * Calls of fewer operations than these are short: two stamps around each would slow them by more
 * than was asked for. One in so many is timed instead, at a random phase, and stands for those since
 * the last one: right on average, and the others do next to nothing beside their work.
 */
#define LONG_CALL 16u
#define TIMED_ONE_IN 16u
/* A short call that took longer was interrupted: it stands for nobody but itself. */
#define INTERRUPTED_NS 50000.0
/* A debt is worth spinning for once it is large beside what finding out costs. */
#define ENOUGH_PAIRS 4.0
#define OWN_CALLS 1000u

/* The stamps of a timed call, and having been called, take time as well: that counts as paid. */
static void owe(struct pt_handicap *h, size_t n, uint64_t stamped)
{
	double took = (double)stamped - h->pair / 2, calls = 1;

	took = took > 0 ? took : 0;
	if (n < LONG_CALL) {
		if (clock_ns(stamped) < INTERRUPTED_NS)
			calls += (double)h->gap;
		h->gap = h->until = stat_below(&h->rng, 2 * TIMED_ONE_IN - 1);
	}
	h->debt += h->share * took * calls - h->own * (calls - 1) - h->pair;
}

/*
 * What was spun too long is carried over, so that the mean is right whatever the clock's step; not
 * so what an interruption took, which would have come anyway.
 */
static void pay(struct pt_handicap *h)
{
	uint64_t from = clock_now(), now = from;
	double due = h->debt - h->pair / 2, over;

	while ((double)(now - from) < due)
		now = clock_now();
	over = (double)(now - from) - due;
	h->debt = over < h->enough ? -over : 0;
}

static size_t run_slow(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	struct pt_handicap *h = w->handicap;
	uint64_t from;
	size_t done;

	if (n < LONG_CALL && h->until) {
		h->until--;
		return h->run(pt, w, ops, n);
	}
	from = clock_now();
	done = h->run(pt, w, ops, n);
	owe(h, n, clock_now() - from);
	if (h->debt > h->enough)
		pay(h);
	return done;
}

static size_t run_nothing(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	(void)pt;
	(void)w;
	(void)ops;
	return n;
}

static uint64_t time_calls(pt_run *run, struct pt_worker *w)
{
	struct pt_op op = { .count = 1 };
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t from = clock_now(), took;

		for (unsigned k = 0; k < OWN_CALLS; k++)
			run(NULL, w, &op, 1);
		took = clock_now() - from;
		best = took < best ? took : best;
	}
	return best;
}

/* Ticks that a short call takes longer for coming through here. */
static double own_ticks(struct pt_handicap *h, struct pt_worker *w)
{
	pt_run *run = h->run;
	uint64_t direct, through;

	h->run = run_nothing;
	h->until = UINT64_MAX; /* none is timed */
	direct = time_calls(run_nothing, w);
	through = time_calls(run_slow, w);
	h->run = run;
	h->until = 0;
	return through > direct ? (double)(through - direct) / OWN_CALLS : 0;
}

pt_run *pt_handicap(struct pt_handicap *h, const struct handicap *what, struct pt_worker *w,
		    pt_run *run)
{
	double pair = clock_facts.pair_ns / clock_facts.ns_per_tick;

	if (what->kind == HANDICAP_NONE)
		return run;
	*h = (struct pt_handicap){
		.run = run, .waste = what->kind == HANDICAP_WASTE, .share = what->percent / 100,
		.pair = pair, .enough = ENOUGH_PAIRS * pair, .rng = stat_mix(w->id),
	};
	w->handicap = h;
	if (what->kind != HANDICAP_SLOW)
		return run;
	h->own = own_ticks(h, w);
	return run_slow;
}
