/*
 * workload_private.c - `private`: every worker maps and unmaps its own leaf tables, only the root is
 * shared. `adjacent`: the same work, but the workers' pages lie in the same leaf tables (--share
 * table) or in the same 64-byte lines of entries (--share line).
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/lane.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define STRETCH_MIN 64u

/* One worker's set of operations: where each of them starts, in random order. */
struct pages {
	uint64_t base;
	uint32_t n;          /* operations of `batch` pages */
	uint32_t *index;     /* page index of each, from base */
};

/* Entries of a leaf table that one page takes: replicas of a contiguous leaf. */
static unsigned replicas(unsigned page_lg2)
{
	return 1u << (page_lg2 - 12) % 9;
}

static unsigned pages_per_table(const struct group *g)
{
	return 512 / replicas(g->page_lg2);
}

/* Pages of one table that belong to one worker. */
static unsigned share_of_table(const struct group *g)
{
	unsigned pages = pages_per_table(g);
	unsigned each = pages / g->threads;

	if (g->share == SHARE_ROOT)
		return pages;
	return g->share == SHARE_TABLE && each >= 8 ? each & ~7u : each;
}

/* IOVA span of a worker's region: whole entries of a 3-level root, so that only that is shared. */
static uint64_t span(const struct group *g)
{
	uint64_t bytes = (g->tables * pages_per_table(g)) << g->page_lg2, root_entry = 1ull << 30;

	return (bytes + root_entry - 1) & ~(root_entry - 1);
}

static uint32_t page_index(const struct group *g, unsigned worker, uint32_t table, uint32_t i)
{
	uint32_t start = table * pages_per_table(g);

	if (g->share == SHARE_ROOT)
		return start + i;
	if (g->share == SHARE_TABLE)
		return start + worker * share_of_table(g) + i;
	return start + i * g->threads + worker;
}

/* Regions of `root` begin at 1 × span, of the others all workers share one there. */
static uint64_t reach(const struct group *g)
{
	uint64_t spans = g->share == SHARE_ROOT ? g->threads + 1 : 2;

	return span(g) > UINT64_MAX / spans ? UINT64_MAX : span(g) * spans - 1;
}

static int check(const struct group *g, struct err *err)
{
	unsigned each = share_of_table(g);

	if (each < g->batch)
		return err_set(err, EXIT_USAGE,
			       "%s: a leaf table of this page size has %u pages for each of %u threads, "
			       "less than --batch %lu", g->workload->name, each, g->threads,
			       (unsigned long)g->batch);
	/* pages of 256T and more: a leaf table spans more than all output addresses */
	if (g->page_lg2 >= 48 && g->batch > 1 &&
	    (g->batch & (g->batch - 1) || g->batch << g->page_lg2 > 1ull << (PA_BITS - 1)))
		return err_set(err, EXIT_USAGE, "%s: --batch %lu of this page size: output addresses "
			       "have %u bits; use a smaller power of two", g->workload->name,
			       (unsigned long)g->batch, PA_BITS);
	if (g->share == SHARE_LINE && g->batch > 1)
		return err_set(err, EXIT_USAGE, "adjacent: --share line wants --batch 1");
	if (g->tables * pages_per_table(g) > (1ull << 62) >> g->page_lg2 ||
	    span(g) > (1ull << 62) / (g->threads + 1))
		return err_set(err, EXIT_USAGE, "%s: --tables %lu of this page size for %u threads do "
			       "not fit the address space", g->workload->name,
			       (unsigned long)g->tables, g->threads);
	return 0;
}

static void shuffle(uint32_t *v, uint32_t n, uint64_t seed)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = (uint32_t)stat_below(&seed, i), swap = v[i - 1];

		v[i - 1] = v[j];
		v[j] = swap;
	}
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	uint32_t per_table = (uint32_t)(share_of_table(g) / g->batch), at = 0;
	struct pages *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->base = span(g) * (g->share == SHARE_ROOT ? 1 + lane->worker : 1);
	own->n = per_table * (uint32_t)g->tables;
	own->index = malloc(own->n * sizeof(own->index[0]));
	if (!own->index)
		return -ENOMEM;
	for (uint32_t table = 0; table < g->tables; table++)
		for (uint32_t i = 0; i < per_table; i++)
			own->index[at++] = page_index(g, lane->worker, table, i * (uint32_t)g->batch);
	shuffle(own->index, own->n, stat_mix(g->seed + lane->worker));
	return 0;
}

static void lane_close(struct lane *lane)
{
	struct pages *own = lane->own;

	if (own)
		free(own->index);
	free(own);
	lane->own = NULL;
}

