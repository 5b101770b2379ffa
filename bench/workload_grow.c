/*
 * workload_grow.c - `grow`: all workers at once map beyond what the root spans, three times on a
 * fresh table: beyond 3, 4 and 5 levels. Each brings a new root; one wins, the others' is in vain.
 * A slice is many such tables, made and destroyed outside the clock. Forced, as rendezvous.
 *
 * The new root's subtree is empty, so the tables below are raced for as well: they are counted as
 * installs, apart from growth.
 */

#include "bench/meeting.h"
#include "bench/workload_rows.h"

#define STEPS 3u

/* The first address that a root of three, four, five levels does not span. */
static const unsigned beyond_lg2[STEPS] = { 39, 48, 57 };

static int check(const struct group *g, struct err *err)
{
	for (unsigned i = 0; i < g->nengines; i++)
		if (!pt_engine_grows(g->engines[i]))
			return err_set(err, EXIT_USAGE, "grow: the levels of %s are fixed; take it out of "
				       "--engines", g->engines[i]->name);
	if (g->page_lg2 >= beyond_lg2[0])
		return err_set(err, EXIT_USAGE, "grow: pages of this size want a higher root anyway; "
			       "choose --page-size below 512G");
	if (g->threads > leaf_pages(g))
		return err_set(err, EXIT_USAGE, "grow: %u threads, but a leaf table of this page size "
			       "has %u pages; choose fewer --threads", g->threads, leaf_pages(g));
	if (g->batch != 1)
		return err_set(err, EXIT_USAGE, "grow: a worker maps one page a growth; leave --batch "
			       "at 1");
	return 0;
}

static uint64_t steps(const struct group_run *run)
{
	(void)run;
	return STEPS;
}

static struct pt_op page_of(const struct group *g, unsigned step, unsigned worker)
{
	return map_page_op(g, (1ull << beyond_lg2[step]) + ((uint64_t)worker << g->page_lg2));
}

static void slice(struct lane *lane)
{
	lane_begin(lane);
	for (unsigned i = 0; i < STEPS; i++) {
		struct pt_op op = page_of(lane_group(lane), i, lane->worker);

		meeting_map(lane, i, &op);
	}
	lane_end(lane);
	lane_finish(lane);
}

static int expect(struct lane *lane, struct expectation *out)
{
	int error = 0;

	for (unsigned i = 0; i < STEPS && !error; i++) {
		struct pt_op op = page_of(lane_group(lane), i, lane->worker);

		error = expect_op(out, &op);
	}
	return error;
}

const struct workload workload_grow = {
	.name = "grow",
	.help = "forced: all workers at once map beyond the root of a fresh table, again and again",
	.cold = true, .fresh = true, .forced = true, .arrival = ARRIVAL_AT_ONCE, .singly = true,
	.min_threads = 2, .check = check, .meetings = steps, .slice = slice, .expect = expect,
};
