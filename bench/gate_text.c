/* gate_text.c - the verdict for people: a screen of at most 100 columns, the worst first. */
#include <ctype.h>
#include <string.h>

#include "bench/gate_parts.h"

#define COLUMNS 100
#define MISSING_MAX 20u

struct screen {
	FILE *out;
	bool colour;
};

/* Words on lines of 100 columns, those after the first indented. What is not text becomes '?'. */
static void wrap(const struct screen *s, const char *lead, const char *text)
{
	int at = fprintf(s->out, "%s", lead), indent = at;
	bool begun = false;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (begun && at + 1 + length > COLUMNS)
			at = fprintf(s->out, "\n%*s", indent, "") - 1;
		else if (begun)
			at += fprintf(s->out, " ");
		at += length;
		begun = true;
		for (; length; length--, text++)
			fputc(iscntrl((unsigned char)*text) ? '?' : *text, s->out);
		text += strspn(text, " ");
	}
	fputc('\n', s->out);
}

static const char *colour_of(enum gate_verdict v)
{
	switch (v) {
	case GATE_REGRESSED:
		return "\033[31m";
	case GATE_INCONCLUSIVE:
		return "\033[33m";
	case GATE_IMPROVED:
		return "\033[32m";
	default:
		return "";
	}
}

static void print_row(const struct screen *s, const struct gate_row *row)
{
	char base[32], new[32], ratio[64], margin[48], p[16], steady[200];
	const char *colour = s->colour ? colour_of(row->verdict) : "";

	fprintf(s->out, "  %-11s %11s %11s  %-21s %13s %6s  %s%s%s\n", row->name,
		gate_show_value(base, sizeof(base), row, 0), gate_show_value(new, sizeof(new), row, 1),
		gate_show_ratio(ratio, sizeof(ratio), row), gate_show_margin(margin, sizeof(margin), row),
		gate_show_p(p, sizeof(p), row), colour, gate_verdict_name[row->verdict],
		*colour ? "\033[0m" : "");
	if (*gate_show_steady(steady, sizeof(steady), row))
		wrap(s, "      ", steady);
	if (row->why[0])
		wrap(s, "      ", row->why);
}

static void print_head(const struct screen *s, const struct gate *g, const struct gate_options *o)
{
	char text[1024];

	wrap(s, "iopt compare  ", gate_show_design(text, sizeof(text), g, o));
	wrap(s, "  base  ", gate_show_side(text, sizeof(text), g->base));
	wrap(s, "  new   ", gate_show_side(text, sizeof(text), g->new));
	if (g->base) {
		fingerprint_show(&g->base->host, text, sizeof(text));
		wrap(s, "  on    ", text);
	}
	if (o->design == GATE_FILES)
		wrap(s, "! ", "measured one after the other, so that drift counts: prefer --old and --new");
}

static void print_remarks(const struct screen *s, const struct gate *g)
{
	char more[64];

	for (size_t i = 0; i < g->nnotes; i++)
		wrap(s, "! ", g->notes[i]);
	for (size_t i = 0; i < g->ndiffers; i++)
		wrap(s, "differs: ", g->differs[i]);
	for (size_t i = 0; i < g->nmissing && i < MISSING_MAX; i++)
		wrap(s, "", g->missing[i]);
	if (g->nmissing > MISSING_MAX) {
		snprintf(more, sizeof(more), "and %zu more that one side lacks", g->nmissing - MISSING_MAX);
		wrap(s, "", more);
	}
}

static void print_rows(const struct screen *s, const struct gate *g, const struct gate_options *o)
{
	const struct stored_case *last = NULL;
	char level[24];

	snprintf(level, sizeof(level), "ratio [%.3g %%]", 100 * (1 - g->alpha));
	fprintf(s->out, "\n  %-11s %11s %11s  %-21s %13s %6s  %s\n", "metric", "base", "new", level,
		"margin", "p Holm", "verdict");
	for (size_t i = 0; i < g->nrows; i++) {
		const struct gate_row *row = &g->rows[i];

		if (!gate_row_shown(row, o))
			continue;
		if (row->a != last) {
			fputs(s->colour ? "\033[1m" : "", s->out);
			wrap(s, "", row->a->id);
			fputs(s->colour ? "\033[0m" : "", s->out);
		}
		last = row->a;
		print_row(s, row);
	}
	fputc('\n', s->out);
}

int gate_write_text(const struct gate *g, const struct gate_options *o, FILE *out, bool colour)
{
	const struct screen s = { out, colour };
	char text[400];

	print_head(&s, g, o);
	print_remarks(&s, g);
	if (g->nrows)
		print_rows(&s, g, o);
	if (colour)
		fputs(colour_of(g->verdict), out);
	snprintf(text, sizeof(text), "%s (%s)", gate_word(g), g->summary);
	wrap(&s, "verdict: ", text);
	if (colour)
		fputs("\033[0m", out);
	return fflush(out) || ferror(out) ? -1 : 0;
}
