/*
 * duet_process.h - one process of a comparison of builds: started, listened to, read back, cleared
 * away. duet.c says when which. Main thread.
 */
#pragma once

#include "bench/duet.h"

struct duet_process {
	const struct duet_build *build;
	const char *role;    /* "base", "new", for messages */
	char *const *args;   /* to `run` */
	int nargs;
	uint64_t seed;
	const char *keep;    /* a directory that is made for its files, which stay; NULL: none stay */
	double limit_s;      /* longer than this it is stuck, and killed; 0: no limit */
};

/* Is there a program at build->exe? Else EXIT_USAGE with the remedy. */
int duet_check_build(const struct duet_build *build, const char *role, struct err *err);

/*
 * As duet_run(). Of a process that ended with EXIT_VERIFY or EXIT_UNTRUSTED there is a result: *out
 * is set then too. More than one line on its stderr is passed on to ours.
 */
int duet_process_run(const struct duet_process *p, struct stored **out, struct err *err);
