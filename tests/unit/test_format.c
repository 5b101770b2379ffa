/* test_format.c - the bits of amdv1, sizes, and what pt_scan calls illegal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pt/format_amdv1.h"
#include "pt/pt.h"

static bool exists(unsigned lg2)
{
	return lg2 >= 12 && lg2 <= 51 && lg2 != 39;
}

static void test_sizes(void **state)
{
	(void)state;
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		assert_int_equal(amdv1.sizes >> lg2 & 1, exists(lg2));
}

/* The address field of the specification's table: ones from bit 12 up to s - 2, a zero at s - 1. */
static void test_leaf(void **state)
{
	(void)state;
	for (unsigned lg2 = 12; lg2 < 52; lg2++) {
		uint64_t pa = UINT64_C(0x000f0f0f0f0f0000) >> lg2 << lg2, entry;
		unsigned level = size_level(lg2);

		if (!exists(lg2))
			continue;
		assert_int_equal(level, (lg2 - 12) / 9);
		for (unsigned prot = 1; prot <= 3; prot++) {
			entry = amdv1.leaf(pa, lg2, prot);
			assert_int_equal(entry & 1, 1);
			assert_int_equal(entry >> 59, 2 | prot << 2);
			assert_int_equal(entry >> 52 & 0x7f, 0);
			assert_int_equal(entry >> 9 & 7, (lg2 - 12) % 9 ? 7 : 0);
			assert_int_equal(amdv1.leaf_lg2(entry, level), lg2);
			assert_int_equal(amdv1.leaf_pa(entry, lg2), pa);
			assert_false(amdv1.is_table(entry, level));
			assert_int_equal(amdv1.all_single(entry, entry, level), (lg2 - 12) % 9 == 0);
		}
	}
	/* From recorded dumps. */
	assert_int_equal(amdv1.leaf(0x110000, 16, 3), 0x7000000000117e01);
	assert_int_equal(amdv1.leaf(0, 40, 3), 0x7000007ffffffe01);
	assert_int_equal(amdv1.leaf(UINT64_C(1) << 51, 51, 3), 0x700bfffffffffe01);
	assert_int_equal(amdv1.leaf(0x11000, 12, 2), 0x5000000000011001);
}

static void test_table(void **state)
{
	struct pt_table *child = (struct pt_table *)(uintptr_t)0x00007f1234567000, *found;

	(void)state;
	for (unsigned level = 1; level <= 5; level++) {
		uint64_t entry = amdv1.table(child, level);

		assert_int_equal(entry & ~AMDV1_ADDRESS, UINT64_C(3) << 61 | level << 9 | 1);
		for (unsigned at = 0; at <= 5; at++) {
			assert_int_equal(amdv1.is_table(entry, at), at == level);
			if (at)
				assert_int_equal(amdv1.own_table(entry, at, &found), at == level);
		}
		assert_ptr_equal(amdv1.child(entry), child);
		assert_true(amdv1.own_table(entry, level, &found));
		assert_ptr_equal(found, child);
		/* Hardware may set the accessed bit: still a table, though not as written. */
		assert_true(amdv1.is_table(entry | 1 << 5, level));
		assert_ptr_equal(amdv1.child(entry | 1 << 5), child);
		assert_false(amdv1.own_table(entry | 1 << 5, level, &found));
		assert_false(amdv1.own_table(0, level, &found));
		assert_false(amdv1.own_table(amdv1.leaf(0x1000, 12, 3), level, &found));
	}
}

static void test_fitting(void **state)
{
	(void)state;
	for (unsigned align = 12; align < 64; align++)
		for (unsigned left = 12; left < 64; left++) {
			unsigned want = align < left ? align : left;

			want = want > 51 ? 51 : want == 39 ? 38 : want;
			assert_int_equal(size_fitting(amdv1.sizes, UINT64_C(5) << align,
						      (UINT64_C(1) << left) + 4096 * (left > 12)),
					 want);
		}
	assert_int_equal(size_fitting(amdv1.sizes, 0, 4096), 12);
	assert_int_equal(size_fitting(amdv1.sizes, 0, UINT64_MAX), 51);
}

