#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>

#include <cmocka.h>

#include "sys/topology.h"

#define SNC2 TEST_DATA "/topology/snc2_memoryless.xml"

static struct topology *load(const char *spec)
{
	struct topology *t = NULL;
	struct err err = { 0 };

	if (topology_load(&t, spec, &err))
		fail_msg("%s", err.text);
	return t;
}

static void test_this_machine(void **state)
{
	struct topology *t = load(NULL);
	unsigned in_nodes = 0, allowed = 0;
	cpu_set_t set;

	(void)state;
	assert_true(t->this_system);
	assert_null(t->spec);
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (unsigned i = 0; i < t->ncpus; i++) {
		assert_int_equal(t->cpus[i].allowed, CPU_ISSET(t->cpus[i].os, &set) != 0);
		assert_true(!i || t->cpus[i].os > t->cpus[i - 1].os);
		assert_true(t->cpus[i].node < t->nnodes);
		allowed += t->cpus[i].allowed;
	}
	for (unsigned i = 0; i < t->nnodes; i++) {
		in_nodes += t->nodes[i].cpus;
		assert_int_equal(t->distance[i * t->nnodes + i], 10);
	}
	assert_int_equal(allowed, CPU_COUNT(&set));
	assert_int_equal(t->nallowed, allowed);
	assert_int_equal(in_nodes, allowed);
	topology_free(t);
}

/* A process bound to one CPU has one CPU, though the machine has more. */
static void test_affinity_counts(void **state)
{
	cpu_set_t before, one;
	struct topology *t;
	int cpu = 0;

	(void)state;
	sched_getaffinity(0, sizeof(before), &before);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	assert_int_equal(pin_self((unsigned)cpu), 0);
	sched_getaffinity(0, sizeof(one), &one);
	assert_int_equal(CPU_COUNT(&one), 1);
	assert_true(CPU_ISSET(cpu, &one));
	assert_int_equal(sched_getcpu(), cpu);
	t = load(NULL);
	assert_int_equal(t->nallowed, 1);
	assert_true(t->ncpus >= (unsigned)CPU_COUNT(&before));
	topology_free(t);
	sched_setaffinity(0, sizeof(before), &before);
	assert_true(pin_self(60000) < 0);
}

static void test_two_packages(void **state)
{
	struct topology *t = load("pack:2 numa:1 l3:4 core:4 pu:2");

	(void)state;
	assert_false(t->this_system);
	assert_string_equal(t->spec, "pack:2 numa:1 l3:4 core:4 pu:2");
	assert_int_equal(t->npackages, 2);
	assert_int_equal(t->nnodes, 2);
	assert_int_equal(t->nl3, 8);
	assert_int_equal(t->ncores, 32);
	assert_int_equal(t->ncpus, 64);
	assert_int_equal(t->nallowed, 64);
	assert_int_equal(t->smt, 2);
	assert_true(t->l3_bytes > 0);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(t->cpus[i].os, i);
		assert_int_equal(t->cpus[i].smt, i % 2);
		assert_int_equal(t->cpus[i].core, i / 2);
		assert_int_equal(t->cpus[i].l3, i / 8);
		assert_int_equal(t->cpus[i].node, i / 32);
		assert_int_equal(t->cpus[i].package, i / 32);
	}
	assert_int_equal(t->nodes[1].cpus, 32);
	assert_int_equal(t->distance[0], 10);
	assert_int_equal(t->distance[1], 20);
	assert_int_equal(topology_cpu_node(t, 31), 0);
	assert_int_equal(topology_cpu_node(t, 32), 1);
	assert_int_equal(topology_cpu_node(t, 64), UINT_MAX);
	assert_int_equal(topology_node(t, 1), 1);
	assert_int_equal(topology_node(t, 2), -1);
	topology_free(t);
}

/* hwloc itself refuses a number without a type in front. */
static void test_leading_number(void **state)
{
	struct topology *t = load("2 pack:2 numa:1 l3:4 core:4 pu:2");

	(void)state;
	assert_int_equal(t->npackages, 4);
	assert_int_equal(t->ncpus, 128);
	topology_free(t);
}

