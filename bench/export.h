/*
 * export.h - a stored result in the formats that other tools read; `iopt report` writes them. Each is
 * a row of export_formats. Main thread.
 *
 * What is left out everywhere: numbers that are null, cases that arrival was forced in (they have
 * no rate) and cases whose audit failed. docs/output.md has an example of each.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bench/stored.h"

enum export_metric { EXPORT_THROUGHPUT, EXPORT_LATENCY, EXPORT_WASTE, EXPORT_METRICS };
extern const char *const export_metric_name[EXPORT_METRICS + 1]; /* ends with NULL, for flags.h */

struct export_format {
	const char *name, *help;
	bool one_metric;  /* a file can hold no more than one; the default is throughput */
	bool rulers;      /* null and limit too; where results raise alerts theirs would be noise */
	/* Of the metrics in the mask, 1 << enum export_metric. 0, or -1: not taken whole, or no memory. */
	int (*write)(const struct stored *s, unsigned metrics, FILE *out);
};
extern const struct export_format export_formats[]; /* ends with name NULL */

int export_go(const struct stored *s, unsigned metrics, FILE *out);
int export_bmf(const struct stored *s, unsigned metrics, FILE *out);
int export_gha(const struct stored *s, unsigned metrics, FILE *out);

/* One number of a case. */
struct export_value {
	enum export_metric metric;
	char name[32];      /* "throughput", "latency", "map-p99", "lost-per-table" */
	const char *unit;   /* "ops/s", "ns", "pages/table" */
	double v, lo, hi;   /* v is a number; 95 % bounds, NaN: too few processes or slices */
};
#define EXPORT_VALUES_MAX (2 + OP_KINDS * 4)

/* May it be shown? */
bool export_shows(const struct stored_case *c, bool rulers);
/*
 * Values of the metrics in the mask; how many, or -1: no memory. Bounds of throughput are those of
 * ops_per_s in the result; of latencies, over processes, from six on; of waste, those of the count.
 */
int export_values(const struct stored *s, const struct stored_case *c, unsigned metrics,
		  struct export_value values[EXPORT_VALUES_MAX]);
/* What the case was made worse by on purpose, unless its id says so: "" then. */
const char *export_handicap(const struct stored_case *c);
/* The case's id, and the handicap behind it. Freed by the caller; NULL: no memory. */
char *export_name(const struct stored_case *c);