static int prebuild(struct lane *lane)
{
	const struct pages *own = lane->own;

	return pt_prebuild(lane->pt, &lane->pw, own->base, span(lane_group(lane)));
}

/* ops[0..n): maps of the set's pages from position `at` on, wrapping. */
static void fill(struct lane *lane, struct pt_op *ops, uint32_t at, uint32_t n)
{
	const struct group *g = lane_group(lane);
	const struct pages *own = lane->own;
	struct pt_op op = { .count = (uint32_t)g->batch, .kind = PT_MAP,
			    .size_lg2 = (uint8_t)g->page_lg2, .prot = PT_READ | PT_WRITE };

	for (uint32_t i = 0; i < n; i++) {
		op.iova = own->base + ((uint64_t)own->index[at] << op.size_lg2);
		op.pa = pa_of(op.iova);
		ops[i] = op;
		at = at + 1 == own->n ? 0 : at + 1;
	}
}

static void set_kind(struct pt_op *ops, uint32_t n, enum pt_kind kind)
{
	for (uint32_t i = 0; i < n; i++)
		ops[i].kind = kind;
}

/*
 * A range that was mapped page by page is unmapped as a whole, as iommu_unmap() does: the 2019 body
 * then takes its lock once for each chunk that alignment allows, not once for each page.
 */
static enum pt_kind unmap_kind(const struct lane *lane)
{
	return lane_group(lane)->batch > 1 ? PT_UNMAP_RANGE : PT_UNMAP;
}

/* A stretch of maps, then the unmaps of the same pages. Leaves the table as it was. */
static void map_and_unmap(struct lane *lane, bool measured)
{
	const struct pages *own = lane->own;
	uint32_t n = STRETCH_MIN + (uint32_t)stat_below(&lane->rng, STRETCH_MAX - STRETCH_MIN + 1);
	uint64_t slice = lane->group->ops_per_worker;

	if (n > own->n)
		n = own->n;
	if (lane->think && n > 1 + slice / 2) /* with long think times a slice is a few operations */
		n = (uint32_t)(1 + slice / 2);
	fill(lane, lane->ops, (uint32_t)stat_below(&lane->rng, own->n), n);
	lane_stretch(lane, lane->ops, n, measured);
	set_kind(lane->ops, n, unmap_kind(lane));
	lane_stretch(lane, lane->ops, n, measured);
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;

	while (clock_now() < lead_in)
		map_and_unmap(lane, false);
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	lane->tally.start = clock_now();
	while (lane->tally.ops < run->ops_per_worker)
		map_and_unmap(lane, true);
	lane->tally.stop = clock_now();
	lane_finish(lane);
	while (lane_others_measure(lane))
		map_and_unmap(lane, false);
}

/* Every page of the set through the engine once, with no think time. */
static void whole_set(struct lane *lane, enum pt_kind kind)
{
	const struct pages *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t at = 0; at < own->n; at += STRETCH_MAX) {
		uint32_t n = own->n - at < STRETCH_MAX ? own->n - at : STRETCH_MAX;

		fill(lane, lane->ops, at, n);
		set_kind(lane->ops, n, kind);
		lane_mixed(lane, lane->ops, n, false);
	}
	lane->think = think;
}

static void settle(struct lane *lane)
{
	whole_set(lane, PT_MAP);
}

static void clear(struct lane *lane)
{
	whole_set(lane, unmap_kind(lane));
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	const struct pages *own = lane->own;
	int error = 0;

	for (uint32_t i = 0; i < own->n && !error; i++) {
		uint64_t iova = own->base + ((uint64_t)own->index[i] << g->page_lg2);

		error = expect_add(out, &(struct extent){ .iova = iova, .pa = pa_of(iova),
							  .bytes = g->batch << g->page_lg2,
							  .size_lg2 = (uint8_t)g->page_lg2,
							  .prot = PT_READ | PT_WRITE });
	}
	return error;
}

const struct workload workload_private = {
	.name = "private",
	.help = "each worker maps and unmaps pages of its own leaf tables; only the root is shared",
	.pure = true, .min_threads = 1, .check = check, .reach = reach, .lane_open = lane_open,
	.lane_close = lane_close, .prebuild = prebuild, .slice = slice, .settle = settle,
	.clear = clear, .expect = expect,
};

const struct workload workload_adjacent = {
	.name = "adjacent",
	.help = "the workers' pages lie in the same leaf tables, or lines of entries (--share)",
	.pure = true, .min_threads = 1, .check = check, .reach = reach, .lane_open = lane_open,
	.lane_close = lane_close, .slice = slice, .settle = settle, .clear = clear,
	.expect = expect,
};
