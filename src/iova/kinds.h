/*
 * kinds.h - the rows of iova_kinds, and how all of them count. For src/iova only: others ask
 * iova_kind_find(). create() finds its config checked by iova_create(), and fills the heads: struct
 * iova by hand, those of the workers by iova_worker_init().
 */
#pragma once

#include "iova/iova.h"

extern const struct iova_kind iova_fixed, iova_rbtree, iova_rcache, iova_percpu, iova_bitmap, iova_eager;

/* Everything zero but for the kind. */
static inline void iova_worker_init(struct iova_worker *w, const struct iova_kind *kind)
{
	*w = (struct iova_worker){ .kind = kind };
}

/* A power of two, not below `pages`: what a range is aligned to. */
static inline uint64_t iova_alignment(uint64_t pages)
{
	return pages > 1 ? 2ull << (63 - __builtin_clzll(pages - 1)) : 1;
}

/* Of what alloc() is about to return. */
static inline uint64_t iova_counted(struct iova_worker *w, const struct iova_config *config, uint64_t iova,
				    uint64_t pages)
{
	if (iova == IOVA_NONE) {
		w->n.failed++;
		return IOVA_NONE;
	}
	w->n.allocated++;
	w->n.pages_allocated += pages;
	w->n.beyond_window += iova >= config->window_bytes;
	return iova;
}

/* Of what free() was given. */
static inline void iova_count_free(struct iova_worker *w, uint64_t pages)
{
	w->n.freed++;
	w->n.pages_freed += pages;
}
