/* topology_nodes.c - nodes and distances as hwloc has them; which node a CPU and its memory is on. */
#include <limits.h>
#include <numa.h>
#include <stdlib.h>

#include "sys/topology_read.h"

#define DISTANCE_SELF 10u
#define DISTANCE_OTHER 20u

/* NUMA nodes by OS index, whatever the order hwloc keeps them in. */
static int by_node_os(const void *a, const void *b)
{
	const struct topo_node *x = a, *y = b;

	return (x->os > y->os) - (x->os < y->os);
}

void topology_read_nodes(hwloc_topology_t hw, struct topology *t)
{
	hwloc_const_nodeset_t allowed = hwloc_topology_get_allowed_nodeset(hw);
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
		t->nodes[t->nnodes++] = (struct topo_node){
			.os = node->os_index,
			.memory_bytes = node->attr->numanode.local_memory,
			.forbidden = !hwloc_bitmap_isset(allowed, node->os_index),
		};
	if (t->nnodes)
		qsort(t->nodes, t->nnodes, sizeof(t->nodes[0]), by_node_os);
	else
		t->nnodes = 1; /* a machine that tells of no node has one, number 0 */
}

void topology_read_distances(hwloc_topology_t hw, struct topology *t)
{
	struct hwloc_distances_s *d;
	unsigned n = 1;

	for (unsigned i = 0; i < t->nnodes * t->nnodes; i++)
		t->distance[i] = i % (t->nnodes + 1) ? DISTANCE_OTHER : DISTANCE_SELF;
	if (hwloc_distances_get_by_type(hw, HWLOC_OBJ_NUMANODE, &n, &d,
					HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) ||
	    !n)
		return;
	for (unsigned i = 0; i < d->nbobjs; i++) {
		for (unsigned j = 0; j < d->nbobjs; j++) {
			int a = d->objs[i] ? topology_node(t, d->objs[i]->os_index) : -1;
			int b = d->objs[j] ? topology_node(t, d->objs[j]->os_index) : -1;

			if (a >= 0 && b >= 0)
				t->distance[(unsigned)a * t->nnodes + (unsigned)b] =
					(unsigned)d->values[i * d->nbobjs + j];
		}
	}
	hwloc_distances_release(hw, d);
}

/*
 * The node a CPU is on. On this machine the kernel knows. Elsewhere, of the nodes that hold the CPU,
 * the one shared with fewest others, then the lowest number: sub-NUMA before package, DRAM before
 * the HBM or CXL memory that hwloc hangs beside it.
 */
static unsigned node_of(hwloc_topology_t hw, const struct topology *t, unsigned os_cpu)
{
	int least = INT_MAX, kernels = -1;
	unsigned best = 0;

	if (t->this_system && numa_available() >= 0)
		kernels = numa_node_of_cpu((int)os_cpu);
	if (kernels >= 0 && topology_node(t, (unsigned)kernels) >= 0)
		return (unsigned)topology_node(t, (unsigned)kernels);
	for (unsigned i = 0; i < t->nnodes; i++) {
		hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(hw, t->nodes[i].os);
		int weight;

		if (!node || !hwloc_bitmap_isset(node->cpuset, os_cpu))
			continue;
		weight = hwloc_bitmap_weight(node->cpuset);
		if (weight >= 0 && weight < least) {
			least = weight;
			best = i;
		}
	}
	return best;
}

/* As the kernel falls back: the nearest node with memory, of equals the lowest number. */
static unsigned memory_of(const struct topology *t, unsigned node)
{
	const unsigned *distance = &t->distance[node * t->nnodes];
	unsigned best = UINT_MAX;

	if (topology_has_memory(t, node))
		return node;
	for (unsigned i = 0; i < t->nnodes; i++)
		if (topology_has_memory(t, i) && (best == UINT_MAX || distance[i] < distance[best]))
			best = i;
	return best == UINT_MAX ? node : best; /* nobody has: hwloc was not told */
}

void topology_read_homes(hwloc_topology_t hw, struct topology *t)
{
	for (unsigned i = 0; i < t->ncpus; i++) {
		struct topo_cpu *cpu = &t->cpus[i];

		cpu->node = node_of(hw, t, cpu->os);
		cpu->memory = memory_of(t, cpu->node);
		t->nodes[cpu->node].cpus_there++;
		t->nodes[cpu->node].cpus += cpu->allowed;
	}
}
