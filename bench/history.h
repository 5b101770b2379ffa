/*
 * history.h - a result among those that were kept of the same machine: how far it lies from them,
 * and whether they drift. For people: it knows no margin, and is no gate. Pure but for memory; main
 * thread.
 *
 * After the lookback of conbench (residuals over the standard deviation of those before), on
 * logarithms. docs/gate.md says how to read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/gate.h"

#define HISTORY_MIN 6u  /* stored results before a standard deviation is worth printing */
#define HISTORY_FAR 5.0 /* |z| to be looked at: conbench's */
#define HISTORY_RUN 6u  /* the last so many on one side of the median: 1 in 2^5 by chance, each side */

struct history_row {
	const char *case_id;
	enum gate_metric metric;
	enum op_kind kind;        /* of latencies */
	char name[24];            /* "throughput", "p99_map", "waste" */
	const char *unit;         /* "1/s", "ruler", "ns", "1/table" */
	bool steady, more_is_better;
	size_t n;                 /* stored results that have it */
	double mean;              /* geometric, of these; NaN: none */
	double sd_log;            /* of their natural logarithms: 0.02 is about 2 %; NaN: n < 2 */
	double now;               /* of the result in question */
	double z;                 /* ln(now / mean) / (sd_log sqrt(1 + 1/n)); NaN: why says so */
	bool far;                 /* |z| >= HISTORY_FAR */
	size_t run;               /* newest values, `now` included, on one side of the stored ones' median */
	double shift;             /* their geometric mean over that of those before, less 1; NaN: none before */
	bool drift;               /* run >= HISTORY_RUN and some before */
	char why[96];             /* no z */
	double (*values)[2];      /* of the stored ones, oldest first: raw, steady; NaN: does not have it */
	double now_both[2];
};

struct history {
	const struct stored *now;
	char key[FINGERPRINT_KEY];
	struct history_row *rows;
	size_t nrows;
	size_t n, room;           /* stored results that count */
	char (*ids)[160];         /* of these, to tell the same run kept twice */
	char (*left_out)[320];    /* "0003-….json: of another machine" */
	size_t nleft_out;
};

/*
 * Begin with the result in question, of which rows are made for the metrics of `gated`: not of
 * rulers, forced cases, failed audits. It must live until history_free(). EXIT_NO_RESOURCE.
 */
int history_begin(struct history *h, const struct stored *now, const bool gated[GATE_METRICS],
		  struct err *err);
/*
 * The next of the stored results, oldest first; it may be freed afterwards. One of another machine,
 * of an interrupted run, or of a run that counted already (`now` included) is left out and named.
 */
int history_add(struct history *h, const struct stored *old, const char *name, struct err *err);
/* Name something that is left out for another reason. */
int history_leave_out(struct history *h, const char *name, const char *why, struct err *err);
/* All there: mean, deviation, z and drift of each row. EXIT_NO_RESOURCE. */
int history_end(struct history *h, struct err *err);
void history_free(struct history *h);

/* Writers: 0, or -1 when the stream would not take it all. */
int history_write(const struct history *h, const char *name, enum gate_format format, FILE *out);
