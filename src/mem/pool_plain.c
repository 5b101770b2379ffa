/*
 * pool_plain.c - the pool of sanitizer builds: one aligned_alloc per page, descriptor behind it, so
 * that ASan and TSan see every page come and go. Same contract as pool.c, no caching, no NUMA, no
 * other source.
 */
#include "mem/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pool {
	pthread_mutex_t lock;
	struct pool_config config;
	struct page_desc *live; /* doubly linked through next and reserved[0] */
	uint64_t allocated, freed, peak, asked;
};

struct pool_cache {
	struct pool *pool;
};

struct page_desc *page_desc(const void *page)
{
	return (struct page_desc *)((char *)(uintptr_t)page + PAGE_BYTES);
}

int pool_create(struct pool **out, const struct pool_config *config, struct err *err)
{
	struct pool *pool;

	if (pool_check(config, err))
		return err->code;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a page pool");
	pthread_mutex_init(&pool->lock, NULL);
	pool->config = *config;
	*out = pool;
	return 0;
}

static void unlink_live(struct pool *pool, struct page_desc *d)
{
	struct page_desc *prev = (struct page_desc *)(uintptr_t)d->reserved[0];
	struct page_desc *next = (struct page_desc *)(uintptr_t)d->reserved[1];

	if (prev)
		prev->reserved[1] = (uint64_t)(uintptr_t)next;
	else
		pool->live = next;
	if (next)
		next->reserved[0] = (uint64_t)(uintptr_t)prev;
}

void pool_destroy(struct pool *pool)
{
	while (pool->live) {
		struct page_desc *d = pool->live;

		unlink_live(pool, d);
		free(d->page);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

const char *pool_warning(const struct pool *pool)
{
	return pool->config.source == POOL_SOURCE_POOL ? NULL :
	       "a sanitizer build takes every table page from aligned_alloc, whatever --page-source";
}

struct pool_cache *pool_cache_create(struct pool *pool, unsigned home_node)
{
	struct pool_cache *cache = calloc(1, sizeof(*cache));

	(void)home_node;
	if (cache)
		cache->pool = pool;
	return cache;
}

void pool_cache_destroy(struct pool_cache *cache)
{
	free(cache);
}

/* Under the lock. */
static bool refused(struct pool *pool)
{
	uint64_t limit = pool->config.limit_pages;

	return ++pool->asked == pool->config.fail_at ||
	       (limit && pool->allocated - pool->freed >= limit);
}

void *page_alloc(struct pool_cache *cache, uint32_t owner)
{
	struct pool *pool = cache->pool;
	char *page = aligned_alloc(PAGE_BYTES, 2 * PAGE_BYTES);
	struct page_desc *d;

	if (!page)
		return NULL;
	d = page_desc(page);
	*d = (struct page_desc){ .owner = owner, .state = PAGE_LIVE, .page = page };
	pthread_mutex_lock(&pool->lock);
	if (refused(pool)) {
		pthread_mutex_unlock(&pool->lock);
		free(page);
		return NULL;
	}
	pool->allocated++;
	if (pool->allocated - pool->freed > pool->peak)
		pool->peak = pool->allocated - pool->freed;
	d->reserved[1] = (uint64_t)(uintptr_t)pool->live;
	if (pool->live)
		pool->live->reserved[0] = (uint64_t)(uintptr_t)d;
	pool->live = d;
	pthread_mutex_unlock(&pool->lock);
	/* Last: a lock taken after it would order the zeroes for others, and hide a missing order. */
	memset(page, 0, PAGE_BYTES);
	return page;
}

void page_free(struct pool_cache *cache, void *page)
{
	struct pool *pool = cache->pool;

	if (pool->config.poison) /* a walker in it is caught in the act, whatever the sanitizer is */
		for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++)
			((uint64_t *)page)[i] = POOL_POISON;
	pthread_mutex_lock(&pool->lock);
	unlink_live(pool, page_desc(page));
	pool->freed++;
	pthread_mutex_unlock(&pool->lock);
	free(page);
}

void page_cache_refill(struct pool_cache *cache)
{
	(void)cache;
}

int pool_reserve(struct pool_cache *cache, size_t pages)
{
	(void)cache;
	(void)pages;
	return 0;
}

/* The sanitizer keeps what is freed for a while: the next pages are others anyway. */
void pool_shuffle(struct pool *pool, uint64_t seed)
{
	(void)pool;
	(void)seed;
}

void pool_each(struct pool *pool, uint32_t owner, void (*fn)(void *ctx, struct page_desc *page),
	       void *ctx)
{
	struct page_desc *d = pool->live;

	while (d) {
		struct page_desc *next = (struct page_desc *)(uintptr_t)d->reserved[1];

		if (!owner || d->owner == owner)
			fn(ctx, d);
		d = next;
	}
}

struct pool_stats pool_stats(struct pool *pool)
{
	return (struct pool_stats){ .allocated = pool->allocated,
				    .freed = pool->freed,
				    .bytes = (pool->allocated - pool->freed) * 2 * PAGE_BYTES,
				    .peak_live = pool->peak };
}

bool pool_where(struct pool *pool, uint32_t owner,
		void (*fn)(void *ctx, const struct page_desc *page, unsigned os_node), void *ctx)
{
	(void)pool;
	(void)owner;
	(void)fn;
	(void)ctx;
	return false;
}
