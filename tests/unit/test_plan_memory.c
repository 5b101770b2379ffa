/* Which node a worker's table pages are asked of, on machines of every shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/plan.h"

#define XML(name) TEST_DATA "/topology/" name ".xml"
#define FOUR "pack:4 numa:1 core:2 pu:1"
#define MAX 256

static struct topology *load(const char *spec)
{
	struct topology *t = NULL;
	struct err err = { 0 };

	if (topology_load(&t, spec, &err))
		fail_msg("%s", err.text);
	return t;
}

static struct mem_choice mem(const char *text)
{
	struct mem_choice m = { .kind = POOL_MEM_LOCAL };
	const char *colon = strchr(text, ':');

	m.kind = !strncmp(text, "bind", 4) ? POOL_MEM_BIND : !strncmp(text, "device", 6) ?
		 POOL_MEM_DEVICE : !strcmp(text, "interleave") ? POOL_MEM_INTERLEAVE :
		 !strcmp(text, "remote") ? POOL_MEM_REMOTE : POOL_MEM_LOCAL;
	m.node = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	snprintf(m.text, sizeof(m.text), "%s", text);
	return m;
}

/* The node of each CPU as "0 0 1 1", or the refusal as "69 --mem …". */
static void check(const char *spec, const char *policy, const char *want)
{
	struct topology *t = load(spec);
	struct mem_choice m = mem(policy);
	unsigned cpus[MAX];
	struct err err = { 0 };
	char text[1024] = "";
	size_t used = 0;
	int rc;

	for (unsigned i = 0; i < t->ncpus; i++)
		cpus[i] = t->cpus[i].os;
	rc = plan_check_memory(t, &m, cpus, t->ncpus, &err);
	if (rc)
		snprintf(text, sizeof(text), "%d %s", rc, err.text);
	for (unsigned i = 0; !rc && i < t->ncpus; i++) {
		unsigned node = plan_memory_node(t, &m, cpus[i]);

		used += node == MEMORY_ANY
			? (size_t)snprintf(text + used, sizeof(text) - used, i ? " any" : "any")
			: (size_t)snprintf(text + used, sizeof(text) - used, i ? " %u" : "%u", node);
	}
	if (strcmp(text, want))
		fail_msg("%s --mem %s:\n  want %s\n  got  %s", spec, policy, want, text);
	topology_free(t);
}

