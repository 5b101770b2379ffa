/*
 * Where the pages of private and adjacent lie: for each --share a real table is built and its tree
 * read, to see which tables have entries of several workers. Then orders and mixes, as sequences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lane.h"
#include "bench/layout.h"

#define LEVELS 6u
#define TABLES_MAX 4096u
#define WORKER_SHIFT 45u /* of the output address that a worker maps to */

static struct group group_of(const char *workload, enum share_kind share, unsigned threads)
{
	const char *argument;

	return (struct group){ .workload = workload_find(workload, &argument), .share = share,
			       .threads = threads, .page_lg2 = 12, .batch = 1, .tables = 2, .seed = 7,
			       .order = ORDER_RANDOM };
}

static uint64_t *places_of(const struct group *g, unsigned worker, uint32_t *n)
{
	uint64_t *place;

	*n = layout_ops(g);
	place = malloc(*n * sizeof(*place));
	assert_non_null(place);
	assert_int_equal(layout_places(g, worker, place), 0);
	return place;
}

/* Tables by number, in the order of the scan; bit w of `workers`: worker w has a page below it. */
enum { HOLDS_TABLES = 1, HOLDS_SINGLE = 2, HOLDS_REPLICAS = 4 };

static struct {
	unsigned n, top, stack[LEVELS]; /* stack: by level, the tables on the way to the entry */
	struct {
		uint64_t workers, line[64];
		unsigned level, holds;
	} table[TABLES_MAX];
} tree;

static unsigned new_table(unsigned level)
{
	assert_true(tree.n < TABLES_MAX);
	tree.table[tree.n].level = level;
	return tree.stack[level] = tree.n++;
}

static void see_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		      uint64_t value, bool is_table)
{
	uint64_t worker = 1ull << (value >> WORKER_SHIFT & 0x3f);

	(void)ctx;
	if (!tree.n) {
		tree.top = level;
		new_table(level);
	}
	if (is_table) {
		tree.table[tree.stack[level]].holds |= HOLDS_TABLES;
		new_table(level - 1);
		return;
	}
	tree.table[tree.stack[level]].holds |= (value >> 9 & 7) == 7 ? HOLDS_REPLICAS : HOLDS_SINGLE;
	tree.table[tree.stack[level]].line[path[depth - 1] / 8] |= worker;
	for (unsigned l = level; l <= tree.top; l++)
		tree.table[tree.stack[l]].workers |= worker;
}

/* Maps everything of every worker; fills `tree`. */
static void build(const struct group *g)
{
	const struct pt_engine *engine = pt_engine_find("lockless");
	struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct pt_scan scan = { .entry = see_entry };
	struct pt_worker w = { .id = 0 };
	struct pool *pool;
	struct err err = { 0 };
	struct pt *pt;

	if (layout_check(g, &err))
		fail_msg("%s", err.text);
	memset(&tree, 0, sizeof(tree));
	assert_int_equal(pool_create(&pool, &config, &err), 0);
	w.pages = pool_cache_create(pool, 0);
	assert_int_equal(pt_create(&pt, engine, &w), 0);
	for (unsigned worker = 0; worker < g->threads; worker++) {
		uint32_t n;
		uint64_t *place = places_of(g, worker, &n);

		for (uint32_t i = 0; i < n; i++) {
			struct pt_op op = { .iova = place_iova(place[i]), .count = (uint32_t)g->batch,
					    .kind = PT_MAP, .size_lg2 = place_lg2(place[i]),
					    .pa = (uint64_t)worker << WORKER_SHIFT, .prot = PT_READ };

			engine->run(pt, &w, &op, 1);
			assert_int_equal(op.err, 0); /* EADDRINUSE: two operations on one page */
		}
		free(place);
	}
	pt_scan(pt, &scan);
	assert_int_equal(scan.flaws, 0);
	assert_int_equal(scan.leaves, (uint64_t)layout_ops(g) * g->batch * g->threads);
	pt_destroy(pt, &w);
	pool_cache_destroy(w.pages);
	pool_destroy(pool);
}

static unsigned bits(uint64_t v)
{
	return (unsigned)__builtin_popcountll(v);
}

/* Tables of the level below which several workers have pages; *used: tables with any page. */
static unsigned shared_at(unsigned level, unsigned *used)
{
	unsigned shared = 0;

	*used = 0;
	for (unsigned i = 0; i < tree.n; i++) {
		if (tree.table[i].level != level || !tree.table[i].workers)
			continue;
		++*used;
		shared += bits(tree.table[i].workers) > 1;
	}
	return shared;
}

