/*
 * pool.h - table pages: zeroed, 4 KiB aligned, on the NUMA node asked for, counted exactly.
 *
 * Pages are carved from 2 MiB-aligned chunks that come from one jemalloc arena per node; the first
 * eight pages of a chunk hold a 64-byte descriptor per page, so a page's descriptor is found from
 * its address. Other sources (enum pool_source) have neither chunks nor caches: each page is taken
 * and given back by itself, and its descriptor is looked up (page_map.h). Sanitizer builds use one
 * aligned_alloc per page whatever the source (pool_plain.c), so that the sanitizer sees each.
 *
 * Who may run beside whom: page_alloc and page_free touch their own cache only, plus the pool under
 * its lock when the cache runs empty or full; one thread per cache, any number of caches at once.
 * pool_each and pool_live want every cache of the pool at rest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"
#include "sys/err.h"

#define PAGE_BYTES 4096u
#define POOL_CHUNK_BYTES ((uintptr_t)2 << 20)
#define POOL_NODES_MAX 64u

enum pool_zero {
	POOL_ZERO_ALLOC, /* memset when allocated: the kernel's way, inside lock and race window */
	POOL_ZERO_FREE,  /* memset when freed */
	POOL_ZERO_AHEAD, /* taken from pages zeroed by page_cache_refill(), outside the clock */
};

enum pool_mem {
	POOL_MEM_LOCAL,      /* the node of the cache's worker (2019) */
	POOL_MEM_BIND,       /* config.node for everything, binding enforced */
	POOL_MEM_DEVICE,     /* config.node, as later kernels do: the device's node */
	POOL_MEM_INTERLEAVE, /* round robin over the nodes with memory */
	POOL_MEM_REMOTE,     /* the node each cache is created with, binding enforced */
};

enum pool_source {
	POOL_SOURCE_POOL,     /* chunks, batches, a cache for each worker */
	POOL_SOURCE_ARENA,    /* each page from the node's jemalloc arena, no thread cache */
	POOL_SOURCE_JEMALLOC, /* each page from jemalloc as it comes: the thread's arena and cache */
	POOL_SOURCE_MMAP,     /* each page an mmap and a munmap */
};

struct pool_config {
	enum pool_zero zero;
	enum pool_mem mem;
	enum pool_source source;
	unsigned node;        /* OS index, for BIND and DEVICE */
	uint64_t limit_pages; /* page_alloc returns NULL beyond; 0: no limit */
	uint64_t fail_at;     /* the fail_at-th page_alloc of all caches returns NULL, once; 0: none */
	bool poison;          /* fill pages with POOL_POISON when they are freed; not with ZERO_FREE */
};

/*
 * Eight bytes of a page that has been freed: to a page table's walker a leaf, whatever the format and
 * the level, at an address and with bits that nobody writes. So who walks through a freed table finds
 * something that tells, and does not fall into what it takes for another table.
 */
#define POOL_POISON UINT64_C(0xa5a5a5a5a5a5a083)

enum page_state { PAGE_FREE, PAGE_LIVE };

/* 64 bytes beside each page. `owner` and `state` are the pool's; the rest belongs to the holder. */
struct page_desc {
	uint32_t owner;        /* the table that allocated it (pt->id) */
	uint8_t state;         /* enum page_state */
	uint8_t node;          /* home node, index into the pool's nodes */
	uint8_t level;         /* holder: level of the table in this page */
	uint8_t unused;
	uint32_t mark;         /* holder: scratch of an audit */
	uint32_t generation;   /* times this page was allocated */
	struct page_desc *next; /* pool: free list; holder: gather and limbo lists */
	void *page;
	uint32_t worker;       /* holder: who allocated it */
	uint32_t unused2;
	uint64_t reserved[3];
};
_Static_assert(sizeof(struct page_desc) == 64, "eight pages of descriptors to a chunk");

struct pool;
struct pool_cache;

