/* What the allocators in front of the tree, and beside it, do with ranges that nobody owns. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iova/buddy.h"
#include "iova/iova.h"
#include "iova/rcache.h"
#include "stat/stat.h"

#define PAGE (1ull << IOVA_PAGE_LG2)
#define MIB (1ull << 20)

static struct iova *made(const char *kind, unsigned workers, uint64_t window_bytes, unsigned space_lg2,
			 int (*prepare)(void *, uint64_t, uint64_t))
{
	struct iova_config config = { workers, window_bytes, space_lg2, prepare };
	struct iova *a;

	assert_int_equal(iova_create(&a, iova_kind_find(kind), &config), 0);
	return a;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* n ranges, lowest first. */
static void take(struct iova_worker *w, uint64_t *v, unsigned n, uint64_t pages)
{
	for (unsigned i = 0; i < n; i++) {
		v[i] = iova_alloc(w, pages, IOVA_NONE);
		assert_int_not_equal(v[i], IOVA_NONE);
	}
	qsort(v, n, sizeof(v[0]), by_value);
}

static void give(struct iova_worker *w, const uint64_t *v, unsigned n, uint64_t pages)
{
	for (unsigned i = 0; i < n; i++)
		iova_free(w, v[i], pages);
}

/* ---- rcache ---- */

/* One takes, the other frees: full magazines go from the one to the other, and nothing to the tree. */
static void test_rcache_depot(void **state)
{
	struct iova *a = made("rcache", 2, 1ull << 32, 64, NULL);
	struct iova_worker *taker = iova_worker(a, 0), *freer = iova_worker(a, 1);
	uint64_t first[4 * MAGAZINE_RANGES], again[2 * MAGAZINE_RANGES];
	struct iova_count before;

	(void)state;
	for (unsigned pages = 1; pages <= 32; pages *= 2) {
		take(taker, first, 4 * MAGAZINE_RANGES, pages);
		before = freer->n;
		give(freer, first, 4 * MAGAZINE_RANGES, pages);
		assert_int_equal(freer->n.shared - before.shared, 2); /* the other two magazines are his own */
		assert_int_equal(freer->n.steps, before.steps);
		before = taker->n;
		take(taker, again, 2 * MAGAZINE_RANGES, pages);
		assert_int_equal(taker->n.refills - before.refills, 2);
		assert_int_equal(taker->n.shared - before.shared, 2);
		assert_int_equal(taker->n.steps, before.steps);
		/* the first that was full was set aside, the last is in use: the depot has the other two */
		assert_memory_equal(again, first + MAGAZINE_RANGES, sizeof(again));
		assert_int_equal(iova_cached(a), 2ull * MAGAZINE_RANGES * pages);
		give(taker, again, 2 * MAGAZINE_RANGES, pages);
		iova_drain(a);
		assert_int_equal(iova_cached(a), 0);
	}
	iova_destroy(a);
}

/* More than a magazine for each worker: one goes to the tree when 100 ms are over, not before. */
static void test_rcache_trim(void **state)
{
	struct iova *a = made("rcache", 1, 8 * MIB, 23, NULL);
	struct rcache_depot *d = &((struct rcache *)a)->depots[0];
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t v[8 * MAGAZINE_RANGES];
	unsigned all = 0;

	(void)state;
	take(w, v, 8 * MAGAZINE_RANGES, 1);
	give(w, v, 3 * MAGAZINE_RANGES, 1); /* two at hand, one in the depot */
	assert_int_equal(d->n, 1);
	assert_int_equal(d->due_ns, 0);
	give(w, v + 3 * MAGAZINE_RANGES, 2 * MAGAZINE_RANGES, 1);
	assert_int_equal(d->n, 3);
	assert_int_not_equal(d->due_ns, 0);
	d->due_ns = 1; /* long ago */
	give(w, v + 5 * MAGAZINE_RANGES, MAGAZINE_RANGES, 1);
	assert_int_equal(d->n, 3);
	assert_int_equal(iova_cached(a), 5 * MAGAZINE_RANGES);
	assert_true(d->due_ns > 1);
	d->due_ns = UINT64_MAX;
	give(w, v + 6 * MAGAZINE_RANGES, 2 * MAGAZINE_RANGES, 1);
	assert_int_equal(d->n, 5);
	d->due_ns = 1;
	take(w, v, 7 * MAGAZINE_RANGES, 1); /* the depot is empty: no hurry any more */
	give(w, v, 3 * MAGAZINE_RANGES, 1);
	assert_int_equal(d->due_ns, 0);
	give(w, v + 3 * MAGAZINE_RANGES, 4 * MAGAZINE_RANGES, 1);
	iova_drain(a);
	while (iova_alloc(w, 1, IOVA_NONE) != IOVA_NONE) /* what went to the tree is there */
		all++;
	assert_int_equal(all, 2047);
	iova_destroy(a);
}

