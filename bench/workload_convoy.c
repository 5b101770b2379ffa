/*
 * workload_convoy.c - `convoy`: all workers start at once where no table stands below the root. They
 * race for the table at level 1, and whoever lost there comes out of it with the others who lost and
 * races again at level 0: up to (threads - 1) x levels pages in vain a start. Forced, as rendezvous.
 *
 * Each start takes another entry of a 3-level root, so a slice has as many as the root has entries.
 */
#include "bench/meeting.h"
#include "bench/workload_rows.h"

#define ROOT_ENTRIES 512u
#define ROOT_ENTRY_LG2 30u

/* Tables that are missing between the root and the pages. */
static unsigned raced(const struct group *g)
{
	return 2 - (g->page_lg2 - 12) / 9;
}

static int check(const struct group *g, struct err *err)
{
	if (g->page_lg2 >= ROOT_ENTRY_LG2)
		return err_set(err, EXIT_USAGE, "convoy: pages of this size go into the root itself, no "
			       "table is missing; choose --page-size below 1G");
	if (g->threads > leaf_pages(g))
		return err_set(err, EXIT_USAGE, "convoy: %u threads, but a leaf table of this page size "
			       "has %u pages; choose fewer --threads", g->threads, leaf_pages(g));
	if (g->batch != 1)
		return err_set(err, EXIT_USAGE, "convoy: a worker maps one page a start; leave --batch "
			       "at 1");
	if (g->round < raced(g))
		return err_set(err, EXIT_USAGE, "convoy: a start builds %u tables; choose --round %u or "
			       "more", raced(g), raced(g));
	return 0;
}

static uint64_t starts(const struct group_run *run)
{
	uint64_t n = run->round / raced(run->g);

	return n < ROOT_ENTRIES ? n : ROOT_ENTRIES;
}

static struct pt_op page_of(const struct group *g, uint64_t start, unsigned worker)
{
	return map_page_op(g, (start << ROOT_ENTRY_LG2) + ((uint64_t)worker << g->page_lg2));
}

static void slice(struct lane *lane)
{
	uint64_t n = starts(lane->group);

	lane_begin(lane);
	for (uint64_t i = 0; i < n; i++) {
		struct pt_op op = page_of(lane_group(lane), i, lane->worker);

		meeting_map(lane, i, &op);
	}
	lane_end(lane);
	lane_finish(lane);
}

static int expect(struct lane *lane, struct expectation *out)
{
	uint64_t n = starts(lane->group);
	int error = 0;

	for (uint64_t i = 0; i < n && !error; i++) {
		struct pt_op op = page_of(lane_group(lane), i, lane->worker);

		error = expect_op(out, &op);
	}
	return error;
}

const struct workload workload_convoy = {
	.name = "convoy",
	.help = "forced: all workers start at once in an empty subtree, losers race again below",
	.cold = true, .forced = true, .arrival = ARRIVAL_AT_ONCE, .singly = true, .min_threads = 2,
	.check = check, .meetings = starts, .slice = slice, .expect = expect,
};
