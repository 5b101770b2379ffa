/*
 * workload_cursor.c - `cursor`: a shared counter hands out consecutive pages of a fresh table, so
 * the workers meet at each new leaf table by natural arrival. The counter stands for an IOVA
 * allocator; it is the one shared line that moves while the clock runs, and belongs to the workload.
 */
#include <stdlib.h>

#include "bench/meeting.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define BASE (1ull << 30)

struct cursor {
	alignas(CACHE_ALIGN) _Atomic uint64_t next; /* page index */
	alignas(CACHE_ALIGN) uint64_t end;
};

static uint64_t total_pages(const struct group_run *run)
{
	return run->round * leaf_pages(run->g) / run->g->batch * run->g->batch;
}

static int check(const struct group *g, struct err *err)
{
	if (g->order == ORDER_RANDOM)
		return err_set(err, EXIT_USAGE, "--order random: the cursor hands out one page behind the "
			       "other; use ascending or descending, or --workload private");
	if (g->round << 9 > (1ull << 50) >> g->page_lg2)
		return err_set(err, EXIT_USAGE, "cursor: --round %lu of this page size does not fit "
			       "the address space", (unsigned long)g->round);
	return 0;
}

static uint64_t reach(const struct group *g)
{
	return BASE + (g->round * (512 >> (g->page_lg2 - 12) % 9) << g->page_lg2) - 1;
}

static int prepare(struct group_run *run, struct err *err)
{
	run->shared = aligned_alloc(CACHE_ALIGN, sizeof(struct cursor));
	if (!run->shared)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the cursor");
	return 0;
}

static void release(struct group_run *run)
{
	free(run->shared);
}

static void rewind_cursor(struct group_run *run)
{
	struct cursor *cursor = run->shared;

	at_init(&cursor->next, 0);
	cursor->end = total_pages(run);
}

static uint64_t meetings(const struct group_run *run)
{
	return run->round;
}

/* The first page of a table that falls to this worker: it may find the table missing. */
static void enter_table(struct lane *lane, uint64_t table, struct pt_op *op)
{
	uint64_t now = clock_now();

	meeting_note(lane, table, now);
	lane_single(lane, op);
	lane->tally.plain -= clock_now() - now;
	lane->tally.plain_ops--;
}

static void slice(struct lane *lane)
{
	struct cursor *cursor = lane->group->shared;
	const struct group *g = lane_group(lane);
	uint64_t at, inside = UINT64_MAX;
	unsigned lg2 = (unsigned)__builtin_ctz(leaf_pages(g));
	struct tally *t = &lane->tally;

	lane_begin(lane);
	/* relaxed: the counter only makes ranges disjoint, it publishes nothing */
	while ((at = at_add(&cursor->next, g->batch, relaxed)) < cursor->end) {
		uint64_t page = g->order == ORDER_DESCENDING ? cursor->end - g->batch - at : at;
		struct pt_op op = map_page_op(g, BASE + (page << g->page_lg2));

		op.count = (uint32_t)g->batch;
		if (page >> lg2 == inside) {
			lane_single(lane, &op);
		} else {
			inside = page >> lg2;
			enter_table(lane, inside, &op);
		}
	}
	lane_end(lane);
	t->plain += t->stop - t->start; /* less what enter_table() took off */
	t->plain_ops += t->ops;
	lane_finish(lane);
}

/* Whoever mapped it: the whole range is mapped, once. */
static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	uint64_t pages = total_pages(lane->group);
	int error = 0;

	for (uint64_t at = 0; lane->worker == 0 && at < pages && !error; at++) {
		struct pt_op op = map_page_op(g, BASE + (at << g->page_lg2));

		error = expect_op(out, &op);
	}
	return error;
}

const struct workload workload_cursor = {
	.name = "cursor",
	.help = "a shared counter hands out consecutive pages: workers meet at each new table",
	.cold = true, .order = ORDER_ASCENDING, .arrival = ARRIVAL_LOCKSTEP, .min_threads = 1,
	.check = check, .reach = reach, .prepare = prepare, .release = release, .rewind = rewind_cursor,
	.meetings = meetings, .slice = slice, .expect = expect,
};
