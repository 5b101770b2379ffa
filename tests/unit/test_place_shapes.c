/* Placement on machines of every shape: tables of what goes where, and what holds everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/topology.h"

#define XML(name) TEST_DATA "/topology/" name ".xml"
#define TWO "pack:2 numa:1 l3:2 core:2 pu:2"
#define SHARE "; --oversubscribe lets threads share them"
#define MAX 2048

static struct topology *load(const char *spec)
{
	struct topology *t = NULL;
	struct err err = { 0 };

	if (topology_load(&t, spec, &err))
		fail_msg("%s", err.text);
	return t;
}

static struct place how(const char *text, enum smt_kind smt, bool oversubscribe)
{
	struct place p;
	struct err err = { 0 };

	if (place_parse(&p, text, &err))
		fail_msg("%s", err.text);
	p.smt = smt;
	p.oversubscribe = oversubscribe;
	return p;
}

struct row {
	const char *spec, *place;
	enum smt_kind smt;
	unsigned threads;
	const char *want; /* CPUs, or the refusal behind its code */
};

static void check(const struct row *row, bool oversubscribe)
{
	struct topology *t = load(row->spec);
	struct place p = how(row->place, row->smt, oversubscribe);
	unsigned cpu[MAX];
	struct err err = { 0 };
	char text[4096] = "";
	size_t used = 0;
	int rc = place_cpus(t, &p, row->threads, cpu, &err);

	if (rc)
		snprintf(text, sizeof(text), "%d %s", rc, err.text);
	for (unsigned i = 0; !rc && i < row->threads; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, i ? " %u" : "%u", cpu[i]);
	if (strcmp(text, row->want))
		fail_msg("%s, %s, smt %d, %u threads:\n  want %s\n  got  %s", row->spec, row->place,
			 row->smt, row->threads, row->want, text);
	topology_free(t);
}

