/* topo.c - `iopt topo`: the machine, its distances, and which CPUs a placement takes. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "bench/flags.h"
#include "bench/options.h"
#include "bench/topo.h"
#include "bench/verbs.h"
#include "sys/err.h"
#include "sys/topology.h"

static const char usage[] =
	"usage: iopt topo [flags]\n"
	"\n"
	"Show packages, nodes, caches, CPUs and distances, and the CPUs a placement takes.\n"
	"\n"
	"Example: where do 8 workers go that spread over a machine of two packages?\n"
	"  iopt topo --topology 'pack:2 l3:4 core:4 pu:2' --place scatter --threads 8\n";

struct topo_options {
	const char *topology; /* NULL: this machine */
	const char *place; /* NULL: none is shown */
	uint64_t threads; /* 0: all CPUs that the placement may take */
	unsigned smt; /* enum smt_kind */
	bool smt_given, oversubscribe;
	unsigned json;
};

static int parse(struct topo_options *o, bool *help, int argc, char **argv, struct err *err)
{
	static const char *const formats[] = { "text", "json", NULL };
	const char *const smts[] = { smt_name(SMT_LAST), smt_name(SMT_PACK), smt_name(SMT_OFF), NULL };
	const struct flag flags[] = {
		{ "topology", FLAG_TEXT, &o->topology, .metavar = "FILE|SYNTHETIC", .help = "another machine: an "
		  "hwloc XML file (lstopo FILE.xml writes one) or a synthetic description (default: this "
		  "machine)" },
		{ "place", FLAG_TEXT, &o->place, .metavar = "PLACE", .help = "compact | scatter | node-rr | "
		  "node:N | cpus:LIST (default: compact, when --smt or --threads is given)" },
		{ "smt", FLAG_CHOICE, &o->smt, &o->smt_given, .choices = smts, .metavar = "WHEN",
		  .help = "a core's second hyperthread: last | pack | off (default: last)" },
		{ "threads", FLAG_COUNT, &o->threads, .min = 1, .max = 65536, .metavar = "N",
		  .help = "workers to place (default: all allowed CPUs that PLACE may take)" },
		{ "oversubscribe", FLAG_BOOL, &o->oversubscribe, .help = "let more workers than CPUs "
		  "share them" },
		{ "format", FLAG_CHOICE, &o->json, .choices = formats, .metavar = "FORMAT",
		  .help = "text or json (default: text)" },
		{ .name = NULL },
	};
	struct flag_args args = { .most = 0 };
	int code = flags_parse(flags, "topo", argc, argv, &args, err);

	*help = !code && args.help;
	if (*help)
		help_show(&(struct help_page){ .verb = "topo", .usage = usage, .flags = flags });
	return code;
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
	*n = o->threads ? (unsigned)o->threads : place_capacity(t, &place);
	*n = *n ? *n : 1; /* to be told why it cannot be */
	*out = calloc(*n, sizeof(**out));
	return *out ? place_cpus(t, &place, *n, *out, err)
		    : err_set(err, EXIT_NO_RESOURCE, "no memory to place threads");
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
		topo_print(&(struct topo_placed){ o->place ? o->place : "compact", o->smt_given ? smt_name(o->smt)
						  : NULL, cpu, n }, t);
	free(cpu);
	topology_free(t);
	return rc;
}

int verb_topo(int argc, char **argv)
{
	struct topo_options o = { .smt = SMT_LAST };
	struct err err = { 0 };
	bool help;
	int rc = parse(&o, &help, argc, argv, &err);

	if (!rc && !help)
		rc = show(&o, &err);
	return rc ? verb_fail("topo", &err) : EXIT_FINE;
}
