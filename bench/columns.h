/*
 * columns.h - a table of text, laid out once all its cells are known: as wide as its content, narrowed
 * where the terminal is narrow, and where that is not enough every row goes on in a second line, its
 * heading as well, so that each cell still stands under its title. Main thread.
 *
 *	struct columns t = columns_begin(out, terminal, column, n, indent);
 *	columns_row(&t);
 *	columns_cell(&t, "%s", name);
 *	columns_paint(&t, PAINT_WORSE, "worse");
 *	fprintf(columns_below(&t), "   a remark on this row\n");
 *	columns_end(&t);
 */
#pragma once

#include <stddef.h>

#include "bench/terminal.h"

#define COLUMNS_MAX 64u

enum columns_align { COLUMNS_LEFT, COLUMNS_RIGHT, COLUMNS_DECIMAL /* points in one column, "-" right */ };

struct column {
	const char *title; /* lines of it by '\n', the last is next to the rows; NULL or "": none */
	enum columns_align align;
	unsigned least; /* columns it takes where there is room, even if its content needs fewer */
	bool firm;      /* … and where there is none */
	unsigned most;  /* of the first: a longer name has a line of its own; 0: no limit */
	unsigned gap;   /* blanks before it, fewer where it is narrow; 0: 2 */
	bool bar;       /* " | " before it instead */
	bool fold;      /* where rows go on in another line, it begins here at best, … */
	bool under;     /* … and stands below this one; of none: below the second */
};

struct columns {
	FILE *out;
	const struct terminal *terminal;
	const struct column *column; /* n of them; they and their titles live until columns_end() */
	unsigned n, indent;
	struct columns_row *row; /* nrows of them */
	size_t nrows, room;
	unsigned at; /* the next cell of the last row */
	bool failed; /* no memory */
};

struct columns columns_begin(FILE *out, const struct terminal *terminal, const struct column *column,
			     unsigned n, unsigned indent);
void columns_row(struct columns *t);
/* The next cell of the row. What is not text becomes '?'. */
void columns_cell(struct columns *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void columns_paint(struct columns *t, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The rest of the row, whatever its columns are: words. */
void columns_rest(struct columns *t, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes lines that stand below the last row, or above the first; until the next call for this table. */
FILE *columns_below(struct columns *t);
/* Prints heading and rows, of no rows nothing, and frees. */
void columns_end(struct columns *t);

/* What moves a cursor, or is no UTF-8, becomes '?': a result may come from anywhere. */
void columns_clean(char *text);
/* How many columns of a terminal the text takes (UTF-8). */
size_t columns_width(const char *text);
/* How many bytes of it fit into `most` of them; they take *taken. */
size_t columns_cut(const char *text, size_t most, size_t *taken);
/*
 * Words from column `at` on, those of further lines indented; ends with a newline. A word that is wider
 * than a line is left whole: it may be a path. What is not text becomes '?'.
 */
void columns_words(FILE *out, const struct terminal *terminal, enum paint paint, size_t at, size_t indent,
		   const char *text);