static void count_lines(unsigned *used, unsigned *shared)
{
	*used = *shared = 0;
	for (unsigned i = 0; i < tree.n; i++)
		for (unsigned line = 0; line < 64; line++) {
			*used += tree.table[i].line[line] != 0;
			*shared += bits(tree.table[i].line[line]) > 1;
		}
}

/*
 * Each step shares one more level. Level `lowest` is the lowest of which several workers have a part;
 * above it everything in use is shared, and by all; below nothing is.
 */
static void check_share(const struct group *g, unsigned top, unsigned lowest)
{
	unsigned used, shared, lines, shared_lines;

	build(g);
	assert_int_equal(tree.top, top);
	for (unsigned level = 0; level <= top; level++) {
		shared = shared_at(level, &used);
		if (shared != (level >= lowest ? used : 0))
			fail_msg("--share %s: %u of %u tables of level %u are shared",
				 share_name(g->share), shared, used, level);
	}
	for (unsigned i = 0; i < tree.n; i++) {
		if (tree.table[i].workers && tree.table[i].level >= lowest)
			assert_int_equal(bits(tree.table[i].workers), g->threads);
		/* one size in a table, and no table beside pages */
		assert_true(bits(tree.table[i].holds) <= 1);
	}
	count_lines(&lines, &shared_lines);
	assert_int_equal(shared_lines, g->share == SHARE_LINE ? lines : 0);
}

static void test_each_step_shares_a_level_more(void **state)
{
	static const struct {
		const char *workload;
		enum share_kind share;
		unsigned top, lowest;
	} rows[] = {
		{ "private", SHARE_ROOT, 2, 2 }, { "private", SHARE_L2, 3, 2 },
		{ "private", SHARE_L1, 2, 1 },	 { "adjacent", SHARE_TABLE, 2, 0 },
		{ "adjacent", SHARE_LINE, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned threads = 2; threads <= 8; threads += 2) {
			struct group g = group_of(rows[i].workload, rows[i].share, threads);

			check_share(&g, rows[i].top, rows[i].lowest);
			g.page_lg2 = 16;
			if (g.share != SHARE_TABLE && g.share != SHARE_LINE)
				check_share(&g, rows[i].top, rows[i].lowest);
		}
}

/* More leaf tables than fit into one shared table: the next one is shared by all as well. */
static void test_many_tables(void **state)
{
	struct group g = group_of("private", SHARE_L1, 3);
	unsigned used;

	(void)state;
	g.batch = 512;
	g.tables = 200; /* 170 entries of a level 1 table for each of three */
	check_share(&g, 2, 1);
	assert_int_equal(shared_at(1, &used), 2);
	g.share = SHARE_L2;
	g.tables = 600; /* more than a level 1 table each */
	check_share(&g, 3, 2);
	shared_at(1, &used);
	assert_int_equal(used, 2 * 3);
	g.share = SHARE_ROOT;
	check_share(&g, 2, 2);
}

static void test_large_pages(void **state)
{
	struct group g = group_of("private", SHARE_ROOT, 4);

	(void)state;
	g.page_lg2 = 21;
	check_share(&g, 2, 2);
	g.share = SHARE_L2;
	check_share(&g, 3, 2);
	g.share = SHARE_ROOT;
	g.page_lg2 = 30;
	check_share(&g, 3, 3);
}

static struct group mixed(enum share_kind share, unsigned threads)
{
	struct group g = group_of("private", share, threads);

	g.mix = (struct page_mix){ .n = 3, .lg2 = { 12, 16, 21 }, .weight = { 60, 30, 10 } };
	return g;
}

static void test_sizes_of_a_mix_have_tables_of_their_own(void **state)
{
	struct group g = mixed(SHARE_ROOT, 4);

	(void)state;
	check_share(&g, 2, 2);
	g = mixed(SHARE_L2, 4);
	check_share(&g, 3, 2);
	g.mix = (struct page_mix){ .n = 2, .lg2 = { 12, 16 }, .weight = { 1, 1 } };
	g.share = SHARE_L1;
	check_share(&g, 2, 1);
	g.mix = (struct page_mix){ .n = 3, .lg2 = { 30, 13, 22 }, .weight = { 1, 5, 1 } };
	g.share = SHARE_ROOT;
	check_share(&g, 3, 3);
}

static void test_weights_are_shares_of_the_operations(void **state)
{
	struct group g = mixed(SHARE_ROOT, 1);
	unsigned of[64] = { 0 }, early[64] = { 0 };
	uint32_t n;
	uint64_t *place;

	(void)state;
	g.tables = 16; /* 64K has the least room for its weight: 16 x 32 pages */
	place = places_of(&g, 0, &n);
	for (uint32_t i = 0; i < n; i++) {
		of[place_lg2(place[i])]++;
		early[place_lg2(place[i])] += i < n / 2;
		assert_int_equal(place_iova(place[i]) % (1ull << place_lg2(place[i])), 0);
	}
	assert_int_equal(of[16], 512);
	assert_int_equal(of[12], 1024);
	assert_int_equal(of[21], 171);
	for (unsigned lg2 = 12; lg2 < 64; lg2++) /* well stirred: half of each in the first half */
		assert_true(4 * early[lg2] >= of[lg2] && 4 * early[lg2] <= 3 * of[lg2]);
	free(place);
}

static void test_orders(void **state)
{
	struct group g = group_of("private", SHARE_ROOT, 2);
	uint64_t first = (2ull << 30) | 16, sum = 0, *up, *down, *any, *again, *other;
	unsigned moved = 0, differ = 0;
	uint32_t n;

	(void)state;
	g.page_lg2 = 16;
	g.tables = 2;
	g.batch = 4;
	g.order = ORDER_ASCENDING;
	up = places_of(&g, 1, &n);
	g.order = ORDER_DESCENDING;
	down = places_of(&g, 1, &n);
	g.order = ORDER_RANDOM;
	any = places_of(&g, 1, &n);
	again = places_of(&g, 1, &n);
	other = places_of(&g, 0, &n);
	assert_int_equal(n, 2 * 32 / 4);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(up[i], first + (uint64_t)i * 4 * 65536);
		assert_int_equal(down[i], up[n - 1 - i]);
		assert_int_equal(any[i], again[i]);
		sum += any[i] - up[i];
		moved += any[i] != up[i];
		differ += any[i] - (1ull << 30) != other[i];
	}
	assert_int_equal(sum, 0); /* the same pages */
	assert_true(moved > 4 && differ > 4);
	free(up), free(down), free(any), free(again), free(other);
}

