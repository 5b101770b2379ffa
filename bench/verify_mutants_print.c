/* verify_mutants_print.c - the matrix on a terminal. */
#include <string.h>

#include "bench/columns.h"
#include "bench/units.h"
#include "bench/verify_evidence.h"
#include "bench/verify_mutants.h"

#define COLUMNS (1 + VERIFY_LAYERS + 1)

static const char *const what_is_missing[VERIFY_LAYERS] = {
	[VERIFY_EXPLORER] = "ninja explore, or --explorer PROGRAM",
	[VERIFY_TSAN] = "scripts/build tsan, or --tsan PROGRAM",
};

/* "31 ms", "1.24 s" */
static int show_time(char *buf, size_t size, uint64_t ns)
{
	double s = (double)ns / 1e9;

	if (s < 0.9995)
		return snprintf(buf, size, s < 0.001 ? "<1 ms" : "%.0f ms", 1e3 * s);
	return snprintf(buf, size, s < 10 ? "%.2f s" : "%.1f s", s);
}

/* "31 ms O4", "1,204 schedules", "-": it looked and found nothing. */
static void show_cell(char *buf, size_t size, enum verify_layer layer, const struct verify_cell *cell)
{
	const struct verify_outcome *out = &cell->out;
	char n[32];
	int at;

	if (!out->caught) {
		snprintf(buf, size, "%s", cell->looked ? "-" : "");
	} else if (layer == VERIFY_EXPLORER && out->rounds) {
		snprintf(buf, size, "%s schedule%s", show_int(n, sizeof(n), out->rounds),
			 out->rounds == 1 ? "" : "s");
	} else {
		at = show_time(buf, size, out->elapsed_ns);
		/* what goes without saying is not said */
		if (strcmp(out->oracle, verify_layer_name[layer]) && layer != VERIFY_EXPLORER &&
		    (layer != VERIFY_TSAN || strcmp(out->oracle, "race")))
			snprintf(buf + at, size - (size_t)at, " %s", out->oracle);
	}
}

/* A false alarm has its sign, a bug its word behind the row. */
static void put_row(struct columns *t, const struct verify_matrix *m, const struct verify_row *row)
{
	bool wanted = row < m->row + m->nmutants;
	char cell[64];

	columns_row(t);
	columns_cell(t, "%s", row->name);
	for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
		bool alarm = row->cell[l].out.caught && !wanted;

		show_cell(cell, sizeof(cell), (enum verify_layer)l, &row->cell[l]);
		columns_paint(t, alarm ? PAINT_WORSE : PAINT_NONE, "%s%s", alarm ? "! " : "", cell);
	}
	if (wanted && (row->caught || m->complete))
		columns_paint(t, row->caught ? PAINT_BETTER : PAINT_WORSE, "%s", row->caught ? "yes" : "NO");
}

/* Rows from `from` to `to` - 1, those that were looked at. */
static void print_rows(const struct verify_matrix *m, size_t from, size_t to, FILE *out,
		       const struct terminal *terminal)
{
	bool bugs = from < m->nmutants;
	struct column column[COLUMNS] = { { .title = bugs ? "BUG" : "NO BUG", .least = 20, .most = 36 } };
	struct columns t;

	if (from == to)
		return;
	for (unsigned l = 0; l < VERIFY_LAYERS; l++)
		column[1 + l] = (struct column){ .title = verify_layer_name[l], .least = 11 };
	column[1 + VERIFY_HISTORY].fold = true;
	column[1 + VERIFY_LAYERS].title = bugs ? "any" : "";
	fputc('\n', out);
	t = columns_begin(out, terminal, column, COLUMNS, 0);
	columns_below(&t); /* a heading even of no rows */
	for (size_t i = from; i < to; i++)
		if (m->row[i].begun)
			put_row(&t, m, &m->row[i]);
	columns_end(&t);
}

static void print_evidence(const struct verify_row *row, enum verify_layer layer, FILE *out)
{
	fprintf(out, "%s, %s (%s):\n", row->name, verify_layer_name[layer],
		row->cell[layer].out.oracle);
	verify_evidence_print(row->cell[layer].out.evidence, out);
}

