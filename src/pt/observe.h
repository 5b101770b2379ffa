/*
 * observe.h - hooks by which engines and locks tell what they do. In the objects that are measured
 * they are nothing, or just the value they were given. engines_stat.c compiles the same sources once
 * more with PT_OBSERVED defined: there they count for the calling thread.
 *
 * Waiting is timed from the first try that failed, so an acquisition that found the lock free costs
 * no stamp, and no wait is missed. Holding is timed now and then. What is recorded is recorded after
 * the lock was let go.
 */
#pragma once

#ifndef PT_OBSERVED

#define observe_begin(observation, n) ((void)0)
#define observe_cas(kind, won) (won)
#define observe_contended() ((void)0)
#define observe_spin() ((void)0)
#define observe_sleep() ((void)0)
#define observe_grow() ((void)0)
#define observe_entered(holder, worker) ((void)0)
#define observe_leaving() ((void)0)
#define observe_left() ((void)0)

#else

#include "pt/observation.h"
#include "sys/clock.h"

/* Whose engine runs on this thread; set by each run(). */
extern _Thread_local struct pt_observation *pt_observing;

static inline void observe_begin(struct pt_observation *o, uint64_t n)
{
	o->ops += n;
	pt_observing = o;
}

/* A compare-exchange, and whether it was won. */
static inline bool observe_cas(enum pt_cas kind, bool won)
{
	struct pt_cas_count *c = &pt_observing->cas[kind];

	c->tried++;
	c->lost += !won;
	return won;
}

/* A try at a lock has failed; the first of an acquisition counts. */
static inline void observe_contended(void)
{
	struct pt_observation *o = pt_observing;

	if (!o->since)
		o->since = clock_now();
}

static inline void observe_spin(void)
{
	observe_contended();
	pt_observing->spins++;
}

static inline void observe_sleep(void)
{
	pt_observing->sleeps++;
}

static inline uint64_t observe_between(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* The growth lock has been taken. The lock around map, if any, is held: its own wait is over. */
static inline void observe_grow(void)
{
	struct pt_observation *o = pt_observing;

	o->grow_acquired++;
	o->grow_contended += o->since != 0;
	o->since = 0;
}

/* The lock has been taken. */
static inline void observe_entered(struct pt_holder *last, unsigned worker)
{
	struct pt_observation *o = pt_observing;
	uint64_t now = 0;

	o->acquired++;
	o->had_to_wait = o->since != 0;
	if (o->had_to_wait) {
		now = clock_now();
		o->contended++;
		o->waited = observe_between(o->since, now);
		o->since = 0;
	}
	if (last->worker_plus_1 != worker + 1) {
		o->handoffs += last->worker_plus_1 != 0;
		o->across += last->worker_plus_1 && last->node != o->node;
		last->worker_plus_1 = worker + 1;
		last->node = o->node;
	}
	if (!o->until_hold--)
		o->held_from = now ? now : clock_now();
}

static inline void observe_leaving(void)
{
	if (pt_observing->held_from)
		pt_observing->held_to = clock_now();
}

/* Gaps are uniform in [0, 2 N - 2]: no rhythm of the operations is in step with them. */
static inline uint32_t observe_gap(struct pt_observation *o)
{
	o->rng = o->rng * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
	return (uint32_t)(o->rng >> 33) % (2 * PT_HOLD_EVERY - 1);
}

/* The lock has been let go; what waiting there was on the way out is no wait for it. */
static inline void observe_left(void)
{
	struct pt_observation *o = pt_observing;

	o->since = 0;
	if (o->had_to_wait)
		hist_record(&o->wait, (uint64_t)clock_ns(o->waited));
	if (!o->held_from)
		return;
	hist_record(&o->hold, (uint64_t)clock_ns(observe_between(o->held_from, o->held_to)));
	o->held_from = 0;
	o->until_hold = observe_gap(o);
}

#endif
