/* The figures of the DMA path from slices whose answers are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/case.h"
#include "bench/case_dma.h"
#include "made_dma.h"

static void near_to(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want)))
		fail_msg("%.12g, not %.12g", got, want);
}

/* Of twelve slices four drift by 0, 1 and 2 percent each: the median is the middle one. */
#define DRIFT 1.01

static void parts_beside_the_whole(void **state)
{
	static const struct made_parts parts = { { 10, 20, 15, 1, 9 }, 0.5 };
	struct result r = made_result();
	struct case_result *c = made_dma(&r, 0, LOCKLESS_2019, "rcache", "none", &parts);

	(void)state;
	assert_int_equal(analyse(&r), 0);
	near_to(c->dma.parts_ns.mid, 55 * DRIFT);
	near_to(c->dma.whole_ns.mid, 56 * DRIFT);
	assert_true(c->dma.parts_ns.valid && c->dma.whole_ns.valid);
	/* paired by slice: the drift is gone, and so is the interval's width */
	near_to(c->dma.whole_by_parts.mid, 56.0 / 55);
	near_to(c->dma.whole_by_parts.lo, 56.0 / 55);
	near_to(c->dma.whole_by_parts.hi, 56.0 / 55);
	near_to(c->phases[DMA_FREE].ns_per_op, 9 * DRIFT);
	near_to(c->ns_per_op[OP_MAP], 30.5 * DRIFT);
	near_to(c->dma.whole_map_ns, 30.5 * DRIFT);
	near_to(c->dma.whole_unmap_ns, 25.5 * DRIFT);
	/* no ruler beside it */
	assert_true(isnan(c->dma.table_ns.mid));
	result_free(&r);
}

static void the_table_by_difference(void **state)
{
	static const struct made_parts engine = { { 10, 20, 15, 1, 9 }, 0.5 };
	static const struct made_parts null = { { 10, 2, 3, 1, 9 }, 1 };
	struct result r = made_result();
	struct interval *table;

	(void)state;
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "none", &engine);
	made_dma(&r, 0, NULL_RULER, "rcache", "none", &null);
	made_dma(&r, 1, MUTEX_2019, "rcache", "none", &engine);
	assert_int_equal(analyse(&r), 0);
	table = &r.cases[0].dma.table_ns;
	near_to(table->mid, (56 - 27) * DRIFT);
	assert_true(table->valid && table->lo >= 28.99 && table->hi <= 29.6);
	assert_true(isnan(r.cases[1].dma.table_ns.mid)); /* the ruler itself */
	assert_true(isnan(r.cases[2].dma.table_ns.mid)); /* of another group */
	/* a slice that the ruler has not is in no pair */
	r.cases[1].slices[11].round = 99;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(table->n, 11);
	result_free(&r);
}

static void how_much_of_an_unmap(void **state)
{
	static const struct made_parts strict = { { 10, 20, 30, 961, 9 }, 2 };
	static const struct made_parts nothing_else = { { 10, 20, 30, 0, 0 }, 0 };
	struct result r = made_result();
	struct case_result *c;

	(void)state;
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "strict", &strict);
	made_dma(&r, 1, LOCKLESS_2019, "fixed", "none", &nothing_else);
	assert_int_equal(analyse(&r), 0);
	near_to(r.cases[0].dma.unmap_table_share.mid, 0.03);
	near_to(r.cases[0].dma.unmap_table_share.lo, 0.03);
	near_to(r.cases[0].dma.amdahl.mid, 1 / 0.97);
	near_to(r.cases[0].dma.amdahl.hi, 1 / 0.97);
	near_to(r.cases[1].dma.unmap_table_share.mid, 1);
	/* nothing would be left */
	assert_true(isnan(r.cases[1].dma.amdahl.mid) && !r.cases[1].dma.amdahl.valid);
	c = &r.cases[0];
	c->verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(c->dma.unmap_table_share.mid) && isnan(c->dma.parts_ns.mid) &&
		    isnan(c->dma.whole_by_parts.mid));
	result_free(&r);
}

