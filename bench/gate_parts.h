/* gate_parts.h - what the files of the gate share; nobody else's business. */
#pragma once

#include <stdio.h>

#include "bench/gate.h"

/* gate_rows.c: every metric that both sides have, tested; neither margins nor verdicts. -1: no memory. */
int gate_make_rows(struct gate *g, const struct gate_side *a, const struct gate_side *b,
		   const struct gate_options *o);
/* The margin of a metric of a case: of --thresholds, else --min-effect; at least the A/A floor. */
struct stat_margin gate_margin(const struct gate_options *o, const char *case_id,
			       enum gate_metric metric, bool *floored);

/* gate_why.c: what would make an inconclusive row conclusive, or why a row is not gated. */
void gate_explain(struct gate_row *row, const struct gate *g, const struct gate_options *o);

/* gate_warnings.c: what the results themselves warn of becomes notes. -1: no memory. */
int gate_pass_on_warnings(struct gate *g, const struct gate_side *a, const struct gate_side *b);

/* gate_lists.c: a line more, unless it is there already; -1: no memory. */
int gate_differ(struct gate *g, const char *text);
int gate_miss(struct gate *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* gate_show.c: the forms that the writers share, each into buf, which is returned. */

/* "REGRESSED", "NOT_COMPARABLE", …: what the verdict of all is called. */
const char *gate_word(const struct gate *g);
/* A row's base or new: "31.2 M", "412 ns", "1.35 of 4,096", by `side` 0 or 1. */
char *gate_show_value(char *buf, size_t size, const struct gate_row *row, unsigned side);
/* "0.921 [0.901 0.943]"; counts too few for a ratio: "-" */
char *gate_show_ratio(char *buf, size_t size, const struct gate_row *row);
char *gate_show_interval(char *buf, size_t size, const struct interval *ratio);
char *gate_show_margin(char *buf, size_t size, const struct gate_row *row);
char *gate_show_p(char *buf, size_t size, const struct gate_row *row);
/* "throughput is judged in units of limit: 0.412 to 0.405; as measured 0.990 [0.900 1.080]"; "" */
char *gate_show_steady(char *buf, size_t size, const struct gate_row *row);
/* "12 pairs of processes, one after the other; alpha 5 %, 1 look" */
char *gate_show_design(char *buf, size_t size, const struct gate *g, const struct gate_options *o);
/* Which result it was: "results/1/result.json: 0.1.0-g1a2b3c4, 2026-11-22T10:00:00Z". */
char *gate_show_side(char *buf, size_t size, const struct stored *s);
/* Worth a line for people: gated, forced; not a ruler, nor a metric that nobody asked for. */
bool gate_row_shown(const struct gate_row *row, const struct gate_options *o);

/* What is told once, and not with each row. */
struct gate_apart {
	size_t shown, in_units, rulers; /* rows: shown, of them in units of a ruler; of rulers, left out */
	const char *why;                /* reason of most rows shown; "": of none */
	size_t with_why;
};
struct gate_apart gate_apart(const struct gate *g, const struct gate_options *o);
/* "22 of 24 rows: 1 pair of processes; 9 more are needed: --processes 10"; "" */
char *gate_show_common(char *buf, size_t size, const struct gate_apart *apart);
/* What the mark * behind a ratio means; "": none has it. */
const char *gate_show_mark(const struct gate_apart *apart);
/* That rulers have no rows here; "" */
char *gate_show_left_out(char *buf, size_t size, const struct gate_apart *apart);

/* The writers: 0, or -1 when the stream would not take it all or memory ran out. */
int gate_write_text(const struct gate *g, const struct gate_options *o, FILE *out, struct terminal terminal);
int gate_write_md(const struct gate *g, const struct gate_options *o, FILE *out);
int gate_write_json(const struct gate *g, const struct gate_options *o, FILE *out);
int gate_write_csv(const struct gate *g, FILE *out);
