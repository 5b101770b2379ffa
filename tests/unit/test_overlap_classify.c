/* What two writers left, from entries written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/overlap.h"

#define BASE (1ull << 30)
/* PR, FC, IR, IW; 64K adds NL 7 and the size pattern 0x7000. */
#define LEAF 0x7000000000000001ull
#define SIZE_64K 0x7e00ull

static const struct overlap_layout layout_64k = { .kind = RANGE_64K, .base = BASE, .ranges = 3,
						  .owners = 1 };

static uint64_t leaf(uint64_t iova, unsigned writer)
{
	return LEAF | overlap_pa(iova, writer);
}

/* The 16 entries of a 64K page of `writer`. */
static void put_64k(struct overlap_entry *v, uint64_t iova, unsigned writer)
{
	for (unsigned i = 0; i < 16; i++)
		v[i] = (struct overlap_entry){ .iova = iova + i * 4096,
					       .value = leaf(iova, writer) | SIZE_64K };
}

static void put_4k(struct overlap_entry *v, uint64_t iova, unsigned writer)
{
	*v = (struct overlap_entry){ .iova = iova, .value = leaf(iova, writer) };
}

static void a_64k_page(void **state)
{
	struct overlap_entry v[16];

	(void)state;
	assert_int_equal(overlap_classify(RANGE_64K, NULL, 0), OVERLAP_ABSENT);
	put_64k(v, BASE, 1);
	assert_int_equal(overlap_classify(RANGE_64K, v, 16), OVERLAP_ONE_WRITER);
	assert_int_equal(overlap_classify(RANGE_MAP_UNMAP, v, 16), OVERLAP_ONE_WRITER);
	/* A replica is missing at the end, or at the start. */
	assert_int_equal(overlap_classify(RANGE_64K, v, 15), OVERLAP_TORN_LEAF);
	assert_int_equal(overlap_classify(RANGE_64K, v + 1, 15), OVERLAP_TORN_LEAF);
}

static void two_writers_in_one_64k_page(void **state)
{
	(void)state;
	for (unsigned other = 1; other < 16; other++) {
		struct overlap_entry v[16], w[16];

		put_64k(v, BASE, 1);
		put_64k(w, BASE, 2);
		v[other] = w[other];
		assert_int_equal(overlap_classify(RANGE_64K, v, 16), OVERLAP_TORN_LEAF);
	}
}

/* A hole: 15 entries, the 16th of the array belonging elsewhere. */
static void a_hole_in_a_64k_page(void **state)
{
	struct overlap_entry v[16];

	(void)state;
	put_64k(v, BASE, 1);
	for (unsigned i = 7; i < 15; i++)
		v[i] = v[i + 1];
	assert_int_equal(overlap_classify(RANGE_MAP_UNMAP, v, 15), OVERLAP_TORN_LEAF);
}

static void a_permission_that_differs_tears(void **state)
{
	struct overlap_entry v[16];

	(void)state;
	put_64k(v, BASE, 1);
	v[9].value &= ~(1ull << 62);
	assert_int_equal(overlap_classify(RANGE_64K, v, 16), OVERLAP_TORN_LEAF);
}

