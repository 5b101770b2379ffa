/*
 * matrix.h - the matrix: every engine is a line. engines.c has each written out by the compiler.
 */
#pragma once

#include "pt/format_amdv1.h"
#include "pt/format_vtdss.h"
#include "pt/hot.h"
#include "pt/rulers.h"
#include "pt/walk2019.h"
#include "pt/walk_intel.h"

/*
 * OLD: the 2019 body: format, sync_…, name, sync as shown, help.
 * NEW: the modern body: format, sync_…, name, help, single.
 * INTEL: the Intel driver's body: format, sync_…, name, sync as shown, help.
 */
#define PT_ENGINES(OLD, NEW, INTEL)                                                                \
	OLD(amdv1, lockless_2019, "lockless-2019", "lockless", "the AMD driver after the patch")   \
	OLD(amdv1, mutex_2019, "mutex-2019", "mutex", "before the patch: a kernel-like mutex")     \
	OLD(amdv1, spin_2019, "spin-2019", "spin", "the alternative of 2019: a queued spinlock")   \
	OLD(amdv1, pthread_2019, "pthread-2019", "pthread", "the same body under glibc's mutex")   \
	OLD(amdv1, plain_2019, "lockless-2019-plain", "lockless-plain",                            \
	    "after the patch, but leaves cleared by plain stores")                                 \
	NEW(amdv1, lockless, "lockless", "tables installed by compare-exchange", false)            \
	NEW(amdv1, none, "none", "no synchronisation at all: one thread only", true)               \
	NEW(amdv1, mutex, "mutex", "one kernel-like mutex", false)                                 \
	NEW(amdv1, spin, "spin", "one queued spinlock", false)                                     \
	NEW(amdv1, ticket, "ticket", "one ticket lock", false)                                     \
	NEW(amdv1, mcs, "mcs", "one MCS queue lock", false)                                        \
	INTEL(vtdss, lockless_intel, "lockless-intel", "lockless",                                 \
	      "the Intel driver until 2025: a leaf is written once")                               \
	NEW(vtdss, lockless, "lockless", "tables installed by compare-exchange", false)            \
	NEW(vtdss, mutex, "mutex", "one kernel-like mutex", false)
