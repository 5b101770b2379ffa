/*
 * dump.h - op scripts: read one, carry it out on an engine, print what happened and the table.
 *
 * The grammar and the form of the output are those of tests/data/golden/README.md.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "pt/engine.h"
#include "sys/err.h"

/* One line of a script. */
struct dump_step {
	struct pt_op op;
	char *text; /* as written, without comment and outer blanks */
};

struct dump_script {
	struct dump_step *steps;
	size_t n;
};

/* EXIT_BAD_DATA: no such file, or a malformed line (its number in the text). */
int dump_read(struct dump_script *out, const char *path, struct err *err);
void dump_free(struct dump_script *script);

/*
 * Carry out the script at `path` on a fresh table of `engine` ("lockless", "amdv1/mutex-2019") with
 * `levels` (0: 3 where a table grows, else the least that spans the script) and print to `out`. 0,
 * EXIT_USAGE (no such engine, a ruler, too many levels), EXIT_BAD_DATA, EXIT_NO_RESOURCE. An
 * operation that fails is part of the output.
 */
int dump_run(const char *path, const char *engine, unsigned levels, FILE *out, struct err *err);
