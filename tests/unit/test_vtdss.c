/*
 * test_vtdss.c - the bits of vtdss against constants put together by hand from the VT-d
 * specification, what pt_scan calls illegal in it, a table's fixed height, and a leaf refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pt/format_vtdss.h"
#include "pt/pt.h"

static void test_sizes(void **state)
{
	(void)state;
	assert_true(vtdss.sizes == 0x40201000); /* 4K, 2M, 1G */
	assert_int_equal(size_fitting(vtdss.sizes, 0, UINT64_MAX), 30);
	assert_int_equal(size_fitting(vtdss.sizes, 0x10000, 0x10000), 12);
	assert_int_equal(size_fitting(vtdss.sizes, UINT64_C(3) << 21, UINT64_C(3) << 21), 21);
	assert_int_equal(vtdss.levels_max, 5);
	assert_false(vtdss.grows);
}

/* R is bit 0, W bit 1, PS bit 7; the address lies in place; nothing else is set. */
static void test_leaf(void **state)
{
	static const struct {
		uint64_t pa, entry;
		unsigned lg2, prot;
	} pages[] = {
		{ 0x11000, 0x11002, 12, PT_WRITE },
		{ 0x11000, 0x11001, 12, PT_READ },
		{ UINT64_C(0xfffffffffffff) & ~UINT64_C(0xfff), 0x000ffffffffff003, 12, 3 },
		{ 0, 0x83, 21, 3 },
		{ 0x7fffffe00000, 0x7fffffe00081, 21, PT_READ },
		{ 0xc0000000, 0xc0000082, 30, PT_WRITE },
		{ (UINT64_C(1) << 52) - (UINT64_C(1) << 30), 0x000fffffc0000083, 30, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		unsigned level = (pages[i].lg2 - 12) / 9;
		uint64_t entry = vtdss.leaf(pages[i].pa, pages[i].lg2, pages[i].prot);
		struct pt_table *found;

		assert_true(entry == pages[i].entry);
		assert_int_equal(vtdss.leaf_lg2(entry, level), pages[i].lg2);
		assert_true(vtdss.leaf_pa(entry, pages[i].lg2) == pages[i].pa);
		assert_false(vtdss.is_table(entry, level));
		assert_true(vtdss.all_single(entry, entry, level));
		/* Hardware may have set accessed and dirty. */
		assert_true(vtdss.all_single(entry | 0x300, entry | 0x300, level));
		if (level)
			assert_false(vtdss.own_table(entry, level, &found));
	}
	assert_false(vtdss.all_single(0, 0, 0));
	assert_false(vtdss.all_single(0, 0, 1));
}

static void test_table(void **state)
{
	struct pt_table *child = (struct pt_table *)(uintptr_t)0x00007f1234567000, *found;

	(void)state;
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t entry = vtdss.table(child, level);

		assert_true(entry == 0x00007f1234567003);
		assert_true(vtdss.is_table(entry, level));
		assert_false(vtdss.is_table(entry | VTDSS_PS, level));
		assert_false(vtdss.is_table(0, level));
		/* Without R and W nothing is there, whatever the other bits. */
		assert_false(vtdss.is_table(entry & ~UINT64_C(3), level));
		assert_ptr_equal(vtdss.child(entry), child);
		assert_true(vtdss.own_table(entry, level, &found));
		assert_ptr_equal(found, child);
		assert_true(vtdss.is_table(entry | 1 << 8, level)); /* accessed: not as written */
		assert_false(vtdss.own_table(entry | 1 << 8, level, &found));
		assert_false(vtdss.own_table(0, level, &found));
		assert_false(vtdss.all_single(entry, entry, level));
	}
	assert_false(vtdss.is_table(0x1003, 0));
}

