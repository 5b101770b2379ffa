/*
 * single.h - pages taken and given back one by one: from a node's arena, from jemalloc as any
 * program meets it, or from the kernel. Private to the pool.
 *
 * Any number of threads at once; a page may be given back by another thread than took it.
 */
#pragma once

#include "mem/depot.h"
#include "mem/pool.h"

/*
 * A zeroed page and its descriptor, whose `page`, `node` and pool are set. For POOL_SOURCE_ARENA the
 * depot was opened with its arena (`now`). NULL: no memory.
 */
struct page_desc *single_take(enum pool_source source, struct depot *depot, const struct pool *pool);
/* The address may belong to somebody else when this returns. */
void single_give(enum pool_source source, struct depot *depot, struct page_desc *page);
/* At rest: the pages of this pool that were taken and not given back. */
void single_each(const struct pool *pool, void (*fn)(void *ctx, struct page_desc *page), void *ctx);
