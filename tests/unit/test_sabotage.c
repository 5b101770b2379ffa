/* Every breakage does its damage to every engine, early, and the damage is what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt/sabotage.h"
#include "stat/stat.h"

#define BASE (1ull << 30)
#define PAGES 600u

struct fixture {
	struct pool *pool;
	struct pt_worker *w;
	struct pt *pt;
	struct pt_engine broken;
	uint64_t live;                        /* pages of the table in the pool */
	struct pt_scan scan;
	uint64_t missing, wrong_pa, wrong_prot, strays; /* of the scan */
	uint64_t next;                        /* expected IOVA */
	char flaw[256];
};

static uint64_t pa_for(uint64_t iova)
{
	return iova ^ 1ull << 40;
}

static void open_table(struct fixture *f, const struct pt_engine *engine, enum breakage kind)
{
	struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct err err;

	memset(f, 0, sizeof(*f));
	assert_int_equal(pool_create(&f->pool, &config, &err), 0);
	f->w = aligned_alloc(alignof(struct pt_worker), sizeof(*f->w));
	assert_non_null(f->w);
	memset(f->w, 0, sizeof(*f->w));
	f->w->pages = pool_cache_create(f->pool, 0);
	assert_non_null(f->w->pages);
	assert_int_equal(pt_create(&f->pt, engine, f->w), 0);
	f->broken = *engine;
	pt_break(&f->broken, kind);
}

static void free_gathered(struct fixture *f)
{
	while (f->w->gather.head) {
		struct page_desc *page = f->w->gather.head;

		f->w->gather.head = page->next;
		page_free(f->w->pages, page->page);
	}
	f->w->gather.tail = NULL;
}

static void count_page(void *ctx, struct page_desc *page)
{
	(void)page;
	++*(uint64_t *)ctx;
}

static void close_table(struct fixture *f, uint64_t want_live)
{
	uint32_t id = pt_id(f->pt);
	uint64_t live = 0;

	free_gathered(f);
	pt_destroy(f->pt, f->w);
	pool_each(f->pool, id, count_page, &live);
	assert_int_equal(live, want_live);
	pool_cache_destroy(f->w->pages);
	pool_destroy(f->pool);
	free(f->w);
}

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct fixture *f = ctx;

	if (leaf->iova < BASE || leaf->iova >= BASE + PAGES * 4096) {
		f->strays++;
		return;
	}
	f->missing += (leaf->iova - f->next) / 4096;
	f->next = leaf->iova + 4096;
	f->wrong_pa += leaf->pa != pa_for(leaf->iova);
	f->wrong_prot += leaf->prot != 1 + (leaf->iova >> 12) % 3;
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct fixture *f = ctx;

	if (!f->flaw[0])
		strncpy(f->flaw, evidence, sizeof(f->flaw) - 1);
}

/* Maps [first, first + n) of the range with a lookup after each map, in one call. */
static void map_pages(struct fixture *f, unsigned first, unsigned n)
{
	static struct pt_op ops[2 * PAGES];

	for (unsigned i = 0; i < n; i++) {
		uint64_t iova = BASE + (first + i) * 4096ull;

		ops[2 * i] = (struct pt_op){ .iova = iova, .pa = pa_for(iova), .count = 1,
					     .kind = i % 2 ? PT_MAP : PT_MAP_RANGE, .size_lg2 = 12,
					     .prot = (uint8_t)(1 + (iova >> 12) % 3) };
		ops[2 * i + 1] = (struct pt_op){ .iova = iova, .kind = PT_LOOKUP, .size_lg2 = 12,
						 .count = 1 };
	}
	f->broken.run(f->pt, f->w, ops, 2 * n);
	for (unsigned i = 0; i < n; i++) {
		uint64_t iova = BASE + (first + i) * 4096ull;

		/* The one who asked is told that all is well, and finds his operation unchanged. */
		assert_int_equal(ops[2 * i].err, 0);
		assert_int_equal(ops[2 * i].result, 4096);
		assert_true(ops[2 * i].pa == pa_for(iova));
		assert_int_equal(ops[2 * i].prot, 1 + (iova >> 12) % 3);
	}
}

static void look(struct fixture *f)
{
	f->scan = (struct pt_scan){ .leaf = see_leaf, .flaw = see_flaw, .ctx = f };
	f->next = BASE;
	pt_scan(f->pt, &f->scan);
	f->missing += (BASE + PAGES * 4096 - f->next) / 4096;
	pool_each(f->pool, pt_id(f->pt), count_page, &f->live);
}

static void check_damage(const struct fixture *f, enum breakage kind)
{
	uint64_t lost = f->live - f->scan.tables - f->w->gather.n;

	/* Maps 1, 252 and 503 of 600; what stays at 1, 2, 4, … 512. */
	assert_int_equal(f->missing, kind == BREAK_DROP_LEAF ? 3 : 0);
	assert_int_equal(f->wrong_pa, kind == BREAK_WRONG_PA ? 3 : 0);
	assert_int_equal(f->wrong_prot, kind == BREAK_WRONG_PERM ? 3 : 0);
	assert_int_equal(f->strays, kind == BREAK_STRAY_LEAF);
	assert_int_equal(f->scan.flaws, kind == BREAK_DOUBLE_LINK);
	assert_int_equal(lost, kind == BREAK_LEAK_PAGE ? 10 : 0);
	if (kind == BREAK_DOUBLE_LINK)
		assert_non_null(strstr(f->flaw, "twice"));
	assert_int_equal(f->w->n.allocated, f->w->n.freed + f->live);
}

static void one(const struct pt_engine *engine, enum breakage kind)
{
	struct fixture f;

	open_table(&f, engine, kind);
	/* Split anywhere: the count goes on from call to call. */
	map_pages(&f, 0, 1);
	map_pages(&f, 1, 250);
	map_pages(&f, 251, PAGES - 251);
	look(&f);
	check_damage(&f, kind);
	close_table(&f, kind == BREAK_LEAK_PAGE ? 10 : 0);
}

static void every_engine_breaks(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		for (int kind = BREAK_NONE; kind <= BREAK_STRAY_LEAF && !e->ruler; kind++)
			one(e, (enum breakage)kind);
}

/* The first map of every table is hit: two tables in turn, one map each. */
static void turning_to_a_table_starts_anew(void **state)
{
	struct fixture f[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		open_table(&f[i], &pt_engines[0], BREAK_DROP_LEAF);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 2; i++)
			map_pages(&f[i], (unsigned)round, 1);
	for (int i = 0; i < 2; i++) {
		look(&f[i]);
		assert_int_equal(f[i].missing, PAGES);
		close_table(&f[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_breaks),
		cmocka_unit_test(turning_to_a_table_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
