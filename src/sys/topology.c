#include "sys/topology.h"

#include <hwloc.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DISTANCE_SELF 10u
#define DISTANCE_OTHER 20u

static int no_memory(struct err *err)
{
	return err_set(err, EXIT_NO_RESOURCE, "no memory for the topology");
}

/* A number in front ("2 pack:2 …") is so many of the whole; hwloc wants it called a group. */
static int set_synthetic(hwloc_topology_t hw, const char *spec)
{
	size_t digits = strspn(spec, "0123456789");
	char grouped[512];

	if (!hwloc_topology_set_synthetic(hw, spec))
		return 0;
	if (!digits || spec[digits] != ' ' ||
	    snprintf(grouped, sizeof(grouped), "group:%s", spec) >= (int)sizeof(grouped))
		return -1;
	return hwloc_topology_set_synthetic(hw, grouped);
}

static int choose_source(hwloc_topology_t hw, const char *spec, struct err *err)
{
	if (!spec)
		return 0;
	if (!access(spec, F_OK)) {
		if (hwloc_topology_set_xml(hw, spec))
			return err_set(
				err, EXIT_BAD_DATA,
				"--topology %s: not an hwloc XML file (lstopo FILE.xml writes one)",
				spec);
		return 0;
	}
	if (strchr(spec, '/') || strstr(spec, ".xml"))
		return err_set(err, EXIT_BAD_DATA, "--topology %s: no such file", spec);
	if (set_synthetic(hw, spec))
		return err_set(err, EXIT_USAGE,
			       "--topology '%s': neither a file nor a synthetic description"
			       " such as 'pack:2 numa:1 l3:4 core:4 pu:2'",
			       spec);
	return 0;
}

static int load_hwloc(hwloc_topology_t *out, const char *spec, struct err *err)
{
	hwloc_topology_t hw;
	int rc;

	if (hwloc_topology_init(&hw))
		return no_memory(err);
	/* CPUs outside this process's cpuset are shown, not used */
	hwloc_topology_set_flags(hw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	rc = choose_source(hw, spec, err);
	if (!rc && hwloc_topology_load(hw))
		rc = spec ? err_set(err, EXIT_BAD_DATA, "--topology %s: hwloc cannot read it", spec)
			  : err_set(err, EXIT_NO_RESOURCE,
				    "hwloc cannot read this machine's topology");
	if (rc)
		hwloc_topology_destroy(hw);
	else
		*out = hw;
	return rc;
}

static unsigned ancestor_index(hwloc_topology_t hw, hwloc_obj_t obj, hwloc_obj_type_t type)
{
	hwloc_obj_t up = hwloc_get_ancestor_obj_by_type(hw, type, obj);

	return up ? up->logical_index : UINT_MAX;
}

/* A level that the machine does not tell about has one object for all. */
static unsigned or_zero(unsigned index)
{
	return index == UINT_MAX ? 0 : index;
}

static unsigned count(hwloc_topology_t hw, hwloc_obj_type_t type)
{
	int n = hwloc_get_nbobjs_by_type(hw, type);

	return n > 0 ? (unsigned)n : 0;
}

static uint64_t cache_bytes(hwloc_topology_t hw, hwloc_obj_type_t type)
{
	hwloc_obj_t cache = hwloc_get_obj_by_type(hw, type, 0);

	return cache ? cache->attr->cache.size : 0;
}

static unsigned distance_between(const struct topology *t, unsigned a, unsigned b)
{
	return t->distance[a * t->nnodes + b];
}

/* NUMA nodes by OS index, whatever the order hwloc keeps them in. */
static int by_node_os(const void *a, const void *b)
{
	const struct topo_node *x = a, *y = b;

	return (x->os > y->os) - (x->os < y->os);
}

static void read_nodes(hwloc_topology_t hw, struct topology *t)
{
	hwloc_const_nodeset_t allowed = hwloc_topology_get_allowed_nodeset(hw);
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
		if (hwloc_bitmap_isset(allowed, node->os_index))
			t->nodes[t->nnodes++] = (struct topo_node){
				.os = node->os_index,
				.memory_bytes = node->attr->numanode.local_memory,
			};
	if (t->nnodes)
		qsort(t->nodes, t->nnodes, sizeof(t->nodes[0]), by_node_os);
	else
		t->nnodes = 1; /* a machine that tells of no node has one, number 0 */
}

static void read_distances(hwloc_topology_t hw, struct topology *t)
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
 * The node a CPU's memory comes from: of those that hold the CPU the one shared with fewest others
 * (then the lowest number: DRAM before HBM); if that has no memory, the nearest that has.
 */
static unsigned node_of(hwloc_topology_t hw, const struct topology *t, unsigned os_cpu)
{
	unsigned home = UINT_MAX, best = UINT_MAX;
	int home_weight = INT_MAX;
	bool home_memory = false;

	for (unsigned i = 0; i < t->nnodes; i++) {
		hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(hw, t->nodes[i].os);
		bool memory = t->nodes[i].memory_bytes > 0;
		int weight;

		if (!node || !hwloc_bitmap_isset(node->cpuset, os_cpu))
			continue;
		weight = hwloc_bitmap_weight(node->cpuset);
		if (home == UINT_MAX || memory > home_memory ||
		    (memory == home_memory && weight < home_weight)) {
			home = i;
			home_weight = weight;
			home_memory = memory;
		}
	}
	if (home_memory)
		return home;
	for (unsigned i = 0; i < t->nnodes; i++)
		if (t->nodes[i].memory_bytes &&
		    (best == UINT_MAX ||
		     (home != UINT_MAX &&
		      distance_between(t, home, i) < distance_between(t, home, best))))
			best = i;
	return best != UINT_MAX ? best : or_zero(home);
}

static int by_cpu_os(const void *a, const void *b)
{
	const struct topo_cpu *x = a, *y = b;

	return (x->os > y->os) - (x->os < y->os);
}

/* A core's first allowed PU is its first whatever its number; those not allowed come behind. */
static void number_threads(struct topology *t)
{
	unsigned *in_core = calloc(2 * (size_t)t->ncores + 1, sizeof(*in_core));

	for (int pass = 0; in_core && pass < 2; pass++) {
		for (unsigned i = 0; i < t->ncpus; i++) {
			struct topo_cpu *cpu = &t->cpus[i];

			if (cpu->allowed == (pass == 0))
				cpu->smt = in_core[cpu->core]++;
			if (cpu->smt + 1 > t->smt)
				t->smt = cpu->smt + 1;
		}
	}
	free(in_core);
}

static void read_cpus(hwloc_topology_t hw, struct topology *t, hwloc_const_bitmap_t allowed)
{
	bool has_core = count(hw, HWLOC_OBJ_CORE) > 0;
	bool has_l3 = count(hw, HWLOC_OBJ_L3CACHE) > 0;
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_PU, pu))) {
		struct topo_cpu *cpu = &t->cpus[t->ncpus++];
		unsigned package = or_zero(ancestor_index(hw, pu, HWLOC_OBJ_PACKAGE));
		unsigned l3 = ancestor_index(hw, pu, HWLOC_OBJ_L3CACHE);

		*cpu = (struct topo_cpu){
			.os = pu->os_index,
			.core = has_core ? or_zero(ancestor_index(hw, pu, HWLOC_OBJ_CORE))
					 : pu->logical_index,
			.l3 = has_l3 ? or_zero(l3) : package,
			.package = package,
			.node = node_of(hw, t, pu->os_index),
			.allowed = hwloc_bitmap_isset(allowed, pu->os_index),
		};
		if (cpu->allowed) {
			t->nallowed++;
			t->nodes[cpu->node].cpus++;
		}
	}
	qsort(t->cpus, t->ncpus, sizeof(t->cpus[0]), by_cpu_os);
	number_threads(t);
}

