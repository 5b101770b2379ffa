/*
 * csv.h - what the writers of CSV share: RFC 4180 (CRLF, fields quoted where they must be), the header
 * from the same calls as the rows. A null is an empty field; '.' is the decimal point because the program
 * never leaves the C locale. Main thread.
 */
#pragma once

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "stat/stat.h"

/* header: the first pass over the columns writes names, the others values. */
struct csv {
	FILE *out;
	bool header, begun;
};

static inline void field(struct csv *csv, const char *text)
{
	if (csv->begun)
		fputc(',', csv->out);
	csv->begun = true;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, csv->out);
		return;
	}
	fputc('"', csv->out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', csv->out);
		fputc(*text, csv->out);
	}
	fputc('"', csv->out);
}

static inline void end_row(struct csv *csv)
{
	fputs("\r\n", csv->out);
	csv->begun = false;
}

static inline int end_file(struct csv *csv)
{
	return fflush(csv->out) || ferror(csv->out) ? -1 : 0;
}

static inline void text(struct csv *csv, const char *name, const char *v)
{
	field(csv, csv->header ? name : v ? v : "");
}

static inline void u64(struct csv *csv, const char *name, uint64_t v)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	field(csv, csv->header ? name : digits);
}

static inline void real(struct csv *csv, const char *name, double v)
{
	char digits[40] = "";

	if (isfinite(v))
		snprintf(digits, sizeof(digits), "%.12g", v);
	field(csv, csv->header ? name : digits);
}

static inline void flag(struct csv *csv, const char *name, bool v)
{
	field(csv, csv->header ? name : v ? "true" : "false");
}

static inline void interval(struct csv *csv, const char *name, const struct interval *i)
{
	char lo[64], hi[64];

	snprintf(lo, sizeof(lo), "%s_lo", name);
	snprintf(hi, sizeof(hi), "%s_hi", name);
	real(csv, name, i->n || i->valid ? i->mid : NAN);
	real(csv, lo, i->valid ? i->lo : NAN);
	real(csv, hi, i->valid ? i->hi : NAN);
}

struct case_result;
/* Columns of summary.csv that have files of their own. */
void csv_dma(struct csv *csv, const struct case_result *c);