/* Of a line of entries: all leaves, or one of them something else. */
static void test_runs(void **state)
{
	uint64_t read = vtdss.leaf(0x1000, 12, 1), write = vtdss.leaf(0x2000, 12, 2);
	uint64_t both = vtdss.leaf(0x3000, 12, 3), large = vtdss.leaf(2 << 20, 21, 3);
	uint64_t table = vtdss.table((struct pt_table *)(uintptr_t)0x5000, 1);

	(void)state;
	assert_true(vtdss.all_single(read & both, read | both, 0));
	assert_false(vtdss.all_single(read & 0, read, 0));
	assert_true(vtdss.all_single(large, large, 1));
	assert_false(vtdss.all_single(large & table, large | table, 1));
	/* Said to be none, looked at one by one, and each is one. */
	assert_false(vtdss.all_single(read & write, read | write, 0));
	assert_true(vtdss.all_single(read, read, 0) && vtdss.all_single(write, write, 0));
}

struct scene {
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w;
	char evidence[256];
};

static void setup(struct scene *s, const char *engine, unsigned levels)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct err err;

	*s = (struct scene){ 0 };
	assert_int_equal(pool_create(&s->pool, &config, &err), 0);
	s->w.pages = pool_cache_create(s->pool, 0);
	assert_int_equal(pt_create_levels(&s->pt, pt_engine_find(engine), levels, &s->w), 0);
}

static void teardown(struct scene *s)
{
	for (struct page_desc *d = s->w.gather.head, *next; d; d = next) {
		next = d->next;
		page_free(s->w.pages, d->page);
	}
	pt_destroy(s->pt, &s->w);
	pool_cache_destroy(s->w.pages);
	assert_int_equal(pool_stats(s->pool).allocated, pool_stats(s->pool).freed);
	pool_destroy(s->pool);
}

static struct pt_op run(struct scene *s, struct pt_op op)
{
	if (!op.count)
		op.count = 1;
	if (op.kind == PT_MAP || op.kind == PT_MAP_RANGE)
		op.prot = 3;
	pt_engine_of(s->pt)->run(s->pt, &s->w, &op, 1);
	return op;
}

static uint8_t map(struct scene *s, uint64_t iova, unsigned lg2)
{
	return run(s, (struct pt_op){ .iova = iova, .size_lg2 = (uint8_t)lg2 }).err;
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct scene *s = ctx;

	snprintf(s->evidence, sizeof(s->evidence), "%s", evidence);
}

/* A flaw, and exactly this kind, when `value` stands at this address and level; none without. */
static void plant(struct scene *s, unsigned level, uint64_t iova, uint64_t value, const char *want)
{
	struct pt_scan scan = { .flaw = see_flaw, .ctx = s };
	struct pt_table *table = top_root(top_load(s->pt));
	pt_entry *slot;
	uint64_t old;

	for (unsigned l = top_level(top_load(s->pt)); l > level; l--)
		table = vtdss.child(entry_load(entry_slot(table, l, iova)));
	slot = entry_slot(table, level, iova);
	old = entry_load(slot);
	entry_put(slot, value);
	s->evidence[0] = '\0';
	pt_scan(s->pt, &scan);
	if (!want) {
		assert_int_equal(scan.flaws, 0);
	} else {
		if (!strstr(s->evidence, want))
			fail_msg("want \"%s\", got \"%s\"", want, s->evidence);
		assert_int_equal(scan.flaws, 1);
	}
	entry_put(slot, old);
	pt_scan(s->pt, &scan);
	assert_int_equal(scan.flaws, 0);
}

