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
 * directory removed. EXIT_USAGE when the build refuses the arguments (its own words are passed on),
 * EXIT_NO_RESOURCE, EXIT_UNTRUSTED, EXIT_VERIFY (its audit failed), EXIT_INTERRUPTED.
 */
int duet_run(const struct duet_build *build, char *const *args, int nargs, uint64_t seed,
	     struct stored **out, struct err *err);

struct duet {
	struct duet_build a, b;
	char *const *args;
	int nargs;
	unsigned first, cap;      /* pairs at the first look, and at most: 12, 48 */
	const struct gate_options *gate;
	bool quiet;               /* no progress on stderr */
};

struct duet_result {
	struct gate gate;         /* of the last look */
	unsigned pairs, looks;
	struct stored **files;    /* all of them, a and b by turns of each pair */
	size_t nfiles;
	struct gate_side side[2];
};

/*
 * Measure and judge. Interrupted: what there is is judged, and EXIT_INTERRUPTED is returned. Else 0
 * (the verdict is in gate.code), or the code of a process that failed.
 */
int duet_measure(const struct duet *d, struct duet_result *out, struct err *err);
void duet_free(struct duet_result *r);
