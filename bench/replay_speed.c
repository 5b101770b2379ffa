#include "bench/replay_speed.h"

#include "bench/runner.h"
#include "stat/stat.h"
#include "sys/clock.h"

#define MARGIN_NS 2000.0 /* from the last to arrive until the segment begins */

/* The first event that is no earlier. */
static size_t event_at(const struct trace *t, double time_s)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->events[mid].time_s < time_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct replay_segment replay_segment_whole(const struct trace *t)
{
	return (struct replay_segment){ .end = t->n, .from_s = t->events[0].time_s };
}

struct replay_segment replay_segment_of(const struct trace *t, double seconds, uint64_t seed,
					uint64_t position)
{
	struct replay_segment s = replay_segment_whole(t);
	double slack = t->seconds - seconds;
	uint64_t drawn = stat_mix(seed ^ stat_mix(position)) >> 32;

	if (slack <= 0)
		return s;
	s.first = event_at(t, s.from_s + slack * (double)drawn / 0x1p32);
	s.from_s = t->events[s.first].time_s;
	s.end = event_at(t, s.from_s + seconds);
	s.end = s.end > s.first ? s.end : s.first + 1; /* all of a thousandth of a second may share a stamp */
	return s;
}

void replay_start_reset(struct replay_start *start)
{
	at_init(&start->arrived, 0);
	at_init(&start->begin, 0);
}

/* Relaxed throughout: only a time is handed over, and what a worker did has its own order (replay.h). */
uint64_t replay_start_meet(struct replay_start *start, struct lane *lane)
{
	uint32_t before = at_add(&start->arrived, 1, relaxed);
	uint64_t begin;

	if (before + 1 == lane_group(lane)->threads)
		at_store(&start->begin, clock_now() + clock_ticks(MARGIN_NS), relaxed);
	for (uint32_t spins = 1; !(begin = at_load(&start->begin, relaxed)); spins++)
		lane_idle(lane, spins);
	return begin;
}

uint64_t replay_wait_due(struct lane *lane, uint64_t begin, double after_s)
{
	uint64_t due = begin + clock_ticks(after_s * 1e9);

	lane_rest_until(lane, due);
	pace_spin(due);
	return due;
}

void replay_note_late(struct lane *lane, uint64_t due)
{
	uint64_t now = clock_now();

	/* relaxed: a signal's flag; a slice cut short leaves no samples */
	if (lane->group->recording && !at_load(&run_interrupted, relaxed))
		hist_record(lane->lag, now > due ? (uint64_t)clock_ns(now - due) : 0);
}
