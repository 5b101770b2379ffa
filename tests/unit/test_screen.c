#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/screen.h"
#include "made_dma.h"
#include "made_scaling.h"

static char *printed_at(const struct result *r, unsigned width, bool colour)
{
	const struct terminal terminal = { .width = width, .colour = colour };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	screen_print(r, out, terminal);
	fclose(out);
	return text;
}

static char *printed(const struct result *r, bool colour)
{
	return printed_at(r, TERMINAL_FILE, colour);
}

static void show_difference(const char *got, const char *want)
{
	while (*got && *got == *want)
		got++, want++;
	print_error("from the first difference on, got:\n%s\n--- want:\n%s\n", got, want);
}

/* A changed screen is made golden again with IOPT_GOLDEN=write. */
static void compare_golden(struct result *r, const char *name)
{
	const char *mode = getenv("IOPT_GOLDEN");
	bool write = mode && !strcmp(mode, "write");
	char path[512], want[16384], *got;
	size_t n;
	FILE *file;

	assert_int_equal(analyse(r), 0);
	got = printed(r, false);
	snprintf(path, sizeof(path), "%s/screen/%s.txt", TEST_DATA, name);
	file = fopen(path, write ? "w" : "r");
	assert_non_null(file);
	if (write) {
		fputs(got, file);
	} else {
		n = fread(want, 1, sizeof(want) - 1, file);
		want[n] = '\0';
		if (strcmp(got, want)) {
			show_difference(got, want);
			fail_msg("%s differs", path);
		}
	}
	fclose(file);
	free(got);
}

static void test_default_run(void **state)
{
	struct result r = made_whole();

	(void)state;
	compare_golden(&r, "whole");
	result_free(&r);
}

static void test_sweep_with_a_failed_audit(void **state)
{
	struct result r = made_sweep();

	(void)state;
	compare_golden(&r, "sweep");
	result_free(&r);
}

static void test_phases_stand_below_their_case(void **state)
{
	struct result r = made_result();
	char *text;

	(void)state;
	made_job.preset_default = false;
	made_lookup(made_case(&r, 0, LOCKLESS_2019, 2, 0), 8, 20, 26);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 2, 0), 8, 20);
	strcpy(r.cases[1].workload, "pairs");
	strcpy(r.cases[1].ratio, "1:1:3");
	r.cases[1].waits = true;
	r.cases[1].depth = 64;
	r.cases[1].slices[0].wait_ns = 8 * 2000 * 5.0;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "| 1 reader |"));
	assert_non_null(strstr(text, "\n       writers alone 21 ns; beside readers 27 ns, retires 0.007; "
				     "readers cost +6.0 ns [6.0 6.0]\n"));
	assert_non_null(strstr(text, "| ratio 1:1:3 |"));
	assert_non_null(strstr(text, " depth 64"));
	assert_non_null(strstr(text, "\n       waiting for others 5 ns an op, left out\n"));
	free(text);
	result_free(&r);
}

static void test_the_dma_path(void **state)
{
	struct result r = made_dma_path();

	(void)state;
	compare_golden(&r, "dma");
	result_free(&r);
}

/* What was not measured is no 0.00, and the heading does not speak of parts where there are none. */
static void test_a_path_without_parts(void **state)
{
	struct result r = made_dma_path();
	char *text;

	(void)state;
	for (size_t i = 0; i < r.ncases; i++) {
		struct case_result *c = &r.cases[i];

		memset(c->phases, 0, sizeof(c->phases));
		c->think_ns = 1000;
		for (size_t k = 0; k < c->nslices; k++)
			memset(c->slices[k].phase_ops, 0, sizeof(c->slices[k].phase_ops));
	}
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "medians; whole calls: with --rate or --think no parts are told apart\n"));
	assert_non_null(strstr(text, ", null unknown |"));
	assert_null(strstr(text, " 0.00 "));
	assert_non_null(strstr(text, "|     -     -     -      -     - |"));
	free(text);
	result_free(&r);
}

static void test_scaling_of_a_sweep(void **state)
{
	struct result r = made_scaling();

	(void)state;
	compare_golden(&r, "scaling");
	result_free(&r);
}

static struct case_result *made_filled(struct result *r, unsigned group, int engine, uint64_t lost,
				       uint64_t window_ns)
{
	struct case_result *c = made_case(r, group, engine, 2, 0);

	made_cold(c, 2, "cursor", 8, 100, lost);
	if (window_ns)
		made_window(c, 88, window_ns);
	return c;
}