/* A magazine's newest range does not lie in the window, an older one does: that is the one. */
static void test_rcache_window(void **state)
{
	struct iova *a = made("rcache", 1, MIB, 64, NULL);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t v[255], beyond[2];

	(void)state;
	take(w, v, 255, 1);
	assert_int_equal(v[0], PAGE);
	assert_int_equal(v[254], MIB - PAGE);
	take(w, beyond, 2, 1);
	assert_int_equal(beyond[1], -PAGE);
	assert_int_equal(w->n.beyond_window, 2);
	iova_free(w, v[7], 1);
	give(w, beyond, 2, 1);
	assert_int_equal(iova_alloc(w, 1, IOVA_NONE), v[7]);
	assert_int_equal(iova_alloc(w, 1, IOVA_NONE), beyond[0]); /* the newest had filled the gap */
	assert_int_equal(iova_alloc(w, 1, IOVA_NONE), beyond[1]);
	assert_int_equal(w->n.beyond_window, 4);
	assert_int_equal(w->n.failed, 0);
	iova_destroy(a);
}

/* All that is free lies in another worker's magazines, and in the depot. */
static void test_rcache_flush(void **state)
{
	static const char *const kinds[] = { "rcache", "eager" };
	uint64_t v[255], one;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct iova *a = made(kinds[k], 2, MIB, 20, NULL);
		struct iova_worker *w = iova_worker(a, 1);

		take(iova_worker(a, 0), v, 255, 1);
		assert_int_equal(iova_alloc(w, 1, IOVA_NONE), IOVA_NONE);
		give(iova_worker(a, 0), v, 255, 1);
		assert_int_equal(iova_cached(a), 255);
		one = iova_alloc(w, 128, IOVA_NONE);
		assert_int_equal(one, MIB / 2);
		assert_int_equal(iova_cached(a), 0);
		iova_free(w, one, 128);
		assert_int_equal(w->n.failed, 1);
		assert_int_equal(w->n.allocated, 1);
		assert_int_equal(w->n.shared, 3);
		iova_destroy(a);
	}
}

/* ---- eager ---- */

struct asked {
	unsigned calls;
	uint64_t iova, bytes;
	int answer;
};

static int note(void *ctx, uint64_t iova, uint64_t bytes)
{
	struct asked *asked = ctx;

	asked->calls++;
	asked->iova = iova;
	asked->bytes = bytes;
	return asked->answer;
}

/* The range asked for and a magazine of those below it, at once; then nothing until they are used up. */
static void test_eager_chunk(void **state)
{
	struct asked asked = { 0 };
	struct iova *a = made("eager", 2, 1ull << 32, 64, note);
	struct iova_worker *w = iova_worker(a, 1);
	uint64_t last = 1ull << 32, bytes = 0, one;

	(void)state;
	w->ctx = &asked;
	for (unsigned pages = 1; pages <= 32; pages *= 2) {
		for (unsigned i = 0; i < 3 * (MAGAZINE_RANGES + 1); i++) {
			uint64_t iova = iova_alloc(w, pages, IOVA_NONE);

			assert_int_equal(iova, last - pages * PAGE); /* adjacent, in the tree's order */
			assert_int_equal(asked.calls, i / (MAGAZINE_RANGES + 1) + 1);
			assert_int_equal(asked.bytes, (MAGAZINE_RANGES + 1) * pages * PAGE);
			assert_true(iova >= asked.iova && iova < asked.iova + asked.bytes);
			last = iova;
		}
		bytes += asked.calls * asked.bytes;
		asked.calls = 0;
	}
	assert_int_equal(w->n.refills, 18);
	assert_int_equal(w->n.shared, 18);
	asked.answer = -ENOMEM; /* the range comes all the same */
	one = iova_alloc(w, 100, IOVA_NONE);
	assert_int_equal(one, asked.iova);
	assert_int_equal(asked.bytes, 100 * PAGE);
	assert_int_equal(w->n.prepared_bytes, bytes + 100 * PAGE);
	iova_destroy(a);
}