/* The table's share differs from slice to slice: so does what could be gained at most. */
static void the_bound_has_an_interval(void **state)
{
	static const struct made_parts strict = { { 10, 20, 30, 961, 9 }, 2 };
	struct result r = made_result();
	struct case_result *c = made_dma(&r, 0, LOCKLESS_2019, "rcache", "strict", &strict);
	const struct interval *share = &c->dma.unmap_table_share, *gain = &c->dma.amdahl;

	(void)state;
	for (size_t i = 0; i < c->nslices; i++) /* a tenth to a fifth */
		c->slices[i].phase_ns[DMA_UNMAP] = (double)(100 + 10 * (i % 11)) / 1000 *
						   (c->slices[i].phase_ns[DMA_INVALIDATE] +
						    c->slices[i].phase_ns[DMA_FREE]);
	assert_int_equal(analyse(&r), 0);
	assert_true(share->valid && gain->valid);
	assert_true(share->lo < share->mid && share->mid < share->hi);
	assert_true(share->lo >= 0.1 / 1.1 && share->hi <= 0.2 / 1.2);
	near_to(gain->lo, 1 / (1 - share->lo));
	near_to(gain->mid, 1 / (1 - share->mid));
	near_to(gain->hi, 1 / (1 - share->hi));
	result_free(&r);
}

