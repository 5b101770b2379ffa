/* The screen at 80 to 200 columns: no line too long, nothing lost, all in its column, no colour alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/screen.h"
#include "made_dma.h"
#include "made_scaling.h"

static const unsigned widths[] = { 80, 100, 120, 200 };

#define WIDTHS (sizeof(widths) / sizeof(widths[0]))

typedef struct result maker(void);
static maker *const makers[] = { made_whole, made_sweep, made_scaling, made_dma_path };

#define MAKERS (sizeof(makers) / sizeof(makers[0]))

/* The last one that was made: made once for all its widths. */
static struct result made;
static maker *made_by;

static void make_result(maker *make)
{
	if (make == made_by)
		return;
	if (made_by)
		result_free(&made);
	made_by = make;
	if (!make)
		return;
	made = make();
	assert_int_equal(analyse(&made), 0);
}

static char *printed(maker *make, unsigned width, bool colour)
{
	const struct terminal terminal = { .width = width, .colour = colour };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	make_result(make);
	screen_print(&made, out, terminal);
	fclose(out);
	return text;
}

static void for_each(void (*check)(maker *make, unsigned width))
{
	for (size_t k = 0; k < MAKERS; k++)
		for (size_t i = 0; i < WIDTHS; i++)
			check(makers[k], widths[i]);
}

