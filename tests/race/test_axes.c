/*
 * The axes through the real runner: every page source, --share, --order and a mix of page sizes, with
 * more threads than many test machines have CPUs. Audits clean, ledgers balanced, the same operations
 * for all engines; and a broken engine is caught in each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/group.h"
#include "bench/lane.h"
#include "bench/plan_default.h"
#include "bench/processes.h"
#include "bench/runner.h"
#include "machine.h"

#define BRIEFLY_NS 10000000

static const char *const engines_lockless[] = { "lockless-2019", "lockless", NULL };
#ifdef IOPT_SANITIZED /* an order of magnitude slower; all page sources are the plain pool */
#define engines_all engines_lockless
#define FIRST_SOURCE POOL_SOURCE_MMAP
#define BREAK_LAST BREAK_DROP_LEAF
#else
static const char *const engines_all[] = { "lockless-2019", "mutex-2019", "lockless-2019-plain",
					   "lockless", "mutex", NULL };
#define FIRST_SOURCE POOL_SOURCE_ARENA
#define BREAK_LAST BREAK_STRAY_LEAF
#endif

static struct group group_of(const char *workload, unsigned threads, const char *const *engines)
{
	const char *argument = "";
	struct group g = {
		.workload = workload_find(workload, &argument), .threads = threads, .page_lg2 = 12,
		.batch = 1, .tables = 2, .round = 16, .duration_ns = BRIEFLY_NS, .seed = 7,
		.slice_ns = 1000000, .warmup_ns = 50000, .sample = 4, .nodes_used = 1,
	};

	snprintf(g.argument, sizeof(g.argument), "%s", argument);
	for (; *engines; engines++)
		g.engines[g.nengines++] = pt_engine_find(*engines);
	return g;
}

static struct group mixed(unsigned threads, const char *const *engines)
{
	struct group g = group_of("private", threads, engines);

	g.mix = (struct page_mix){ .n = 3, .lg2 = { 12, 16, 21 }, .weight = { 60, 30, 10 } };
	return g;
}

static struct plan plan; /* one for each test: a run begins with 0.2 s of looking at the machine */

/* Of a test that failed half-way. */
static int forget_plan(void **state)
{
	(void)state;
	plan_free(&plan);
	return 0;
}

/* Threads beyond the allowed CPUs share them. */
static void add(struct group g)
{
	unsigned n = 0, allowed[1024];
	struct err err = { 0 };

	for (unsigned i = 0; i < topo->ncpus && n < 1024; i++)
		if (topo->cpus[i].allowed)
			allowed[n++] = topo->cpus[i].os;
	g.cpus = calloc(g.threads, sizeof(g.cpus[0]));
	assert_non_null(g.cpus);
	for (unsigned i = 0; i < g.threads; i++)
		g.cpus[i] = allowed[i % n];
	plan_settle_shape(&g);
	if (plan_check_shape(&g, &err) || (g.workload->check && g.workload->check(&g, &err)))
		fail_msg("%s", err.text);
	plan.groups = realloc(plan.groups, (plan.n + 1) * sizeof(g));
	assert_non_null(plan.groups);
	plan.groups[plan.n++] = g;
	plan.ncases += g.nengines;
}

static struct result *run(void)
{
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(r);
	r->topo = topo;
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(r), 0);
	return r;
}

static void done(struct result *r)
{
	result_free(r);
	free(r);
	plan_free(&plan);
}

static void run_and_check(void)
{
	struct result *r = run();

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];
		const struct group *g = &plan.groups[c->group];
		const struct page_ledger *p = &c->pages;

		if (c->verified != VERIFIED_YES)
			fail_msg("%s: %s", c->case_id, c->evidence[0]);
		assert_int_equal(p->allocated, p->freed + p->reachable + p->spare + p->retired + p->lost);
		assert_int_equal(p->lost, 0);
		assert_true(c->nslices > 0 && c->ops > 0);
		assert_true(c->pages_done >= c->ops * g->batch);
		if (!g->workload->cold && i && r->cases[i - 1].group == c->group)
			assert_int_equal(c->slices[0].ops, r->cases[i - 1].slices[0].ops);
	}
	done(r);
}

