/* gate_text.c - the verdict for people: a screen as wide as the terminal, the worst first. */
#include <string.h>

#include "bench/columns.h"
#include "bench/gate_parts.h"

#define MISSING_MAX 20u

/* Where the text goes. */
struct page {
	FILE *out;
	struct terminal terminal;
};

static void wrap_painted(const struct page *p, enum paint paint, const char *lead, const char *text)
{
	fputs(lead, p->out);
	columns_words(p->out, &p->terminal, paint, strlen(lead), strlen(lead), text);
}

static void wrap(const struct page *p, const char *lead, const char *text)
{
	wrap_painted(p, PAINT_NONE, lead, text);
}

static enum paint paint_of(enum gate_verdict v)
{
	switch (v) {
	case GATE_REGRESSED:
		return PAINT_WORSE;
	case GATE_INCONCLUSIVE:
		return PAINT_UNSURE;
	case GATE_IMPROVED:
		return PAINT_BETTER;
	default:
		return PAINT_NONE;
	}
}

static void put_row(struct columns *t, const struct gate_row *row)
{
	char text[64];

	columns_row(t);
	columns_cell(t, "%s", row->name);
	columns_cell(t, "%s", gate_show_value(text, sizeof(text), row, 0));
	columns_cell(t, "%s", gate_show_value(text, sizeof(text), row, 1));
	columns_cell(t, "%s%s", gate_show_ratio(text, sizeof(text), row), row->steady ? " *" : "");
	columns_cell(t, "%s", gate_show_margin(text, sizeof(text), row));
	columns_cell(t, "%s", gate_show_p(text, sizeof(text), row));
	columns_paint(t, paint_of(row->verdict), "%s", gate_verdict_name[row->verdict]);
}

static void print_head(const struct page *p, const struct gate *g, const struct gate_options *o)
{
	char text[1024];

	wrap(p, "iopt compare  ", gate_show_design(text, sizeof(text), g, o));
	wrap(p, "  base  ", gate_show_side(text, sizeof(text), g->base));
	wrap(p, "  new   ", gate_show_side(text, sizeof(text), g->new));
	if (g->base) {
		fingerprint_show(&g->base->host, text, sizeof(text));
		wrap(p, "  on    ", text);
	}
	if (o->design == GATE_FILES)
		wrap(p, "! ", "measured one after the other, so that drift counts: prefer --old and --new");
}

static void print_remarks(const struct page *p, const struct gate *g)
{
	char more[64];

	for (size_t i = 0; i < g->nnotes; i++)
		wrap(p, "! ", g->notes[i]);
	for (size_t i = 0; i < g->ndiffers; i++)
		wrap(p, "differs: ", g->differs[i]);
	for (size_t i = 0; i < g->nmissing && i < MISSING_MAX; i++)
		wrap(p, "", g->missing[i]);
	if (g->nmissing > MISSING_MAX) {
		snprintf(more, sizeof(more), "and %zu more that one side lacks", g->nmissing - MISSING_MAX);
		wrap(p, "", more);
	}
}

static void remarks_on(const struct page *p, const struct gate_row *row, const struct gate_apart *apart)
{
	char steady[200];

	if (*gate_show_steady(steady, sizeof(steady), row))
		wrap(p, "      ", steady);
	if (row->why[0] && strcmp(row->why, apart->why) != 0)
		wrap(p, "      ", row->why);
}

static void print_rows(const struct page *p, const struct gate *g, const struct gate_options *o,
		       const struct gate_apart *apart)
{
	char level[24];
	const struct column column[] = {
		{ .title = "metric", .least = 11 }, { .title = "base", .align = COLUMNS_RIGHT, .least = 10 },
		{ .title = "new", .align = COLUMNS_RIGHT, .least = 10 }, { .title = level, .least = 21 },
		{ .title = "margin", .align = COLUMNS_RIGHT, .least = 12, .fold = true },
		{ .title = "p Holm", .align = COLUMNS_RIGHT, .least = 5 }, { .title = "verdict" },
	};
	const struct stored_case *last = NULL;
	struct page below = *p;
	struct columns t;

	snprintf(level, sizeof(level), "ratio [%.3g %%]", 100 * (1 - g->alpha));
	fputc('\n', p->out);
	t = columns_begin(p->out, &p->terminal, column, sizeof(column) / sizeof(column[0]), 2);
	for (size_t i = 0; i < g->nrows; i++) {
		const struct gate_row *row = &g->rows[i];

		if (!gate_row_shown(row, o))
			continue;
		below.out = columns_below(&t);
		if (row->a != last)
			wrap_painted(&below, PAINT_TITLE, "", row->a->id);
		last = row->a;
		put_row(&t, row);
		below.out = columns_below(&t);
		remarks_on(&below, row, apart);
	}
	columns_end(&t);
	fputc('\n', p->out);
}

int gate_write_text(const struct gate *g, const struct gate_options *o, FILE *out, struct terminal terminal)
{
	const struct gate_apart apart = gate_apart(g, o);
	const struct page p = { out, terminal };
	char text[400];

	print_head(&p, g, o);
	print_remarks(&p, g);
	if (*gate_show_common(text, sizeof(text), &apart))
		wrap(&p, "! ", text);
	if (apart.shown)
		print_rows(&p, g, o, &apart);
	if (*gate_show_mark(&apart))
		wrap(&p, "", gate_show_mark(&apart));
	if (*gate_show_left_out(text, sizeof(text), &apart))
		wrap(&p, "", text);
	snprintf(text, sizeof(text), "%s (%s)", gate_word(g), g->summary);
	wrap_painted(&p, paint_of(g->verdict), "verdict: ", text);
	return fflush(out) || ferror(out) ? -1 : 0;
}
