/*
 * lock_kmutex.c - the slow ways in and out of the kernel-like mutex: queue of spinners, list of
 * sleepers, hand-off.
 */
#include "pt/lock_kmutex.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* lock_node.state: in the queue of spinners … */
enum { QUEUED, HEAD };
/* … and in the list of sleepers. */
enum { WOKEN = 2, ASLEEP };

_Thread_local int kmutex_clock = KMUTEX_NO_CLOCK;

/* This thread uses the node from now on. */
void kmutex_adopt(struct lock_node *node)
{
	clockid_t clock;

	if (kmutex_clock == KMUTEX_NO_CLOCK)
		kmutex_clock = pthread_getcpuclockid(pthread_self(), &clock) ? -1 : clock;
	at_store(&node->clock, kmutex_clock, relaxed);
}

/* ---- does another worker run? ---- */

struct watch {
	const struct lock_node *who;
	unsigned looks, every;
	bool asked;
	struct timespec used; /* CPU time at the last question */
};

/* False: `who` got no CPU time between the last two questions. */
static bool runs(struct watch *w, const struct lock_node *who)
{
	struct timespec used = { 0 };
	bool stood;

	if (w->who != who)
		*w = (struct watch){ .who = who, .every = KMUTEX_LOOKS_MIN };
	if (++w->looks < w->every)
		return true;
	w->looks = 0;
	/* a refused clock stands still; relaxed: see kmutex_acquire */
	clock_gettime(at_load(&who->clock, relaxed), &used);
	stood = w->asked && used.tv_sec == w->used.tv_sec && used.tv_nsec == w->used.tv_nsec;
	if (w->asked && w->every < KMUTEX_LOOKS_MAX)
		w->every *= 2;
	w->asked = true;
	w->used = used;
	return !stood;
}

/* ---- the owner word ---- */

/* Take a free lock, or notice that it was handed to us. Otherwise `ask` for hand-off or not. */
static bool take(struct kmutex_lock *l, struct lock_node *node, bool ask)
{
	/* L1: acquire, pairs with the release in kmutex_release and release_slow */
	uintptr_t seen = at_load(&l->owner, acquire);

	for (;;) {
		struct lock_node *owner = (struct lock_node *)(seen & ~KMUTEX_FLAGS);
		uintptr_t want = seen | KMUTEX_HANDOFF;

		if (owner == node)
			return true;
		if (!owner)
			want = seen | (uintptr_t)node;
		else if (!ask || (seen & KMUTEX_HANDOFF))
			return false;
		/* L1: acquire, as above */
		if (at_cas_weak(&l->owner, &seen, want, acquire, acquire))
			return !owner;
	}
}

/* False: the owner does not run, so sleep. */
static bool spin_on_owner(struct kmutex_lock *l, struct lock_node *node)
{
	struct watch w = { 0 };

	for (;;) {
		/* relaxed: take() looks again and acquires; nodes outlive the lock's use */
		uintptr_t owner = at_load(&l->owner, relaxed) & ~KMUTEX_FLAGS;

		if (!owner || owner == (uintptr_t)node) {
			if (take(l, node, false))
				return true;
		} else if (!runs(&w, (struct lock_node *)owner)) {
			return false;
		}
		lock_relax();
	}
}

/* ---- the queue of spinners: MCS with a way out in the middle ---- */

/*
 * Cut `node` off from whoever is behind it. NULL: it was the last and `tail` is now (NULL: none).
 * The link is taken by exchange, because the one behind may be leaving and cut it off as well.
 */
static struct lock_node *cut_behind(struct kmutex_lock *l, struct lock_node *node,
				    struct lock_node *tail)
{
	for (;;) {
		struct lock_node *last = node, *next;

		/* L10: release gives the node back; the acquire is joined by the next exchange */
		if (at_load(&l->spinners, relaxed) == node &&
		    at_cas(&l->spinners, &last, tail, acq_rel, relaxed))
			return NULL;
		/* L11: acquire, pairs with the release of `next` in join() and leave_middle() */
		if (at_load(&node->next, relaxed) && (next = at_xchg(&node->next, NULL, acquire)))
			return next;
		lock_relax();
	}
}

static void leave_head(struct kmutex_lock *l, struct lock_node *node)
{
	struct lock_node *next = cut_behind(l, node, NULL);

	/* L12: release, pairs with the acquire of `state` in join() and leave_middle() */
	if (next)
		at_store(&next->state, HEAD, release);
}

/* False: too late, we are the head. */
static bool leave_middle(struct kmutex_lock *l, struct lock_node *node)
{
	struct lock_node *prev, *next;

	for (;;) {
		struct lock_node *us = node;

		/* L13: acquire, pairs with the release of `prev` below: a neighbour left */
		prev = at_load(&node->prev, acquire);
		/* L11: acq_rel: from here on nobody but us writes this link */
		if (at_load(&prev->next, relaxed) == node &&
		    at_cas(&prev->next, &us, NULL, acq_rel, relaxed))
			break;
		/* L12: acquire, pairs with the release in leave_head() */
		if (at_load(&node->state, acquire) == HEAD)
			return false;
		lock_relax();
	}
	next = cut_behind(l, node, prev);
	if (next) {
		/* L13: release, pairs with the acquires of `prev` */
		at_store(&next->prev, prev, release);
		/* L11: release, pairs with the exchange in cut_behind() */
		at_store(&prev->next, next, release);
	}
	return true;
}

