/*
 * The workloads of the DMA path through the real runner: every allocator, every way of invalidating, a few
 * engines of each body: audits clean, the ledger
 * balances, every range comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/case.h"
#include "bench/dma.h"
#include "bench/group.h"
#include "bench/processes.h"
#include "bench/runner.h"
#include "bench/tables.h"
#include "machine.h"

#ifdef IOPT_SANITIZED /* an order of magnitude slower */
#define BRIEFLY_NS 4000000
#define OPS 128
#define SLICES 3u
#define EVERY 2u
#else
#define BRIEFLY_NS 20000000
#define OPS 512
#define SLICES 4u
#define EVERY 1u
#endif

static const char *const names[] = { "ring", "storage" };
static const enum flush_kind flushes[] = { FLUSH_NONE, FLUSH_STRICT, FLUSH_LAZY };

static unsigned cpus[4];

static struct group group_of(const struct workload *w, unsigned threads, const struct iova_kind *iova,
			     enum flush_kind flush)
{
	struct group g = {
		.workload = w, .threads = threads, .page_lg2 = 12, .batch = 1, .duration_ns = BRIEFLY_NS,
		.seed = 7, .slice_ns = 1000000, .warmup_ns = 100000, .sample = 16, .nodes_used = 1,
		.iova = iova, .iova_window = 1 << 30, .flush = flush, .flush_ns = 200, .depth = 48,
		.engines = { pt_engine_find("lockless-2019"), pt_engine_find("lockless"),
			     pt_engine_find("vtdss/mutex"), pt_engine_find("null") },
		.nengines = 4, .cpus = cpus,
	};
	unsigned n = 0;

	for (unsigned i = 0; i < topo->ncpus && n < 4; i++)
		if (topo->cpus[i].allowed)
			cpus[n++] = topo->cpus[i].os;
	for (unsigned i = n; i < 4; i++)
		cpus[i] = cpus[i % n];
	return g;
}

static struct result *made_result(const struct group *g)
{
	const struct plan plan = { .groups = (struct group *)g, .n = 1, .ncases = g->nengines };
	struct result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->topo = topo;
	assert_int_equal(cases_init(&plan, r), 0);
	return r;
}

static bool balances(const struct page_ledger *p)
{
	return p->allocated == p->freed + p->reachable + p->spare + p->retired + p->lost && !p->lost;
}

static void check_case(const struct case_result *c, const char *iova)
{
	if (c->engine->ruler)
		return;
	if (c->verified != VERIFIED_YES)
		fail_msg("%s, %s: %s", c->case_id, iova, c->evidence[0]);
	assert_true(balances(&c->pages));
	assert_true(c->dma.iova_n.allocated > 0);
	assert_int_equal(c->dma.iova_n.pages_allocated, c->dma.iova_n.pages_freed);
	assert_int_equal(c->dma.iova_n.failed, 0);
}

/* Some slices by hand, and other tables between them, so that allocators start anew too. */
static void run_briefly(struct group *g)
{
	struct result *r = made_result(g);
	struct group_run *run;
	struct err err = { 0 };
	struct slice s;

	assert_int_equal(group_open(&run, g, r, 0, &err), 0);
	run->ops_per_worker = OPS;
	for (unsigned k = 0; k < SLICES; k++) {
		for (unsigned e = 0; e < g->nengines; e++) {
			assert_int_equal(slice_run(run, e, k, &s, &err), 0);
			/* both ways of doing the same, as many calls of each kind */
			assert_true(s.timed_ops[OP_MAP] > 0 && s.phase_ops[DMA_MAP] > 0);
			for (unsigned p = 0; p < DMA_PARTS; p++)
				assert_true(s.phase_ops[p] == s.phase_ops[0]);
			assert_int_equal(s.ops, s.kind_ops[OP_MAP] + s.kind_ops[OP_UNMAP]);
			assert_int_equal(s.ops, 2 * (s.timed_ops[OP_MAP] + s.phase_ops[DMA_MAP]));
		}
		if (k == 1)
			assert_int_equal(tables_change(run, &err), 0);
	}
	for (unsigned e = 0; e < g->nengines; e++)
		assert_int_equal(group_audit(run, e, true, &err), 0);
	group_close(run);
	for (unsigned e = 0; e < g->nengines; e++)
		check_case(&r->cases[e], g->iova->name);
	result_free(r);
	free(r);
}

/* EVERY 2: each allocator with each way of invalidating, in one of the workloads; else in both. */
static void test_everything_together(void **state)
{
	(void)state;
	for (size_t w = 0; w < sizeof(names) / sizeof(names[0]); w++)
		for (unsigned k = 0; iova_kinds[k]; k++)
			for (unsigned f = 0; f < 3; f++) {
				struct group g = group_of(workload_find(names[w], &(const char *){ 0 }),
							  2, iova_kinds[k], flushes[f]);

				if ((w + k + f) % EVERY == 0)
					run_briefly(&g);
			}
}

/* The whole of it: calibrated, sampled, as `iopt run` does, once with the command ring unlocked. */
static void test_as_run(void **state)
{
	(void)state;
	for (unsigned f = 0; f < 3; f++) {
		struct group g = group_of(workload_find(names[f % 2], &(const char *){ 0 }), 2,
					  iova_kind_find("rbtree"), flushes[f]);
		struct plan plan = { .groups = &g, .n = 1, .ncases = g.nengines - 1 };
		struct result *r = calloc(1, sizeof(*r));
		struct err err = { 0 };

		assert_non_null(r);
		g.nengines--; /* a floor has nothing to verify */
		g.flush_lock = f == 1 ? FLUSH_LOCK_NONE : FLUSH_LOCK_HELD;
		g.duration_ns *= 4;
		r->topo = topo;
		if (run_plan(&plan, 1, r, NULL, NULL, &err))
			fail_msg("%s", err.text);
		assert_int_equal(analyse(r), 0);
		for (size_t i = 0; i < r->ncases; i++) {
			check_case(&r->cases[i], g.iova->name);
			assert_int_equal(r->cases[i].dma.flush_n.commands > 0, flushes[f] != FLUSH_NONE);
		}
		result_free(r);
		free(r);
	}
}

/* With long think times everything is whole, and a slice is short. */
static void test_think(void **state)
{
	(void)state;
	for (unsigned w = 0; w < 2; w++) {
		struct group g = group_of(workload_find(names[w], &(const char *){ 0 }), 2,
					  iova_kind_find("rbtree"), FLUSH_LAZY);
		struct result *r;
		struct group_run *run;
		struct err err = { 0 };
		struct slice s;

		g.think_ns = 5000;
		r = made_result(&g);
		assert_int_equal(group_open(&run, &g, r, 0, &err), 0);
		run->ops_per_worker = 16;
		assert_int_equal(slice_run(run, 0, 1, &s, &err), 0);
		assert_int_equal(s.phase_ops[DMA_MAP], 0);
		assert_int_equal(s.ops, s.timed_ops[OP_MAP] + s.timed_ops[OP_UNMAP]);
		assert_true(s.ops >= 32 && s.ops < 96);
		assert_int_equal(group_audit(run, 0, true, &err), 0);
		assert_int_equal(r->cases[0].verified, VERIFIED_YES);
		group_close(run);
		result_free(r);
		free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_together),
		cmocka_unit_test(test_as_run),
		cmocka_unit_test(test_think),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