static void test_flaws(void **state)
{
	struct scene s;
	uint64_t low;

	(void)state;
	setup(&s, "vtdss/lockless", 5);
	assert_int_equal(map(&s, 0, 12), 0);
	assert_int_equal(map(&s, 0x200000, 12), 0);
	plant(&s, 0, 0x1000, 0x5000, "neither read nor write");
	plant(&s, 0, 0x1000, 0x5083, "page size bit at the lowest level");
	plant(&s, 0, 0x1000, 0x5007, "reserved bits in a leaf");
	plant(&s, 0, 0x1000, 0x5043, "reserved bits in a leaf");
	plant(&s, 0, 0x1000, UINT64_C(1) << 62 | 0x5003, "reserved bits in a leaf");
	plant(&s, 0, 0x1000, 0x5b03, NULL); /* accessed, dirty, snoop: legal */
	plant(&s, 1, 0x400000, 0x401083, "not aligned to its size");
	plant(&s, 1, 0x400000, 0x400083, NULL);
	plant(&s, 2, UINT64_C(1) << 30, 0x200083, "not aligned to its size");
	plant(&s, 2, UINT64_C(1) << 30, 0x40000083, NULL);
	plant(&s, 3, UINT64_C(1) << 39, 0x83, "above the 1 GiB level");
	plant(&s, 4, UINT64_C(1) << 48, 0x83, "above the 1 GiB level");
	low = (uint64_t)(uintptr_t)top_root(top_load(s.pt)) | 3;
	plant(&s, 1, 0x400000, low, "reachable twice");
	low = (uint64_t)(uintptr_t)top_root(top_load(s.pt));
	plant(&s, 4, 0, low | 1, "table pointer without");
	plant(&s, 4, 0, low | 3 | 1 << 11, "reserved bits in a table pointer");
	plant(&s, 4, 0, low | 7, "reserved bits in a table pointer");
	teardown(&s);
}

/* As tall as it was created, whatever is asked for, on every engine. */
static void test_fixed_height(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		for (unsigned levels = 3; levels <= 5; levels++) {
			uint64_t end = UINT64_C(1) << (12 + 9 * levels);
			struct scene s;

			if (strcmp(e->format, "vtdss") || e->ruler)
				continue;
			setup(&s, e->name, levels);
			assert_int_equal(map(&s, end - 4096, 12), 0);
			assert_int_equal(map(&s, end - (1 << 21), 21),
					 strcmp(e->body, "intel") ? EADDRINUSE : 0);
			assert_int_equal(map(&s, end - (UINT64_C(2) << 30), 30), 0);
			assert_int_equal(map(&s, end, 12), ERANGE);
			assert_int_equal(map(&s, UINT64_MAX << 12, 12), ERANGE);
			assert_int_equal(run(&s, (struct pt_op){ .iova = end - 4096, .count = 2,
						.kind = PT_UNMAP, .size_lg2 = 12 }).err, ERANGE);
			assert_int_equal(run(&s, (struct pt_op){ .iova = end, .kind = PT_LOOKUP,
						.size_lg2 = 12 }).err, ENOENT);
			assert_int_equal(pt_levels(s.pt), levels);
			assert_int_equal(s.w.n.growths, 0);
			teardown(&s);
		}
}

/* The second writer is told, counted, and changes nothing; the rest of its range is written. */
static void test_written_once(void **state)
{
	struct pt_op op;
	struct scene s;

	(void)state;
	setup(&s, "lockless-intel", 3);
	assert_int_equal(map(&s, 0x2000, 12), 0);
	op = run(&s, (struct pt_op){ .pa = 0x100000, .count = 5, .size_lg2 = 12 });
	assert_int_equal(op.err, EADDRINUSE);
	assert_int_equal(op.result, 4 * 4096);
	assert_int_equal(s.w.n.refused, 1);
	op = run(&s, (struct pt_op){ .iova = 0x2123, .kind = PT_LOOKUP, .size_lg2 = 12 });
	assert_int_equal(op.result, 0x123);
	op = run(&s, (struct pt_op){ .iova = 0x4123, .kind = PT_LOOKUP, .size_lg2 = 12 });
	assert_int_equal(op.result, 0x104123);
	/* Below a large page there is no table to write into: as many refusals as leaves. */
	assert_int_equal(map(&s, 0x200000, 21), 0);
	op = run(&s, (struct pt_op){ .iova = 0x1ff000, .count = 4, .size_lg2 = 12 });
	assert_int_equal(op.err, EADDRINUSE);
	assert_int_equal(op.result, 4096);
	assert_int_equal(s.w.n.refused, 4);
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	     cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_runs),
		cmocka_unit_test(test_flaws),	     cmocka_unit_test(test_fixed_height),
		cmocka_unit_test(test_written_once),
	};

	return cmocka_run_group_tests_name("vtdss", tests, NULL, NULL);
}
