/*
 * lock_node.h - what a worker brings along to a lock: its place in a queue and its name as owner.
 *
 * One per worker and table, zeroed before first use. A worker waits for or holds one lock at a time
 * with it, and one thread at a time uses it. It must outlive every acquire of that lock by anybody:
 * a spinner may look at the node of an owner that has just left.
 */
#pragma once

#include <stdalign.h>
#include <stdint.h>

#include "pt/observe.h"
#include "sys/atomic.h"

struct lock_node {
	alignas(64) _Atomic uint32_t state; /* zero: wait; each lock has its own words */
	_Atomic int clock;                  /* kmutex: CPU-time clock of our thread */
	_Atomic(struct lock_node *) next;   /* who queues behind us */
	_Atomic(struct lock_node *) prev;   /* kmutex: who queues before us */
	struct lock_node *sleeper;          /* kmutex: next sleeper, under its guard */
};
/* A turn of a waiting loop. */
static inline void lock_relax(void)
{
	observe_spin();
	cpu_relax();
}

_Static_assert(sizeof(struct lock_node) == 64, "a waiter spins on a line of its own");
