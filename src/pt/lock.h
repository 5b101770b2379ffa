/*
 * lock.h - the locks a table may be guarded by, and the per-worker state they need.
 *
 * Each lock lives in a header of its own with X_init, X_lock, X_unlock taking (lock, node). They
 * are C11 atomics throughout, so that ThreadSanitizer sees the critical sections.
 */
#pragma once

#include <stdalign.h>
#include <stdint.h>

#include "sys/atomic.h"

/* One per worker and table; a worker waits for one lock at a time. */
struct lock_node {
	alignas(64) _Atomic(struct lock_node *) next;
	_Atomic uint32_t state;
};
