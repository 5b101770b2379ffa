/* columns_print.c - a table that has been laid out, line by line. */
#include <string.h>

#include "bench/columns_parts.h"

/* A line under construction: blanks are written when something follows them. */
struct pen {
	FILE *out;
	unsigned at;
};

static void go_to(struct pen *pen, unsigned column)
{
	if (column > pen->at)
		fprintf(pen->out, "%*s", (int)(column - pen->at), "");
	pen->at = column > pen->at ? column : pen->at;
}

static void new_line(struct pen *pen)
{
	fputc('\n', pen->out);
	pen->at = 0;
}

static void bar(const struct columns *t, const struct layout *l, unsigned c, struct pen *pen)
{
	if (!t->column[c].bar || !c || l->line[c] != l->line[c - 1])
		return;
	go_to(pen, l->start[c] - 2);
	fputc('|', pen->out);
	pen->at++;
}

/* The `k`-th of a title's lines as they are counted from the bottom; -1: it has not so many. */
static int title_line(const char *title, unsigned k, const char **text)
{
	const char *begin = title ? title : "", *end = begin + strlen(begin);

	for (;;) {
		const char *line = end;

		while (line > begin && line[-1] != '\n')
			line--;
		*text = line;
		if (!k--)
			return (int)(end - line);
		if (line == begin)
			return -1;
		end = line - 1;
	}
}

static unsigned title_lines(const struct columns *t)
{
	unsigned lines = 0;
	const char *text;

	for (unsigned c = 0; c < t->n; c++)
		while (t->column[c].title && *t->column[c].title &&
		       title_line(t->column[c].title, lines, &text) >= 0)
			lines++;
	return lines;
}

/* Those take room, but nobody sees them. */
static size_t blanks_behind(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && text[length - 1 - n] == ' ')
		n++;
	return n;
}

void columns_print_heading(const struct columns *t, const struct layout *l)
{
	unsigned lines = title_lines(t);
	struct pen pen = { t->out, 0 };

	for (unsigned line = 0; line < l->lines; line++)
		for (unsigned k = lines; k--;) {
			for (unsigned c = 0; c < t->n; c++) {
				const char *text;
				int n = title_line(t->column[c].title, k, &text);

				if (l->line[c] != line)
					continue;
				bar(t, l, c, &pen);
				if (n <= 0)
					continue;
				go_to(&pen, l->start[c] + (t->column[c].align == COLUMNS_LEFT ? 0 :
							   l->width[c] - (unsigned)n));
				n -= (int)blanks_behind(text, (size_t)n);
				fprintf(t->out, "%.*s", n, text);
				pen.at += (unsigned)n;
			}
			if (pen.at) /* of lines without a title nothing is printed */
				new_line(&pen);
		}
}

static unsigned cell_start(const struct columns *t, const struct layout *l, unsigned c,
			   const struct cell *cell)
{
	unsigned width = (unsigned)columns_width(cell->text), start = l->start[c];

	if (t->column[c].align == COLUMNS_LEFT || width >= l->width[c])
		return start;
	if (t->column[c].align == COLUMNS_RIGHT || !strcmp(cell->text, "-")) /* no figure: no point */
		return start + l->width[c] - width;
	return start + l->left[c] - columns_before_point(cell->text);
}

static void print_cell(const struct columns *t, const struct layout *l, unsigned c, const struct cell *cell,
		       struct pen *pen)
{
	unsigned width = (unsigned)columns_width(cell->text);
	size_t blanks = blanks_behind(cell->text, strlen(cell->text));

	if (blanks == width)
		return;
	go_to(pen, cell_start(t, l, c, cell));
	fprintf(t->out, "%s%.*s%s", paint_begin(t->terminal, cell->paint), (int)(strlen(cell->text) - blanks),
		cell->text, paint_end(t->terminal, cell->paint));
	pen->at += width - (unsigned)blanks;
	if (!c && t->n > 1 && width > l->width[c]) /* a name with a line of its own */
		new_line(pen);
}

static void print_rest(const struct columns *t, const struct layout *l, unsigned c, const struct cell *cell,
		       struct pen *pen)
{
	go_to(pen, l->start[c]);
	columns_words(t->out, t->terminal, cell->paint, l->start[c], l->start[c], cell->text);
}

static bool line_has_cells(const struct columns *t, const struct layout *l, const struct cell *cells,
			   unsigned line)
{
	for (unsigned c = 0; c < t->n; c++)
		if (l->line[c] == line && cells[c].text && *cells[c].text)
			return true;
	return false;
}

void columns_print_row(const struct columns *t, const struct layout *l, const struct cell *cells)
{
	struct pen pen = { t->out, 0 };

	for (unsigned line = 0; line < l->lines; line++) {
		if (!line_has_cells(t, l, cells, line))
			continue;
		for (unsigned c = 0; c < t->n; c++) {
			if (l->line[c] != line)
				continue;
			if (cells[c].rest && cells[c].text) {
				print_rest(t, l, c, &cells[c], &pen);
				return;
			}
			bar(t, l, c, &pen);
			if (cells[c].text)
				print_cell(t, l, c, &cells[c], &pen);
		}
		if (pen.at)
			new_line(&pen);
	}
}
