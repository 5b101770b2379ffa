/*
 * Every workload through the real runner, briefly, with more threads than most test machines have
 * CPUs: audits clean, ledger balanced, slices paired. Then each --break, which must be caught.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/fit.h"
#include "bench/lock_stat.h"
#include "bench/runner.h"
#include "machine.h"

#define BRIEFLY_NS 60000000u

/* Threads beyond the allowed CPUs share them. */
static void give_cpus(struct group *g)
{
	unsigned n = 0, allowed[1024];

	for (unsigned i = 0; i < topo->ncpus && n < 1024; i++)
		if (topo->cpus[i].allowed)
			allowed[n++] = topo->cpus[i].os;
	g->cpus = calloc(g->threads, sizeof(g->cpus[0]));
	for (unsigned i = 0; i < g->threads; i++)
		g->cpus[i] = allowed[i % n];
	g->nodes_used = 1;
}

static void add_engines(struct group *g)
{
	struct err err;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler && !fit_format(g, e, &err) && !(e->single && g->threads > 1) &&
		    !(e->sibling && strcmp(e->sync, "lockless")) && /* one stands for all */
		    (pt_engine_grows(e) || strcmp(g->workload->name, "grow")) &&
		    !(pt_engine_in_line(e) && g->threads > topo->nallowed))
			g->engines[g->nengines++] = e;
}

static struct group group_of(const char *workload, unsigned threads)
{
	const char *argument = "";
	struct group g = {
		.workload = workload_find(workload, &argument), .threads = threads, .page_lg2 = 12,
		.batch = 1, .tables = 2, .round = 8, .duration_ns = BRIEFLY_NS, .seed = 7,
		.slice_ns = 2000000, .warmup_ns = 100000, .sample = 4,
	};

	assert_non_null(g.workload);
	snprintf(g.argument, sizeof(g.argument), "%s", argument);
	if (!strcmp(workload, "adjacent"))
		g.share = SHARE_LINE;
	return g;
}

/* Runs one group; the caller frees the result. */
static struct result *run_one(struct group *g)
{
	struct plan plan = { .groups = g, .n = 1, .ncases = g->nengines };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	give_cpus(g);
	r->topo = topo;
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s: %s", g->workload->name, err.text);
	assert_int_equal(analyse(r), 0);
	assert_true(r->complete);
	free(g->cpus);
	return r;
}

static void check_case(const struct case_result *c)
{
	const struct page_ledger *p = &c->pages;

	if (c->verified == VERIFIED_NO)
		fail_msg("%s: %s", c->case_id, c->evidence[0]);
	assert_int_equal(p->allocated, p->freed + p->reachable + p->spare + p->retired + p->lost);
	assert_int_equal(p->wasted, p->wasted_install + p->wasted_growth);
	assert_true(c->nslices > 0);
	assert_true(c->slices[0].ops > 0);
}

static void check_workload(const char *workload, unsigned threads)
{
	struct group g = group_of(workload, threads);
	struct result *r;

	add_engines(&g);
	r = run_one(&g);
	for (size_t i = 0; i < r->ncases; i++) {
		check_case(&r->cases[i]);
		assert_int_equal(r->cases[i].verified,
				 g.workload->unowned ? VERIFIED_NULL : VERIFIED_YES);
		if (!g.workload->unowned)
			assert_int_equal(r->cases[i].pages.lost, 0);
		/* interleaved: every engine had as many slices, and (warm) did as many operations */
		assert_int_equal(r->cases[i].nslices, r->cases[0].nslices);
		if (!g.workload->cold)
			assert_int_equal(r->cases[i].slices[0].ops, r->cases[0].slices[0].ops);
	}
	result_free(r);
	free(r);
}

static void test_private(void **state)
{
	(void)state;
	check_workload("private", 1);
	check_workload("private", 2);
	check_workload("private", 3);
}

