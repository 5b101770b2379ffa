#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

#define WIDTH 80u

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void print_bytes(FILE *out, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	unsigned i = 0;

	while (v >= 1024 && i < sizeof(unit) / sizeof(unit[0]) - 1) {
		v /= 1024;
		i++;
	}
	fprintf(out, v < 10 && v != (double)(unsigned)v ? "%.1f %s" : "%.0f %s", v, unit[i]);
}

static void print_summary(const struct topology *t, FILE *out)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} cache[] = {
		{ "L1d", t->l1d_bytes },
		{ "L2", t->l2_bytes },
		{ "L3", t->l3_bytes },
	};
	const char *sep = "caches ";

	fprintf(out, "%s%s\n", t->this_system ? "this machine" : "topology ",
		t->this_system ? "" : t->spec);
	fprintf(out,
		"%u package%s, %u node%s, %u L3%s, %u core%s, %u CPU%s (%u allowed), %u per core\n",
		t->npackages, plural(t->npackages), t->nnodes, plural(t->nnodes), t->nl3,
		plural(t->nl3), t->ncores, plural(t->ncores), t->ncpus, plural(t->ncpus),
		t->nallowed, t->smt);
	for (size_t i = 0; i < sizeof(cache) / sizeof(cache[0]); i++) {
		if (!cache[i].bytes)
			continue;
		fprintf(out, "%s%s ", sep, cache[i].name);
		print_bytes(out, cache[i].bytes);
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', out);
}

static bool is_chosen(unsigned os, const unsigned *chosen, unsigned nchosen)
{
	for (unsigned i = 0; i < nchosen; i++)
		if (chosen[i] == os)
			return true;
	return false;
}

/* One L3: its cores by number, hyperthreads joined by '+'. */
struct line {
	FILE *out;
	unsigned column, indent;
};

static void put_word(struct line *line, const char *word)
{
	unsigned length = (unsigned)strlen(word);

	if (line->column + 1 + length > WIDTH && line->column > line->indent) {
		fprintf(line->out, "\n%*s", (int)line->indent, "");
		line->column = line->indent;
	}
	fprintf(line->out, " %s", word);
	line->column += 1 + length;
}

static void print_core(const struct topology *t, const struct topo_cpu *first,
		       const unsigned *chosen, unsigned nchosen, struct line *line)
{
	char word[128] = "";
	size_t used = 0;

	for (unsigned i = 0; i < t->ncpus && used < sizeof(word) - 16; i++) {
		const struct topo_cpu *cpu = &t->cpus[i];
		bool mark = is_chosen(cpu->os, chosen, nchosen);
		const char *open = !cpu->allowed ? "(" : mark ? "[" : "";
		const char *shut = !cpu->allowed ? ")" : mark ? "]" : "";

		if (cpu->core != first->core)
			continue;
		used += (size_t)snprintf(word + used, sizeof(word) - used, "%s%s%u%s",
					 used ? "+" : "", open, cpu->os, shut);
	}
	put_word(line, word);
}

static bool first_of_core(const struct topology *t, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (t->cpus[k].core == t->cpus[i].core)
			return false;
	return true;
}

/* The CPUs of one L3 that belong to one node; nothing when there are none. */
static void print_l3(const struct topology *t, unsigned node, unsigned l3, const unsigned *chosen,
		     unsigned nchosen, FILE *out)
{
	struct line line = { .out = out };
	char head[48];

	for (unsigned i = 0; i < t->ncpus; i++) {
		const struct topo_cpu *cpu = &t->cpus[i];

		if (cpu->node != node || cpu->l3 != l3 || !first_of_core(t, i))
			continue;
		if (!line.column) {
			line.column = (unsigned)snprintf(head, sizeof(head),
							 "  package %u L3 %u:", cpu->package, l3);
			line.indent = line.column;
			fputs(head, out);
		}
		print_core(t, cpu, chosen, nchosen, &line);
	}
	if (line.column)
		fputc('\n', out);
}

static void print_distances(const struct topology *t, FILE *out)
{
	fputs("distance  ", out);
	for (unsigned i = 0; i < t->nnodes; i++)
		fprintf(out, "%4u", t->nodes[i].os);
	fputc('\n', out);
	for (unsigned i = 0; i < t->nnodes; i++) {
		fprintf(out, "  node %-3u", t->nodes[i].os);
		for (unsigned j = 0; j < t->nnodes; j++)
			fprintf(out, "%4u", t->distance[i * t->nnodes + j]);
		fputc('\n', out);
	}
}

static void print_key(const struct topology *t, unsigned nchosen, FILE *out)
{
	const char *sep = "key: ";

	if (t->smt > 1) {
		fprintf(out, "%sa+b one core", sep);
		sep = ", ";
	}
	if (nchosen) {
		fprintf(out, "%s[n] chosen", sep);
		sep = ", ";
	}
	if (t->nallowed < t->ncpus) {
		fprintf(out, "%s(n) not allowed here", sep);
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', out);
}

void topology_print(const struct topology *t, const unsigned *chosen, unsigned nchosen, FILE *out)
{
	print_summary(t, out);
	for (unsigned n = 0; n < t->nnodes; n++) {
		fprintf(out, "node %u: ", t->nodes[n].os);
		if (t->nodes[n].memory_bytes) {
			print_bytes(out, t->nodes[n].memory_bytes);
			fprintf(out, ", ");
		} else {
			fprintf(out, "no memory, ");
		}
		fprintf(out, "%u CPU%s\n", t->nodes[n].cpus, plural(t->nodes[n].cpus));
		for (unsigned l3 = 0; l3 < t->nl3; l3++)
			print_l3(t, n, l3, chosen, nchosen, out);
	}
	if (t->nnodes > 1)
		print_distances(t, out);
	print_key(t, nchosen, out);
}