/* Do these go together? EXIT_USAGE, the text names flags and the remedy. Any thread. */
int pool_check(const struct pool_config *config, struct err *err);
/* EXIT_USAGE as above. EXIT_NO_RESOURCE in err when a bound node does not exist or binding is refused. */
int pool_create(struct pool **out, const struct pool_config *config, struct err *err);
/* All caches destroyed before. Frees every chunk. */
void pool_destroy(struct pool *pool);
/* A warning worth telling (mbind refused and the like), or NULL. */
const char *pool_warning(const struct pool *pool);

/*
 * On the worker's own pinned thread; home_node is the OS index of the node its pages come from
 * (BIND and DEVICE: config.node instead). NULL: no memory, or REMOTE and no such node.
 */
struct pool_cache *pool_cache_create(struct pool *pool, unsigned home_node);
/* Hands the cached pages back to the pool. */
void pool_cache_destroy(struct pool_cache *cache);

/* A zeroed page in state PAGE_LIVE, or NULL (limit reached, no memory). */
void *page_alloc(struct pool_cache *cache, uint32_t owner);
/* Any cache of the same pool may free a page; it goes back to its home node. */
void page_free(struct pool_cache *cache, void *page);
/* ZERO_AHEAD: zero pages for the next allocations. Otherwise nothing. Outside the clock. */
void page_cache_refill(struct pool_cache *cache);
/*
 * Make sure that this cache's node has `pages` free, faulted-in pages. 0 or -ENOMEM. Sources other
 * than the pool keep none: nothing happens.
 */
int pool_reserve(struct pool_cache *cache, size_t pages);

/*
 * Take back what the caches hold, reservations too, and put the free pages of each node into an order
 * that follows from `seed` alone, so that the next tables lie elsewhere than the last: pages are handed
 * out last in, first out. At rest only. Other sources than the pool keep no free pages: nothing happens.
 */
void pool_shuffle(struct pool *pool, uint64_t seed);

/* The descriptor of a page that came from any pool. */
#ifdef IOPT_SANITIZED
struct page_desc *page_desc(const void *page);
#else
/* Pools alive whose pages come one by one. While there are none, every page lies in a chunk. */
extern atomic_uint pool_singles;
/* The descriptor of a page that came by itself; NULL: it lies in a chunk. */
struct page_desc *page_desc_single(const void *page);

static inline struct page_desc *page_desc(const void *page)
{
	uintptr_t offset = (uintptr_t)page & (POOL_CHUNK_BYTES - 1);

	/* relaxed: who has a page has it from a pool that was counted before */
	if (__builtin_expect(at_load(&pool_singles, relaxed) != 0, 0)) {
		struct page_desc *single = page_desc_single(page);

		if (single)
			return single;
	}
	return (struct page_desc *)((uintptr_t)page - offset) + offset / PAGE_BYTES;
}
#endif

/* Every live page of `owner` (0: of anybody), in no order. At rest only. */
void pool_each(struct pool *pool, uint32_t owner, void (*fn)(void *ctx, struct page_desc *page),
	       void *ctx);

struct pool_stats {
	uint64_t allocated, freed; /* by page_alloc and page_free, all caches, past ones too */
	uint64_t chunks;           /* 2 MiB each */
	uint64_t bytes;            /* address space held by chunks and arenas */
	uint64_t peak_live;        /* upper bound: sum of the caches' own peaks */
	uint64_t zeroed_late;      /* ZERO_AHEAD: allocations that found no page zeroed before */
};
/* At rest only. */
struct pool_stats pool_stats(struct pool *pool);
/*
 * Where live pages of `owner` (0: anybody's) really are: fn for each with its OS node, as the kernel
 * tells (move_pages). At rest only. False when it will not tell; fn may have been called for some.
 */
bool pool_where(struct pool *pool, uint32_t owner,
		void (*fn)(void *ctx, const struct page_desc *page, unsigned os_node), void *ctx);
