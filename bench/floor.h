/*
 * floor.h - how much do comparisons of identical code differ? From one series of runs that are all the
 * same, windows are cut as a comparison would have measured them; the 95th percentile of what their
 * medians are off by is the A/A floor. Pure.
 *
 * Windows overlap: 60 runs hold 37 windows of 12 pairs, but only two that share no run. The floor
 * rests on them all, which is better than on two, and is as uncertain as few independent trials are.
 */
#pragma once

#include "bench/store.h"

#define FLOOR_PAIRS 12u                 /* of a window */
#define FLOOR_RUNS_MIN (2 * FLOOR_PAIRS)

/*
 * Of a metric over n runs in order of time; NaN where there is none, and a pair without both sides
 * is left out; so is a window with fewer than 6 pairs. GATE_BUILDS: 12 neighbouring pairs, ABBA.
 * GATE_FILES: 6 runs against the 6 that follow, or 12 against 12, whichever differs more. |log ratio|
 * as a ratio less 1, which is how a margin is used. NaN: not a single window.
 */
double floor_of_series(const double *x, size_t n, enum gate_design design);

/*
 * The same of counts: the pooled rate of one side of a window against the other's. Windows with below
 * 100 events on a side say nothing: the interval of so few is wider than any floor.
 */
double floor_of_counts(const uint64_t *events, const double *exposure, size_t n,
		       enum gate_design design);

/*
 * All metrics of runs with the same cases: the largest floor of any case that can be gated, and of
 * any kind of operation. Times are those of cases in units of the ruler, where every run of a case
 * has one; of all cases as they are only when no case has. (Figures of processes without a ruler
 * differ several times as much, and their own intervals say so; as the floor they would hide what
 * others can show.)
 * Sets trials and floor; 0, or -1 for no memory.
 */
int floor_of_runs(struct stored *const *runs, size_t n, struct floor_facts *out);
