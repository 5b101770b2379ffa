/*
 * unit.c - one IOMMU: commands go through a ring to the device's thread, which alone touches the caches
 * and the copy of the device table entry.
 *
 * D1 to D5 are the pairs of docs/memory-ordering.md. The commands themselves are plain memory between
 * D2 and D3.
 */
#include "iotlb/unit.h"

#include <sched.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "pt/lab.h"

/* An invalidation of any range takes 105 commands at most; nobody waits for room in the usual case. */
#define RING 256u
#define RELAX_BEFORE_YIELD 64u

struct command {
	enum { INVALIDATE_DEVTAB_ENTRY, INVALIDATE_PAGES, COMPLETION_WAIT } kind;
	bool pde;
	uint8_t size_lg2;
	uint64_t word; /* iova, or the ticket */
};

struct iotlb_unit {
	/* drivers */
	alignas(CACHE_ALIGN) _Atomic(uint32_t) busy; /* a producer is at the ring */
	_Atomic(uint64_t) tail;                      /* commands queued */
	uint64_t tickets;                            /* under busy */
	_Atomic(uint64_t) dte;                       /* the entry in memory */

	/* the device's thread */
	alignas(CACHE_ALIGN) _Atomic(uint64_t) head; /* commands carried out */
	_Atomic(uint64_t) completed;                 /* the last ticket */
	iotlb_dte copy;                              /* 0: not read yet */
	struct iotlb *tlb;                           /* NULL: nothing is cached */

	alignas(CACHE_ALIGN) struct walker walker;
	struct command ring[RING];
};

/* A turn of a waiting loop: whom we wait for may need this CPU. */
static void relax(unsigned *turns)
{
	cpu_relax();
	if (++*turns % RELAX_BEFORE_YIELD == 0)
		sched_yield();
}

struct iotlb_unit *unit_create(const struct unit_config *config)
{
	struct iotlb_unit *u = aligned_alloc(alignof(struct iotlb_unit), sizeof(*u));

	if (!u)
		return NULL;
	memset(u, 0, sizeof(*u));
	u->walker = config->walker;
	at_init(&u->busy, 0);
	at_init(&u->tail, 0);
	at_init(&u->dte, 0);
	at_init(&u->head, 0);
	at_init(&u->completed, 0);
	if (!config->leaves && !config->tables)
		return u;
	u->tlb = iotlb_create(config->leaves, config->tables, config->seed);
	if (!u->tlb) {
		free(u);
		return NULL;
	}
	return u;
}

void unit_destroy(struct iotlb_unit *u)
{
	if (!u)
		return;
	iotlb_destroy(u->tlb);
	free(u);
}

static void carry_out(struct iotlb_unit *u, const struct command *c)
{
	switch (c->kind) {
	case INVALIDATE_DEVTAB_ENTRY:
		/* D5: acquire, pairs with the compare-exchange of unit_set_dte: the new root's entries */
		u->copy = at_load(&u->dte, acquire);
		break;
	case INVALIDATE_PAGES:
		if (u->tlb)
			iotlb_drop(u->tlb, c->word, c->size_lg2, c->pde);
		break;
	case COMPLETION_WAIT:
		/* D4: release, pairs with unit_completed: walks done before, and what they read, come
		 * before the driver goes on */
		at_store(&u->completed, c->word, release);
		break;
	}
}

unsigned unit_obey(struct iotlb_unit *u)
{
	/* relaxed: our own word */
	uint64_t head = at_load(&u->head, relaxed), first = head;
	/* D2: acquire, pairs with the store in unlock_ring: the commands, and what a driver wrote to
	 * the table before it queued them */
	uint64_t tail = at_load(&u->tail, acquire);

	if (head != tail)
		lab_stop("device: commands seen, not obeyed");
	while (head != tail) {
		carry_out(u, &u->ring[head % RING]);
		/* D3: release, pairs with the load in lock_ring: the slot has been read */
		at_store(&u->head, ++head, release);
	}
	return (unsigned)(head - first);
}

static struct walk_result walk(struct iotlb_unit *u, uint64_t iova, uint8_t wanted)
{
	struct walk_step at;

