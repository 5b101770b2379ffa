/* verify_mutants_print.c - the matrix on a terminal, at most 110 columns. */
#include <string.h>

#include "bench/units.h"
#include "bench/verify_evidence.h"
#include "bench/verify_mutants.h"

#define NAME_COLUMNS 22

static const int columns[VERIFY_LAYERS] = {
	[VERIFY_SEQUENCE] = 13, [VERIFY_RACE] = 13,	[VERIFY_DEVICE] = 13,
	[VERIFY_HISTORY] = 13,	[VERIFY_EXPLORER] = 17, [VERIFY_TSAN] = 14,
};

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

/* Cells that end a line leave no blanks behind. */
struct line {
	FILE *out;
	int at, column;
};

static void put_cell(struct line *line, int columns_wide, const char *text, const char *colour)
{
	int gap;

	line->column += columns_wide;
	if (!*text)
		return;
	gap = line->column - columns_wide - line->at;
	gap = gap > 0 || !line->at ? gap : 1;
	fprintf(line->out, "%*s%s%s%s", gap, "", colour, text, *colour ? "\033[0m" : "");
	line->at += gap + (int)strlen(text);
}

static void print_row(const struct verify_matrix *m, const struct verify_row *row, FILE *out,
		      bool colour)
{
	bool wanted = row < m->row + m->nmutants;
	const char *good = colour ? "\033[32m" : "", *bad = colour ? "\033[1;31m" : "";
	struct line line = { .out = out };
	char cell[64];

	put_cell(&line, NAME_COLUMNS, row->name, "");
	for (unsigned l = 0; l < VERIFY_LAYERS; l++) {
		show_cell(cell, sizeof(cell), (enum verify_layer)l, &row->cell[l]);
		put_cell(&line, columns[l], cell, !row->cell[l].out.caught ? "" : wanted ? good : bad);
	}
	if (wanted && (row->caught || m->complete))
		put_cell(&line, 3, row->caught ? "yes" : "NO", row->caught ? good : bad);
	fputc('\n', out);
}

static void print_head(const char *title, const char *last, FILE *out)
{
	struct line line = { .out = out };

	fputc('\n', out);
	put_cell(&line, NAME_COLUMNS, title, "");
	for (unsigned l = 0; l < VERIFY_LAYERS; l++)
		put_cell(&line, columns[l], verify_layer_name[l], "");
	put_cell(&line, 3, last, "");
	fputc('\n', out);
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
static void print_work(const struct verify_matrix *m, FILE *out)
{
	uint64_t operations = 0, lookups = 0, translations = 0, schedules = 0;
	char text[4][32];

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
	fprintf(out, "clean: %s maps and unmaps, %s lookups, %s translations by devices, %s schedules\n",
		show_int(text[0], sizeof(text[0]), operations), show_int(text[1], sizeof(text[1]), lookups),
		show_int(text[2], sizeof(text[2]), translations),
		show_int(text[3], sizeof(text[3]), schedules));
}

static void print_verdict(const struct verify_matrix *m, FILE *out, bool colour)
{
	bool bad = m->missed || m->alarms || !m->complete;
	size_t caught = 0;

	for (size_t i = 0; i < m->nmutants; i++)
		caught += m->row[i].caught != 0;
	fprintf(out, "%s%s%zu of %zu bug%s caught", colour ? bad ? "\033[1;31m" : "\033[32m" : "",
		m->complete ? "" : "not complete: so far ", caught, m->nmutants,
		m->nmutants == 1 ? "" : "s");
	if (m->n > m->nmutants)
		fprintf(out, "; %zu clean engines, %zu false alarm%s", m->engines, m->alarms,
			m->alarms == 1 ? "" : "s");
	fprintf(out, "%s; %.0f s\n", colour ? "\033[0m" : "", (double)m->elapsed_ns / 1e9);
	for (size_t i = 0; m->missed && i < m->nmutants; i++)
		if (!m->row[i].caught)
			fprintf(out, "  missed: %-*s %s\n", NAME_COLUMNS - 2, m->row[i].name,
				pt_mutants[m->row[i].job.mutant].help);
}

void verify_mutants_print(const struct verify_matrix *m, FILE *out, bool colour)
{
	const struct verify_matrix_options *o = m->options;

	fprintf(out, "iopt verify --mutants | seed %llu | %.3g s a layer at most | %u writer%s | %u at once\n"
		"when a layer caught the bug, and by what; - it looked and did not\n",
		(unsigned long long)o->seed, (double)o->seconds_each_ns / 1e9, m->threads,
		m->threads == 1 ? "" : "s", m->at_once);
	print_head("BUG", "any", out);
	for (size_t i = 0; i < m->nmutants; i++)
		if (m->row[i].begun)
			print_row(m, &m->row[i], out, colour);
	if (m->n > m->nmutants)
		print_head("NO BUG", "", out);
	for (size_t i = m->nmutants; i < m->n; i++)
		if (m->row[i].begun)
			print_row(m, &m->row[i], out, colour);
	fputc('\n', out);
	for (unsigned l = 0; l < VERIFY_LAYERS; l++)
		if (!verify_layer_built(m, (enum verify_layer)l))
			fprintf(out, "%s: not built, nothing was looked at: %s\n", verify_layer_name[l],
				what_is_missing[l]);
	print_alarms(m, out);
	print_work(m, out);
	print_verdict(m, out, colour);
}
