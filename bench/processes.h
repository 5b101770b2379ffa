/*
 * processes.h - `--processes N`: the plan carried out N times, each in a process of its own for its
 * share of the time, because where tables land in memory is luck and one process is one draw.
 */
#pragma once

#include "bench/runner.h"

/* The plan in this process, for 1/processes of the time; fills result->cases. Error code or 0. */
int run_share(const struct plan *plan, uint32_t process, unsigned processes, struct result *result,
	      const struct progress *progress, struct checkpoint *kept, struct err *err);
/* Empty cases for the whole plan (forgetting what was there). 0, or -1 for no memory. */
int cases_init(const struct plan *plan, struct result *result);
/* Fork a child for each share, one after another, and merge what they found. Error code or 0. */
int run_in_processes(const struct plan *plan, unsigned processes, struct result *result,
		     const struct progress *progress, struct checkpoint *kept, struct err *err);
