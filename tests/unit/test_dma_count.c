/*
 * How much the DMA path does, by its own counters: parts flush a lazy queue as often as whole calls do, and
 * `piecewise` with think time or a schedule does as many operations as it was asked for.
 */
#include <string.h>

#include "open_dma.h"

static const char *const engines[4] = { "lockless", "lockless-2019", "vtdss/mutex", "null" };

/* ---- a lazy queue, part by part ---- */

#define UNMAPS 40000u
#define SLACK 2u /* the first queue, and what waits at the end */

/* A full queue is flushed every 255 unmaps; one that became old in between takes the place of a full one. */
static void check_flushes(const struct dma_lane *d, uint64_t unmaps)
{
	const struct flush_count *n = &d->flush->n;
	uint64_t full = unmaps / (FLUSH_QUEUE - 1);

	assert_int_equal(d->lane->tally.failed, 0);
	assert_int_equal(d->lane->tally.phase[DMA_INVALIDATE].ops, unmaps);
	assert_int_equal(n->unmaps, unmaps);
	assert_in_range(n->full + n->timer, full - SLACK, full + n->timer + SLACK);
	assert_true(n->full <= full + SLACK);
	/* the domain, and the wait for it */
	assert_int_equal(n->commands, 2 * (n->full + n->timer));
	assert_true((double)n->commands / (double)n->unmaps < 0.02);
}

static void lazy_by_parts(unsigned depth)
{
	const struct group shape = { .workload = find("ring"), .threads = 1, .iova = iova_kind_find("rbtree"),
				     .flush = FLUSH_LAZY, .depth = depth };
	struct dma_buffer v[256] = { 0 }, *of[256];
	struct dma_lane *d;
	uint64_t done = 0;
	struct open o;

	open_shape(&o, &shape, engines);
	d = lane_of(&o, 0, 0);
	grace_online(d->lane->grace);
	d->split = true;
	for (unsigned i = 0; i < depth; i++) {
		v[i].pages = 1;
		of[i] = &v[i];
	}
	for (; done < UNMAPS; done += depth) {
		dma_map_stretch(d, of, depth, true);
		dma_unmap_stretch(d, of, depth, true);
	}
	check_flushes(d, done);
	dma_flush(d);
	grace_offline(d->lane->grace);
	assert_int_equal(d->iova->n.pages_freed, d->iova->n.pages_allocated);
	close_group(&o);
}

static void lazy_page_by_page(unsigned pages)
{
	const struct group shape = { .workload = find("piecewise"), .threads = 1, .tables = 16, .depth = 8,
				     .iova = iova_kind_find("rbtree"), .flush = FLUSH_LAZY };
	struct dma_buffer b = { .pages = pages, .size_lg2 = 12 }, *of = &b;
	struct dma_lane *d;
	uint64_t done = 0;
	struct open o;

	open_shape(&o, &shape, engines);
	d = lane_of(&o, 0, 0);
	grace_online(d->lane->grace);
	d->split = true;
	for (; done < UNMAPS; done += pages) {
		dma_map_stretch(d, &of, 1, true);
		dma_unmap_pages(d, &b, 0, pages, true);
	}
	check_flushes(d, done);
	dma_flush(d);
	grace_offline(d->lane->grace);
	assert_int_equal(d->iova->n.pages_freed, d->iova->n.pages_allocated);
	close_group(&o);
}

static void test_lazy_parts_flush_when_full(void **state)
{
	static const unsigned depths[] = { 50, 80, 256 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		lazy_by_parts(depths[i]);
		lazy_page_by_page(depths[i]);
	}
	lazy_page_by_page(512);
}

/* ---- piecewise, slowly ---- */

#define SLOW_OPS 12u
#define PLACES 64u

struct heard {
	uint64_t slow_before, slow_after; /* operations that waited, outside the measured part */
	uint64_t sum;                     /* of the measured ones in their order, by their place in a range */
	size_t n;
};

