#include "bench/meeting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/clock.h"

static uint64_t meetings(const struct group_run *run)
{
	return run->g->workload->meetings ? run->g->workload->meetings(run) : 0;
}

int meeting_open(struct group_run *run, unsigned w)
{
	size_t bytes = (meetings(run) * sizeof(uint64_t) / CACHE_ALIGN + 1) * CACHE_ALIGN;

	run->touch[w] = aligned_alloc(CACHE_ALIGN, bytes);
	if (!run->touch[w])
		return -ENOMEM;
	memset(run->touch[w], 0, bytes);
	return 0;
}

void meeting_close(struct group_run *run)
{
	for (unsigned w = 0; run->touch && w < run->g->threads; w++)
		free(run->touch[w]);
	free(run->touch);
}

void meeting_begin(struct lane *lane)
{
	memset(lane->touch, 0, meetings(lane->group) * sizeof(lane->touch[0]));
}

void meeting_map(struct lane *lane, uint64_t i, struct pt_op *op)
{
	barrier_wait(&lane->group->start);
	meeting_note(lane, i, clock_now());
	lane_single(lane, op);
}

/* When the first came; *last: when the last did. 0: nobody. */
static uint64_t first_of(const struct group_run *run, uint64_t i, uint64_t *last)
{
	uint64_t first = 0;

	*last = 0;
	for (unsigned w = 0; w < run->g->threads; w++) {
		uint64_t at = run->touch[w][i];

		if (at && (!first || at < first))
			first = at;
		if (at > *last)
			*last = at;
	}
	return first;
}

/* The first to come has no gap; of two at the same tick only one is the first. */
static void record_gaps(const struct group_run *run, uint64_t i, uint64_t first,
			struct histogram *gap)
{
	bool seen = false;

	for (unsigned w = 0; w < run->g->threads; w++) {
		uint64_t at = run->touch[w][i];

		if (at == first && !seen)
			seen = true;
		else if (at)
			hist_record(gap, (uint64_t)clock_ns(at - first));
	}
}

void meeting_collect(const struct group_run *run, unsigned e, bool record, struct slice *out)
{
	uint64_t n = meetings(run), skew = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t last, first = first_of(run, i, &last);

		if (!first)
			continue;
		out->meetings++;
		skew += last - first;
		if (record)
			record_gaps(run, i, first, run->engines[e].result->gap);
	}
	out->skew_ns += clock_ns(skew);
}
