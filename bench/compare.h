/*
 * compare.h - the ways of `iopt compare`, one of which its flags choose, and what they share. Main
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/gate.h"
#include "bench/store.h"

struct compare_options {
	const char *args[2];              /* BASE and NEW; with --baseline, --history: NEW alone */
	size_t nargs;
	const char *old, *new;            /* two builds: paths of iopt; both or neither */
	char *const *run_args;            /* what follows `--` */
	int nrun;
	unsigned first, cap;              /* pairs of processes; equal: one look; 0: as the way has it */
	const char *baseline, *save_baseline, *history; /* names */
	const char *keep;                 /* two builds: directory for every result; NULL: none */
	bool self_test, short_form;
	uint64_t tries;                   /* of the self-test; 0: as its form has it */
	double handicap_by;               /* of the self-test, a fraction; 0: as its form has it */
	bool quiet;                       /* no progress */
	struct gate_options gate;         /* design, looks and floors are for the ways to fill */
	enum gate_format format;
	const char *verdict;              /* file; NULL: none */
};

/*
 * The ways. Each returns the exit code; when err->text is not empty it is printed on stderr, even
 * where a verdict was given (a verdict that could not be written).
 */
int compare_files(const struct compare_options *o, struct err *err);
int compare_builds(const struct compare_options *o, struct err *err);        /* --old, --new */
int compare_self_test(const struct compare_options *o, struct err *err);     /* --self-test */
int compare_save_baseline(const struct compare_options *o, struct err *err); /* args[0] */
int compare_history(const struct compare_options *o, struct err *err);       /* args[0] */

/*
 * Judge b against a, which were measured one after the other; *as are the options it was judged with.
 * EXIT_USAGE: both hold the same result. EXIT_BAD_DATA, EXIT_NO_RESOURCE. The gate is for gate_free(),
 * before a and b are freed.
 */
int compare_two(struct gate *gate, struct gate_options *as, const struct stored *a,
		const struct stored *b, const struct gate_options *o, struct err *err);

/*
 * A judged gate on stdout in o->format and in o->verdict, and its exit code: 10 and 11 are 0 with
 * --warn-only; EXIT_CANT_CREATE or EXIT_WRITE, with err set, where a file or stdout would not take
 * it and nothing worse has happened. `as` are the options that it was judged with.
 */
int compare_tell(const struct gate *g, const struct gate_options *as,
		 const struct compare_options *o, struct err *err);

/* Of several things that happened, the exit code that counts: 13 > 14 > 12 > 73, 74 > 10 > 11. */
int compare_worse(int a, int b);

/* The A/A floor of the machine, if it was calibrated, into gate->floor. EXIT_BAD_DATA: broken file. */
int compare_load_floor(struct gate_options *gate, const struct stored_host *host, struct err *err);

