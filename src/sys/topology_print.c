/* topology_print.c - the drawing of `iopt topo`, in so many columns whatever the machine. */
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

#define RUN_MIN 4u          /* so many alike cores in a row are drawn as first .. last */
#define MATRIX_MAX 16u      /* nodes whose distances fit as a matrix */

struct drawing {
	const struct topology *t;
	const unsigned *chosen;
	unsigned nchosen;
	FILE *out;
	unsigned width;          /* of a line, at most */
	unsigned column, indent; /* of the line under way; column 0: there is none */
};

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

static void print_caches(const struct topology *t, FILE *out)
{
	for (unsigned i = 0; i < t->ncaches; i++) {
		const struct topo_cache *c = &t->caches[i];

		fprintf(out, "%s%u x L%u%s ", i ? ", " : "caches ", c->n, c->level,
			c->level == 1 ? "d" : "");
		print_bytes(out, c->bytes);
	}
	if (t->ncaches)
		fputc('\n', out);
}

static void print_kinds(const struct topology *t, FILE *out)
{
	if (t->nkinds < 2)
		return;
	fprintf(out, "cores of %u kinds:", t->nkinds);
	for (unsigned kind = t->nkinds; kind-- > 0;) {
		unsigned n = 0;

		for (unsigned i = 0; i < t->ncpus; i++)
			n += t->cpus[i].kind == kind;
		fprintf(out, " %s (%u CPU%s)%s", t->kinds[kind], n, plural(n), kind ? "," : "");
	}
	fputs(t->kinds_ranked ? ", fastest first\n" : "\n", out);
}

static void print_summary(const struct topology *t, FILE *out)
{
	char text[60];

	fprintf(out, "%s%s\n", t->this_system ? "this machine" : "topology ",
		t->this_system ? "" : t->spec);
	fprintf(out,
		"%u package%s, %u node%s, %u L3%s, %u core%s, %u CPU%s (%u allowed), %u per core\n",
		t->npackages, plural(t->npackages), t->nnodes, plural(t->nnodes), t->nl3,
		plural(t->nl3), t->ncores, plural(t->ncores), t->ncpus, plural(t->ncpus),
		t->nallowed, t->smt);
	print_caches(t, out);
	print_kinds(t, out);
	if (t->noffline)
		fprintf(out, "offline: CPU%s %s\n", plural(t->noffline),
			topology_ranges(text, sizeof(text), t->offline, t->noffline));
}

static bool is_chosen(const struct drawing *d, unsigned os)
{
	for (unsigned i = 0; i < d->nchosen; i++)
		if (d->chosen[i] == os)
			return true;
	return false;
}

static void put_word(struct drawing *d, const char *word)
{
	unsigned length = (unsigned)strlen(word);

	if (d->column + 1 + length > d->width && d->column > d->indent) {
		fprintf(d->out, "\n%*s", (int)d->indent, "");
		d->column = d->indent;
	}
	fprintf(d->out, " %s", word);
	d->column += 1 + length;
}

/* A core on the drawing: its CPUs and how each is marked. */
struct core {
	unsigned n, os[8];
	char mark[8]; /* '(' not allowed, '[' chosen, ' ' neither */
};

/* The CPUs of the core of `first` on its node, by number. */
static struct core core_of(const struct drawing *d, const struct topo_cpu *first)
{
	struct core c = { 0 };

	for (unsigned i = 0; i < d->t->ncpus && c.n < sizeof(c.mark); i++) {
		const struct topo_cpu *cpu = &d->t->cpus[i];

		if (cpu->core != first->core)
			continue;
		c.mark[c.n] = (char)(!cpu->allowed ? '(' : is_chosen(d, cpu->os) ? '[' : ' ');
		c.os[c.n++] = cpu->os;
	}
	return c;
}

/* Does `b` follow `a` as cores do in a run: the same marks, every number higher by `by`? */
static bool follows(const struct core *a, const struct core *b, unsigned by)
{
	if (a->n != b->n || memcmp(a->mark, b->mark, sizeof(a->mark)))
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (b->os[i] != a->os[i] + by)
			return false;
	return true;
}

/* Hyperthreads joined by '+'. */
static void print_core(struct drawing *d, const struct core *c)
{
	char word[128] = "";
	size_t used = 0;

	for (unsigned i = 0; i < c->n; i++) {
		const char *mark = c->mark[i] == '(' ? "()" : c->mark[i] == '[' ? "[]" : "";

		used += (size_t)snprintf(word + used, sizeof(word) - used, "%s%.1s%u%s",
					 used ? "+" : "", mark, c->os[i], *mark ? mark + 1 : "");
	}
	put_word(d, word);
}

static void print_cores(struct drawing *d, const struct core *cores, unsigned n)
{
	for (unsigned i = 0; i < n;) {
		unsigned by = i + 1 < n ? cores[i + 1].os[0] - cores[i].os[0] : 0, last = i;

		while (last + 1 < n && follows(&cores[last], &cores[last + 1], by))
			last++;
		if (last - i + 1 < RUN_MIN)
			last = i;
		print_core(d, &cores[i]);
		if (last > i) {
			put_word(d, "..");
			print_core(d, &cores[last]);
		}
		i = last + 1;
	}
}

static bool first_of_core(const struct topology *t, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (t->cpus[k].core == t->cpus[i].core)
			return false;
	return true;
}

/* The node of an L3's line says its package, unless the node has CPUs of several. */
static bool one_package(const struct topology *t, unsigned node, unsigned *package)
{
	bool found = false;

	for (unsigned i = 0; i < t->ncpus; i++) {
		if (t->cpus[i].node != node)
			continue;
		if (found && t->cpus[i].package != *package)
			return false;
		*package = t->cpus[i].package;
		found = true;
	}
	return found;
}

