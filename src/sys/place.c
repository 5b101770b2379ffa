#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

#define CPU_NUMBER_MAX 65535u

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

/* The decimal number at *text, which moves past it. False: none, or beyond any CPU. */
static bool take_number(const char **text, unsigned *out)
{
	unsigned long v;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	v = strtoul(*text, &end, 10);
	if (errno || v > CPU_NUMBER_MAX)
		return false;
	*text = end;
	*out = (unsigned)v;
	return true;
}

/*
 * The next range of "0,2-5" at *text. 1: a range, 0: the end, -1: malformed.
 */
static int take_range(const char **text, unsigned *first, unsigned *last)
{
	if (!**text)
		return 0;
	if (!take_number(text, first))
		return -1;
	*last = *first;
	if (**text == '-') {
		++*text;
		if (!take_number(text, last) || *last < *first)
			return -1;
	}
	if (**text == ',')
		return *++*text ? 1 : -1;
	return **text ? -1 : 1;
}

static const char *list_of(const struct place *place)
{
	return place->text + strlen("cpus:");
}

static int check_list(const struct place *place, struct err *err)
{
	const char *rest = list_of(place);
	unsigned first, last;
	int rc = *rest ? 1 : -1;

	while (rc > 0)
		rc = take_range(&rest, &first, &last);
	if (rc < 0)
		return err_set(err, EXIT_USAGE, "--place %s: want a list such as cpus:0,2-5",
			       place->text);
	return 0;
}

int place_parse(struct place *out, const char *text, struct err *err)
{
	static const struct {
		const char *name;
		enum place_kind kind;
	} plain[] = {
		{ "compact", PLACE_COMPACT },
		{ "scatter", PLACE_SCATTER },
		{ "node-rr", PLACE_NODE_RR },
	};
	const char *rest = text + strlen("node:");

	*out = (struct place){ .kind = PLACE_COMPACT };
	if (strlen(text) >= sizeof(out->text))
		return err_set(err, EXIT_USAGE, "--place: longer than %zu characters",
			       sizeof(out->text) - 1);
	memcpy(out->text, text, strlen(text) + 1);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(text, plain[i].name))
			continue;
		out->kind = plain[i].kind;
		return 0;
	}
	if (!strncmp(text, "cpus:", 5)) {
		out->kind = PLACE_CPUS;
		return check_list(out, err);
	}
	if (!strncmp(text, "node:", 5)) {
		out->kind = PLACE_NODE;
		if (take_number(&rest, &out->node) && !*rest)
			return 0;
		return err_set(err, EXIT_USAGE, "--place %s: want a node number, such as node:0",
			       text);
	}
	return err_set(err, EXIT_USAGE,
		       "--place %s: want compact, scatter, node-rr, node:N or cpus:LIST", text);
}

/*
 * A CPU on its way into an order: `group` is what is dealt within, `pos` its position in the group
 * of the level below, `sub` that group.
 */
struct seat {
	const struct topo_cpu *cpu;
	unsigned group, pos, sub;
};

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

/* Hyperthreads last, then as the machine nests. */
static int by_nesting(const void *a, const void *b)
{
	const struct topo_cpu *x = ((const struct seat *)a)->cpu;
	const struct topo_cpu *y = ((const struct seat *)b)->cpu;
	int c = compare(x->smt, y->smt);

	c = c ? c : compare(x->package, y->package);
	c = c ? c : compare(x->node, y->node);
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

static int too_many(const struct topology *t, const struct place *place, unsigned threads,
		    unsigned there, struct err *err)
{
	if (place->kind == PLACE_NODE && !there)
		return err_set(err, EXIT_NO_RESOURCE,
			       "--place %s: no CPU of node %u is allowed here", place->text,
			       place->node);
	if (place->kind == PLACE_NODE)
		return err_set(err, EXIT_NO_RESOURCE,
			       "--threads %u --place %s: only %u CPU%s of node %u %s allowed here",
			       threads, place->text, there, there == 1 ? "" : "s", place->node,
			       there == 1 ? "is" : "are");
	return err_set(err, EXIT_NO_RESOURCE, "--threads %u: only %u CPU%s %s allowed%s", threads,
		       there, there == 1 ? "" : "s", there == 1 ? "is" : "are",
		       t->this_system ? " here" : " on that machine");
}

static int no_such_node(const struct topology *t, const struct place *place, struct err *err)
{
	unsigned *os = calloc(t->nnodes, sizeof(*os));
	char there[128] = "?";

	for (unsigned i = 0; os && i < t->nnodes; i++)
		os[i] = t->nodes[i].os;
	if (os)
		topology_ranges(there, sizeof(there), os, t->nnodes);
	free(os);
	return err_set(err, EXIT_NO_RESOURCE, "--place %s: node %u does not exist: node%s %s",
		       place->text, place->node, t->nnodes == 1 ? "" : "s", there);
}

static int place_ordered(const struct topology *t, const struct place *place, unsigned threads,
			 unsigned *cpu, struct err *err)
{
	struct seat *seats = calloc(t->ncpus, sizeof(*seats));
	int node = topology_node(t, place->node);
	unsigned n = 0;

	if (!seats)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to place threads");
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].allowed &&
		    (place->kind != PLACE_NODE || (int)t->cpus[i].node == node))
			seats[n++].cpu = &t->cpus[i];
	order(seats, n, place->kind);
	for (unsigned i = 0; i < threads && i < n; i++)
		cpu[i] = seats[i].cpu->os;
	free(seats);
	return threads <= n ? 0 : too_many(t, place, threads, n, err);
}

