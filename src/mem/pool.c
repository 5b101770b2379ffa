#include "mem/pool.h"

#include <assert.h>
#include <errno.h>
#include <numa.h>
#include <stdlib.h>
#include <string.h>

#include "mem/policy.h"
#include "mem/pool_internal.h"
#include "mem/shelf.h"
#include "mem/single.h"

struct pool_cache {
	alignas(CACHE_ALIGN) struct pool *pool;
	unsigned home;            /* index of the node that its pages come from */
	unsigned turn;            /* INTERLEAVE: index of the next page's node */
	uint64_t allocated, freed, zeroed_late;
	int64_t peak;             /* of allocated - freed, which may be negative */
	struct pool_cache *next, **prev; /* the pool's list, under its lock */
	struct shelf shelf[];     /* by node */
};

struct pool {
	struct pool_config config;
	unsigned nnodes;
	bool fills_freed;         /* with zeroes or poison */
	bool rationed;            /* by limit_pages or fail_at: every allocation asks first */
	pthread_mutex_t lock;     /* guards caches and past */
	struct pool_cache *caches;
	struct pool_stats past;   /* of caches destroyed */
	char warning[160];
	/* only when rationed, so that it is exact; a measured pool is not and shares nothing */
	alignas(CACHE_ALIGN) atomic_uint_fast64_t live, asked;
	struct depot depot[];     /* by node */
};

/* Do its pages come one by one? */
static bool single(const struct pool *pool)
{
	return pool->config.source != POOL_SOURCE_POOL;
}

int pool_create_nodes(struct pool **out, const struct pool_config *config, const unsigned *os_nodes,
		      unsigned nnodes, struct err *err)
{
	size_t bytes = sizeof(struct pool) + nnodes * sizeof(struct depot);
	size_t whole = (bytes + CACHE_ALIGN - 1) / CACHE_ALIGN * CACHE_ALIGN;
	struct pool *pool = aligned_alloc(CACHE_ALIGN, whole);
	enum arena_policy policy = ARENA_ANYWHERE;
	int rc;

	if (!pool)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a page pool");
	memset(pool, 0, bytes);
	pool->config = *config;
	pool->nnodes = nnodes;
	pool->fills_freed = config->zero == POOL_ZERO_FREE || config->poison;
	pool->rationed = config->limit_pages || config->fail_at;
	rc = pool_check(config, err);
	if (!rc)
		rc = policy_settle(config, os_nodes, nnodes, &policy, pool->warning,
				   sizeof(pool->warning), err);
	if (rc) {
		free(pool);
		return rc;
	}
	pthread_mutex_init(&pool->lock, NULL);
	at_init(&pool->live, 0);
	at_init(&pool->asked, 0);
	for (unsigned i = 0; i < nnodes; i++)
		depot_init(&pool->depot[i], policy, os_nodes[i], (uint8_t)i,
			   config->source == POOL_SOURCE_ARENA);
	if (single(pool))
		at_add(&pool_singles, 1, relaxed); /* ordered by whoever hands the pool to others */
	*out = pool;
	return 0;
}

int pool_create(struct pool **out, const struct pool_config *config, struct err *err)
{
	unsigned os_nodes[POOL_NODES_MAX];
	unsigned n = policy_nodes(os_nodes);

	return pool_create_nodes(out, config, os_nodes, n, err);
}

static void give_single(void *ctx, struct page_desc *page)
{
	struct pool *pool = ctx;

	single_give(pool->config.source, &pool->depot[page->node], page);
}

