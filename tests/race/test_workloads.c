/*
 * `overlap` and `replay` through the real runner: what two writers leave, with a lock, without one,
 * and when each keeps to his own ranges; the shipped traces on fewer and on more workers than CPUs
 * were recorded.
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
#include "bench/fit.h"
#include "bench/runner.h"

#ifdef IOPT_SANITIZED /* an order of magnitude slower */
#define ROUND 16
#define BRIEFLY_NS 5000000
#else
#define ROUND 64
#define BRIEFLY_NS 60000000
#endif

static struct topology *topo;
static unsigned allowed[1024], nallowed;

static int load_machine(void **state)
{
	struct err err = { 0 };

	(void)state;
	clock_init();
	if (topology_load(&topo, NULL, &err))
		return -1;
	for (unsigned i = 0; i < topo->ncpus && nallowed < 1024; i++)
		if (topo->cpus[i].allowed)
			allowed[nallowed++] = topo->cpus[i].os;
	return 0;
}

static int free_machine(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

/* A brief group with the engines named, up to NULL; threads beyond the CPUs share them. */
static struct group group_of(const struct workload *w, unsigned threads, const char *const *engines)
{
	struct group g = {
		.workload = w, .threads = threads, .page_lg2 = 12, .batch = 1, .tables = 2,
		.round = ROUND, .duration_ns = BRIEFLY_NS, .seed = 7, .slice_ns = 2000000,
		.warmup_ns = 100000, .sample = 4, .nodes_used = 1,
	};

	g.cpus = calloc(threads, sizeof(g.cpus[0]));
	assert_non_null(g.cpus);
	for (unsigned i = 0; i < threads; i++)
		g.cpus[i] = allowed[i % nallowed];
	for (; *engines; engines++) {
		g.engines[g.nengines] = pt_engine_find(*engines);
		assert_non_null(g.engines[g.nengines++]);
	}
	return g;
}

/* Of the engines those that have the pages. */
static void leave_out(struct group *g)
{
	unsigned n = 0;
	struct err err;

	for (unsigned e = 0; e < g->nengines; e++)
		if (!fit_format(g, g->engines[e], &err))
			g->engines[n++] = g->engines[e];
	g->nengines = n;
}

static struct result *run_group(struct group *g)
{
	struct plan plan = { .groups = g, .n = 1, .ncases = g->nengines };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(r);
	r->topo = topo;
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s: %s", g->workload->name, err.text);
	assert_int_equal(analyse(r), 0);
	free(g->cpus);
	return r;
}

static const char *const engines_all[] = { "lockless-2019", "mutex-2019", "spin-2019",
					   "lockless-2019-plain", "lockless", "mutex", "lockless-intel",
					   "vtdss/lockless", "vtdss/mutex", NULL };
static const char *const engines_lockless[] = { "lockless-2019", "lockless", "lockless-intel",
						NULL };
/*
 * For more threads than a test machine has CPUs: with a queue lock that spins, each hand-over may
 * wait for a scheduler tick.
 */
static const char *const engines_mutex[] = { "mutex-2019", "mutex", "vtdss/mutex", NULL };
static const char *const engines_sleeping[] = { "lockless-2019", "mutex-2019", "lockless", "lockless-intel",
						"vtdss/mutex", NULL };
/* The lock is held for a whole operation, or for one chunk that is a whole operation. */
static const char *const engines_locked[] = { "mutex-2019", "spin-2019", "mutex", "mcs", "vtdss/mutex",
					      NULL };

static void check_overlap(enum range_kind range, bool disjoint, unsigned threads,
			  const char *const *engines, bool clean)
{
	struct group g = group_of(workload_find("overlap", &(const char *){ 0 }), threads, engines);
	struct result *r;

	g.range = range;
	g.disjoint = disjoint;
	leave_out(&g);
	r = run_group(&g);
	for (size_t i = 0; i < r->ncases; i++) {
		const struct overlap_result *o = &r->cases[i].overlap;

		assert_int_equal(r->cases[i].verified, VERIFIED_NULL);
		assert_true(o->ranges > 0);
		assert_int_equal(o->ranges,
				 o->one_writer + o->mixed_chunks + o->torn_leaf + o->absent);
		assert_int_equal(o->leaked_tables, r->cases[i].pages.lost);
		if (clean && o->one_writer != o->ranges &&
		    !(range == RANGE_MAP_UNMAP && !disjoint && !o->torn_leaf && !o->mixed_chunks))
			fail_msg("%s: %lu of %lu ranges are one writer's", r->cases[i].case_id,
				 (unsigned long)o->one_writer, (unsigned long)o->ranges);
		if (clean)
			assert_int_equal(o->leaked_tables, 0);
	}
	result_free(r);
	free(r);
}

static void test_disjoint_writers_do_no_harm(void **state)
{
	(void)state;
	for (int range = RANGE_64K; range <= RANGE_MAP_UNMAP; range++) {
		check_overlap((enum range_kind)range, true, 2, engines_all, true);
		check_overlap((enum range_kind)range, true, 3, engines_sleeping, true);
	}
}

/* One chunk per operation: the lock makes it all or nothing. */
static void test_a_lock_keeps_pages_whole(void **state)
{
	(void)state;
	check_overlap(RANGE_64K, false, 2, engines_locked, true);
	check_overlap(RANGE_64K, false, 4, engines_mutex, true);
	check_overlap(RANGE_4K_OVER_2M, false, 2, engines_locked, true);
	check_overlap(RANGE_MAP_UNMAP, false, 2, engines_locked, true);
}

/* Whatever happens, every range is in one class and the ledger holds. */
static void test_every_range_has_a_class(void **state)
{
	(void)state;
	for (int range = RANGE_64K; range <= RANGE_MAP_UNMAP; range++) {
		check_overlap((enum range_kind)range, false, 2, engines_all, false);
		check_overlap((enum range_kind)range, false, 5, engines_sleeping, false);
	}
}

static void check_replay(const char *trace, unsigned threads, const char *const *engines)
{
	struct group g = group_of(workload_find("replay:x", &(const char *){ 0 }), threads, engines);
	struct result *r;

	snprintf(g.argument, sizeof(g.argument), "%s/../../configs/traces/%s.trace.gz", TEST_DATA,
		 trace);
	r = run_group(&g);
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (c->verified != VERIFIED_YES)
			fail_msg("%s, %u threads: %s", c->case_id, threads, c->evidence[0]);
		assert_true(c->events > 60000);
		/* Every copy of the trace whole. */
		assert_int_equal(c->slices[0].ops % c->events, 0);
		assert_true(c->slices[0].ops >= c->events);
		assert_int_equal(c->pages.lost, 0);
	}
	result_free(r);
	free(r);
}

static void test_replay(void **state)
{
	(void)state;
#ifndef IOPT_SANITIZED /* one thread races with nobody */
	check_replay("nvme-amd-lazy", 1, engines_sleeping);
#endif
	check_replay("nvme-amd-lazy", 2, engines_sleeping);
	check_replay("net-amd-strict", 2, engines_lockless);
	/* Four CPUs were recorded: a second copy, on two workers. */
	check_replay("nvme-vtd-strict", 6, engines_lockless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disjoint_writers_do_no_harm),
		cmocka_unit_test(test_a_lock_keeps_pages_whole),
		cmocka_unit_test(test_every_range_has_a_class),
		cmocka_unit_test(test_replay),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
