/*
 * iova.h - who owns which range of I/O virtual addresses: allocators behind one small interface.
 *
 * An allocator hands out ranges of whole 4 KiB pages. As long as a range is not freed it belongs to
 * who got it: that ownership is the range lock the lockless page tables lean on. Ranges of fewer than
 * 32 pages are rounded up to a power of two; every range is aligned to its size, rounded up to one.
 * Page 0 is never given out, so that 0 can mean "none".
 *
 * The window (the 32-bit addresses of old devices) is tried first, then the whole space, from the top
 * down: that is when a table jumps to its full height.
 *
 * Who may run beside whom: each worker with its own struct iova_worker; alloc and free at any time
 * beside each other, and a range may be freed by another worker than the one that got it (the caller
 * hands it over with whatever order its queue has). Creating, destroying, usage: at rest.
 *
 * Source: behaviour of the Linux IOVA allocator as described in docs/iova.md; the code is ours.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"

#define IOVA_PAGE_LG2 12u
#define IOVA_NONE 0ull
#define IOVA_ORDERS 6u /* magazines hold ranges of 1, 2, … 32 pages */

struct iova;
struct iova_kind;
struct iova_worker;

/* Counted where it happens, by one writer: the worker. Read at rest. */
struct iova_count {
	uint64_t allocated, freed;             /* calls that succeeded */
	uint64_t pages_allocated, pages_freed; /* as rounded */
	uint64_t failed;                       /* no room */
	uint64_t beyond_window;                /* ranges that did not lie in the window */
	uint64_t shared;    /* calls that went to what workers share: the tree, the depot, others' arenas */
	uint64_t steps;     /* nodes or words looked at in there */
	uint64_t refills;   /* magazines filled (from the depot, or eagerly) */
	uint64_t prepared_bytes; /* eager: for how much address space tables were asked for in advance */
};

struct iova_config {
	unsigned workers;
	uint64_t window_bytes;  /* a power of two, 1 MiB .. 4 GiB: addresses below it are tried first */
	unsigned space_lg2;     /* addresses are below 1 << this; 64 at most, the window at least */
	/*
	 * `eager`: build the tables that the leaves of [iova, iova + bytes) will lie in, as the caller is
	 * going to map them, for a range that is not yet given out, on behalf of the worker whose ctx this
	 * is. Called with the allocator's lock held, one worker at a time. 0, or -ENOMEM and the range is
	 * given out without. May be NULL.
	 */
	int (*prepare)(void *ctx, uint64_t iova, uint64_t bytes);
};

struct iova_kind {
	const char *name;  /* "rbtree" */
	const char *help;  /* one line for `iopt list` */
	bool eager;        /* calls prepare */
	/* Behind the functions below. alloc: `pages` is rounded already, `fixed` as in iova_alloc(). */
	int (*create)(struct iova **out, const struct iova_kind *kind, const struct iova_config *config);
	void (*destroy)(struct iova *a);
	struct iova_worker *(*worker)(struct iova *a, unsigned id);
	uint64_t (*alloc)(struct iova_worker *w, uint64_t pages, uint64_t fixed);
	void (*free)(struct iova_worker *w, uint64_t iova, uint64_t pages);
	/* Pages that nobody owns but that are not back in the tree: in magazines, depots, lists. */
	uint64_t (*cached)(struct iova *a);
	/* Memory at most, for so many ranges of up to `pages` pages, freed by who got them. NULL: next to none. */
	uint64_t (*bytes)(const struct iova_config *config, uint64_t ranges, uint64_t pages);
	/* Bytes that can be given out at most. NULL: the whole space. */
	uint64_t (*capacity)(const struct iova_config *config);
	/* Give those back, so that all that is free is one; at rest. May be NULL: there are none. */
	void (*drain)(struct iova *a);
};

/* The head of every kind's allocator. */
struct iova {
	const struct iova_kind *kind;
	struct iova_config config;
};

/* Ends with NULL. The first is `fixed`. */
extern const struct iova_kind *const iova_kinds[];
const struct iova_kind *iova_kind_find(const char *name); /* NULL: there is none */

/* The head of every kind's worker; cache-aligned, memory belongs to the allocator. */
struct iova_worker {
	alignas(CACHE_ALIGN) const struct iova_kind *kind;
	void *ctx;            /* of the caller, for prepare() */
	struct iova_count n;
};

/* 0, -EINVAL for a window or space out of range, -ENOMEM. */
int iova_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config);
void iova_destroy(struct iova *a);
/* Bytes that such an allocator could give out at most, page 0 among them; of a config that create takes. */
uint64_t iova_capacity(const struct iova_kind *kind, const struct iova_config *config);
/* What memory such an allocator takes, about, while `ranges` of up to `pages` pages are given out; bytes. */
uint64_t iova_bytes(const struct iova_kind *kind, const struct iova_config *config, uint64_t ranges,
		    uint64_t pages);
/* id in [0, workers). */
struct iova_worker *iova_worker(struct iova *a, unsigned id);
uint64_t iova_cached(struct iova *a);
void iova_drain(struct iova *a);

/* As ranges are rounded. */
static inline uint64_t iova_rounded(uint64_t pages)
{
	return pages > 1 && pages < 1u << (IOVA_ORDERS - 1) ? 2ull << (63 - __builtin_clzll(pages - 1)) : pages;
}

/*
 * A range of `pages` pages (1 .. 2^20, larger ones only up to 1 GiB): its first address, or IOVA_NONE
 * when there is no room. `fixed` is what the caller would use if nobody allocated: kind `fixed` gives
 * it back, and looks at nothing; the others do not look at it.
 */
static inline uint64_t iova_alloc(struct iova_worker *w, uint64_t pages, uint64_t fixed)
{
	return w->kind->alloc(w, iova_rounded(pages), fixed);
}

/* A range as it was allocated: all of it. */
static inline void iova_free(struct iova_worker *w, uint64_t iova, uint64_t pages)
{
	w->kind->free(w, iova, iova_rounded(pages));
}