/* Observed in slices of their own, and audited afterwards as well. */
static void test_lock_stat(void **state)
{
	static const char *const names[] = { "private", "cursor", "churn" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct group g = group_of(names[i], 2);
		struct result *r;

		g.lock_stat = true;
		g.engines[g.nengines++] = pt_engine_find("lockless-2019");
		g.engines[g.nengines++] = pt_engine_find("mutex-2019");
		g.engines[g.nengines++] = pt_engine_find("mutex");
		g.engines[g.nengines++] = pt_engine_find("null");
		r = run_one(&g);
		assert_null(r->cases[3].lock);
		for (size_t e = 0; e < 3; e++) {
			const struct lock_stat *s = r->cases[e].lock;
			const struct pt_observation *o = &s->sum;

			check_case(&r->cases[e]);
			assert_int_equal(r->cases[e].verified, VERIFIED_YES);
			assert_int_equal(s->slices, s->npairs);
			assert_true(s->npairs >= 2 * LOCK_ROUNDS_MIN && o->ops > 0);
			assert_true(lock_figures(&r->cases[e]).cost > 0);
			assert_int_equal(o->wait.n, o->contended);
			assert_int_equal(e ? o->acquired > 0 : o->acquired == 0, true);
		}
		if (i < 2) { /* one page a call, no lookups: once an operation */
			assert_int_equal(r->cases[1].lock->sum.acquired, r->cases[1].lock->sum.ops);
			assert_int_equal(r->cases[2].lock->sum.acquired, r->cases[2].lock->sum.ops);
		}
		result_free(r);
		free(r);
	}
}

static void test_adjacent(void **state)
{
	(void)state;
	check_workload("adjacent", 3);
}

static void test_cursor(void **state)
{
	(void)state;
	check_workload("cursor", 3);
}

static void test_rendezvous(void **state)
{
	(void)state;
	check_workload("rendezvous", 2);
}

static void test_cold(void **state)
{
	(void)state;
	check_workload("cold", 1);
	check_workload("cold", 3);
}

static void test_convoy(void **state)
{
	(void)state;
	check_workload("convoy", 2);
	check_workload("convoy", 3);
}

static void test_grow(void **state)
{
	(void)state;
	check_workload("grow", 2);
	check_workload("grow", 3);
}

static void test_churn(void **state)
{
	(void)state;
	check_workload("churn", 3);
}

static void test_overlap(void **state)
{
	(void)state;
	check_workload("overlap", 2);
}

/* A bug switched on must be noticed, whatever the engine. */
static void test_breakage_is_caught(void **state)
{
	const char *engines[] = { "lockless-2019", "mutex-2019", "lockless", "lockless-intel",
				  "vtdss/lockless" };

	(void)state;
	for (int kind = BREAK_NONE + 1; kind <= BREAK_STRAY_LEAF; kind++) {
		struct group g = group_of("private", 2);
		struct result *r;

		g.breakage = (enum breakage)kind;
		for (size_t e = 0; e < sizeof(engines) / sizeof(engines[0]); e++)
			g.engines[g.nengines++] = pt_engine_find(engines[e]);
		r = run_one(&g);
		for (size_t i = 0; i < r->ncases; i++) {
			if (r->cases[i].verified != VERIFIED_NO)
				fail_msg("--break %s not caught in %s", breakage_name(g.breakage),
					 r->cases[i].case_id);
			assert_true(r->cases[i].nevidence > 0);
		}
		result_free(r);
		free(r);
	}
}

static double switches_per_op(const struct case_result *c)
{
	uint64_t switches = 0, ops = 0;

	for (size_t i = 0; i < c->nslices; i++) {
		switches += c->slices[i].voluntary;
		ops += c->slices[i].ops;
	}
	return (double)switches / (double)ops;
}

/*
 * What sets the kernel's mutex apart from glibc's: a waiter spins while the owner runs, so two
 * threads that hammer it hardly ever sleep. Both engines take turns in one run.
 */
static void test_kernel_like_mutex_seldom_sleeps(void **state)
{
	struct group g = group_of("private", 2);
	struct result *r;
	double ours, glibc;

	(void)state;
#ifdef IOPT_SANITIZED
	skip();
#endif
	if (topo->nallowed < 2)
		skip(); /* on one CPU the owner never runs while somebody waits */
	g.duration_ns = 600000000;
	g.slice_ns = 10000000;
	g.engines[g.nengines++] = pt_engine_find("mutex-2019");
	g.engines[g.nengines++] = pt_engine_find("pthread-2019");
	r = run_one(&g);
	ours = switches_per_op(&r->cases[0]);
	glibc = switches_per_op(&r->cases[1]);
	print_message("voluntary switches per 1000 operations: ours %.3f, glibc's %.3f\n", 1000 * ours,
		      1000 * glibc);
	assert_true(ours * 5 < glibc);
	result_free(r);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private),	   cmocka_unit_test(test_lock_stat),
		cmocka_unit_test(test_adjacent),
		cmocka_unit_test(test_cursor),	   cmocka_unit_test(test_rendezvous),
		cmocka_unit_test(test_cold),	   cmocka_unit_test(test_convoy),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_churn),	   cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_breakage_is_caught),
		cmocka_unit_test(test_kernel_like_mutex_seldom_sleeps),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
