/* screen_series.c - live table pages over time, in a line below the case's row. */
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/series.h"
#include "bench/units.h"

#define SPARK_COLUMNS 40u

/* Of the workload that is about it always, of another when its tables more than double. */
static bool worth_a_line(const struct case_result *c, const struct series *s)
{
	if (c->engine->ruler)
		return false;
	return !strcmp(c->workload, "piecewise") || (c->dma.asked && s->peak > 2 * s->first);
}

void screen_series(const struct screen *s, const struct case_result *c)
{
	char first[32], last[32], peak[32], spark[SPARK_COLUMNS + 1], seconds[32];
	struct series series;
	struct flow flow;

	if (!series_of(c, &series) || !worth_a_line(c, &series))
		return;
	series_sparkline(c, &series, spark, SPARK_COLUMNS);
	flow = flow_begin(s, "       ", " ");
	flow_add(&flow, "live table pages %s first, %s last, %s peak",
		 show_int(first, sizeof(first), series.first), show_int(last, sizeof(last), series.last),
		 show_int(peak, sizeof(peak), series.peak));
	flow_add(&flow, "|%s| %s", spark, show_ns(seconds, sizeof(seconds), (double)series.ends_ns));
	flow_end(&flow);
}
