/*
 * What a device remembers, and what it takes to make it forget: rules by hand, then random fills and
 * commands beside a plain list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <stdlib.h>

#include "iotlb/iotlb.h"
#include "made_random.h"
#include "pt/engine.h"

static struct walk_result page_at(uint64_t pa, unsigned size_lg2)
{
	return (struct walk_result){ .end = WALK_HIT, .pa = pa, .size_lg2 = size_lg2, .prot = PT_READ };
}

static bool knows(struct iotlb *t, uint64_t iova)
{
	struct walk_result r;

	return iotlb_find(t, iova, &r);
}

static void remembers_a_page(void **state)
{
	struct iotlb *t = iotlb_create(16, 16, 1);
	struct walk_result r = page_at(0x40012345, 21);

	(void)state;
	r.level = 1;
	assert_false(knows(t, 0x12345));
	iotlb_fill(t, 0x600000 | 0x12345, &r);
	assert_false(knows(t, 0x5fffff));
	assert_false(knows(t, 0x800000));
	assert_true(iotlb_find(t, 0x7fffff, &r));
	assert_int_equal(r.end, WALK_HIT);
	assert_int_equal(r.pa, 0x401fffff);
	assert_int_equal(r.size_lg2, 21);
	assert_int_equal(r.prot, PT_READ);
	assert_int_equal(r.level, 1);
	/* another translation of the same page takes its place */
	r = page_at(0x80000000, 21);
	iotlb_fill(t, 0x600000, &r);
	assert_true(iotlb_find(t, 0x600001, &r));
	assert_int_equal(r.pa, 0x80000001);
	assert_int_equal(iotlb_stats(t).found, 2);
	assert_int_equal(iotlb_stats(t).missed, 3);
	assert_int_equal(iotlb_stats(t).filled, 2);
	iotlb_destroy(t);
}

