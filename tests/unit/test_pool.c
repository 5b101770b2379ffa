/* The contract of both pools; what only the real one has is in test_pool_numa.c. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/pool.h"
#include "sys/atomic.h"

#define MANY 1000u

static struct pool *new_pool(enum pool_zero zero, uint64_t limit_pages)
{
	struct pool_config config = { .zero = zero, .limit_pages = limit_pages };
	struct pool *pool = NULL;
	struct err err;

	assert_int_equal(pool_create(&pool, &config, &err), 0);
	return pool;
}

static bool is_zero(const void *page)
{
	const unsigned char *p = page;

	return !p[0] && !memcmp(p, p + 1, PAGE_BYTES - 1);
}

static void count_page(void *ctx, struct page_desc *page)
{
	(void)page;
	++*(uint64_t *)ctx;
}

static uint64_t live(struct pool *pool, uint32_t owner)
{
	uint64_t n = 0;

	pool_each(pool, owner, count_page, &n);
	return n;
}

static void test_descriptors(void **state)
{
	struct pool *pool = new_pool(POOL_ZERO_ALLOC, 0);
	struct pool_cache *cache = pool_cache_create(pool, 0);
	static void *pages[MANY];

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct page_desc *d;

		pages[i] = page_alloc(cache, i + 1);
		assert_non_null(pages[i]);
		assert_int_equal((uintptr_t)pages[i] % PAGE_BYTES, 0);
		d = page_desc(pages[i]);
		assert_ptr_equal(d->page, pages[i]);
		assert_int_equal(d->owner, i + 1);
		assert_int_equal(d->state, PAGE_LIVE);
		d->mark = i;
		memset(pages[i], 0xff, PAGE_BYTES); /* must reach no descriptor */
	}
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(page_desc(pages[i])->mark, i);
		assert_int_equal(live(pool, i + 1), 1);
	}
	assert_int_equal(live(pool, 0), MANY);
	for (uint32_t i = 0; i < MANY; i += 2)
		page_free(cache, pages[i]);
	assert_int_equal(live(pool, 0), MANY / 2);
	assert_int_equal(live(pool, 1), 0);
	assert_int_equal(live(pool, 2), 1);
	for (uint32_t i = 1; i < MANY; i += 2)
		page_free(cache, pages[i]);
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

static void test_zeroed(void **state)
{
	static void *pages[MANY];

	(void)state;
	for (enum pool_zero zero = POOL_ZERO_ALLOC; zero <= POOL_ZERO_AHEAD; zero++) {
		struct pool *pool = new_pool(zero, 0);
		struct pool_cache *cache = pool_cache_create(pool, 0);

		for (int round = 0; round < 5; round++) {
			for (unsigned i = 0; i < MANY; i++) {
				if (round & 1 && i % 100 == 0)
					page_cache_refill(cache);
				pages[i] = page_alloc(cache, 1);
				assert_non_null(pages[i]);
				assert_true(is_zero(pages[i]));
				memset(pages[i], 0xa5, PAGE_BYTES);
			}
			for (unsigned i = 0; i < MANY; i++)
				page_free(cache, pages[i]);
		}
		pool_cache_destroy(cache);
		/* dirty pages that went through the pool */
		cache = pool_cache_create(pool, 0);
		for (unsigned i = 0; i < MANY; i++) {
			pages[i] = page_alloc(cache, 1);
			assert_true(is_zero(pages[i]));
		}
		for (unsigned i = 0; i < MANY; i++)
			page_free(cache, pages[i]);
		pool_cache_destroy(cache);
		pool_destroy(pool);
	}
}

static void test_counts(void **state)
{
	struct pool *pool = new_pool(POOL_ZERO_ALLOC, 0);
	struct pool_cache *a = pool_cache_create(pool, 0), *b = pool_cache_create(pool, 0);
	static void *pages[MANY];
	struct pool_stats s;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		pages[i] = page_alloc(a, 1);
	for (unsigned i = 0; i < MANY; i++)
		page_free(i % 3 ? a : b, pages[i]);
	s = pool_stats(pool);
	assert_int_equal(s.allocated, MANY);
	assert_int_equal(s.freed, MANY);
	assert_int_equal(s.peak_live, MANY);
	pool_cache_destroy(a); /* counts outlive their cache */
	s = pool_stats(pool);
	assert_int_equal(s.allocated, MANY);
	assert_int_equal(s.freed, MANY);
	pages[0] = page_alloc(b, 1);
	assert_int_equal(pool_stats(pool).allocated, MANY + 1);
	assert_int_equal(live(pool, 0), 1);
	page_free(b, pages[0]);
	pool_cache_destroy(b);
	assert_int_equal(pool_stats(pool).freed, MANY + 1);
	pool_destroy(pool);
}