static void test_top(void **state)
{
	(void)state;
	assert_int_equal(top_needed(0, 0), 2);
	assert_int_equal(top_needed((UINT64_C(1) << 39) - 1, 2), 2);
	assert_int_equal(top_needed(UINT64_C(1) << 39, 0), 3);
	assert_int_equal(top_needed(0, 4), 4);
	assert_int_equal(top_needed((UINT64_C(1) << 57) - 1, 0), 4);
	assert_int_equal(top_needed(UINT64_C(1) << 57, 0), 5);
	assert_int_equal(top_needed(UINT64_MAX, 0), 5);
	assert_true(top_spans(5, UINT64_MAX));
	assert_false(top_spans(4, UINT64_C(1) << 57));
}

struct scene {
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w;
	char evidence[256];
};

static void setup(struct scene *s, const char *engine)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct err err;

	*s = (struct scene){ 0 };
	assert_int_equal(pool_create(&s->pool, &config, &err), 0);
	s->w.pages = pool_cache_create(s->pool, 0);
	assert_int_equal(pt_create(&s->pt, pt_engine_find(engine), &s->w), 0);
}

static void teardown(struct scene *s)
{
	pt_destroy(s->pt, &s->w);
	pool_cache_destroy(s->w.pages);
	assert_int_equal(pool_stats(s->pool).allocated, pool_stats(s->pool).freed);
	pool_destroy(s->pool);
}

static uint8_t map(struct scene *s, uint64_t iova, unsigned lg2)
{
	struct pt_op op = { .kind = PT_MAP, .iova = iova, .count = 1, .size_lg2 = (uint8_t)lg2,
			    .prot = 3 };

	pt_engine_of(s->pt)->run(s->pt, &s->w, &op, 1);
	return op.err;
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
		table = amdv1.child(entry_load(entry_slot(table, l, iova)));
	slot = entry_slot(table, level, iova);
	old = entry_load(slot);
	entry_put(slot, value);
	s->evidence[0] = '\0';
	pt_scan(s->pt, &scan);
	if (!strstr(s->evidence, want))
		fail_msg("want \"%s\", got \"%s\"", want, s->evidence);
	assert_int_equal(scan.flaws, 1);
	entry_put(slot, old);
	pt_scan(s->pt, &scan);
	assert_int_equal(scan.flaws, 0);
}

static void test_flaws(void **state)
{
	const uint64_t ok = amdv1_leaf(0x1000, 12, 3);
	struct scene s;
	uint64_t low;

	(void)state;
	setup(&s, "lockless");
	assert_int_equal(map(&s, 0, 12), 0);
	assert_int_equal(map(&s, 0x10000, 16), 0);
	assert_int_equal(map(&s, 0x200000, 12), 0);
	plant(&s, 0, 0x1000, ok & ~UINT64_C(1), "not present, yet not zero");
	plant(&s, 0, 0x1000, ok & ~(UINT64_C(3) << 61), "without permission");
	plant(&s, 0, 0x1000, ok | UINT64_C(1) << 52, "reserved bits in a leaf");
	plant(&s, 0, 0x1000, ok | UINT64_C(1) << 58, "reserved bits in a leaf");
	plant(&s, 0, 0x1000, amdv1_leaf(0, 21, 3) | 7 << 9, "replicas");
	plant(&s, 0, 0x1000, amdv1_leaf(0, 22, 3), "does not belong to this level");
	plant(&s, 0, 0x1000, amdv1_leaf(0, 13, 3), "replicas are missing or differ");
	plant(&s, 0, 0x14000, 0, "replicas are missing or differ");
	plant(&s, 0, 0x14000, ok, "replicas are missing or differ");
	plant(&s, 0, 0x1000, ok | 1 << 9, "next level");
	plant(&s, 1, 0x400000, ok, "not aligned to its size");
	plant(&s, 2, UINT64_C(1) << 30, amdv1_leaf(0, 40, 3), "does not belong to this level");
	low = entry_load(entry_slot(amdv1.child(entry_load(entry_slot(
		top_root(top_load(s.pt)), 2, 0))), 1, 0));
	plant(&s, 1, 0x400000, low, "reachable twice");
	plant(&s, 1, 0, low & ~(UINT64_C(1) << 62), "table pointer without");
	plant(&s, 1, 0, low | UINT64_C(1) << 60, "reserved bits in a table pointer");
	plant(&s, 2, 0, low, "next level");
	teardown(&s);
}

