/* topology_query.c - questions to a topology that is loaded: pure functions of plain arrays. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

char *topology_ranges(char *text, size_t size, const unsigned *numbers, unsigned n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n;) {
		char one[32];
		unsigned last = i;
		int put;

		while (last + 1 < n && numbers[last + 1] == numbers[last] + 1)
			last++;
		put = last == i ? snprintf(one, sizeof(one), "%s%u", i ? "," : "", numbers[i])
				: snprintf(one, sizeof(one), "%s%u-%u", i ? "," : "", numbers[i],
					   numbers[last]);
		if (used + (size_t)put + sizeof("…") > size) {
			snprintf(text + used, size - used, "…");
			break;
		}
		memcpy(text + used, one, (size_t)put + 1);
		used += (size_t)put;
		i = last + 1;
	}
	return text;
}

int topology_node(const struct topology *t, unsigned os_node)
{
	for (unsigned i = 0; i < t->nnodes; i++)
		if (t->nodes[i].os == os_node)
			return (int)i;
	return -1;
}

const struct topo_cpu *topology_cpu(const struct topology *t, unsigned os_cpu)
{
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].os == os_cpu)
			return &t->cpus[i];
	return NULL;
}

bool topology_has_memory(const struct topology *t, unsigned i)
{
	return t->nodes[i].memory_bytes && !t->nodes[i].forbidden;
}

static bool has_cpus(const struct topology *t, unsigned i)
{
	return t->nodes[i].cpus > 0;
}

static char *name_nodes(const struct topology *t, bool (*wanted)(const struct topology *, unsigned),
			char *text, size_t size)
{
	unsigned *os = calloc(t->nnodes, sizeof(*os)), n = 0;

	snprintf(text, size, "?");
	for (unsigned i = 0; os && i < t->nnodes; i++)
		if (wanted(t, i))
			os[n++] = t->nodes[i].os;
	if (os)
		topology_ranges(text, size, os, n);
	free(os);
	return text;
}

char *topology_memory_nodes(const struct topology *t, char *text, size_t size)
{
	return name_nodes(t, topology_has_memory, text, size);
}

char *topology_cpu_nodes(const struct topology *t, char *text, size_t size)
{
	return name_nodes(t, has_cpus, text, size);
}

unsigned topology_cpu_node(const struct topology *t, unsigned os_cpu)
{
	const struct topo_cpu *cpu = topology_cpu(t, os_cpu);

	return cpu ? t->nodes[cpu->node].os : UINT_MAX;
}

unsigned topology_cpu_memory(const struct topology *t, unsigned os_cpu)
{
	const struct topo_cpu *cpu = topology_cpu(t, os_cpu);

	return cpu ? t->nodes[cpu->memory].os : UINT_MAX;
}

unsigned topology_farthest(const struct topology *t, unsigned os_cpu)
{
	const struct topo_cpu *cpu = topology_cpu(t, os_cpu);
	const unsigned *distance = cpu ? &t->distance[cpu->node * t->nnodes] : NULL;
	unsigned most = 0, equals = 0, turn;

	for (unsigned i = 0; cpu && i < t->nnodes; i++) {
		if (i == cpu->memory || !topology_has_memory(t, i))
			continue;
		if (!equals || distance[i] > most) {
			most = distance[i];
			equals = 0;
		}
		equals += distance[i] == most;
	}
	if (!equals)
		return UINT_MAX;
	turn = cpu->node % equals;
	for (unsigned i = 0;; i++)
		if (i != cpu->memory && topology_has_memory(t, i) && distance[i] == most && !turn--)
			return t->nodes[i].os;
}