static int bad_cpu(const struct topology *t, const struct place *place, unsigned os, bool exists,
		   struct err *err)
{
	unsigned *there = calloc(t->ncpus, sizeof(*there));
	char text[200] = "?";
	unsigned n = 0;

	for (unsigned i = 0; there && i < t->ncpus; i++)
		if (!exists || t->cpus[i].allowed)
			there[n++] = t->cpus[i].os;
	if (there)
		topology_ranges(text, sizeof(text), there, n);
	free(there);
	return err_set(err, EXIT_NO_RESOURCE, "--place %s: CPU %u %s: %s %s", place->text, os,
		       exists ? "is not allowed here" : "does not exist", n == 1 ? "CPU" : "CPUs",
		       text);
}

static int check_cpu(const struct topology *t, const struct place *place, unsigned os,
		     struct err *err)
{
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].os == os)
			return t->cpus[i].allowed ? 0 : bad_cpu(t, place, os, true, err);
	return bad_cpu(t, place, os, false, err);
}

static int place_list(const struct topology *t, const struct place *place, unsigned threads,
		      unsigned *cpu, struct err *err)
{
	const char *rest = list_of(place);
	unsigned n = 0, first, last;

	while (take_range(&rest, &first, &last) > 0) {
		for (unsigned os = first; os <= last; os++) {
			int rc = check_cpu(t, place, os, err);

			if (rc)
				return rc;
			for (unsigned i = 0; i < n && i < threads; i++)
				if (cpu[i] == os)
					return err_set(err, EXIT_USAGE, "--place %s: CPU %u twice",
						       place->text, os);
			if (n < threads)
				cpu[n] = os;
			n++;
		}
	}
	if (threads > n)
		return err_set(err, EXIT_NO_RESOURCE, "--threads %u: %s names only %u CPU%s",
			       threads, place->text, n, n == 1 ? "" : "s");
	return 0;
}

unsigned place_capacity(const struct topology *t, const struct place *place)
{
	int node = topology_node(t, place->node);
	const char *rest = list_of(place);
	unsigned n = 0, first, last;

	if (place->kind == PLACE_NODE)
		return node < 0 ? 0 : t->nodes[node].cpus;
	if (place->kind != PLACE_CPUS)
		return t->nallowed;
	while (take_range(&rest, &first, &last) > 0)
		n += last - first + 1;
	return n;
}

int place_cpus(const struct topology *t, const struct place *place, unsigned threads, unsigned *cpu,
	       struct err *err)
{
	if (place->kind == PLACE_CPUS)
		return place_list(t, place, threads, cpu, err);
	if (place->kind == PLACE_NODE && topology_node(t, place->node) < 0)
		return no_such_node(t, place, err);
	return place_ordered(t, place, threads, cpu, err);
}

int pin_self(unsigned os_cpu)
{
	size_t size = CPU_ALLOC_SIZE(os_cpu + 1);
	cpu_set_t *set = CPU_ALLOC(os_cpu + 1);
	int rc;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(os_cpu, size, set);
	rc = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return rc;
}