static void test_nodes(void **state)
{
	static const struct {
		const char *spec, *mem, *want;
	} row[] = {
		{ FOUR, "local", "0 0 1 1 2 2 3 3" },
		{ FOUR, "bind:2", "2 2 2 2 2 2 2 2" },
		{ FOUR, "device:0", "0 0 0 0 0 0 0 0" },
		{ FOUR, "interleave", "any any any any any any any any" },
		/* all as far: each node's workers on the next node, no two nodes on one */
		{ FOUR, "remote", "1 1 2 2 3 3 0 0" },
		{ "numa:2 core:1 pu:1", "remote", "1 0" },
		/* node 1 has no memory: local is node 0, remote in the other package */
		{ XML("snc2_memoryless"), "local", "0 0 0 0 0 0 0 0 2 2 2 2 3 3 3 3" },
		{ XML("snc2_memoryless"), "remote", "2 2 2 2 3 3 3 3 0 0 0 0 0 0 0 0" },
		/* HBM and CXL: farthest by distance, with CPUs or without; fine to be bound to */
		{ XML("memory_only"), "local", "0 0 0 0 1 1" },
		{ XML("memory_only"), "remote", "3 3 3 3 2 2" },
		{ XML("memory_only"), "bind:3", "3 3 3 3 3 3" },
		{ XML("memory_only"), "device:2", "2 2 2 2 2 2" },
		{ XML("offline"), "remote", "8 8 8 0 0 0" },
		/* memory outside the cpuset is as good as none */
		{ XML("forbidden"), "local", "0 0 0 0 3 3 3 3" },
		{ XML("forbidden"), "remote", "3 3 3 3 0 0 0 0" },
		{ XML("hybrid"), "remote",
		  "69 --mem remote: only node 0 has memory there, and none is remote from it" },
		{ FOUR, "bind:4", "69 --mem bind:4: node 4 does not exist: nodes with memory: 0-3" },
		{ XML("offline"), "device:1",
		  "69 --mem device:1: node 1 does not exist: nodes with memory: 0,8" },
		{ XML("snc2_memoryless"), "bind:1",
		  "69 --mem bind:1: node 1 has no memory: nodes with memory: 0,2-3" },
		{ XML("forbidden"), "device:2",
		  "69 --mem device:2: node 2 has no memory: nodes with memory: 0,3" },
		{ XML("forbidden"), "bind:1", "69 --mem bind:1: node 1 is outside the memory allowed here: "
		  "nodes with memory: 0,3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check(row[i].spec, row[i].mem, row[i].want);
}

/* Two packages of four: from each node a node of the other package, and none from two nodes. */
static void test_remote_spreads(void **state)
{
	struct topology *t = load(XML("nps4"));
	static const unsigned want[8] = { 4, 5, 6, 7, 0, 1, 2, 3 };

	(void)state;
	for (unsigned cpu = 0; cpu < 64; cpu++) {
		unsigned own = topology_cpu_node(t, cpu);

		assert_int_equal(topology_farthest(t, cpu), want[own]);
	}
	topology_free(t);
	t = load("pack:3 numa:4 core:1 pu:1");
	for (unsigned cpu = 0; cpu < 12; cpu++) /* all as far: the next */
		assert_int_equal(topology_farthest(t, cpu), (cpu + 1) % 12);
	topology_free(t);
}

/* Never the worker's own memory, never a node without, and none farther: whatever the machine. */
static void test_remote_everywhere(void **state)
{
	static const char *const specs[] = { FOUR, XML("snc2_memoryless"), XML("nps4"),
		XML("memory_only"), XML("offline"), XML("forbidden"), "pack:2 numa:4 core:2 pu:2",
		"numa:20 core:1 pu:1", "pack:2 [numa(memory=1GB)] [numa(memory=4GB)] core:2 pu:1" };

	(void)state;
	for (size_t s = 0; s < sizeof(specs) / sizeof(specs[0]); s++) {
		struct topology *t = load(specs[s]);

		for (unsigned i = 0; i < t->ncpus; i++) {
			const struct topo_cpu *c = &t->cpus[i];
			int far = topology_node(t, topology_farthest(t, c->os));
			const unsigned *distance = &t->distance[c->node * t->nnodes];

			assert_true(far >= 0);
			assert_int_not_equal(far, c->memory);
			assert_true(topology_has_memory(t, (unsigned)far));
			assert_true(topology_has_memory(t, c->memory));
			for (unsigned n = 0; n < t->nnodes; n++)
				if (topology_has_memory(t, n) && n != c->memory)
					assert_true(distance[n] <= distance[far]);
		}
		topology_free(t);
	}
}

/* The dry run of a sweep: memory nodes in words. */
static void test_plan_says(void **state)
{
	static const struct {
		const char *spec, *place, *mem, *wants;
		unsigned threads;
	} row[] = {
		{ FOUR, "compact", "local", "    table pages on node 0\n", 2 },
		{ FOUR, "node-rr", "local",
		  "    table pages of workers on node 0 on 0, 1 on 1, 2 on 2, 3 on 3\n", 4 },
		{ FOUR, "node-rr", "remote",
		  "    table pages of workers on node 0 on 1, 1 on 2, 2 on 3, 3 on 0\n", 8 },
		{ FOUR, "node:2", "remote", "    table pages on node 3\n", 2 },
		{ FOUR, "scatter", "bind:1", "    table pages on node 1\n", 4 },
		{ FOUR, "compact", "interleave", "    table pages in turn on nodes 0-3\n", 1 },
		{ XML("snc2_memoryless"), "node:1", "local",
		  "    table pages on node 0; node 1 has no memory\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct topology *t = load(row[i].spec);
		struct group g = { .threads = row[i].threads, .mem = mem(row[i].mem) };
		struct err err = { 0 };
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		g.cpus = calloc(g.threads, sizeof(g.cpus[0]));
		assert_int_equal(place_parse(&g.place, row[i].place, &err), 0);
		assert_int_equal(place_cpus(t, &g.place, g.threads, g.cpus, &err), 0);
		plan_print_memory(&g, t, f);
		fclose(f);
		assert_string_equal(text, row[i].wants);
		free(text);
		free(g.cpus);
		topology_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_remote_spreads),
		cmocka_unit_test(test_remote_everywhere),
		cmocka_unit_test(test_plan_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
