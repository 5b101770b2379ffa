/*
 * verify_threads.h - rounds of threads on a fresh table: writers with cells of their own (verify_shadow.h),
 * readers, devices (src/iotlb). A round begins with everybody at a barrier before each part of the
 * address space, so that growth and installs race; then each does what it likes; then, at rest, the
 * audit. A round takes milliseconds.
 *
 * The caller's thread opens, runs rounds and closes; the threads are pinned over the nodes where the
 * system permits.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/crew.h"
#include "bench/verify.h"
#include "bench/verify_random.h"
#include "bench/verify_shadow.h"
#include "iotlb/alive.h"
#include "iotlb/domain.h"

#define VERIFY_THREADS_MAX 512u /* writers */
#define VERIFY_REGIONS 6u
#define VERIFY_FAVOURITES 3u

struct verify_thread {
	struct domain_worker d;       /* its pt_worker; a device's is not used */
	alignas(CACHE_ALIGN) struct verify_round *round;
	unsigned id;
	struct verify_random random;
	unsigned *cells;              /* a writer's, ids */
	unsigned ncells;
	unsigned favourite[VERIFY_FAVOURITES]; /* of them: half of its work is there */
	struct iotlb_unit *unit;      /* a device's */
	struct pool_cache *cache;     /* of the pool that has plenty */
	uint64_t lookups, translations, operations, refused;
	unsigned met;                 /* barriers it has come to */
	struct verify_outcome found;
	_Atomic(uint32_t) at;         /* the cell it works at, for others to look there */
};

/* What a round is; filled anew for each from its seed. */
struct verify_round {
	const struct verify_job *job;
	const struct pt_engine *run;  /* of the laboratory */
	enum verify_layer layer;
	unsigned writers, readers, devices;
	struct verify_thread *thread; /* writers, readers, devices */
	unsigned nthreads;
	bool crowded;                 /* more threads than CPUs: who only looks lets others work */
	unsigned *cpus;               /* of each, or NULL: not pinned */
	struct crew *crew;
	struct pool *pool;            /* with pages in plenty */

	uint64_t seed, until_ns;
	unsigned ops;                 /* of each writer */
	bool starved;                 /* memory may run out */
	bool brief;                   /* little but the beginning, where the root grows */
	unsigned busy_lg2;            /* of devices: accesses between looks at the commands */
	unsigned shake;               /* one stop in so many */
	unsigned levels;              /* of the table, at first */
	struct pool *pages;           /* of this round */
	struct pt *pt;
	struct domain domain;
	struct alive alive;
	struct grace *grace;
	_Atomic(uint32_t) met;        /* writers that have come to a barrier, all of them together */
	_Atomic(uint32_t) done;       /* writers that are through */
	_Atomic(uint32_t) stop;       /* something was caught, or time is up */

	struct shadow_cell *cell;
	unsigned ncells, ncells_max;
	unsigned regions;             /* in use */
	unsigned region_end[VERIFY_REGIONS]; /* cells before the end of each */
	size_t units, units_max;      /* of the arrays that the cells share */
	_Atomic(uint64_t) *words;
	uint8_t *lg2;
	uint16_t *mapped;
	uint64_t *payload;
	struct verify_round *left_before; /* given up before this one */
	unsigned *owned;              /* the threads' lists of cells */
};

/* 0, or EXIT_NO_RESOURCE in err. */
int verify_round_open(struct verify_round **out, const struct verify_job *job, enum verify_layer layer,
		      struct err *err);
/* Who runs in it, for the outcome. */
void verify_round_threads(const struct verify_round *r, struct verify_outcome *out);
/* One round. What is caught goes to out (and the round must not go on), and what was done. */
int verify_round_run(struct verify_round *r, uint64_t seed, struct verify_outcome *out,
		     struct err *err);
/* After something was caught the damaged table is left alone: its memory stays taken. */
void verify_round_close(struct verify_round *r, bool caught);
/* Rounds until the job's time is over: what verify_race() and verify_device() are. */
int verify_rounds(const struct verify_job *job, enum verify_layer layer, struct verify_outcome *out,
		  struct err *err);

/*
 * A barrier: until this has been called `all` times in a round, counted from the beginning. Gives the
 * CPU away soon, for there may be more threads than CPUs.
 */
void verify_meet(struct verify_round *r, unsigned all);

/* verify_cells.c: deal the address space for a round of this seed; memory for the largest. */
bool verify_cells_reserve(struct verify_round *r);
void verify_cells_deal(struct verify_round *r, struct verify_random *random);
/* Levels that a table of this format needs for all cells; what it has at the end. */
unsigned verify_cells_levels(const struct verify_round *r);
/* The cell that an address lies in, or NULL. */
struct shadow_cell *verify_cell_at(const struct verify_round *r, uint64_t iova);

/* verify_writer.c, verify_reader.c: what a thread does in a round. */
void verify_write(struct verify_thread *t);
void verify_read(struct verify_thread *t);
void verify_translate(struct verify_thread *t);
/* A lookup in anybody's cell, or a writer's own, which it knows exactly. */
void verify_lookup(struct verify_thread *t);

/* verify_audit.c: at rest, everything drained. */
void verify_audit(struct verify_round *r, struct verify_outcome *out);