/* The cold workload takes and gives most; batches of whole tables retire them in the warm one. */
static void test_page_sources(void **state)
{
	(void)state;
	for (enum pool_source source = FIRST_SOURCE; source <= POOL_SOURCE_MMAP; source++) {
		struct group g = group_of("cursor", 3, engines_all);

		g.source = source;
		add(g);
		g = group_of("private", 2, engines_lockless);
		g.source = source;
		g.batch = 512;
		add(g);
	}
	run_and_check();
}

static void test_shares(void **state)
{
	(void)state;
	for (enum share_kind share = SHARE_ROOT; share <= SHARE_LINE; share++) {
		bool leaves = share == SHARE_TABLE || share == SHARE_LINE;
		struct group g = group_of(leaves ? "adjacent" : "private", 3, engines_all);

		g.share = share;
		add(g);
	}
	run_and_check();
}

static void test_orders(void **state)
{
	struct group g = group_of("cursor", 3, engines_lockless);

	(void)state;
	g.order = ORDER_DESCENDING;
	g.batch = 3;
	add(g);
	g = group_of("private", 3, engines_lockless);
	g.order = ORDER_DESCENDING;
	add(g);
	g = group_of("adjacent", 2, engines_lockless);
	g.order = ORDER_ASCENDING;
	add(g);
	run_and_check();
}

static void test_mixes(void **state)
{
	struct group g = mixed(3, engines_all);

	(void)state;
	add(g);
	g = mixed(2, engines_lockless);
	g.batch = 8;
	g.share = SHARE_L2;
	g.order = ORDER_DESCENDING;
	add(g);
	run_and_check();
}

/* Each group's pool has the source that was asked for: only the pool proper cuts chunks. */
static void test_the_source_is_the_one_asked_for(void **state)
{
	(void)state;
#ifdef IOPT_SANITIZED
	skip();
#endif
	for (enum pool_source source = POOL_SOURCE_POOL; source <= POOL_SOURCE_MMAP; source++) {
		struct group g = group_of("private", 1, engines_lockless);
		struct result r = { .topo = topo };
		struct group_run *run;
		struct err err = { 0 };

		g.source = source;
		add(g);
		assert_int_equal(cases_init(&plan, &r), 0);
		assert_int_equal(group_open(&run, &plan.groups[0], &r, 0, &err), 0);
		assert_int_equal(pool_stats(run->pool).chunks, source == POOL_SOURCE_POOL);
		assert_string_equal(r.cases[0].source, source_name(source));
		group_close(run);
		result_free(&r);
		plan_free(&plan);
	}
}

/* What is broken on purpose is seen in pages of every size, wherever tables come from. */
static void test_breakage_is_caught(void **state)
{
	struct result *r;

	(void)state;
	for (int kind = BREAK_NONE + 1; kind <= BREAK_LAST; kind++) {
		struct group g = mixed(2, engines_lockless);

		g.breakage = (enum breakage)kind;
		g.tables = 8; /* more operations than there are between two damages */
		g.source = kind % 2 ? POOL_SOURCE_MMAP : POOL_SOURCE_JEMALLOC;
		g.share = kind % 2 ? SHARE_L2 : SHARE_ROOT;
		add(g);
	}
	r = run();
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].verified != VERIFIED_NO)
			fail_msg("--break %s not caught in %s",
				 breakage_name(plan.groups[r->cases[i].group].breakage),
				 r->cases[i].case_id);
	done(r);
}

/* An operation that fails in a mix is counted although its neighbours have other sizes. */
static void test_failures_of_a_mix_are_counted(void **state)
{
	struct group g = mixed(1, engines_lockless);
	struct result *r;

	(void)state;
	add(g);
	plan.groups[0].mix.lg2[2] = 39; /* pages that no engine has: every tenth operation is refused */
	r = run();
	for (size_t i = 0; i < r->ncases; i++) {
		assert_int_equal(r->cases[i].verified, VERIFIED_NO);
		assert_non_null(strstr(r->cases[i].evidence[0], "operations failed"));
	}
	done(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_page_sources, forget_plan),
		cmocka_unit_test_teardown(test_shares, forget_plan),
		cmocka_unit_test_teardown(test_orders, forget_plan),
		cmocka_unit_test_teardown(test_mixes, forget_plan),
		cmocka_unit_test_teardown(test_the_source_is_the_one_asked_for, forget_plan),
		cmocka_unit_test_teardown(test_breakage_is_caught, forget_plan),
		cmocka_unit_test_teardown(test_failures_of_a_mix_are_counted, forget_plan),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
