#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/host_file.h"
#include "sys/topology_read.h"

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
			       " such as 'pack:2 numa:1 l3:4 core:4 pu:2'%s",
			       spec, strstr(spec, "pu:") ? "" : ", which ends in pu:");
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
			.allowed = hwloc_bitmap_isset(allowed, pu->os_index),
		};
		t->nallowed += cpu->allowed;
	}
	qsort(t->cpus, t->ncpus, sizeof(t->cpus[0]), by_cpu_os);
	number_threads(t);
}

/* There, as the machine's complete set says, but not in its set: switched off. False: no memory. */
static bool read_offline(hwloc_topology_t hw, struct topology *t)
{
	hwloc_bitmap_t off = hwloc_bitmap_alloc();
	bool ok = off && !hwloc_bitmap_andnot(off, hwloc_topology_get_complete_cpuset(hw),
					      hwloc_topology_get_topology_cpuset(hw));
	int n = ok ? hwloc_bitmap_weight(off) : 0, os = -1;

	t->offline = calloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*t->offline));
	while (t->offline && n > 0 && (os = hwloc_bitmap_next(off, os)) >= 0)
		t->offline[t->noffline++] = (unsigned)os;
	hwloc_bitmap_free(off);
	return ok && t->offline;
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
	topology_read_nodes(hw, t);
	topology_read_distances(hw, t);
	read_cpus(hw, t, allowed);
	topology_read_homes(hw, t);
	topology_read_caches(hw, t);
	topology_read_kinds(hw, t);
	hwloc_bitmap_free(allowed);
	if (!read_offline(hw, t))
		return no_memory(err);
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
	if (!spec)
		host_cgroup("", &t->quota_cpus, &t->limit_bytes);
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

unsigned topology_within_quota(const struct topology *t, unsigned n)
{
	unsigned whole = t->quota_cpus < 1 ? 1 : t->quota_cpus < n ? (unsigned)t->quota_cpus : n;

	return t->quota_cpus > 0 && whole < n ? whole : n;
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	free(t->cpus);
	free(t->nodes);
	free(t->distance);
	free(t->offline);
	free(t->spec);
	free(t);
}
