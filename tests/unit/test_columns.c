#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/columns.h"

static const struct column plain[] = {
	{ .title = "engine" },
	{ .title = "ops/s", .align = COLUMNS_RIGHT, .gap = 3 },
	{ .title = "its\nns", .align = COLUMNS_DECIMAL, .bar = true },
	{ .title = "verdict", .fold = true },
};

static char *text;
static size_t size;
static FILE *out;

static int open_text(void **state)
{
	(void)state;
	out = open_memstream(&text, &size);
	return out ? 0 : -1;
}

static int close_text(void **state)
{
	(void)state;
	free(text);
	return 0;
}

static struct columns begin(const struct terminal *terminal, const struct column *column)
{
	return columns_begin(out, terminal, column, 4, 2);
}

static void three_rows(struct columns *t)
{
	columns_row(t);
	columns_cell(t, "lockless");
	columns_cell(t, "%d M", 35);
	columns_cell(t, "9.5");
	columns_paint(t, PAINT_WORSE, "worse");
	columns_row(t);
	columns_cell(t, "mutex");
	columns_rest(t, PAINT_NONE, "withheld, see audit");
	fputs("  a remark\n", columns_below(t));
	columns_row(t);
	columns_cell(t, "null");
	columns_cell(t, "-");
	columns_cell(t, "1234.56");
}

static void printed(struct columns *t, const char *want)
{
	columns_end(t);
	fclose(out);
	assert_string_equal(text, want);
}

static void test_as_wide_as_its_content(void **state)
{
	const struct terminal terminal = { .width = 100 };
	struct columns t = begin(&terminal, plain);

	(void)state;
	fputs("above\n", columns_below(&t));
	three_rows(&t);
	printed(&t, "                   |     its\n"
		    "  engine     ops/s |      ns  verdict\n"
		    "above\n"
		    "  lockless    35 M |    9.5   worse\n"
		    "  mutex      withheld, see audit\n"
		    "  a remark\n"
		    "  null           - | 1234.56\n");
}

static const struct column wide[] = {
	{ .title = "engine", .least = 20 },
	{ .title = "thirty columns, in which stands", .align = COLUMNS_RIGHT },
	{ .title = "thirty other columns that stand", .fold = true },
	{ .title = "the rest" },
};

static void test_takes_room_where_it_is(void **state)
{
	const struct terminal terminal = { .width = 120 };
	struct columns t = begin(&terminal, wide);

	(void)state;
	three_rows(&t);
	printed(&t, "  engine                thirty columns, in which stands  thirty other columns that stand  the rest\n"
		    "  lockless                                         35 M  9.5                              worse\n"
		    "  mutex                 withheld, see audit\n"
		    "  a remark\n"
		    "  null                                                -  1234.56\n");
}

static void test_narrowed(void **state)
{
	const struct terminal terminal = { .width = 85 };
	struct columns t = begin(&terminal, wide);

	(void)state;
	three_rows(&t);
	printed(&t, "  engine    thirty columns, in which stands  thirty other columns that stand the rest\n"
		    "  lockless                             35 M  9.5                             worse\n"
		    "  mutex     withheld, see audit\n"
		    "  a remark\n"
		    "  null                                    -  1234.56\n");
}

static void test_folded(void **state)
{
	const struct terminal terminal = { .width = 80 };
	struct columns t = begin(&terminal, wide);

	(void)state;
	three_rows(&t);
	printed(&t, "  engine    thirty columns, in which stands\n"
		    "            thirty other columns that stand  the rest\n"
		    "  lockless                             35 M\n"
		    "            9.5                              worse\n"
		    "  mutex     withheld, see audit\n"
		    "  a remark\n"
		    "  null                                    -\n"
		    "            1234.56\n");
}

static const struct column names[] = {
	{ .title = "case", .most = 8 },
	{ .title = "a\nlong title", .align = COLUMNS_DECIMAL },
	{ .title = NULL },
	{ .title = "last", .align = COLUMNS_RIGHT },
};

/* What is longer has a line of its own; a control character is no text; other columns than bytes. */
static void test_a_long_name(void **state)
{
	const struct terminal terminal = { .width = 80, .colour = true };
	struct columns t = begin(&terminal, names);

	(void)state;
	columns_row(&t);
	columns_cell(&t, "a name that is long");
	columns_cell(&t, "x1.5");
	columns_paint(&t, PAINT_BETTER, "ok \033[31m");
	columns_cell(&t, "\303\251\303\251");
	columns_row(&t);
	columns_cell(&t, "short");
	columns_cell(&t, "x17");
	columns_cell(&t, "%s", "");
	columns_cell(&t, "end");
	columns_row(&t);
	columns_cell(&t, "none");
	printed(&t, "                  a\n"
		    "  case   long title            last\n"
		    "  a name that is long\n"
		    "               x1.5  \033[32mok ?[31m\033[0m    \303\251\303\251\n"
		    "  short       x17               end\n"
		    "  none\n");
}

static void test_words(void **state)
{
	const struct terminal terminal = { .width = 20, .colour = true };

	(void)state;
	columns_words(out, &terminal, PAINT_WORSE, 4, 2, "one two  three four a/path/that/is/longer/than/this five\n");
	fclose(out);
	assert_string_equal(text, "\033[31mone two three\n"
		    "  four\n"
		    "  a/path/that/is/longer/than/this\n"
		    "  five?\033[0m\n");
}

static void test_widths(void **state)
{
	(void)state;
	assert_int_equal(columns_width("plain"), 5);
	assert_int_equal(columns_width("\303\251"), 1);
	assert_int_equal(columns_width("\346\274\242"), 2); /* a character of two columns */
	assert_int_equal(columns_width("\377\376"), 2); /* no characters at all */
}

static void test_the_width_of_a_file(void **state)
{
	static const struct {
		const char *columns;
		unsigned width;
	} row[] = {
		{ NULL, 100 }, { "80", 80 }, { "120", 120 }, { "200", 200 }, { "10", 80 }, { "4000", 200 },
		{ "99999999999999999999", 200 }, { "0", 100 }, { "", 100 }, { "-90", 100 }, { "90x", 100 },
	};
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (row[i].columns)
			setenv("COLUMNS", row[i].columns, 1);
		else
			unsetenv("COLUMNS");
		assert_int_equal(terminal_of(file).width, row[i].width);
		assert_false(terminal_of(file).colour);
	}
	unsetenv("COLUMNS");
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_as_wide_as_its_content, open_text, close_text),
		cmocka_unit_test_setup_teardown(test_takes_room_where_it_is, open_text, close_text),
		cmocka_unit_test_setup_teardown(test_narrowed, open_text, close_text),
		cmocka_unit_test_setup_teardown(test_folded, open_text, close_text),
		cmocka_unit_test_setup_teardown(test_a_long_name, open_text, close_text),
		cmocka_unit_test_setup_teardown(test_words, open_text, close_text),
		cmocka_unit_test(test_widths), cmocka_unit_test(test_the_width_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
