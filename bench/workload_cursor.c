/*
 * workload_cursor.c - `cursor`: a shared counter hands out consecutive pages of a fresh table, so
 * the workers meet at each new leaf table by natural arrival. The counter stands for an IOVA
 * allocator; it is the one shared line that moves while the clock runs, and belongs to the workload.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/lane.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define BASE (1ull << 30)

struct cursor {
	alignas(CACHE_ALIGN) _Atomic uint64_t next; /* page index */
	alignas(CACHE_ALIGN) uint64_t end;
};

static uint64_t total_pages(const struct group_run *run)
{
	uint64_t per_table = 512 >> (run->g->page_lg2 - 12) % 9;

	return run->round * per_table / run->g->batch * run->g->batch;
}

static int check(const struct group *g, struct err *err)
{
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

static void slice(struct lane *lane)
{
	struct cursor *cursor = lane->group->shared;
	const struct group *g = lane_group(lane);
	uint64_t at;

	lane->tally.start = clock_now();
	/* relaxed: the counter only makes ranges disjoint, it publishes nothing */
	while ((at = at_add(&cursor->next, g->batch, relaxed)) < cursor->end) {
		uint64_t iova = BASE + (at << g->page_lg2);
		struct pt_op op = { .iova = iova, .pa = pa_of(iova), .count = (uint32_t)g->batch,
				    .kind = PT_MAP, .size_lg2 = (uint8_t)g->page_lg2,
				    .prot = PT_READ | PT_WRITE };

		lane_single(lane, &op);
	}
	lane->tally.stop = clock_now();
	lane_finish(lane);
}

/* Whoever mapped it: the whole range is mapped, once. */
static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	uint64_t pages = total_pages(lane->group);
	int error = 0;

	for (uint64_t at = 0; lane->worker == 0 && at < pages && !error; at++) {
		uint64_t iova = BASE + (at << g->page_lg2);

		error = expect_add(out, &(struct extent){ .iova = iova, .pa = pa_of(iova),
							  .bytes = 1ull << g->page_lg2,
							  .size_lg2 = (uint8_t)g->page_lg2,
							  .prot = PT_READ | PT_WRITE });
	}
	return error;
}

const struct workload workload_cursor = {
	.name = "cursor",
	.help = "a shared counter hands out consecutive pages: workers meet at each new table",
	.cold = true, .min_threads = 1, .check = check, .reach = reach, .prepare = prepare, .release = release,
	.rewind = rewind_cursor, .slice = slice, .expect = expect,
};
