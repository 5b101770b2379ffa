/*
 * verify_mutants.h - the matrix as data: filled by verify_mutants.c, told by verify_mutants_print.c and
 * verify_mutants_json.c. Main thread.
 */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "bench/terminal.h"
#include "bench/verify.h"

struct verify_cell {
	bool looked; /* the layer has run on this row */
	struct verify_outcome out;
};

/* A bug, or an engine without one. */
struct verify_row {
	char name[40];
	struct verify_job job; /* engine NULL: what has no engine, the explorer's own scenarios */
	struct verify_cell cell[VERIFY_LAYERS];
	unsigned caught;       /* by so many layers */
	bool begun;            /* a layer has looked: it is told */
};

struct verify_matrix {
	const struct verify_matrix_options *options;
	struct verify_row *row; /* bugs first, then clean engines */
	size_t nmutants, n;
	char program[VERIFY_LAYERS][PATH_MAX]; /* of layers that are programs; "": not built */
	unsigned threads, at_once;
	uint64_t elapsed_ns;
	bool complete;          /* else an interrupt or an error ended it: nothing is known to be missed */
	/* bugs that no layer caught; clean engines that some layer did; clean engines looked at */
	size_t missed, alarms, engines;
};

/* Is this layer there? */
bool verify_layer_built(const struct verify_matrix *m, enum verify_layer layer);

void verify_mutants_print(const struct verify_matrix *m, FILE *out, struct terminal terminal);
/* -1: it could not be written. */
int verify_mutants_json(const struct verify_matrix *m, FILE *out);
