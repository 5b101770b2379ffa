/* A result.json read back: what the writer wrote, figures worked out by hand, and bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/stored.h"
#include "made_result.h"

static const char *const begin = "{\"schema\":\"iopt-result\",\"schema_version\":1";

/* A result with these further fields. */
static struct stored *parse(const char *fields)
{
	char text[8192];
	struct stored *s = NULL;
	struct err err = { 0 };

	snprintf(text, sizeof(text), "%s,\"complete\":true,%s}", begin, fields);
	if (stored_parse(&s, text, strlen(text), "r.json", &err))
		fail_msg("%s", err.text);
	assert_non_null(s);
	return s;
}

/* Refused, and the message has `why`. */
static void refuse_text(const char *text, size_t n, const char *why)
{
	struct stored *s = NULL;
	struct err err = { 0 };

	assert_int_equal(stored_parse(&s, text, n, "r.json", &err), EXIT_BAD_DATA);
	assert_int_equal(err.code, EXIT_BAD_DATA);
	assert_null(s);
	assert_memory_equal(err.text, "r.json:", 7);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void refuse(const char *fields, const char *why)
{
	char text[8192];

	snprintf(text, sizeof(text), "%s,%s}", begin, fields);
	refuse_text(text, strlen(text), why);
}

#define CASE(more) "{\"case_id\":\"c\",\"engine\":\"amdv1/lockless\",\"workload\":\"private\"," \
	"\"threads\":2" more "}"
#define CASES(more) "\"cases\":[" CASE(more) "]"
#define SLICE(p, r, h, rate) "{\"process\":" #p ",\"round\":" #r ",\"half\":" #h ",\"ops\":10," \
	"\"ops_per_s\":" #rate "}"

static void what_was_written_is_read(void **state)
{
	struct result r = made_result();
	struct case_result *c;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	struct stored *s = NULL;
	struct err err = { 0 };
	const struct stored_case *found;

	(void)state;
	made_case(&r, 0, LOCKLESS_2019, 2, 0);
	made_case(&r, 0, NULL_RULER, 2, 0);
	made_slices(&r.cases[0], 12, 20);
	made_slices(&r.cases[1], 12, 2);
	c = &r.cases[0];
	strcpy(c->workload, "replay:a \"name\"\n");
	result_warn(&r, "numa_balancing=1 moves pages: %s", "sysctl");
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(write_json(&r, out), 0);
	fclose(out);
	if (stored_parse(&s, text, n, "r.json", &err))
		fail_msg("%s", err.text);
	assert_string_equal(s->path, "r.json");
	assert_string_equal(s->started_utc, "2026-01-02T03:04:05Z");
	assert_true(s->complete);
	assert_int_equal(s->seed, 7);
	assert_int_equal(s->processes, 1);
	assert_string_equal(s->host.cpu_model, "AMD EPYC 7763 64-Core Processor");
	assert_string_equal(s->host.governor, "");
	assert_string_equal(s->host.smt, "on");
	assert_string_equal(s->host.nodes, "1");
	assert_string_equal(s->host.cpus, "2");
	assert_string_equal(s->host.allocator, "jemalloc 5.3.0");
	assert_int_equal(s->nwarnings, 1);
	assert_string_equal(s->warnings[0], "numa_balancing=1 moves pages: sysctl");
	assert_int_equal(s->ncases, 2);
	found = stored_find(s, c->case_id);
	assert_ptr_equal(found, &s->cases[0]);
	assert_null(stored_find(s, "another"));
	assert_string_equal(found->engine, "amdv1/lockless-2019");
	assert_string_equal(found->workload, "replay:a \"name\"?"); /* no control characters */
	assert_string_equal(found->page_size, "4K");
	assert_string_equal(found->place, "compact");
	assert_string_equal(found->handicap, "");
	assert_int_equal(found->verified, VERIFIED_YES);
	assert_int_equal(s->cases[1].verified, VERIFIED_NULL);
	assert_true(s->cases[1].is_ruler);
	assert_int_equal(found->nslices, 12);
	assert_int_equal(found->ndraws, 1);
	assert_float_equal(found->ops_per_s, c->ops_per_s.mid, 1);
	assert_float_equal(found->draws[0].ops_per_s, 5e7, 1);
	assert_float_equal(found->draws[0].ns_per_op[OP_MAP], 30, 1e-9);
	assert_float_equal(found->draws[0].ns_per_op[OP_UNMAP], 10, 1e-9);
	assert_true(isnan(found->draws[0].ns_per_op[OP_LOOKUP]));
	assert_string_equal(found->ruler, "null");
	assert_float_equal(found->draws[0].steady, 0.1, 1e-9);
	assert_null(s->cases[1].ruler);
	stored_free(s);
	free(text);
	result_free(&r);
}

static void a_draw_is_a_process(void **state)
{
	struct stored *s = parse("\"processes\":2," CASES(",\"ops_per_s\":5,\"slices\":["
		SLICE(1, 0, 1, 40) "," SLICE(0, 0, 0, 10) "," SLICE(0, 0, 1, 30) ","
		SLICE(0, 1, 0, 20) "," SLICE(1, 0, 0, 60) "," SLICE(1, 1, 0, 0) "]"));
	const struct stored_case *c = &s->cases[0];

	(void)state;
	assert_int_equal(c->nslices, 6);
	assert_int_equal(c->slices[0].process, 0);
	assert_int_equal(c->slices[5].round, 1);
	assert_true(isnan(c->slices[5].ops_per_s)); /* no rate is none */
	assert_int_equal(c->ndraws, 2);
	assert_float_equal(c->draws[0].ops_per_s, 20, 0);
	assert_float_equal(c->draws[1].ops_per_s, 50, 0);
	assert_true(isnan(c->draws[0].latency[OP_MAP].p99)); /* of two processes together */
	stored_free(s);
}

/* Against the ruler's slice of the same half round, whatever the order; of two the limit. */
static void steady_is_in_units_of_the_ruler(void **state)
{
	struct stored *s = parse("\"cases\":["
		CASE(",\"group\":3,\"ops_per_s\":5,\"slices\":[" SLICE(0, 0, 0, 10) ","
		     SLICE(0, 0, 1, 30) "," SLICE(0, 1, 0, 21) "," SLICE(1, 0, 0, 50) "]")
		",{\"case_id\":\"n\",\"engine\":\"amdv1/null\",\"workload\":\"private\",\"threads\":2,"
		"\"group\":3,\"ops_per_s\":1,\"slices\":[" SLICE(0, 0, 0, 1) "]}"
		",{\"case_id\":\"l\",\"engine\":\"amdv1/limit\",\"workload\":\"private\",\"threads\":2,"
		"\"group\":3,\"ops_per_s\":1,\"slices\":[" SLICE(0, 1, 0, 7) "," SLICE(0, 0, 0, 100) ","
		SLICE(0, 0, 1, 60) "]}"
		",{\"case_id\":\"o\",\"engine\":\"amdv1/limit\",\"workload\":\"private\",\"threads\":2,"
		"\"group\":4,\"ops_per_s\":1,\"slices\":[" SLICE(1, 0, 0, 7) "]}]");
	const struct stored_case *c = &s->cases[0];

	(void)state;
	assert_string_equal(c->ruler, "amdv1/limit");
	assert_float_equal(c->draws[0].steady, 0.5, 1e-12); /* of 0.1, 0.5 and 3 */
	assert_true(isnan(c->draws[1].steady));             /* its ruler was in another group */
	assert_true(isnan(s->cases[2].draws[0].steady));
	stored_free(s);
}

static void lost_pages_count_in_cold_cases(void **state)
{
#define LOST ",\"ops_per_s\":null,\"slices\":[" \
	"{\"process\":0,\"ops_per_s\":9,\"tables\":10,\"lost_install\":3,\"lost_growth\":1}," \
	"{\"process\":0,\"ops_per_s\":9,\"tables\":5,\"lost_install\":0,\"lost_growth\":1}]"
	struct stored *cold = parse(CASES(",\"cold\":true" LOST)), *warm = parse(CASES(LOST));

	(void)state;
	assert_int_equal(cold->cases[0].draws[0].lost, 5);
	assert_float_equal(cold->cases[0].draws[0].tables, 15, 0);
	assert_int_equal(warm->cases[0].draws[0].lost, 0);
	assert_float_equal(warm->cases[0].draws[0].tables, 0, 0);
	/* a case whose rate means nothing: its slices' means nothing either */
	assert_true(isnan(cold->cases[0].draws[0].ops_per_s));
	stored_free(cold);
	stored_free(warm);
}

#define LATENCY(p99) "\"latency_ns\":{\"map\":{\"n\":2000,\"min\":1,\"p50\":40,\"p90\":50,\"p99\":" \
	#p99 ",\"p999\":null},\"unmap\":null}"

static void latency_is_of_each_draw(void **state)
{
	struct stored *told = parse("\"processes\":2," CASES("," LATENCY(1) ",\"ops_per_s\":5,\"slices\":["
		SLICE(0, 0, 0, 10) "," SLICE(2, 0, 0, 10) "],\"draws\":[{\"process\":2," LATENCY(80)
		",\"ops_per_s\":11},{\"process\":1,\"ops_per_s\":12}]"));
	struct stored *alone = parse("\"processes\":1," CASES("," LATENCY(70) ",\"ops_per_s\":5,"
		"\"slices\":[" SLICE(0, 0, 0, 10) "]"));
	const struct stored_case *c = &told->cases[0];

	(void)state;
	assert_int_equal(c->ndraws, 3);
	assert_true(isnan(c->draws[0].latency[OP_MAP].p99));
	assert_int_equal(c->draws[1].process, 1); /* without slices: as told */
	assert_float_equal(c->draws[1].ops_per_s, 12, 0);
	assert_float_equal(c->draws[2].ops_per_s, 10, 0);
	assert_float_equal(c->draws[2].latency[OP_MAP].p99, 80, 0);
	assert_int_equal(c->draws[2].latency[OP_MAP].n, 2000);
	assert_true(isnan(c->draws[2].latency[OP_MAP].p999));
	assert_int_equal(c->draws[2].latency[OP_UNMAP].n, 0);
	assert_float_equal(alone->cases[0].draws[0].latency[OP_MAP].p99, 70, 0);
	stored_free(told);
	stored_free(alone);
}

static void what_is_not_there_is_not_known(void **state)
{
	struct stored *s = parse("\"seed\":\"18446744073709551615\"," CASES(""));
	const struct stored_case *c = &s->cases[0];

	(void)state;
	assert_true(s->seed == UINT64_MAX);
	assert_string_equal(s->host.kernel, "");
	assert_string_equal(s->host.allocator, "");
	assert_string_equal(s->host.smt, "");
	assert_string_equal(c->page_size, "");
	assert_int_equal(c->verified, VERIFIED_NULL);
	assert_true(isnan(c->ops_per_s));
	assert_true(isnan(c->lost_per_table));
	assert_int_equal(c->ndraws, 0);
	assert_int_equal(c->nslices, 0);
	stored_free(s);
}

static void the_host_is_put_into_words(void **state)
{
	struct stored *s = parse("\"host\":{\"smt\":false,\"cgroup_cpus\":1.5,\"topology\":{\"cpus\":8,"
		"\"cpus_allowed\":4,\"nodes\":[{},{}]}},\"alloc\":{\"library\":\"jemalloc\","
		"\"version\":\"5.3.0\",\"malloc_conf\":\"narenas:1\"}," CASES(",\"page_size\":null,"
		"\"page_sizes\":[{\"bytes\":4096,\"weight\":60},{\"bytes\":2097152,\"weight\":40}]"));

	(void)state;
	assert_string_equal(s->host.cpus, "4 of 8 with a quota of 1.5");
	assert_string_equal(s->host.nodes, "2");
	assert_string_equal(s->host.smt, "off");
	assert_string_equal(s->host.allocator, "jemalloc 5.3.0 MALLOC_CONF=narenas:1");
	assert_string_equal(s->cases[0].page_size, "4K:60+2M:40");
	stored_free(s);
}

static void other_documents_are_told_apart(void **state)
{
#define REFUSE(text, why) refuse_text(text, sizeof(text) - 1, why)
	(void)state;
	REFUSE("", "empty: was the run cut short, or the disk full?");
	REFUSE("{\"schema\": \"iopt-res", "ends in the middle, in line 1");
	REFUSE("{\"schema\": \"iopt-result\",\n\"complete\": tru", "ends in the middle, in line 2");
	REFUSE("{\"a\": 1\xc3", "ends in the middle");
	REFUSE("{\"a\" 1, \"b\": [1, 2, 3, 4]}", "r.json:1:6: no JSON");
	REFUSE("{} {}", "no JSON: end of file expected");
	REFUSE("[]", "no result of iopt: it has no \"schema\"");
	REFUSE("{\"benchmarks\": []}", "want the result.json of iopt run --out DIR");
	REFUSE("{\"schema\": \"iopt-verdict\"}", "schema: want \"iopt-result\"");
	REFUSE("{\"schema\": \"iopt-result\"}", "schema_version is missing");
	REFUSE("{\"schema\": \"iopt-result\", \"schema_version\": 2, \"cases\": 1}",
	       "written by a newer iopt (schema 2); this one reads up to 1");
	REFUSE("{\"schema\": \"iopt-result\", \"schema_version\": 0}", "schema 0 is no iopt's");
	REFUSE("{\"schema\": \"iopt-result\", \"schema_version\": \"one\"}",
	       "schema_version: want a whole number in 0..4294967295, not \"one\"");
	REFUSE("{\"schema\": \"iopt-result\", \"schema_version\": 1}", "cases is missing");
	REFUSE("{\"a\0\": 1}", "no JSON");
	REFUSE("\x1f\x8b\x08 compressed", "no JSON: ");
}

static void a_wrong_field_is_named(void **state)
{
	(void)state;
	refuse("\"cases\":[" CASE("") ",{\"case_id\":\"d\",\"engine\":\"e\",\"workload\":\"w\",\"threads\":1,"
	       "\"ops_per_s\":\"fast\"}]",
	       "r.json: cases[1].ops_per_s: want a number of at least 0, at most 1e30, or null, not \"fast\"");
	refuse(CASES(",\"ops_per_s\":-1"), "cases[0].ops_per_s: want a number of at least 0");
	refuse(CASES(",\"ops_per_s\":\"NaN\""), "not \"NaN\"");
	refuse(CASES(",\"ops_per_s\":NaN"), "no JSON: invalid token near 'NaN'");
	refuse(CASES(",\"ops_per_s\":1e999"), "no JSON: real number overflow");
	refuse(CASES(",\"ops_per_s\":1e300"), "not 1e+300");
	refuse(CASES(",\"batch\":1.5"), "cases[0].batch: want a whole number of at least 0, not 1.5");
	refuse(CASES(",\"batch\":-1"), "not -1");
	refuse(CASES(",\"batch\":\"\""), "not \"\"");
	refuse(CASES(",\"batch\":\"12x\""), "not \"12x\"");
	refuse(CASES(",\"batch\":\"18446744073709551616\""), "not \"18446744073709551616\"");
	refuse(CASES(",\"group\":4294967296"), "cases[0].group: want a whole number in 0..4294967295");
	refuse(CASES(",\"cold\":1"), "cases[0].cold: want true or false, not 1");
	refuse(CASES(",\"verified\":\"yes\""), "cases[0].verified: want true or false");
	refuse(CASES(",\"place\":[]"), "cases[0].place: want a text, not an array");
	refuse(CASES(",\"slices\":{}"), "cases[0].slices: want an array, not an object");
	refuse(CASES(",\"slices\":[{},7]"), "cases[0].slices[1]: want an object, not 7");
	refuse(CASES(",\"slices\":[{\"map_timed_ns\":\"\\u001b[2J\"}]"),
	       "cases[0].slices[0].map_timed_ns: want a number of at least 0, at most 1e30, or null, "
	       "not \"?[2J\"");
	refuse(CASES(",\"latency_ns\":{\"map\":{\"n\":-3}},\"draws\":[{\"process\":0,\"latency_ns\":"
		     "{\"map\":{\"n\":-3}}}]"), "cases[0].draws[0].latency_ns.map.n: want");
	refuse(CASES(",\"draws\":[{}]"), "cases[0].draws[0].process is missing");
	refuse(CASES(",\"draws\":[{\"process\":1},{\"process\":1}]"), "draws: want each process once");
	refuse(CASES(",\"page_sizes\":[{\"bytes\":4097,\"weight\":1}]"),
	       "cases[0].page_sizes[0].bytes: want a power of two, not 4097");
	refuse(CASES(",\"page_sizes\":[{},{},{},{},{},{},{},{},{}]"), "page_sizes: want at most 8 sizes");
	refuse("\"cases\":[" CASE("") "," CASE("") "]", "cases[0] and cases[1] are both c");
	refuse("\"cases\":[" CASE(",\"threads\":3") "]", "no JSON: duplicate object key");
	refuse("\"cases\":[{\"case_id\":\"c\"}]", "cases[0].engine is missing: want a text");
	refuse("\"cases\":[{\"case_id\":\"\",\"engine\":\"e\",\"workload\":\"w\",\"threads\":1}]",
	       "cases[0].case_id: want a text of 1..1023 bytes");
	refuse("\"cases\":[{\"case_id\":\"c\",\"engine\":\"e\",\"workload\":\"w\"}]",
	       "cases[0].threads is missing: want a whole number above 0");
	refuse("\"cases\":{}", "cases: want an array");
	refuse("\"warnings\":[1],\"cases\":[]", "warnings: want texts");
	refuse("\"host\":7,\"cases\":[]", "host: want an object, not 7");
	refuse("\"complete\":\"yes\",\"cases\":[]", "complete: want true or false, not \"yes\"");
}

/* What is small in the file must not be large in memory, nor deep on the stack. */
static void hostile_shapes_end(void **state)
{
	size_t n = 3u << 20;
	char *text = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '[', n);
	memcpy(text, "{\"a\":", 5);
	refuse_text(text, n, "maximum parsing depth reached");
	for (size_t i = 6; i + 3 <= n; i += 3)
		memcpy(text + i, "[],", 3);
	refuse_text(text, n, "takes 24 times its size in memory");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_draw_is_a_process),
		cmocka_unit_test(steady_is_in_units_of_the_ruler),
		cmocka_unit_test(lost_pages_count_in_cold_cases),
		cmocka_unit_test(latency_is_of_each_draw),
		cmocka_unit_test(what_is_not_there_is_not_known),
		cmocka_unit_test(the_host_is_put_into_words),
		cmocka_unit_test(other_documents_are_told_apart),
		cmocka_unit_test(a_wrong_field_is_named),
		cmocka_unit_test(hostile_shapes_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