/* In a mix each size goes its own way up or down; which one is next stays random. */
static void test_orders_of_a_mix(void **state)
{
	(void)state;
	for (enum order_kind order = ORDER_ASCENDING; order <= ORDER_DESCENDING; order++) {
		struct group g = mixed(SHARE_ROOT, 2);
		uint64_t last[64] = { 0 }, *place;
		unsigned turns = 0;
		uint32_t n;

		g.order = order;
		place = places_of(&g, 0, &n);
		for (uint32_t i = 0; i < n; i++) {
			unsigned lg2 = place_lg2(place[i]);

			if (last[lg2])
				assert_true(order == ORDER_ASCENDING ? place[i] > last[lg2]
								     : place[i] < last[lg2]);
			last[lg2] = place[i];
			turns += i && lg2 != place_lg2(place[i - 1]);
		}
		assert_true(turns > n / 4);
		free(place);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		enum share_kind share;
		unsigned threads, lg2;
		uint64_t batch, tables;
		struct page_mix mix;
		const char *says;
	} rows[] = {
		{ SHARE_L1, 2, 21, 1, 2, { 0 }, "pages of 2M lie in tables of level 1" },
		{ SHARE_L2, 2, 30, 1, 2, { 0 }, "pages of 1G lie in tables of level 2" },
		{ SHARE_L1, 513, 12, 1, 2, { 0 }, "a table has 512 entries, fewer than 513 threads" },
		{ SHARE_L1, 2, 12, 1, 2, { 2, { 12, 21 }, { 1, 1 } }, "pages of 2M lie in tables" },
		{ SHARE_ROOT, 2, 16, 64, 2, { 0 }, "a leaf table of 64K pages has 32 for each" },
		{ SHARE_ROOT, 2, 12, 64, 2, { 2, { 12, 16 }, { 1, 1 } }, "a leaf table of 64K pages" },
		{ SHARE_ROOT, 2, 12, 1, 1, { 2, { 12, 21 }, { 1, 1000000 } }, "4K has so little weight" },
		{ SHARE_TABLE, 600, 12, 1, 2, { 0 }, "has 0 for each of 600 threads" },
		{ SHARE_ROOT, 8, 48, 1, 16, { 0 }, "do not fit the address space" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct group g = group_of("private", rows[i].share, rows[i].threads);
		struct err err = { 0 };

		g.page_lg2 = rows[i].lg2;
		g.batch = rows[i].batch;
		g.tables = rows[i].tables;
		g.mix = rows[i].mix;
		assert_int_equal(layout_check(&g, &err), EXIT_USAGE);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu says '%s'", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_step_shares_a_level_more),
		cmocka_unit_test(test_many_tables),
		cmocka_unit_test(test_large_pages),
		cmocka_unit_test(test_sizes_of_a_mix_have_tables_of_their_own),
		cmocka_unit_test(test_weights_are_shares_of_the_operations),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_orders_of_a_mix),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
