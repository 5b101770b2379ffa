/* columns.c - the cells of a table, and the lines between its rows, until all are known. */
#include "bench/columns.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/columns_parts.h"

struct columns columns_begin(FILE *out, const struct terminal *terminal, const struct column *column,
			     unsigned n, unsigned indent)
{
	return (struct columns){ .out = out, .terminal = terminal, .column = column,
				 .n = n < COLUMNS_MAX ? n : COLUMNS_MAX, .indent = indent };
}

static struct columns_row *last_row(struct columns *t)
{
	return t->nrows ? &t->row[t->nrows - 1] : NULL;
}

static struct columns_row *add_row(struct columns *t)
{
	struct columns_row *row = last_row(t);

	if (row && row->stream) {
		t->failed |= fclose(row->stream) != 0;
		row->stream = NULL;
	}
	if (!t->row || t->nrows == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct columns_row *more = reallocarray(t->row, room, sizeof(*more));

		if (!more) {
			t->failed = true;
			return NULL;
		}
		t->row = more;
		t->room = room;
	}
	row = &t->row[t->nrows++];
	memset(row, 0, sizeof(*row));
	return row;
}

void columns_row(struct columns *t)
{
	struct columns_row *row = add_row(t);

	t->at = 0;
	if (!row)
		return;
	row->cell = calloc(t->n, sizeof(*row->cell));
	t->failed |= !row->cell;
}

static void add_cell(struct columns *t, enum paint paint, bool rest, const char *fmt, va_list ap)
{
	struct columns_row *row = last_row(t);
	struct cell *cell;

	if (!row || !row->cell || t->at >= t->n) /* no memory; or more cells than titles */
		return;
	cell = &row->cell[t->at++];
	cell->paint = paint;
	cell->rest = rest;
	if (vasprintf(&cell->text, fmt, ap) < 0) {
		cell->text = NULL;
		t->failed = true;
		return;
	}
	columns_clean(cell->text);
}

void columns_cell(struct columns *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_cell(t, PAINT_NONE, false, fmt, ap);
	va_end(ap);
}

void columns_paint(struct columns *t, enum paint paint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_cell(t, paint, false, fmt, ap);
	va_end(ap);
}

void columns_rest(struct columns *t, enum paint paint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_cell(t, paint, true, fmt, ap);
	va_end(ap);
	t->at = t->n;
}

FILE *columns_below(struct columns *t)
{
	struct columns_row *row = last_row(t);

	if (!row)
		row = add_row(t);
	if (row && !row->stream)
		row->stream = open_memstream(&row->lines, &row->size);
	t->failed |= !row || !row->stream;
	/* out of order is better than not at all */
	return row && row->stream ? row->stream : t->out;
}

static void free_row(struct columns *t, struct columns_row *row)
{
	for (unsigned c = 0; row->cell && c < t->n; c++)
		free(row->cell[c].text);
	free(row->cell);
	free(row->lines);
}

void columns_end(struct columns *t)
{
	struct columns_row *row = last_row(t);
	struct layout l = { .lines = 1 };

	if (row && row->stream)
		t->failed |= fclose(row->stream) != 0;
	columns_lay_out(t, &l);
	if (t->nrows)
		columns_print_heading(t, &l);
	for (size_t i = 0; i < t->nrows; i++) {
		if (t->row[i].cell)
			columns_print_row(t, &l, t->row[i].cell);
		if (t->row[i].lines)
			fwrite(t->row[i].lines, 1, t->row[i].size, t->out);
		free_row(t, &t->row[i]);
	}
	if (t->failed)
		fputs("! no memory: this table is not whole\n", t->out);
	free(t->row);
	*t = (struct columns){ 0 };
}
