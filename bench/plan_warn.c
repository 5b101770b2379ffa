/* plan_warn.c - what of the CPUs and nodes asked for a reader of the figures should know. */
#include "bench/plan.h"

static bool mixes_kinds(const struct group *g, const struct topology *t)
{
	const struct topo_cpu *first = topology_cpu(t, g->cpus[0]);

	for (unsigned w = 1; w < g->threads; w++) {
		const struct topo_cpu *cpu = topology_cpu(t, g->cpus[w]);

		if (first && cpu && cpu->kind != first->kind)
			return true;
	}
	return false;
}

/* Is worker w the first on a node whose local memory is elsewhere? Then that node's CPU, or NULL. */
static const struct topo_cpu *elsewhere(const struct group *g, const struct topology *t, unsigned w)
{
	const struct topo_cpu *cpu = topology_cpu(t, g->cpus[w]);

	if (!cpu || cpu->memory == cpu->node || g->mem.kind != POOL_MEM_LOCAL)
		return NULL;
	for (unsigned i = 0; i < w; i++)
		if (topology_cpu_node(t, g->cpus[i]) == t->nodes[cpu->node].os)
			return NULL;
	return cpu;
}

bool plan_warning(const struct group *g, const struct topology *t, unsigned i, char *text,
		  size_t size)
{
	char handicap[24];

	if (g->handicap.kind && !i--) {
		snprintf(text, size, "--handicap %s: the engines are made worse on purpose; these figures "
			 "are good for trying out a gate and for nothing else",
			 handicap_text(&g->handicap, handicap, sizeof(handicap)));
		return true;
	}
	if (g->oversubscribed && !i--) {
		snprintf(text, size, "oversubscribed: %u threads share the CPUs of %.64s; whoever waits "
			 "for a lock may wait for a thread that is not running", g->threads,
			 g->place.text);
		return true;
	}
	if (topology_within_quota(t, g->threads) < g->threads && !i--) {
		snprintf(text, size, "%u threads, and the control group grants %.1f CPUs: it is stopped again "
			 "and again, locks held or not; fewer --threads, or raise cpu.max", g->threads,
			 t->quota_cpus);
		return true;
	}
	if (mixes_kinds(g, t) && !i--) {
		snprintf(text, size, "workers run on cores of several kinds: figures mix them, and "
			 "fairness is not the lock's; --place cpus:LIST keeps to one kind");
		return true;
	}
	for (unsigned w = 0; w < g->threads; w++) {
		const struct topo_cpu *cpu = elsewhere(g, t, w);

		if (!cpu || i--)
			continue;
		snprintf(text, size, "node %u has no memory for us: its workers' table pages come from "
			 "node %u", t->nodes[cpu->node].os, t->nodes[cpu->memory].os);
		return true;
	}
	return false;
}
