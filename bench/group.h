/* group.h - one group from open to close; the runner's inner interface. Main thread. */
#pragma once

#include "bench/lane.h"

/* Pool, crew, tables and lanes of a group, on their nodes; result->cases[first..] belong to it. */
int group_open(struct group_run **out, const struct group *g, struct result *result, size_t first,
	       struct err *err);
void group_close(struct group_run *run);

/* A fresh table for engine e (cold workloads), destroyed again by table_close. EXIT_NO_RESOURCE. */
int table_open(struct group_run *run, unsigned e, struct err *err);
/* Destroys the table; its pages are back in the pool, or the audit of the case has failed. */
void table_close(struct group_run *run, unsigned e);

/* Into new tables of the rulers: what they walk. EXIT_NO_RESOURCE. */
int group_prebuild(struct group_run *run, struct err *err);

/* One turn of engine e: fills *out from the lanes' tallies. EXIT_NO_RESOURCE when memory ran out. */
int slice_run(struct group_run *run, unsigned e, uint64_t position, struct slice *out,
	      struct err *err);
/* Choose operations (or tables) per slice and the sampling rate. */
int group_calibrate(struct group_run *run, struct err *err);
/*
 * Warm workloads: settle, audit (its pages go into the case's ledger when `count`), clear, audit
 * again. The next slice may follow.
 */
int group_audit(struct group_run *run, unsigned e, bool count, struct err *err);
/* Warm workloads: settle and clear, so that a new table of engine e is like one that was used. */
void group_warm(struct group_run *run, unsigned e);
