/*
 * series.h - the live table pages of a case over time, from its slices. Pure; main thread.
 *
 * A series is of one process, the first that measured the case: another has tables of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/result.h"

struct series {
	uint64_t first, last, peak; /* at the ends of slices */
	uint64_t ends_ns;           /* when the last of them ended */
	size_t begin, end;          /* slices[begin .. end) of the case */
};

/* False: there is none, or it is withheld. */
bool series_of(const struct case_result *c, struct series *out);
/*
 * `columns` characters of equal time and a NUL into buf: the most pages in each, in eighths of the
 * peak, as "." to "@"; where no slice ended, as in the column before.
 */
void series_sparkline(const struct case_result *c, const struct series *s, char *buf, size_t columns);
