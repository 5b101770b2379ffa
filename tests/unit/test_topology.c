#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>
#include <unistd.h>

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
	cpu_set_t before, one, two;
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
	assert_true(pin_holds((unsigned)cpu));
	assert_false(pin_holds((unsigned)cpu + 1));
	/* still on that CPU, yet free to leave it */
	two = one;
	CPU_SET((cpu + 1) % (int)sysconf(_SC_NPROCESSORS_ONLN), &two);
	if (!sched_setaffinity(0, sizeof(two), &two) && CPU_COUNT(&before) > 1) {
		assert_false(pin_holds((unsigned)cpu));
		assert_int_equal(pin_self((unsigned)cpu), 0);
	}
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
	assert_int_equal(t->nodes[1].cpus, 4);
	/* node 1's CPUs get their memory from node 0, the nearest */
	for (unsigned os = 4; os < 8; os++) {
		assert_int_equal(topology_cpu_node(t, os), 1);
		assert_int_equal(topology_cpu_memory(t, os), 0);
	}
	assert_int_equal(t->nodes[0].cpus, 3);
	assert_int_equal(t->nodes[0].cpus_there, 4);
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
	assert_int_equal(topology_farthest(t, 0), 1); /* all as far: the next */
	topology_free(t);
}

static void test_offline(void **state)
{
	struct topology *t = load(TEST_DATA "/topology/offline.xml");

	(void)state;
	assert_int_equal(t->ncpus, 6);
	assert_int_equal(t->nallowed, 5);
	assert_int_equal(t->noffline, 2);
	assert_int_equal(t->offline[0], 3);
	assert_int_equal(t->offline[1], 5);
	assert_null(topology_cpu(t, 3));
	assert_int_equal(topology_cpu_node(t, 4), 8);
	assert_int_equal(t->distance[1], 40);
	topology_free(t);
}

static void test_kinds(void **state)
{
	struct topology *t = load(TEST_DATA "/topology/hybrid.xml");

	(void)state;
	assert_int_equal(t->nkinds, 2);
	assert_true(t->kinds_ranked);
	assert_string_equal(t->kinds[topology_cpu(t, 0)->kind], "IntelAtom");
	assert_string_equal(t->kinds[topology_cpu(t, 15)->kind], "IntelCore");
	topology_free(t);
	t = load("core:2 pu:2");
	assert_int_equal(t->nkinds, 1);
	assert_int_equal(t->cpus[3].kind, 0);
	topology_free(t);
}

/* Every node is there, with what of it this process may not use. */
static void test_forbidden_memory(void **state)
{
	struct topology *t = load(TEST_DATA "/topology/forbidden.xml");
	char text[32];

	(void)state;
	assert_int_equal(t->nnodes, 4);
	assert_string_equal(topology_memory_nodes(t, text, sizeof(text)), "0,3");
	assert_string_equal(topology_cpu_nodes(t, text, sizeof(text)), "0-3");
	assert_int_equal(topology_cpu_memory(t, 2), 0);
	assert_int_equal(topology_cpu_memory(t, 4), 3);
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
	unsigned odd[64];
	struct topology *t = load(SNC2);
	char *text = NULL, *line, *save = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	topology_print(t, chosen, 2, 80, f);
	fclose(f);
	assert_non_null(strstr(text, "(0)+[1] 2+3"));
	assert_non_null(strstr(text, "(8)+(9) 10+11"));
	assert_non_null(strstr(text, "[12]+13 14+15"));
	assert_non_null(strstr(text, "node 1: no memory, 4 CPUs, package 0\n  L3 1: 4+5 6+7\n"));
	assert_non_null(strstr(text, "node 3    32  32  12  10"));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) <= 80 || strstr(line, "topology "));
	free(text);
	topology_free(t);
	for (unsigned i = 0; i < 64; i++)
		odd[i] = 4 * i;
	t = load("numa:1 l3:1 core:64 pu:2"); /* no two cores alike in a row: a line to be broken */
	f = open_memstream(&text, &size);
	topology_print(t, odd, 32, 80, f);
	fclose(f);
	assert_non_null(strstr(text, " [0]+1 2+3 [4]+5 "));
	assert_non_null(strstr(text, " 126+127\n"));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) <= 80);
	free(text);
	topology_free(t);
}

static char *draw(const char *spec, const unsigned *chosen, unsigned n)
{
	struct topology *t = load(spec);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	topology_print(t, chosen, n, 80, f);
	fclose(f);
	topology_free(t);
	return text;
}

/* What drawings must say, of machines whose lists would be long or whose nodes are odd. */
static void test_drawings(void **state)
{
	static const unsigned chosen[] = { 0 };
	static const struct {
		const char *spec, *wants[4];
	} row[] = {
		{ "pack:2 numa:4 l3:2 core:8 pu:2",
		  { "\n  L3 0: [0]+1 2+3 .. 14+15 | L3 1: 16+17 .. 30+31\n", " | L3 15: 240+241 .. 254+255\n",
		    "node 7: 1 GiB, 32 CPUs, package 1\n", "caches 16 x L3 16 MiB\n" } },
		{ "numa:20 core:1 pu:1", { "  node 3: 10 to 3, 20 to 0-2,4-19\n" } },
		{ "pack:8 numa:1 l3:8 core:8 pu:2", { "  node 7    20  20  20  20  20  20  20  10\n" } },
		{ "numa:1 pack:2 core:2 pu:1", { "  package 0 L3 0: [0] 1 | package 1 L3 1: 2 3\n" } },
		{ TEST_DATA "/topology/nps4.xml", { "  L3 14: 28+60 29+61 | L3 15: 30+62 31+63\n",
		    "node 7: 32 GiB, 8 CPUs, package 1\n", "  node 4    32  32  32  32  10  12  12  12\n" } },
		{ TEST_DATA "/topology/memory_only.xml",
		  { "node 2: 64 GiB, no CPUs\n", "node 1: 16 GiB, 2 CPUs, package 1\n" } },
		{ TEST_DATA "/topology/offline.xml",
		  { "offline: CPUs 3,5\n", "node 8: 8 GiB, 3 CPUs (2 allowed), package 1\n",
		    "  L3 1: 4 (6)+7\n" } },
		{ TEST_DATA "/topology/hybrid.xml",
		  { "cores of 2 kinds: IntelCore (8 CPUs), IntelAtom (8 CPUs), fastest first\n",
		    "  L3 0 IntelCore: 8+12 .. 11+15 | L3 0 IntelAtom: [0] 1 .. 7\n" } },
		{ TEST_DATA "/topology/forbidden.xml",
		  { "node 1: 8 GiB (not allowed here), 2 CPUs", "node 2: no memory, 2 CPUs" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *text = draw(row[i].spec, chosen, 1), *save = NULL;

		for (size_t k = 0; k < 4 && row[i].wants[k]; k++)
			if (!strstr(text, row[i].wants[k]))
				fail_msg("%s: no '%s' in\n%s", row[i].spec, row[i].wants[k], text);
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			assert_true(strlen(line) <= 80 || strstr(line, "topology "));
		free(text);
	}
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
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_forbidden_memory),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_drawing),
		cmocka_unit_test(test_drawings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
