/* gate_csv.c - a row per test, for spreadsheets. */
#include "bench/csv.h"
#include "bench/gate_parts.h"

static void write_row(struct csv *csv, const struct gate_row *row)
{
	bool waste = row->metric == GATE_WASTE;

	text(csv, "case_id", row->a->id);
	text(csv, "metric", gate_metric_name[row->metric]);
	text(csv, "name", row->name);
	text(csv, "unit", row->unit);
	text(csv, "verdict", row->verdict == GATE_INFO ? "" : gate_verdict_name[row->verdict]);
	flag(csv, "gated", row->gated);
	u64(csv, "pairs", row->pairs);
	real(csv, "base", row->base);
	real(csv, "new", row->new);
	interval(csv, "ratio", &row->test.ratio);
	interval(csv, "difference", &row->test.difference);
	real(csv, "p", row->test.p);
	real(csv, "p_holm", row->p_holm);
	real(csv, "margin_relative", row->margin.relative);
	real(csv, "margin_absolute", row->margin.absolute);
	flag(csv, "margin_is_floor", row->floored);
	text(csv, "ruler", row->steady ? row->a->ruler : "");
	real(csv, "base_steady", row->base_steady);
	real(csv, "new_steady", row->new_steady);
	interval(csv, "ratio_as_measured", &row->raw);
	real(csv, "base_lost", waste ? (double)row->events_a : NAN);
	real(csv, "new_lost", waste ? (double)row->events_b : NAN);
	real(csv, "base_tables", waste ? row->tables_a : NAN);
	real(csv, "new_tables", waste ? row->tables_b : NAN);
	text(csv, "why", row->why);
	end_row(csv);
}

int gate_write_csv(const struct gate *g, FILE *out)
{
	const struct stored_case none = { .id = "" };
	const struct gate_row empty = { .a = &none };
	struct csv csv = { .out = out, .header = true };

	write_row(&csv, &empty);
	csv.header = false;
	for (size_t i = 0; i < g->nrows; i++)
		write_row(&csv, &g->rows[i]);
	return end_file(&csv);
}
