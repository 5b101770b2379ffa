#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bench/flags.h"

static struct {
	bool quiet, given;
	const char *out;
	uint64_t pairs, wait_ns;
	double effect;
	unsigned format;
	struct flag_args args;
	struct err err;
} got;

/* Words of one line; a leading @: `--` and what follows are taken. */
static int parse(const char *line)
{
	static const char *const formats[] = { "text", "json", NULL };
	const struct flag flags[] = {
		{ "quiet", FLAG_BOOL, &got.quiet, .help = "no progress" },
		{ "out", FLAG_TEXT, &got.out, &got.given, .metavar = "FILE", .help = "there" },
		{ "pairs", FLAG_COUNT, &got.pairs, .min = 1, .max = 10000, .help = "so many" },
		{ "wait", FLAG_DURATION, &got.wait_ns, .min = 1000, .max = 1000000000, .help = "so long" },
		{ "effect", FLAG_PERCENT, &got.effect, .max = 50, .help = "so much" },
		{ "format", FLAG_CHOICE, &got.format, .choices = formats, .help = "so" },
		{ .name = NULL },
	};
	static char words[256];
	char *argv[16], *rest = words, *word;
	int argc = 0;

	memset(&got, 0, sizeof(got));
	got.pairs = 12;
	got.args.most = 2;
	got.args.takes_rest = *line == '@';
	strcpy(words, line + (*line == '@'));
	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = !strcmp(word, "''") ? strchr(word, '\0') : word;
	return flags_parse(flags, "verb", argc, argv, &got.args, &got.err);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(parse("a --quiet --pairs 1.5k --wait=20ms --effect 3% b --format json --out=x"), 0);
	assert_true(got.quiet && got.given);
	assert_int_equal(got.pairs, 1500);
	assert_int_equal(got.wait_ns, 20000000);
	assert_float_equal(got.effect, 0.03, 1e-12);
	assert_int_equal(got.format, 1);
	assert_string_equal(got.out, "x");
	assert_int_equal(got.args.nargs, 2);
	assert_string_equal(got.args.args[0], "a");
	assert_string_equal(got.args.args[1], "b");
	assert_int_equal(parse(""), 0);
	assert_true(got.pairs == 12 && !got.given && !got.args.nargs);
	assert_int_equal(parse("- --out -"), 0); /* stdin is an argument, and a value may begin so */
	assert_string_equal(got.args.args[0], "-");
	assert_string_equal(got.out, "-");
	assert_int_equal(parse("--out --quiet"), 0); /* as everywhere: what follows is the value */
	assert_string_equal(got.out, "--quiet");
}

static void test_help_and_rest(void **state)
{
	(void)state;
	assert_int_equal(parse("a --help --nonsense"), 0);
	assert_true(got.args.help);
	assert_int_equal(parse("-h"), 0);
	assert_true(got.args.help);
	assert_int_equal(parse("@--quiet -- --out x"), 0);
	assert_int_equal(got.args.nrest, 2);
	assert_string_equal(got.args.rest[0], "--out");
	assert_null(got.out);
	assert_int_equal(parse("@a"), 0);
	assert_null(got.args.rest);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "--pair 3", "--pair: no such flag; did you mean --pairs? (iopt verb --help lists them)" },
		{ "--xyzzy", "--xyzzy: no such flag (iopt verb --help lists them)" },
		{ "-q", "-q: no such flag (iopt verb --help lists them)" },
		{ "--", "--: no such flag (iopt verb --help lists them)" },
		{ "a b c", "c: one argument too many (see iopt verb --help)" },
		{ "--quiet=yes", "--quiet takes no value" },
		{ "--pairs", "--pairs wants a value" },
		{ "--pairs=", "--pairs wants a value" },
		{ "@--pairs -- x", "--pairs wants a value" },
		{ "--pairs ''", "--pairs wants a value" },
		{ "--pairs three", "--pairs three: want a whole number" },
		{ "--pairs -1", "--pairs -1: want a whole number" },
		{ "--pairs 0", "--pairs 0: want 1 to 10,000" },
		{ "--pairs 99999999999999999999", "--pairs 99999999999999999999: want a whole number" },
		{ "--wait 3", "--wait 3: want a time with its unit, such as 20ms" },
		{ "--wait 1m", "--wait 1m: want 1 us to 1 s" },
		{ "--effect x", "--effect x: want a percentage from 0 to 50, such as 3%" },
		{ "--effect -1", "--effect -1: want a percentage from 0 to 50, such as 3%" },
		{ "--effect nan", "--effect nan: want a percentage from 0 to 50, such as 3%" },
		{ "--effect 51", "--effect 51: want a percentage from 0 to 50, such as 3%" },
		{ "--effect 3%x", "--effect 3%x: want a percentage from 0 to 50, such as 3%" },
		{ "--format xml", "--format xml: want one of text, json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), EXIT_USAGE);
		assert_string_equal(got.err.text, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_help_and_rest),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