static void test_limit(void **state)
{
	static const uint64_t limits[] = { 1, 2, 71, 72, 73, 504, 505, 1000 };
	static void *pages[MANY];

	(void)state;
	for (size_t k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		struct pool *pool = new_pool(POOL_ZERO_ALLOC, limits[k]);
		struct pool_cache *cache = pool_cache_create(pool, 0);

		for (int round = 0; round < 3; round++) {
			for (uint64_t i = 0; i < limits[k]; i++) {
				pages[i] = page_alloc(cache, 1);
				assert_non_null(pages[i]);
			}
			assert_null(page_alloc(cache, 1));
			page_free(cache, pages[0]);
			pages[0] = page_alloc(cache, 1);
			assert_non_null(pages[0]);
			assert_null(page_alloc(cache, 1));
			assert_int_equal(live(pool, 0), limits[k]);
			for (uint64_t i = 0; i < limits[k]; i++)
				page_free(cache, pages[i]);
		}
		pool_cache_destroy(cache);
		assert_int_equal(pool_stats(pool).allocated, pool_stats(pool).freed);
		pool_destroy(pool);
	}
}

/* The k-th of all caches' allocations fails, and no other; a limit counts on beside it. */
static void test_fail_at(void **state)
{
	for (uint64_t k = 1; k < 6; k++) {
		struct pool_config config = { .fail_at = k, .limit_pages = 4 };
		struct pool_cache *cache[2];
		struct pool *pool = NULL;
		struct err err;
		void *pages[6];

		(void)state;
		assert_int_equal(pool_create(&pool, &config, &err), 0);
		cache[0] = pool_cache_create(pool, 0);
		cache[1] = pool_cache_create(pool, 0);
		for (unsigned i = 0; i < 6; i++) {
			bool full = k <= 4 ? i == 5 : i >= 4;

			pages[i] = page_alloc(cache[i % 2], 1);
			assert_int_equal(!pages[i], i + 1 == k || full);
		}
		assert_int_equal(live(pool, 0), 4);
		for (unsigned i = 0; i < 6; i++)
			if (pages[i])
				page_free(cache[i % 2], pages[i]);
		for (unsigned i = 0; i < 4; i++)
			assert_non_null(page_alloc(cache[0], 1));
		pool_cache_destroy(cache[0]);
		pool_cache_destroy(cache[1]);
		pool_destroy(pool);
	}
}

/*
 * Threads that pass pages to each other through slots: the even ones allocate most, the odd ones
 * free most, so that pages stream through the pool and not only through caches.
 */
#define SLOTS 512u
#define STEPS 20000u
#define THREADS_MAX 8u

struct bout {
	struct pool *pool;
	uint64_t limit;
	atomic_uint_fast64_t held; /* an under-count of live pages */
	atomic_uint failures; /* a page in two hands, not zeroed, or beyond the limit */
	atomic_uint refused;
	atomic_uintptr_t slot[SLOTS];
};

struct fighter {
	struct bout *bout;
	unsigned id;
};

static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void give_back(struct bout *b, struct pool_cache *cache, uintptr_t page)
{
	at_sub(&b->held, 1, relaxed);
	page_free(cache, (void *)page);
}

/* A page must be all zero, and stay ours while we hold it. */
static uintptr_t take_checked(struct bout *b, struct pool_cache *cache, unsigned id)
{
	uint64_t *page = page_alloc(cache, id + 1);

	if (!page) {
		at_add(&b->refused, 1, relaxed);
		return 0;
	}
	if (at_add(&b->held, 1, relaxed) >= b->limit && b->limit)
		at_add(&b->failures, 1, relaxed);
	if (!is_zero(page))
		at_add(&b->failures, 1, relaxed);
	memset(page, (int)id + 1, PAGE_BYTES);
	for (int i = 0; i < 20; i++)
		cpu_relax();
	if (page[0] != page[511] || (unsigned char)page[0] != id + 1)
		at_add(&b->failures, 1, relaxed);
	return (uintptr_t)page;
}

