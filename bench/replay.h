/*
 * replay.h - what workload `replay` needs beside a trace and its schedule: the order between
 * workers, and what is left mapped when the trace ends.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace.h"
#include "sys/atomic.h"

/* How many steps of its lane a worker has done; one writer, a line of its own. */
struct replay_progress {
	alignas(CACHE_ALIGN) _Atomic uint32_t steps;
};

/* Has everything happened that `step` of this lane waits for? */
static inline bool replay_ready(const struct replay_lane *lane, const struct replay_step *step,
				struct replay_progress *progress)
{
	const struct replay_wait *wait = lane->waits + step->waits;

	for (uint32_t i = 0; i < step->nwaits; i++)
		/* acquire: pairs with replay_publish, the IOVA is ours after its last owner's work */
		if (at_load(&progress[wait[i].worker].steps, acquire) < wait[i].step + 1)
			return false;
	return true;
}

/* `steps` steps are done. Only those somebody waits for need be published. */
static inline void replay_publish(struct replay_progress *own, uint32_t steps)
{
	/* release: pairs with replay_ready; what we did to the IOVA is done for the next owner */
	at_store(&own->steps, steps, release);
}

/* A part of what event `event` mapped and nobody unmapped. */
struct replay_piece {
	uint32_t event;
	uint64_t iova, bytes;
};

struct replay_left {
	struct replay_piece *v; /* by event, descending */
	size_t n, cap;
};

/* What is mapped at the end of a legal trace. 0 or -ENOMEM; free left->v with free(). */
int replay_left_build(struct replay_left *left, const struct trace *t);
