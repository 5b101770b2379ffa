/* open_loop.h - --rate in the runner: from a group's rate to each lane's schedule, and what came of it. */
#pragma once

#include "bench/lane.h"

/* Fewest operations of a worker in a slice: quarters of four. */
#define OPEN_LOOP_OPS_MIN 16u

/* Does --rate go with the group's workload and sizes? EXIT_USAGE. Planning. */
int open_loop_check(const struct group *g, struct err *err);
/* Operations of a worker in a slice at the rate asked for. */
uint64_t open_loop_ops(const struct group *g);
/*
 * Calibration: where it starts, and where it ends: at the operations of the rate, which for all engines are
 * the same; at fewer, where an engine cannot keep up and would make its slices too long. Main thread.
 */
void open_loop_begin(struct group_run *run);
void open_loop_settle(struct group_run *run);
/*
 * Anew from now on, and for every engine the same schedule at the same position of the run. A worker,
 * for its own lane: when its slice begins, and when its measured part does.
 */
void open_loop_start(struct lane *lane);
/* The slice is over: what comes after it is not paced. */
void open_loop_stop(struct lane *lane);
/* A lane's histograms into its case's. Main thread. */
void open_loop_merge(struct case_result *c, const struct lane *lane);
/* What the lanes of engine e found, into *s. Main thread. */
void open_loop_collect(const struct group_run *run, unsigned e, struct slice *s);
