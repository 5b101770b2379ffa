/*
 * meeting.h - where workers meet at a new table: when each came, and what the gaps between them say.
 * A workload that has meetings numbers them from 0 in every slice and says how many there are.
 *
 * A worker writes its own stamps while a slice runs; the main thread reads them at rest.
 */
#pragma once

#include "bench/lane.h"

/* Room for the stamps of worker w, on its thread; run->round is at its largest. 0 or -ENOMEM. */
int meeting_open(struct group_run *run, unsigned w);
void meeting_close(struct group_run *run);
/* Forget the stamps of the last slice; on the worker's thread, before it is released. */
void meeting_begin(struct lane *lane);
/*
 * All workers together: wait for each other, note the time as meeting `i`, carry out op. The next
 * call waits until everybody is through with this one.
 */
void meeting_map(struct lane *lane, uint64_t i, struct pt_op *op);
/*
 * Main thread, after a slice: adds to out->meetings and (all came) out->skew_ns, which is a sum here;
 * when `record`, the gaps go into the case of engine e.
 */
void meeting_collect(const struct group_run *run, unsigned e, bool record, struct slice *out);

/* This worker touches the table of meeting `i` for the first time, at `now`. */
static inline void meeting_note(struct lane *lane, uint64_t i, uint64_t now)
{
	lane->touch[i] = now;
}
