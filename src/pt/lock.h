/*
 * lock.h - the locks a table may be guarded by.
 *
 * Each lock lives in a header of its own: struct NAME_lock, NAME_init(l), NAME_acquire(l, node),
 * NAME_release(l, node), and pmutex_destroy(l); the acquire and release of one critical section
 * take the same node. They are C11 atomics throughout, so that ThreadSanitizer sees the critical
 * sections. kmutex sleeps, pmutex sleeps at once, the others spin for as long as it takes.
 */
#pragma once

#include "pt/lock_kmutex.h"
#include "pt/lock_mcs.h"
#include "pt/lock_node.h"
#include "pt/lock_pthread.h"
#include "pt/lock_qspin.h"
#include "pt/lock_ticket.h"

/*
 * Every lock is a line: NAME, the sync of the engines that take it, and whether its waiters spin in line:
 * then one whose thread has no CPU stops all behind it, and more threads than CPUs crawl.
 */
#define PT_LOCKS(LOCK)                                                                             \
	LOCK(kmutex, "mutex", false)                                                               \
	LOCK(qspin, "spin", true)                                                                  \
	LOCK(ticket, "ticket", true)                                                               \
	LOCK(mcs, "mcs", true)                                                                     \
	LOCK(pmutex, "pthread", false)

#define LOCK_MEMBER(name, sync, in_line) struct name##_lock name;
union pt_lock {
	PT_LOCKS(LOCK_MEMBER)
};
#undef LOCK_MEMBER
_Static_assert(sizeof(struct kmutex_lock) == 32, "as the kernel's struct mutex of 2019");
/* 40 bytes on x86-64, 48 on arm64: lock, level and root of a table share a line */
_Static_assert(sizeof(union pt_lock) == sizeof(pthread_mutex_t), "nothing larger than glibc's");
