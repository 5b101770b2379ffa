/* Which machines count as the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/fingerprint.h"

static struct stored_host a_host(void)
{
	return (struct stored_host){
		.hostname = "one", .kernel = "Linux 6.1.0-18-amd64", .cpu_model = "AMD EPYC 7763",
		.microcode = "0xa0011d1", .governor = "performance", .boost = "on", .smt = "off",
		.nodes = "2", .cpus = "64 of 128", .allocator = "jemalloc 5.3.0", .version = "0.1.0",
		.commit = "1a2b3c4", .compiler = "gcc 12.2.0", .flags = "-O2 -g",
	};
}

static unsigned differences(const struct stored_host *a, const struct stored_host *b,
			    enum fingerprint_scope scope, char *first, size_t size)
{
	char text[320];
	unsigned n = 0;

	if (first)
		first[0] = '\0';
	for (; fingerprint_differs(a, b, scope, n, text, sizeof(text)); n++)
		if (!n && first)
			snprintf(first, size, "%s", text);
	return n;
}

static void what_is_compared_may_differ(void **state)
{
	struct stored_host a = a_host(), b = a_host();
	char ka[FINGERPRINT_KEY], kb[FINGERPRINT_KEY];

	(void)state;
	b.hostname = "two";
	b.version = "0.2.0";
	b.commit = "5d6e7f8-dirty";
	assert_int_equal(differences(&a, &b, FINGERPRINT_ALL, NULL, 0), 0);
	fingerprint_key(&a, ka);
	fingerprint_key(&b, kb);
	assert_string_equal(ka, kb);
	assert_int_equal(strspn(ka, "0123456789abcdef"), FINGERPRINT_KEY - 1);
}

static void each_fact_of_the_machine_counts(void **state)
{
	struct stored_host a = a_host();
	char first[320], ka[FINGERPRINT_KEY], kb[FINGERPRINT_KEY];
	const struct {
		size_t at;
		const char *told;
	} facts[] = {
		{ offsetof(struct stored_host, kernel), "kernel: x, was Linux 6.1.0-18-amd64" },
		{ offsetof(struct stored_host, cpu_model), "CPU model: x, was AMD EPYC 7763" },
		{ offsetof(struct stored_host, microcode), "microcode: x, was 0xa0011d1" },
		{ offsetof(struct stored_host, governor), "governor: x, was performance" },
		{ offsetof(struct stored_host, boost), "boost: x, was on" },
		{ offsetof(struct stored_host, smt), "SMT: x, was off" },
		{ offsetof(struct stored_host, nodes), "nodes: x, was 2" },
		{ offsetof(struct stored_host, cpus), "CPUs: x, was 64 of 128" },
		{ offsetof(struct stored_host, allocator), "allocator: x, was jemalloc 5.3.0" },
	};

	(void)state;
	fingerprint_key(&a, ka);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct stored_host b = a_host();

		*(const char **)(void *)((char *)&b + facts[i].at) = "x";
		assert_int_equal(differences(&a, &b, FINGERPRINT_HOST, first, sizeof(first)), 1);
		assert_string_equal(first, facts[i].told);
		fingerprint_key(&b, kb);
		assert_string_not_equal(ka, kb);
		/* one of the two does not know */
		*(const char **)(void *)((char *)&b + facts[i].at) = "";
		assert_int_equal(differences(&a, &b, FINGERPRINT_ALL, NULL, 0), 0);
		assert_int_equal(differences(&b, &a, FINGERPRINT_ALL, NULL, 0), 0);
	}
}

static void builds_count_between_files_only(void **state)
{
	struct stored_host a = a_host(), b = a_host();
	char first[320], ka[FINGERPRINT_KEY], kb[FINGERPRINT_KEY];

	(void)state;
	b.compiler = "clang 14.0.6";
	b.flags = "-O3";
	assert_int_equal(differences(&a, &b, FINGERPRINT_HOST, NULL, 0), 0);
	assert_int_equal(differences(&a, &b, FINGERPRINT_ALL, first, sizeof(first)), 2);
	assert_string_equal(first, "compiler: clang 14.0.6, was gcc 12.2.0");
	fingerprint_key(&a, ka);
	fingerprint_key(&b, kb);
	assert_string_equal(ka, kb);
}

/* "ab" + "c" is not "a" + "bc". */
static void the_key_tells_fields_apart(void **state)
{
	struct stored_host a = { .nodes = "1", .cpus = "12" };
	struct stored_host b = { .nodes = "11", .cpus = "2" };
	char ka[FINGERPRINT_KEY], kb[FINGERPRINT_KEY];

	(void)state;
	fingerprint_key(&a, ka);
	fingerprint_key(&b, kb);
	assert_string_not_equal(ka, kb);
}

static void it_is_shown_for_people(void **state)
{
	struct stored_host host = a_host(), none = { .kernel = NULL };
	char text[320];

	(void)state;
	fingerprint_show(&host, text, sizeof(text));
	assert_string_equal(text, "AMD EPYC 7763, Linux 6.1.0-18-amd64, 64 of 128 CPUs, 2 nodes");
	host.cpus = "1";
	host.nodes = "1";
	host.cpu_model = "";
	fingerprint_show(&host, text, sizeof(text));
	assert_string_equal(text, "Linux 6.1.0-18-amd64, 1 CPU, 1 node");
	fingerprint_show(&none, text, sizeof(text));
	assert_string_equal(text, "unknown machine");
	fingerprint_show(&host, text, 8);
	assert_string_equal(text, "Linux 6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_compared_may_differ),
		cmocka_unit_test(each_fact_of_the_machine_counts),
		cmocka_unit_test(builds_count_between_files_only),
		cmocka_unit_test(the_key_tells_fields_apart),
		cmocka_unit_test(it_is_shown_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
