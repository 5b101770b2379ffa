#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/topology.h"

#define SNC2 TEST_DATA "/topology/snc2_memoryless.xml"
#define TWO "pack:2 numa:1 l3:2 core:2 pu:2"
#define MAX 512
#define SHARE "; --oversubscribe lets threads share them"

/* The chosen CPUs as "0 2 4", or the refusal as "69 --threads …". */
static const char *place(const char *spec, const char *how, unsigned threads)
{
	static char text[4096];
	unsigned cpu[MAX];
	struct err err = { 0 };
	struct topology *t = NULL;
	struct place p;
	size_t used = 0;
	int rc = topology_load(&t, spec, &err);

	if (!rc)
		rc = place_parse(&p, how, &err);
	if (!rc)
		rc = place_cpus(t, &p, threads, cpu, &err);
	text[0] = '\0';
	if (rc)
		snprintf(text, sizeof(text), "%d %s", rc, err.text);
	for (unsigned i = 0; !rc && i < threads; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, i ? " %u" : "%u",
					 cpu[i]);
	topology_free(t);
	return text;
}

static void test_lists(void **state)
{
	static const struct {
		const char *spec, *how;
		unsigned threads;
		const char *want;
	} row[] = {
		{ TWO, "compact", 16, "0 2 4 6 8 10 12 14 1 3 5 7 9 11 13 15" },
		{ TWO, "scatter", 16, "0 8 4 12 2 10 6 14 1 9 5 13 3 11 7 15" },
		{ TWO, "node-rr", 16, "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15" },
		{ TWO, "node:1", 8, "8 10 12 14 9 11 13 15" },
		{ TWO, "compact", 3, "0 2 4" },
		{ TWO, "scatter", 3, "0 8 4" },
		{ TWO, "node-rr", 3, "0 8 2" },
		{ TWO, "cpus:5,0-2", 4, "5 0 1 2" },
		{ TWO, "cpus:5,0-2", 2, "5 0" },
		/* the machine: four packages, a node each */
		{ "pack:4 numa:1 l3:4 core:4 pu:2", "scatter", 20,
		  "0 32 64 96 8 40 72 104 16 48 80 112 24 56 88 120 2 34 66 98" },
		{ "pack:4 numa:1 l3:4 core:4 pu:2", "compact", 6, "0 2 4 6 8 10" },
		/* one node: node-rr has nothing to deal over, scatter still has L3s */
		{ "pack:1 numa:1 l3:2 core:2 pu:1", "node-rr", 4, "0 1 2 3" },
		{ "pack:1 numa:1 l3:2 core:2 pu:1", "scatter", 4, "0 2 1 3" },
		/* eight nodes in two packages */
		{ "pack:2 numa:4 l3:1 core:2 pu:1", "scatter", 16,
		  "0 8 2 10 4 12 6 14 1 9 3 11 5 13 7 15" },
		{ "pack:2 numa:4 l3:1 core:2 pu:1", "node-rr", 16,
		  "0 2 4 6 8 10 12 14 1 3 5 7 9 11 13 15" },
		{ "pack:2 numa:4 l3:1 core:2 pu:1", "compact", 5, "0 1 2 3 4" },
		/* CPUs not allowed: node 2 has one core left; node 1 has CPUs, but no memory */
		{ SNC2, "compact", 13, "1 2 4 6 10 12 14 3 5 7 11 13 15" },
		{ SNC2, "scatter", 7, "1 10 4 12 2 14 6" },
		{ SNC2, "node-rr", 13, "1 4 10 12 2 6 14 3 5 11 13 7 15" },
		{ SNC2, "node:2", 2, "10 11" },
		{ SNC2, "node:1", 4, "4 6 5 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_string_equal(place(row[i].spec, row[i].how, row[i].threads), row[i].want);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *spec, *how;
		unsigned threads;
		const char *want;
	} row[] = {
		{ TWO, "compact", 17, "69 --threads 17: only 16 CPUs are allowed on that machine" SHARE },
		{ "core:1 pu:1", "compact", 2,
		  "69 --threads 2: only 1 CPU is allowed on that machine" SHARE },
		{ TWO, "node:3", 1, "69 --place node:3: node 3 does not exist: nodes 0-1" },
		{ TWO, "node:1", 9,
		  "69 --threads 9 --place node:1: only 8 CPUs of node 1 are allowed on that machine" SHARE },
		{ TWO, "cpus:0-3", 5, "69 --threads 5: cpus:0-3 names only 4 CPUs" SHARE },
		{ TWO, "cpus:16", 1, "69 --place cpus:16: CPU 16 does not exist: CPUs 0-15" },
		{ SNC2, "cpus:1,8", 1,
		  "69 --place cpus:1,8: CPU 8 is not allowed here: CPUs 1-7,10-15" },
		{ TWO, "cpus:1,0-2", 4, "64 --place cpus:1,0-2: CPU 1 twice" },
		{ TWO, "cpus:", 1, "64 --place cpus:: want a list such as cpus:0,2-5" },
		{ TWO, "cpus:3-1", 1, "64 --place cpus:3-1: want a list such as cpus:0,2-5" },
		{ TWO, "cpus:1,,2", 1, "64 --place cpus:1,,2: want a list such as cpus:0,2-5" },
		{ TWO, "cpus:1,", 1, "64 --place cpus:1,: want a list such as cpus:0,2-5" },
		{ TWO, "cpus:-1", 1, "64 --place cpus:-1: want a list such as cpus:0,2-5" },
		{ TWO, "cpus:99999999999999999999", 1,
		  "64 --place cpus:99999999999999999999: want a list such as cpus:0,2-5" },
		{ TWO, "node:", 1, "64 --place node:: want a node number, such as node:0" },
		{ TWO, "node:1x", 1, "64 --place node:1x: want a node number, such as node:0" },
		{ TWO, "Compact", 1,
		  "64 --place Compact: want compact, scatter, node-rr, node:N or cpus:LIST" },
		{ TWO, "", 1, "64 --place : want compact, scatter, node-rr, node:N or cpus:LIST" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_string_equal(place(row[i].spec, row[i].how, row[i].threads), row[i].want);
}

static void test_long_list(void **state)
{
	char text[400] = "cpus:0";
	struct place p;
	struct err err;

	(void)state;
	memset(text + 6, '0', sizeof(text) - 7);
	assert_int_equal(place_parse(&p, text, &err), EXIT_USAGE);
}

/* Whatever the machine and policy: distinct, allowed, and no second PU before a first. */
static void test_every_policy_everywhere(void **state)
{
	static const char *const specs[] = {
		TWO,
		SNC2,
		"core:3 pu:4",
		"pack:3 numa:2 l3:1 core:5 pu:2",
		"numa:8 core:2 pu:2",
		"pack:2 l3:3 core:1 pu:1",
		"[numa] pack:2 core:2 pu:2",
	};
	static const char *const how[] = { "compact", "scatter", "node-rr" };

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct topology *t = NULL;
		struct err err = { 0 };

		assert_int_equal(topology_load(&t, specs[i], &err), 0);
		for (size_t k = 0; k < sizeof(how) / sizeof(how[0]); k++) {
			bool seen[MAX] = { false };
			unsigned cpu[MAX], smt = 0;
			struct place p;

			assert_int_equal(place_parse(&p, how[k], &err), 0);
			assert_int_equal(place_capacity(t, &p), t->nallowed);
			assert_int_equal(place_cpus(t, &p, t->nallowed, cpu, &err), 0);
			for (unsigned n = 0; n < t->nallowed; n++) {
				const struct topo_cpu *c =
					&t->cpus[cpu[n]]; /* numbered without gaps here */

				assert_int_equal(c->os, cpu[n]);
				assert_true(c->allowed);
				assert_false(seen[cpu[n]]);
				seen[cpu[n]] = true;
				assert_true(c->smt >= smt);
				smt = c->smt;
			}
		}
		topology_free(t);
	}
}

static void test_ranges(void **state)
{
	static const unsigned some[] = { 0, 1, 2, 5, 7, 8 };
	char text[64], small[12];

	(void)state;
	assert_string_equal(topology_ranges(text, sizeof(text), some, 6), "0-2,5,7-8");
	assert_string_equal(topology_ranges(text, sizeof(text), some, 0), "");
	assert_string_equal(topology_ranges(small, sizeof(small), some, 6), "0-2,5…");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),	  cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_long_list), cmocka_unit_test(test_every_policy_everywhere),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
