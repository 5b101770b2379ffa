/* screen_series.c - live tables over time, a line for each engine of a group on the DMA path. */
#include <string.h>

#include "bench/screen.h"
#include "bench/series.h"
#include "bench/units.h"

#define SPARK_COLUMNS 36u

/* Of the workload that is about it always, of another when its tables more than double. */
static bool worth_a_line(const struct case_result *c, const struct series *s)
{
	if (c->engine->ruler)
		return false;
	return !strcmp(c->workload, "piecewise") || s->peak > 2 * s->first;
}

static void engine_row(const struct screen *s, struct columns *t, const struct case_result *c,
		       const struct series *series)
{
	char first[32], last[32], peak[32], spark[SPARK_COLUMNS + 1];

	columns_row(t);
	columns_cell(t, "%s", row_name(s, c->engine));
	columns_cell(t, "%s to %s, peak %s", show_int(first, sizeof(first), series->first),
		     show_int(last, sizeof(last), series->last), show_int(peak, sizeof(peak), series->peak));
	series_sparkline(c, series, spark, SPARK_COLUMNS);
	columns_cell(t, "|%s|", spark);
	columns_cell(t, "%s", show_ns(first, sizeof(first), (double)series->ends_ns));
}

void screen_series(const struct screen *s, unsigned group)
{
	static const struct column column[] = {
		{ .least = 20 }, { .least = 26 }, { .fold = true }, { .gap = 1 },
	};
	struct columns t = screen_columns(s, column, sizeof(column) / sizeof(column[0]), 5);
	bool begun = false;

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];
		struct series series;

		if (c->group != group || !series_of(c, &series) || !worth_a_line(c, &series))
			continue;
		if (!begun)
			screen_words(s, "     ", "live tables, retired ones among them, from the first slice to the "
				     "last (@: the peak)");
		begun = true;
		engine_row(s, &t, c, &series);
	}
	columns_end(&t);
}
