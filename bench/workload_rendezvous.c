/*
 * workload_rendezvous.c - `rendezvous`: all workers are released together at every new leaf table
 * and each maps a page of it. Arrival is forced: it shows that the machine can race and what the
 * worst case costs, never a rate. Only the time from release to done counts.
 */
#include "bench/meeting.h"
#include "bench/workload_rows.h"

#define BASE (1ull << 30)

static int check(const struct group *g, struct err *err)
{
	if (g->threads > leaf_pages(g))
		return err_set(err, EXIT_USAGE, "rendezvous: %u threads, but a leaf table of this page "
			       "size has %u pages", g->threads, leaf_pages(g));
	if (g->round << 9 > (1ull << 50) >> g->page_lg2)
		return err_set(err, EXIT_USAGE, "rendezvous: --round %lu of this page size does not "
			       "fit the address space", (unsigned long)g->round);
	if (g->batch != 1)
		return err_set(err, EXIT_USAGE, "rendezvous: a worker maps one page a table; leave --batch "
			       "at 1");
	return 0;
}

static uint64_t reach(const struct group *g)
{
	return BASE + (g->round * leaf_pages(g) << g->page_lg2) - 1;
}

static uint64_t meetings(const struct group_run *run)
{
	return run->round;
}

static struct pt_op page_of(const struct group *g, uint64_t table, unsigned worker)
{
	return map_page_op(g, BASE + ((table * leaf_pages(g) + worker) << g->page_lg2));
}

static void slice(struct lane *lane)
{
	lane_begin(lane);
	for (uint64_t table = 0; table < lane->group->round; table++) {
		struct pt_op op = page_of(lane_group(lane), table, lane->worker);

		meeting_map(lane, table, &op);
	}
	lane_end(lane);
	lane_finish(lane);
}

static int expect(struct lane *lane, struct expectation *out)
{
	int error = 0;

	for (uint64_t table = 0; table < lane->group->round && !error; table++) {
		struct pt_op op = page_of(lane_group(lane), table, lane->worker);

		error = expect_op(out, &op);
	}
	return error;
}

const struct workload workload_rendezvous = {
	.name = "rendezvous",
	.help = "forced: a barrier releases all workers together at each new table; not a rate",
	.cold = true, .forced = true, .arrival = ARRIVAL_AT_ONCE, .singly = true, .min_threads = 2,
	.check = check, .reach = reach, .meetings = meetings, .slice = slice, .expect = expect,
};
