#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/json.h"
#include "made_result.h"

static json_t *parsed(struct result *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_error_t error;
	json_t *json;

	assert_non_null(out);
	assert_int_equal(analyse(r), 0);
	assert_int_equal(write_json(r, out), 0);
	fclose(out);
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return json;
}

static json_t *at(json_t *json, const char *key)
{
	json_t *value = json_object_get(json, key);

	if (!value)
		fail_msg("no %s", key);
	return value;
}

static json_t *nth_case(json_t *json, size_t i)
{
	return json_array_get(at(json, "cases"), i);
}

static bool is_real(json_t *json, const char *key, double want)
{
	return fabs(json_number_value(at(json, key)) - want) <= 1e-9 * fabs(want);
}

static bool is_null(json_t *json, const char *key)
{
	return json_is_null(at(json, key));
}

static void test_figures_arrive(void **state)
{
	struct result r = made_whole();
	json_t *json = parsed(&r), *c = nth_case(json, 1), *cmp, *h;

	(void)state;
	assert_string_equal(json_string_value(at(json, "schema")), "iopt-result");
	assert_int_equal(json_array_size(at(json, "cases")), r.ncases);
	assert_string_equal(json_string_value(at(c, "engine")), "amdv1/mutex-2019");
	assert_true(is_real(c, "ops_per_s", r.cases[1].ops_per_s.mid));
	assert_true(is_real(c, "map_ns_per_op", 93));
	assert_true(is_real(c, "busy_ns_per_op", 62));
	assert_true(is_null(c, "lookup_ns_per_op"));
	h = at(at(c, "latency_ns"), "map");
	assert_int_equal(json_integer_value(at(h, "n")), 20000);
	assert_int_equal(json_integer_value(at(h, "p50")), 124);
	assert_true(json_is_integer(at(h, "p999")));
	assert_true(is_null(h, "p9999")); /* two samples beyond it are not enough */
	assert_true(is_null(at(c, "latency_ns"), "unmap"));
	assert_true(json_is_true(at(c, "verified")));
	cmp = json_array_get(at(json, "comparisons"), 0);
	assert_true(is_real(cmp, "added_ns", 38));
	assert_int_equal(json_integer_value(at(cmp, "pairs")), 12);
	assert_string_equal(json_string_value(json_array_get(at(cmp, "differs"), 0)), "sync");
	assert_string_equal(json_string_value(at(cmp, "verdict")), "worse");
	json_decref(json);
	result_free(&r);
}

static void test_what_is_not_known_is_null(void **state)
{
	struct result r = made_sweep();
	json_t *json = parsed(&r), *c = nth_case(json, 0);

	(void)state;
	assert_true(json_is_false(at(json, "complete")));
	assert_true(is_null(at(json, "ruler"), "hiccup_ns"));
	assert_true(is_null(at(json, "host"), "numa_balancing"));
	assert_true(is_null(at(json, "host"), "hypervisor"));
	assert_true(json_is_number(at(c, "ops_per_s")));
	assert_true(is_null(c, "ops_per_s_lo")); /* three slices */
	assert_true(is_null(c, "overlap"));
	assert_true(is_null(nth_case(json, 3), "verified")); /* a ruler */
	json_decref(json);
	result_free(&r);
}

static void test_a_failed_audit_withholds_numbers(void **state)
{
	struct result r = made_sweep();
	json_t *json, *c;

	(void)state;
	made_latency(&r.cases[2], OP_MAP, 100, 50, 0, 0);
	json = parsed(&r);
	c = nth_case(json, 2);
	assert_true(json_is_false(at(c, "verified")));
	assert_true(is_null(c, "ops_per_s"));
	assert_true(is_null(c, "map_ns_per_op"));
	assert_true(is_null(at(c, "latency_ns"), "map"));
	assert_int_equal(json_array_size(at(c, "slices")), 0);
	assert_non_null(strstr(json_string_value(json_array_get(at(c, "evidence"), 0)), "\"found\""));
	json_decref(json);
	result_free(&r);
}

static void test_large_integers_are_text(void **state)
{
	struct result r = made_result();
	json_t *json, *slices;

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 2, 100);
	r.cases[0].slices[1].position = 1ull << 53;
	json = parsed(&r);
	slices = at(nth_case(json, 0), "slices");
	assert_string_equal(json_string_value(at(json_array_get(slices, 0), "position")),
			    "18446744073709551615");
	assert_int_equal(json_integer_value(at(json_array_get(slices, 1), "position")), 1ll << 53);
	json_decref(json);
	result_free(&r);
}

static void test_arguments_may_be_any_bytes(void **state)
{
	static char bad[] = "--out=\xff\xfe\x01\"", *argv[] = { bad };
	struct result r = made_result();
	json_t *json;

	(void)state;
	r.argc = 1;
	r.argv = argv;
	json = parsed(&r);
	assert_string_equal(json_string_value(json_array_get(at(json, "argv"), 0)),
			    "--out=??\x01\"");
	json_decref(json);
	result_free(&r);
}

static void test_a_full_disk_is_noticed(void **state)
{
	static char buffer[4 << 20];
	struct result r = made_whole();
	int (*const writers[])(const struct result *, FILE *) = {
		write_json, write_summary_csv, write_slices_csv, write_latency_csv,
		write_scaling_csv, write_series_csv, write_comparisons_csv, write_workers_csv,
	};

	(void)state;
	assert_int_equal(analyse(&r), 0);
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		FILE *out = fopen("/dev/full", "w");

		assert_non_null(out);
		setvbuf(out, buffer, _IOFBF, sizeof(buffer)); /* fails at the last flush only */
		assert_int_equal(writers[i](&r, out), -1);
		fclose(out);
	}
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_arrive),
		cmocka_unit_test(test_what_is_not_known_is_null),
		cmocka_unit_test(test_a_failed_audit_withholds_numbers),
		cmocka_unit_test(test_large_integers_are_text),
		cmocka_unit_test(test_arguments_may_be_any_bytes),
		cmocka_unit_test(test_a_full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
