/*
 * lock_kmutex.h - a mutex that behaves like the Linux kernel's of 2019.
 *
 * Three ways in, cheapest first:
 *   fast   the owner word is zero: one compare-exchange.
 *   spin   while the owner runs, waiters spin. They queue; each watches its own node, and only the
 *          head of the queue watches the owner word.
 *   sleep  the owner does not run: join the list of sleepers and sleep on a futex. A release wakes
 *          the first sleeper. Anybody may take the lock before it does; then it asks for hand-off
 *          (and spins again while the owner runs), and the next release makes it the owner.
 * So the lock is unfair on purpose, but a sleeper is passed only until it was woken once.
 *
 * What differs from the kernel, because this is user space:
 *   - The kernel reads owner->on_cpu, one load. Here the spinner asks for the CPU time that the
 *     owner's thread has used (clock_gettime on that thread's clock): time that stood still between
 *     two questions means an owner that did not run. A question is a system call of some hundred
 *     nanoseconds in the spinner, and takes the owner's run-queue lock, so it is asked only after
 *     KMUTEX_LOOKS_MIN looks at the lock, then ever more rarely, up to KMUTEX_LOOKS_MAX. A spinner
 *     hence goes on for some microseconds after the owner was preempted. Where that clock is
 *     refused or coarse, waiters sleep after two questions.
 *   - A spinner in the queue leaves it when the one before it does not run. In the kernel a spinner
 *     leaves when it should yield its own CPU (need_resched), which user space cannot see.
 *   - Holders and spinners can be preempted, also inside the few instructions under `guard` or
 *     between two steps of the queue; the others wait for them meanwhile (guard yields the CPU).
 *   - Waking costs a futex system call instead of a call into the scheduler.
 * No irq context, no debugging, no priority inheritance on either side.
 */
#pragma once

#include <stddef.h>

#include "pt/lock_node.h"

#define KMUTEX_WAITERS ((uintptr_t)1) /* the list of sleepers is not empty */
#define KMUTEX_HANDOFF ((uintptr_t)2) /* the release must make the first sleeper the owner */
#define KMUTEX_FLAGS (KMUTEX_WAITERS | KMUTEX_HANDOFF)

#ifndef KMUTEX_LOOKS_MIN /* tests/explore asks at every look */
#define KMUTEX_LOOKS_MIN 64u
#define KMUTEX_LOOKS_MAX 512u
#endif

struct kmutex_lock {
	_Atomic uintptr_t owner;              /* the owner's node | flags; a free one has no HANDOFF */
	_Atomic(struct lock_node *) spinners; /* last in the queue of spinners */
	struct lock_node *last;               /* last sleeper; last->sleeper is the first. By guard */
	_Atomic uint32_t guard;               /* spinlock of the list */
};

static inline void kmutex_init(struct kmutex_lock *l)
{
	at_init(&l->owner, 0);
	at_init(&l->spinners, NULL);
	l->last = NULL;
	at_init(&l->guard, 0);
}

/* The calling thread's CPU-time clock, or KMUTEX_NO_CLOCK before its first acquire. */
#define KMUTEX_NO_CLOCK 1
extern _Thread_local int kmutex_clock;

void kmutex_adopt(struct lock_node *node);
void kmutex_acquire_slow(struct kmutex_lock *l, struct lock_node *node);
void kmutex_release_slow(struct kmutex_lock *l);

static inline void kmutex_acquire(struct kmutex_lock *l, struct lock_node *node)
{
	uintptr_t nobody = 0;

	/* relaxed: our own word; others only read it, and a stale clock costs a nap at worst */
	if (at_load(&node->clock, relaxed) != kmutex_clock)
		kmutex_adopt(node);
	/* L1: acquire, pairs with the release in kmutex_release and release_slow */
	if (!at_cas(&l->owner, &nobody, (uintptr_t)node, acquire, relaxed))
		kmutex_acquire_slow(l, node);
}

static inline void kmutex_release(struct kmutex_lock *l, struct lock_node *node)
{
	uintptr_t mine = (uintptr_t)node;

	/* L1: release, pairs with the acquire of whoever takes the owner word next */
	if (!at_cas(&l->owner, &mine, 0, release, relaxed))
		kmutex_release_slow(l);
}
