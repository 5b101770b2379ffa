/*
 * Allocators by one thread: what every kind promises in iova.h, and what the tree does beyond that.
 * `fixed` owns nothing and has a test of its own.
 */
#include "made_owners.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the headers that it needs */
#include <cmocka.h>

#include <errno.h>

#include "made_random.h"

#define PAGE (UINT64_C(1) << IOVA_PAGE_LG2)
#define SMALL_LG2 20u /* the smallest window: 255 pages, page 0 is never given out */
#define SMALL ((1ull << (SMALL_LG2 - IOVA_PAGE_LG2)) - 1)

#define FOR_EACH_KIND(k) for (const struct iova_kind *const *k = iova_kinds + 1; *k; k++)

static struct iova *opened(const struct iova_kind *kind, unsigned workers, unsigned window_lg2,
			   unsigned space_lg2)
{
	struct iova_config config = { .workers = workers, .window_bytes = 1ull << window_lg2,
				      .space_lg2 = space_lg2 };
	struct iova *a;

	assert_int_equal(iova_create(&a, kind, &config), 0);
	return a;
}

/* How many single pages this worker can have, into `got`, which has room for SMALL of them and one more. */
static unsigned exhaust(struct iova_worker *w, uint64_t *got)
{
	unsigned n = 0;

	while (n <= SMALL && (got[n] = iova_alloc(w, 1, 0)) != IOVA_NONE)
		n++;
	return n;
}

/* The same of two workers: a kind may keep them apart. */
static unsigned exhaust_both(struct iova *a, uint64_t *got)
{
	unsigned n = exhaust(iova_worker(a, 0), got);

	return n + exhaust(iova_worker(a, 1), got + n);
}

static void the_table_is_sound(void **state)
{
	(void)state;
	assert_string_equal(iova_kinds[0]->name, "fixed");
	for (const struct iova_kind *const *k = iova_kinds; *k; k++) {
		assert_ptr_equal(iova_kind_find((*k)->name), *k);
		assert_true(strlen((*k)->name) < 12); /* struct dma_result.iova */
		assert_true((*k)->help && *(*k)->help);
	}
	assert_null(iova_kind_find("slab"));
	assert_null(iova_kind_find(""));
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct iova_config wrong[] = {
		{ .workers = 0, .window_bytes = 1ull << 32, .space_lg2 = 64 },
		{ .workers = 1, .window_bytes = 1ull << 19, .space_lg2 = 64 },
		{ .workers = 1, .window_bytes = 1ull << 33, .space_lg2 = 64 },
		{ .workers = 1, .window_bytes = 3ull << 30, .space_lg2 = 64 },
		{ .workers = 1, .window_bytes = 0, .space_lg2 = 64 },
		{ .workers = 1, .window_bytes = 1ull << 32, .space_lg2 = 65 },
		{ .workers = 1, .window_bytes = 1ull << 32, .space_lg2 = 31 },
	};
	struct iova *a;

	(void)state;
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
			assert_int_equal(iova_create(&a, *k, &wrong[i]), -EINVAL);
}

static void fixed_looks_at_nothing(void **state)
{
	struct iova *a = opened(iova_kinds[0], 2, 32, 64);
	struct iova_worker *w = iova_worker(a, 1);

	(void)state;
	assert_true(iova_alloc(w, 3, 0x7000) == 0x7000);
	assert_true(iova_alloc(w, 1, 0x7000) == 0x7000);
	iova_free(w, 0x7000, 3);
	assert_int_equal(w->n.allocated, 2);
	assert_int_equal(w->n.pages_allocated, 5);
	assert_int_equal(w->n.freed, 1);
	assert_int_equal(w->n.pages_freed, 4);
	assert_int_equal(iova_cached(a), 0);
	iova_destroy(a);
}

