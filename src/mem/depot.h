/*
 * depot.h - the pages of one node at rest, in batches. Private to the pool.
 *
 * Caches take and give whole batches in constant time under the depot's lock, so that nobody walks
 * a list of descriptors while others wait. Bonwick and Adams, "Magazines and Vmem", USENIX 2001.
 */
#pragma once

#include <pthread.h>
#include <stdalign.h>

#include "mem/arena.h"
#include "mem/pool.h"
#include "sys/atomic.h"

/* Seven batches fill the 504 pages of a chunk exactly. */
#define BATCH_PAGES 72u
#define CHUNK_PAGES 512u
#define CHUNK_DESC_PAGES 8u

/* Pages linked through `next`, last in first out. */
struct batch {
	struct page_desc *head;
	uint32_t n;
};

static inline void batch_push(struct batch *b, struct page_desc *d)
{
	d->next = b->head;
	b->head = d;
	b->n++;
}

/* Of a batch that is not empty. */
static inline struct page_desc *batch_pop(struct batch *b)
{
	struct page_desc *d = b->head;

	b->head = d->next;
	b->n--;
	return d;
}

/* A list of full batches, linked through their first pages. */
struct batch_list {
	struct page_desc *head;
	size_t n;
};

void batch_list_push(struct batch_list *list, struct batch full);
/* Of a list that is not empty. */
struct batch batch_list_pop(struct batch_list *list);

struct chunk;

struct depot {
	alignas(CACHE_ALIGN) pthread_mutex_t lock;
	struct arena arena;      /* created at the first use of the node */
	enum arena_policy policy;
	unsigned os_node;
	uint8_t index;           /* into the pool's nodes */
	struct chunk *chunks;    /* newest first */
	size_t nchunks;
	unsigned carved;         /* pages of the newest chunk in use, descriptors included */
	struct batch_list full;
	struct batch partial;    /* what is left of batches that came back broken */
};

/* `now`: create the arena at once, for those who go to it directly; it may still not exist. */
void depot_init(struct depot *d, enum arena_policy policy, unsigned os_node, uint8_t index, bool now);
/* Frees every page. */
void depot_destroy(struct depot *d);

/* A batch with pages in it, or an empty one: no memory. */
struct batch depot_take(struct depot *d);
/* The same, always full. */
struct batch depot_take_full(struct depot *d);
/* Any number of pages. Left empty. */
void depot_give(struct depot *d, struct batch *b);

/* The pages at rest in an order of their own; with no memory to do it, as they are. */
void depot_shuffle(struct depot *d, uint64_t seed);

/* Zeroed memory on the node for a worker's own data, not counted. NULL: no memory. */
void *depot_alloc(struct depot *d, size_t bytes);
void depot_free(struct depot *d, void *p);

/* At rest: every descriptor of a page that was ever handed out. */
void depot_each(struct depot *d, void (*fn)(void *ctx, struct page_desc *page), void *ctx);
