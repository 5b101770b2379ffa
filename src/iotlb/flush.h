/*
 * flush.h - what a driver does between clearing entries and giving the range away: a MODEL of the
 * invalidation queue. No device answers; a command is complete when the clock says that it would be.
 *
 * none    nothing: the range is free at once (a device could still use the old translation)
 * strict  a command for the range and a wait for its completion, for every unmap
 * lazy    the range waits in a ring of the CPU's own (256 entries). When the ring is full, or its
 *         oldest entry 10 ms old, the whole domain is flushed by one command, and every range that was
 *         queued before that flush began is free. The tables that an unmap took out of the tree wait
 *         with it.
 *
 * The command ring: 512 commands of 16 bytes, written in order, under one lock (held until the completion,
 * as in the driver, or for queuing only) or at a position taken by fetch-add. Commands are carried out one
 * behind the other, each takes `command_ns`; a completion is seen `latency_ns` after it. Who waits spins on
 * the clock.
 * An invalidation is two commands, the range or the whole domain and COMPLETION_WAIT, queued in one go.
 *
 * Who may run beside whom: each worker with its own struct flush_worker, at any time. Creating,
 * destroying, draining: at rest.
 *
 * Source: shared facts in docs/workloads.md (flush queue of the kernel's dma-iommu; AMD IOMMU
 * Specification 48882, 2.4: command buffer, COMPLETION_WAIT).
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/grace.h"
#include "stat/histogram.h"
#include "sys/atomic.h"

enum flush_kind { FLUSH_NONE, FLUSH_STRICT, FLUSH_LAZY };
/* Of the command ring: held while waiting, too (the driver until 2026); while queuing; none. */
enum flush_lock { FLUSH_LOCK_HELD, FLUSH_LOCK_QUEUE, FLUSH_LOCK_NONE };

#ifndef FLUSH_QUEUE                 /* tests/explore: shorter */
#define FLUSH_QUEUE 256u            /* lazy: slots of a CPU; full with one less, as in the kernel */
#define FLUSH_RING 512u             /* commands */
#endif
#define FLUSH_TIMER_NS 10000000u    /* lazy: age at which a queue is flushed */
#define FLUSH_LATENCY_NS 1000u      /* default of --flush-ns: the least that a driver can see */

struct flush_config {
	enum flush_kind kind;
	enum flush_lock lock;
	unsigned workers;
	uint64_t latency_ns;   /* from when the device is through with a command until that is seen */
	uint64_t command_ns;   /* for which the device is busy with one command */
};

/* A range on its way back to the allocator. */
struct flush_range {
	uint64_t iova;
	uint32_t pages;
	uint32_t tag;          /* the caller's */
};

/* Counted by one writer: the worker. Read at rest. */
struct flush_count {
	uint64_t unmaps, commands, waits;
	uint64_t full, timer;   /* lazy: flushes because of a full ring, and because of age */
	uint64_t spun_ns;       /* waiting for completions (and for room in the ring) */
	uint64_t queued_peak;   /* lazy: most ranges of this worker that waited at once */
};

struct flush;

struct flush_worker {
	alignas(CACHE_ALIGN) struct flush_count n;
	struct histogram *stale;   /* ns from the unmap until the range is clean, per range; or NULL */
	struct histogram *depth;   /* commands in the ring when one is queued; or NULL */
	struct flush *flush;
	unsigned id;
	enum flush_kind kind;
};

/* 0 or -ENOMEM. */
int flush_create(struct flush **out, const struct flush_config *config);
/* Queues are empty: flush_drain() first. */
void flush_destroy(struct flush *f);
struct flush_worker *flush_worker(struct flush *f, unsigned id);

/* Behind the two below, for kinds other than none, and lazy. */
bool flush_unmap_slow(struct flush_worker *w, struct flush_range range, struct page_list *gather);
size_t flush_take_slow(struct flush_worker *w, struct flush_range *out, size_t max,
		       struct page_list *gather);

/*
 * `range` has been unmapped, `gather` holds the tables that went with it. strict: returns when it is
 * clean, `gather` untouched. lazy: takes both over (gather is left empty), and may flush. none:
 * nothing. True: the range is clean and the caller gives it back now; false: flush_take() will say.
 *
 * lazy: after each false call flush_take(), or all slots fill up with clean ranges; then the domain is
 * flushed for this range alone, and the answer is true.
 */
static inline bool flush_unmap(struct flush_worker *w, struct flush_range range, struct page_list *gather)
{
	w->n.unmaps++;
	return w->kind == FLUSH_NONE || flush_unmap_slow(w, range, gather);
}

/*
 * lazy: ranges of this worker that are clean, at most `max`, in the order of their unmaps, into out;
 * their tables are appended to `gather`. Returns how many.
 */
static inline size_t flush_take(struct flush_worker *w, struct flush_range *out, size_t max,
				struct page_list *gather)
{
	return w->kind == FLUSH_LAZY ? flush_take_slow(w, out, max, gather) : 0;
}

/*
 * lazy: make everything in this worker's queue clean, waiting for it; flush_take() has it then. What
 * became clean only by this is not in `stale`: it ended because the run did.
 */
void flush_drain(struct flush_worker *w);
/* Ranges in this worker's queue, clean ones not yet taken among them. */
size_t flush_pending(const struct flush_worker *w);