/* An entry goes only if the command covers the whole of it. */
static void only_what_is_covered_goes(void **state)
{
	static const struct {
		uint64_t iova;
		unsigned size_lg2;
		bool stays;
	} commands[] = {
		{ 0x600000, 12, true },	 { 0x600000, 20, true }, { 0x700000, 20, true },
		{ 0x400000, 21, true },	 { 0x800000, 21, true }, { 0x600000, 21, false },
		{ 0x7ff000, 21, false }, { 0x0, 22, true },	 { 0x400000, 22, false },
		{ 0x400000, 23, false }, { 0x0, 64, false },	 { ~UINT64_C(0xfff), 64, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		struct iotlb *t = iotlb_create(16, 16, 1);
		struct walk_result r = page_at(0x40000000, 21);

		iotlb_fill(t, 0x600000, &r);
		iotlb_drop(t, commands[i].iova, commands[i].size_lg2, false);
		assert_int_equal(knows(t, 0x700000), commands[i].stays);
		assert_int_equal(iotlb_stats(t).dropped, !commands[i].stays);
		iotlb_destroy(t);
	}
}

/* A walk of three levels to a page at 0x40201000; tables are "at" 0x1000 times their level and 1. */
static void fill_walk(struct iotlb *t)
{
	struct walk_result r = page_at(0x5000, 12);

	for (r.steps = 0; r.steps < 3; r.steps++)
		r.step[r.steps] = (struct walk_step){ .table = 0x1000 * (3 - r.steps),
						      .level = 2 - r.steps, .prot = PT_READ };
	iotlb_fill(t, 0x40201000, &r);
}

static int lowest(struct iotlb *t, uint64_t iova)
{
	struct walk_step s;

	if (!iotlb_find_table(t, iova, &s))
		return -1;
	assert_int_equal(s.table, 0x1000 * (s.level + 1));
	assert_int_equal(s.prot, PT_READ);
	return (int)s.level;
}

static void tables_go_by_pde_only(void **state)
{
	struct iotlb *t = iotlb_create(16, 16, 1);

	(void)state;
	assert_int_equal(lowest(t, 0x40201000), -1);
	fill_walk(t);
	assert_int_equal(lowest(t, 0x403fffff), 0);
	assert_int_equal(lowest(t, 0x40200000 - 1), 1);
	assert_int_equal(lowest(t, 0x40000000 - 1), 2);
	assert_int_equal(lowest(t, UINT64_C(1) << 39), -1);
	iotlb_drop(t, 0, 64, false);
	assert_false(knows(t, 0x40201000));
	assert_int_equal(lowest(t, 0x40201000), 0);
	fill_walk(t);
	iotlb_drop(t, 0x40201000, 12, true); /* the page, not the table that spans more */
	assert_false(knows(t, 0x40201000));
	assert_int_equal(lowest(t, 0x40201000), 0);
	iotlb_drop(t, 0x40200000, 21, true);
	assert_int_equal(lowest(t, 0x40201000), 1);
	iotlb_drop(t, 0x40000000, 30, true);
	assert_int_equal(lowest(t, 0x40201000), 2);
	iotlb_drop(t, 0, 39, true);
	assert_int_equal(lowest(t, 0x40201000), -1);
	iotlb_destroy(t);
}

/* The root of six levels would span 2^66 bytes. */
static void the_tallest_root_goes_with_all(void **state)
{
	struct walk_result r = page_at(0x5000, 12);
	struct iotlb *t = iotlb_create(16, 16, 1);

	(void)state;
	r.step[0] = (struct walk_step){ .table = 0x6000, .level = 5, .prot = PT_READ };
	r.steps = 1;
	iotlb_fill(t, ~UINT64_C(0xfff), &r);
	assert_int_equal(lowest(t, 0), 5);
	iotlb_drop(t, 0, 63, true);
	assert_int_equal(lowest(t, 0), 5);
	iotlb_drop(t, 0, 64, true);
	assert_int_equal(lowest(t, 0), -1);
	iotlb_destroy(t);
}

static void room_may_be_none(void **state)
{
	struct iotlb *t = iotlb_create(0, 4, 1);

	(void)state;
	fill_walk(t);
	assert_false(knows(t, 0x40201000));
	assert_int_equal(lowest(t, 0x40201000), 0);
	iotlb_destroy(t);
	t = iotlb_create(4, 0, 1);
	fill_walk(t);
	assert_true(knows(t, 0x40201000));
	assert_int_equal(lowest(t, 0x40201000), -1);
	iotlb_drop(t, 0, 64, true);
	assert_false(knows(t, 0x40201000));
	iotlb_destroy(t);
	iotlb_destroy(NULL);
}

/* --- beside a list --- */

#define MANY 512u

struct known {
	uint64_t first, last, address;
	bool table;
};

struct list {
	struct known item[MANY];
	unsigned n;
};

static uint64_t last_of(uint64_t first, unsigned size_lg2)
{
	return size_lg2 < 64 ? first | ((UINT64_C(1) << size_lg2) - 1) : UINT64_MAX;
}

static void list_put(struct list *l, struct known k)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->item[i].table == k.table && l->item[i].first == k.first &&
		    l->item[i].last == k.last) {
			l->item[i] = k;
			return;
		}
	l->item[l->n++] = k;
}

static void list_drop(struct list *l, uint64_t first, uint64_t last, bool pde)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (l->item[i].first < first || l->item[i].last > last || (l->item[i].table && !pde))
			l->item[kept++] = l->item[i];
	l->n = kept;
}

/* The smallest that has this byte; leaves in the caches may overlap after a missed command. */
static const struct known *list_find(const struct list *l, uint64_t iova, bool table)
{
	const struct known *best = NULL;

	for (unsigned i = 0; i < l->n; i++) {
		const struct known *k = &l->item[i];

		if (k->table == table && k->first <= iova && iova <= k->last &&
		    (!best || k->last - k->first < best->last - best->first))
			best = k;
	}
	return best;
}