static void ranges_are_rounded(void **state)
{
	(void)state;
	for (uint64_t pages = 1; pages <= 2000; pages++)
		assert_int_equal(iova_rounded(pages), pages < 32 ? made_alignment(pages) : pages);
}

/* Sizes of all kinds live at once: nobody's page twice, all aligned, counted as rounded. */
static void ranges_are_aligned_and_apart(void **state)
{
	static const uint32_t large[] = { 100, 127, 128, 129, 512, 513, 1000, 4096, 5000 };
	const unsigned nlarge = sizeof(large) / sizeof(large[0]), n = 70 + nlarge;

	(void)state;
	FOR_EACH_KIND(k) {
		struct iova *a = opened(*k, 1, 28, 28);
		struct iova_worker *w = iova_worker(a, 0);
		uint64_t rounded = 0, iova[79];
		struct owners o;

		assert_int_equal(owners_init(&o, 1ull << 16, true), 0);
		for (unsigned i = 0; i < n; i++) {
			uint32_t pages = i < nlarge ? large[i] : i - nlarge + 1;

			iova[i] = iova_alloc(w, pages, 0);
			assert_true(iova[i] != IOVA_NONE);
			owners_take(&o, 0, iova[i], pages);
			rounded += iova_rounded(pages);
		}
		assert_true(!o.twice && !o.wrong);
		assert_int_equal(w->n.allocated, n);
		assert_int_equal(w->n.pages_allocated, rounded);
		for (unsigned i = 0; i < n; i++) {
			uint32_t pages = i < nlarge ? large[i] : i - nlarge + 1;

			owners_give(&o, 0, iova[i], pages);
			iova_free(w, iova[i], pages);
		}
		assert_true(!o.lost);
		assert_int_equal(w->n.freed, n);
		assert_int_equal(w->n.pages_freed, rounded);
		iova_destroy(a);
		owners_free(&o);
	}
}

/* All of the window, and only then what lies beyond: at the top, where a table has its full height. */
static void the_window_comes_first(void **state)
{
	uint64_t got[SMALL + 1];

	(void)state;
	FOR_EACH_KIND(k) {
		struct iova *a = opened(*k, 1, SMALL_LG2, 64);
		struct iova_worker *w = iova_worker(a, 0);

		for (unsigned i = 0; i < SMALL; i++) {
			got[i] = iova_alloc(w, 1, 0);
			assert_true(got[i] != IOVA_NONE && got[i] < 1ull << SMALL_LG2);
		}
		assert_int_equal(w->n.beyond_window, 0);
		got[SMALL] = iova_alloc(w, 1, 0);
		assert_true(got[SMALL] >= 1ull << 63);
		assert_int_equal(w->n.beyond_window, 1);
		for (unsigned i = 0; i <= SMALL; i++)
			iova_free(w, got[i], 1);
		/* too large for this window at any time */
		assert_true(iova_alloc(w, SMALL + 1, 0) >= 1ull << 63);
		iova_destroy(a);
	}
}

static void what_is_used_up_comes_back(void **state)
{
	uint64_t got[SMALL + 2];

	(void)state;
	FOR_EACH_KIND(k) {
		struct iova *a = opened(*k, 2, SMALL_LG2, SMALL_LG2);
		struct iova_worker *w = iova_worker(a, 0), *other = iova_worker(a, 1);

		assert_int_equal(exhaust_both(a, got), SMALL);
		assert_int_equal(w->n.failed, 1);
		assert_int_equal(other->n.failed, 1);
		assert_true(iova_alloc(w, 3, 0) == IOVA_NONE);
		iova_free(w, got[100], 1);
		assert_true(iova_alloc(w, 1, 0) == got[100]);
		assert_true(iova_alloc(w, 1, 0) == IOVA_NONE);
		assert_int_equal(w->n.failed, 3);
		for (unsigned i = 0; i < SMALL; i++) /* many of them by another than got them */
			iova_free(other, got[i], 1);
		iova_drain(a);
		assert_int_equal(exhaust_both(a, got), SMALL);
		iova_destroy(a);
	}
}

