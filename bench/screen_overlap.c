/* Section 3: what two writers make of one range. */
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

static bool is_overlap(const struct screen *s, const struct case_result *c)
{
	return screen_section(s, c) == 3;
}

/* A single leaf cannot mix chunks; single-entry leaves cannot tear. */
static void overlap_count(struct columns *t, uint64_t n, bool possible)
{
	char text[32];

	columns_cell(t, "%s", n || possible ? show_int(text, sizeof(text), n) : "-");
}

static const struct column overlap_columns[] = {
	{ .least = 11 }, { .least = 18 },
	{ .title = "one writer's", .align = COLUMNS_RIGHT },
	{ .title = "mixed chunks", .align = COLUMNS_RIGHT }, { .title = "torn leaf", .align = COLUMNS_RIGHT },
	{ .title = "absent", .align = COLUMNS_RIGHT }, { .title = "leaked tables", .align = COLUMNS_RIGHT },
};

static void overlap_row(const struct screen *s, struct columns *t, const struct case_result *c)
{
	const struct overlap_result *v = &c->overlap;

	columns_row(t);
	columns_cell(t, "%s%s", c->range, c->disjoint ? " disjoint" : "");
	columns_cell(t, "%s", row_name(s, c->engine));
	if (case_withheld(c)) {
		columns_rest(t, PAINT_WORSE, "withheld, see audit");
		return;
	}
	if (stat_rate_quotable(v->ranges))
		columns_cell(t, "%.1f %%", 100 * (double)v->one_writer / (double)v->ranges);
	else
		columns_cell(t, "-");
	if (!v->ranges)
		return;
	overlap_count(t, v->mixed_chunks, strcmp(c->range, "64K"));
	overlap_count(t, v->torn_leaf, strcmp(c->range, "3x4K"));
	overlap_count(t, v->absent, true);
	overlap_count(t, v->leaked_tables, true);
}

void screen_overlap(const struct screen *s)
{
	uint64_t fewest = UINT64_MAX, most = 0;
	bool per_chunk = false, any = false;
	struct columns t;
	char a[32], b[32];

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];

		if (!is_overlap(s, c))
			continue;
		any = true;
		fewest = c->overlap.ranges < fewest ? c->overlap.ranges : fewest;
		most = c->overlap.ranges > most ? c->overlap.ranges : most;
		per_chunk |= engine_locks(c->engine) && c->overlap.mixed_chunks;
	}
	if (!any)
		return;
	screen_title(s, "3  TWO WRITERS, ONE RANGE", "contract broken on purpose, %s%s%s ranges each",
		     show_int(a, sizeof(a), fewest), fewest == most ? "" : " to ",
		     fewest == most ? "" : show_int(b, sizeof(b), most));
	t = screen_columns(s, overlap_columns, sizeof(overlap_columns) / sizeof(overlap_columns[0]), 3);
	for (size_t i = 0; i < s->r->ncases; i++)
		if (is_overlap(s, &s->r->cases[i]))
			overlap_row(s, &t, &s->r->cases[i]);
	columns_end(&t);
	if (per_chunk)
		screen_words(s, "   ", "mixed under a lock: it is taken per chunk, not per range");
}