static void print_alarms(const struct verify_matrix *m, FILE *out)
{
	if (m->alarms)
		fputs("\nFALSE ALARMS: a clean engine, and yet\n", out);
	for (size_t i = m->nmutants; i < m->n; i++)
		for (unsigned l = 0; l < VERIFY_LAYERS; l++)
			if (m->row[i].cell[l].out.caught)
				print_evidence(&m->row[i], (enum verify_layer)l, out);
}

/* What the negative control is worth: how much was looked at. */
static void print_work(const struct verify_matrix *m, FILE *out, const struct terminal *terminal)
{
	uint64_t operations = 0, lookups = 0, translations = 0, schedules = 0;
	char text[4][32], line[256];

	for (size_t i = m->nmutants; i < m->n; i++)
		for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
			const struct verify_outcome *o = &m->row[i].cell[l].out;

			operations += o->operations;
			lookups += o->lookups;
			translations += o->translations;
			schedules += l == VERIFY_EXPLORER ? o->rounds : 0;
		}
	if (m->n == m->nmutants)
		return;
	snprintf(line, sizeof(line), "clean: %s maps and unmaps, %s lookups, %s translations by devices, "
		 "%s schedules",
		 show_int(text[0], sizeof(text[0]), operations), show_int(text[1], sizeof(text[1]), lookups),
		 show_int(text[2], sizeof(text[2]), translations),
		 show_int(text[3], sizeof(text[3]), schedules));
	columns_words(out, terminal, PAINT_NONE, 0, 2, line);
}

static void print_missed(const struct verify_matrix *m, FILE *out, const struct terminal *terminal)
{
	static const struct column column[] = { { .least = 28 }, { .gap = 1 } };
	struct columns t = columns_begin(out, terminal, column, 2, 2);

	for (size_t i = 0; m->missed && i < m->nmutants; i++) {
		if (m->row[i].caught)
			continue;
		columns_row(&t);
		columns_paint(&t, PAINT_WORSE, "missed: %s", m->row[i].name);
		columns_rest(&t, PAINT_NONE, "%s", pt_mutants[m->row[i].job.mutant].help);
	}
	columns_end(&t);
}

static void print_verdict(const struct verify_matrix *m, FILE *out, const struct terminal *terminal)
{
	enum paint paint = m->missed || m->alarms ? PAINT_WORSE : m->complete ? PAINT_BETTER : PAINT_UNSURE;
	char more[80] = "", text[160];
	size_t caught = 0;

	for (size_t i = 0; i < m->nmutants; i++)
		caught += m->row[i].caught != 0;
	if (m->n > m->nmutants)
		snprintf(more, sizeof(more), "; %zu clean engines, %zu false alarm%s", m->engines, m->alarms,
			 m->alarms == 1 ? "" : "s");
	snprintf(text, sizeof(text), "%s%zu of %zu bug%s caught%s; %.0f s",
		 m->complete ? "" : "not complete: so far ", caught, m->nmutants, m->nmutants == 1 ? "" : "s", more,
		 (double)m->elapsed_ns / 1e9);
	columns_words(out, terminal, paint, 0, 2, text);
	print_missed(m, out, terminal);
}

void verify_mutants_print(const struct verify_matrix *m, FILE *out, struct terminal terminal)
{
	const struct verify_matrix_options *o = m->options;
	char text[200];

	snprintf(text, sizeof(text), "iopt verify --mutants | seed %llu | %.3g s a layer at most | %u writer%s | "
		 "%u at once", (unsigned long long)o->seed, (double)o->seconds_each_ns / 1e9, m->threads,
		 m->threads == 1 ? "" : "s", m->at_once);
	columns_words(out, &terminal, PAINT_NONE, 0, 2, text);
	fputs("when a layer caught the bug, and by what; - it looked and did not\n", out);
	print_rows(m, 0, m->nmutants, out, &terminal);
	print_rows(m, m->nmutants, m->n, out, &terminal);
	fputc('\n', out);
	for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
		if (verify_layer_built(m, (enum verify_layer)l))
			continue;
		snprintf(text, sizeof(text), "%s: not built, nothing was looked at: %s", verify_layer_name[l],
			 what_is_missing[l]);
		columns_words(out, &terminal, PAINT_NONE, 0, 2, text);
	}
	print_alarms(m, out);
	print_work(m, out, &terminal);
	print_verdict(m, out, &terminal);
}
