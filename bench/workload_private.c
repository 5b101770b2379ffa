/*
 * workload_private.c - `private`: every worker maps and unmaps its own leaf tables, only the root is
 * shared, or tables between (--share l2, l1). `adjacent`: the same work, but the workers' pages lie
 * in the same leaf tables (--share table) or in the same 64-byte lines of entries (--share line).
 * layout.c says where each page lies.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/lane.h"
#include "bench/layout.h"
#include "bench/mix.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define STRETCH_MIN 64u

/* One worker's set of operations of `batch` pages. */
struct pages {
	uint32_t n;
	uint64_t *place;     /* layout.h; read only, the first engine's lane has it for all of them */
};

static int check(const struct group *g, struct err *err)
{
	return check_balanced(g, err) ? err->code : layout_check(g, err);
}

static int lane_open(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct pages *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	lane->own = own;
	own->n = layout_ops(g);
	if (lane->engine) {
		const struct pages *first = lane->group->engines[0].lanes[lane->worker]->own;

		own->place = first ? first->place : NULL;
		return own->place ? 0 : -ENOMEM;
	}
	own->place = malloc(own->n * sizeof(own->place[0]));
	return own->place ? layout_places(g, lane->worker, own->place) : -ENOMEM;
}

static void lane_close(struct lane *lane)
{
	struct pages *own = lane->own;

	if (own && !lane->engine)
		free(own->place);
	free(own);
	lane->own = NULL;
}

static int prebuild(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	int error = 0;

	for (uint32_t table = 0; table < g->tables && !error; table++)
		error = pt_prebuild(lane->pt, &lane->pw, layout_table(g, lane->worker, table),
				    layout_table_bytes(g));
	return error;
}

/* ops[0..n): maps of the set's pages from position `at` on, wrapping. */
static void fill(struct lane *lane, struct pt_op *ops, uint32_t at, uint32_t n)
{
	const struct group *g = lane_group(lane);
	const struct pages *own = lane->own;
	struct pt_op op = { .count = (uint32_t)g->batch, .kind = PT_MAP, .prot = PT_READ | PT_WRITE };

	for (uint32_t i = 0; i < n; i++) {
		op.iova = place_iova(own->place[at]);
		op.size_lg2 = place_lg2(own->place[at]);
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

/* --ratio: lookups of pages just mapped, from the first one on, as many rounds as it takes. */
static void look_up(struct lane *lane, uint32_t n, bool measured)
{
	struct ratio ratio = group_ratio(lane_group(lane));
	uint64_t left = (uint64_t)n * ratio.lookup / ratio.map;

	if (left)
		set_kind(lane->ops, n, PT_LOOKUP);
	for (; left; left -= left < n ? left : n)
		lane_lookups(lane, lane->ops, left < n ? left : n, measured);
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
	look_up(lane, n, measured);
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
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker)
		map_and_unmap(lane, true);
	lane_end(lane);
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
		uint64_t iova = place_iova(own->place[i]);
		uint8_t lg2 = place_lg2(own->place[i]);

		error = expect_add(out, &(struct extent){ .iova = iova, .pa = pa_of(iova),
							  .bytes = g->batch << lg2, .size_lg2 = lg2,
							  .prot = PT_READ | PT_WRITE });
	}
	return error;
}

static const struct ratio own_ratio = { 1, 1, 0 };

const struct workload workload_private = {
	.name = "private",
	.help = "each worker maps and unmaps pages of its own leaf tables; only the root is shared, or "
		"tables below it (--share)",
	.pure = true, .mixes = true, .order = ORDER_RANDOM, .ratio = &own_ratio, .min_threads = 1,
	.check = check, .reach = layout_reach, .lane_open = lane_open, .lane_close = lane_close,
	.prebuild = prebuild, .slice = slice, .settle = settle, .clear = clear, .expect = expect,
};

const struct workload workload_adjacent = {
	.name = "adjacent",
	.help = "the workers' pages lie in the same leaf tables, or lines of entries (--share)",
	.pure = true, .order = ORDER_RANDOM, .ratio = &own_ratio, .min_threads = 1, .check = check,
	.reach = layout_reach, .lane_open = lane_open, .lane_close = lane_close, .slice = slice,
	.settle = settle, .clear = clear,
	.expect = expect,
};
