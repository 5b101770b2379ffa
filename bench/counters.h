/*
 * counters.h - hardware counters around the measured part of every slice (--counters). A worker has one
 * group of counters, opened on its thread, that its lanes share; lane_begin() and lane_end() run it.
 */
#pragma once

#include "bench/lane.h"

#define COUNTERS_NOT_ASKED "--counters no"

/* Main thread, before the workers open theirs. -1: no memory. */
int counters_prepare(struct group_run *run);
/* On worker w's thread. What cannot be counted is no error. */
void counters_open(struct group_run *run, unsigned w);
/* Main thread, when all workers have opened theirs: what counts, or why nothing does, into the cases. */
void counters_explain(struct group_run *run);
void counters_close(struct group_run *run);
