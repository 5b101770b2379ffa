#include "bench/topo.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/options.h"
#include "sys/err.h"
#include "sys/topology.h"

struct topo_options {
	const char *topology; /* NULL: this machine */
	const char *place; /* NULL: none is shown */
	unsigned threads; /* 0: all CPUs that the placement may take */
	enum smt_kind smt;
	bool smt_given, oversubscribe;
	bool json, help;
};

static void print_help(FILE *out)
{
	fputs("Usage: iopt topo [--topology FILE|SYNTHETIC] [--place P] [--smt S] [--threads N]\n"
	      "                 [--oversubscribe] [--format text|json]\n"
	      "\n"
	      "Show packages, nodes, caches, CPUs and distances, and the CPUs a placement takes.\n"
	      "\n"
	      "  --topology T   another machine: an hwloc XML file (lstopo FILE.xml writes one)\n"
	      "                 or a synthetic description; default: this machine\n"
	      "  --place P      compact | scatter | node-rr | node:N | cpus:LIST\n"
	      "                 default: compact, when --smt or --threads is given\n"
	      "  --smt S        a core's second hyperthread: last | pack | off; default: last\n"
	      "  --threads N    workers to place; default: all allowed CPUs that P may take\n"
	      "  --oversubscribe  let more workers than CPUs share them\n"
	      "  --format F     text (default) or json\n"
	      "\n"
	      "Example: where do 8 workers go that spread over a machine of two packages?\n"
	      "  iopt topo --topology 'pack:2 l3:4 core:4 pu:2' --place scatter --threads 8\n",
	      out);
}

static int parse_threads(const char *text, unsigned *out, struct err *err)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || v < 1 || v > 65536)
		return err_set(err, EXIT_USAGE, "--threads %s: want a number from 1 to 65536",
			       text);
	*out = (unsigned)v;
	return 0;
}

static int parse_smt(const char *text, struct topo_options *o, struct err *err)
{
	for (enum smt_kind k = SMT_LAST; k <= SMT_OFF; k++)
		if (!strcmp(text, smt_name(k))) {
			o->smt = k;
			o->smt_given = true;
			return 0;
		}
	return err_set(err, EXIT_USAGE, "--smt %s: want last, pack or off", text);
}

static int set_option(struct topo_options *o, const char *name, const char *value, struct err *err)
{
	if (!strcmp(name, "topology"))
		o->topology = value;
	else if (!strcmp(name, "place"))
		o->place = value;
	else if (!strcmp(name, "smt"))
		return parse_smt(value, o, err);
	else if (!strcmp(name, "threads"))
		return parse_threads(value, &o->threads, err);
	else if (strcmp(value, "text") && strcmp(value, "json"))
		return err_set(err, EXIT_USAGE, "--format %s: want text or json", value);
	else
		o->json = !strcmp(value, "json");
	return 0;
}

/* Takes "--name value" or "--name=value" at argv[*i], which moves on. */
static int parse_flag(struct topo_options *o, int argc, char **argv, int *i, struct err *err)
{
	static const char *const names[] = { "topology", "place", "smt", "threads", "format" };
	const char *flag = argv[*i] + 2;
	size_t length = strcspn(flag, "=");

	if (!strcmp(flag, "oversubscribe")) {
		o->oversubscribe = true;
		return 0;
	}
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		if (strlen(names[k]) != length || strncmp(names[k], flag, length))
			continue;
		if (flag[length])
			return set_option(o, names[k], flag + length + 1, err);
		if (*i + 1 == argc)
			return err_set(err, EXIT_USAGE, "--%s wants a value", names[k]);
		return set_option(o, names[k], argv[++*i], err);
	}
	return err_set(err, EXIT_USAGE, "unknown flag %s: iopt topo --help lists the flags",
		       argv[*i]);
}

static int parse(struct topo_options *o, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		int rc = 0;

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			o->help = true;
		else if (!strncmp(argv[i], "--", 2))
			rc = parse_flag(o, argc, argv, &i, err);
		else
			rc = err_set(err, EXIT_USAGE,
				     "unexpected '%s': iopt topo --help lists the flags", argv[i]);
		if (rc)
			return rc;
	}
	return 0;
}

/* *out: the chosen CPUs, freed by the caller; *n of them, 0 when no placement is asked for. */
static int choose(const struct topo_options *o, const struct topology *t, unsigned **out,
		  unsigned *n, struct err *err)
{
	struct place place;
	int rc;

	*n = 0;
	*out = NULL;
	if (!o->place && !o->threads && !o->smt_given)
		return 0;
	rc = place_parse(&place, o->place ? o->place : "compact", err);
	if (rc)
		return rc;
	place.smt = o->smt;
	place.oversubscribe = o->oversubscribe;
	*n = o->threads ? o->threads : place_capacity(t, &place);
	*n = *n ? *n : 1; /* to be told why it cannot be */
	*out = calloc(*n, sizeof(**out));
	return *out ? place_cpus(t, &place, *n, *out, err)
		    : err_set(err, EXIT_NO_RESOURCE, "no memory to place threads");
}

