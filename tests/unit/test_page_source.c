/*
 * Every page source keeps the contract of the pool: zeroed pages, a descriptor from the address,
 * exact counts and lists, pages passed between threads; and refuses policies it cannot keep. In
 * sanitizer builds all of them are the plain pool, and say so.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mem/pool.h"
#include "sys/atomic.h"

#define MANY 3000u
#define SOURCES 4u

static struct pool *pool_of(enum pool_source source)
{
	struct pool_config config = { .source = source };
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

struct seen {
	uint64_t n, strange;
	uint32_t owner;
};

static void see(void *ctx, struct page_desc *page)
{
	struct seen *s = ctx;

	s->n++;
	s->strange += page->state != PAGE_LIVE || page_desc(page->page) != page ||
		      (s->owner && page->owner != s->owner);
}

static uint64_t live(struct pool *pool, uint32_t owner)
{
	struct seen s = { .owner = owner };

	pool_each(pool, owner, see, &s);
	assert_int_equal(s.strange, 0);
	return s.n;
}

static void test_contract(void **state)
{
	static void *pages[MANY];

	(void)state;
	for (enum pool_source source = 0; source < SOURCES; source++) {
		struct pool *pool = pool_of(source);
		struct pool_cache *a = pool_cache_create(pool, 0), *b = pool_cache_create(pool, 0);

		for (int round = 0; round < 3; round++) {
			assert_int_equal(pool_reserve(a, 100), 0);
			for (unsigned i = 0; i < MANY; i++) {
				pages[i] = page_alloc(i & 1 ? b : a, i % 7 + 1);
				assert_non_null(pages[i]);
				assert_int_equal((uintptr_t)pages[i] % PAGE_BYTES, 0);
				assert_true(is_zero(pages[i]));
				assert_ptr_equal(page_desc(pages[i])->page, pages[i]);
				page_desc(pages[i])->mark = i;
				memset(pages[i], 0xa5, PAGE_BYTES); /* must reach no descriptor */
				if (i % 100 == 0)
					page_cache_refill(a);
			}
			for (unsigned i = 0; i < MANY; i++)
				assert_int_equal(page_desc(pages[i])->mark, i);
			assert_int_equal(live(pool, 0), MANY);
			assert_int_equal(live(pool, 7), MANY / 7);
			for (unsigned i = 0; i < MANY; i++)
				page_free(i % 3 ? a : b, pages[i]);
			assert_int_equal(live(pool, 0), 0);
		}
		assert_int_equal(pool_stats(pool).allocated, 3 * MANY);
		assert_int_equal(pool_stats(pool).freed, 3 * MANY);
		/* a pool that is destroyed takes its live pages with it */
		assert_non_null(page_alloc(a, 1));
		pool_cache_destroy(a);
		pool_cache_destroy(b);
		pool_destroy(pool);
	}
}

/* Pools side by side: each lists its own pages, and every page finds its own descriptor. */
static void test_side_by_side(void **state)
{
	struct pool *pool[SOURCES];
	struct pool_cache *cache[SOURCES];
	static void *pages[SOURCES][200];

	(void)state;
	for (unsigned s = 0; s < SOURCES; s++) {
		pool[s] = pool_of((enum pool_source)s);
		cache[s] = pool_cache_create(pool[s], 0);
	}
	for (unsigned i = 0; i < 200; i++)
		for (unsigned s = 0; s < SOURCES; s++) {
			pages[s][i] = page_alloc(cache[s], s + 1);
			page_desc(pages[s][i])->worker = 1000 * s + i;
		}
	for (unsigned i = 0; i < 200; i++)
		for (unsigned s = 0; s < SOURCES; s++)
			assert_int_equal(page_desc(pages[s][i])->worker, 1000 * s + i);
	for (unsigned s = 0; s < SOURCES; s++) {
		assert_int_equal(live(pool[s], 0), 200);
		assert_int_equal(live(pool[s], s + 1), 200);
		assert_int_equal(live(pool[s], (s + 1) % SOURCES + 1), 0);
	}
	for (unsigned s = 0; s < SOURCES; s++) {
		for (unsigned i = 0; i < 200; i++)
			page_free(cache[s], pages[s][i]);
		pool_cache_destroy(cache[s]);
		pool_destroy(pool[s]);
	}
}

