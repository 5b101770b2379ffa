/*
 * engine.h - all that bench/ may know of page tables: operations, engines, tables, workers, audit.
 *
 * An engine is format/sync (modern body), format/sync-2019 or format/sync-intel. Its run() carries
 * out a stretch of operations; everything inside is specialised by the compiler, so this pointer is
 * the only indirect call. Whatever an engine does for an operation it does for every operation of a
 * stretch: locks are taken per operation (2019: per page-size chunk), no check is hoisted.
 *
 * Who may run beside whom, on one table:
 *
 *              map   unmap  lookup  create/destroy/scan
 *   map         o      o      o           X               o: at once, on ranges that do not overlap
 *   unmap       o      o      o           X                  (lookups: any range)
 *   lookup      o      o      o           X               X: the caller excludes it
 *
 * Engines whose `single` is set want one thread in all.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/grace.h"
#include "mem/pool.h"
#include "pt/lock.h"
#include "pt/observation.h"
#include "stat/histogram.h"
#include "sys/atomic.h"

#define PT_LEVELS_MAX 6u

enum pt_kind { PT_MAP, PT_UNMAP, PT_LOOKUP, PT_MAP_RANGE, PT_UNMAP_RANGE };

enum pt_prot { PT_READ = 1, PT_WRITE = 2 };

/*
 * One operation, 32 bytes.
 *   PT_MAP          `count` pages of exactly 1 << size_lg2 bytes; iova and pa aligned to that
 *   PT_MAP_RANGE    count << size_lg2 bytes (multiple of 4 KiB) in the largest fitting pages; all
 *                   or nothing (intel: what was not refused stays)
 *   PT_UNMAP        count << size_lg2 bytes; what is found there decides the size of each leaf
 *   PT_UNMAP_RANGE  the same; the 2019 body cuts it into the largest fitting chunks instead of
 *                   chunks of 1 << size_lg2
 *   PT_LOOKUP       the byte at iova
 */
struct pt_op {
	uint64_t iova;
	uint64_t pa;      /* maps only */
	uint64_t result;  /* out: bytes mapped or unmapped; lookup: the output address, 0 if none */
	uint32_t count;
	uint8_t kind;     /* enum pt_kind */
	uint8_t size_lg2; /* a page size of the format: amdv1 12..51 without 39, vtdss 12, 21, 30 */
	uint8_t prot;     /* maps only: enum pt_prot bits */
	uint8_t err;      /* out: 0 or a positive errno. EINVAL ERANGE ENOMEM EADDRINUSE; lookup ENOENT */
};
_Static_assert(sizeof(struct pt_op) == 32, "two operations to a cache line");

/* Counted where it happens, by one writer: the worker. Read at rest. */
struct pt_count {
	uint64_t allocated;                      /* table pages, root included */
	uint64_t freed;                          /* given back by the engine itself: losers, destroy */
	uint64_t retired;                        /* appended to the gather list */
	uint64_t wasted_install[PT_LEVELS_MAX];  /* lost compare-exchange, by level of the lost table */
	uint64_t wasted_growth;                  /* pages of chains built for a growth that was lost */
	uint64_t growths;                        /* levels added by this worker */
	uint64_t installs;                       /* tables this worker put into the tree */
	uint64_t refused;                        /* intel: leaves not written, one was there */
};

/*
 * One worker's view of one table; one thread uses it at a time. Zero it, then set id and pages.
 */
struct pt_worker {
	alignas(CACHE_ALIGN) struct pool_cache *pages;
	struct page_list gather;   /* retired by run(); the harness takes it over between stretches */
	struct pt_count n;
	struct histogram *window;  /* ns from reading an empty entry to the own table in it; or NULL */
	struct histogram *vain;    /* of those who lost: until the page was given back; or NULL */
	uint32_t window_every;     /* record one install in so many; 0 means never */
	uint32_t window_phase;
	unsigned id;
	struct pt_observation *observed; /* for pt_engine_observed() ones; others do not look */
	struct pt_handicap *handicap; /* handicap.h: made worse on purpose; or NULL */
	struct lock_node node;     /* queue locks */
};

struct pt;
struct pt_format;

