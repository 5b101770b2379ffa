/* doctor_json.c - `iopt doctor --format json`. */
#include <math.h>

#include "bench/doctor_report.h"
#include "bench/json.h"

#define DOCTOR_SCHEMA_VERSION 1u

static void put_checks(struct node root, const struct doctor_report *r)
{
	struct node array = put_array(root, "checks");

	for (size_t i = 0; i < nchecks; i++) {
		struct node o = add_object(array);

		put_text(o, "name", checks[i].name);
		put_text(o, "verdict", check_verdict_name[r->found[i].verdict]);
		put_text(o, "found", r->found[i].found);
		put_text(o, "complains_when", checks[i].complains);
		put_text(o, "why", checks[i].why);
		put_fact(o, "remedy", r->found[i].remedy);
	}
}

static void put_clock_facts(struct node root)
{
	struct node o = put_object(root, "clock");

	put_text(o, "source", clock_facts.source);
	put_fact(o, "why_not", clock_facts.why_not ? clock_facts.why_not : "");
	put_real(o, "step_ns", clock_facts.step_ns);
	put_real(o, "pair_ns", clock_facts.pair_ns);
	put_real(o, "drift_ppm", clock_facts.drift_ppm);
	put_real(o, "cross_cpu_ns", clock_facts.cross_cpu_ns);
}

static void put_cpu(struct node array, const struct hiccup_cpu *c)
{
	struct node o = add_object(array);

	put_u64(o, "cpu", c->cpu);
	put_fact(o, "error", c->error ? strerrorname_np(c->error) : "");
	put_u64(o, "duration_ns", c->duration_ns);
	put_u64(o, "gaps", c->gaps.n);
	put_real(o, "p9999_ns", hist_supports(&c->gaps, 0.9999)
					? (double)hist_quantile(&c->gaps, 0.9999) : NAN);
	put_real(o, "longest_ns", c->gaps.n ? (double)c->gaps.max : NAN);
	put_u64(o, "gaps_of_1ms", c->long_gaps);
	put_real(o, "lost_share", c->duration_ns ? c->lost_ns / (double)c->duration_ns : NAN);
}

static void put_probe(struct node root, const struct doctor_report *r)
{
	struct node o, array;

	if (!r->probe_ns) {
		put_null(root, "probe");
		return;
	}
	o = put_object(root, "probe");
	put_u64(o, "duration_ns", r->probe_ns);
	put_real(o, "steal_share", r->probe.steal_share);
	put_real(o, "device_irqs_per_s", r->probe.irqs_per_s);
	array = put_array(o, "cpus");
	for (unsigned i = 0; i < r->probe.cpus; i++)
		put_cpu(array, &r->cpus[i]);
}

static void put_matrix(struct node root, const struct transfer_matrix *m)
{
	struct node o, array;

	if (!m->n) {
		put_null(root, "matrix");
		return;
	}
	o = put_object(root, "matrix");
	array = put_array(o, "cpus");
	for (unsigned i = 0; i < m->n; i++)
		add_u64(array, m->cpu[i]);
	array = put_array(o, "round_trip_ns");
	for (unsigned i = 0; i < m->n; i++) {
		json_t *row = json_array();

		for (unsigned j = 0; j < m->n; j++) {
			double ns = m->round_trip_ns[i * m->n + j];

			*o.failed |= json_array_append_new(row, isnan(ns) ? json_null() : json_real(ns)) != 0;
		}
		*o.failed |= json_array_append_new(array.json, row) != 0;
	}
}

int doctor_write_json(const struct doctor_report *r, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed };

	put_text(root, "schema", "iopt-doctor");
	put_u64(root, "schema_version", DOCTOR_SCHEMA_VERSION);
	put_text(root, "version", r->host.version);
	put_text(root, "hostname", r->host.hostname);
	put_text(root, "cpu_model", r->host.cpu_model);
	put_text(root, "kernel", r->host.kernel);
	put_u64(root, "cpus", r->topo->nallowed);
	put_u64(root, "complaints", r->count[CHECK_COMPLAINT]);
	put_u64(root, "notes", r->count[CHECK_NOTE]);
	put_checks(root, r);
	put_clock_facts(root);
	put_probe(root, r);
	put_matrix(root, &r->matrix);
	return write_document(root, 6, out);
}
