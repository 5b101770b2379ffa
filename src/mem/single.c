#include "mem/single.h"

#include <sys/mman.h>

#include "mem/page_map.h"

/* Whose page it is, while nobody links it into a batch. */
enum { RESERVED_POOL };

static void *take(enum pool_source source, struct depot *depot)
{
	void *p;

	switch (source) {
	case POOL_SOURCE_POOL:
		break;
	case POOL_SOURCE_ARENA:
		return depot->arena.exists ? arena_alloc(&depot->arena, PAGE_BYTES, PAGE_BYTES) : NULL;
	case POOL_SOURCE_JEMALLOC:
		return mallocx(PAGE_BYTES, MALLOCX_ALIGN(PAGE_BYTES) | MALLOCX_ZERO);
	case POOL_SOURCE_MMAP:
		/* faulted in, and so zeroed, inside the call */
		p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		return p == MAP_FAILED ? NULL : p;
	}
	return NULL;
}

static void give(enum pool_source source, struct depot *depot, void *page)
{
	if (source == POOL_SOURCE_ARENA)
		arena_free(&depot->arena, page);
	else if (source == POOL_SOURCE_JEMALLOC)
		dallocx(page, 0);
	else if (munmap(page, PAGE_BYTES))
		/* a hole in a mapping counts as a mapping, and those are limited: give back the memory */
		madvise(page, PAGE_BYTES, MADV_DONTNEED);
}

struct page_desc *single_take(enum pool_source source, struct depot *depot, const struct pool *pool)
{
	void *page = take(source, depot);
	struct page_desc *d = page ? page_map_make(page) : NULL;

	if (page && !d)
		give(source, depot, page);
	if (!d)
		return NULL;
	d->page = page;
	d->node = depot->index;
	d->reserved[RESERVED_POOL] = (uint64_t)(uintptr_t)pool;
	return d;
}

void single_give(enum pool_source source, struct depot *depot, struct page_desc *d)
{
	void *page = d->page;

	d->page = NULL; /* before anybody else can be given the address */
	give(source, depot, page);
}

struct finder {
	uint64_t pool;
	void (*fn)(void *ctx, struct page_desc *page);
	void *ctx;
};

static void if_ours(void *ctx, struct page_desc *d)
{
	const struct finder *f = ctx;

	if (d->page && d->reserved[RESERVED_POOL] == f->pool)
		f->fn(f->ctx, d);
}

void single_each(const struct pool *pool, void (*fn)(void *ctx, struct page_desc *page), void *ctx)
{
	struct finder f = { (uint64_t)(uintptr_t)pool, fn, ctx };

	page_map_each(if_ours, &f);
}