struct pt_engine {
	const char *name;     /* "amdv1/lockless-2019" */
	const char *format;   /* "amdv1", "vtdss" */
	const char *sync;     /* "lockless" */
	const char *body;     /* "modern", "2019", "intel" or "ruler" */
	const char *walk;     /* over the pages of a call: "cursor", "re-walk", "per-table"; NULL: a ruler's none */
	const char *help;     /* one line for `iopt list` */
	/*
	 * Carry out ops[0..n) in order, filling result and err. Returns the number without error.
	 * The caller's thread is pinned, online for the table's grace period, and owns the ranges.
	 */
	size_t (*run)(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n);
	bool single;          /* one thread only */
	bool sibling;         /* a modern engine without its cursor: listed apart, in no group */
	bool ruler;           /* null, limit: floors, not engines; nothing to verify */
	const struct pt_format *f; /* what the functions below answer from */
};

/* Ends with a row whose name is NULL. */
extern const struct pt_engine pt_engines[];
/* "lockless-2019" finds amdv1/lockless-2019, "lockless" the first of two. NULL: no such engine. */
const struct pt_engine *pt_engine_find(const char *name);

/* The same format, body and sync with the other walk, or e itself; NULL: there is none. */
const struct pt_engine *pt_engine_walking(const struct pt_engine *e, const char *walk);

/*
 * The same engine with hooks that count what its lock and its compare-exchanges do, slower by what
 * that costs. It runs on the tables of e; every worker's `observed` must be set. NULL: a ruler.
 */
const struct pt_engine *pt_engine_observed(const struct pt_engine *e);

/*
 * The same engine from the laboratory (lab.h): with the bug of pt_mutant_on, if one is switched on, and
 * with points at which lab_shake() holds workers up. It runs on the tables of e. NULL: a ruler.
 */
const struct pt_engine *pt_engine_lab(const struct pt_engine *e);

/* Of an engine's format. Bit s of the sizes: pages of 1 << s bytes exist. */
uint64_t pt_engine_sizes(const struct pt_engine *engine);
unsigned pt_engine_levels_max(const struct pt_engine *engine);
/* Does a table grow with what is mapped? Else it stays as tall as it was created. */
bool pt_engine_grows(const struct pt_engine *engine);
/* Do its waiters spin in line for threads that may not run? Then each thread wants a CPU of its own. */
bool pt_engine_in_line(const struct pt_engine *engine);

/*
 * A new table, empty, its root from w->pages. levels: 3 up to pt_engine_levels_max(). 0 or -ENOMEM.
 */
int pt_create_levels(struct pt **out, const struct pt_engine *engine, unsigned levels,
		     struct pt_worker *w);
/* The same with 3 levels. */
int pt_create(struct pt **out, const struct pt_engine *engine, struct pt_worker *w);
/* At rest, limbo drained. Frees every reachable page into w->pages, counted in w->n.freed. */
void pt_destroy(struct pt *pt, struct pt_worker *w);
/*
 * For engines that walk a ready tree only (limit): build the tables under [iova, iova + bytes).
 * Others: nothing. 0 or -ENOMEM.
 */
int pt_prebuild(struct pt *pt, struct pt_worker *w, uint64_t iova, uint64_t bytes);

const struct pt_engine *pt_engine_of(const struct pt *pt);
uint32_t pt_id(const struct pt *pt);        /* tags its pages in the pool; never 0 */
unsigned pt_levels(const struct pt *pt);

/* What the audit and `dump` see. Decoded from the specification, not with the engines' code. */
struct pt_leaf {
	uint64_t iova, pa;
	uint8_t size_lg2;
	uint8_t prot;
};

struct pt_scan {
	/* called for each leaf in iova order, once per page whatever its replicas; may be NULL */
	void (*leaf)(void *ctx, const struct pt_leaf *leaf);
	/* called for every non-zero entry, parents first, path[0..depth) from the root; may be NULL */
	void (*entry)(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		      uint64_t value, bool is_table);
	/* called for each illegal thing found, with a line of evidence; may be NULL */
	void (*flaw)(void *ctx, const char *evidence);
	void *ctx;
	/* out */
	uint64_t tables;       /* reachable, root included */
	uint64_t leaves;       /* pages */
	uint64_t leaf_entries; /* with replicas */
	uint64_t table_entries;
	uint64_t flaws;
};
/*
 * Walk the whole table at rest. Flaws: wrong next-level field, reserved bits, illegal size for the
 * level, missing or differing replicas, a table reachable twice, or not a live page of this table.
 */
void pt_scan(struct pt *pt, struct pt_scan *scan);