static struct heard *hearing;
static const struct lane *heard_lane;
static size_t (*real_run)(struct pt *, struct pt_worker *, struct pt_op *, size_t);

static size_t hearing_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	const struct tally *t = &heard_lane->tally;

	if (t->start && !t->stop) {
		hearing->sum = stat_mix(hearing->sum ^ (ops[0].iova & 0x1fffff) ^ (uint64_t)ops[0].kind << 60 ^ ops[0].count);
		hearing->n++;
	} else if (heard_lane->think) {
		hearing->slow_before += !t->start;
		hearing->slow_after += t->start != 0;
	}
	return real_run(pt, w, ops, n);
}

static void hear_slice(struct open *o, unsigned e, uint64_t position, struct slice *s, struct heard *h)
{
	struct lane *lane = o->run->engines[e].lanes[0];
	struct err err = { 0 };

	*h = (struct heard){ 0 };
	hearing = h;
	heard_lane = lane;
	real_run = lane->run;
	lane->run = hearing_run;
	assert_int_equal(slice_run(o->run, e, position, s, &err), 0);
	lane->run = real_run;
	assert_int_equal(lane->tally.failed, 0);
	assert_int_equal(group_audit(o->run, e, true, &err), 0);
}

/* Of one slice by each engine: as many operations as were asked for, the same ones, and no others slowly. */
static void check_position(struct open *o, uint64_t position, uint64_t *maps, uint64_t *ops)
{
	struct heard first, h;
	struct slice s;

	for (unsigned e = 0; e < 4; e++) {
		hear_slice(o, e, position, &s, &h);
		assert_int_equal(s.ops, SLOW_OPS);
		assert_int_equal(s.kind_ops[OP_MAP] + s.kind_ops[OP_UNMAP], SLOW_OPS);
		assert_int_equal(s.timed_ops[OP_MAP] + s.timed_ops[OP_UNMAP], SLOW_OPS);
		assert_int_equal(h.n, SLOW_OPS);
		assert_int_equal(h.slow_before, 0);
		assert_int_equal(h.slow_after, 0);
		first = e ? first : h;
		assert_int_equal(h.sum, first.sum);
		*maps += s.kind_ops[OP_MAP];
		*ops += s.ops;
	}
}

static void slowly(uint64_t think_ns, uint64_t rate, unsigned depth, struct page_mix buffers, double pages)
{
	const struct group shape = { .workload = find("piecewise"), .threads = 1, .tables = 16, .depth = depth,
				     .iova = iova_kinds[0], .think_ns = think_ns, .rate = rate,
				     .buffers = buffers };
	uint64_t maps = 0, ops = 0;
	struct open o;

	open_shape(&o, &shape, engines);
	o.run->ops_per_worker = SLOW_OPS;
	for (uint64_t at = 0; at < PLACES; at++)
		check_position(&o, at, &maps, &ops);
	for (unsigned e = 0; e < 3; e++)
		assert_int_equal(o.r->cases[e].verified, VERIFIED_YES);
	/* slices end inside a range, but all kinds have their turn: a map to a range */
	assert_true((double)maps > 0.5 * (double)ops / (1 + pages));
	assert_true((double)maps < 2 * (double)ops / (1 + pages));
	close_group(&o);
}

static void test_slow_slices_are_as_long_as_asked(void **state)
{
	const struct page_mix of16 = { .n = 1, .lg2 = { 16 }, .weight = { 1 } };
	const struct page_mix mixed = { .n = 2, .lg2 = { 15, 17 }, .weight = { 1, 1 } };

	(void)state;
	slowly(1000, 0, 8, of16, 16);
	slowly(1000, 0, 1, mixed, 20);
	slowly(0, 1000000, 8, mixed, 20);
	slowly(0, 1000000, 3, of16, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_parts_flush_when_full),
		cmocka_unit_test(test_slow_slices_are_as_long_as_asked),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
