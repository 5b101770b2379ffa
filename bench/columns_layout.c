/* columns_layout.c - how wide the columns of a table are, and in how many lines its rows go on. */
#include <string.h>

#include "bench/columns_parts.h"

#define GAP 2u
#define BAR 3u

unsigned columns_before_point(const char *text)
{
	size_t digits = strspn(text, "+-<x0123456789");

	return (unsigned)(digits ? digits : strlen(text));
}

static void take(struct layout *l, unsigned c, const struct column *column, const char *text)
{
	unsigned width = (unsigned)columns_width(text), left = columns_before_point(text);

	if (column->most && width > column->most)
		return;
	if (column->align == COLUMNS_DECIMAL && left > l->left[c]) {
		l->width[c] += left - l->left[c];
		l->left[c] = left;
	}
	if (column->align == COLUMNS_DECIMAL)
		width += l->left[c] - left;
	if (width > l->width[c])
		l->width[c] = width;
}

/* The widest of its lines. */
static unsigned title_width(const char *title)
{
	unsigned width = 0;

	while (title && *title) {
		unsigned n = (unsigned)strcspn(title, "\n");

		width = n > width ? n : width;
		title += n + (title[n] != '\0');
	}
	return width;
}

/* Figures stay to the right. */
static void widen(struct layout *l, unsigned c, unsigned width)
{
	if (l->width[c] >= width)
		return;
	l->left[c] += width - l->width[c];
	l->width[c] = width;
}

static void measure(const struct columns *t, struct layout *l)
{
	for (size_t i = 0; i < t->nrows; i++)
		for (unsigned c = 0; t->row[i].cell && c < t->n; c++)
			if (t->row[i].cell[c].text && !t->row[i].cell[c].rest)
				take(l, c, &t->column[c], t->row[i].cell[c].text);
	for (unsigned c = 0; c < t->n; c++)
		widen(l, c, title_width(t->column[c].title));
}

/* Columns from `first` on, in a line that begins at `at`, that fit; at least one. */
static unsigned fitting(const struct columns *t, const struct layout *l, unsigned first, unsigned at)
{
	unsigned c = first;

	for (; c < t->n; c++) {
		at += (c == first ? 0 : l->gap[c]) + l->width[c];
		if (at > t->terminal->width && c > first)
			break;
	}
	return c;
}

static void set_gaps(const struct columns *t, struct layout *l, unsigned most)
{
	for (unsigned c = 0; c < t->n; c++) {
		unsigned gap = t->column[c].gap ? t->column[c].gap : GAP;

		l->gap[c] = t->column[c].bar ? BAR : gap < most ? gap : most;
	}
}

/* What is left of a narrow line goes to the gaps, from the left. */
static void spread(const struct columns *t, struct layout *l)
{
	struct layout wanted;

	set_gaps(t, &wanted, GAP);
	for (unsigned c = 1; c < t->n; c++) {
		bool more = l->gap[c] < wanted.gap[c];

		l->gap[c] += more;
		if (more && fitting(t, l, 0, t->indent) < t->n) {
			l->gap[c]--;
			break;
		}
	}
}

/* Lines of a row whose later ones begin at `second`; where each column stands. */
static unsigned fold(const struct columns *t, struct layout *l, unsigned second)
{
	unsigned at = t->indent, line = 0;

	for (unsigned c = 0; c < t->n; line++) {
		unsigned end = fitting(t, l, c, at), last = end;

		/* the last place meant for it, if any */
		while (end < t->n && last > c && !t->column[last].fold)
			last--;
		end = last > c ? last : end;
		for (unsigned first = c; c < end; c++) {
			at += c == first ? 0 : l->gap[c];
			l->start[c] = at;
			l->line[c] = line;
			at += l->width[c];
		}
		at = second;
	}
	return line;
}

/* Where lines but the first of a row begin, at best: below the column that says so, or the second. */
static unsigned below(const struct columns *t, const struct layout *l)
{
	unsigned at = t->indent, under = t->n > 1;

	for (unsigned c = t->n; c--;)
		under = t->column[c].under ? c : under;
	for (unsigned c = 0; c < under; c++)
		at += l->width[c] + l->gap[c + 1];
	return at;
}

void columns_lay_out(const struct columns *t, struct layout *l)
{
	unsigned under, aside = t->indent + 4;
	struct layout content;

	measure(t, l);
	content = *l;
	for (unsigned c = 0; c < t->n; c++)
		widen(l, c, t->column[c].least);
	set_gaps(t, l, BAR);
	if (fitting(t, l, 0, t->indent) < t->n)
		*l = content;
	set_gaps(t, l, BAR);
	for (unsigned most = BAR; fitting(t, l, 0, t->indent) < t->n && most; most--)
		set_gaps(t, l, most);
	spread(t, l);
	if (fitting(t, l, 0, t->indent) < t->n)
		set_gaps(t, l, GAP);
	under = below(t, l);
	l->lines = fold(t, l, under);
	if (fold(t, l, aside) < l->lines)
		l->lines = fold(t, l, aside);
	else
		fold(t, l, under);
}
