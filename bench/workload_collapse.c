/*
 * workload_collapse.c - `collapse`: a slot is filled with small pages, emptied page by page so that
 * its table stays, and then one large page is mapped over the empty table, which has to go: taken
 * out of the tree and retired, since others may still stand in it. The large page is unmapped, and
 * the next slot is filled. Each step is timed apart. With --readers some workers stand in those
 * tables all the time.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/mix.h"
#include "bench/reader.h"
#include "bench/workload_rows.h"
#include "mem/grace.h"
#include "sys/clock.h"

/* Retired tables of one worker that may wait for readers; beyond that it waits for them. */
#define LIMBO_MAX 256u

enum phase { SMALL_MAP, SMALL_UNMAP, LARGE_MAP, LARGE_UNMAP };

/* The last audited state: even slots hold a large page, odd ones their small pages. */
struct own {
	uint64_t base;
	bool settled;
};

static unsigned small_pages(const struct group *g)
{
	return 512u >> (g->page_lg2 - 12) % 9;
}

/* A page as large as the table of the small ones spans. */
static unsigned large_lg2(const struct group *g)
{
	return 12 + 9 * ((g->page_lg2 - 12) / 9 + 1);
}

static uint64_t span(const struct group *g)
{
	uint64_t bytes = g->tables << large_lg2(g), root_entry = 1ull << 30;

	return (bytes + root_entry - 1) & ~(root_entry - 1);
}

static uint64_t sizes(const struct group *g)
{
	/* of 1G and more check() says what is wrong */
	return 1ull << g->page_lg2 | (g->page_lg2 < 30 ? 1ull << large_lg2(g) : 0);
}

static uint64_t reach(const struct group *g)
{
	return span(g) > UINT64_MAX / (g->threads + 1) ? UINT64_MAX : span(g) * (g->threads + 1) - 1;
}

static int check(const struct group *g, struct err *err)
{
	if (check_readers(g, err))
		return err->code;
	if (g->page_lg2 >= 30)
		return err_set(err, EXIT_USAGE, "collapse: --page-size is that of the small pages, below "
			       "1G; 512M and less collapse into 1G, 1M and less into 2M");
	if (g->batch & (g->batch - 1) || g->batch > small_pages(g) / 2)
		return err_set(err, EXIT_USAGE, "collapse: --batch %lu: an unmap of the whole table would "
			       "free it; use a power of two up to %u, half of what a table has",
			       (unsigned long)g->batch, small_pages(g) / 2);
	return 0;
}

static bool is_reader(const struct lane *lane)
{
	return lane->worker >= group_writers(lane_group(lane));
}

static int lane_open(struct lane *lane)
{
	struct own *own;

	if (is_reader(lane))
		return 0;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	own->base = span(lane_group(lane)) * (1 + lane->worker);
	lane->own = own;
	return 0;
}

static void lane_close(struct lane *lane)
{
	free(lane->own);
	lane->own = NULL;
}

static struct pt_op op_of(uint64_t iova, unsigned lg2, uint64_t count, bool map)
{
	struct pt_op op = { .iova = iova, .count = (uint32_t)count, .size_lg2 = (uint8_t)lg2 };

	op.kind = map ? PT_MAP : count > 1 ? PT_UNMAP_RANGE : PT_UNMAP;
	if (map) {
		op.pa = pa_of(iova);
		op.prot = PT_READ | PT_WRITE;
	}
	return op;
}

/* All small pages of a slot, one stretch. Think time is spent at the large page only. */
static void small(struct lane *lane, uint64_t slot, bool map, bool measured)
{
	const struct group *g = lane_group(lane);
	uint32_t n = small_pages(g) / (uint32_t)g->batch;
	enum op_kind kind = map ? OP_MAP : OP_UNMAP;
	struct tally *t = &lane->tally;
	uint64_t think = lane->think;

	for (uint32_t i = 0; i < n; i++)
		lane->ops[i] = op_of(slot + (i * g->batch << g->page_lg2), g->page_lg2, g->batch, map);
	lane->think = 0;
	if (measured) {
		lane_phase(lane, lane->ops, n, map ? SMALL_MAP : SMALL_UNMAP, false);
		t->ops += n;
		t->pages += n * g->batch;
		t->kind_ops[kind] += n;
	} else {
		lane_mixed(lane, lane->ops, n, false);
	}
	lane->think = think;
}

