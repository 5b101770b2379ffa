/*
 * What the walk of the modern body costs in steps: with the cursor a call of many pages comes down
 * from the root once, re-walking once a page; and both leave the same tables behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <string.h>

#include "pt/format_amdv1.h"
#include "pt/walk.h"

/* amdv1, and how often somebody asked whether an entry of the root is a table. */
static unsigned descents;

ALWAYS_INLINE bool counted_is_table(uint64_t entry, unsigned level)
{
	descents += level == PT_LEVEL_FIRST;
	return amdv1_is_table(entry, level);
}

static const struct pt_format counted = {
	.sizes = ((UINT64_C(1) << 52) - (UINT64_C(1) << 12)) & ~(UINT64_C(1) << 39),
	.pa_bits = 52, .levels_max = 6, .leaf = amdv1_leaf, .table = amdv1_table,
	.is_table = counted_is_table, .child = amdv1_child, .own_table = amdv1_own_table,
	.leaf_lg2 = amdv1_leaf_lg2, .leaf_pa = amdv1_leaf_pa, .all_single = amdv1_all_single,
};
static const struct pt_kit cursor = { &counted, &sync_none, false };
static const struct pt_kit rewalk = { &counted, &sync_none, true };

struct scene {
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w;
};

static void setup(struct scene *s)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct err err;

	*s = (struct scene){ 0 };
	assert_int_equal(pool_create(&s->pool, &config, &err), 0);
	s->w.pages = pool_cache_create(s->pool, 0);
	assert_int_equal(pt_create(&s->pt, pt_engine_find("none"), &s->w), 0);
}

static void teardown(struct scene *s)
{
	for (struct page_desc *d = s->w.gather.head, *next; d; d = next) {
		next = d->next;
		table_free(&s->w, d->page);
	}
	pt_destroy(s->pt, &s->w);
	pool_cache_destroy(s->w.pages);
	assert_int_equal(pool_stats(s->pool).allocated, pool_stats(s->pool).freed);
	pool_destroy(s->pool);
}

/* One call; returns how often it came down from the root. */
static unsigned call(struct scene *s, bool again, enum pt_kind kind, uint64_t iova, unsigned lg2,
		     uint32_t count)
{
	struct pt_op op = { .kind = (uint8_t)kind, .iova = iova, .pa = iova, .count = count,
			    .size_lg2 = (uint8_t)lg2, .prot = 3 };

	descents = 0;
	if (again)
		modern_inside(&rewalk, s->pt, &s->w, &op);
	else
		modern_inside(&cursor, s->pt, &s->w, &op);
	assert_int_equal(op.err, 0);
	assert_int_equal(op.result, (uint64_t)count << lg2);
	return descents;
}

static void test_pages_of_one_table(void **state)
{
	struct scene s;

	(void)state;
	setup(&s);
	assert_int_equal(call(&s, false, PT_MAP, 0x40000000, 12, 8), 1);
	assert_int_equal(call(&s, false, PT_UNMAP, 0x40000000, 12, 8), 1);
	assert_int_equal(call(&s, true, PT_MAP, 0x40000000, 12, 8), 8);
	assert_int_equal(call(&s, true, PT_UNMAP, 0x40000000, 12, 8), 8);
	/* pages of 64K in the leaf table, of 2M in the one above */
	assert_int_equal(call(&s, false, PT_MAP, 0x40000000, 16, 4), 1);
	assert_int_equal(call(&s, true, PT_UNMAP, 0x40000000, 16, 4), 4);
	assert_int_equal(call(&s, true, PT_MAP, 0x80000000, 21, 3), 3);
	assert_int_equal(call(&s, false, PT_UNMAP, 0x80000000, 21, 3), 1);
	/* one page a call: nothing to resume, the walks are one */
	assert_int_equal(call(&s, false, PT_MAP, 0x40000000, 12, 1), 1);
	assert_int_equal(call(&s, true, PT_UNMAP, 0x40000000, 12, 1), 1);
	teardown(&s);
}

/* Range calls go by pieces of several sizes: 4K up to 64K, then 64K, then 4K again. */
static void test_a_range_of_sizes(void **state)
{
	struct scene s;

	(void)state;
	setup(&s);
	assert_int_equal(call(&s, false, PT_MAP_RANGE, 0x4000f000, 12, 18), 1);
	assert_int_equal(call(&s, false, PT_UNMAP_RANGE, 0x4000f000, 12, 18), 1);
	assert_int_equal(call(&s, true, PT_MAP_RANGE, 0x4000f000, 12, 18), 3);
	assert_int_equal(call(&s, true, PT_UNMAP_RANGE, 0x4000f000, 12, 18), 3);
	teardown(&s);
}

/* Two whole tables and a part of a third: the covered ones go, whichever way the walk came. */
static void test_covered_tables_go(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		struct scene s;

		setup(&s);
		call(&s, again, PT_MAP, 0x40000000, 12, 1100);
		assert_int_equal(s.w.n.installs, 4);
		call(&s, again, PT_UNMAP, 0x40000000, 12, 1100);
		assert_int_equal(s.w.n.retired, 2);
		teardown(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_of_one_table),
		cmocka_unit_test(test_a_range_of_sizes),
		cmocka_unit_test(test_covered_tables_go),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
