/*
 * workload_overlap.c - `overlap`: all workers operate on the same range at once, which the IOVA
 * allocator exists to prevent, and what is left is sorted into the classes of overlap.h. They meet
 * at a barrier before each range, so how often they collide says nothing about real systems; what
 * is left when they do, does. With --disjoint the same code runs on a range for each worker.
 */
#include <stdlib.h>

#include "bench/audit.h"
#include "bench/lane.h"
#include "bench/mix.h"
#include "bench/overlap.h"
#include "bench/workload_rows.h"

#define BASE (1ull << 30)

/* run->round: a range needs one table at most, so the tables of a round bound its ranges. */
static struct overlap_layout layout_of(const struct group_run *run)
{
	return (struct overlap_layout){ .kind = run->g->range, .base = BASE, .ranges = run->round,
					.owners = run->g->disjoint ? run->g->threads : 1 };
}

static int check(const struct group *g, struct err *err)
{
	if (g->threads > OVERLAP_WRITERS_MAX)
		return err_set(err, EXIT_USAGE, "overlap: at most %u threads", OVERLAP_WRITERS_MAX);
	return check_own_pages(g, err);
}

static uint64_t sizes(const struct group *g)
{
	switch (g->range) {
	case RANGE_3X4K:
		return 1ull << 12;
	case RANGE_4K_OVER_2M:
		return 1ull << 12 | 1ull << 21;
	case RANGE_64K:
	case RANGE_MAP_UNMAP:
		break;
	}
	return 1ull << 16;
}

/* Of the whole round. */
static uint64_t reach(const struct group *g)
{
	struct overlap_layout l = { .kind = g->range, .base = BASE, .ranges = g->round,
				    .owners = g->disjoint ? g->threads : 1 };

	return overlap_iova(&l, l.owners, 0) - 1;
}

static int prepare(struct group_run *run, struct err *err)
{
	const struct group *g = run->g;
	struct barrier *meeting;

	meeting = aligned_alloc(CACHE_ALIGN, sizeof(*meeting));
	if (!meeting)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a barrier");
	barrier_init(meeting, g->threads);
	run->shared = meeting;
	return 0;
}

static void release(struct group_run *run)
{
	free(run->shared);
	run->shared = NULL;
}

static struct pt_op map_op(enum range_kind kind, uint64_t iova, unsigned writer)
{
	struct pt_op op = { .iova = iova, .pa = overlap_pa(iova, writer), .count = 1,
			    .kind = PT_MAP, .size_lg2 = 16, .prot = PT_READ | PT_WRITE };

	if (kind == RANGE_3X4K) {
		op.count = 3;
		op.size_lg2 = 12;
	} else if (kind == RANGE_4K_OVER_2M) {
		op.size_lg2 = writer == 1 ? 21 : 12;
	}
	return op;
}

/* map-unmap: every range is mapped before the race, so that there is something to unmap. */
static void map_first(struct lane *lane, const struct overlap_layout *l)
{
	unsigned owner = l->owners > 1 ? lane->worker : 0;
	size_t n = 0;

	if (lane->worker >= l->owners)
		return;
	for (uint64_t i = 0; i < l->ranges; i++) {
		lane->ops[n++] = map_op(l->kind, overlap_iova(l, owner, i), OVERLAP_FIRST);
		if (n == STRETCH_MAX || i + 1 == l->ranges) {
			lane_mixed(lane, lane->ops, n, false);
			n = 0;
		}
	}
}

static void write_range(struct lane *lane, const struct overlap_layout *l, uint64_t range)
{
	uint64_t iova = overlap_iova(l, l->owners > 1 ? lane->worker : 0, range);
	struct pt_op op = map_op(l->kind, iova, lane->worker + 1);

	if (l->kind == RANGE_MAP_UNMAP && lane->worker % 2) {
		struct pt_op unmap = { .iova = iova, .count = 1, .kind = PT_UNMAP, .size_lg2 = 16 };

		lane_single(lane, &unmap);
		/* On a range of its own the unmapper maps again: only damage could leave it absent. */
		if (l->owners == 1)
			return;
	}
	lane_single(lane, &op);
}

static void slice(struct lane *lane)
{
	struct barrier *meeting = lane->group->shared;
	struct overlap_layout l = layout_of(lane->group);

	if (l.kind == RANGE_MAP_UNMAP)
		map_first(lane, &l);
	barrier_wait(meeting);
	lane_begin(lane);
	for (uint64_t i = 0; i < l.ranges; i++) {
		barrier_wait(meeting);
		write_range(lane, &l, i);
	}
	lane_end(lane);
	lane->tally.failed = 0; /* who comes second may well be refused */
	lane_finish(lane);
}

static void see_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		      uint64_t value, bool is_table)
{
	struct overlap_entry entry = { .value = value, .level = level };

	if (is_table)
		return;
	for (unsigned i = 0; i < depth; i++)
		entry.iova |= (uint64_t)path[i] << (12 + 9 * (level + depth - 1 - i));
	overlap_add(ctx, &entry);
}

static void count_page(void *ctx, struct page_desc *page)
{
	(void)page;
	++*(uint64_t *)ctx;
}

/* Live pages of the table that are neither in the tree nor waiting for their grace period. */
static uint64_t leaked(struct group_run *run, const struct engine_run *er, uint64_t reachable)
{
	uint64_t live = 0, retired = 0;

	pool_each(run->pool, pt_id(er->pt), count_page, &live);
	for (unsigned w = 0; w < run->g->threads; w++)
		retired += er->lanes[w]->pw.gather.n + grace_pending(er->lanes[w]->grace);
	return live - reachable - retired;
}

static void classify(struct group_run *run, unsigned engine)
{
	const struct engine_run *er = &run->engines[engine];
	struct overlap_result *sum = &er->result->overlap;
	struct overlap_layout l = layout_of(run);
	struct overlap_sorter sorter;
	struct pt_scan scan = { .entry = see_entry, .ctx = &sorter };
	uint64_t orphans;

	overlap_begin(&sorter, &l);
	pt_scan(er->pt, &scan);
	overlap_end(&sorter);
	sum->ranges += sorter.sum.ranges;
	sum->one_writer += sorter.sum.one_writer;
	sum->mixed_chunks += sorter.sum.mixed_chunks;
	sum->torn_leaf += sorter.sum.torn_leaf;
	sum->absent += sorter.sum.absent;
	orphans = leaked(run, er, scan.tables);
	sum->leaked_tables += orphans;
	if (sorter.outside)
		audit_fail(er->result, "%lu entries where nobody mapped", (unsigned long)sorter.outside);
	if (run->g->disjoint && (sorter.sum.one_writer != sorter.sum.ranges || orphans))
		audit_fail(er->result, "disjoint writers: %lu of %lu ranges whole, %lu tables leaked",
			   (unsigned long)sorter.sum.one_writer, (unsigned long)sorter.sum.ranges,
			   (unsigned long)orphans);
}

/* Nobody owns a range, so nobody can say what must be there. */
static int expect(struct lane *lane, struct expectation *out)
{
	(void)lane;
	(void)out;
	return 0;
}

const struct workload workload_overlap = {
	.name = "overlap",
	.help = "several writers on one range at once, and what is left of it (--range, --disjoint)",
	.cold = true, .forced = true, .unowned = true, .min_threads = 2, .check = check,
	.sizes = sizes, .reach = reach, .prepare = prepare, .release = release,
	.slice = slice, .expect = expect, .classify = classify,
};