static void large(struct lane *lane, uint64_t slot, bool map, bool measured)
{
	struct pt_op op = op_of(slot, large_lg2(lane_group(lane)), 1, map);
	enum op_kind kind = map ? OP_MAP : OP_UNMAP;
	enum phase phase = map ? LARGE_MAP : LARGE_UNMAP;
	struct tally *t = &lane->tally;
	uint64_t ticks = t->timed[kind], ops = t->timed_ops[kind], retired = lane->pw.n.retired;

	if (!measured) {
		lane_mixed(lane, &op, 1, false);
		return;
	}
	lane_single(lane, &op);
	t->phase[phase].ticks += t->timed[kind] - ticks;
	t->phase[phase].ops += t->timed_ops[kind] - ops;
	t->phase[phase].retired += lane->pw.n.retired - retired;
}

/*
 * Nobody waits for a grace period inside an operation, so a reader that has lost its CPU would let
 * retired tables pile up. Between operations we may wait.
 */
static void bound_limbo(struct lane *lane, bool measured)
{
	uint64_t from;

	if (grace_pending(lane->grace) <= LIMBO_MAX)
		return;
	from = clock_now();
	for (uint32_t spins = 1; grace_pending(lane->grace) > LIMBO_MAX; spins++)
		lane_idle(lane, spins);
	if (measured)
		lane->tally.wait += clock_now() - from;
}

/* Fill, empty, collapse, and back. Leaves the slot empty, without a table. */
static void cycle(struct lane *lane, bool measured)
{
	const struct group *g = lane_group(lane);
	const struct own *own = lane->own;
	uint64_t slot = own->base + (stat_below(&lane->rng, g->tables) << large_lg2(g));

	small(lane, slot, true, measured);
	small(lane, slot, false, measured);
	large(lane, slot, true, measured);
	large(lane, slot, false, measured);
	bound_limbo(lane, measured);
}

static void write_slice(struct lane *lane, uint64_t lead_in)
{
	struct group_run *run = lane->group;

	while (clock_now() < lead_in)
		cycle(lane, false);
	lane->rng = stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker)
		cycle(lane, true);
	lane_end(lane);
	lane_finish(lane);
	while (lane_others_measure(lane))
		cycle(lane, false);
}

static void slice(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	uint64_t lead_in = clock_now() + lane->group->warmup;
	struct read_area area = { .base = span(g), .stride = span(g), .owners = group_writers(g),
				  .bytes = g->tables << large_lg2(g) };

	if (!is_reader(lane)) {
		write_slice(lane, lead_in);
		return;
	}
	while (clock_now() < lead_in)
		reader_stretch(lane, &area, false);
	reader_measure(lane, &area);
}

/* Small pages in every slot; every other one is collapsed. */
static void settle(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct own *own = lane->own;

	for (uint64_t i = 0; own && i < g->tables; i++) {
		uint64_t slot = own->base + (i << large_lg2(g));

		small(lane, slot, true, false);
		if (i % 2)
			continue;
		small(lane, slot, false, false);
		large(lane, slot, true, false);
	}
	if (own)
		own->settled = true;
}

static void clear(struct lane *lane)
{
	const struct group *g = lane_group(lane);
	struct own *own = lane->own;

	for (uint64_t i = 0; own && own->settled && i < g->tables; i++) {
		uint64_t slot = own->base + (i << large_lg2(g));

		if (i % 2)
			small(lane, slot, false, false);
		else
			large(lane, slot, false, false);
	}
	if (own)
		own->settled = false;
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	const struct own *own = lane->own;
	int error = 0;

	for (uint64_t i = 0; own && own->settled && i < g->tables && !error; i++) {
		uint64_t iova = own->base + (i << large_lg2(g));

		error = expect_add(out, &(struct extent){
			.iova = iova, .pa = pa_of(iova), .bytes = 1ull << large_lg2(g),
			.size_lg2 = (uint8_t)(i % 2 ? g->page_lg2 : large_lg2(g)),
			.prot = PT_READ | PT_WRITE });
	}
	return error;
}

const struct workload workload_collapse = {
	.name = "collapse",
	.help = "a table filled, emptied page by page, and replaced by one large page, again and again "
		"(--page-size: of the small ones)",
	.singly = true, .waits = true, .readers = READERS_IF_ASKED,
	.phases = { "small map", "small unmap", "large map", "large unmap" },
	.min_threads = 1, .check = check, .sizes = sizes, .reach = reach, .lane_open = lane_open,
	.lane_close = lane_close, .slice = slice, .settle = settle, .clear = clear, .expect = expect,
};
