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

union pt_lock {
	struct kmutex_lock kmutex;
	struct qspin_lock qspin;
	struct ticket_lock ticket;
	struct mcs_lock mcs;
	struct pmutex_lock pmutex;
};
_Static_assert(sizeof(struct kmutex_lock) == 32, "as the kernel's struct mutex of 2019");
/* 40 bytes on x86-64, 48 on arm64: lock, level and root of a table share a line */
_Static_assert(sizeof(union pt_lock) == sizeof(pthread_mutex_t), "nothing larger than glibc's");