/* Neighbours are taken: as many as there are, and a range that lies elsewhere stays in the tree. */
static void test_eager_gaps(void **state)
{
	struct asked asked = { 0 };
	struct iova *a = made("eager", 1, MIB, 20, note);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t large[3];

	(void)state;
	w->ctx = &asked;
	for (unsigned i = 0; i < 3; i++)
		large[i] = iova_alloc(w, 64, IOVA_NONE); /* from the top */
	iova_free(w, large[0], 64);
	iova_free(w, large[2], 64);
	assert_int_equal(iova_alloc(w, 1, IOVA_NONE), MIB - PAGE);
	assert_int_equal(asked.bytes, 64 * PAGE);
	assert_int_equal(iova_cached(a), 63);
	assert_int_equal(iova_alloc(w, 64, IOVA_NONE), large[2]);
	iova_destroy(a);
}

/* ---- percpu ---- */

/* What another worker frees is its owner's again, whatever its size, and nobody else's. */
static void test_percpu_remote(void **state)
{
	static const unsigned sizes[] = { 1, 2, 4, 8, 16, 32, 33, 47, 64, 100, 128, 500 };
	struct iova *a = made("percpu", 2, 16 * MIB, 24, NULL); /* chunks of 2048 pages */
	struct iova_worker *owner = iova_worker(a, 0), *other = iova_worker(a, 1);
	uint64_t v[12], one = 0, taken = 0;

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		uint64_t pages = 0;

		for (unsigned i = 0; i < 12; i++) {
			v[i] = iova_alloc(owner, sizes[i], IOVA_NONE);
			assert_true(v[i] && v[i] < 8 * MIB);
			pages += sizes[i];
		}
		for (unsigned i = 0; i < 12; i++)
			iova_free(other, v[i], sizes[i]);
		assert_int_equal(iova_cached(a), pages);
		assert_int_equal(other->n.shared, (turn + 1) * 12);
		assert_int_equal(other->n.steps, (turn + 1) * 12);
		iova_drain(a);
		assert_int_equal(iova_cached(a), 0);
	}
	one = iova_alloc(other, 2048, IOVA_NONE); /* all of its own chunk */
	assert_int_equal(one, 8 * MIB);
	assert_int_equal(iova_alloc(other, 1, IOVA_NONE), IOVA_NONE);
	while ((one = iova_alloc(owner, 1, IOVA_NONE)) != IOVA_NONE) {
		iova_free(other, one, 1); /* each time through the list */
		assert_int_equal(iova_alloc(owner, 1, IOVA_NONE), one);
		taken++;
	}
	assert_int_equal(taken, 2047);
	iova_destroy(a);
}