/* The first row does not speak for the others. */
static void test_rows_in_vain_say_what_varies(void **state)
{
	struct result r = made_result();
	char *text;

	(void)state;
	made_job.preset_default = false;
	made_filled(&r, 0, LOCKLESS_2019, 13, 212);
	made_filled(&r, 0, LOCKLESS, 7, 90);
	strcpy(made_filled(&r, 1, LOCKLESS_2019, 13, 412)->zero, "free");
	strcpy(made_filled(&r, 2, LOCKLESS_2019, 0, 0)->zero, "free");
	r.cases[3].verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "each slice fills a fresh table\n"));
	assert_non_null(strstr(text, "\n     zero alloc, window 212 ns, in vain: 104 installs"));
	assert_non_null(strstr(text, "\n     window 90 ns, in vain: 56 installs"));
	assert_non_null(strstr(text, "\n     zero free, window 412 ns, in vain: 104 installs"));
	assert_non_null(strstr(text, "withheld, see audit\n     zero free\n"));
	free(text);

	for (size_t i = 0; i < r.ncases; i++) {
		struct case_result *c = &r.cases[i];

		strcpy(c->zero, "free");
		c->batch = c->group ? 8 : 1;
		strcpy(c->mem, c->group ? "interleave" : "local");
		strcpy(c->place, c->group ? "scatter" : "compact");
		c->levels = c->group ? 4 : 0;
		c->page_bytes = c->group ? 65536 : 4096;
	}
	text = printed(&r, false);
	assert_non_null(strstr(text, "each slice fills a fresh table; page zeroed at free\n"));
	assert_non_null(strstr(text, "\n     1 a call, 4K pages, mem local, place compact, levels auto, "
				     "window 212 ns"));
	assert_non_null(strstr(text, "\n     8 a call, 64K pages, mem interleave, place scatter, levels 4, "
				     "window 412 ns"));
	free(text);
	result_free(&r);
}

static void test_the_longest_name_stands_apart(void **state)
{
	static const struct pt_engine other = { .name = "vtdss/lockless-intel", .format = "vtdss",
						.sync = "lockless", .body = "intel" };
	struct result r = made_scaling();
	char *text;

	(void)state;
	for (size_t i = 2; i < r.ncases; i += 4)
		r.cases[i].engine = &other;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "\n     vtdss/lockless-intel  1.00  "));
	assert_non_null(strstr(text, " 32 ^over\n"));
	free(text);
	result_free(&r);
}

/* The default run of a larger machine: a line for scaling and one for the law. */
static void test_scaling_of_the_default_run(void **state)
{
	struct result r = made_scaling();
	char *text;

	(void)state;
	made_job.preset_default = true;
	for (size_t i = 0; i < r.ncases; i++)
		r.cases[i].section = 1;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "   scaling  gain from 1 to 16 threads over limit's: lockless 1.00 ["));
	assert_non_null(strstr(text, "modern lockless 0.89 ["));
	assert_non_null(strstr(text, "   USL      sigma, kappa: lockless 0.0"));
	assert_null(strstr(text, "SCALING"));
	free(text);
	result_free(&r);
}

/* What parts say of a whole call is withheld where they are not about as long. */
static void test_what_could_be_gained(void **state)
{
	static const struct made_parts far = { { 10, 20, 30, 931, 9 }, 140 };
	struct result r = made_result();
	char *text;

	(void)state;
	made_job.preset_default = false;
	made_dma(&r, 0, MUTEX_2019, "rcache", "strict", &far);
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "mutex-2019: what an unmap could gain at most is withheld:"));
	assert_non_null(strstr(text, "whole calls take x1.28 [1.28 1.28] of"));
	assert_null(strstr(text, "faster"));
	assert_null(strstr(text, "an unmap is of a page"));
	free(text);
	result_free(&r);
}

static void test_columns_of_pages(void **state)
{
	static const struct made_parts parts = { { 10, 20, 15, 1, 9 }, 0.5 };
	struct result r = made_result();
	char *text;

	(void)state;
	made_job.preset_default = false;
	made_dma(&r, 0, MUTEX_2019, "rcache", "none", &parts)->dma.by_page = true;
	made_dma(&r, 0, NULL_RULER, "rcache", "none", &parts)->dma.by_page = true;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "an unmap is of a page, and so are unmap, inval. and free"));
	assert_non_null(strstr(text, "page table of a map and all its unmaps, by difference to null:"));
	free(text);
	result_free(&r);
}

static const unsigned widths[] = { 80, 100, 120, 200 };

#define WIDTHS (sizeof(widths) / sizeof(widths[0]))

