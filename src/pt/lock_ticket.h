/*
 * lock_ticket.h - ticket lock: first come, first served; all waiters watch one word.
 *
 * The kernel's spinlock before 2015. A preempted waiter stops everybody behind it, so more threads
 * than CPUs make it crawl. Source: Mellor-Crummey and Scott, ACM TOCS 9(1), 1991.
 */
#pragma once

#include "pt/lock_node.h"

struct ticket_lock {
	_Atomic uint32_t next; /* ticket of the next to come */
	_Atomic uint32_t now;  /* ticket of the owner; written by the owner only */
};

static inline void ticket_init(struct ticket_lock *l)
{
	at_init(&l->next, 0);
	at_init(&l->now, 0);
}

static inline void ticket_acquire(struct ticket_lock *l, struct lock_node *node)
{
	/* relaxed: a ticket is only a number; `now` carries the order */
	uint32_t mine = at_add(&l->next, 1, relaxed);

	(void)node;
	/* L2: acquire, pairs with the release in ticket_release */
	while (at_load(&l->now, acquire) != mine)
		lock_relax();
}

static inline void ticket_release(struct ticket_lock *l, struct lock_node *node)
{
	(void)node;
	/* L2: release, pairs with the acquire in ticket_acquire; the load reads our own word */
	at_store(&l->now, at_load(&l->now, relaxed) + 1, release);
}
