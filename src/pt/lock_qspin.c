/* lock_qspin.c - the queue of the queued spinlock. */
#include "pt/lock_qspin.h"

#include <stdbool.h>

/* Only newcomers that saw an empty queue compete with the one thread in here. */
static void take_word(struct qspin_lock *l)
{
	for (;;) {
		uint32_t open = 0;

		/* L6: acquire, pairs with the release in qspin_release */
		if (!at_load(&l->locked, relaxed) &&
		    at_cas(&l->locked, &open, 1, acquire, relaxed))
			return;
		lock_relax();
	}
}

/* The only waiter: no node is touched. False: somebody waits already. */
static bool take_as_pending(struct qspin_lock *l)
{
	uintptr_t nobody = 0;

	/* relaxed both: the bit orders waiters among themselves, `locked` orders the data */
	if (!at_cas(&l->queue, &nobody, QSPIN_PENDING, relaxed, relaxed))
		return false;
	take_word(l);
	at_and(&l->queue, ~QSPIN_PENDING, relaxed);
	return true;
}

/* Returns the node before ours, or NULL when we are the head. */
static struct lock_node *enqueue(struct qspin_lock *l, struct lock_node *node)
{
	uintptr_t old = at_load(&l->queue, relaxed);

	/* relaxed: published by the exchange below (L7) */
	at_store(&node->next, NULL, relaxed);
	at_store(&node->state, 0, relaxed);
	/* L7: release publishes our empty node, acquire sees that of the node before us */
	while (!at_cas_weak(&l->queue, &old, (uintptr_t)node | (old & QSPIN_PENDING), acq_rel,
			    relaxed))
		;
	return (struct lock_node *)(old & ~QSPIN_PENDING);
}

/* We own the lock: let the next in the queue be its head. */
static void leave(struct qspin_lock *l, struct lock_node *node)
{
	uintptr_t last = (uintptr_t)node;
	struct lock_node *next;

	/* relaxed: an empty queue says nothing about the data */
	if (at_cas(&l->queue, &last, 0, relaxed, relaxed))
		return;
	/* L8: acquire, pairs with the release of `next` in qspin_acquire_slow */
	while (!(next = at_load(&node->next, acquire)))
		lock_relax();
	/* L9: release, pairs with the acquire of `state` in qspin_acquire_slow: the node is ours
	 * to use again only for what happens after */
	at_store(&next->state, 1, release);
}

void qspin_acquire_slow(struct qspin_lock *l, struct lock_node *node)
{
	struct lock_node *prev;

	observe_contended();
	if (take_as_pending(l))
		return;
	prev = enqueue(l, node);
	if (prev) {
		/* L8: release, pairs with the acquire of `next` in leave() */
		at_store(&prev->next, node, release);
		/* L9: acquire, pairs with the release of `state` in leave() */
		while (!at_load(&node->state, acquire))
			lock_relax();
	}
	/* relaxed: the pending waiter came before us and goes first */
	while (at_load(&l->queue, relaxed) & QSPIN_PENDING)
		lock_relax();
	take_word(l);
	leave(l, node);
}