/*
 * Every second page free: two in a row are not to be had, all the single ones are. With all of it
 * free the space is one again: half of it, a quarter, …, one page.
 */
static void fragments_grow_together(void **state)
{
	uint64_t got[SMALL + 1], again[SMALL + 1];

	(void)state;
	FOR_EACH_KIND(k) {
		struct iova *a = opened(*k, 1, SMALL_LG2, SMALL_LG2);
		struct iova_worker *w = iova_worker(a, 0);
		unsigned freed = 0, odd = 0;

		assert_int_equal(exhaust(w, got), SMALL);
		for (unsigned i = 0; i < SMALL; i++) {
			if (got[i] & PAGE) {
				iova_free(w, got[i], 1);
				freed++;
			}
		}
		iova_drain(a);
		assert_true(iova_alloc(w, 2, 0) == IOVA_NONE);
		assert_int_equal(exhaust(w, again), freed);
		for (unsigned i = 0; i < SMALL; i++)
			if (!(got[i] & PAGE))
				iova_free(w, got[i], 1);
		for (unsigned i = 0; i < freed; i++)
			iova_free(w, again[i], 1);
		iova_drain(a);
		assert_int_equal(iova_cached(a), 0);
		for (uint64_t pages = (SMALL + 1) / 2; pages; pages /= 2)
			odd += iova_alloc(w, pages, 0) == IOVA_NONE;
		assert_int_equal(odd, 0);
		assert_true(iova_alloc(w, 1, 0) == IOVA_NONE);
		iova_destroy(a);
	}
}

struct held {
	uint64_t iova;
	uint32_t pages;
};

/* 3000 calls of two workers, sizes mixed; returns the ranges that they hold in the end. */
static unsigned some_traffic(struct iova *a, struct held *held, unsigned max, uint64_t *random, uint64_t *owned)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 3000; i++) {
		uint64_t r = made_random(random);
		struct iova_worker *w = iova_worker(a, r >> 1 & 1);

		if (n < max && (r & 1 || !n)) {
			struct held h = { .pages = 1u << (r >> 8) % 7 };

			h.iova = iova_alloc(w, h.pages, 0);
			if (h.iova == IOVA_NONE)
				continue;
			*owned += h.pages;
			held[n++] = h;
		} else {
			unsigned at = (unsigned)(r >> 8) % n;

			iova_free(w, held[at].iova, held[at].pages);
			*owned -= held[at].pages;
			held[at] = held[--n];
		}
	}
	return n;
}

/* Allocated - freed is owned; owned + cached is not more than there is; owned + free is all there is. */
static void pages_add_up(void **state)
{
	uint64_t got[SMALL + 2], random = 42;
	struct held held[40];

	(void)state;
	FOR_EACH_KIND(k) {
		struct iova *a = opened(*k, 2, SMALL_LG2, SMALL_LG2);
		const struct iova_count *n[2] = { &iova_worker(a, 0)->n, &iova_worker(a, 1)->n };
		uint64_t owned = 0;

		for (unsigned round = 0; round < 5; round++) {
			unsigned live = some_traffic(a, held, 40, &random, &owned), free_pages;

			assert_int_equal(n[0]->pages_allocated + n[1]->pages_allocated -
					 n[0]->pages_freed - n[1]->pages_freed, owned);
			assert_int_equal(n[0]->allocated + n[1]->allocated - n[0]->freed - n[1]->freed, live);
			assert_true(iova_cached(a) + owned <= SMALL);
			iova_drain(a);
			assert_int_equal(iova_cached(a), 0);
			free_pages = exhaust_both(a, got);
			assert_int_equal(free_pages + owned, SMALL);
			for (unsigned i = 0; i < free_pages; i++)
				iova_free(iova_worker(a, 0), got[i], 1);
			for (unsigned i = 0; i < live; i++)
				iova_free(iova_worker(a, 1), held[i].iova, held[i].pages);
			owned = 0;
		}
		iova_destroy(a);
	}
}

