/* What a page says of two results: what `iopt compare` says, or why it says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/page.h"
#include "made_stored.h"

#define LOCKLESS "private/lockless/t2/4K"

/* `factor`: of the engine's rates, not of its ruler's. */
static struct stored *made(uint64_t seed, double factor)
{
	struct stored *s = made_stored(12);

	s->seed = seed;
	made_ruler(s, seed, 1e8, 0.01);
	made_rates(made_stored_case(s, LOCKLESS, "amdv1/lockless"), seed, 4e7 * factor, 0.01);
	return s;
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "";
}

static void the_verdict_of_compare(void **state)
{
	struct stored *base = made(1, 1), *now = made(2, 0.8);
	json_t *v = page_verdict(base, now), *row;

	(void)state;
	assert_non_null(v);
	assert_string_equal(text(v, "schema"), "iopt-verdict");
	assert_string_equal(text(v, "verdict"), "REGRESSED");
	assert_int_equal(json_integer_value(json_object_get(v, "exit_code")), EXIT_REGRESSED);
	assert_string_equal(text(v, "design"), "files");
	row = json_array_get(json_object_get(v, "rows"), 0);
	assert_string_equal(text(row, "case_id"), LOCKLESS);
	assert_string_equal(text(row, "name"), "throughput");
	assert_float_equal(json_real_value(json_object_get(row, "ratio")), 0.8, 0.02);
	assert_true(json_real_value(json_object_get(row, "ratio_hi")) < 0.97);
	assert_null(json_object_get(v, "error"));
	json_decref(v);
	stored_free(base);
	stored_free(now);
}

/* Not an error: what differs is what a reader wants to know. */
static void another_machine(void **state)
{
	struct stored *base = made(1, 1), *now = made(2, 1);
	json_t *v;

	(void)state;
	free(now->host.kernel);
	now->host.kernel = strdup("Linux 6.2.0");
	v = page_verdict(base, now);
	assert_string_equal(text(v, "verdict"), "NOT_COMPARABLE");
	assert_int_equal(json_array_size(json_object_get(v, "differs")), 1);
	assert_int_equal(json_array_size(json_object_get(v, "rows")), 0);
	json_decref(v);
	stored_free(base);
	stored_free(now);
}

static void the_same_result_twice(void **state)
{
	struct stored *base = made(1, 1), *now = made(1, 1);
	json_t *v = page_verdict(base, now);

	(void)state;
	assert_int_equal(json_object_size(v), 1);
	assert_non_null(strstr(text(v, "error"), "hold the same result"));
	json_decref(v);
	stored_free(base);
	stored_free(now);
}

/* A path is bytes. */
static void a_path_that_is_no_text(void **state)
{
	struct stored *base = made(1, 1), *now = made(1, 1);
	json_t *v;

	(void)state;
	free(now->path);
	now->path = strdup("caf\xe9/result.json");
	v = page_verdict(base, now);
	assert_int_equal(json_object_size(v), 1);
	assert_true(*text(v, "error"));
	json_decref(v);
	stored_free(base);
	stored_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_of_compare),
		cmocka_unit_test(another_machine),
		cmocka_unit_test(the_same_result_twice),
		cmocka_unit_test(a_path_that_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
