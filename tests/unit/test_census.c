/* The census on logs made by hand, whose tables, lines and migrations are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* after the five headers that it needs */
#include <cmocka.h>

#include <math.h>

#include "bench/census.h"
#include "bench/lane.h"

#define WORKERS 5u
#define PAGE 4096ull
#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct census_order order;
static struct census_log *logs[WORKERS];

static int open_logs(void **state)
{
	(void)state;
	order.next = 0;
	for (unsigned w = 0; w < WORKERS; w++)
		if (!(logs[w] = census_log_create(&order)))
			return -1;
	return 0;
}

static int close_logs(void **state)
{
	(void)state;
	for (unsigned w = 0; w < WORKERS; w++)
		free(logs[w]);
	return 0;
}

static void maps(unsigned worker, uint64_t iova, uint32_t pages, unsigned size_lg2)
{
	struct lane *lane = aligned_alloc(CACHE_ALIGN, sizeof(*lane));

	assert_non_null(lane);
	lane->census = logs[worker];
	census_note(lane, iova, pages, size_lg2);
	free(lane);
}

static struct census counted(void)
{
	struct census c;

	assert_int_equal(census_count(&c, logs, WORKERS), 0);
	return c;
}

static void by(const uint64_t *found, uint64_t one, uint64_t two, uint64_t three, uint64_t more)
{
	assert_int_equal(found[0], one);
	assert_int_equal(found[1], two);
	assert_int_equal(found[2], three);
	assert_int_equal(found[3], more);
}

static void nothing_is_nothing(void **state)
{
	struct census c = counted();

	(void)state;
	assert_int_equal(c.maps + c.pages + c.tables + c.lines + c.migrations, 0);
	assert_true(isnan(c.cpus_per_table) && isnan(c.cpus_per_line));
}

/* Each in a table of its own, twice: everything is one worker's. */
static void those_who_keep_apart(void **state)
{
	struct census c;

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned w = 0; w < WORKERS; w++)
			maps(w, w * 2 * MIB + 4 * PAGE, 2, 12);
	c = counted();
	assert_int_equal(c.maps, 10);
	assert_int_equal(c.pages, 20);
	assert_int_equal(c.tables, 5);
	assert_int_equal(c.lines, 5);
	by(c.tables_by, 5, 0, 0, 0);
	by(c.lines_by, 5, 0, 0, 0);
	assert_int_equal(c.migrations, 0);
	assert_true(c.cpus_per_table == 1 && c.cpus_per_line == 1);
}

/*
 * One table. Line 0 is touched by four, line 1 by three, line 2 by two, line 3 by one; no page is
 * mapped twice, so nothing migrates.
 */
static void neighbours_in_lines(void **state)
{
	struct census c;

	(void)state;
	for (unsigned line = 0; line < 4; line++)
		for (unsigned w = 0; w < 4 - line; w++)
			maps(w, (line * 8 + w) * PAGE, 1, 12);
	c = counted();
	assert_int_equal(c.tables, 1);
	by(c.tables_by, 0, 0, 0, 1);
	assert_int_equal(c.lines, 4);
	by(c.lines_by, 1, 1, 1, 1);
	assert_true(c.cpus_per_table == 4);
	assert_true(c.cpus_per_line == 2.5);
	assert_int_equal(c.migrations, 0);
}

/* A page goes 0, 0, 1, 1, 0: it changed hands twice. A range of which one page did counts once. */
static void pages_that_change_hands(void **state)
{
	struct census c;

	(void)state;
	maps(0, 64 * PAGE, 1, 12);
	maps(0, 64 * PAGE, 1, 12);
	maps(1, 64 * PAGE, 1, 12);
	maps(1, 64 * PAGE, 1, 12);
	maps(0, 64 * PAGE, 1, 12);
	assert_int_equal(counted().migrations, 2);
	maps(2, 60 * PAGE, 16, 12); /* three lines of it new, one page of 0's */
	assert_int_equal(counted().migrations, 3);
	maps(2, 56 * PAGE, 32, 12); /* its own, and new ones */
	assert_int_equal(counted().migrations, 3);
	maps(3, 70 * PAGE, 4, 12);  /* four pages of 2's: one map */
	c = counted();
	assert_int_equal(c.migrations, 4);
	assert_int_equal(c.maps, 8);
	assert_int_equal(c.pages, 57);
	assert_int_equal(c.lines, 4); /* pages 56 to 87 */
	by(c.lines_by, 2, 1, 0, 1); /* that of page 64 by all, that of page 72 by two */
}

/* The order is that of the maps, not that of the workers. */
static void order_is_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		maps(4 - i % 2, GIB, 1, 12);
	assert_int_equal(counted().migrations, 9);
}

/* A range across two tables, and the entries of larger pages. */
static void entries_are_of_their_level(void **state)
{
	struct census c;

	(void)state;
	maps(0, 2 * MIB - PAGE, 2, 12);
	c = counted();
	assert_int_equal(c.tables, 2);
	assert_int_equal(c.lines, 2);
	maps(1, 4 * MIB, 512, 21); /* one entry of level 1 … */
	maps(2, 6 * MIB, 512, 0);  /* … and its neighbour */
	c = counted();
	assert_int_equal(c.tables, 3);
	assert_int_equal(c.lines, 3);
	by(c.tables_by, 2, 1, 0, 0);
	maps(3, GIB, 1 << 18, 0); /* one entry of level 2 */
	c = counted();
	assert_int_equal(c.tables, 4);
	assert_int_equal(c.lines, 4);
	maps(3, 2 * GIB, 512, 12); /* 2 MiB in small pages: a table, all its lines */
	c = counted();
	assert_int_equal(c.tables, 5);
	assert_int_equal(c.lines, 4 + 64);
	maps(0, 3 * GIB - PAGE, 512 + 2, 0); /* a small page, a large one, a small one */
	c = counted();
	assert_int_equal(c.tables, 5 + 3);
	assert_int_equal(c.lines, 68 + 3);
	assert_int_equal(c.migrations, 0);
}

/* A log that is full takes no more, and no number either. */
static void a_log_has_an_end(void **state)
{
	struct census c;

	(void)state;
	for (unsigned i = 0; i < CENSUS_MAX + 10; i++)
		maps(0, (i % 1024 + 1) * PAGE, 1, 12);
	maps(1, PAGE, 1, 12);
	for (unsigned i = 0; i < 10; i++)
		maps(2, 4 * GIB, 1 << 17, 12); /* as many entries as there may be: the first only */
	c = counted();
	assert_int_equal(c.maps, CENSUS_MAX + 2);
	assert_int_equal(c.migrations, 1);
	assert_int_equal(c.tables, 3 + 256); /* pages 1 to 1024 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_nothing, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(those_who_keep_apart, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(neighbours_in_lines, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(pages_that_change_hands, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(order_is_kept, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(entries_are_of_their_level, open_logs, close_logs),
		cmocka_unit_test_setup_teardown(a_log_has_an_end, open_logs, close_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
