/*
 * duet.h - two builds measured against each other in processes that take turns (ABBA), until the
 * verdict is clear or the cap is reached. Main thread.
 */
#pragma once

#include "bench/gate.h"

struct duet_build {
	const char *exe;
	const char *const *extra; /* further arguments to `run`, ends with NULL; may be NULL */
};

/*
 * One process: `exe run ARGS --processes 1 --quiet --out TEMPORARY`, its result read back and the
 * directory removed, whatever happens. EXIT_USAGE when there is no such program, or it refuses the
 * arguments (its own words are passed on), EXIT_NO_RESOURCE, EXIT_INTERRUPTED; EXIT_UNTRUSTED and
 * EXIT_VERIFY (its audit failed), with *out if it left a result; EXIT_INTERNAL when it crashed.
 * While it runs a signal asks it to stop, and the second kills it; neither ends the caller.
 */
int duet_run(const struct duet_build *build, char *const *args, int nargs, uint64_t seed,
	     struct stored **out, struct err *err);

struct duet {
	struct duet_build a, b;
	char *const *args;
	int nargs;
	unsigned first, cap;      /* pairs at the first look, and at most: 12, 96 */
	const struct gate_options *gate; /* its seed is that of the first pair; design, looks are ours */
	/* Floors of the machine, known by the first result, into the gate; NULL: none */
	int (*floor)(struct gate_options *gate, const struct stored_host *host, struct err *err);
	const char *keep;         /* every result stays there: KEEP/0001-a/result.json; NULL: none */
	const char *label;        /* what the progress is of: "try 3 of 20: "; NULL: the only one */
	bool quiet;               /* no progress on stderr */
};

#define DUET_LOOKS_MAX 5u

struct duet_result {
	struct gate gate;         /* of the last look */
	struct gate_options as;   /* what it was judged with */
	unsigned pairs, looks;
	unsigned look_at[DUET_LOOKS_MAX], nlooks; /* as planned, in pairs */
	struct stored **files;    /* all of them, a and b by turns of each pair */
	size_t nfiles;
	struct gate_side side[2];
	double seconds;
};

/*
 * Measure and judge. Interrupted: what there is is judged, and EXIT_INTERRUPTED is returned. Else 0
 * (the verdict is in gate.code), or the code of a process that failed; EXIT_USAGE for arguments
 * that cannot be gated (`--out`, only forced workloads). Free the result in any case.
 */
int duet_measure(const struct duet *d, struct duet_result *out, struct err *err);
void duet_free(struct duet_result *r);

/*
 * Pairs at which is looked: first, twice as many, … cap. At most DUET_LOOKS_MAX, for which early ones
 * are left out. docs/gate.md has what looks that double err in.
 */
unsigned duet_looks(unsigned first, unsigned cap, unsigned at[DUET_LOOKS_MAX]);
/*
 * Arguments of `run` that suit a gate when none are given: what is warm and what is wasted, in less
 * than a second a process. On `cpus` CPUs; *n of them, constant.
 */
char *const *duet_default_args(unsigned cpus, int *n);
unsigned duet_cpus(void); /* that this process may use */
/* EXIT_USAGE: an argument of `run` that a comparison sets itself. */
int duet_check_args(char *const *args, int nargs, struct err *err);
