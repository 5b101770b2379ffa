/* topology_kinds.c - what sizes of caches and what kinds of cores a machine has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology_read.h"

static void count_cache(struct topology *t, unsigned level, uint64_t bytes)
{
	for (unsigned i = 0; i < t->ncaches; i++)
		if (t->caches[i].level == level && t->caches[i].bytes == bytes) {
			t->caches[i].n++;
			return;
		}
	if (t->ncaches < TOPO_CACHES_MAX)
		t->caches[t->ncaches++] = (struct topo_cache){ level, 1, bytes };
}

static int by_level(const void *a, const void *b)
{
	const struct topo_cache *x = a, *y = b;

	if (x->level != y->level)
		return x->level > y->level ? 1 : -1;
	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

void topology_read_caches(hwloc_topology_t hw, struct topology *t)
{
	static const hwloc_obj_type_t types[] = { HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
						  HWLOC_OBJ_L3CACHE };

	for (unsigned level = 1; level <= sizeof(types) / sizeof(types[0]); level++) {
		hwloc_obj_t cache = NULL;

		while ((cache = hwloc_get_next_obj_by_type(hw, types[level - 1], cache)))
			if (cache->attr->cache.size)
				count_cache(t, level, cache->attr->cache.size);
	}
	qsort(t->caches, t->ncaches, sizeof(t->caches[0]), by_level);
}

/* "IntelCore", "Cortex-A53" or what else hwloc found; else a number. */
static void name_kind(char *text, size_t size, unsigned kind, const struct hwloc_info_s *infos,
		      unsigned n)
{
	snprintf(text, size, "kind %u", kind);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(infos[i].name, "CoreType"))
			snprintf(text, size, "%s", infos[i].value);
}

/* hwloc sorts kinds by efficiency: the last is the fastest. */
void topology_read_kinds(hwloc_topology_t hw, struct topology *t)
{
	int n = hwloc_cpukinds_get_nr(hw, 0);
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	t->nkinds = 1;
	if (!cpus || n < 2 || n > (int)TOPO_KINDS_MAX) {
		hwloc_bitmap_free(cpus);
		return;
	}
	t->nkinds = (unsigned)n;
	t->kinds_ranked = true;
	for (unsigned kind = 0; kind < t->nkinds; kind++) {
		struct hwloc_info_s *infos = NULL;
		int efficiency = 0;
		unsigned ninfos = 0;

		if (hwloc_cpukinds_get_info(hw, kind, cpus, &efficiency, &ninfos, &infos, 0))
			continue;
		t->kinds_ranked &= efficiency >= 0;
		name_kind(t->kinds[kind], sizeof(t->kinds[kind]), kind, infos, ninfos);
		for (unsigned i = 0; i < t->ncpus; i++)
			if (hwloc_bitmap_isset(cpus, t->cpus[i].os))
				t->cpus[i].kind = kind;
	}
	hwloc_bitmap_free(cpus);
}
