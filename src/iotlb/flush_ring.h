/*
 * flush_ring.h - the command ring of flush.h: real memory, and a device that is a clock. Private to
 * src/iotlb, and open to its tests.
 *
 * A command's turn comes when it is queued or when the device is through with what is before it, the
 * later of the two; the device is through with it command_ns later, and that is seen latency_ns after.
 * So a completion is known when its command is queued: nobody has to write it, who waits reads the clock.
 *
 * Any number of threads at once, each with its own struct flush_source.
 *
 * Source: AMD IOMMU Specification 48882, 2.4 (ring of 16-byte commands, carried out in order).
 */
#pragma once

#include "iotlb/flush.h"
#include "pt/lock_qspin.h"

struct flush_command {
	uint64_t word[2];
};

/* Atomic, for the lockless ring: who queues late may still write when the slot's next owner does. */
struct flush_slot {
	_Atomic uint64_t word[2];
};
_Static_assert(sizeof(struct flush_slot) == 16, "as the device reads them");

struct flush_ring {
	/* a line that goes from producer to producer */
	alignas(CACHE_ALIGN) struct qspin_lock lock;
	_Atomic uint64_t tail;    /* commands queued */
	_Atomic uint64_t through; /* when the device is through with them; ticks */

	alignas(CACHE_ALIGN) uint64_t latency, command; /* ticks */
	uint64_t lap;             /* for which a full ring keeps the device busy; ticks */
	enum flush_lock how;
	struct flush_slot slot[FLUSH_RING];
};

/* Who queues. One thread at a time. */
struct flush_source {
	struct lock_node node;
	struct flush_count *n;    /* commands, waits, spun_ns */
	struct histogram *depth;  /* or NULL */
};

/*
 * INVALIDATE_IOMMU_PAGES (2.4.3), with the walk cache: the smallest aligned power of two of pages around
 * [iova, last]. One larger than 4K is told by bit S, and by ones in the address below a zero.
 */
struct flush_command flush_command_range(uint64_t iova, uint64_t last);
/* COMPLETION_WAIT (2.4.1) that stores a number. */
struct flush_command flush_command_wait(uint64_t number);

void flush_ring_init(struct flush_ring *ring, const struct flush_config *config);
/*
 * Queue n commands one behind the other (n < FLUSH_RING), the last a COMPLETION_WAIT, waiting for room.
 * When its completion will be seen, in ticks; `held`: has been.
 */
uint64_t flush_ring_queue(struct flush_ring *ring, struct flush_source *s, const struct flush_command *c,
			  unsigned n);
/* Spin until the clock shows it. */
void flush_ring_wait(struct flush_source *s, uint64_t seen);