/* Parts that are not what the whole call is say little of it. */
static void the_bound_is_withheld(void **state)
{
	static const struct {
		double beyond;
		bool withheld;
	} v[] = { { 2, false }, { 100, false }, { 140, true }, { -90, false }, { -120, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		/* twice so much beyond parts of 1000 */
		const struct made_parts parts = { { 10, 20, 30, 931, 9 }, v[i].beyond };
		struct result r = made_result();
		struct case_result *c = made_dma(&r, 0, LOCKLESS_2019, "rcache", "strict", &parts);

		assert_int_equal(analyse(&r), 0);
		near_to(c->dma.whole_by_parts.mid, (1000 + 2 * v[i].beyond) / 1000);
		assert_int_equal(dma_parts_are_the_whole(&c->dma), !v[i].withheld);
		near_to(c->dma.unmap_table_share.mid, 30.0 / 970);
		assert_int_equal(isnan(c->dma.amdahl.mid) != 0, v[i].withheld);
		/* too few slices to say so */
		c->nslices = 3;
		assert_int_equal(analyse(&r), 0);
		near_to(c->dma.amdahl.mid, 970.0 / 940);
		assert_false(c->dma.amdahl.valid);
		result_free(&r);
	}
}

#define RANGE_PAGES 512u

/* As piecewise counts: a map is of a range, an unmap and its parts are of a page. */
static struct case_result *made_by_page(struct result *r, unsigned group, int engine, const struct made_parts *parts)
{
	struct case_result *c = made_dma(r, group, engine, "rcache", "none", parts);

	c->dma.by_page = true;
	for (size_t i = 0; i < c->nslices; i++) {
		struct slice *s = &c->slices[i];

		for (unsigned k = DMA_UNMAP; k < DMA_PARTS; k++) {
			s->phase_ops[k] *= RANGE_PAGES;
			s->phase_ns[k] *= RANGE_PAGES;
		}
		s->timed_ops[OP_UNMAP] *= RANGE_PAGES;
		s->timed_ns[OP_UNMAP] *= RANGE_PAGES;
		s->timed_pages[OP_MAP] = s->timed_ops[OP_MAP] * RANGE_PAGES;
		s->timed_pages[OP_UNMAP] = s->timed_ops[OP_UNMAP];
	}
	return c;
}

static void a_range_and_all_its_pages(void **state)
{
	static const struct made_parts engine = { { 10, 2000, 15, 1, 9 }, 0.5 };
	static const struct made_parts null = { { 10, 2, 3, 1, 9 }, 1 };
	const double parts = 2010 + RANGE_PAGES * 25, whole = 2010.5 + RANGE_PAGES * 25.5;
	struct result r = made_result();
	struct case_result *c;

	(void)state;
	made_by_page(&r, 0, LOCKLESS_2019, &engine);
	made_by_page(&r, 0, NULL_RULER, &null);
	assert_int_equal(analyse(&r), 0);
	c = &r.cases[0];
	near_to(c->dma.parts_ns.mid, parts * DRIFT);
	near_to(c->dma.whole_ns.mid, whole * DRIFT);
	near_to(c->dma.whole_by_parts.mid, whole / parts);
	near_to(c->dma.table_ns.mid, (whole - (13 + RANGE_PAGES * 14)) * DRIFT);
	near_to(c->dma.unmap_table_share.mid, 15.0 / 25);
	/* of a call */
	near_to(c->dma.whole_map_ns, 2010.5 * DRIFT);
	near_to(c->dma.whole_unmap_ns, 25.5 * DRIFT);
	near_to(c->phases[DMA_UNMAP].ns_per_op, 15 * DRIFT);
	/* with think time a slice ends inside a range: its counts say nothing, pages do */
	for (size_t i = 0; i < c->nslices; i++) {
		struct slice *s = &c->slices[i];

		memset(s->phase_ops, 0, sizeof(s->phase_ops));
		s->timed_ns[OP_UNMAP] *= 100.0 / (double)s->timed_ops[OP_UNMAP];
		s->timed_ops[OP_UNMAP] = s->timed_pages[OP_UNMAP] = 100;
	}
	c->think_ns = 1000;
	assert_int_equal(analyse(&r), 0);
	near_to(c->dma.whole_ns.mid, whole * DRIFT);
	assert_true(isnan(c->dma.parts_ns.mid));
	c->think_ns = 0;
	c->pace.asked_per_s = 1000;
	assert_int_equal(analyse(&r), 0);
	near_to(c->dma.whole_ns.mid, whole * DRIFT);
	result_free(&r);
}

/* Too little for an interval, or nothing at all, is said and not made up. */
static void few_slices(void **state)
{
	static const struct made_parts parts = { { 10, 20, 15, 1, 9 }, 0.5 };
	struct result r = made_result();
	struct case_result *c = made_dma(&r, 0, LOCKLESS_2019, "rcache", "none", &parts);

	(void)state;
	c->nslices = 3;
	assert_int_equal(analyse(&r), 0);
	near_to(c->dma.parts_ns.mid, 55 * DRIFT);
	assert_true(isnan(c->dma.parts_ns.lo) && isnan(c->dma.whole_by_parts.hi));
	for (size_t i = 0; i < 3; i++)
		memset(c->slices[i].phase_ops, 0, sizeof(c->slices[i].phase_ops));
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(c->dma.parts_ns.mid) && isnan(c->dma.whole_by_parts.mid));
	near_to(c->dma.whole_ns.mid, 56 * DRIFT);
	c->nslices = 0;
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(c->dma.whole_ns.mid) && isnan(c->dma.unmap_table_share.mid));
	result_free(&r);
}

/* Allocator, invalidation and their like are dimensions of a comparison. */
static void what_differs(void **state)
{
	static const struct made_parts parts = { { 10, 20, 15, 1, 9 }, 0.5 };
	struct result r = made_result();
	char text[64];

	(void)state;
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "none", &parts);
	made_dma(&r, 1, LOCKLESS_2019, "percpu", "strict", &parts);
	assert_int_equal(case_differs(&r.cases[0], &r.cases[1], text, sizeof(text)), 2);
	assert_string_equal(text, "iova,flush");
	/* where nothing is invalidated, how is no difference */
	made_dma(&r, 2, LOCKLESS_2019, "percpu", "strict", &parts)->dma.flush_ns = 2000;
	r.cases[2].dma.flush_lock = FLUSH_LOCK_NONE;
	assert_int_equal(case_differs(&r.cases[1], &r.cases[2], text, sizeof(text)), 2);
	assert_string_equal(text, "flush_ns,flush_lock");
	/* nor is a window that nobody allocates from */
	r.cases[2].dma.flush_ns = 1000;
	r.cases[2].dma.flush_lock = FLUSH_LOCK_HELD;
	r.cases[2].dma.iova_window = 64 << 20;
	assert_int_equal(case_differs(&r.cases[1], &r.cases[2], text, sizeof(text)), 1);
	assert_string_equal(text, "iova_window");
	r.cases[1].dma.iova_window = 0;
	assert_int_equal(case_differs(&r.cases[1], &r.cases[2], text, sizeof(text)), 0);
	r.cases[2].dma.direction = 1;
	r.cases[2].dma.scatter = true;
	r.cases[2].pace.kind = PACE_POISSON; /* of no rate at all */
	assert_int_equal(case_differs(&r.cases[1], &r.cases[2], text, sizeof(text)), 2);
	assert_string_equal(text, "direction,sg");
	r.cases[1].pace.asked_per_s = r.cases[2].pace.asked_per_s = 1000;
	assert_int_equal(case_differs(&r.cases[1], &r.cases[2], text, sizeof(text)), 3);
	result_free(&r);
}

