/*
 * lock_qspin.h - queued spinlock: the first waiter watches the lock, the others their own nodes.
 *
 * The idea of the kernel's qspinlock: one compare-exchange to take it, one plain store to let it
 * go, a pending bit so that a single waiter touches no node, an MCS queue behind that. Differences:
 * the kernel packs locked byte, pending bit and a node index into 32 bits and unlocks by storing
 * the byte alone. C11 has no atomics of mixed size on one object, so `locked` is a word of its own
 * beside a tail pointer that carries the pending bit: 16 bytes. A newcomer that saw the queue empty
 * may therefore still take the lock before one that queued a moment later: at most once per
 * newcomer. And waiters can be preempted here; nobody passes a preempted one.
 */
#pragma once

#include <stddef.h>

#include "pt/lock_node.h"

#define QSPIN_PENDING ((uintptr_t)1)

struct qspin_lock {
	_Atomic uint32_t locked;
	_Atomic uintptr_t queue; /* last node in the queue | QSPIN_PENDING */
};

static inline void qspin_init(struct qspin_lock *l)
{
	at_init(&l->locked, 0);
	at_init(&l->queue, 0);
}

void qspin_acquire_slow(struct qspin_lock *l, struct lock_node *node);

static inline void qspin_acquire(struct qspin_lock *l, struct lock_node *node)
{
	uint32_t open = 0;

	/* relaxed: only manners; L6 acquire: pairs with the release in qspin_release */
	if (at_load(&l->queue, relaxed) || !at_cas(&l->locked, &open, 1, acquire, relaxed))
		qspin_acquire_slow(l, node);
}

static inline void qspin_release(struct qspin_lock *l, struct lock_node *node)
{
	(void)node;
	/* L6: release, pairs with the acquire of whoever takes `locked` next */
	at_store(&l->locked, 0, release);
}
