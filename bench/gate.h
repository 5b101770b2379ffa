/*
 * gate.h - from stored results to a verdict: cases matched, units paired, each metric tested, the
 * error rate shared (Holm), and one verdict with its exit code. Pure but for memory; main thread.
 * docs/gate.md is the manual.
 */
#pragma once

#include <jansson.h>

#include "bench/fingerprint.h"
#include "bench/stored.h"
#include "bench/terminal.h"
#include "stat/verdict.h"

enum gate_metric {
	GATE_THROUGHPUT, /* ops_per_s, in units of the ruler where both sides have one */
	GATE_P50, GATE_P99, GATE_P999, /* latency of each kind of operation, a row each */
	GATE_WASTE,      /* lost pages a table: a count */
	GATE_METRICS,
};
extern const char *const gate_metric_name[GATE_METRICS]; /* "throughput", "p50", … */

/* How the two sides were measured: decides which A/A floor counts. */
enum gate_design {
	GATE_FILES,  /* one after the other */
	GATE_BUILDS, /* processes by turns, ABBA */
	GATE_DESIGNS,
};

/* A line of a thresholds file. */
struct gate_threshold {
	char glob[64];                    /* of case ids, fnmatch(3) */
	enum gate_metric metric;
	double relative, absolute;        /* NaN: as for other cases */
};

struct gate_options {
	bool gated[GATE_METRICS];         /* default: throughput, p99, waste */
	double min_effect[GATE_METRICS];  /* relative: 3 %, 10 % for p50 p99, 25 % for p999 and waste */
	double absolute[GATE_METRICS];    /* 20 ns (two steps of a clock), 0.05 lost a table */
	double floor[GATE_METRICS];       /* the machine's A/A floor; NaN: not calibrated */
	const struct gate_threshold *thresholds; /* margins of some cases; the last that fits counts */
	size_t nthresholds;
	enum gate_design design;
	unsigned looks;                   /* at the data; 1: no interim looks. Alpha is Pocock's */
	bool raw;                         /* throughput not in units of the ruler */
	bool strict;                      /* a case that one side lacks makes it not comparable */
	bool force;                       /* other machines: tell, but as information */
	bool warn_only;                   /* 10 and 11 become 0 */
	uint64_t seed;
};
void gate_options_default(struct gate_options *o);

/* Draws of one side, gathered case by case. Files are kept by the caller until the gate is freed. */
struct gate_side {
	const struct stored **files;
	size_t n, room;
};
int gate_side_add(struct gate_side *side, const struct stored *file); /* -1: no memory */
void gate_side_free(struct gate_side *side);

enum gate_verdict { GATE_OK, GATE_IMPROVED, GATE_REGRESSED, GATE_INCONCLUSIVE, GATE_INFO };
extern const char *const gate_verdict_name[]; /* "OK", "IMPROVED", "REGRESSED", "INCONCLUSIVE", "-" */

struct gate_row {
	const struct stored_case *a, *b;
	enum gate_metric metric;
	enum op_kind kind;                /* of latencies */
	const char *name, *unit;          /* "p99_map", "ns" */
	bool gated;                       /* forced cases and metrics not asked for are not */
	bool steady;                      /* judged in units of the ruler */
	double base, new;                 /* medians over the draws; rates: pooled */
	double base_steady, new_steady;   /* medians in units of the ruler; NaN: not steady */
	struct interval raw;              /* ratio without the ruler; not valid: not steady */
	uint64_t events_a, events_b;      /* waste … */
	double tables_a, tables_b;        /* … in so many tables */
	size_t pairs;
	struct stat_test test;
	double p_holm;                    /* NaN: not gated */
	struct stat_margin margin;
	bool floored;                     /* the A/A floor is what set the margin */
	enum gate_verdict verdict;
	bool hopeless;                    /* more pairs will not decide it, only longer processes */
	char why[160];                    /* of INCONCLUSIVE and INFO, with the remedy */
};

struct gate {
	const struct stored *base, *new;  /* the first file of either side */
	struct gate_row *rows;            /* case by case, that with the worst row first */
	size_t nrows;
	char (*missing)[704];             /* "only in BASE: CASE" */
	size_t nmissing;
	char (*differs)[320];             /* fingerprint; not comparable unless forced */
	size_t ndiffers;
	char (*notes)[320];               /* warnings: interrupted, not calibrated, … */
	size_t nnotes;
	size_t tests;                     /* gated: Holm's n */
	size_t pairs;                     /* most of any row */
	bool interrupted;                 /* two builds: before a look was clear */
	bool forced;                      /* not comparable, and told as information */
	double alpha;                     /* of this look */
	enum gate_verdict verdict;
	int code;                         /* exit code, before warn_only and failed writes */
	char summary[240];                /* one line */
};

/*
 * Judge b against a. EXIT_NO_RESOURCE in err; a gate that could not be judged is no error but a
 * verdict with its exit code: 12 not comparable, 13 a failed audit, 14 lost pinning or clock.
 */
int gate_judge(struct gate *out, const struct gate_side *a, const struct gate_side *b,
	       const struct gate_options *o, struct err *err);
void gate_free(struct gate *g);
/* A remark more, unless it is there already; -1: no memory. */
int gate_note(struct gate *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Writers: 0, or -1 when the stream would not take it all. */
enum gate_format { GATE_TEXT, GATE_MD, GATE_JSON, GATE_CSV };
int gate_write(const struct gate *g, const struct gate_options *o, enum gate_format format,
	       FILE *out, struct terminal terminal);
/* What GATE_JSON writes, as a document; the caller's. NULL: no memory. */
json_t *gate_document(const struct gate *g, const struct gate_options *o);
/*
 * Before anything is measured or read: away with the verdict file of an earlier comparison, so that
 * nobody takes it for this one's when this one ends early. A file that is anything else stays.
 */
void gate_forget_verdict(const char *path);
/* To a file, complete or not at all: EXIT_CANT_CREATE, EXIT_WRITE. */
int gate_write_verdict(const struct gate *g, const struct gate_options *o, const char *path,
		       struct err *err);
/* The same of anything that a writer, which returns as the ones above, makes of `what`. */
typedef int gate_writer(const void *what, FILE *out);
int gate_write_file(gate_writer *write, const void *what, const char *path, struct err *err);