/* ---- eager: tables are asked for in advance ---- */

struct prepared {
	struct owners *owners;
	uint64_t bytes, refuse;       /* the first so many are refused */
	uint64_t owned;               /* pages that somebody had when tables were asked for */
	uint64_t *asked;              /* bit by page */
};

static int note_prepare(void *ctx, uint64_t iova, uint64_t bytes)
{
	struct prepared *p = ctx;

	p->bytes += bytes;
	if (p->refuse) {
		p->refuse--;
		return -ENOMEM;
	}
	for (uint64_t page = iova / PAGE; page < (iova + bytes) / PAGE; page++) {
		p->owned += at_load(&p->owners->of[page], relaxed) != 0; /* one thread */
		p->asked[page / 64] |= 1ull << page % 64;
	}
	return 0;
}

static void eager_run(const struct iova_kind *kind, uint64_t refuse, uint64_t *without)
{
	struct iova_config config = { .workers = 1, .window_bytes = 1ull << 28, .space_lg2 = 28,
				      .prepare = note_prepare };
	struct owners o;
	struct prepared p = { .owners = &o, .refuse = refuse, .asked = calloc(1024, 8) };
	struct iova_worker *w;
	struct iova *a;

	assert_non_null(p.asked);
	assert_int_equal(owners_init(&o, 1ull << 16, true), 0);
	assert_int_equal(iova_create(&a, kind, &config), 0);
	w = iova_worker(a, 0);
	w->ctx = &p;
	*without = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t pages = 1ull << i % IOVA_ORDERS, iova = iova_alloc(w, pages, 0);

		assert_true(iova != IOVA_NONE);
		owners_take(&o, 0, iova, pages);
		for (uint64_t page = iova / PAGE; page < iova / PAGE + pages; page++)
			*without += !(p.asked[page / 64] >> page % 64 & 1);
	}
	assert_int_equal(p.owned, 0);
	assert_int_equal(w->n.prepared_bytes, p.bytes);
	assert_true(!o.twice && !o.wrong);
	iova_destroy(a);
	owners_free(&o);
	free(p.asked);
}

static void eager_asks_for_tables_first(void **state)
{
	unsigned kinds = 0;

	(void)state;
	FOR_EACH_KIND(k) {
		uint64_t without;

		if (!(*k)->eager)
			continue;
		kinds++;
		eager_run(*k, 0, &without);
		assert_int_equal(without, 0);
		eager_run(*k, 1, &without); /* no memory: the ranges come all the same */
		assert_true(without > 0);
	}
	assert_true(kinds > 0);
}

/* ---- the tree ---- */

static void the_tree_goes_down_from_the_top(void **state)
{
	struct iova *a = opened(iova_kind_find("rbtree"), 1, 32, 64);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t top = 1ull << 32;

	(void)state;
	assert_true(iova_alloc(w, 1, 0) == top - PAGE);
	assert_true(iova_alloc(w, 2, 0) == top - 4 * PAGE);  /* aligned: a page is skipped … */
	assert_true(iova_alloc(w, 1, 0) == top - 5 * PAGE);  /* … and not gone back for */
	assert_true(iova_alloc(w, 33, 0) == top - 64 * PAGE);
	iova_free(w, top - 4 * PAGE, 2);                     /* above the place: the next begins there */
	assert_true(iova_alloc(w, 1, 0) == top - 2 * PAGE);
	assert_true(iova_alloc(w, 1ull << 18, 0) == 1ull << 31);
	assert_true(iova_alloc(w, 1ull << 19, 0) >= 1ull << 63); /* either half has something */
	iova_destroy(a);
}

