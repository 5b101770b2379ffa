/*
 * `bulk` and `piecewise` through the real runner, with every engine there is and several allocators:
 * audits clean, ledger balanced, parts issued for whole calls; and what piecewise is about, by the
 * ledger alone: tables that nobody gives back, one for each range that was touched. The counts of live
 * pages that slices carry are held against the ledger.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/dma.h"
#include "bench/fit.h"
#include "bench/runner.h"
#include "machine.h"

#ifdef IOPT_SANITIZED /* an order of magnitude slower */
#define BRIEFLY_NS 5000000u
#define PIECEWISE_DEPTH 2u /* a step is 513 operations for half of it */
#define most_engines few_engines
#else
#define BRIEFLY_NS 40000000u
#define PIECEWISE_DEPTH 0u
#define most_engines every_engine
#endif
#define WINDOW_BYTES (1ull << 32)

struct shape {
	const char *workload, *iova;
	unsigned threads;
	uint64_t depth, tables, think_ns;
	enum flush_kind flush;
	struct page_mix buffers;
};

static struct group group_of(const struct shape *s)
{
	struct group g = {
		.workload = workload_find(s->workload, &(const char *){ 0 }), .threads = s->threads,
		.page_lg2 = 12, .batch = 1, .tables = s->tables ? s->tables : 16, .round = 8,
		.depth = s->depth, .think_ns = s->think_ns, .iova = iova_kind_find(s->iova),
		.iova_window = WINDOW_BYTES, .flush = s->flush, .flush_ns = FLUSH_LATENCY_NS,
		.buffers = s->buffers, .duration_ns = BRIEFLY_NS, .slice_ns = 2000000,
		.warmup_ns = 100000, .seed = 7, .sample = 4, .nodes_used = 1, .share = SHARE_ROOT,
	};
	unsigned n = 0;

	g.cpus = calloc(g.threads, sizeof(g.cpus[0]));
	assert_non_null(g.cpus);
	for (unsigned i = 0; n < g.threads; i = (i + 1) % topo->ncpus)
		if (topo->cpus[i].allowed)
			g.cpus[n++] = topo->cpus[i].os;
	return g;
}

static void every_engine(struct group *g)
{
	struct err err;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler && !fit_format(g, e, &err) && !(e->single && g->threads > 1) &&
		    !(pt_engine_in_line(e) && g->threads > topo->nallowed))
			g->engines[g->nengines++] = e;
	g->engines[g->nengines++] = pt_engine_find("null");
}

static void few_engines(struct group *g)
{
	static const char *const names[] = { "lockless-2019", "mutex-2019", "lockless", "vtdss/lockless" };

	for (size_t i = 0; i < 4; i++)
		g->engines[g->nengines++] = pt_engine_find(names[i]);
}

static void run_group(struct result *r, const struct shape *s, void (*add)(struct group *g))
{
	struct group g = group_of(s);
	struct plan plan = { .groups = &g, .n = 1 };
	struct err err = { 0 };

	add(&g);
	plan.ncases = g.nengines;
	*r = (struct result){ .topo = topo };
	if (g.workload->check && g.workload->check(&g, &err))
		fail_msg("%s: %s", s->workload, err.text);
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s, %s: %s", s->workload, s->iova, err.text);
	assert_int_equal(analyse(r), 0);
	assert_true(r->complete);
	free(g.cpus);
}

static void check_case(const struct result *r, const struct case_result *c)
{
	if (c->verified != (c->engine->ruler ? VERIFIED_NULL : VERIFIED_YES))
		fail_msg("%s: %s", c->case_id, c->evidence[0]);
	assert_true(ledger_balances(&c->pages));
	assert_int_equal(c->pages.lost, 0);
	assert_true(c->nslices > 0);
	/* every engine had as many slices, and did as much in each */
	assert_int_equal(c->nslices, r->cases[0].nslices);
	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i], *first = &r->cases[0].slices[i];

		assert_true(s->at_ns > (i ? c->slices[i - 1].at_ns : 0));
		assert_int_equal(s->pages, first->pages);
		for (int k = 0; k < OP_KINDS; k++)
			assert_int_equal(s->kind_ops[k], first->kind_ops[k]);
	}
}

/* Every other step part by part, each part with as many operations as the call has. */
static void check_parts(const struct case_result *c)
{
	const struct phase_result *p = c->phases;

	assert_string_equal(p[DMA_FREE].name, "free");
	assert_true(p[DMA_ALLOC].ops > 0 || c->think_ns || c->nslices < 4);
	assert_int_equal(p[DMA_ALLOC].ops, p[DMA_MAP].ops);
	assert_int_equal(p[DMA_UNMAP].ops, p[DMA_INVALIDATE].ops);
	assert_int_equal(p[DMA_UNMAP].ops, p[DMA_FREE].ops);
	assert_true(c->ns_per_op[OP_MAP] > 0 && c->ns_per_op[OP_UNMAP] > 0);
}

static uint64_t ops_of(const struct case_result *c, enum op_kind kind)
{
	uint64_t ops = 0;

	for (size_t i = 0; i < c->nslices; i++)
		ops += c->slices[i].kind_ops[kind];
	return ops;
}

