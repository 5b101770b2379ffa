/*
 * workload_cold.c - `cold`: every worker maps one page of its own in each of the round's leaf tables,
 * in a random order of its own over all of them. So each table is touched by all workers, and by
 * which of them first is chance: uniform random first touches.
 *
 * The tables above the leaf tables are built before the clock starts (a page below each, by worker
 * 0), so that leaf tables are all that is raced for; the model of this fill knows no others.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/meeting.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define PARENT 512u /* leaf tables below a table; the first of them is built beforehand */

static uint64_t parents(uint64_t tables)
{
	return (tables + PARENT - 2) / (PARENT - 1);
}

/* lg2 of the bytes that a leaf table spans. */
static unsigned span_lg2(const struct group *g)
{
	return g->page_lg2 + (unsigned)__builtin_ctz(leaf_pages(g));
}

/* The first page of leaf table `index` below parent `p`. Below the first parent is nothing. */
static uint64_t table_at(const struct group *g, uint64_t p, uint64_t index)
{
	return ((p + 1) * PARENT + index) << span_lg2(g);
}

/* Pages of the workers lie apart, in lines of their own where there is room. */
static struct pt_op page_of(const struct group *g, uint64_t table, unsigned worker)
{
	uint64_t slot = worker * (leaf_pages(g) / g->threads);
	uint64_t base = table_at(g, table / (PARENT - 1), 1 + table % (PARENT - 1));

	return map_page_op(g, base + (slot << g->page_lg2));
}

static uint64_t reach(const struct group *g)
{
	return ((parents(g->round) + 1) * PARENT << span_lg2(g)) - 1;
}

static int check(const struct group *g, struct err *err)
{
	if (g->threads > leaf_pages(g))
		return err_set(err, EXIT_USAGE, "cold: %u threads, but a leaf table of this page size has "
			       "%u pages; choose fewer --threads", g->threads, leaf_pages(g));
	if (g->batch != 1)
		return err_set(err, EXIT_USAGE, "cold: a worker maps one page a table; leave --batch at 1");
	if ((parents(g->round) + 1) * PARENT > (1ull << 51) >> span_lg2(g))
		return err_set(err, EXIT_USAGE, "cold: --round %lu of this page size does not fit the "
			       "address space; choose fewer", (unsigned long)g->round);
	return 0;
}

static uint64_t meetings(const struct group_run *run)
{
	return run->round;
}

static int lane_open(struct lane *lane)
{
	lane->own = calloc(lane_group(lane)->round, sizeof(uint32_t));
	return lane->own ? 0 : -ENOMEM;
}

static void lane_close(struct lane *lane)
{
	free(lane->own);
}

/* The worker's order of the tables, the same for all engines (Durstenfeld, CACM 7, 1964). */
static void shuffle(struct lane *lane)
{
	uint64_t rng = stat_mix(lane_group(lane)->seed ^
				stat_mix(lane->group->position * 4096 + lane->worker));
	uint32_t *order = lane->own;

	for (uint32_t i = 0; i < lane->group->round; i++) {
		uint32_t j = (uint32_t)stat_below(&rng, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

/* What stands before the race; its pages are not the measured part's. */
static void build_above(struct lane *lane)
{
	const struct group *g = lane_group(lane);

	for (uint64_t p = 0; p < parents(lane->group->round); p++) {
		struct pt_op op = map_page_op(g, table_at(g, p, 0));

		lane_stretch(lane, &op, 1, false);
	}
	lane->tally.unraced = lane->pw.n;
}

static void slice(struct lane *lane)
{
	const uint32_t *order = lane->own;
	struct tally *t = &lane->tally;
	uint64_t now;

	shuffle(lane);
	if (lane->worker == 0)
		build_above(lane);
	barrier_wait(&lane->group->start);
	lane_begin(lane);
	now = t->start;
	for (uint64_t i = 0; i < lane->group->round; i++) {
		struct pt_op op = page_of(lane_group(lane), order[i], lane->worker);
		uint64_t allocated = lane->pw.n.allocated, began = now;

		meeting_note(lane, order[i], began);
		lane_single(lane, &op);
		now = clock_now();
		if (lane->pw.n.allocated == allocated) {
			t->plain += now - began;
			t->plain_ops++;
		}
	}
	lane_end(lane);
	lane_finish(lane);
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	uint64_t tables = lane->group->round;
	int error = 0;

	for (uint64_t i = 0; i < tables && !error; i++) {
		struct pt_op op = page_of(g, i, lane->worker);

		error = expect_op(out, &op);
	}
	for (uint64_t p = 0; lane->worker == 0 && p < parents(tables) && !error; p++) {
		struct pt_op op = map_page_op(g, table_at(g, p, 0));

		error = expect_op(out, &op);
	}
	return error;
}

const struct workload workload_cold = {
	.name = "cold",
	.help = "each worker touches every new table once, in a random order of its own",
	.cold = true, .arrival = ARRIVAL_FILL, .min_threads = 1, .check = check, .reach = reach,
	.meetings = meetings, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.expect = expect,
};