static void three_4k_chunks(void **state)
{
	struct overlap_entry v[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put_4k(&v[i], BASE + i * 4096, 2);
	assert_int_equal(overlap_classify(RANGE_3X4K, v, 3), OVERLAP_ONE_WRITER);
	assert_int_equal(overlap_classify(RANGE_3X4K, v, 2), OVERLAP_MIXED_CHUNKS);
	put_4k(&v[1], BASE + 4096, 1);
	assert_int_equal(overlap_classify(RANGE_3X4K, v, 3), OVERLAP_MIXED_CHUNKS);
	assert_int_equal(overlap_classify(RANGE_3X4K, NULL, 0), OVERLAP_ABSENT);
}

static void small_over_large(void **state)
{
	struct overlap_entry v[2];

	(void)state;
	v[0] = (struct overlap_entry){ .iova = BASE, .level = 1, .value = leaf(BASE, 1) };
	assert_int_equal(overlap_classify(RANGE_4K_OVER_2M, v, 1), OVERLAP_ONE_WRITER);
	put_4k(&v[0], BASE, 2);
	assert_int_equal(overlap_classify(RANGE_4K_OVER_2M, v, 1), OVERLAP_ONE_WRITER);
	/* A 4K page that claims to be of the writer of 2M. */
	put_4k(&v[0], BASE, 1);
	assert_int_equal(overlap_classify(RANGE_4K_OVER_2M, v, 1), OVERLAP_MIXED_CHUNKS);
	put_4k(&v[0], BASE, 2);
	put_4k(&v[1], BASE + 4096, 3);
	assert_int_equal(overlap_classify(RANGE_4K_OVER_2M, v, 2), OVERLAP_MIXED_CHUNKS);
}

static void an_impossible_size_is_torn(void **state)
{
	struct overlap_entry v = { .iova = BASE, .value = leaf(BASE, 1) | 0xffffffffffe00ull };

	(void)state;
	assert_int_equal(overlap_classify(RANGE_64K, &v, 1), OVERLAP_TORN_LEAF);
}

static void add_all(struct overlap_sorter *s, const struct overlap_entry *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		overlap_add(s, &v[i]);
}

static void a_table_is_sorted(void **state)
{
	struct overlap_sorter *s = malloc(sizeof(*s));
	struct overlap_entry v[16], stray = { .iova = BASE - 4096, .value = LEAF };

	(void)state;
	assert_non_null(s);
	overlap_begin(s, &layout_64k);
	overlap_add(s, &stray);
	put_64k(v, BASE, 1);
	add_all(s, v, 16);
	put_64k(v, BASE + 0x20000, 2);
	add_all(s, v, 11);
	stray.iova = BASE + 0x30000; /* behind the last range */
	overlap_add(s, &stray);
	overlap_end(s);
	assert_int_equal(s->sum.ranges, 3);
	assert_int_equal(s->sum.one_writer, 1);
	assert_int_equal(s->sum.torn_leaf, 1);
	assert_int_equal(s->sum.absent, 1);
	assert_int_equal(s->sum.mixed_chunks, 0);
	assert_int_equal(s->outside, 2);
	free(s);
}

static void an_empty_table_is_absent(void **state)
{
	struct overlap_sorter *s = malloc(sizeof(*s));

	(void)state;
	assert_non_null(s);
	overlap_begin(s, &layout_64k);
	overlap_end(s);
	assert_int_equal(s->sum.absent, 3);
	assert_int_equal(s->sum.ranges, 3);
	free(s);
}

/* Each owner's region is its own, whatever the kind; every range is found again. */
static void disjoint_regions(void **state)
{
	struct overlap_sorter *s = malloc(sizeof(*s));

	(void)state;
	assert_non_null(s);
	for (unsigned kind = RANGE_64K; kind <= RANGE_MAP_UNMAP; kind++) {
		struct overlap_layout l = { .kind = (enum range_kind)kind, .base = BASE,
					    .ranges = 700, .owners = 3 };
		uint64_t last = 0;

		overlap_begin(s, &l);
		for (unsigned owner = 0; owner < 3; owner++) {
			for (uint64_t i = 0; i < l.ranges; i++) {
				struct overlap_entry e = { .iova = overlap_iova(&l, owner, i) };

				assert_true(e.iova > last || !last);
				assert_true(i || (e.iova & (BASE - 1)) == 0);
				last = e.iova;
				e.value = leaf(e.iova, owner + 1);
				overlap_add(s, &e);
			}
		}
		overlap_end(s);
		assert_int_equal(s->sum.ranges, 2100);
		assert_int_equal(s->sum.absent, 0);
		assert_int_equal(s->outside, 0);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_64k_page),
		cmocka_unit_test(two_writers_in_one_64k_page),
		cmocka_unit_test(a_hole_in_a_64k_page),
		cmocka_unit_test(a_permission_that_differs_tears),
		cmocka_unit_test(three_4k_chunks),
		cmocka_unit_test(small_over_large),
		cmocka_unit_test(an_impossible_size_is_torn),
		cmocka_unit_test(a_table_is_sorted),
		cmocka_unit_test(an_empty_table_is_absent),
		cmocka_unit_test(disjoint_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