static void *fight(void *arg)
{
	struct fighter *f = arg;
	struct bout *b = f->bout;
	struct pool_cache *cache = pool_cache_create(b->pool, 0);
	uint32_t random = 12345 + 977 * f->id;

	for (unsigned i = 0; i < STEPS; i++) {
		uint32_t r = next_random(&random);
		bool take = f->id & 1 ? (r & 7) == 0 : (r & 7) != 0;
		uintptr_t page = take ? take_checked(b, cache, f->id) : 0;

		/* pairs with the same exchange of another thread */
		page = at_xchg(&b->slot[(r >> 8) % SLOTS], page, acq_rel);
		if (page)
			give_back(b, cache, page);
		if (!(r & 0xf00))
			page_cache_refill(cache);
	}
	pool_cache_destroy(cache);
	return NULL;
}

static void one_bout(enum pool_zero zero, uint64_t limit, unsigned threads)
{
	static struct bout b;
	struct fighter f[THREADS_MAX];
	pthread_t thread[THREADS_MAX];
	struct pool_cache *cache;

	memset(&b, 0, sizeof(b));
	b.pool = new_pool(zero, limit);
	b.limit = limit;
	for (unsigned i = 0; i < threads; i++) {
		f[i] = (struct fighter){ &b, i };
		assert_int_equal(pthread_create(&thread[i], NULL, fight, &f[i]), 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(b.failures, 0);
	assert_int_equal(b.refused > 0, limit > 0);
	assert_int_equal(live(b.pool, 0), b.held);
	cache = pool_cache_create(b.pool, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		if (b.slot[i])
			give_back(&b, cache, b.slot[i]);
	assert_int_equal(b.held, 0);
	assert_int_equal(live(b.pool, 0), 0);
	assert_int_equal(pool_stats(b.pool).allocated, pool_stats(b.pool).freed);
	assert_true(pool_stats(b.pool).peak_live >= SLOTS / 4 || limit);
	/* nothing of the limit was lost on the way */
	for (uint64_t i = 0; i < limit; i++)
		assert_non_null(page_alloc(cache, 1));
	assert_true(!limit || !page_alloc(cache, 1));
	pool_cache_destroy(cache);
	pool_destroy(b.pool);
}

static void test_threads(void **state)
{
	(void)state;
	for (unsigned threads = 2; threads <= THREADS_MAX; threads *= 2)
		for (enum pool_zero zero = POOL_ZERO_ALLOC; zero <= POOL_ZERO_AHEAD; zero++)
			one_bout(zero, 0, threads);
	one_bout(POOL_ZERO_ALLOC, 100, 2);
	one_bout(POOL_ZERO_FREE, 100, 8);
}

/*
 * Free pages are neither lost nor made by shuffling, zeroed as ever, and come in another order; pages
 * in use stay where they are.
 */
static void test_shuffle(void **state)
{
	static void *first[MANY], *again[MANY];

	(void)state;
	for (unsigned zero = POOL_ZERO_ALLOC; zero <= POOL_ZERO_AHEAD; zero++) {
		struct pool *pool = new_pool(zero, 0);
		struct pool_cache *cache = pool_cache_create(pool, 0);
		void *kept = page_alloc(cache, 7);
		uint64_t bytes;
		unsigned same = 0;

		memset(kept, 0x5a, PAGE_BYTES);
		for (unsigned i = 0; i < MANY; i++) {
			first[i] = page_alloc(cache, 1);
			memset(first[i], 0xff, PAGE_BYTES);
		}
		for (unsigned i = MANY; i-- > 0;) /* the first comes first again */
			page_free(cache, first[i]);
		bytes = pool_stats(pool).bytes;
		pool_shuffle(pool, 5);
		assert_int_equal(live(pool, 0), 1);
		for (unsigned i = 0; i < MANY; i++) {
			again[i] = page_alloc(cache, 2);
			assert_true(is_zero(again[i]));
			assert_ptr_not_equal(again[i], kept);
			same += again[i] == first[i];
		}
		assert_int_equal(live(pool, 2), MANY); /* each is another one */
#ifndef IOPT_SANITIZED /* there the sanitizer chooses */
		assert_int_equal(pool_stats(pool).bytes, bytes);
		if (same > MANY / 10)
			fail_msg("%u of %u pages in their old place", same, MANY);
#else
		(void)bytes;
#endif
		assert_int_equal(*(unsigned char *)kept, 0x5a);
		for (unsigned i = 0; i < MANY; i++)
			page_free(cache, again[i]);
		page_free(cache, kept);
		pool_cache_destroy(cache);
		pool_destroy(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shuffle),
		cmocka_unit_test(test_descriptors), cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_counts),	    cmocka_unit_test(test_limit),
		cmocka_unit_test(test_fail_at),	    cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
