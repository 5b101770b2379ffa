/*
 * flags.h - the flags of the verbs beside `run`: a row each, which drives parsing, range errors,
 * suggestions and --help. (`run` has a table of its own, option_row.h: its options are job-file
 * keys and lists as well.) Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/err.h"

enum flag_kind {
	FLAG_BOOL,     /* bool: no value */
	FLAG_TEXT,     /* const char *: points into argv */
	FLAG_COUNT,    /* uint64_t in min..max: 1.5k */
	FLAG_DURATION, /* uint64_t nanoseconds in min..max: 20ms */
	FLAG_PERCENT,  /* double, a fraction: `3` and `3%` are 0.03; 0 <= it <= max percent */
	FLAG_CHOICE,   /* unsigned: index into choices */
	FLAG_MODE,     /* the same; `--name` alone is choices[1], and a value follows `=` only */
};

struct flag {
	const char *name; /* without dashes; NULL ends the table */
	enum flag_kind kind;
	void *value;      /* holds the default before, the value after */
	bool *given;      /* set when the flag is there; may be NULL */
	uint64_t min, max;
	const char *const *choices; /* ends with NULL */
	const char *metavar, *help; /* help says the default */
};

/*
 * Take `--name value` and `--name=value` out of argv[0..argc); what is no flag (`-` is none) goes
 * into args[], of which there may be at most `most`. With takes_rest `--` ends the flags: rest is
 * then what follows it (nrest of them), else NULL; without, `--` is an error. Returns 0; EXIT_USAGE
 * naming the flag and the remedy. help: --help or -h was there, nothing else counts.
 */
struct flag_args {
	const char *args[8];
	size_t nargs, most;
	char **rest;
	int nrest;
	bool takes_rest, help;
};
int flags_parse(const struct flag *flags, const char *verb, int argc, char **argv,
		struct flag_args *out, struct err *err);
/* "  --name METAVAR   help", wrapped, for each row, and for --help. */
void flags_help(const struct flag *flags, FILE *out);
