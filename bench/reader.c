#include "bench/reader.h"

#include "stat/stat.h"

#define STRETCH_MIN 64u

void reader_stretch(struct lane *lane, const struct read_area *area, bool measured)
{
	uint64_t n = STRETCH_MIN + stat_below(&lane->rng, STRETCH_MAX - STRETCH_MIN + 1);
	uint64_t slice = lane->group->ops_per_worker;

	if (lane->think && n > 1 + slice / 2) /* with long think times a slice is a few operations */
		n = 1 + slice / 2;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t owner = stat_below(&lane->rng, area->owners);

		lane->ops[i] = (struct pt_op){
			.iova = area->base + owner * area->stride + stat_below(&lane->rng, area->bytes),
			.count = 1, .size_lg2 = 12, .kind = PT_LOOKUP };
	}
	lane_reads(lane, lane->ops, n, measured);
}

void reader_measure(struct lane *lane, const struct read_area *area)
{
	struct group_run *run = lane->group;

	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker)
		reader_stretch(lane, area, true);
	lane_end(lane);
	lane_finish(lane);
	while (lane_others_measure(lane))
		reader_stretch(lane, area, false);
}
