/*
 * barrier.h - a spinning, sense-reversing barrier: nobody leaves before everybody has arrived, and
 * all leave within a line transfer of each other. Any number of rounds; the same `n` threads.
 * After a while of spinning it yields, for hosts with fewer CPUs than threads.
 */
#pragma once

#include <sched.h>
#include <stdalign.h>

#include "sys/atomic.h"

struct barrier {
	alignas(CACHE_ALIGN) _Atomic uint32_t arrived;
	alignas(CACHE_ALIGN) _Atomic uint32_t round;
	alignas(CACHE_ALIGN) uint32_t n;
};

static inline void barrier_init(struct barrier *b, uint32_t n)
{
	at_init(&b->arrived, 0);
	at_init(&b->round, 0);
	b->n = n;
}

static inline void barrier_wait(struct barrier *b)
{
	uint32_t round = at_load(&b->round, relaxed); /* changes only after our own arrival */
	uint32_t spins = 0;

	/* acq_rel: the last to arrive has seen what all others did before, and passes it on below */
	if (at_add(&b->arrived, 1, acq_rel) + 1 == b->n) {
		at_store(&b->arrived, 0, relaxed); /* ordered before the next round by `round` */
		at_store(&b->round, round + 1, release); /* pairs with the acquire below */
		return;
	}
	while (at_load(&b->round, acquire) == round) { /* pairs with the release above */
		cpu_relax();
		if ((++spins & 0x3fff) == 0)
			sched_yield();
	}
}
