/* plan_memory.c - which node each worker's table pages are asked of. */
#include <stdlib.h>

#include "bench/plan.h"
#include "bench/units.h"

unsigned plan_memory_node(const struct topology *t, const struct mem_choice *mem, unsigned os_cpu)
{
	switch (mem->kind) {
	case POOL_MEM_BIND:
	case POOL_MEM_DEVICE:
		return mem->node;
	case POOL_MEM_REMOTE:
		return topology_farthest(t, os_cpu);
	case POOL_MEM_LOCAL:
		return topology_cpu_memory(t, os_cpu);
	case POOL_MEM_INTERLEAVE:
		break;
	}
	return MEMORY_ANY;
}

static const char *here(const struct topology *t)
{
	return t->this_system ? "here" : "there";
}

static int check_named(const struct topology *t, const struct mem_choice *mem, struct err *err)
{
	int node = topology_node(t, mem->node);
	char there[128], *nodes = topology_memory_nodes(t, there, sizeof(there));

	if (node < 0)
		return err_set(err, EXIT_NO_RESOURCE, "--mem %s: node %u does not exist: nodes with "
			       "memory: %s", mem->text, mem->node, nodes);
	if (!topology_has_memory(t, (unsigned)node))
		return err_set(err, EXIT_NO_RESOURCE, "--mem %s: node %u %s: nodes with memory: %s",
			       mem->text, mem->node, t->nodes[node].memory_bytes
			       ? "is outside the memory allowed here" : "has no memory", nodes);
	return 0;
}

int plan_check_memory(const struct topology *t, const struct mem_choice *mem, const unsigned *cpus,
		      unsigned threads, struct err *err)
{
	char there[128];

	if (mem->kind == POOL_MEM_BIND || mem->kind == POOL_MEM_DEVICE)
		return check_named(t, mem, err);
	for (unsigned i = 0; mem->kind == POOL_MEM_REMOTE && i < threads; i++)
		if (topology_farthest(t, cpus[i]) == UINT_MAX)
			return *topology_memory_nodes(t, there, sizeof(there))
			       ? err_set(err, EXIT_NO_RESOURCE, "--mem remote: only node %s has memory "
					 "%s, and none is remote from it", there, here(t))
			       : err_set(err, EXIT_NO_RESOURCE, "--mem remote: no node has memory %s",
					 here(t));
	return 0;
}

int plan_check_limit(const struct plan *plan, const struct topology *t, struct err *err)
{
	char wanted[32], granted[32];

	if (!t->limit_bytes || plan->predicted_bytes <= t->limit_bytes)
		return 0;
	return err_set(err, EXIT_NO_RESOURCE, "this takes up to %s of memory, and the control group grants %s "
		       "(memory.max): raise it, or use fewer --threads, --tables or --engines",
		       show_bytes(wanted, sizeof(wanted), plan->predicted_bytes),
		       show_bytes(granted, sizeof(granted), t->limit_bytes));
}

/* The nodes workers are on, rising, and for each what its workers' pages are asked of. */
struct homes {
	unsigned n, *node, *memory;
};

static void add_home(struct homes *h, unsigned node, unsigned memory)
{
	unsigned at = h->n;

	for (unsigned i = 0; i < h->n; i++)
		if (h->node[i] == node)
			return;
	for (; at && h->node[at - 1] > node; at--) {
		h->node[at] = h->node[at - 1];
		h->memory[at] = h->memory[at - 1];
	}
	h->node[at] = node;
	h->memory[at] = memory;
	h->n++;
}

static void print_homes(const struct homes *h, FILE *out)
{
	const char *sep = " of workers on node ";
	unsigned same = 1;

	while (same < h->n && h->memory[same] == h->memory[0])
		same++;
	fputs("    table pages", out);
	if (same == h->n)
		fprintf(out, " on node %u", h->memory[0]);
	for (unsigned i = 0; i < h->n && same < h->n; i++) {
		fprintf(out, "%s%u on %u", sep, h->node[i], h->memory[i]);
		sep = ", ";
	}
	fputc('\n', out);
}

void plan_print_memory(const struct group *g, const struct topology *topo, FILE *out)
{
	struct homes h = { 0, calloc(topo->nnodes, sizeof(unsigned)),
			   calloc(topo->nnodes, sizeof(unsigned)) };
	char nodes[128];

	if (g->mem.kind == POOL_MEM_INTERLEAVE) {
		fprintf(out, "    table pages in turn on nodes %s\n",
			topology_memory_nodes(topo, nodes, sizeof(nodes)));
	} else if (h.node && h.memory) {
		for (unsigned i = 0; i < g->threads; i++)
			add_home(&h, topology_cpu_node(topo, g->cpus[i]),
				 plan_memory_node(topo, &g->mem, g->cpus[i]));
		print_homes(&h, out);
	}
	free(h.node);
	free(h.memory);
}