/* Each search begins where the last one ended: one look a range, however many there are. */
static void the_tree_does_not_look_twice(void **state)
{
	struct iova *a = opened(iova_kind_find("rbtree"), 1, SMALL_LG2, 64);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t steps;

	(void)state;
	for (unsigned i = 0; i < SMALL; i++)
		iova_alloc(w, 1, 0);
	assert_int_equal(w->n.steps, SMALL);
	iova_alloc(w, 1, 0); /* finds the window full; one look beyond */
	steps = w->n.steps;
	for (unsigned i = 0; i < 100; i++)
		iova_alloc(w, 1 + i, 0); /* not tried there again: neither this size nor a larger one */
	assert_int_equal(w->n.steps, steps + 100);
	iova_free(w, 40 * PAGE, 1);
	assert_true(iova_alloc(w, 1, 0) == 40 * PAGE);
	iova_destroy(a);
}

/* A gap above the place where the search begins, passed over for its size: found at the second try. */
static void the_tree_goes_back_to_the_top(void **state)
{
	struct iova *a = opened(iova_kind_find("rbtree"), 1, SMALL_LG2, 64);
	struct iova_worker *w = iova_worker(a, 0);
	const uint64_t top = 1ull << SMALL_LG2;

	(void)state;
	assert_true(iova_alloc(w, 1, 0) == top - PAGE);
	assert_true(iova_alloc(w, 64, 0) == top - 128 * PAGE); /* leaves 63 */
	assert_true(iova_alloc(w, 64, 0) == top - 192 * PAGE);
	assert_true(iova_alloc(w, 32, 0) == top - 224 * PAGE); /* 31 are left below */
	assert_true(iova_alloc(w, 32, 0) == top - 64 * PAGE);  /* 62 .. 33 above */
	assert_int_equal(w->n.beyond_window, 0);
	assert_true(iova_alloc(w, 64, 0) > top);
	iova_destroy(a);
}

/* What nobody has taken is left alone. */
static void the_tree_knows_what_was_taken(void **state)
{
	struct iova *a = opened(iova_kind_find("rbtree"), 1, SMALL_LG2, SMALL_LG2);
	struct iova_worker *w = iova_worker(a, 0);
	uint64_t got[SMALL + 1], iova = iova_alloc(w, 8, 0);

	(void)state;
	iova_free(w, iova + PAGE, 1);
	iova_free(w, 1ull << SMALL_LG2, 1);
	assert_int_equal(exhaust(w, got), SMALL - 8);
	iova_destroy(a);
}

/* The map catches what the tests above lean on. */
static void a_wrong_allocator_is_caught(void **state)
{
	static const struct iova_kind *const wrong[] = { &made_overlapping, &made_crooked };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct iova *a = opened(wrong[i], 1, 28, 28);
		struct owners o;

		assert_int_equal(owners_init(&o, 1ull << 16, true), 0);
		for (unsigned call = 0; call < 64; call++)
			owners_take(&o, 0, iova_alloc(iova_worker(a, 0), 2, 0), 2);
		assert_true(wrong[i] == &made_overlapping ? o.twice > 0 : o.wrong > 0);
		iova_destroy(a);
		owners_free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(fixed_looks_at_nothing),
		cmocka_unit_test(ranges_are_rounded),
		cmocka_unit_test(ranges_are_aligned_and_apart),
		cmocka_unit_test(the_window_comes_first),
		cmocka_unit_test(what_is_used_up_comes_back),
		cmocka_unit_test(fragments_grow_together),
		cmocka_unit_test(pages_add_up),
		cmocka_unit_test(eager_asks_for_tables_first),
		cmocka_unit_test(the_tree_goes_down_from_the_top),
		cmocka_unit_test(the_tree_does_not_look_twice),
		cmocka_unit_test(the_tree_goes_back_to_the_top),
		cmocka_unit_test(the_tree_knows_what_was_taken),
		cmocka_unit_test(a_wrong_allocator_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