static void lines_fit(struct result r)
{
	assert_int_equal(analyse(&r), 0);
	for (size_t i = 0; i < WIDTHS; i++) {
		char *text = printed_at(&r, widths[i], false), *rest = text, *line;

		while ((line = strsep(&rest, "\n"))) {
			if (strlen(line) > widths[i])
				fail_msg("%zu columns of %u: %s", strlen(line), widths[i], line);
			for (const char *c = line; *c; c++)
				assert_in_range(*c, ' ', '~');
		}
		free(text);
	}
	result_free(&r);
}

static void test_lines_fit(void **state)
{
	(void)state;
	lines_fit(made_whole());
	lines_fit(made_scaling());
	lines_fit(made_dma_path());
	lines_fit(made_sweep());
}

static void strip_escapes(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\033')
			text = strchr(text, 'm');
		else
			*to++ = *text;
	}
	*to = '\0';
}

static void test_colour_adds_nothing_but_colour(void **state)
{
	struct result r = made_sweep();
	char *plain, *coloured;

	(void)state;
	assert_int_equal(analyse(&r), 0);
	plain = printed(&r, false);
	coloured = printed(&r, true);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strchr(coloured, '\033'));
	strip_escapes(coloured);
	assert_string_equal(plain, coloured);
	free(plain);
	free(coloured);
	result_free(&r);
}

/* The mutex of one row failed: its row says so, other rows keep their numbers. */
static void test_withheld_lock(void **state)
{
	struct result r = made_whole();
	char *text;

	(void)state;
	r.cases[1].verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	text = printed(&r, false);
	assert_non_null(strstr(text, "withheld, see audit"));
	assert_null(strstr(text, "+38 ns"));
	assert_non_null(strstr(text, "+16.1 us"));
	free(text);
	result_free(&r);
}

static void shows_added(double mid, double lo, double hi, bool valid, const char *want)
{
	const struct interval i = { .mid = mid, .lo = lo, .hi = hi, .n = 12, .valid = valid };
	char text[64];

	assert_string_equal(show_added(text, sizeof(text), &i), want);
}

static void test_short_forms(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));
	char text[64];

	(void)state;
	assert_non_null(h);
	shows_added(38.2, 37.1, 39, true, "+38 ns [37 39]");
	shows_added(-0.31, -1.2, 0.5, true, "-0.3 ns [-1.2 0.5]");
	shows_added(16123, 15600, 16800, true, "+16.1 us [15.6 16.8]");
	shows_added(999.7, 900, 1100, true, "+1.0 us [0.9 1.1]");
	shows_added(250e6, 0, 0, false, "+250 ms [few pairs]");
	shows_added(NAN, 0, 0, false, "-");
	for (int i = 0; i < 1000; i++)
		hist_record(h, i < 980 ? 60 : 61234);
	assert_string_equal(show_quantile(text, sizeof(text), h, 0.5, 24), "<72ns");
	assert_string_equal(show_quantile(text, sizeof(text), h, 0.5, 20), "60ns");
	assert_string_equal(show_quantile(text, sizeof(text), h, 0.99, 20), "61.2us");
	assert_string_equal(show_quantile(text, sizeof(text), h, 0.999, 20), "-");
	assert_string_equal(show_quantile(text, sizeof(text), NULL, 0.5, 20), "-");
	assert_string_equal(show_number(text, sizeof(text), NAN), "-");
	assert_string_equal(show_number(text, sizeof(text), 12345), "12345");
	assert_string_equal(show_number(text, sizeof(text), 1.354), "1.35");
	free(h);
}

static void test_where(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 6, 0);
	char text[32];

	(void)state;
	assert_string_equal(show_where(text, sizeof(text), c), "node 0");
	c->workers[1].node = c->workers[4].node = 3;
	assert_string_equal(show_where(text, sizeof(text), c), "4+2 nodes");
	for (unsigned i = 0; i < 6; i++)
		c->workers[i].node = i;
	c->nodes_used = 6;
	assert_string_equal(show_where(text, sizeof(text), c), "6 nodes");
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_run),
		cmocka_unit_test(test_sweep_with_a_failed_audit),
		cmocka_unit_test(test_scaling_of_a_sweep),
		cmocka_unit_test(test_the_dma_path), cmocka_unit_test(test_a_path_without_parts),
		cmocka_unit_test(test_rows_in_vain_say_what_varies),
		cmocka_unit_test(test_the_longest_name_stands_apart),
		cmocka_unit_test(test_scaling_of_the_default_run),
		cmocka_unit_test(test_phases_stand_below_their_case),
		cmocka_unit_test(test_what_could_be_gained),
		cmocka_unit_test(test_columns_of_pages),
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_colour_adds_nothing_but_colour),
		cmocka_unit_test(test_withheld_lock),
		cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
