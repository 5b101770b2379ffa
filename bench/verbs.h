/*
 * verbs.h - one function per verb, its file named after it; called by main with the arguments after
 * the verb. Each answers --help with an example on stdout, returns an enum iopt_exit, and prints
 * results only on stdout; main flushes that and turns a failed write into EXIT_WRITE.
 */
#pragma once

#include <stdbool.h>

#include "bench/help.h"
#include "sys/err.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};
extern const struct verb verbs[]; /* ends with a NULL name */

int verb_run(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_topo(int argc, char **argv);
int verb_dump(int argc, char **argv);
int verb_trace(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_version(int argc, char **argv);

/* "iopt VERB: TEXT" on stderr; returns err->code. */
int verb_fail(const char *verb, const struct err *err);
/*
 * The one argument of a verb that takes [ARG] and --help. Help (shown here), a flag or a second
 * argument give false and *rc, the exit code.
 */
bool verb_argument(const struct help_page *page, int argc, char **argv, const char **arg, int *rc);
/* Flush stdout: 0, or EXIT_WRITE with one line on stderr, however often it is called. */
int finish_stdout(void);