static void test_smt(void **state)
{
	static const struct row rows[] = {
		{ TWO, "compact", SMT_PACK, 16, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15" },
		{ TWO, "compact", SMT_PACK, 3, "0 1 2" },
		{ TWO, "compact", SMT_OFF, 8, "0 2 4 6 8 10 12 14" },
		{ TWO, "scatter", SMT_PACK, 16, "0 1 8 9 4 5 12 13 2 3 10 11 6 7 14 15" },
		{ TWO, "scatter", SMT_OFF, 8, "0 8 4 12 2 10 6 14" },
		{ TWO, "node-rr", SMT_PACK, 8, "0 1 8 9 2 3 10 11" },
		{ TWO, "node:1", SMT_PACK, 3, "8 9 10" },
		{ TWO, "node:1", SMT_OFF, 4, "8 10 12 14" },
		{ TWO, "cpus:5,2", SMT_OFF, 2, "5 2" },
		{ TWO, "compact", SMT_OFF, 9,
		  "69 --threads 9 --smt off: only 8 cores are allowed on that machine" SHARE },
		{ TWO, "node:0", SMT_OFF, 5, "69 --threads 5 --place node:0 --smt off: only 4 cores of "
		  "node 0 are allowed on that machine" SHARE },
		{ TWO, "cpus:4-5", SMT_OFF, 1, "69 --place cpus:4-5 --smt off: CPUs 4 and 5 are "
		  "hyperthreads of one core; leave one out" },
		{ TWO, "cpus:4-5", SMT_PACK, 1, "64 --smt pack --place cpus:4-5: a list is taken in the "
		  "order written; leave --smt out" },
		{ XML("nps4"), "compact", SMT_PACK, 6, "0 32 1 33 2 34" },
		{ XML("nps4"), "compact", SMT_LAST, 6, "0 1 2 3 4 5" },
		{ XML("nps4"), "scatter", SMT_PACK, 6, "0 32 16 48 4 36" },
		/* more than two hyperthreads, as POWER has */
		{ "core:2 pu:4", "compact", SMT_PACK, 8, "0 1 2 3 4 5 6 7" },
		{ "core:2 pu:4", "compact", SMT_LAST, 8, "0 4 1 5 2 6 3 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], false);
}

static void test_odd_nodes(void **state)
{
	static const struct row rows[] = {
		/* eight nodes in two packages */
		{ XML("nps4"), "scatter", SMT_LAST, 10, "0 16 4 20 8 24 12 28 2 18" },
		{ XML("nps4"), "node-rr", SMT_LAST, 9, "0 4 8 12 16 20 24 28 1" },
		{ XML("nps4"), "node:5", SMT_LAST, 8, "20 21 22 23 52 53 54 55" },
		/* nodes of memory only; four CPUs and two */
		{ XML("memory_only"), "node-rr", SMT_LAST, 6, "0 4 1 5 2 3" },
		{ XML("memory_only"), "scatter", SMT_LAST, 6, "0 4 1 5 2 3" },
		{ XML("memory_only"), "node:2", SMT_LAST, 1,
		  "69 --place node:2: that node has no CPUs, only memory: nodes with CPUs: 0-1" },
		{ XML("memory_only"), "node:4", SMT_LAST, 1,
		  "69 --place node:4: node 4 does not exist: nodes 0-3" },
		{ XML("memory_only"), "node:1", SMT_LAST, 3, "69 --threads 3 --place node:1: only 2 CPUs "
		  "of node 1 are allowed on that machine" SHARE },
		/* offline and forbidden CPUs, a gap in the numbers of nodes */
		{ XML("offline"), "compact", SMT_LAST, 5, "0 2 4 7 1" },
		{ XML("offline"), "compact", SMT_PACK, 5, "0 1 2 4 7" },
		{ XML("offline"), "node-rr", SMT_OFF, 4, "0 4 2 7" },
		{ XML("offline"), "node:8", SMT_LAST, 2, "4 7" },
		{ XML("offline"), "node:1", SMT_LAST, 1,
		  "69 --place node:1: node 1 does not exist: nodes 0,8" },
		{ XML("offline"), "cpus:2-3", SMT_LAST, 1,
		  "69 --place cpus:2-3: CPU 3 is offline: CPUs 0-2,4,7" },
		{ XML("offline"), "cpus:6", SMT_LAST, 1,
		  "69 --place cpus:6: CPU 6 is not allowed here: CPUs 0-2,4,7" },
		{ XML("offline"), "cpus:9", SMT_LAST, 1,
		  "69 --place cpus:9: CPU 9 does not exist: CPUs 0-2,4,6-7" },
		/* fast cores first, their second hyperthreads after the slow ones */
		{ XML("hybrid"), "compact", SMT_LAST, 16, "8 9 10 11 0 1 2 3 4 5 6 7 12 13 14 15" },
		{ XML("hybrid"), "compact", SMT_PACK, 10, "8 12 9 13 10 14 11 15 0 1" },
		{ XML("hybrid"), "compact", SMT_OFF, 12, "8 9 10 11 0 1 2 3 4 5 6 7" },
		/* CPUs on nodes whose memory is none, or not theirs to use */
		{ XML("forbidden"), "node-rr", SMT_LAST, 8, "0 2 4 6 1 3 5 7" },
		{ XML("forbidden"), "node:2", SMT_LAST, 2, "4 5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], false);
}

static void test_oversubscribed(void **state)
{
	static const struct row rows[] = {
		{ "core:2 pu:1", "compact", SMT_LAST, 5, "0 1 0 1 0" },
		{ "core:2 pu:2", "compact", SMT_OFF, 4, "0 2 0 2" },
		{ "core:2 pu:2", "compact", SMT_PACK, 6, "0 1 2 3 0 1" },
		{ TWO, "node:1", SMT_OFF, 6, "8 10 12 14 8 10" },
		{ TWO, "cpus:3", SMT_LAST, 4, "3 3 3 3" },
		{ TWO, "cpus:7,0-1", SMT_LAST, 5, "7 0 1 7 0" },
		/* it permits sharing and forces nothing; what does not exist is still refused */
		{ TWO, "scatter", SMT_LAST, 3, "0 8 4" },
		{ TWO, "cpus:0,99", SMT_LAST, 2, "69 --place cpus:0,99: CPU 99 does not exist: CPUs 0-15" },
		{ TWO, "cpus:0,0", SMT_LAST, 2, "64 --place cpus:0,0: CPU 0 twice" },
		{ XML("memory_only"), "node:2", SMT_LAST, 1,
		  "69 --place node:2: that node has no CPUs, only memory: nodes with CPUs: 0-1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], true);
}

/* All PUs of a core stand together, and in the order of the cores that SMT_OFF has. */
static void packs(const struct topology *t, const char *place, const unsigned *cpu, unsigned n)
{
	struct place off = how(place, SMT_OFF, false);
	unsigned cores = place_capacity(t, &off), first[MAX], at = 0;
	struct err err = { 0 };

	assert_int_equal(place_cpus(t, &off, cores, first, &err), 0);
	for (unsigned c = 0; c < cores; c++) {
		unsigned core = topology_cpu(t, first[c])->core, smt = 0;

		assert_int_equal(cpu[at], first[c]);
		for (; at < n && topology_cpu(t, cpu[at])->core == core; at++)
			assert_int_equal(topology_cpu(t, cpu[at])->smt, smt++);
	}
	assert_int_equal(at, n);
}

/* One more than there are is refused, or shares the first. */
static void ends(const struct topology *t, struct place *p, unsigned n)
{
	unsigned cpu[MAX];
	struct err err = { 0 };

	assert_int_equal(place_cpus(t, p, n + 1, cpu, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "--oversubscribe"));
	p->oversubscribe = true;
	assert_int_equal(place_cpus(t, p, 2 * n + 1, cpu, &err), 0);
	for (unsigned i = n; i <= 2 * n; i++)
		assert_int_equal(cpu[i], cpu[i - n]);
}

static void holds(const struct topology *t, const char *place, enum smt_kind smt)
{
	struct place p = how(place, smt, false);
	unsigned n = place_capacity(t, &p), cpu[MAX], fewer[MAX], latest = 0;
	bool seen[MAX] = { false };
	struct err err = { 0 };

	assert_int_equal(place_cpus(t, &p, n, cpu, &err), 0);
	for (unsigned i = 0; i < n; i++) {
		const struct topo_cpu *c = topology_cpu(t, cpu[i]);

		assert_non_null(c);
		assert_true(c->allowed);
		assert_false(seen[c->os]);
		seen[c->os] = true;
		if (p.kind == PLACE_NODE)
			assert_int_equal(t->nodes[c->node].os, p.node);
		if (smt == SMT_LAST)
			assert_true(c->smt >= latest);
		if (smt == SMT_OFF)
			assert_int_equal(c->smt, 0);
		latest = c->smt;
	}
	if (smt == SMT_PACK)
		packs(t, place, cpu, n);
	/* the first k of more are the same as of k alone */
	for (unsigned k = 1; k <= n; k += 1 + n / 5) {
		assert_int_equal(place_cpus(t, &p, k, fewer, &err), 0);
		assert_memory_equal(fewer, cpu, k * sizeof(cpu[0]));
	}
	ends(t, &p, n);
}

static void test_everywhere(void **state)
{
	static const char *const specs[] = {
		TWO, XML("snc2_memoryless"), XML("nps4"), XML("memory_only"), XML("offline"),
		XML("hybrid"), XML("forbidden"), "core:1 pu:1", "core:3 pu:4",
		"pack:3 numa:2 l3:1 core:5 pu:2", "numa:8 core:2 pu:2", "pack:2 l3:3 core:1 pu:1",
		"[numa] pack:2 core:2 pu:2", "pack:8 numa:1 l3:2 core:8 pu:2",
		"2 pack:2 numa:1 l3:4 core:4 pu:2",
	};
	static const char *const places[] = { "compact", "scatter", "node-rr" };
	unsigned nodes = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct topology *t = load(specs[i]);

		for (enum smt_kind smt = SMT_LAST; smt <= SMT_OFF; smt++) {
			for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
				holds(t, places[k], smt);
			for (unsigned n = 0; n < t->nnodes; n++) {
				char node[16];

				snprintf(node, sizeof(node), "node:%u", t->nodes[n].os);
				if (t->nodes[n].cpus)
					holds(t, node, smt);
				nodes += t->nodes[n].cpus > 0;
			}
		}
		topology_free(t);
	}
	assert_true(nodes > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smt),
		cmocka_unit_test(test_odd_nodes),
		cmocka_unit_test(test_oversubscribed),
		cmocka_unit_test(test_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
