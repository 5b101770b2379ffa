#include "bench/series.h"

#include "bench/analyse.h"

static const char ramp[] = ".:-=+*#%@"; /* as dark as high; [0] is nothing at all */

bool series_of(const struct case_result *c, struct series *out)
{
	*out = (struct series){ .begin = 0 };
	if (!c->nslices || case_withheld(c))
		return false;
	out->first = c->slices[0].live_pages;
	for (; out->end < c->nslices && c->slices[out->end].process == c->slices[0].process; out->end++) {
		const struct slice *s = &c->slices[out->end];

		out->last = s->live_pages;
		out->peak = s->live_pages > out->peak ? s->live_pages : out->peak;
		out->ends_ns = s->at_ns > out->ends_ns ? s->at_ns : out->ends_ns;
	}
	return true;
}

static char shade(uint64_t pages, uint64_t peak)
{
	return ramp[peak ? (pages * (sizeof(ramp) - 2) + peak - 1) / peak : 0];
}

void series_sparkline(const struct case_result *c, const struct series *s, char *buf, size_t columns)
{
	uint64_t before = s->first;
	size_t i = s->begin;

	for (size_t column = 0; column < columns; column++) {
		uint64_t most = 0;
		bool any = false;

		for (; i < s->end && (column + 1 == columns ||
				      (double)c->slices[i].at_ns * (double)columns <=
					      (double)s->ends_ns * (double)(column + 1)); i++) {
			most = c->slices[i].live_pages > most ? c->slices[i].live_pages : most;
			before = c->slices[i].live_pages;
			any = true;
		}
		buf[column] = shade(any ? most : before, s->peak);
	}
	buf[columns] = '\0';
}
