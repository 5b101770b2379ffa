/* columns_parts.h - what the files of a table share; nobody else's business. */
#pragma once

#include "bench/columns.h"

struct cell {
	char *text; /* NULL: none */
	enum paint paint;
	bool rest; /* takes the columns behind it */
};

struct columns_row {
	struct cell *cell; /* one for each column; NULL: lines alone */
	FILE *stream;      /* of lines, while they are written */
	char *lines;       /* below it */
	size_t size;
};

/* Where each column stands. */
struct layout {
	unsigned width[COLUMNS_MAX], left[COLUMNS_MAX]; /* left: before the decimal point */
	unsigned gap[COLUMNS_MAX];
	unsigned start[COLUMNS_MAX], line[COLUMNS_MAX];
	unsigned lines;
};

/* columns_layout.c: in one line if that can be, at best with room between; else in the fewest. */
void columns_lay_out(const struct columns *t, struct layout *l);
/* Of a cell, how much of it stands before its decimal point, or where that would be. */
unsigned columns_before_point(const char *text);

/* columns_print.c: the heading, and a row. */
void columns_print_heading(const struct columns *t, const struct layout *l);
void columns_print_row(const struct columns *t, const struct layout *l, const struct cell *cells);
