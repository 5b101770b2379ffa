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
	near_to(r.cases[0].dma.unmap_table_share, 0.03);
	near_to(r.cases[0].dma.amdahl, 1 / 0.97);
	near_to(r.cases[1].dma.unmap_table_share, 1);
	assert_true(isnan(r.cases[1].dma.amdahl)); /* nothing would be left */
	c = &r.cases[0];
	c->verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(c->dma.unmap_table_share) && isnan(c->dma.parts_ns.mid) &&
		    isnan(c->dma.whole_by_parts.mid));
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
	assert_true(isnan(c->dma.whole_ns.mid) && isnan(c->dma.unmap_table_share));
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
		cmocka_unit_test(how_much_of_an_unmap), cmocka_unit_test(few_slices),
		cmocka_unit_test(what_differs), cmocka_unit_test(shares), cmocka_unit_test(merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
