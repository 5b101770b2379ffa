/*
 * How much the DMA path does, by its own counters: parts flush a lazy queue as often as whole calls do.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_parts_flush_when_full),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