static const char *const allocators[] = { "fixed", "rbtree", "rcache" };

static void test_bulk(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct shape shape = { .workload = "bulk", .iova = allocators[i], .threads = 2 };
		struct result r;

		run_group(&r, &shape, i ? most_engines : every_engine);
		for (size_t k = 0; k < r.ncases; k++) {
			check_case(&r, &r.cases[k]);
			check_parts(&r.cases[k]);
			assert_int_equal(ops_of(&r.cases[k], OP_MAP), ops_of(&r.cases[k], OP_UNMAP));
		}
		result_free(&r);
	}
}

/* 2M each: 512 unmaps for a map. */
static void test_piecewise(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct shape shape = { .workload = "piecewise", .iova = allocators[i], .threads = 2,
					     .depth = PIECEWISE_DEPTH };
		struct result r;

		run_group(&r, &shape, most_engines);
		for (size_t k = 0; k < r.ncases; k++) {
			check_case(&r, &r.cases[k]);
			check_parts(&r.cases[k]);
			assert_int_equal(512 * ops_of(&r.cases[k], OP_MAP),
					 ops_of(&r.cases[k], OP_UNMAP));
		}
		result_free(&r);
	}
}

/* Other sizes, depths, thoughts, and invalidation in between. */
static void test_shapes(void **state)
{
	const struct page_mix small = { .n = 2, .lg2 = { 12, 16 }, .weight = { 3, 1 } };
	const struct page_mix odd = { .n = 2, .lg2 = { 22, 13 }, .weight = { 1, 1 } };
	const struct shape shapes[] = {
		{ .workload = "bulk", .iova = "rbtree", .threads = 2, .depth = 1 },
		{ .workload = "bulk", .iova = "rcache", .threads = 2, .depth = 600, .buffers = small },
		{ .workload = "bulk", .iova = "rbtree", .threads = 2, .flush = FLUSH_LAZY },
		{ .workload = "bulk", .iova = "fixed", .threads = 2, .think_ns = 1000,
		  .flush = FLUSH_STRICT },
		{ .workload = "piecewise", .iova = "rbtree", .threads = 2, .flush = FLUSH_LAZY,
		  .depth = PIECEWISE_DEPTH },
		{ .workload = "piecewise", .iova = "rcache", .threads = 2, .flush = FLUSH_LAZY,
		  .buffers = small, .depth = 64 },
		{ .workload = "piecewise", .iova = "rbtree", .threads = 2, .buffers = odd, .depth = 1 },
		{ .workload = "piecewise", .iova = "fixed", .threads = 1, .depth = 3, .tables = 3,
		  .flush = FLUSH_STRICT },
		{ .workload = "piecewise", .iova = "rbtree", .threads = 2, .think_ns = 100,
		  .depth = PIECEWISE_DEPTH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct result r;

		run_group(&r, &shapes[i], few_engines);
		for (size_t k = 0; k < r.ncases; k++)
			check_case(&r, &r.cases[k]);
		result_free(&r);
	}
}

/*
 * Each worker walks through 24 ranges in turn, a leaf table each, in a gigabyte of its own. Whoever
 * has mapped as many has touched them all; nobody gives a table back that is emptied piece by piece.
 */
static void test_tables_grow_to_what_was_touched(void **state)
{
	const unsigned threads = 2, places = 24;
	const struct shape shape = { .workload = "piecewise", .iova = "fixed", .threads = threads,
				     .depth = 2, .tables = places };
	struct result r;

	(void)state;
	run_group(&r, &shape, few_engines);
	for (size_t i = 0; i < r.ncases; i++) {
		const struct case_result *c = &r.cases[i];
		uint64_t maps = ops_of(c, OP_MAP) / threads, touched = maps < places ? maps : places;
		uint64_t upper = 1 + threads, last = c->slices[c->nslices - 1].live_pages;

		check_case(&r, c);
		assert_int_equal(last, c->pages.allocated - c->pages.freed);
		assert_true(last >= upper + threads * touched);
		assert_true(last <= upper + threads * places);
		for (size_t k = 1; k < c->nslices; k++)
			assert_true(c->slices[k].live_pages >= c->slices[k - 1].live_pages);
	}
	result_free(&r);
}

/* Where tables come and go: bulk, a gigabyte over a table of smaller ones and back again. */
static void test_live_pages_leave_out_what_was_freed(void **state)
{
	const struct shape shape = { .workload = "bulk", .iova = "fixed", .threads = 2 };
	uint64_t freed = 0;
	struct result r;

	(void)state;
	run_group(&r, &shape, few_engines);
	for (size_t i = 0; i < r.ncases; i++) {
		const struct page_ledger *p = &r.cases[i].pages;

		check_case(&r, &r.cases[i]);
		for (size_t k = 0; k < r.cases[i].nslices; k++)
			assert_in_range(r.cases[i].slices[k].live_pages, 2, p->peak);
		freed += p->freed > p->peak ? p->freed : 0;
	}
	assert_true(freed > 0);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_piecewise),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_tables_grow_to_what_was_touched),
		cmocka_unit_test(test_live_pages_leave_out_what_was_freed),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
