/*
 * runner.h - carry out a plan: groups one after another, the engines of a group in interleaved
 * slices (A B C D D C B A), an audit after every case. Fills result->cases; the arithmetic on them
 * is analyse()'s.
 */
#pragma once

#include "bench/checkpoint.h"
#include "bench/progress.h"
#include "bench/result.h"

/* Set by the SIGINT handler: the slice under way is finished, then everything valid is kept. */
extern _Atomic int run_interrupted;

/*
 * `progress` (or NULL) is told between slices. `kept` (or NULL) is told of every finished group, and of
 * what it has already nothing is measured.
 * result->topo, jobs, seed and host are filled by the caller. Cases are appended; with several
 * processes each runs the whole plan for its share of the time and the slices are merged.
 * EXIT_NO_RESOURCE and the like in err; an interrupt is not an error (result->complete is false).
 */
int run_plan(const struct plan *plan, unsigned processes, struct result *result,
	     const struct progress *progress, struct checkpoint *kept, struct err *err);