void pool_destroy(struct pool *pool)
{
	if (single(pool)) {
		single_each(pool, give_single, pool);
		at_sub(&pool_singles, 1, relaxed); /* nobody has a page of it any more */
	}
	for (unsigned i = 0; i < pool->nnodes; i++)
		depot_destroy(&pool->depot[i]);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

const char *pool_warning(const struct pool *pool)
{
	return pool->warning[0] ? pool->warning : NULL;
}

/* Index of the pool's node nearest to an OS node. */
static unsigned nearest(const struct pool *pool, unsigned os_node)
{
	unsigned best = 0;
	int least = -1;

	for (unsigned i = 0; i < pool->nnodes; i++) {
		int distance;

		if (pool->depot[i].os_node == os_node)
			return i;
		if (numa_available() < 0 || os_node > (unsigned)numa_max_node())
			continue;
		distance = numa_distance((int)os_node, (int)pool->depot[i].os_node);
		if (distance > 0 && (least < 0 || distance < least)) {
			least = distance;
			best = i;
		}
	}
	return best;
}

struct pool_cache *pool_cache_create(struct pool *pool, unsigned home_node)
{
	bool named = policy_names_node(&pool->config);
	unsigned home = nearest(pool, named ? pool->config.node : home_node);
	size_t bytes = sizeof(struct pool_cache) + pool->nnodes * sizeof(struct shelf);
	struct pool_cache *cache;

	if (pool->config.mem == POOL_MEM_REMOTE && pool->depot[home].os_node != home_node)
		return NULL;
	/* beside the pages it hands out, on their node */
	cache = depot_alloc(&pool->depot[home], bytes);
	if (!cache)
		return NULL;
	cache->pool = pool;
	cache->home = home;
	cache->turn = home;
	pthread_mutex_lock(&pool->lock);
	cache->next = pool->caches;
	cache->prev = &pool->caches;
	if (cache->next)
		cache->next->prev = &cache->next;
	pool->caches = cache;
	pthread_mutex_unlock(&pool->lock);
	return cache;
}

static void add_counts(struct pool_stats *s, const struct pool_cache *cache)
{
	s->allocated += cache->allocated;
	s->freed += cache->freed;
	s->zeroed_late += cache->zeroed_late;
	s->peak_live += (uint64_t)cache->peak;
}

void pool_cache_destroy(struct pool_cache *cache)
{
	struct pool *pool = cache->pool;

	for (unsigned i = 0; i < pool->nnodes; i++)
		shelf_clear(&cache->shelf[i], &pool->depot[i]);
	pthread_mutex_lock(&pool->lock);
	add_counts(&pool->past, cache);
	*cache->prev = cache->next;
	if (cache->next)
		cache->next->prev = cache->prev;
	pthread_mutex_unlock(&pool->lock);
	depot_free(&pool->depot[cache->home], cache);
}

/* Relaxed: the counts order nothing; a compare-exchange never lets one pass the limit. */
static bool ration_take(struct pool *pool)
{
	uint_fast64_t live = at_load(&pool->live, relaxed);

	if (at_add(&pool->asked, 1, relaxed) + 1 == pool->config.fail_at)
		return false;
	do {
		if (pool->config.limit_pages && live >= pool->config.limit_pages)
			return false;
	} while (!at_cas_weak(&pool->live, &live, live + 1, relaxed, relaxed));
	return true;
}

/* Make `loaded` hold a page. False: no memory. */
static bool reload(struct pool_cache *cache, unsigned node)
{
	struct shelf *shelf = &cache->shelf[node];

	if (shelf->spare.n) {
		shelf->loaded = shelf->spare;
		shelf->spare = (struct batch){ NULL, 0 };
	} else if (shelf->stock.n) {
		shelf->loaded = batch_list_pop(&shelf->stock);
	} else {
		shelf->loaded = depot_take(&cache->pool->depot[node]);
	}
	return shelf->loaded.n > 0;
}

/* The node of the next page. */
static unsigned next_node(struct pool_cache *cache)
{
	unsigned node = cache->turn;

	if (cache->pool->config.mem != POOL_MEM_INTERLEAVE)
		return cache->home;
	cache->turn = node + 1 == cache->pool->nnodes ? 0 : node + 1;
	return node;
}

static struct page_desc *take_zeroed(struct pool_cache *cache)
{
	enum pool_zero zero = cache->pool->config.zero;
	unsigned node = next_node(cache);
	struct shelf *shelf = &cache->shelf[node];
	struct page_desc *d;

	if (single(cache->pool))
		return single_take(cache->pool->config.source, &cache->pool->depot[node], cache->pool);
	if (zero == POOL_ZERO_AHEAD && shelf->ahead.n)
		return batch_pop(&shelf->ahead);
	if (!shelf->loaded.n && !reload(cache, node))
		return NULL;
	d = batch_pop(&shelf->loaded);
	if (zero != POOL_ZERO_FREE)
		memset(d->page, 0, PAGE_BYTES);
	if (zero == POOL_ZERO_AHEAD)
		cache->zeroed_late++;
	return d;
}

void *page_alloc(struct pool_cache *cache, uint32_t owner)
{
	struct pool *pool = cache->pool;
	struct page_desc *d;
	int64_t live;

	if (pool->rationed && !ration_take(pool))
		return NULL;
	d = take_zeroed(cache);
	if (!d) {
		if (pool->rationed)
			at_sub(&pool->live, 1, relaxed); /* as in ration_take() */
		return NULL;
	}
	d->owner = owner;
	d->state = PAGE_LIVE;
	d->level = 0;
	d->mark = 0;
	d->generation++;
	d->next = NULL;
	cache->allocated++;
	live = (int64_t)(cache->allocated - cache->freed);
	if (live > cache->peak)
		cache->peak = live;
	return d->page;
}

static void fill_freed(const struct pool *pool, struct page_desc *d)
{
	uint64_t *word = d->page;

	if (pool->config.zero == POOL_ZERO_FREE)
		memset(d->page, 0, PAGE_BYTES);
	else
		for (unsigned i = 0; i < PAGE_BYTES / sizeof(*word); i++)
			word[i] = POOL_POISON;
}

/* Onto the shelf of its node. */
static void put_away(struct pool_cache *cache, struct page_desc *d)
{
	struct pool *pool = cache->pool;
	struct shelf *shelf = &cache->shelf[d->node];
	bool foreign = d->node != cache->home && pool->config.mem != POOL_MEM_INTERLEAVE;

	if (pool->fills_freed)
		fill_freed(pool, d);
	if (shelf->loaded.n == BATCH_PAGES) {
		if (shelf->spare.n)
			depot_give(&pool->depot[d->node], &shelf->spare);
		shelf->spare = shelf->loaded;
		shelf->loaded = (struct batch){ NULL, 0 };
	}
	batch_push(&shelf->loaded, d);
	if (foreign && shelf->loaded.n == BATCH_PAGES)
		depot_give(&pool->depot[d->node], &shelf->loaded);
}

void page_free(struct pool_cache *cache, void *page)
{
	struct pool *pool = cache->pool;
	struct page_desc *d = page_desc(page);

	assert(d->state == PAGE_LIVE); /* a line that is written below: no cost */
	d->state = PAGE_FREE;
	if (single(pool))
		single_give(pool->config.source, &pool->depot[d->node], d);
	else
		put_away(cache, d);
	cache->freed++;
	if (pool->rationed)
		at_sub(&pool->live, 1, relaxed); /* as in ration_take() */
}

void page_cache_refill(struct pool_cache *cache)
{
	struct pool *pool = cache->pool;

	if (pool->config.zero != POOL_ZERO_AHEAD)
		return;
	for (unsigned i = 0; i < pool->nnodes; i++) {
		struct shelf *shelf = &cache->shelf[i];

		if (i != cache->home && pool->config.mem != POOL_MEM_INTERLEAVE)
			continue;
		while (shelf->ahead.n < BATCH_PAGES && (shelf->loaded.n || reload(cache, i))) {
			struct page_desc *d = batch_pop(&shelf->loaded);

			memset(d->page, 0, PAGE_BYTES);
			batch_push(&shelf->ahead, d);
		}
	}
}

int pool_reserve(struct pool_cache *cache, size_t pages)
{
	struct pool *pool = cache->pool;
	unsigned share = pool->config.mem == POOL_MEM_INTERLEAVE ? pool->nnodes : 1;

	for (unsigned i = 0; i < pool->nnodes && !single(pool); i++)
		if ((share > 1 || i == cache->home) &&
		    shelf_reserve(&cache->shelf[i], &pool->depot[i], (pages + share - 1) / share))
			return -ENOMEM;
	return 0;
}

void pool_shuffle(struct pool *pool, uint64_t seed)
{
	for (unsigned i = 0; i < pool->nnodes && !single(pool); i++) {
		for (struct pool_cache *cache = pool->caches; cache; cache = cache->next)
			shelf_clear(&cache->shelf[i], &pool->depot[i]);
		depot_shuffle(&pool->depot[i], seed + i);
	}
}

struct live_filter {
	uint32_t owner;
	void (*fn)(void *ctx, struct page_desc *page);
	void *ctx;
};

static void each_live(void *ctx, struct page_desc *page)
{
	const struct live_filter *f = ctx;

	if (page->state == PAGE_LIVE && (!f->owner || page->owner == f->owner))
		f->fn(f->ctx, page);
}

void pool_each(struct pool *pool, uint32_t owner, void (*fn)(void *ctx, struct page_desc *page),
	       void *ctx)
{
	struct live_filter f = { owner, fn, ctx };

	if (single(pool))
		single_each(pool, each_live, &f);
	for (unsigned i = 0; i < pool->nnodes; i++)
		depot_each(&pool->depot[i], each_live, &f);
}

struct pool_stats pool_stats(struct pool *pool)
{
	struct pool_stats s = pool->past;

	for (struct pool_cache *cache = pool->caches; cache; cache = cache->next)
		add_counts(&s, cache);
	for (unsigned i = 0; i < pool->nnodes; i++) {
		s.chunks += pool->depot[i].nchunks;
		s.bytes += at_load(&pool->depot[i].arena.bytes, relaxed); /* at rest */
	}
	return s;
}