static void print_text(const struct topo_options *o, const struct topology *t, const unsigned *cpu,
		       unsigned n)
{
	unsigned column;

	topology_print(t, cpu, n, stdout);
	if (!n)
		return;
	column = (unsigned)printf("placement %s%s%s, %u thread%s:", o->place ? o->place : "compact",
				  o->smt_given ? ", smt " : "", o->smt_given ? smt_name(o->smt) : "",
				  n, n == 1 ? "" : "s");
	for (unsigned i = 0; i < n; i++) {
		char word[16];
		unsigned length = (unsigned)snprintf(word, sizeof(word), " %u", cpu[i]);

		if (column + length > 80)
			column = (unsigned)printf("\n ") - 1;
		fputs(word, stdout);
		column += length;
	}
	putchar('\n');
}

static json_t *cpus_json(const struct topology *t)
{
	json_t *cpus = json_array();

	for (unsigned i = 0; i < t->ncpus; i++) {
		const struct topo_cpu *c = &t->cpus[i];

		json_array_append_new(cpus,
				      json_pack("{si si si si si si si ss? sb}", "cpu", (int)c->os,
						"core", (int)c->core, "smt", (int)c->smt, "l3",
						(int)c->l3, "package", (int)c->package, "node",
						(int)t->nodes[c->node].os, "memory_node",
						(int)t->nodes[c->memory].os, "kind",
						t->nkinds > 1 ? t->kinds[c->kind] : NULL,
						"allowed", c->allowed));
	}
	return cpus;
}

static json_t *nodes_json(const struct topology *t)
{
	json_t *nodes = json_array();

	for (unsigned i = 0; i < t->nnodes; i++) {
		json_t *distance = json_array();

		for (unsigned j = 0; j < t->nnodes; j++)
			json_array_append_new(distance,
					      json_integer(t->distance[i * t->nnodes + j]));
		json_array_append_new(
			nodes, json_pack("{si sI sb si si so}", "node", (int)t->nodes[i].os,
					 "memory_bytes", (json_int_t)t->nodes[i].memory_bytes,
					 "memory_allowed", !t->nodes[i].forbidden, "cpus",
					 (int)t->nodes[i].cpus_there, "cpus_allowed",
					 (int)t->nodes[i].cpus, "distance", distance));
	}
	return nodes;
}

static int print_json(const struct topo_options *o, const struct topology *t, const unsigned *cpu,
		      unsigned n, struct err *err)
{
	json_t *chosen = json_array(), *offline = json_array(), *root;
	int rc;

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(chosen, json_integer(cpu[i]));
	for (unsigned i = 0; i < t->noffline; i++)
		json_array_append_new(offline, json_integer(t->offline[i]));
	root = json_pack("{ss? si si si si si sI sI sI so so so ss? ss so}", "topology", t->spec,
			 "packages", (int)t->npackages, "l3s", (int)t->nl3, "cores", (int)t->ncores,
			 "cpus_allowed", (int)t->nallowed, "smt", (int)t->smt, "l1d_bytes",
			 (json_int_t)t->l1d_bytes, "l2_bytes", (json_int_t)t->l2_bytes, "l3_bytes",
			 (json_int_t)t->l3_bytes, "nodes", nodes_json(t), "cpus", cpus_json(t),
			 "offline", offline, "place", n && !o->place ? "compact" : o->place, "smt",
			 smt_name(o->smt), "chosen", chosen);
	if (!root)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the JSON text");
	rc = json_dumpf(root, stdout, JSON_INDENT(2));
	json_decref(root);
	putchar('\n');
	return rc ? err_set(err, EXIT_WRITE, "cannot write to stdout") : 0;
}

static int show(const struct topo_options *o, struct err *err)
{
	struct topology *t = NULL;
	unsigned *cpu = NULL, n = 0;
	int rc = topology_load(&t, o->topology, err);

	if (rc)
		return rc;
	rc = choose(o, t, &cpu, &n, err);
	if (!rc && o->json)
		rc = print_json(o, t, cpu, n, err);
	else if (!rc)
		print_text(o, t, cpu, n);
	free(cpu);
	topology_free(t);
	return rc;
}

int verb_topo(int argc, char **argv)
{
	struct topo_options o = { 0 };
	struct err err = { 0 };
	int rc = parse(&o, argc, argv, &err);

	if (!rc && o.help)
		print_help(stdout);
	else if (!rc)
		rc = show(&o, &err);
	if (!rc && (fflush(stdout) || ferror(stdout)))
		rc = err_set(&err, EXIT_WRITE, "cannot write to stdout");
	if (rc)
		fprintf(stderr, "iopt topo: %s\n", err.text);
	return rc;
}
