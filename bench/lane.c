/* lane.c - a lane beside its measured path. */
#include "bench/lane.h"

#include <sched.h>

#include "sys/host.h"

bool lane_was_switched(struct lane *lane)
{
	struct host_counters now;
	bool switched;

	host_counters_thread(&now);
	switched = now.involuntary != lane->involuntary;
	lane->involuntary = now.involuntary;
	return switched;
}

void lane_idle(struct lane *lane, uint32_t spins)
{
	cpu_relax();
	if (spins % 64 == 0)
		lane_rest(lane);
	if (spins % 1024 == 0)
		sched_yield();
}

void lane_finish(struct lane *lane)
{
	/* release: with the acquire below, the last to leave has seen everybody stop */
	at_sub(&lane->group->unfinished, 1, release);
}

bool lane_others_measure(const struct lane *lane)
{
	return at_load(&lane->group->unfinished, acquire) != 0; /* pairs with lane_finish */
}