/* Behind the block before it, where both fit into a line. */
static void print_block(struct drawing *d, const char *head, const struct core *cores, unsigned n)
{
	char *text = NULL;
	size_t size = 0;
	struct drawing block = *d;
	bool whole;

	block.out = open_memstream(&text, &size);
	if (!block.out)
		return;
	fputs(head, block.out);
	block.column = block.indent = 2 + (unsigned)strlen(head);
	print_cores(&block, cores, n);
	fclose(block.out);
	whole = !strchr(text, '\n');
	if (whole && d->column && d->column + 3 + size <= d->width) {
		fprintf(d->out, " | %s", text);
		d->column += 3 + (unsigned)size;
	} else {
		fprintf(d->out, "%s  %s", d->column ? "\n" : "", text);
		d->column = whole ? 2 + (unsigned)size : d->width;
	}
	free(text);
}

/* The CPUs of one L3 and kind that are on one node; nothing when there are none. */
static void print_l3(struct drawing *d, unsigned node, unsigned l3, unsigned kind)
{
	const struct topology *t = d->t;
	struct core *cores = calloc(t->ncpus, sizeof(*cores));
	unsigned n = 0, package = 0, only;
	char head[80];

	for (unsigned i = 0; cores && i < t->ncpus; i++) {
		const struct topo_cpu *cpu = &t->cpus[i];

		if (cpu->node != node || cpu->l3 != l3 || cpu->kind != kind || !first_of_core(t, i))
			continue;
		package = cpu->package;
		cores[n++] = core_of(d, cpu);
	}
	if (n) {
		int used = 0;

		if (!one_package(t, node, &only))
			used += snprintf(head + used, sizeof(head) - (size_t)used, "package %u ",
					 package);
		snprintf(head + used, sizeof(head) - (size_t)used, "L3 %u%s%s:", l3,
			 t->nkinds > 1 ? " " : "", t->kinds[kind]);
		print_block(d, head, cores, n);
	}
	free(cores);
}

static void print_node(struct drawing *d, unsigned node)
{
	const struct topology *t = d->t;
	const struct topo_node *n = &t->nodes[node];
	unsigned package;

	fprintf(d->out, "node %u: ", n->os);
	if (n->memory_bytes) {
		print_bytes(d->out, n->memory_bytes);
		fputs(n->forbidden ? " (not allowed here), " : ", ", d->out);
	} else {
		fputs("no memory, ", d->out);
	}
	if (n->cpus_there)
		fprintf(d->out, "%u CPU%s", n->cpus_there, plural(n->cpus_there));
	else
		fputs("no CPUs", d->out);
	if (n->cpus < n->cpus_there)
		fprintf(d->out, " (%u allowed)", n->cpus);
	if (t->npackages > 1 && one_package(t, node, &package))
		fprintf(d->out, ", package %u", package);
	fputc('\n', d->out);
	d->column = 0;
	for (unsigned l3 = 0; l3 < t->nl3; l3++)
		for (unsigned kind = t->nkinds; kind-- > 0;)
			print_l3(d, node, l3, kind);
	if (d->column)
		fputc('\n', d->out);
}

static void print_matrix(const struct topology *t, FILE *out)
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

/* The least distance above `above` in a row of n; 0: none. */
static unsigned next_distance(const unsigned *row, unsigned n, unsigned above)
{
	unsigned least = 0;

	for (unsigned i = 0; i < n; i++)
		if (row[i] > above && (!least || row[i] < least))
			least = row[i];
	return least;
}

/* Too wide for a matrix: "node 0: 10 to 0, 12 to 1-3, 32 to 4-31". */
static void print_rows(struct drawing *d)
{
	const struct topology *t = d->t;
	unsigned *os = calloc(t->nnodes, sizeof(*os));

	fputs("distance\n", d->out);
	for (unsigned i = 0; os && i < t->nnodes; i++) {
		const unsigned *row = &t->distance[i * t->nnodes];

		d->indent = d->column = (unsigned)fprintf(d->out, "  node %u:", t->nodes[i].os);
		for (unsigned v = next_distance(row, t->nnodes, 0); v;
		     v = next_distance(row, t->nnodes, v)) {
			char word[70], ranges[60];
			unsigned n = 0;

			for (unsigned j = 0; j < t->nnodes; j++)
				if (row[j] == v)
					os[n++] = t->nodes[j].os;
			snprintf(word, sizeof(word), "%u to %s%s", v,
				 topology_ranges(ranges, sizeof(ranges), os, n),
				 next_distance(row, t->nnodes, v) ? "," : "");
			put_word(d, word);
		}
		fputc('\n', d->out);
	}
	free(os);
}

static void print_key(const struct drawing *d)
{
	const struct topology *t = d->t;
	const char *sep = "key: ";

	if (t->smt > 1) {
		fprintf(d->out, "%sa+b one core", sep);
		sep = ", ";
	}
	if (d->nchosen) {
		fprintf(d->out, "%s[n] chosen", sep);
		sep = ", ";
	}
	if (t->nallowed < t->ncpus) {
		fprintf(d->out, "%s(n) not allowed here", sep);
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', d->out);
}

void topology_print(const struct topology *t, const unsigned *chosen, unsigned nchosen, unsigned width,
		    FILE *out)
{
	struct drawing d = { .t = t, .chosen = chosen, .nchosen = nchosen, .width = width, .out = out };

	print_summary(t, out);
	for (unsigned n = 0; n < t->nnodes; n++)
		print_node(&d, n);
	if (t->nnodes > MATRIX_MAX)
		print_rows(&d);
	else if (t->nnodes > 1)
		print_matrix(t, out);
	print_key(&d);
}
