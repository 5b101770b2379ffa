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

static void engine_line(const struct screen *s, const struct case_result *c, const struct series *series)
{
	char first[32], last[32], peak[32], numbers[112], spark[SPARK_COLUMNS + 1], seconds[32];

	series_sparkline(c, series, spark, SPARK_COLUMNS);
	snprintf(numbers, sizeof(numbers), "%s to %s, peak %s",
		 show_int(first, sizeof(first), series->first), show_int(last, sizeof(last), series->last),
		 show_int(peak, sizeof(peak), series->peak));
	fprintf(s->out, "     %-21.21s %-27s |%s| %s\n", short_name(c->engine), numbers, spark,
		show_ns(seconds, sizeof(seconds), (double)series->ends_ns));
}

void screen_series(const struct screen *s, unsigned group)
{
	bool begun = false;

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];
		struct series series;

		if (c->group != group || !series_of(c, &series) || !worth_a_line(c, &series))
			continue;
		if (!begun)
			fprintf(s->out, "     live tables, retired ones among them, from the first slice to the "
				"last (@: the peak)\n");
		begun = true;
		engine_line(s, c, &series);
	}
}
