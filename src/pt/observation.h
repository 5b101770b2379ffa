/*
 * observation.h - what an observed engine (pt_engine_observed) counts for one worker. The worker is
 * the only writer; read it at rest.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "stat/histogram.h"
#include "sys/atomic.h"

/* What a compare-exchange on the table was for. */
enum pt_cas {
	CAS_INSTALL, /* a table into an empty slot */
	CAS_TOP,     /* a new root and level */
	CAS_CLEAR,   /* 2019: free_clear_pte(), each entry of a page before it is written */
	CAS_UNLINK,  /* a table, or what stands in its way, out of its slot */
	CAS_KINDS
};

struct pt_cas_count {
	uint64_t tried, lost;
};

#define PT_HOLD_EVERY 8u /* one hold in so many is timed, on average, at random */

/* Zero it, then set node; pt_worker.observed points to it while an observed engine runs. */
struct pt_observation {
	alignas(CACHE_ALIGN) uint32_t node; /* NUMA node the worker runs on */
	uint64_t ops;                       /* handed to run(), lookups included */

	/* the lock around map and unmap */
	uint64_t acquired;
	uint64_t contended;       /* not had at the first try */
	uint64_t handoffs, across; /* taken after another worker; of them: one of another node */
	uint64_t spins;           /* turns of waiting loops */
	uint64_t sleeps;          /* futex waits that slept: kmutex only */
	struct histogram wait;    /* ns from the first failed try to having it; contended ones, all */
	struct histogram hold;    /* ns from having it to letting go; one in PT_HOLD_EVERY */

	/* 2019: the domain spinlock around growth; its spins are in `spins` too */
	uint64_t grow_acquired, grow_contended;

	struct pt_cas_count cas[CAS_KINDS];

	/* the acquisition under way, in ticks; 0: no such stamp */
	uint64_t since, waited, held_from, held_to;
	uint64_t rng;
	uint32_t until_hold;
	bool had_to_wait;
};

/* Who held a table's lock last: written under it, by observed engines only. */
struct pt_holder {
	alignas(CACHE_ALIGN) uint32_t worker_plus_1; /* 0: nobody yet */
	uint32_t node;
};
