/* What means something to troff is made not to, and stays readable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/roff.h"

static char *text_of(void (*write)(FILE *out, const char *text, size_t n), const char *text)
{
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	write(out, text, strlen(text));
	fclose(out);
	return made;
}

static void test_escapes(void **state)
{
	static const struct {
		const char *text, *literal, *running;
	} row[] = {
		{ ".TH is text", "\\&.TH is text", "\\&.TH is text" },
		{ "a\n.b\n'c", "a\n\\&.b\n\\&\\(aqc", "a\n\\&.b\n\\&\\(aqc" },
		{ "two\\nlines", "two\\enlines", "two\\enlines" },
		{ "--a-b", "\\-\\-a\\-b", "\\-\\-a\\-b" },
		{ "`run`", "\\(garun\\(ga", "\\fBrun\\fR" },
		{ "0x… é", "0x\\[u2026] \\[u00E9]", "0x\\[u2026] \\[u00E9]" },
		{ "cut \xe2\x80", "cut \\[u00E2]\\[u0080]", "cut \\[u00E2]\\[u0080]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *literal = text_of(roff_literal, row[i].text), *running = text_of(roff_text, row[i].text);

		assert_string_equal(literal, row[i].literal);
		assert_string_equal(running, row[i].running);
		free(literal);
		free(running);
	}
}

static void test_long_lines(void **state)
{
	char words[600] = "", *made, *save = NULL;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		strcat(words, i % 7 ? "word " : ".dot ");
	made = text_of(roff_text, words);
	for (char *line = strtok_r(made, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_true(strlen(line) < 80);
		assert_int_not_equal(line[0], '.');
	}
	free(made);
}

static void test_paragraphs(void **state)
{
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	(void)state;
	roff_paragraphs(out, "one\nstill\n\ntwo:\n  as it is\n  and so\nthree\n", true);
	fclose(out);
	assert_string_equal(made, "one\nstill\n.PP\ntwo:\n.PP\n.RS 4\n.nf\nas it is\nand so\n.fi\n.RE\n"
				  ".PP\nthree\n");
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_paragraphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