static void lines_fit(maker *make, unsigned width)
{
	char *text = printed(make, width, false), *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		size_t n = strlen(line);

		if (n > width)
			fail_msg("%zu columns of %u: %s", n, width, line);
		if (n && line[n - 1] == ' ')
			fail_msg("blanks behind: '%s'", line);
		for (const char *c = line; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
	free(text);
}

static void test_lines_fit(void **state)
{
	(void)state;
	for_each(lines_fit);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its words in order of the alphabet, without what only separates them, and names of engines short. */
static size_t words_of(char *text, char **word, size_t room)
{
	char *rest = text, *at;
	size_t n = 0;

	while ((at = strsep(&rest, " \n"))) {
		size_t length = strlen(at);

		while (length && strchr(",;|", at[length - 1]))
			at[--length] = '\0';
		if (!strncmp(at, "amdv1/", 6))
			at += 6;
		if (!*at)
			continue;
		assert_in_range(n, 0, room - 1);
		word[n++] = at;
	}
	qsort(word, n, sizeof(*word), by_text);
	return n;
}

/* What a wide terminal shows a narrow one shows as well. */
static void nothing_is_lost(maker *make, unsigned width)
{
	static char *word[4096], *all[4096];
	char *text = printed(make, width, false), *wide = printed(make, 200, false);
	size_t n = words_of(text, word, 4096), total = words_of(wide, all, 4096);

	for (size_t i = 0; i < n && i < total; i++)
		if (strcmp(word[i], all[i]))
			fail_msg("at %u columns and at 200: '%s', '%s'", width, word[i], all[i]);
	assert_int_equal(n, total);
	free(text);
	free(wide);
}

static void test_nothing_is_lost(void **state)
{
	(void)state;
	for_each(nothing_is_lost);
}

/* A table by the first title of its heading, and the beginnings of its rows; up to a line that begins so. */
static const struct {
	maker *make;
	const char *first, *end, *title[5], *row[3];
} tables[] = {
	{ made_whole, "threads ", "   sat:", { "where", "mutex adds", "spin adds", "fair" }, { "         " } },
	{ made_whole, "workload ", "   ceil:", { "lost/table", "lvl 0/1" }, { "   cursor", "   FORCED", "   trace" } },
	{ made_sweep, "engine ", "   ACROSS", { "ops/s [95", "ns map", "map p50", "waste", "audit" },
	  { "     null", "     amdv1/l", "     lockless-2019 " } },
	{ made_sweep, "lock ", "     tries", { "cost", "waited", "hold", "passed", "spins" },
	  { "     mutex-2019 ", "     amdv1/mutex" } },
	{ made_scaling, "engine ", "   SCALING", { "ops/s [95", "ns map", "map p50", "waste", "audit" },
	  { "     limit", "     lockless-2019 ", "     amdv1/" } },
	{ made_scaling, "threads ", "4 ", { "8 ^node2", "16 ^smt", "32 ^over" }, { "     limit", "     amdv1/" } },
	{ made_dma_path, "engine ", "4 ", { "whole by" }, { "     null", "     lockless-2019 ", "     amdv1/" } },
};

static bool begins(const char *line, const char *const *beginning, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (beginning[i] && !strncmp(line, beginning[i], strlen(beginning[i])) &&
		    line[strlen(beginning[i])] != '|')
			return true;
	return false;
}

/* Is a cell there, beside a blank? A row that is withheld has none. */
static bool stands(const char *line, size_t at)
{
	return at < strlen(line) && line[at] != ' ' && (!at || line[at - 1] == ' ');
}

static unsigned check_title(char *const *line, size_t n, size_t first, size_t k, const char *title)
{
	unsigned rows = 0;
	size_t at = first, below;
	const char *found;

	while (at < first + 2 && !strstr(line[at], title))
		at++;
	below = at - first;
	if (!strstr(line[at], title)) { /* a heading of two lines begins above */
		at = first - 1;
		below = 0;
	}
	found = strstr(line[at], title);
	assert_non_null(found);
	for (size_t i = at + 1; i < n && strncmp(line[i], tables[k].end, strlen(tables[k].end)); i++) {
		if (!begins(line[i], tables[k].row, 3) || strstr(line[i], "withheld") || strstr(line[i], " against "))
			continue;
		if (!stands(line[i + below], (size_t)(found - line[at])))
			fail_msg("not under '%s':\n%s\n%s", title, line[at], line[i + below]);
		rows++;
	}
	return rows;
}

static void test_cells_stand_under_their_titles(void **state)
{
	static char *line[512];

	(void)state;
	for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
		for (size_t i = 0; i < WIDTHS; i++) {
			char *text = printed(tables[k].make, widths[i], false), *rest = text;
			size_t n = 0, first = 0;

			while (n < 512 && (line[n] = strsep(&rest, "\n")))
				n++;
			while (first < n && strncmp(line[first] + strspn(line[first], " "), tables[k].first,
						    strlen(tables[k].first)))
				first++;
			for (size_t c = 0; c < 5 && tables[k].title[c]; c++)
				assert_in_range(check_title(line, n, first, k, tables[k].title[c]), 1, 100);
			free(text);
		}
}

/* What says in words what the colour says. */
static const struct {
	const char *code, *words[4];
} meaning[] = {
	{ "\033[31m", { "worse", "withheld", "! ", "NOT" } },
	{ "\033[33m", { "unsure", "! " } },
	{ "\033[32m", { "better" } },
};

static void check_span(const char *code, const char *span)
{
	bool meant = false;

	for (size_t i = 0; i < sizeof(meaning) / sizeof(meaning[0]); i++)
		for (size_t k = 0; k < 4 && meaning[i].words[k]; k++)
			meant |= !strncmp(code, meaning[i].code, 5) && strstr(span, meaning[i].words[k]);
	meant |= !strncmp(code, "\033[1m", 4); /* a title */
	if (!meant)
		fail_msg("colour alone: %.5s%s\033[0m", code, span);
}

/* Takes the codes out of the text; returns how many there were, each with its end. */
static unsigned check_colours(char *text)
{
	char *to = text, *code = NULL, begun[8], *span = NULL;
	unsigned n = 0;

	while (*text) {
		if (*text != '\033') {
			*to++ = *text++;
			continue;
		}
		code = text;
		text = strchr(text, 'm') + 1;
		if (strncmp(code, "\033[0m", 4)) {
			assert_null(span);
			snprintf(begun, sizeof(begun), "%.*s", (int)(text - code), code);
			span = to;
			n++;
		} else {
			assert_non_null(span);
			*to = '\0'; /* what it held has been read */
			check_span(begun, span);
			span = NULL;
		}
	}
	assert_null(span);
	*to = '\0';
	return n;
}

static void colours_have_words(maker *make, unsigned width)
{
	char *plain = printed(make, width, false), *coloured = printed(make, width, true);

	assert_null(strchr(plain, '\033'));
	assert_in_range(check_colours(coloured), 1, 1000);
	assert_string_equal(plain, coloured);
	free(plain);
	free(coloured);
}

static void test_colours_have_words(void **state)
{
	(void)state;
	for_each(colours_have_words);
}

static int end(void **state)
{
	(void)state;
	make_result(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_nothing_is_lost),
		cmocka_unit_test(test_cells_stand_under_their_titles),
		cmocka_unit_test(test_colours_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
