/* topo_print.c - the text of `iopt topo`: the drawing, limits, and a placement by node. */
#include "bench/topo.h"

#include <stdlib.h>
#include <stdio.h>

#include "bench/columns.h"
#include "bench/units.h"
#include "sys/host.h"

#define LIST_BYTES 2048u

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* What others leave us of it: the cpuset, and limits of a cgroup. Of another machine nothing is known. */
static void print_limits(const struct topology *t, const struct terminal *terminal)
{
	unsigned *cpu = calloc(t->nallowed + 1, sizeof(*cpu)), n = 0;
	char text[LIST_BYTES], cpus[1024], nodes[256], bytes[32], quota[64] = "no quota of CPU time";
	struct host_facts host;

	for (unsigned i = 0; cpu && i < t->ncpus; i++)
		if (t->cpus[i].allowed)
			cpu[n++] = t->cpus[i].os;
	host_read(&host, t);
	if (host.cgroup_cpus > 0)
		snprintf(quota, sizeof(quota), "a quota of %.3g CPUs' time", host.cgroup_cpus);
	snprintf(text, sizeof(text), "ours: CPU%s %s; memory of node%s %s; cgroup: %s, %s%s", plural(n),
		 topology_ranges(cpus, sizeof(cpus), cpu, n), t->nnodes == 1 ? "" : "s",
		 topology_memory_nodes(t, nodes, sizeof(nodes)), quota,
		 host.cgroup_memory_bytes ? "at most " : "no limit of memory",
		 host.cgroup_memory_bytes ? show_bytes(bytes, sizeof(bytes), host.cgroup_memory_bytes) : "");
	columns_words(stdout, terminal, PAINT_NONE, 0, 2, text);
	free(cpu);
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* How many different ones. */
static unsigned distinct(unsigned *v, unsigned n)
{
	unsigned different = 0;

	qsort(v, n, sizeof(v[0]), by_number);
	for (unsigned i = 0; i < n; i++)
		different += !i || v[i] != v[i - 1];
	return different;
}

enum part { PART_NODE, PART_PACKAGE, PART_L3, PART_CORE, PART_CPU, PARTS };

static unsigned part_of(const struct topo_cpu *c, enum part part)
{
	const unsigned of[PARTS] = { c->node, c->package, c->l3, c->core, c->os };

	return of[part];
}

/* "8 workers on 8 nodes, 4 packages, 8 L3s, 8 cores; no two share a core". */
static void print_spread(const struct topo_placed *p, const struct topology *t,
			 const struct terminal *terminal)
{
	static const char *const names[] = { "node", "package", "L3", "core" };
	unsigned *v = calloc(p->n, sizeof(*v)), n[PARTS] = { 0 };
	char text[240];
	size_t used;

	for (unsigned part = 0; v && part < PARTS; part++) {
		for (unsigned i = 0; i < p->n; i++)
			v[i] = part_of(topology_cpu(t, p->cpu[i]), part);
		n[part] = distinct(v, p->n);
	}
	free(v);
	used = (size_t)snprintf(text, sizeof(text), "%u worker%s on", p->n, plural(p->n));
	for (unsigned part = 0; part < PART_CPU; part++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %u %s%s", part ? "," : "", n[part],
					 names[part], plural(n[part]));
	if (p->n > 1)
		snprintf(text + used, sizeof(text) - used, "; %s", n[PART_CPU] < p->n ? "some share a CPU" :
			 n[PART_CORE] < p->n ? "some share a core" : "no two share a core");
	fputs("  ", stdout);
	columns_words(stdout, terminal, PAINT_NONE, 2, 4, text);
}

/* "0-3 16 18" of n numbers in their order, those that follow each other joined. */
static char *runs(char *text, size_t size, const unsigned *v, unsigned n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0, last; i < n && used + 32 < size; i = last + 1) {
		for (last = i; last + 1 < n && v[last + 1] == v[last] + 1;)
			last++;
		used += (size_t)snprintf(text + used, size - used, last > i ? "%s%u-%u" : "%s%u", i ? " " : "",
					 v[i], v[last]);
	}
	return text;
}

/* Of a node: which workers are on it, and on which CPUs. */
static void print_node(const struct topo_placed *p, const struct topology *t, unsigned node, unsigned *worker,
		       unsigned *cpu, const struct terminal *terminal)
{
	char workers[LIST_BYTES], cpus[LIST_BYTES], text[2 * LIST_BYTES + 64];
	unsigned n = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (topology_cpu(t, p->cpu[i])->node != node)
			continue;
		worker[n] = i;
		cpu[n++] = p->cpu[i];
	}
	if (!n)
		return;
	snprintf(text, sizeof(text), "node %u: worker%s %s on CPU%s %s", t->nodes[node].os, plural(n),
		 runs(workers, sizeof(workers), worker, n), plural(n), runs(cpus, sizeof(cpus), cpu, n));
	fputs("  ", stdout);
	columns_words(stdout, terminal, PAINT_NONE, 2, 4, text);
}

static void print_nodes(const struct topo_placed *p, const struct topology *t,
			const struct terminal *terminal)
{
	unsigned *room = calloc(p->n, 2 * sizeof(*room));

	for (unsigned node = 0; room && node < t->nnodes; node++)
		print_node(p, t, node, room, room + p->n, terminal);
	free(room);
}

/* The CPUs by worker, and how the workers spread. */
static void print_placement(const struct topo_placed *p, const struct topology *t,
			    const struct terminal *terminal)
{
	size_t room = (size_t)p->n * 12 + 256, used;
	char *text = malloc(room);

	if (!text)
		return;
	used = (size_t)snprintf(text, room, "placement %.200s%s%s, %u thread%s:", p->place, p->smt ? ", smt " : "",
				p->smt ? p->smt : "", p->n, plural(p->n));
	for (unsigned i = 0; i < p->n; i++)
		used += (size_t)snprintf(text + used, room - used, " %u", p->cpu[i]);
	columns_words(stdout, terminal, PAINT_NONE, 0, 2, text);
	free(text);
	print_spread(p, t, terminal);
	if (t->nnodes > 1)
		print_nodes(p, t, terminal);
}

void topo_print(const struct topo_placed *placed, const struct topology *t)
{
	struct terminal terminal = terminal_of(stdout);

	topology_print(t, placed->cpu, placed->n, terminal.width, stdout);
	if (t->this_system)
		print_limits(t, &terminal);
	if (placed->n)
		print_placement(placed, t, &terminal);
}
