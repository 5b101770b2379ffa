/* gate_json.c - the verdict for machines: docs/verdict.schema.json. */
#include <math.h>

#include "bench/gate_parts.h"
#include "bench/json.h"

#define VERDICT_SCHEMA "iopt-verdict"
#define VERDICT_SCHEMA_VERSION 1

static void put_range(struct node o, const char *name, const struct interval *i)
{
	char lo[64], hi[64];

	snprintf(lo, sizeof(lo), "%s_lo", name);
	snprintf(hi, sizeof(hi), "%s_hi", name);
	put_real(o, name, i->n || i->valid ? i->mid : NAN);
	put_real(o, lo, i->valid ? i->lo : NAN);
	put_real(o, hi, i->valid ? i->hi : NAN);
}

static void put_count(struct node o, const char *name, bool known, uint64_t v)
{
	if (known)
		put_u64(o, name, v);
	else
		put_null(o, name);
}

static void put_row(struct node rows, const struct gate_row *row)
{
	bool quantile = row->metric == GATE_P50 || row->metric == GATE_P99 || row->metric == GATE_P999;
	bool waste = row->metric == GATE_WASTE;
	struct node o = add_object(rows), margin;

	put_text(o, "case_id", row->a->id);
	put_text(o, "metric", gate_metric_name[row->metric]);
	put_fact(o, "op", quantile ? op_kind_name[row->kind] : "");
	put_text(o, "name", row->name);
	put_text(o, "unit", row->unit);
	put_fact(o, "verdict", row->verdict == GATE_INFO ? "" : gate_verdict_name[row->verdict]);
	put_fact(o, "why", row->why);
	put_bool(o, "gated", row->gated);
	put_u64(o, "pairs", row->pairs);
	put_real(o, "base", row->base);
	put_real(o, "new", row->new);
	put_range(o, "ratio", &row->test.ratio);
	put_range(o, "difference", &row->test.difference);
	put_real(o, "p", row->test.p);
	put_real(o, "p_holm", row->p_holm);
	margin = put_object(o, "margin");
	put_real(margin, "relative", row->margin.relative);
	put_real(margin, "absolute", row->margin.absolute);
	put_bool(margin, "is_floor", row->floored);
	put_bool(o, "steady", row->steady);
	put_fact(o, "ruler", row->a->ruler ? row->a->ruler : "");
	put_real(o, "base_steady", row->base_steady);
	put_real(o, "new_steady", row->new_steady);
	put_range(o, "ratio_as_measured", &row->raw);
	put_count(o, "base_lost", waste, row->events_a);
	put_count(o, "new_lost", waste, row->events_b);
	put_real(o, "base_tables", waste ? row->tables_a : NAN);
	put_real(o, "new_tables", waste ? row->tables_b : NAN);
}

static void put_side(struct node root, const char *key, const struct stored *s)
{
	struct node o;
	char text[256];

	if (!s) {
		put_null(root, key);
		return;
	}
	o = put_object(root, key);
	put_fact(o, "path", s->path);
	put_fact(o, "started_utc", s->started_utc);
	put_fact(o, "version", s->host.version);
	put_fact(o, "commit", s->host.commit);
	put_fact(o, "compiler", s->host.compiler);
	put_fact(o, "flags", s->host.flags);
	put_fact(o, "hostname", s->host.hostname);
	fingerprint_show(&s->host, text, sizeof(text));
	put_fact(o, "machine", text);
}

static void put_margins(struct node root, const struct gate_options *o)
{
	struct node margins = put_object(root, "margins");

	for (unsigned m = 0; m < GATE_METRICS; m++) {
		struct node one = put_object(margins, gate_metric_name[m]);

		put_bool(one, "gated", o->gated[m]);
		put_real(one, "min_effect", o->min_effect[m]);
		put_real(one, "absolute", o->absolute[m]);
		put_real(one, "floor", o->floor[m]);
	}
}

static void put_texts(struct node root, const char *key, const char *lines, size_t n, size_t width)
{
	struct node array = put_array(root, key);

	for (size_t i = 0; i < n; i++)
		add_text(array, lines + i * width);
}

static void put_design(struct node root, const struct gate *g, const struct gate_options *o)
{
	put_text(root, "design", o->design == GATE_BUILDS ? "builds" : "files");
	put_real(root, "alpha", g->alpha);
	put_u64(root, "looks", o->looks ? o->looks : 1);
	put_u64(root, "pairs", g->pairs);
	put_u64(root, "tests", g->tests);
	put_u64(root, "seed", o->seed);
	put_bool(root, "raw", o->raw);
	put_bool(root, "strict", o->strict);
	put_bool(root, "forced", g->forced);
	put_bool(root, "warn_only", o->warn_only);
}

static void put_verdict(struct node root, const struct gate *g, const struct gate_options *o)
{
	struct node rows;

	put_text(root, "schema", VERDICT_SCHEMA);
	put_u64(root, "schema_version", VERDICT_SCHEMA_VERSION);
	put_bool(root, "complete", !g->interrupted);
	put_text(root, "verdict", gate_word(g));
	put_u64(root, "exit_code", (uint64_t)g->code);
	put_text(root, "summary", g->summary);
	put_design(root, g, o);
	put_side(root, "base", g->base);
	put_side(root, "new", g->new);
	put_margins(root, o);
	rows = put_array(root, "rows");
	for (size_t i = 0; i < g->nrows; i++)
		put_row(rows, &g->rows[i]);
	put_texts(root, "differs", (const char *)g->differs, g->ndiffers, sizeof(*g->differs));
	put_texts(root, "missing", (const char *)g->missing, g->nmissing, sizeof(*g->missing));
	put_texts(root, "notes", (const char *)g->notes, g->nnotes, sizeof(*g->notes));
}

int gate_write_json(const struct gate *g, const struct gate_options *o, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed };

	put_verdict(root, g, o);
	return write_document(root, 12, out);
}

json_t *gate_document(const struct gate *g, const struct gate_options *o)
{
	bool failed = false;
	struct node root = { json_object(), &failed };

	put_verdict(root, g, o);
	if (root.json && !failed)
		return root.json;
	json_decref(root.json);
	return NULL;
}
