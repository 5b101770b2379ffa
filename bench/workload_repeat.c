/*
 * workload_repeat.c - `repeat`: every worker maps and unmaps one range of its own again and again, each
 * operation between two stamps. The least there is to do: tables, lines and branches are as warm as
 * they get. What the kernel's own benchmarks of page tables do (--preset generic_pt).
 */
#include "bench/lane.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

/* A root entry of a 3-level table, or more where the range needs it: only the root is shared. */
static unsigned span_lg2(const struct group *g)
{
	unsigned lg2 = g->page_lg2;

	while (g->batch > 1ull << (lg2 - g->page_lg2))
		lg2++;
	return lg2 > 30 ? lg2 : 30;
}

static int check(const struct group *g, struct err *err)
{
	if (span_lg2(g) > 51 || g->threads >= 1ull << (63 - span_lg2(g)))
		return err_set(err, EXIT_USAGE, "repeat: --batch %lu pages of this size for each of %u "
			       "threads do not fit the address space; use smaller ones",
			       (unsigned long)g->batch, g->threads);
	return 0;
}

static uint64_t reach(const struct group *g)
{
	return ((g->threads + 1ull) << span_lg2(g)) - 1;
}

static struct pt_op op_of(const struct lane *lane, bool map)
{
	const struct group *g = lane_group(lane);
	struct pt_op op = map_page_op(g, (1ull + lane->worker) << span_lg2(g));

	op.count = (uint32_t)g->batch;
	if (!map) /* as iommu_unmap() does: whatever chunks the range allows */
		op.kind = g->batch > 1 ? PT_UNMAP_RANGE : PT_UNMAP;
	return op;
}

static void unmeasured(struct lane *lane, bool map)
{
	struct pt_op op = op_of(lane, map);
	uint64_t think = lane->think;

	lane->think = 0;
	lane_mixed(lane, &op, 1, false);
	lane->think = think;
}

static void measured(struct lane *lane, bool map)
{
	struct pt_op op = op_of(lane, map);

	lane_single(lane, &op);
}

/* Once at least before the clock counts: the first map makes the tables. */
static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;

	do {
		unmeasured(lane, true);
		unmeasured(lane, false);
	} while (clock_now() < lead_in);
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker) {
		measured(lane, true);
		measured(lane, false);
	}
	lane_end(lane);
	lane_finish(lane);
	while (lane_others_measure(lane)) {
		unmeasured(lane, true);
		unmeasured(lane, false);
	}
}

static void settle(struct lane *lane)
{
	unmeasured(lane, true);
}

static void clear(struct lane *lane)
{
	unmeasured(lane, false);
}

static int expect(struct lane *lane, struct expectation *out)
{
	struct pt_op op = op_of(lane, true);

	return expect_op(out, &op);
}

const struct workload workload_repeat = {
	.name = "repeat",
	.help = "each worker maps and unmaps one range (--batch pages) again and again, each operation "
		"timed singly",
	.singly = true, .min_threads = 1, .check = check, .reach = reach, .slice = slice,
	.settle = settle, .clear = clear, .expect = expect,
};