static void shares(void **state)
{
	const struct dma_result d = { .iova_n = { .allocated = 55, .failed = 5, .freed = 40, .shared = 5 } };
	const struct dma_result none = { .asked = true };

	(void)state;
	near_to(dma_shared_share(&d), 0.05);
	assert_true(isnan(dma_shared_share(&none)));
	near_to(census_shared((uint64_t[CENSUS_CPUS]){ 10, 20, 5, 5 }, 40), 0.75);
	assert_true(isnan(census_shared((uint64_t[CENSUS_CPUS]){ 0 }, 0)));
}

/* A case that another process, or a run before an interruption, left in a file. */
static void merged(void **state)
{
	static const struct made_parts parts = { { 10, 20, 15, 1, 9 }, 0.5 };
	struct result r = made_result();
	struct case_result *from, *into;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "lazy", &parts);
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "lazy", &parts);
	from = &r.cases[0];
	into = &r.cases[1];
	for (unsigned i = 0; i < 2; i++) { /* as case_init() makes them */
		struct case_result *c = &r.cases[i];

		c->window = calloc(1, sizeof(*c->window));
		c->vain = calloc(1, sizeof(*c->vain));
		c->gap = calloc(1, sizeof(*c->gap));
		for (unsigned k = 0; k < OP_KINDS; k++)
			c->latency[k] = calloc(1, sizeof(*c->latency[k]));
	}
	into->nslices = 0; /* room is made for those that come */
	from->dma.flush_n.queued_peak = 100;
	into->dma.flush_n.queued_peak = 200;
	from->dma.census.tables = 3 * into->dma.census.tables;
	from->dma.census.cpus_per_table = 1;
	hist_record(from->dma.stale, 70000);
	from->dma.iova_cached_pages = 7;
	assert_int_equal(case_save(from, f), 0);
	rewind(f);
	assert_int_equal(case_load_merge(into, f), 0);
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
	assert_int_equal(into->dma.iova_n.allocated, 40000);
	assert_int_equal(into->dma.iova_n.beyond_window, 24);
	assert_int_equal(into->dma.flush_n.unmaps, 38000);
	assert_int_equal(into->dma.flush_n.queued_peak, 200); /* a peak is no sum */
	assert_int_equal(into->dma.iova_cached_pages, 7);
	assert_int_equal(into->dma.stale->n, 38001);
	assert_int_equal(into->dma.stale->max, 70000);
	assert_int_equal(into->dma.depth->n, 38000);
	assert_int_equal(into->dma.census.tables, 160);
	near_to(into->dma.census.cpus_per_table, (1.75 * 40 + 120) / 160);
	assert_int_equal(into->dma.census.lines_by[1], 200);
	assert_int_equal(into->nslices, 12);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_beside_the_whole), cmocka_unit_test(the_table_by_difference),
		cmocka_unit_test(how_much_of_an_unmap), cmocka_unit_test(the_bound_has_an_interval),
		cmocka_unit_test(the_bound_is_withheld), cmocka_unit_test(a_range_and_all_its_pages),
		cmocka_unit_test(few_slices),
		cmocka_unit_test(what_differs), cmocka_unit_test(shares), cmocka_unit_test(merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
