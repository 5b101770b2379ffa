/*
 * rcache.h - magazines of ranges in front of the tree; what rcache and eager have in common. For
 * src/iova and its tests.
 *
 * Who may run beside whom: as iova.h has it. Locks are taken in this order: a worker's cache, then a
 * depot or the tree, never both of these.
 */
#pragma once

#include "iova/kinds.h"
#include "iova/rbtree.h"

#define MAGAZINE_RANGES 127u
#define DEPOT_DELAY_NS 100000000ull

/* 1 KiB. In the depot there are only full ones, and the count's place holds the link. */
struct magazine {
	union {
		uint64_t n;
		struct magazine *next;
	};
	uint64_t iova[MAGAZINE_RANGES];
};
_Static_assert(sizeof(struct magazine) == 1024, "as in the kernel since 6.1");

/* Of one worker and one order. */
struct rcache_cache {
	alignas(64) struct qspin_lock lock;
	struct magazine *loaded, *prev;
};

/* Of one order. */
struct rcache_depot {
	alignas(CACHE_ALIGN) struct qspin_lock lock;
	struct magazine *full;
	size_t n;
	uint64_t due_ns; /* when one may go to the tree; 0: there were not too many */
};

struct rcache;

struct rcache_worker {
	struct iova_worker head;
	struct rcache *of;
	struct rcache_cache caches[IOVA_ORDERS];
	struct lock_node cache_node, depot_node;
	struct tree_worker tree;
};

struct rcache {
	struct iova head;
	struct iova_tree *tree;
	/* A range that no magazine had: from the tree, or IOVA_NONE. No lock is held. */
	uint64_t (*miss)(struct rcache_worker *w, enum tree_part part, uint64_t pages);
	struct rcache_depot depots[IOVA_ORDERS];
	struct rcache_worker workers[];
};

/* The functions of an iova_kind; create leaves `miss` as the plain one. */
int rcache_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config);
void rcache_destroy(struct iova *a);
struct iova_worker *rcache_worker(struct iova *a, unsigned id);
uint64_t rcache_alloc(struct iova_worker *w, uint64_t pages, uint64_t fixed);
void rcache_free(struct iova_worker *w, uint64_t iova, uint64_t pages);
uint64_t rcache_cached(struct iova *a);
void rcache_drain(struct iova *a);
uint64_t rcache_bytes(const struct iova_config *config, uint64_t ranges, uint64_t pages);

/* Order of ranges of so many pages, or IOVA_ORDERS: too large for magazines. */
static inline unsigned rcache_order(uint64_t pages)
{
	return pages <= 1u << (IOVA_ORDERS - 1) ? (unsigned)__builtin_ctzll(pages) : IOVA_ORDERS;
}

/* A range into the worker's magazines. False: no memory for another one, and the range stays the caller's. */
bool rcache_put(struct rcache_worker *w, unsigned order, uint64_t iova);