/* Descriptors are looked at, too: whose page it is, and of which level. */
static void test_descriptors(void **state)
{
	struct pt_scan scan = { .flaw = see_flaw };
	struct page_desc *root;
	struct scene s;

	(void)state;
	setup(&s, "none");
	scan.ctx = &s;
	root = page_desc(top_root(top_load(s.pt)));
	root->owner++;
	pt_scan(s.pt, &scan);
	assert_non_null(strstr(s.evidence, "another owner"));
	root->owner--;
	root->level = 4;
	pt_scan(s.pt, &scan);
	assert_non_null(strstr(s.evidence, "another level"));
	root->level = 2;
	pt_scan(s.pt, &scan);
	assert_int_equal(scan.flaws, 0);
	assert_int_equal(scan.tables, 1);
	teardown(&s);
}

/* Every window_every-th install is timed, and only installs are. */
static void test_window(void **state)
{
	static struct histogram window;
	struct scene s;

	(void)state;
	setup(&s, "lockless");
	memset(&window, 0, sizeof(window));
	s.w.window = &window;
	s.w.window_every = 4;
	for (unsigned i = 0; i < 39; i++)
		assert_int_equal(map(&s, i * UINT64_C(0x200000), 12), 0);
	assert_int_equal(s.w.n.installs, 40);
	assert_int_equal(window.n, 10);
	teardown(&s);
}

static void test_names(void **state)
{
	(void)state;
	assert_ptr_equal(pt_engine_find("lockless-2019"), pt_engine_find("amdv1/lockless-2019"));
	assert_string_equal(pt_engine_find("none")->name, "amdv1/none");
	/* Of two with one name behind the slash the older format is meant. */
	assert_string_equal(pt_engine_find("lockless")->name, "amdv1/lockless");
	assert_string_equal(pt_engine_find("vtdss/lockless")->name, "vtdss/lockless");
	assert_string_equal(pt_engine_find("lockless-intel")->name, "vtdss/lockless-intel");
	assert_null(pt_engine_find("amdv1"));
	assert_null(pt_engine_find(""));
	assert_null(pt_engine_find("amdv1/"));
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		assert_int_equal(e->single, !strcmp(e->sync, "none"));
		assert_int_equal(e->ruler, !strcmp(e->body, "ruler"));
		assert_int_equal(e->ruler, !e->walk);
		assert_int_equal(e->sibling, !!strstr(e->name, "-rewalk"));
		for (const struct pt_engine *o = pt_engines; o != e; o++) {
			assert_string_not_equal(o->name, e->name);
			assert_false(!strcmp(o->sync, e->sync) && !strcmp(o->body, e->body) &&
				     o->sibling == e->sibling && !strcmp(o->format, e->format));
		}
	}
}

/* The ruler writes what an engine would. */
static void test_limit(void **state)
{
	struct pt_op op = { .kind = PT_MAP, .iova = 0x40201000, .pa = 0x5000, .count = 1,
			    .size_lg2 = 12, .prot = 3 };
	struct pt_scan scan = { .flaw = see_flaw };
	const struct pt_engine *limit = pt_engine_find("limit");
	struct scene s;

	(void)state;
	setup(&s, "limit");
	assert_int_equal(pt_prebuild(s.pt, &s.w, 0x40000000, 0x400000), 0);
	assert_int_equal(pt_prebuild(s.pt, &s.w, UINT64_C(1) << 39, 4096), -ERANGE);
	assert_int_equal(limit->run(s.pt, &s.w, &op, 1), 1);
	assert_int_equal(op.result, 4096);
	pt_scan(s.pt, &scan);
	assert_int_equal(scan.flaws, 0);
	assert_int_equal(scan.tables, 4);
	assert_int_equal(scan.leaves, 1);
	op.kind = PT_LOOKUP;
	op.iova += 0x123;
	limit->run(s.pt, &s.w, &op, 1);
	assert_int_equal(op.result, 0x5123);
	op.kind = PT_UNMAP;
	limit->run(s.pt, &s.w, &op, 1);
	pt_scan(s.pt, &scan);
	assert_int_equal(scan.leaves, 0);
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	  cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_table),	  cmocka_unit_test(test_fitting),
		cmocka_unit_test(test_top),	  cmocka_unit_test(test_flaws),
		cmocka_unit_test(test_descriptors), cmocka_unit_test(test_window),
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
