/* verify_mutants_json.c - `iopt verify --mutants --format json`: docs/verify.schema.json. */
#include "bench/json.h"
#include "bench/verify_mutants.h"
#include "bench/verify_report.h"
#include "sys/host.h"

#define VERIFY_SCHEMA_VERSION 1u

static void put_cells(struct node row, const struct verify_row *r)
{
	struct node array = put_array(row, "layers");

	for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
		const struct verify_outcome *out = &r->cell[l].out;
		struct node o;

		if (!r->cell[l].looked)
			continue;
		o = add_object(array);
		put_text(o, "layer", verify_layer_name[l]);
		put_u64(o, l == VERIFY_EXPLORER ? "schedules" : "rounds", out->rounds);
		verify_put_outcome(o, out);
	}
}

static void put_row(struct node array, const struct verify_row *r)
{
	const struct mutant *mutant = &pt_mutants[r->job.mutant];
	struct node o = add_object(array);

	put_text(o, "name", r->name);
	put_fact(o, "what", mutant->help);
	put_fact(o, "engine", r->job.engine ? r->job.engine->name : NULL);
	put_u64(o, "threads", r->job.threads);
	put_u64(o, "shake", r->job.shake);
	put_bool(o, "caught", r->caught != 0);
	put_cells(o, r);
}

static void put_layers(struct node root, const struct verify_matrix *m)
{
	struct node array = put_array(root, "layers");

	for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
		struct node o = add_object(array);

		put_text(o, "name", verify_layer_name[l]);
		put_bool(o, "built", verify_layer_built(m, (enum verify_layer)l));
		put_fact(o, "program", m->program[l]);
	}
}

int verify_mutants_json(const struct verify_matrix *m, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed }, rows;
	struct host_facts host;

	host_read(&host, NULL);
	put_text(root, "schema", "iopt-verify-mutants");
	put_u64(root, "schema_version", VERIFY_SCHEMA_VERSION);
	put_text(root, "version", host.version);
	put_text(root, "hostname", host.hostname);
	put_text(root, "cpu_model", host.cpu_model);
	put_text(root, "kernel", host.kernel);
	put_u64(root, "seed", m->options->seed);
	put_real(root, "seconds_each", (double)m->options->seconds_each_ns / 1e9);
	put_u64(root, "threads", m->threads);
	put_u64(root, "at_once", m->at_once);
	put_real(root, "elapsed_s", (double)m->elapsed_ns / 1e9);
	put_bool(root, "complete", m->complete);
	put_layers(root, m);
	rows = put_array(root, "mutants");
	for (size_t i = 0; i < m->nmutants; i++)
		if (m->row[i].begun)
			put_row(rows, &m->row[i]);
	rows = put_array(root, "clean");
	for (size_t i = m->nmutants; i < m->n; i++)
		if (m->row[i].begun)
			put_row(rows, &m->row[i]);
	put_u64(root, "missed", m->missed);
	put_u64(root, "false_alarms", m->alarms);
	return write_document(root, 6, out);
}
