/*
 * screen.h - what the parts of the screen share: titles, wrapped lines, short forms. Lines are as wide
 * as the terminal at most, and of ASCII. Whatever is printed here is also in result.json.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bench/columns.h"
#include "bench/result.h"
#include "bench/terminal.h"

struct screen {
	FILE *out;
	struct terminal terminal;
	const struct result *r;
	bool standard; /* the default run, nothing chosen */
};

/* A section's title, and what it says beside it. */
void screen_title(const struct screen *s, const char *title, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Words behind a lead, further lines indented as far. */
void screen_words(const struct screen *s, const char *lead, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What must not be overlooked. */
void screen_alarm(const struct screen *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Pieces on one line while they fit; the next line is indented as the first piece is. A piece that is
 * wider than a line goes on word by word.
 */
struct flow {
	const struct screen *s;
	const char *separator;
	size_t indent, column;
	bool begun;
};
struct flow flow_begin(const struct screen *s, const char *lead, const char *separator);
void flow_add(struct flow *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flow_paint(struct flow *f, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void flow_end(struct flow *f);

struct columns screen_columns(const struct screen *s, const struct column *column, unsigned n,
			      unsigned indent);
/* The screen below the last row of a table. */
struct screen screen_below(const struct screen *s, struct columns *t);

/* "mutex-2019"; in full where another format than amdv1 must be told apart: "vtdss/mutex". */
const char *short_name(const struct pt_engine *e);
/* In a row of a table: in full where there is room. */
const char *row_name(const struct screen *s, const struct pt_engine *e);
/* "0", "1 us" */
char *show_think(char *buf, size_t size, uint64_t think_ns);
/* "node 0", "32+32 nodes" (workers by node), "5 nodes" */
char *show_where(char *buf, size_t size, const struct case_result *c);
/* "+16.1 us [15.6 16.8]"; without enough pairs "+16 us [few pairs]" */
char *show_added(char *buf, size_t size, const struct interval *added);
/* "x2.58 [2.50 2.61]" */
char *show_ratio(char *buf, size_t size, const struct interval *ratio);
/* "31.2 M [30.9 31.6]"; "-" when there is none */
char *show_rate(char *buf, size_t size, const struct interval *rate);
/* Without blank: "90ns"; "<72ns" below three times the cost of stamps; "-" when unsupported. */
char *show_quantile(char *buf, size_t size, const struct histogram *h, double q, double pair_ns);
/* %.3g, "-" for null */
char *show_number(char *buf, size_t size, double v);

/*
 * 1 lock, 2 waste, 3 overlap: the sections of the default run. Of a run somebody put together: 2
 * and 3 by what the case is, else 0; its cases are listed one by one, whatever their section.
 */
unsigned screen_section(const struct screen *s, const struct case_result *c);
/* First case of each group that is no ruler: the row's baseline. */
bool is_baseline(const struct result *r, size_t i);
/* Comparison of case b against case a, or NULL. */
const struct comparison *find_comparison(const struct result *r, size_t a, size_t b);

/* What the cases of a group have in common, above their rows: a line or two from any of them. */
void screen_group(const struct screen *s, const struct case_result *c);

void screen_lock(const struct screen *s);    /* section 1 */
void screen_waste(const struct screen *s);   /* section 2 */
void screen_overlap(const struct screen *s); /* section 3 */
void screen_table(const struct screen *s);   /* cases of other runs, one by one */
/* What sets a group of the DMA path apart, into its title. */
void screen_path(struct flow *flow, const struct case_result *c);
void screen_dma(const struct screen *s);     /* those of the DMA path */
/* Who compares how with whom in a group. */
void screen_comparisons(const struct screen *s, unsigned group);
/* Is invalidation modelled in any of these? */
bool screen_models(const struct result *r);
void screen_counters(const struct screen *s); /* the line about hardware counters */
/* Their figures by operation, engine by engine; nothing where nothing was counted. */
void screen_group_counters(const struct screen *s, unsigned group);
void screen_scaling(const struct screen *s);      /* of a run of one's own */
void screen_scaling_line(const struct screen *s); /* of section 1 */
/* Below a case's row: its phases, what readers cost, how long it waited. Nothing: no line. */
void screen_phases(const struct screen *s, const struct case_result *c);
/* How the live tables of a group's engines went, where that is worth a line. Nothing: no line. */
void screen_series(const struct screen *s, unsigned group);
/* --rate: service and response time, or that the engine cannot keep up. */
void screen_pace(const struct screen *s, const struct case_result *c);
void screen_lock_stat(const struct screen *s); /* --lock-stat */
/* One engine's knees, by think time. False: it has none, and nothing was printed. */
bool screen_knees(const struct screen *s, const char *lead, const struct pt_engine *engine);
