/* place.c - which workers run on which CPUs: a pure function of the topology; and pinning. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

/*
 * A CPU on its way into an order: `group` is what is dealt within, `pos` its position in the group
 * of the level below, `sub` that group.
 */
struct seat {
	const struct topo_cpu *cpu;
	unsigned group, pos, sub;
	unsigned slowness; /* of its kind of core; 0 where nothing is known */
};

static const char *list_of(const struct place *place)
{
	return place->text + strlen("cpus:");
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static int compare(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int by_turn(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	int c = compare(x->cpu->smt, y->cpu->smt);

	c = c ? c : compare(x->group, y->group);
	c = c ? c : compare(x->pos, y->pos);
	c = c ? c : compare(x->sub, y->sub);
	return c ? c : compare(x->cpu->os, y->cpu->os);
}

/* Hyperthreads last, then as the machine nests, in a node the fast cores before the slow. */
static int by_nesting(const void *a, const void *b)
{
	const struct seat *s = a, *r = b;
	const struct topo_cpu *x = s->cpu, *y = r->cpu;
	int c = compare(x->smt, y->smt);

	c = c ? c : compare(x->package, y->package);
	c = c ? c : compare(x->node, y->node);
	c = c ? c : compare(s->slowness, r->slowness);
	c = c ? c : compare(x->l3, y->l3);
	c = c ? c : compare(x->core, y->core);
	return c ? c : compare(x->os, y->os);
}

static unsigned group_l3(const struct topo_cpu *cpu)
{
	return cpu->l3;
}

static unsigned group_node(const struct topo_cpu *cpu)
{
	return cpu->node;
}

static unsigned group_package(const struct topo_cpu *cpu)
{
	return cpu->package;
}

static unsigned group_machine(const struct topo_cpu *cpu)
{
	(void)cpu;
	return 0;
}

/* One level up: in each group take the lower groups' CPUs in turn, and number them anew. */
static void deal(struct seat *seats, unsigned n, unsigned (*group)(const struct topo_cpu *cpu))
{
	for (unsigned i = 0; i < n; i++)
		seats[i].group = group(seats[i].cpu);
	qsort(seats, n, sizeof(seats[0]), by_turn);
	for (unsigned i = 0, pos = 0; i < n; i++) {
		bool same = i && seats[i].group == seats[i - 1].group &&
			    seats[i].cpu->smt == seats[i - 1].cpu->smt;

		pos = same ? pos + 1 : 0;
		seats[i].pos = pos;
	}
	for (unsigned i = 0; i < n; i++)
		seats[i].sub = seats[i].group;
}

static void order(struct seat *seats, unsigned n, enum place_kind kind)
{
	qsort(seats, n, sizeof(seats[0]), by_nesting);
	for (unsigned i = 0; i < n; i++)
		seats[i].pos = i;
	if (kind == PLACE_SCATTER) {
		deal(seats, n, group_l3);
		deal(seats, n, group_node);
		deal(seats, n, group_package);
		deal(seats, n, group_machine);
	} else if (kind == PLACE_NODE_RR) {
		deal(seats, n, group_node);
		deal(seats, n, group_machine);
	}
}

/* May the placement use this CPU at all? */
static bool eligible(const struct topology *t, const struct place *place, const struct topo_cpu *cpu)
{
	return cpu->allowed && (place->smt != SMT_OFF || cpu->smt == 0) &&
	       (place->kind != PLACE_NODE || t->nodes[cpu->node].os == place->node);
}

/* The second and further PUs of a core go right behind its first: cpu[n] on. Returns the new n. */
static unsigned add_core(const struct topology *t, const struct topo_cpu *first, unsigned *cpu,
			 unsigned n)
{
	unsigned most = t->smt;

	cpu[n++] = first->os;
	for (unsigned smt = 1; smt < most; smt++)
		for (unsigned i = 0; i < t->ncpus; i++)
			if (t->cpus[i].core == first->core && t->cpus[i].smt == smt &&
			    t->cpus[i].allowed)
				cpu[n++] = t->cpus[i].os;
	return n;
}

/* All CPUs the placement may use, in its order, into room for ncpus. False: no memory. */
static bool order_cpus(const struct topology *t, const struct place *place, unsigned *cpu,
		       unsigned *n)
{
	struct seat *seats = calloc(t->ncpus, sizeof(*seats));
	unsigned nseats = 0;

	*n = 0;
	if (!seats)
		return false;
	for (unsigned i = 0; i < t->ncpus; i++) {
		const struct topo_cpu *c = &t->cpus[i];

		if (!eligible(t, place, c) || (place->smt == SMT_PACK && c->smt > 0))
			continue;
		seats[nseats].cpu = c;
		seats[nseats++].slowness = t->kinds_ranked ? t->nkinds - c->kind : 0;
	}
	order(seats, nseats, place->kind);
	for (unsigned i = 0; i < nseats; i++) {
		if (place->smt == SMT_PACK)
			*n = add_core(t, seats[i].cpu, cpu, *n);
		else
			cpu[(*n)++] = seats[i].cpu->os;
	}
	free(seats);
	return true;
}

static int too_many(const struct topology *t, const struct place *place, unsigned threads,
		    unsigned there, struct err *err)
{
	const char *what = place->smt == SMT_OFF ? "core" : "CPU";
	const char *here = t->this_system ? " here" : " on that machine";
	char where[300] = "", asked[300] = "";

	if (place->kind == PLACE_NODE) {
		snprintf(where, sizeof(where), " of node %u", place->node);
		snprintf(asked, sizeof(asked), " --place %s", place->text);
	}
	return err_set(err, EXIT_NO_RESOURCE,
		       "--threads %u%s%s: only %u %s%s%s %s allowed%s; --oversubscribe lets threads "
		       "share them", threads, asked, place->smt == SMT_OFF ? " --smt off" : "", there,
		       what, plural(there), where, there == 1 ? "is" : "are", here);
}

/* PLACE_NODE without an allowed CPU. */
static int no_cpu_there(const struct topology *t, const struct place *place, struct err *err)
{
	int node = topology_node(t, place->node);
	unsigned *os = calloc(t->nnodes, sizeof(*os));
	char there[128] = "?";

	for (unsigned i = 0; os && i < t->nnodes; i++)
		os[i] = t->nodes[i].os;
	if (os)
		topology_ranges(there, sizeof(there), os, t->nnodes);
	free(os);
	if (node < 0)
		return err_set(err, EXIT_NO_RESOURCE, "--place %s: node %u does not exist: node%s %s",
			       place->text, place->node, plural(t->nnodes), there);
	topology_cpu_nodes(t, there, sizeof(there));
	return err_set(err, EXIT_NO_RESOURCE, "--place %s: %s: nodes with CPUs: %s", place->text,
		       t->nodes[node].cpus_there ? "no CPU of that node is allowed here"
						 : "that node has no CPUs, only memory", there);
}

static int place_ordered(const struct topology *t, const struct place *place, unsigned threads,
			 unsigned *cpu, struct err *err)
{
	unsigned *all = calloc(t->ncpus, sizeof(*all));
	unsigned n = 0;
	int rc = 0;

	if (!all || !order_cpus(t, place, all, &n))
		rc = err_set(err, EXIT_NO_RESOURCE, "no memory to place threads");
	else if (!n)
		rc = no_cpu_there(t, place, err);
	else if (threads > n && !place->oversubscribe)
		rc = too_many(t, place, threads, n, err);
	for (unsigned i = 0; !rc && n && i < threads; i++)
		cpu[i] = all[i % n];
	free(all);
	return rc;
}

static bool is_offline(const struct topology *t, unsigned os)
{
	for (unsigned i = 0; i < t->noffline; i++)
		if (t->offline[i] == os)
			return true;
	return false;
}

static int bad_cpu(const struct topology *t, const struct place *place, unsigned os, struct err *err)
{
	bool exists = topology_cpu(t, os), offline = is_offline(t, os);
	unsigned *there = calloc(t->ncpus, sizeof(*there));
	char text[200] = "?";
	unsigned n = 0;

	for (unsigned i = 0; there && i < t->ncpus; i++)
		if ((!exists && !offline) || t->cpus[i].allowed)
			there[n++] = t->cpus[i].os;
	if (there)
		topology_ranges(text, sizeof(text), there, n);
	free(there);
	return err_set(err, EXIT_NO_RESOURCE, "--place %s: CPU %u %s: CPU%s %s", place->text, os,
		       exists ? "is not allowed here" : offline ? "is offline" : "does not exist",
		       plural(n), text);
}

/* May the n-th of a list be this CPU, after those in cpu[0..n)? */
static int check_cpu(const struct topology *t, const struct place *place, unsigned os,
		     const unsigned *cpu, unsigned n, struct err *err)
{
	const struct topo_cpu *c = topology_cpu(t, os);

	if (!c || !c->allowed)
		return bad_cpu(t, place, os, err);
	for (unsigned i = 0; i < n; i++) {
		if (cpu[i] == os)
			return err_set(err, EXIT_USAGE, "--place %s: CPU %u twice", place->text, os);
		if (place->smt == SMT_OFF && topology_cpu(t, cpu[i])->core == c->core)
			return err_set(err, EXIT_NO_RESOURCE,
				       "--place %s --smt off: CPUs %u and %u are hyperthreads of one "
				       "core; leave one out", place->text, cpu[i], os);
	}
	return 0;
}

static int place_list(const struct topology *t, const struct place *place, unsigned threads,
		      unsigned *cpu, struct err *err)
{
	unsigned *all = calloc(t->ncpus, sizeof(*all)), n = 0, first, last;
	const char *rest = list_of(place);
	int rc = 0;

	if (!all)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to place threads");
	while (!rc && place_range(&rest, &first, &last) > 0)
		for (unsigned os = first; !rc && os <= last; os++) {
			rc = check_cpu(t, place, os, all, n, err);
			if (!rc)
				all[n++] = os; /* no more than there are: none is listed twice */
		}
	if (!rc && threads > n && !place->oversubscribe)
		rc = err_set(err, EXIT_NO_RESOURCE, "--threads %u: %s names only %u CPU%s; "
			     "--oversubscribe lets threads share them", threads, place->text, n,
			     plural(n));
	for (unsigned i = 0; !rc && n && i < threads; i++)
		cpu[i] = all[i % n];
	free(all);
	return rc;
}

unsigned place_capacity(const struct topology *t, const struct place *place)
{
	const char *rest = list_of(place);
	unsigned n = 0, first, last;

	if (place->kind == PLACE_CPUS) {
		while (place_range(&rest, &first, &last) > 0)
			n += last - first + 1;
		return n;
	}
	for (unsigned i = 0; i < t->ncpus; i++)
		n += eligible(t, place, &t->cpus[i]);
	return n;
}

int place_cpus(const struct topology *t, const struct place *place, unsigned threads, unsigned *cpu,
	       struct err *err)
{
	if (place->kind != PLACE_CPUS)
		return place_ordered(t, place, threads, cpu, err);
	if (place->smt == SMT_PACK)
		return err_set(err, EXIT_USAGE, "--smt pack --place %s: a list is taken in the order "
			       "written; leave --smt out", place->text);
	return place_list(t, place, threads, cpu, err);
}

int pin_self(unsigned os_cpu)
{
	return bind_self(&os_cpu, 1);
}

int bind_self(const unsigned *os_cpu, unsigned n)
{
	unsigned last = 0;
	cpu_set_t *set;
	size_t size;
	int rc;

	for (unsigned i = 0; i < n; i++)
		last = os_cpu[i] > last ? os_cpu[i] : last;
	size = CPU_ALLOC_SIZE(last + 1);
	set = CPU_ALLOC(last + 1);
	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	for (unsigned i = 0; i < n; i++)
		CPU_SET_S(os_cpu[i], size, set);
	rc = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return rc;
}

/* The mask's size is the kernel's to know: too small a set is EINVAL, and then it is doubled. */
bool pin_holds(unsigned os_cpu)
{
	bool holds = true;

	for (unsigned cpus = 1024; cpus <= 1u << 16; cpus *= 2) {
		size_t size = CPU_ALLOC_SIZE(cpus);
		cpu_set_t *set = CPU_ALLOC(cpus);
		int rc;

		if (!set)
			return true; /* not known to be lost */
		CPU_ZERO_S(size, set);
		rc = sched_getaffinity(0, size, set) ? errno : 0;
		if (!rc)
			holds = os_cpu < cpus && CPU_ISSET_S(os_cpu, size, set) &&
				CPU_COUNT_S(size, set) == 1;
		CPU_FREE(set);
		if (rc != EINVAL)
			break;
	}
	return holds;
}
