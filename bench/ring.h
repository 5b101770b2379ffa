/*
 * ring.h - a queue between two workers: one pushes, one pops, nobody waits inside. Whoever pops an
 * item owns what it stands for, and has seen all that the other did with it before.
 *
 * Each side writes an index of its own on lines of its own, and keeps a copy of the other's, which
 * it reads again only when the copy says full or empty (Lamport 1977; the copies are of Lee, Bu and
 * Chandranmenon's MCRingBuffer, IPDPS 2010).
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"

#define RING_SIZE_MAX (1u << 30)

struct ring {
	alignas(CACHE_ALIGN) _Atomic uint32_t tail; /* items ever pushed; the producer's */
	uint32_t head_seen;
	alignas(CACHE_ALIGN) _Atomic uint32_t head; /* items ever popped; the consumer's */
	uint32_t tail_seen;
	alignas(CACHE_ALIGN) uint32_t size;         /* items it takes */
	uint32_t mask;                              /* of the slots, a power of two of them */
	uint32_t v[];
};

/* Empty; free with free(). size 1..RING_SIZE_MAX. NULL: no memory. */
struct ring *ring_create(uint32_t size);

/* Producer: is there room for n items? True stays true until it pushes. */
static inline bool ring_has_room(struct ring *r, uint32_t n)
{
	uint32_t tail = at_load(&r->tail, relaxed); /* our own */

	if (n <= r->size - (tail - r->head_seen))
		return true;
	/* R2: acquire, pairs with the release in ring_pop(): the slots have been read */
	r->head_seen = at_load(&r->head, acquire);
	return n <= r->size - (tail - r->head_seen);
}

/* Producer: all n items, or false and none. */
static inline bool ring_push(struct ring *r, const uint32_t *items, uint32_t n)
{
	uint32_t tail = at_load(&r->tail, relaxed); /* our own */

	if (!ring_has_room(r, n))
		return false;
	for (uint32_t i = 0; i < n; i++)
		r->v[(tail + i) & r->mask] = items[i];
	/* R1: release, pairs with the acquire in ring_pop(): items, and what was done with them */
	at_store(&r->tail, tail + n, release);
	return true;
}

/* Consumer: the n oldest items, or false and none. */
static inline bool ring_pop(struct ring *r, uint32_t *items, uint32_t n)
{
	uint32_t head = at_load(&r->head, relaxed); /* our own */

	if (n > r->tail_seen - head) {
		/* R1: acquire, pairs with the release in ring_push() */
		r->tail_seen = at_load(&r->tail, acquire);
		if (n > r->tail_seen - head)
			return false;
	}
	for (uint32_t i = 0; i < n; i++)
		items[i] = r->v[(head + i) & r->mask];
	/* R2: release, pairs with the acquire in ring_has_room() */
	at_store(&r->head, head + n, release);
	return true;
}

/* Items in it, oldest first. At rest: neither side is at work. */
static inline uint32_t ring_count(const struct ring *r)
{
	return at_load(&r->tail, relaxed) - at_load(&r->head, relaxed); /* at rest */
}

static inline uint32_t ring_at(const struct ring *r, uint32_t i)
{
	return r->v[(at_load(&r->head, relaxed) + i) & r->mask]; /* at rest */
}
