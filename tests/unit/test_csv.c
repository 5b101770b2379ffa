#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_result.h"

static char *written(const struct result *r, int (*write)(const struct result *, FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(write(r, out), 0);
	fclose(out);
	return text;
}

/* Every line ends in CR LF and has as many fields as the first; returns the number of lines. */
static size_t check_form(const char *text)
{
	size_t lines = 0, fields = 1, want = 0;
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		fields += *text == ',';
		if (*text == '\n')
			fail_msg("a bare line feed");
		if (*text != '\r')
			continue;
		assert_int_equal(*++text, '\n');
		if (!want)
			want = fields;
		assert_int_equal(fields, want);
		fields = 1;
		lines++;
	}
	assert_false(quoted);
	return lines;
}

static void test_rows(void **state)
{
	struct result r = made_whole();
	size_t slices = 0;
	char *text;

	(void)state;
	assert_int_equal(analyse(&r), 0);
	text = written(&r, write_summary_csv);
	assert_int_equal(check_form(text), 1 + r.ncases);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	free(text);
	for (size_t i = 0; i < r.ncases; i++)
		slices += r.cases[i].nslices;
	text = written(&r, write_slices_csv);
	assert_int_equal(check_form(text), 1 + slices);
	free(text);
	result_free(&r);
}

static void test_latency_counts_add_up(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 1, 0);
	char *text;

	(void)state;
	made_latency(c, OP_UNMAP, 100, 50, 3, 1ull << 41);
	assert_int_equal(analyse(&r), 0);
	strcpy(c->case_id, "a,\"b\"");
	text = written(&r, write_latency_csv);
	assert_string_equal(text, "case_id,op,low_ns,high_ns,count\r\n"
				  "\"a,\"\"b\"\"\",unmap,50,50,100\r\n"
				  "\"a,\"\"b\"\"\",unmap,1099511627776,2199023255552,3\r\n");
	free(text);
	result_free(&r);
}

static void test_a_failed_audit_withholds_numbers(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 1, 0);
	char *text;

	(void)state;
	made_slices(c, 8, 123.25);
	made_latency(c, OP_MAP, 100, 50, 0, 0);
	c->verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	text = written(&r, write_summary_csv);
	assert_null(strstr(text, "123.25"));
	assert_non_null(strstr(text, ",false,"));
	free(text);
	text = written(&r, write_slices_csv);
	assert_int_equal(check_form(text), 1);
	free(text);
	text = written(&r, write_latency_csv);
	assert_int_equal(check_form(text), 1);
	free(text);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_latency_counts_add_up),
		cmocka_unit_test(test_a_failed_audit_withholds_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
