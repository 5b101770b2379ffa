/* test_trace_life.c - lifetimes and reuse, of traces whose answers can be worked out on paper. */
#include "trace_text.h"

#define K "000"

static struct trace_life *life_of(const char *text)
{
	struct trace *t = NULL;
	struct trace_life *life;
	struct err err;

	write_bytes(text, strlen(text));
	if (trace_load(&t, path, &err))
		fail_msg("%s", err.text);
	life = trace_life_of(t);
	assert_non_null(life);
	trace_free(t);
	return life;
}

static const struct histogram *all(const struct trace_life *life)
{
	return &life->lifetime[LIFE_CLASSES - 1];
}

static void a_map_lives_until_its_unmap(void **state)
{
	(void)state;
	struct trace_life *life = life_of(
		MAP("0", "1.000000", "1" K, "2" K, "4096")     /* 5 us */
		MAP("0", "1.000001", "10" K, "20" K, "65536")  /* 8 us */
		MAP("0", "1.000002", "2" K, "3" K, "4096")     /* 3 us, gone with the first */
		UNMAP("0", "1.000005", "1" K, "3" K, "8192")
		UNMAP("0", "1.000009", "10" K, "20" K, "65536")
		MAP("0", "1.000010", "1" K, "2" K, "4096"));   /* lives on */

	assert_int_equal(all(life)->n, 3);
	assert_int_equal(all(life)->min, 3000);
	assert_int_equal(all(life)->max, 8000);
	assert_int_equal(life->lifetime[0].n, 2);
	assert_int_equal(life->lifetime[0].max, 5000);
	assert_int_equal(life->lifetime[1].n, 1);
	assert_int_equal(life->lifetime[1].min, 8000);
	assert_int_equal(life->lifetime[2].n + life->lifetime[3].n, 0);
	assert_int_equal(life->live_maps, 1);
	free(life);
}

/* Page 3 comes back at once, on another CPU than unmapped it; 1 and 2 after two other maps; 4 never. */
static void a_page_comes_back(void **state)
{
	(void)state;
	struct trace_life *life = life_of(
		MAP("0", "1.000000", "1" K, "5" K, "16384")
		UNMAP("1", "1.000010", "1" K, "5" K, "16384")
		MAP("0", "1.000012", "3" K, "4" K, "4096")
		MAP("0", "1.000013", "8" K, "9" K, "4096")
		MAP("1", "1.000020", "1" K, "3" K, "8192"));

	assert_int_equal(life->pages_unmapped, 4);
	assert_int_equal(life->pages_reused, 3);
	assert_int_equal(life->pages_by_same_cpu, 2);
	assert_int_equal(life->maps_between.n, 3);
	assert_int_equal(life->maps_between.min, 0);
	assert_int_equal(life->maps_between.max, 2);
	assert_int_equal(hist_quantile(&life->maps_between, 0.5), 2);
	assert_int_equal(life->ns_between.min, 2000);
	assert_int_equal(life->ns_between.max, 10000);
	assert_int_equal(life->live_maps, 3);
	free(life);
}

/* A large range counts by its pages; every time that it goes counts. */
static void pages_are_counted_each_time(void **state)
{
	(void)state;
	struct trace_life *life = life_of(
		MAP("0", "1.000000", "200" K, "400" K, "2097152")
		UNMAP("0", "1.000001", "200" K, "400" K, "2097152")
		MAP("0", "1.000002", "200" K, "400" K, "2097152")
		UNMAP("0", "1.000004", "200" K, "400" K, "2097152")
		MAP("0", "1.000005", "200" K, "201" K, "4096"));

	assert_int_equal(life->pages_unmapped, 1024);
	assert_int_equal(life->pages_reused, 513);
	assert_int_equal(life->pages_by_same_cpu, 513);
	assert_int_equal(life->maps_between.n, 513);
	assert_int_equal(life->maps_between.max, 0);
	assert_int_equal(life->ns_between.min, 1000);
	assert_int_equal(life->lifetime[2].n, 2);
	assert_int_equal(life->lifetime[2].min, 1000);
	assert_int_equal(life->lifetime[2].max, 2000);
	free(life);
}

static void tells_it(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct trace *t;
	struct trace_life *life;
	struct err err;

	(void)state;
	assert_non_null(out);
	write_bytes(sample, strlen(sample));
	assert_int_equal(trace_load(&t, path, &err), 0);
	life = trace_life_of(t);
	trace_print(t, life, out, (struct terminal){ .width = TERMINAL_FILE });
	fclose(out);
	/* 4K for 2 us; 8K for 3 us; 4K for 1 us; 12K lives on, its pages gone by CPU 0, back by CPU 2 */
	assert_non_null(strstr(text, "up to 4K                        2          -          -          -       2 us"));
	assert_non_null(strstr(text, "up to 64K                       1          -          -          -       3 us"));
	assert_non_null(strstr(text, "all                             3          -          -          -       3 us"));
	assert_non_null(strstr(text, "live at the end, and not among these: 1"));
	assert_non_null(strstr(text, "of 4 pages unmapped 1 (25.0 %) were never mapped again"));
	assert_non_null(strstr(text, "other maps between              3          -          -          -          0"));
	assert_non_null(strstr(text, "0.0 % by the CPU that had unmapped them, 100.0 % by another"));
	free(text);
	free(life);
	trace_free(t);
}

static void lines_fit(const struct trace *t, const struct trace_life *life)
{
	char *text = NULL, *rest, *line;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	trace_print(t, life, out, (struct terminal){ .width = TERMINAL_FILE });
	fclose(out);
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (strlen(line) > 100)
			fail_msg("%zu columns: %s", strlen(line), line);
	free(text);
}

/* Sums that hold whatever the trace. */
static void shipped_traces_add_up(void **state)
{
	static const char *const names[] = { "nvme-amd-lazy", "nvme-vtd-strict", "net-amd-strict" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct trace_life *life;
		uint64_t classes = 0, live = 0;
		struct trace *t;
		struct err err;

		assert_int_equal(trace_load(&t, names[i], &err), 0);
		life = trace_life_of(t);
		for (unsigned k = 0; k < LIFE_CLASSES - 1; k++)
			classes += life->lifetime[k].n;
		assert_int_equal(classes, all(life)->n);
		assert_int_equal(all(life)->n + life->live_maps, t->maps);
		for (size_t e = 0; e < t->n; e++)
			live += t->events[e].kind == TRACE_MAP ? t->events[e].bytes >> 12
							       : -(t->events[e].bytes >> 12);
		assert_int_equal(live, t->end_live_pages);
		assert_true(life->pages_reused <= life->pages_unmapped);
		lines_fit(t, life);
		free(life);
		trace_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_lives_until_its_unmap),
		cmocka_unit_test(a_page_comes_back),
		cmocka_unit_test(pages_are_counted_each_time),
		cmocka_unit_test(tells_it),
		cmocka_unit_test(shipped_traces_add_up),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