	lab_stop("device: not in the IOTLB, about to walk");
	if (u->tlb && iotlb_find_table(u->tlb, iova, &at))
		return walk_from(&u->walker, &at, iova, wanted);
	/* A device that has never met a valid entry reads it when it needs it. D5: acquire, as above */
	if (!u->copy)
		u->copy = at_load(&u->dte, acquire);
	return walk_from_dte(&u->walker, u->copy, iova, wanted);
}

struct walk_result unit_translate(struct iotlb_unit *u, uint64_t iova, uint8_t wanted)
{
	struct walk_result r;

	if (!u->tlb || !iotlb_find(u->tlb, iova, &r)) {
		r = walk(u, iova, wanted);
		if (u->tlb && r.end == WALK_HIT)
			iotlb_fill(u->tlb, iova, &r);
	} else if (wanted & ~r.prot) {
		r.end = WALK_DENIED;
		r.why = "the remembered page does not permit the access";
	}
	return r;
}

bool unit_set_dte(struct iotlb_unit *u, iotlb_dte dte)
{
	/* D5: acquire, pairs with ourselves: who finds it done queues a command that stands for it */
	iotlb_dte seen = at_load(&u->dte, acquire);

	/* Mode in bits 11:9; an entry that is not valid yet is 0. */
	while ((seen >> 9 & 7) < (dte >> 9 & 7))
		/* D5: release, pairs with the device's loads: the tables come before their root; acquire
		 * on failure as above */
		if (at_cas(&u->dte, &seen, dte, acq_rel, acquire))
			return true;
	return false;
}

/* One producer at a time, and room for one command. */
static uint64_t lock_ring(struct iotlb_unit *u)
{
	unsigned turns = 0;
	uint64_t tail;

	/* D1: acquire, pairs with the release of the producer before */
	while (at_xchg(&u->busy, 1, acquire))
		relax(&turns);
	tail = at_load(&u->tail, relaxed); /* written under busy only */
	/* D3: acquire, pairs with unit_obey: the slot to be written has been read */
	while (tail - at_load(&u->head, acquire) >= RING)
		relax(&turns);
	return tail;
}

static void unlock_ring(struct iotlb_unit *u, uint64_t tail)
{
	/* D2: release, pairs with unit_obey: the command, and what we wrote to the table before it */
	at_store(&u->tail, tail + 1, release);
	/* D1: release, pairs with the next producer's exchange */
	at_store(&u->busy, 0, release);
}

void unit_invalidate_dte(struct iotlb_unit *u)
{
	uint64_t tail = lock_ring(u);

	u->ring[tail % RING] = (struct command){ .kind = INVALIDATE_DEVTAB_ENTRY };
	unlock_ring(u, tail);
}

void unit_invalidate(struct iotlb_unit *u, uint64_t iova, unsigned size_lg2, bool pde)
{
	uint64_t tail = lock_ring(u);

	u->ring[tail % RING] = (struct command){ .kind = INVALIDATE_PAGES,
						 .pde = pde,
						 .size_lg2 = (uint8_t)size_lg2,
						 .word = iova };
	unlock_ring(u, tail);
}

uint64_t unit_complete(struct iotlb_unit *u)
{
	uint64_t tail = lock_ring(u), ticket = ++u->tickets;

	u->ring[tail % RING] = (struct command){ .kind = COMPLETION_WAIT, .word = ticket };
	unlock_ring(u, tail);
	return ticket;
}

bool unit_completed(struct iotlb_unit *u, uint64_t ticket)
{
	/* D4: acquire, pairs with carry_out: the device's walks come before what we free now */
	return at_load(&u->completed, acquire) >= ticket;
}

void unit_wait(struct iotlb_unit *u, uint64_t ticket)
{
	unsigned turns = 0;

	while (!unit_completed(u, ticket))
		relax(&turns);
}

struct iotlb_stats unit_stats(const struct iotlb_unit *u)
{
	return u->tlb ? iotlb_stats(u->tlb) : (struct iotlb_stats){ 0 };
}
