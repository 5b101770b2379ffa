/*
 * replay_speed.h - `--speed recorded`: the events of a trace begin no earlier than they did when they were
 * recorded, relative to where the slice begins in the trace.
 *
 * A slice replays a segment, as long as --slice says, that begins at an event drawn by seed and position:
 * the same for all engines of a half round. The events before it are carried out first, not measured and as
 * fast as they go, so the segment finds mapped what it found when it was recorded. The workers then meet and
 * share one time for its begin. Nothing is made up for: an event that is late does not move the next one.
 */
#pragma once

#include "bench/lane.h"
#include "bench/trace.h"

/* Events [first, end) are measured; from_s is the time stamp of the first. */
struct replay_segment {
	size_t first, end;
	double from_s;
};

/* Of a trace that is shorter all of it, from its first event on. Pure. */
struct replay_segment replay_segment_of(const struct trace *t, double seconds, uint64_t seed,
					uint64_t position);
/* The whole of it: --speed max. */
struct replay_segment replay_segment_whole(const struct trace *t);

/* Where the workers of a slice meet before its segment. */
struct replay_start {
	alignas(CACHE_ALIGN) _Atomic uint32_t arrived;
	alignas(CACHE_ALIGN) _Atomic uint64_t begin; /* ticks; 0: they have not all come */
};

/* Main thread, before a slice. */
void replay_start_reset(struct replay_start *start);
/* Each worker, once its lead-in is done; when the segment begins, in ticks, for all the same. */
uint64_t replay_start_meet(struct replay_start *start, struct lane *lane);
/*
 * Rest and spin until an event that begins `after_s` behind the segment's begin is due; interrupted: no
 * longer. Its due time, in ticks.
 */
uint64_t replay_wait_due(struct lane *lane, uint64_t begin, double after_s);
/* The event begins now: how late it is, into lane->lag. */
void replay_note_late(struct lane *lane, uint64_t due);
