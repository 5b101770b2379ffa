#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/screen.h"
#include "bench/series.h"
#include "bench/tables.h"
#include "made_result.h"

/* n slices a millisecond apart, whose tables grow by `step` from `from` on. */
static struct case_result *made_growth(struct result *r, size_t n, uint64_t from, uint64_t step)
{
	struct case_result *c = made_case(r, 0, LOCKLESS_2019, 1, 0);

	made_slices(c, n, 100);
	for (size_t i = 0; i < n; i++) {
		c->slices[i].at_ns = 1000000 * (i + 1);
		c->slices[i].live_pages = from + step * i;
	}
	return c;
}

static void test_first_last_peak(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_growth(&r, 10, 7, 3);
	struct series s;

	(void)state;
	c->slices[4].live_pages = 99;
	assert_true(series_of(c, &s));
	assert_int_equal(s.first, 7);
	assert_int_equal(s.last, 34);
	assert_int_equal(s.peak, 99);
	assert_int_equal(s.ends_ns, 10000000);
	/* of the first process alone: another has tables of its own */
	for (size_t i = 3; i < 10; i++)
		c->slices[i].process = 1;
	assert_true(series_of(c, &s));
	assert_int_equal(s.end, 3);
	assert_int_equal(s.last, 13);
	assert_int_equal(s.peak, 13);
	assert_int_equal(s.ends_ns, 3000000);
	c->verified = VERIFIED_NO;
	assert_false(series_of(c, &s));
	c->verified = VERIFIED_YES;
	c->nslices = 0;
	assert_false(series_of(c, &s));
	result_free(&r);
}

static void check_sparkline(const struct case_result *c, size_t columns, const char *want)
{
	struct series s;
	char got[64];

	assert_true(series_of(c, &s));
	series_sparkline(c, &s, got, columns);
	assert_string_equal(got, want);
}

static void test_sparkline(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_growth(&r, 8, 1, 1);

	(void)state;
	check_sparkline(c, 8, ":-=+*#%@");
	check_sparkline(c, 4, "-+#@");
	check_sparkline(c, 1, "@");
	/* finer than the slices: as it was */
	check_sparkline(c, 16, ":::--==++**##%%@");
	for (size_t i = 0; i < 8; i++)
		c->slices[i].live_pages = i < 4 ? 0 : 5;
	check_sparkline(c, 8, "....@@@@");
	for (size_t i = 0; i < 8; i++)
		c->slices[i].live_pages = 0;
	check_sparkline(c, 4, "....");
	/* a peak within a column is seen */
	c->slices[2].live_pages = 800;
	check_sparkline(c, 2, "@.");
	result_free(&r);
}

/* Two workers, of whom one frees what the other allocated. */
static void test_live_pages_of_a_table(void **state)
{
	struct lane lanes[2] = { { .pw.n = { .allocated = 10, .freed = 3, .retired = 9 }, .ripened = 2 },
				 { .pw.n = { .allocated = 1 }, .ripened = 4 } };
	struct lane *of[] = { &lanes[0], &lanes[1] };
	struct group g = { .threads = 2, .nengines = 2 };
	struct group_run run = { .g = &g };

	(void)state;
	run.engines[1].lanes = of;
	assert_int_equal(tables_live_pages(&run, 1), 2);
	lanes[1].ripened = 0;
	assert_int_equal(tables_live_pages(&run, 1), 6);
}

static bool has_line(const struct result *r, const char *words)
{
	struct screen s = { .r = r, .terminal.width = TERMINAL_FILE };
	char *text = NULL;
	size_t size;
	bool has;

	s.out = open_memstream(&text, &size);
	assert_non_null(s.out);
	screen_series(&s, 0);
	fclose(s.out);
	has = strstr(text, words);
	if (!has && size)
		print_message("%s", text);
	free(text);
	return has;
}

static void test_who_has_a_line(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_growth(&r, 8, 1000, 1000);

	(void)state;
	assert_true(has_line(&r, "\n     lockless-2019         1,000 to 8,000, peak 8,000  "
				 "|::::::::-----====+++++****#####%%%%@| 8 ms\n"));
	for (size_t i = 0; i < 8; i++)
		c->slices[i].live_pages = i ? 2000 : 1000; /* doubled, not more */
	assert_false(has_line(&r, "live"));
	strcpy(c->workload, "piecewise");
	assert_true(has_line(&r, " 1,000 to 2,000, peak 2,000 "));
	c->group = 1;
	assert_false(has_line(&r, "live"));
	c->group = 0;
	c->engine = &made_engines[NULL_RULER];
	assert_false(has_line(&r, "live"));
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_last_peak),
		cmocka_unit_test(test_sparkline),
		cmocka_unit_test(test_live_pages_of_a_table),
		cmocka_unit_test(test_who_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
