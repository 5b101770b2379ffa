/* When two builds are looked at, and what their runs may not be asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bench/duet.h"

static void looks_are(unsigned first, unsigned cap, unsigned n, const unsigned *expected)
{
	unsigned at[DUET_LOOKS_MAX], got = duet_looks(first, cap, at);

	assert_int_equal(got, n);
	assert_memory_equal(at, expected, n * sizeof(*at));
}

/* Each has twice the data of the one before, but for the last. */
static void test_looks(void **state)
{
	(void)state;
	looks_are(12, 48, 3, (const unsigned[]){ 12, 24, 48 });
	looks_are(12, 12, 1, (const unsigned[]){ 12 });
	looks_are(6, 96, 5, (const unsigned[]){ 6, 12, 24, 48, 96 });
	looks_are(6, 15, 3, (const unsigned[]){ 6, 12, 15 });
	looks_are(12, 13, 2, (const unsigned[]){ 12, 13 });
	looks_are(6, 97, 5, (const unsigned[]){ 12, 24, 48, 96, 97 });
	looks_are(6, 400, 5, (const unsigned[]){ 48, 96, 192, 384, 400 });
}

/* No more than there is room for, growing, the last is the cap: of every pair of numbers. */
static void test_all_looks(void **state)
{
	unsigned at[DUET_LOOKS_MAX];

	(void)state;
	for (unsigned first = 6; first < 60; first++)
		for (unsigned cap = first; cap < 400; cap++) {
			unsigned n = duet_looks(first, cap, at);

			assert_in_range(n, 1, DUET_LOOKS_MAX);
			assert_true(at[0] >= first && at[n - 1] == cap);
			for (unsigned i = 1; i < n; i++)
				assert_true(at[i] > at[i - 1] && at[i] <= 2 * at[i - 1]);
		}
}

static int check(const char *argument)
{
	char text[64], *args[] = { text };
	struct err err = { 0 };
	int code;

	snprintf(text, sizeof(text), "%s", argument);
	code = duet_check_args(args, 1, &err);
	assert_int_equal(code, err.code);
	return code;
}

static void test_arguments(void **state)
{
	static const char *const refused[] = { "--out", "--out=x", "--processes", "--seed=1", "--help" };
	static const char *const fine[] = { "--o", "--outer", "out", "--", "-", "", "job.ini",
					    "--workload=private", "--=out", "--seeds" };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(check(refused[i]), EXIT_USAGE);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_int_equal(check(fine[i]), 0);
}

static bool has(char *const *args, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(args[i], word))
			return true;
	return false;
}

/* They pass the check themselves, and one CPU gets one thread. */
static void test_default_arguments(void **state)
{
	struct err err = { 0 };
	int n;

	(void)state;
	for (unsigned cpus = 1; cpus < 5; cpus++) {
		char *const *args = duet_default_args(cpus, &n);

		assert_int_equal(duet_check_args(args, n, &err), 0);
		assert_int_equal(n % 2, 0);
		assert_int_equal(has(args, n, "1"), cpus == 1);
	}
	assert_true(duet_cpus() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_all_looks),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_default_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