/* The share of the window, then chunks above it, from the top: never two workers in one. */
static void test_percpu_chunks(void **state)
{
	struct iova *a = made("percpu", 3, MIB, 22, NULL); /* 256 pages in 4, 768 above in 3 */
	uint64_t pages[3] = { 127, 64, 64 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct iova_worker *w = iova_worker(a, i);
		uint64_t chunk = 0;

		for (uint64_t n = 0; n < pages[i]; n++)
			assert_in_range(iova_alloc(w, 1, IOVA_NONE), PAGE, MIB - PAGE);
		for (uint64_t n = 0; n < 256; n++) {
			uint64_t iova = iova_alloc(w, 1, IOVA_NONE);

			assert_in_range(iova, MIB, 4 * MIB - PAGE);
			assert_true(!n || iova / MIB == chunk);
			chunk = iova / MIB;
		}
		assert_int_equal(chunk, 3 - i);
		assert_int_equal(w->n.beyond_window, 256);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(iova_alloc(iova_worker(a, i), 1, IOVA_NONE), IOVA_NONE);
	iova_destroy(a);
}

/* Against a map of bytes: what comes was free, aligned, and all that came back is one block again. */
static void test_buddy(void **state)
{
	static const unsigned lg2s[] = { 0, 1, 5, 6, 7, 10, 13 };
	static unsigned char taken[1 << 13];
	static uint32_t at[1 << 13], len[1 << 13];
	uint64_t rng = 7;

	(void)state;
	for (unsigned k = 0; k < sizeof(lg2s) / sizeof(lg2s[0]); k++) {
		uint32_t all = 1u << lg2s[k], n = 0, first;
		uint64_t *words = calloc(buddy_words(lg2s[k]), sizeof(*words));
		struct buddy b;

		assert_non_null(words);
		memset(taken, 0, sizeof(taken));
		buddy_init(&b, lg2s[k], words);
		assert_false(buddy_alloc(&b, 1, &first));
		buddy_free(&b, 0, all);
		for (unsigned turn = 0; turn < 20000 || n; turn++) {
			uint32_t want = 1 + (uint32_t)stat_below(&rng, all < 70 ? all : 70), i;

			if (turn < 20000 && stat_below(&rng, 2) && buddy_alloc(&b, want, &first)) {
				assert_int_equal(first % (iova_alignment(want)), 0);
				assert_true(first + want <= all);
				for (i = 0; i < want; i++)
					assert_int_equal(taken[first + i]++, 0);
				at[n] = first;
				len[n++] = want;
			} else if (n) {
				i = (uint32_t)stat_below(&rng, n);
				memset(taken + at[i], 0, len[i]);
				buddy_free(&b, at[i], len[i]);
				at[i] = at[--n];
				len[i] = len[n];
			}
		}
		assert_int_equal(b.filled, 1u << lg2s[k]);
		free(words);
	}
}

/* Chunks above a small window are no smaller; full ones are passed over until something comes back. */
static void test_percpu_small_window(void **state)
{
	struct iova *a = made("percpu", 2, MIB, 64, NULL);
	struct iova_worker *w = iova_worker(a, 0), *other = iova_worker(a, 1);
	uint64_t v[3], small, shared;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		v[i] = iova_alloc(w, 1 << 18, IOVA_NONE);
		assert_int_equal(v[i], -(uint64_t)(i + 1) << 30);
	}
	iova_free(w, v[1], 1 << 18);
	assert_int_equal(iova_alloc(w, 1 << 18, IOVA_NONE), v[1]);
	/* a call that collects and takes a chunk is one call */
	small = iova_alloc(w, 1, IOVA_NONE);
	iova_free(other, small, 1);
	shared = w->n.shared;
	assert_int_equal(iova_alloc(w, 1 << 18, IOVA_NONE), -4ull << 30);
	assert_int_equal(w->n.shared, shared + 1);
	assert_int_equal(iova_cached(a), 0); /* off the list, and off the stacks */
	iova_destroy(a);
}

/* ---- bitmap ---- */

/* Sizes on both sides of a word, and the bound above the window. */
static void test_bitmap_bounds(void **state)
{
	struct iova *a = made("bitmap", 1, MIB, 64, NULL);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t above = 0;

	(void)state;
	assert_int_equal(iova_alloc(w, 64, IOVA_NONE), MIB - 64 * PAGE);
	assert_int_equal(iova_alloc(w, 65, IOVA_NONE), -128 * PAGE); /* [128, 193) is not free, [0, 65) neither */
	assert_int_equal(iova_alloc(w, 33, IOVA_NONE), MIB / 2);
	assert_int_equal(iova_alloc(w, 16, IOVA_NONE), MIB / 2 + 48 * PAGE);
	for (uint64_t gib = 2; gib <= 64; gib++)
		assert_int_equal(iova_alloc(w, 1 << 18, IOVA_NONE), -gib << 30);
	assert_int_equal(iova_alloc(w, 1 << 18, IOVA_NONE), IOVA_NONE);
	iova_free(w, -3ull << 30, 1 << 18);
	while (iova_alloc(w, 64, IOVA_NONE) >= MIB)
		above++;
	assert_true(above < 8192);
	iova_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rcache_depot),  cmocka_unit_test(test_rcache_trim),
		cmocka_unit_test(test_rcache_window), cmocka_unit_test(test_rcache_flush),
		cmocka_unit_test(test_eager_chunk),   cmocka_unit_test(test_eager_gaps),
		cmocka_unit_test(test_percpu_remote), cmocka_unit_test(test_percpu_chunks),
		cmocka_unit_test(test_buddy),         cmocka_unit_test(test_bitmap_bounds),
		cmocka_unit_test(test_percpu_small_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