static bool allocate(struct topology *t, unsigned cpus, unsigned nodes)
{
	t->cpus = calloc(cpus + 1, sizeof(*t->cpus));
	t->nodes = calloc(nodes + 1, sizeof(*t->nodes));
	t->distance = calloc((size_t)(nodes + 1) * (nodes + 1), sizeof(*t->distance));
	return t->cpus && t->nodes && t->distance;
}

/* The cpuset of the machine, and on this machine of the calling thread. */
static bool read_allowed(hwloc_topology_t hw, const struct topology *t, hwloc_bitmap_t allowed)
{
	hwloc_bitmap_t bound;

	if (hwloc_bitmap_copy(allowed, hwloc_topology_get_allowed_cpuset(hw)))
		return false;
	bound = hwloc_bitmap_alloc();
	if (!bound)
		return false;
	if (t->this_system && !hwloc_get_cpubind(hw, bound, HWLOC_CPUBIND_THREAD))
		hwloc_bitmap_and(allowed, allowed, bound);
	hwloc_bitmap_free(bound);
	return true;
}

static int convert(hwloc_topology_t hw, struct topology *t, struct err *err)
{
	hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
	unsigned nl3 = count(hw, HWLOC_OBJ_L3CACHE), ncores = count(hw, HWLOC_OBJ_CORE);
	unsigned npackages = count(hw, HWLOC_OBJ_PACKAGE), npus = count(hw, HWLOC_OBJ_PU);

	if (!allowed || !read_allowed(hw, t, allowed) ||
	    !allocate(t, npus, count(hw, HWLOC_OBJ_NUMANODE))) {
		hwloc_bitmap_free(allowed);
		return no_memory(err);
	}
	t->npackages = npackages ? npackages : 1;
	t->nl3 = nl3 ? nl3 : t->npackages;
	t->ncores = ncores ? ncores : npus;
	t->l1d_bytes = cache_bytes(hw, HWLOC_OBJ_L1CACHE);
	t->l2_bytes = cache_bytes(hw, HWLOC_OBJ_L2CACHE);
	t->l3_bytes = cache_bytes(hw, HWLOC_OBJ_L3CACHE);
	read_nodes(hw, t);
	read_distances(hw, t);
	read_cpus(hw, t, allowed);
	hwloc_bitmap_free(allowed);
	if (!t->nallowed)
		return err_set(err, EXIT_NO_RESOURCE, "no CPU is allowed here");
	return 0;
}

int topology_load(struct topology **out, const char *spec, struct err *err)
{
	struct topology *t = calloc(1, sizeof(*t));
	hwloc_topology_t hw = NULL;
	int rc;

	if (!t)
		return no_memory(err);
	t->this_system = !spec;
	t->spec = spec ? strdup(spec) : NULL;
	rc = spec && !t->spec ? no_memory(err) : load_hwloc(&hw, spec, err);
	if (!rc) {
		rc = convert(hw, t, err);
		hwloc_topology_destroy(hw);
	}
	if (rc)
		topology_free(t);
	else
		*out = t;
	return rc;
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	free(t->cpus);
	free(t->nodes);
	free(t->distance);
	free(t->spec);
	free(t);
}

int topology_node(const struct topology *t, unsigned os_node)
{
	for (unsigned i = 0; i < t->nnodes; i++)
		if (t->nodes[i].os == os_node)
			return (int)i;
	return -1;
}

unsigned topology_cpu_node(const struct topology *t, unsigned os_cpu)
{
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].os == os_cpu)
			return t->nodes[t->cpus[i].node].os;
	return UINT_MAX;
}