/* A few hot places of each size, so that fills and commands meet. */
static uint64_t place(uint64_t *random)
{
	uint64_t r = made_random(random);
	unsigned width = 12 + (unsigned)(r % 6) * 9;

	return ((r >> 8 & 3) << width | (r >> 16 & 0xffff)) << (r >> 40 & 7);
}

static void fill_both(struct iotlb *t, struct list *l, uint64_t *random)
{
	unsigned lg2 = 12 + (unsigned)(made_random(random) % 40), level = (lg2 - 12) / 9;
	uint64_t iova = place(random), pa = made_random(random) >> 12 >> lg2 << lg2;
	uint64_t mask = (UINT64_C(1) << lg2) - 1;
	struct walk_result r = page_at(pa | (iova & mask), lg2);

	if (l->n + WALK_LEVELS_MAX + 1 > MANY)
		return;
	for (unsigned i = level + (unsigned)(made_random(random) % 2); i < level + 3 && i < 5; i++) {
		struct walk_step s = { .table = made_random(random) << 12, .level = i };
		uint64_t first = iova >> (21 + 9 * i) << (21 + 9 * i);

		r.step[r.steps++] = s;
		list_put(l, (struct known){ first, last_of(first, 21 + 9 * i), s.table, true });
	}
	iotlb_fill(t, iova, &r);
	list_put(l, (struct known){ iova & ~mask, iova | mask, pa, false });
}

static void drop_both(struct iotlb *t, struct list *l, uint64_t *random)
{
	unsigned lg2 = 12 + (unsigned)(made_random(random) % 34);
	uint64_t iova = place(random), first;
	bool pde = made_random(random) % 2;

	if (made_random(random) % 200 == 0)
		lg2 = 64;
	first = lg2 < 64 ? iova >> lg2 << lg2 : 0;
	iotlb_drop(t, iova, lg2, pde);
	list_drop(l, first, last_of(first, lg2), pde);
}

/* all: there is room for everything, so what is not found has been forgotten without reason. */
static void compare(struct iotlb *t, const struct list *l, uint64_t iova, bool all)
{
	const struct known *leaf = list_find(l, iova, false), *table = list_find(l, iova, true);
	struct walk_result r;
	struct walk_step s;

	if (iotlb_find(t, iova, &r)) {
		assert_non_null(leaf);
		if (all) {
			assert_int_equal(r.pa, leaf->address + (iova - leaf->first));
			assert_int_equal(last_of(leaf->first, r.size_lg2), leaf->last);
		}
	} else {
		assert_false(all && leaf);
	}
	if (iotlb_find_table(t, iova, &s)) {
		assert_non_null(table);
		assert_true(!all || s.table == table->address);
	} else {
		assert_false(all && table);
	}
}

static uint64_t beside_a_list(unsigned room, bool all, uint64_t random)
{
	struct iotlb *t = iotlb_create(room, room, random);
	struct list *l = calloc(1, sizeof(*l));
	uint64_t found;

	for (unsigned i = 0; i < 2000; i++) {
		if (made_random(&random) % 3)
			fill_both(t, l, &random);
		else
			drop_both(t, l, &random);
		for (unsigned n = 0; n < 4; n++)
			compare(t, l, place(&random), all);
		if (l->n)
			compare(t, l, l->item[made_random(&random) % l->n].last, all);
	}
	found = iotlb_stats(t).found;
	assert_true(iotlb_stats(t).dropped > 500);
	free(l);
	iotlb_destroy(t);
	return found;
}

static void nothing_is_lost_or_kept(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		uint64_t large = beside_a_list(1 << 14, true, seed * 0x9e3779b97f4a7c15);
		uint64_t small = beside_a_list(16, false, seed * 0x9e3779b97f4a7c15);

		assert_true(large > 500);
		assert_true(small > 50 && small < large);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_a_page),
		cmocka_unit_test(only_what_is_covered_goes),
		cmocka_unit_test(tables_go_by_pde_only),
		cmocka_unit_test(the_tallest_root_goes_with_all),
		cmocka_unit_test(room_may_be_none),
		cmocka_unit_test(nothing_is_lost_or_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
