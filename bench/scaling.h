/*
 * scaling.h - how an engine gains from threads, by series: the cases of one engine that differ in their
 * thread counts alone. Plain data, made by analyse_scaling() and read by the writers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "stat/usl.h"

struct result;

/* What a thread count is the first of its series to use. */
enum scaling_mark {
	SCALING_NODE2 = 1, /* a second node */
	SCALING_SMT = 2,   /* a second hyperthread of a core */
	SCALING_OVER = 4,  /* one CPU for two workers */
};
#define SCALING_MARKS 3

struct scaling_point {
	size_t c;                 /* index into the result's cases */
	unsigned threads;
	unsigned uses, marks;     /* enum scaling_mark: of this point; of it as the first */
	struct interval speedup;  /* throughput over that of the reference, the machine's part included */
	struct interval of_limit; /* throughput over that of `limit`, pair by pair; NaN without it */
	/*
	 * Against `limit`: of_limit over that of the reference, so that what the machine loses or gains
	 * cancels. Against its own: speedup over the quotient of the thread counts. It and of_limit
	 * are NaN where a CPU has two workers.
	 */
	struct interval efficiency;
};

struct scaling {
	char name[768];           /* of the series: the case's, engine and threads left out */
	bool against_limit;
	struct scaling_point *points; /* by threads; [0] is the reference */
	size_t n;
	/* The law of throughput by threads, from counts up to the number of cores, or of CPUs. */
	bool identifiable;
	bool hyperthreads;        /* counts beyond the cores took part */
	size_t fitted;            /* counts that took part */
	struct usl usl;           /* where identifiable */
	char why[128];            /* where not */
};

/* r->scaling; the cases' own figures must be there. -1: out of memory. */
int analyse_scaling(struct result *r);
void scaling_free(struct result *r);

/* In the order of the enum's bits: "second_node", …; on the screen "node2", "smt", "over". */
extern const char *const scaling_mark_name[SCALING_MARKS], *const scaling_mark_short[SCALING_MARKS];
