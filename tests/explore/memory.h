/*
 * memory.h - what memory.c (locations and their stores) and access.c (loads, stores, updates) share.
 */
#pragma once

#include <string.h>

#include "internal.h"

#define EX_HISTORY 4u /* stores of a location that a load may choose from */

struct store {
	uint64_t value;
	uint32_t serial;               /* within the location, from 1 */
	bool releases;
	bool rmw;                      /* nothing comes between it and the one before */
	struct clock released;         /* what an acquire that reads it joins */
	uint32_t seen[EX_THREADS_MAX]; /* time at which a thread first touched it or a newer one */
	uint32_t step;                 /* of the trace */
};

struct location {
	uintptr_t at;
	uint32_t schedule;             /* in another one than now: an empty slot */
	uint32_t page;                 /* number of the page it lies in */
	uint8_t touched, stored;       /* threads, a bit each */
	bool shared;
	uint8_t n;                     /* stores kept, the newest last */
	uint32_t looked[EX_THREADS_MAX]; /* 1 + yields of a thread, when it last loaded this */
	uint32_t read[EX_THREADS_MAX]; /* serial of the store that it then saw */
	uint32_t serial;
	struct store store[EX_HISTORY];
};

struct access {
	const volatile void *p;
	unsigned size;
	struct ex_site *site;
};

static inline uint64_t value_mask(unsigned size)
{
	return size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static inline uint64_t peek(const volatile void *p, unsigned size)
{
	uint64_t value = 0;

	if (size == sizeof(value)) /* whole tables are read at rest, after each schedule */
		return *(const volatile uint64_t *)p;
	memcpy(&value, (const void *)(uintptr_t)p, size); /* little-endian, as the tables */
	return value;
}

static inline void poke(const volatile void *p, unsigned size, uint64_t value)
{
	memcpy((void *)(uintptr_t)p, &value, size);
}

/* Every access begins here: others may come first, then it is checked and counted. */
struct location *ex_enter(const struct access *a, bool stores);
/* The same without others, and uncounted: for ex_init(). */
struct location *ex_locate(const struct access *a, uint32_t page);
/* One store from before all that is known of the location. */
void ex_begin_with(struct location *l, uint64_t value);
/* The running thread has touched this store, and so every older one. */
void ex_saw(struct location *l, unsigned i);
/* The oldest store that coherence leaves to the running thread. */
unsigned ex_oldest(const struct location *l);
/* It has read this one. */
void ex_acquire(const struct store *s, enum ex_order order);
/*
 * A new store, before the `age` newest ones in the order of the location. `after`: a read-modify-write
 * read this one; its release goes on.
 */
struct store *ex_append(struct location *l, const struct access *a, uint64_t value,
			const struct store *after, unsigned age);