static void test_bare_machine(void **state)
{
	struct topology *t = load("core:3 pu:1");

	(void)state;
	assert_int_equal(t->npackages, 1);
	assert_int_equal(t->nnodes, 1);
	assert_int_equal(t->nl3, 1);
	assert_int_equal(t->ncpus, 3);
	assert_int_equal(t->smt, 1);
	topology_free(t);
}

static void test_memoryless_and_disallowed(void **state)
{
	struct topology *t = load(SNC2);

	(void)state;
	assert_int_equal(t->nnodes, 4);
	assert_int_equal(t->ncpus, 16);
	assert_int_equal(t->nallowed, 13);
	assert_int_equal(t->nodes[1].memory_bytes, 0);
	assert_int_equal(t->nodes[1].cpus, 0);
	/* node 1's CPUs get their memory from node 0, the nearest */
	for (unsigned os = 4; os < 8; os++)
		assert_int_equal(topology_cpu_node(t, os), 0);
	assert_int_equal(t->nodes[0].cpus, 7);
	assert_int_equal(t->distance[0 * 4 + 1], 12);
	assert_int_equal(t->distance[3 * 4 + 1], 32);
	assert_false(t->cpus[0].allowed);
	assert_false(t->cpus[9].allowed);
	/* CPU 1 is the first of its core that may be used */
	assert_int_equal(t->cpus[1].smt, 0);
	assert_int_equal(t->cpus[0].smt, 1);
	topology_free(t);
}

/* A node of memory only, as HBM or CXL: no CPU has it for its own while another has memory. */
static void test_memory_beside(void **state)
{
	struct topology *t =
		load("pack:2 [numa(memory=1073741824)] [numa(memory=8589934592)] core:2 pu:1");

	(void)state;
	assert_int_equal(t->nnodes, 4);
	assert_int_equal(topology_cpu_node(t, 0), 0);
	assert_int_equal(topology_cpu_node(t, 3), 2);
	assert_int_equal(t->nodes[1].cpus, 0);
	topology_free(t);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *spec;
		int code;
	} bad[] = {
		{ "pack:2", EXIT_USAGE },
		{ "foo:3 pu:2", EXIT_USAGE },
		{ "", EXIT_USAGE },
		{ "no/such.xml", EXIT_BAD_DATA },
		{ "/dev/null", EXIT_BAD_DATA },
		{ TEST_DATA "/topology/README.md", EXIT_BAD_DATA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct topology *t = NULL;
		struct err err = { 0 };

		assert_int_equal(topology_load(&t, bad[i].spec, &err), bad[i].code);
		assert_int_equal(err.code, bad[i].code);
		assert_non_null(strstr(err.text, "--topology"));
	}
}

/* The drawing: 80 columns at most, every CPU in it, chosen and forbidden ones marked. */
static void test_drawing(void **state)
{
	static const unsigned chosen[] = { 1, 12 };
	struct topology *t = load(SNC2);
	char *text = NULL, *line, *save = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	topology_print(t, chosen, 2, f);
	fclose(f);
	assert_non_null(strstr(text, "(0)+[1] 2+3"));
	assert_non_null(strstr(text, "(8)+(9) 10+11"));
	assert_non_null(strstr(text, "[12]+13 14+15"));
	assert_non_null(strstr(text, "node 1: no memory, 0 CPUs"));
	assert_non_null(strstr(text, "node 3    32  32  12  10"));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) <= 80 || strstr(line, "topology "));
	free(text);
	topology_free(t);
	t = load("numa:1 l3:1 core:64 pu:2"); /* a line to be broken */
	f = open_memstream(&text, &size);
	topology_print(t, NULL, 0, f);
	fclose(f);
	assert_non_null(strstr(text, " 126+127\n"));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) <= 80);
	free(text);
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_affinity_counts),
		cmocka_unit_test(test_two_packages),
		cmocka_unit_test(test_leading_number),
		cmocka_unit_test(test_bare_machine),
		cmocka_unit_test(test_memoryless_and_disallowed),
		cmocka_unit_test(test_memory_beside),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_drawing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