static void test_limit(void **state)
{
	(void)state;
	for (enum pool_source source = 0; source < SOURCES; source++) {
		struct pool_config config = { .source = source, .limit_pages = 10 };
		struct pool *pool;
		struct pool_cache *cache;
		struct err err;
		void *pages[10];

		assert_int_equal(pool_create(&pool, &config, &err), 0);
		cache = pool_cache_create(pool, 0);
		for (unsigned i = 0; i < 10; i++)
			pages[i] = page_alloc(cache, 1);
		assert_null(page_alloc(cache, 1));
		page_free(cache, pages[3]);
		pages[3] = page_alloc(cache, 1);
		assert_non_null(pages[3]);
		for (unsigned i = 0; i < 10; i++)
			page_free(cache, pages[i]);
		pool_cache_destroy(cache);
		pool_destroy(pool);
	}
}

/* Pages go through slots from thread to thread: allocated here, freed there. */
#define SLOTS 64u
#define STEPS 4000u
#define THREADS 4u

static struct pool *fought_over;
static atomic_uintptr_t slot[SLOTS];
static atomic_uint failures;

static void *fight(void *arg)
{
	struct pool_cache *cache = pool_cache_create(fought_over, 0);
	uint32_t id = *(uint32_t *)arg, r = 12345 + 977 * id;

	for (unsigned i = 0; i < STEPS; i++) {
		uintptr_t page = 0;

		r = r * 1664525 + 1013904223;
		if (r >> 16 & 1) {
			page = (uintptr_t)page_alloc(cache, id + 1);
			if (!is_zero((void *)page) || page_desc((void *)page)->owner != id + 1)
				at_add(&failures, 1, relaxed);
			memset((void *)page, (int)id + 1, PAGE_BYTES);
		}
		/* pairs with the same exchange of another thread */
		page = at_xchg(&slot[(r >> 20) % SLOTS], page, acq_rel);
		if (page && *(unsigned char *)page != page_desc((void *)page)->owner)
			at_add(&failures, 1, relaxed);
		if (page)
			page_free(cache, (void *)page);
	}
	pool_cache_destroy(cache);
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	for (enum pool_source source = POOL_SOURCE_ARENA; source < SOURCES; source++) {
		uint32_t ids[THREADS];
		pthread_t threads[THREADS];
		uint64_t left = 0;

		fought_over = pool_of(source);
		for (uint32_t i = 0; i < THREADS; i++) {
			ids[i] = i;
			assert_int_equal(pthread_create(&threads[i], NULL, fight, &ids[i]), 0);
		}
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(failures, 0);
		for (unsigned i = 0; i < SLOTS; i++) {
			left += slot[i] != 0;
			slot[i] = 0;
		}
		assert_int_equal(live(fought_over, 0), left);
		pool_destroy(fought_over);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		struct pool_config config;
		const char *says; /* NULL: goes */
	} rows[] = {
		{ { .source = POOL_SOURCE_POOL, .zero = POOL_ZERO_AHEAD, .mem = POOL_MEM_INTERLEAVE },
		  NULL },
		{ { .source = POOL_SOURCE_ARENA, .mem = POOL_MEM_INTERLEAVE }, NULL },
		{ { .source = POOL_SOURCE_ARENA, .mem = POOL_MEM_BIND }, NULL },
		{ { .source = POOL_SOURCE_MMAP }, NULL },
		{ { .source = POOL_SOURCE_ARENA, .zero = POOL_ZERO_FREE },
		  "--page-source arena keeps no pages" },
		{ { .source = POOL_SOURCE_JEMALLOC, .zero = POOL_ZERO_AHEAD }, "use --zero alloc" },
		{ { .source = POOL_SOURCE_JEMALLOC, .mem = POOL_MEM_INTERLEAVE }, "use --mem local" },
		{ { .source = POOL_SOURCE_MMAP, .mem = POOL_MEM_BIND }, "--page-source mmap puts" },
		{ { .source = POOL_SOURCE_MMAP, .mem = POOL_MEM_DEVICE }, "or --page-source arena" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pool *pool = NULL;
		struct err err = { 0 };
		int code = pool_check(&rows[i].config, &err);

		assert_int_equal(code, rows[i].says ? EXIT_USAGE : 0);
		if (!rows[i].says)
			continue;
		assert_non_null(strstr(err.text, rows[i].says));
		assert_int_equal(pool_create(&pool, &rows[i].config, &err), EXIT_USAGE);
		assert_null(pool);
	}
}

static void test_sanitizer_builds_say_so(void **state)
{
	struct pool *pool = pool_of(POOL_SOURCE_MMAP);

	(void)state;
#ifdef IOPT_SANITIZED
	assert_non_null(strstr(pool_warning(pool), "aligned_alloc"));
#else
	/* a machine that refuses mbind has a warning of its own */
	assert_true(!pool_warning(pool) || !strstr(pool_warning(pool), "aligned_alloc"));
#endif
	pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract), cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_limit),	 cmocka_unit_test(test_threads),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_sanitizer_builds_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