/* True: we are the head. False: we left, because the one before us does not run. */
static bool join(struct kmutex_lock *l, struct lock_node *node)
{
	struct lock_node *prev;
	struct watch w = { 0 };

	/* relaxed: published by the exchange below (L10) */
	at_store(&node->next, NULL, relaxed);
	at_store(&node->state, QUEUED, relaxed);
	/* L10: release publishes our node, acquire sees that of the one before us */
	prev = at_xchg(&l->spinners, node, acq_rel);
	if (!prev)
		return true;
	/* relaxed: published by the link (L11) */
	at_store(&node->prev, prev, relaxed);
	/* L11: release, pairs with the exchange in cut_behind() */
	at_store(&prev->next, node, release);
	/* L12: acquire, pairs with the release in leave_head() */
	while (at_load(&node->state, acquire) != HEAD) {
		/* L13: acquire, pairs with the release of `prev` in leave_middle() */
		if (!runs(&w, at_load(&node->prev, acquire)))
			return !leave_middle(l, node);
		lock_relax();
	}
	return true;
}

static bool spin(struct kmutex_lock *l, struct lock_node *node)
{
	bool got;

	if (!join(l, node))
		return false;
	got = spin_on_owner(l, node);
	leave_head(l, node);
	return got;
}

/* ---- the list of sleepers ---- */

static void guard_lock(struct kmutex_lock *l)
{
	unsigned looks = 0;

	/* L14: acquire, pairs with the release in guard_unlock() */
	while (at_xchg(&l->guard, 1, acquire))
		while (at_load(&l->guard, relaxed)) {
			lock_relax();
			if (++looks % KMUTEX_LOOKS_MIN == 0)
				sched_yield();
		}
}

static void guard_unlock(struct kmutex_lock *l)
{
	/* L14: release, pairs with the acquire in guard_lock() */
	at_store(&l->guard, 0, release);
}

/* Under guard. True: we are the first. */
static bool list_add(struct kmutex_lock *l, struct lock_node *node)
{
	struct lock_node *last = l->last;

	l->last = node;
	node->sleeper = node;
	if (!last)
		return true;
	node->sleeper = last->sleeper;
	last->sleeper = node;
	return false;
}

/* Under guard; only the first ever leaves. True: the list is empty now. */
static bool list_drop_first(struct kmutex_lock *l)
{
	struct lock_node *first = l->last->sleeper;

	if (first == l->last)
		l->last = NULL;
	else
		l->last->sleeper = first->sleeper;
	return !l->last;
}

static void sleep_until_woken(struct lock_node *node)
{
	/* relaxed: `owner` carries the order, L14 the list's */
	while (at_load(&node->state, relaxed) == ASLEEP)
		if (!syscall(SYS_futex, &node->state, FUTEX_WAIT_PRIVATE, ASLEEP, NULL, NULL, 0))
			observe_sleep();
}

/*
 * No wake-up is lost. Before WAITERS (set under guard) is seen, a release frees the lock and take()
 * right after finds it free; a release that sees it comes for the guard after us, and finds us
 * ASLEEP. Once we asked for hand-off, the release that gives us the lock does so under guard, as
 * does our last look before sleeping again. Only the first is woken, and stays it until it owns.
 */
static void sleep_for_it(struct kmutex_lock *l, struct lock_node *node)
{
	bool got;

	guard_lock(l);
	got = list_add(l, node);
	/* relaxed: written and read under guard, but for the futex, which only compares */
	at_store(&node->state, ASLEEP, relaxed);
	/* relaxed: a release that reads the flag takes the guard and acquires the list (L14) */
	at_or(&l->owner, KMUTEX_WAITERS, relaxed);
	got = got && take(l, node, false);
	while (!got) {
		guard_unlock(l);
		sleep_until_woken(node);
		got = take(l, node, true) || spin_on_owner(l, node);
		guard_lock(l);
		if (!got) {
			at_store(&node->state, ASLEEP, relaxed); /* under guard */
			got = take(l, node, false);
		}
	}
	if (list_drop_first(l))
		at_and(&l->owner, ~KMUTEX_WAITERS, relaxed); /* as for at_or above */
	guard_unlock(l);
}

void kmutex_acquire_slow(struct kmutex_lock *l, struct lock_node *node)
{
	observe_contended();
	if (!spin(l, node))
		sleep_for_it(l, node);
}

/* The flags say that somebody sleeps: wake the first, or make it the owner if it asked for that. */
void kmutex_release_slow(struct kmutex_lock *l)
{
	uintptr_t seen = at_load(&l->owner, relaxed);
	struct lock_node *first;
	uint32_t state = WOKEN;

	while (!(seen & KMUTEX_HANDOFF)) {
		/* L1: release, pairs with the acquires in take() and kmutex_acquire */
		if (at_cas_weak(&l->owner, &seen, seen & KMUTEX_WAITERS, release, relaxed))
			break;
	}
	guard_lock(l);
	first = l->last ? l->last->sleeper : NULL;
	/* L1: release, as above. With HANDOFF set only we write the word, and its setter sleeps or
	 * spins as the first of the list until it owns. */
	if (seen & KMUTEX_HANDOFF)
		at_store(&l->owner, (uintptr_t)first | KMUTEX_WAITERS, release);
	if (first)
		state = at_xchg(&first->state, WOKEN, relaxed); /* under guard */
	guard_unlock(l);
	/* the node may be awake and elsewhere by now: then this wakes nobody, or somebody in vain */
	if (state == ASLEEP)
		syscall(SYS_futex, &first->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
