/*
 * lock_pthread.h - glibc's normal mutex behind our names: sleeps at once, owner never known.
 *
 * A waiter does not spin, so short critical sections pay for a system call on both sides; that is
 * why it is no stand-in for the kernel's mutex. Called pmutex: pthread_* belongs to the C library.
 */
#pragma once

#include <pthread.h>

#include "pt/lock_node.h"

struct pmutex_lock {
	pthread_mutex_t m;
};

static inline void pmutex_init(struct pmutex_lock *l)
{
	/* default attributes: PTHREAD_MUTEX_NORMAL in glibc; cannot fail there */
	pthread_mutex_init(&l->m, NULL);
}

static inline void pmutex_destroy(struct pmutex_lock *l)
{
	pthread_mutex_destroy(&l->m);
}

static inline void pmutex_acquire(struct pmutex_lock *l, struct lock_node *node)
{
	(void)node;
#ifdef PT_OBSERVED
	/* its own first try, told apart */
	if (!pthread_mutex_trylock(&l->m))
		return;
	observe_contended();
#endif
	pthread_mutex_lock(&l->m);
}

static inline void pmutex_release(struct pmutex_lock *l, struct lock_node *node)
{
	(void)node;
	pthread_mutex_unlock(&l->m);
}
