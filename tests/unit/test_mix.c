/* --ratio, --readers and --depth: what they mean to a group, and what a group refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/mix.h"
#include "bench/page_set.h"
#include "bench/result.h"

static struct group group_of(const char *workload, unsigned threads)
{
	return (struct group){ .workload = workload_find(workload, &(const char *){ 0 }),
			       .threads = threads, .page_lg2 = 12, .batch = 1, .tables = 16,
			       .depth = 256, .share = SHARE_ROOT };
}

static void reads_and_writes_ratios(void **state)
{
	const char *const bad[] = { "", "1", "1:1", "1:1:", "1:1:1:", "1:1:1:1", "0:1:1", "1:0:1",
				    "-1:1:1", "1:1:101", "1:1: 1", " 1:1:1", "a:b:c", "1.5:1:1",
				    "99999999999999999999:1:1", "autos" };
	struct ratio r;
	char text[16];

	(void)state;
	assert_true(ratio_parse("2:3:0", &r));
	assert_true(ratio_is(r, (struct ratio){ 2, 3, 0 }));
	assert_string_equal(ratio_text(r, text, sizeof(text)), "2:3:0");
	assert_true(ratio_parse("100:100:100", &r));
	assert_string_equal(ratio_text(r, text, sizeof(text)), "100:100:100");
	assert_true(ratio_parse("auto", &r));
	assert_string_equal(ratio_text(r, text, sizeof(text)), "auto");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ratio_parse(bad[i], &r))
			fail_msg("\"%s\" passed for a ratio", bad[i]);
}

static void a_workload_has_a_mix_of_its_own(void **state)
{
	struct group g = group_of("churn", 2);

	(void)state;
	assert_true(ratio_is(group_ratio(&g), (struct ratio){ 2, 2, 1 }));
	g = group_of("private", 2);
	assert_true(ratio_is(group_ratio(&g), (struct ratio){ 1, 1, 0 }));
	g.ratio = (struct ratio){ 1, 1, 5 };
	assert_true(ratio_is(group_ratio(&g), g.ratio));
	g = group_of("cursor", 2);
	g.ratio = (struct ratio){ 1, 1, 5 };
	assert_true(ratio_is(group_ratio(&g), (struct ratio){ 0 }));
}

static void readers_are_the_last_workers(void **state)
{
	static const unsigned half[] = { 1, 1, 1, 2, 2, 3 };
	struct group g;

	(void)state;
	for (unsigned threads = 2; threads <= 6; threads++) {
		g = group_of("lookup", threads);
		assert_int_equal(group_readers(&g), half[threads - 1]);
		assert_int_equal(group_writers(&g), threads - half[threads - 1]);
		g = group_of("collapse", threads);
		assert_int_equal(group_readers(&g), 0);
		g.readers = 1;
		assert_int_equal(group_readers(&g), 1);
		g = group_of("private", threads);
		g.readers = 1;
		assert_int_equal(group_readers(&g), 0);
	}
}

static void refused(const struct group *g, const char *words)
{
	struct err err = { 0 };

	assert_int_equal(g->workload->check(g, &err), EXIT_USAGE);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" has no \"%s\"", err.text, words);
}

static void accepted(const struct group *g)
{
	struct err err = { 0 };

	if (g->workload->check(g, &err))
		fail_msg("%s", err.text);
}

static void says_what_does_not_go_together(void **state)
{
	struct group g = group_of("lookup", 2);

	(void)state;
	accepted(&g);
	g.readers = 2;
	refused(&g, "--readers 2 of 2 threads leaves nobody to write");
	g = group_of("lookup", 2);
	g.batch = 1024;
	refused(&g, "less than --batch 1024");
	g = group_of("pairs", 3);
	refused(&g, "--threads 3 leaves one worker without a partner");
	g.threads = 4;
	accepted(&g);
	g.depth = 65536;
	refused(&g, "use more tables or less depth");
	g = group_of("collapse", 1);
	accepted(&g);
	g.page_lg2 = 29;
	accepted(&g);
	g.page_lg2 = 30;
	refused(&g, "--page-size");
	g.page_lg2 = 12;
	g.batch = 256;
	accepted(&g);
	g.batch = 512;
	refused(&g, "a power of two up to 256");
	g.batch = 3;
	refused(&g, "a power of two");
	g = group_of("private", 2);
	g.ratio = (struct ratio){ 2, 2, 7 };
	accepted(&g);
	g.ratio = (struct ratio){ 2, 1, 7 };
	refused(&g, "write 2:2:7, or use --workload churn");
	g = group_of("adjacent", 2);
	g.share = SHARE_TABLE;
	g.ratio = (struct ratio){ 1, 2, 0 };
	refused(&g, "write 1:1:0");
}

static void names_what_is_unusual(void **state)
{
	struct group g = group_of("private", 4);
	struct case_result c = { 0 };
	char id[48];

	(void)state;
	case_mix(&c, &g, id, sizeof(id));
	assert_string_equal(id, "");
	assert_string_equal(c.ratio, "1:1:0");
	g.ratio = (struct ratio){ 1, 1, 3 };
	case_mix(&c, &g, id, sizeof(id));
	assert_string_equal(id, "/1:1:3");
	g = group_of("lookup", 4);
	c = (struct case_result){ 0 };
	case_mix(&c, &g, id, sizeof(id));
	assert_string_equal(id, "/r2");
	assert_string_equal(c.ratio, "");
	g = group_of("pairs", 4);
	case_mix(&c, &g, id, sizeof(id));
	assert_string_equal(id, "/d256");
	assert_int_equal(c.readers, 0);
}

static void comparisons_name_it(void **state)
{
	const struct pt_engine *e = pt_engine_find("lockless");
	struct case_result a = { .engine = e, .ratio = "1:1:0", .readers = 1, .depth = 8 }, b = a;
	char text[64];

	(void)state;
	assert_int_equal(case_differs(&a, &b, text, sizeof(text)), 0);
	strcpy(b.ratio, "1:1:3");
	b.readers = 2;
	b.depth = 16;
	assert_int_equal(case_differs(&a, &b, text, sizeof(text)), 3);
	assert_string_equal(text, "ratio,readers,depth");
}

/* Every page once, whatever the order; owners apart from each other. */
static void a_set_holds_every_page_once(void **state)
{
	struct group g = group_of("lookup", 2);
	struct page_set a, b;
	uint64_t seen = 0;

	(void)state;
	g.tables = 3;
	g.batch = 100;
	assert_int_equal(page_set_open(&a, &g, 0), 0);
	assert_int_equal(page_set_open(&b, &g, 1), 0);
	assert_int_equal(a.n, 15);
	assert_true(b.base >= a.base + page_set_span(&g));
	for (uint32_t i = 0; i < a.n; i++) {
		struct pt_op op = page_set_op(&a, i, true);
		uint64_t page = (op.iova - a.base) / 4096;

		assert_int_equal(page % 512 % 100, 0);
		assert_true(page % 512 + 100 <= 512 && page / 512 < 3);
		seen |= 1ull << (page / 512 * 5 + page % 512 / 100);
		assert_true(op.iova + 409600 <= a.base + page_set_bytes(&g));
		assert_int_equal(page_set_op(&a, i, false).kind, PT_UNMAP_RANGE);
	}
	assert_int_equal(seen, 0x7fff);
	page_set_close(&a);
	page_set_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_ratios),
		cmocka_unit_test(a_workload_has_a_mix_of_its_own),
		cmocka_unit_test(readers_are_the_last_workers),
		cmocka_unit_test(says_what_does_not_go_together),
		cmocka_unit_test(names_what_is_unusual),
		cmocka_unit_test(comparisons_name_it),
		cmocka_unit_test(a_set_holds_every_page_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
