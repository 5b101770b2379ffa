/*
 * write.h - a result on its way out: JSON, CSV, the screen, a directory of files. Everything here
 * reads an analysed struct result and changes nothing; main thread.
 *
 * The writers return 0, or -1 when the stream would not take it all (they flush it, so a full disk
 * is noticed) or memory ran out. docs/output.md explains every field.
 */
#pragma once

#include <stdio.h>

#include "bench/result.h"
#include "bench/terminal.h"
#include "sys/err.h"

#define RESULT_SCHEMA "iopt-result"
#define RESULT_SCHEMA_VERSION 1

/* result.json: one document, docs/result.schema.json. */
int write_json(const struct result *r, FILE *out);

/* RFC 4180, header line first; null is an empty field. */
int write_summary_csv(const struct result *r, FILE *out); /* a row per case */
int write_slices_csv(const struct result *r, FILE *out);  /* a row per slice */
int write_scaling_csv(const struct result *r, FILE *out); /* a row per engine, series and thread count */
int write_series_csv(const struct result *r, FILE *out);  /* a row per slice: live table pages over time */
int write_workers_csv(const struct result *r, FILE *out); /* a row per worker of each case */
int write_comparisons_csv(const struct result *r, FILE *out); /* a row per comparison of two cases */
int write_latency_csv(const struct result *r, FILE *out); /* a row per histogram bucket in use */

/*
 * HdrHistogram's formats, values in ns: its interval log, a line per case and kind of operation that
 * has samples, and the percentile distribution of one histogram (.hgrm).
 */
int write_latency_hlog(const struct result *r, FILE *out);
int write_hgrm(const struct histogram *h, FILE *out);

/* The screen. */
void screen_print(const struct result *r, FILE *out, struct terminal terminal);

/*
 * Before a run: make the directory and see that files can be put there, so that a minute is not
 * lost. EXIT_CANT_CREATE in err.
 */
int out_dir_check(const char *dir, struct err *err);
/*
 * Before a run, into a checked directory: job.ini, which --resume reads. EXIT_CANT_CREATE,
 * EXIT_WRITE in err.
 */
int out_dir_write_job(const struct result *r, const char *dir, struct err *err);
/*
 * result.json, summary.csv, slices.csv, series.csv, latency.csv, scaling.csv, comparisons.csv,
 * workers.csv, latency.hlog, hgrm/, job.ini in `dir`, made if need be. All are written under temporary
 * names first and renamed when all are complete. They replace an earlier result of this program; files
 * of these names that are anything else are left alone.
 * EXIT_CANT_CREATE, EXIT_WRITE in err.
 */
int out_dir_write(const struct result *r, const char *dir, struct err *err);
