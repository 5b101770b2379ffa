/* The data of a page: nothing in a result gets out of its element, and what was left out is told. */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/page.h"

#define HOSTILE "</script><script>alert(1)</script><!-- \\u2028 &lt; ]]> \\\"'"

static char dir[] = "/tmp/iopt-page-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

/* A result of one case in DIR/sub/name. */
static char *written(const char *sub, const char *name, const char *host, const char *slices)
{
	char *path = NULL;
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", dir, sub) > 0);
	mkdir(path, 0700);
	free(path);
	assert_true(asprintf(&path, "%s/%s/%s", dir, sub, name) > 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "{\"schema\":\"iopt-result\",\"schema_version\":1,\"complete\":true,\"processes\":1,"
		"\"host\":{\"hostname\":\"%s\"},\"warnings\":[\"%s\"],\"cases\":[{\"case_id\":\"a\",\"engine\":"
		"\"amdv1/lockless\",\"workload\":\"private\",\"threads\":1,\"think_ns\":0,\"slices\":[%s]}]}",
		host, host, slices);
	fclose(file);
	return path;
}

static void add(struct page *p, char *path)
{
	struct err err = { 0 };

	if (page_add(p, path, &err))
		fail_msg("%s", err.text);
	free(path);
}

/* n slices; each `every`-th lost time. */
static char *slices_text(size_t n, size_t every)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s{\"process\":0,\"round\":%zu,\"half\":0,\"ops\":10,\"at_ns\":%zu,"
			"\"ops_per_s\":%s,\"steal_ns\":%d}", i ? "," : "", i, i * 10, i % 7 ? "1.5" : "null",
			i % every == every - 1 ? 1000 : 0);
	fclose(out);
	return text;
}

static json_t *first_slices(const json_t *document)
{
	const json_t *result = json_object_get(json_array_get(json_object_get(document, "results"), 0), "result");
	json_t *c = json_array_get(json_object_get(result, "cases"), 0);

	return json_object_get(c, "slices");
}

static void nothing_ends_the_element(void **state)
{
	struct page p = { .n = 0 };
	char *text = NULL, *end;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *document, *again;

	(void)state;
	add(&p, written("a", "result.json", HOSTILE, ""));
	document = page_document(&p);
	assert_non_null(document);
	assert_int_equal(page_write(document, out), 0);
	fclose(out);
	/* the page's own text around it is the same with and without Chart.js but for its length */
	end = text + size - page_after().n;
	*end = '\0';
	assert_null(strchr(text + page_before().n, '<'));
	again = json_loads(text + page_before().n, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_equal(document, again));
	assert_non_null(strstr(json_string_value(json_object_get(json_object_get(json_object_get(
		json_array_get(json_object_get(again, "results"), 0), "result"), "host"), "hostname")),
		"</script><script>"));
	json_decref(again);
	json_decref(document);
	page_end(&p);
	free(text);
}

static void slices_become_columns(void **state)
{
	struct page p = { .n = 0 };
	char *slices = slices_text(20, 5);
	json_t *document, *packed;

	(void)state;
	add(&p, written("b", "result.json", "h", slices));
	document = page_document(&p);
	packed = first_slices(document);
	assert_int_equal(json_integer_value(json_object_get(packed, "n")), 20);
	assert_int_equal(json_integer_value(json_object_get(packed, "kept")), 20);
	assert_int_equal(json_array_size(json_object_get(packed, "at_ns")), 20);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(packed, "at_ns"), 3)), 30);
	assert_true(json_is_null(json_array_get(json_object_get(packed, "ops_per_s"), 7)));
	assert_true(json_real_value(json_array_get(json_object_get(packed, "ops_per_s"), 8)) == 1.5);
	assert_null(json_object_get(packed, "live_pages")); /* no slice has it */
	assert_null(json_object_get(packed, "ops"));
	assert_true(json_is_null(json_array_get(json_object_get(document, "verdicts"), 0)));
	json_decref(document);
	page_end(&p);
	free(slices);
}

/* Of `n` slices, each `every`-th stolen, `most` may stay: checks which do, returns how many stolen ones. */
static size_t thinned(size_t n, size_t every, size_t most)
{
	struct page p = { .n = 0 };
	char *slices = slices_text(n, every);
	json_t *packed, *round, *steal;
	size_t kept, stolen = 0;
	json_int_t before = -1, widest = 0;

	add(&p, written("c", "result.json", "h", slices));
	assert_int_equal(page_pack_slices(&p, most), 0);
	packed = json_object_get(json_array_get(json_object_get(p.results[0].json, "cases"), 0), "slices");
	round = json_object_get(packed, "round");
	steal = json_object_get(packed, "steal_ns");
	kept = json_array_size(round);
	assert_int_equal(json_integer_value(json_object_get(packed, "n")), n);
	assert_int_equal(json_integer_value(json_object_get(packed, "kept")), kept);
	assert_int_equal(kept, most);
	for (size_t i = 0; i < kept; i++) {
		json_int_t now = json_integer_value(json_array_get(round, i));

		assert_true(now > before); /* in order, none twice */
		widest = now - before > widest ? now - before : widest;
		before = now;
		stolen += json_integer_value(json_array_get(steal, i)) > 0;
	}
	assert_true(widest <= (json_int_t)(4 * n / most));
	page_end(&p);
	free(slices);
	return stolen;
}

