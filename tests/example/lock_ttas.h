/*
 * lock_ttas.h - test-and-test-and-set lock: look until the word is free, then try to take it.
 *
 * The smallest lock that works: one word, no queue. Whoever comes at the right moment has it, so it is not
 * fair, and every release sends all waiters to the same line at once. Source: Rudolph and Segall, "Dynamic
 * decentralized cache schemes for MIMD parallel processors", ISCA 1984.
 */
#pragma once

#include "pt/lock_node.h"

struct ttas_lock {
	_Atomic uint32_t held; /* 0: free */
};

static inline void ttas_init(struct ttas_lock *l)
{
	at_init(&l->held, 0);
}

static inline void ttas_acquire(struct ttas_lock *l, struct lock_node *node)
{
	(void)node; /* only queues need one */
	/* L15: acquire, pairs with the release in ttas_release */
	while (at_xchg(&l->held, 1, acquire)) {
		observe_contended();
		/* relaxed: only when to try again; the exchange carries the order */
		while (at_load(&l->held, relaxed))
			lock_relax();
	}
}

static inline void ttas_release(struct ttas_lock *l, struct lock_node *node)
{
	(void)node;
	/* L15: release, pairs with the acquire in ttas_acquire */
	at_store(&l->held, 0, release);
}
