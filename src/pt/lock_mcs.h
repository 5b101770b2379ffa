/*
 * lock_mcs.h - MCS lock: first come, first served; each waiter watches its own node.
 *
 * A preempted waiter stops everybody behind it. Source: Mellor-Crummey and Scott, "Algorithms for
 * scalable synchronization on shared-memory multiprocessors", ACM TOCS 9(1), 1991.
 */
#pragma once

#include <stddef.h>

#include "pt/lock_node.h"

struct mcs_lock {
	_Atomic(struct lock_node *) tail; /* last in the queue, the owner included; NULL: free */
};

static inline void mcs_init(struct mcs_lock *l)
{
	at_init(&l->tail, NULL);
}

static inline void mcs_acquire(struct mcs_lock *l, struct lock_node *node)
{
	struct lock_node *prev;

	/* relaxed: published by the exchange below (L4) */
	at_store(&node->next, NULL, relaxed);
	at_store(&node->state, 0, relaxed);
	/* L3: acquire pairs with the release of mcs_release's compare-exchange.
	 * L4: release pairs with the successor's own exchange, which will write our node. */
	prev = at_xchg(&l->tail, node, acq_rel);
	if (!prev)
		return;
	observe_contended();
	/* L5: release, pairs with the acquire loads of `next` in mcs_release */
	at_store(&prev->next, node, release);
	/* L3: acquire, pairs with the release of `state` in mcs_release */
	while (!at_load(&node->state, acquire))
		lock_relax();
}

static inline void mcs_release(struct mcs_lock *l, struct lock_node *node)
{
	/* L5: acquire, pairs with the release of `next` in mcs_acquire */
	struct lock_node *next = at_load(&node->next, acquire);

	if (!next) {
		struct lock_node *last = node;

		/* L3: release, pairs with the acquire of the exchange in mcs_acquire */
		if (at_cas(&l->tail, &last, NULL, release, relaxed))
			return;
		/* somebody is between its exchange and its link */
		while (!(next = at_load(&node->next, acquire))) /* L5 */
			lock_relax();
	}
	/* L3: release, pairs with the acquire of `state` in mcs_acquire */
	at_store(&next->state, 1, release);
}