static void many_slices_are_thinned(void **state)
{
	(void)state;
	assert_int_equal(thinned(1000, 50, 100), 20); /* all that lost time */
	assert_int_equal(thinned(1000, 1, 100), 100);
	assert_in_range(thinned(1000, 2, 100), 50, 50); /* half the room */
	assert_int_equal(thinned(1000, 2000, 10), 0);
}

static void names_are_told_apart(void **state)
{
	struct page p = { .n = 0 };

	(void)state;
	add(&p, written("x", "result.json", "h", ""));
	add(&p, written("y", "old.json", "h", ""));
	add(&p, written("x", "result.json", "h", ""));
	add(&p, written("z", "old.json", "h", ""));
	add(&p, written("x", "result.json", "h", ""));
	assert_int_equal(page_name_results(&p), 0);
	for (size_t i = 0; i < p.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(p.results[i].name, p.results[k].name);
	page_end(&p);
	add(&p, written("x", "result.json", "h", ""));
	add(&p, written("y", "old.json", "h", ""));
	assert_int_equal(page_name_results(&p), 0);
	assert_string_equal(p.results[0].name, "x");
	assert_string_equal(p.results[1].name, "old");
	page_end(&p);
}

static void others_are_refused(void **state)
{
	struct page p = { .n = 0 };
	struct err err = { 0 };
	char path[64];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/other.json", dir);
	file = fopen(path, "w");
	fputs("{\"schema\":\"iopt-result\",\"schema_version\":2,\"cases\":[]}", file);
	fclose(file);
	assert_int_equal(page_add(&p, path, &err), EXIT_BAD_DATA);
	assert_non_null(strstr(err.text, "newer iopt"));
	page_end(&p);
	assert_int_equal(page_add(&p, "/nowhere/result.json", &err), EXIT_BAD_DATA);
	page_end(&p);
}

/* {"a": [{"histogram": …}]} of n buckets [step * i + 1, step * (i + 1)] with i % 5 + 1 samples each. */
static json_t *distribution(size_t n, json_int_t step)
{
	json_t *low = json_array(), *high = json_array(), *count = json_array();

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(low, json_integer(step * (json_int_t)i + 1));
		json_array_append_new(high, json_integer(step * (json_int_t)(i + 1)));
		json_array_append_new(count, json_integer((json_int_t)(i % 5) + 1));
	}
	return json_pack("{s:[{s:{s:o, s:o, s:o}}]}", "a", "histogram", "low_ns", low, "high_ns", high,
			 "count", count);
}

static json_t *column(const json_t *v, const char *name)
{
	v = json_array_get(json_object_get(v, "a"), 0);
	return json_object_get(json_object_get(v, "histogram"), name);
}

static json_int_t number(const json_t *v, const char *name, size_t i)
{
	return json_integer_value(json_array_get(column(v, name), i));
}

/* Samples at or below `ns`, which is the upper end of a bucket. */
static json_int_t up_to(const json_t *v, json_int_t ns)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < json_array_size(column(v, "high_ns")) && number(v, "high_ns", i) <= ns; i++)
		sum += number(v, "count", i);
	return sum;
}

static void buckets_are_merged(void **state)
{
	json_t *all = distribution(60000, 3), *few = json_deep_copy(all);
	size_t n;

	(void)state;
	assert_int_equal(page_merge_buckets(few, PAGE_BUCKETS_MAX), 0);
	n = json_array_size(column(few, "low_ns"));
	assert_in_range(n, PAGE_BUCKETS_MAX / 4, PAGE_BUCKETS_MAX);
	assert_int_equal(json_array_size(column(few, "high_ns")), n);
	assert_int_equal(json_array_size(column(few, "count")), n);
	assert_int_equal(number(few, "low_ns", 0), 1);
	assert_int_equal(number(few, "high_ns", 0), 3); /* short times are told apart as before */
	assert_int_equal(number(few, "high_ns", n - 1), 180000);
	for (size_t i = 0; i < n; i++) {
		json_int_t high = number(few, "high_ns", i);

		if (i % 50 == 0 || i == n - 1)
			assert_int_equal(up_to(few, high), up_to(all, high));
		if (i)
			assert_int_equal(number(few, "low_ns", i), number(few, "high_ns", i - 1) + 1);
	}
	json_decref(few);
	json_decref(all);
}

static void buckets_that_stay(void **state)
{
	json_t *all = distribution(PAGE_BUCKETS_MAX, 3), *same = json_deep_copy(all);

	(void)state;
	assert_int_equal(page_merge_buckets(same, PAGE_BUCKETS_MAX), 0);
	assert_true(json_equal(all, same));
	json_decref(same);
	json_decref(all);
}

static void misshapen_buckets_go(void **state)
{
	json_t *v[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		v[i] = distribution(2000, 3);
	json_array_set_new(column(v[0], "low_ns"), 7, json_string("7"));
	json_array_set_new(column(v[1], "count"), 7, json_integer(-1));
	json_array_set_new(column(v[2], "low_ns"), 7, json_integer(1));
	json_array_remove(column(v[3], "high_ns"), 7);
	json_array_set_new(column(v[4], "count"), 7, json_integer(INT64_MAX));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(page_merge_buckets(v[i], PAGE_BUCKETS_MAX), 0);
		assert_null(column(v[i], "low_ns"));
		json_decref(v[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_merged),
		cmocka_unit_test(buckets_that_stay),
		cmocka_unit_test(misshapen_buckets_go),
		cmocka_unit_test(nothing_ends_the_element),
		cmocka_unit_test(slices_become_columns),
		cmocka_unit_test(many_slices_are_thinned),
		cmocka_unit_test(names_are_told_apart),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
