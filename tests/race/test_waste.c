/*
 * The cold workloads through the real runner: what they count must add up, whatever the machine
 * did. How much was lost is asserted nowhere, beyond that it is possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/runner.h"
#include "machine.h"

#define BRIEFLY_NS 60000000u

/* Both bodies without a lock, and one with; threads beyond the allowed CPUs share them. */
static struct result *run_one(const char *workload, unsigned threads, unsigned page_lg2,
			      uint64_t round)
{
	static const char *const engines[] = { "lockless-2019", "lockless", "mutex-2019" };
	unsigned n = 0, allowed[1024];
	const char *argument;
	struct group g = {
		.workload = workload_find(workload, &argument), .threads = threads,
		.page_lg2 = page_lg2, .batch = 1, .round = round, .duration_ns = BRIEFLY_NS, .seed = 7,
		.slice_ns = 2000000, .sample = 4, .nodes_used = 1,
	};
	struct plan plan = { .groups = &g, .n = 1 };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(g.workload);
	assert_non_null(r);
	while (g.nengines < 3)
		g.engines[g.nengines] = pt_engine_find(engines[g.nengines]), g.nengines++;
	plan.ncases = g.nengines;
	for (unsigned i = 0; i < topo->ncpus && n < 1024; i++)
		if (topo->cpus[i].allowed)
			allowed[n++] = topo->cpus[i].os;
	g.cpus = calloc(threads, sizeof(g.cpus[0]));
	assert_non_null(g.cpus);
	for (unsigned i = 0; i < threads; i++)
		g.cpus[i] = allowed[i % n];
	if (g.workload->check && g.workload->check(&g, &err))
		fail_msg("%s", err.text);
	r->topo = topo;
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s: %s", workload, err.text);
	assert_int_equal(analyse(r), 0);
	free(g.cpus);
	return r;
}

static void free_result(struct result *r)
{
	result_free(r);
	free(r);
}

/* True of all of them. */
static void check_case(const struct case_result *c)
{
	const struct waste_result *w = &c->waste;
	uint64_t lost = case_lost(c);

	if (c->verified != VERIFIED_YES)
		fail_msg("%s: %s", c->case_id, c->evidence[0]);
	assert_true(c->nslices > 0 && w->tables > 0);
	assert_true(lost <= w->tables * (c->threads - 1));
	assert_int_equal(lost, w->in_vain.lost_installs + w->in_vain.lost_growth);
	assert_int_equal(lost, w->in_vain.handed_back);
	assert_int_equal(lost, c->pages.wasted);
	assert_int_equal(w->in_vain.recycled, 0);
	assert_true(w->in_vain.timed <= w->in_vain.lost_installs);
	if (engine_locks(c->engine)) {
		assert_int_equal(lost, 0);
		assert_true(isnan(w->model.ceiling) && isnan(w->model.omega.mid));
	} else if (c->forced) {
		assert_true(w->model.ceiling == c->threads - 1);
		assert_true(w->model.omega.mid >= 0 && w->model.omega.mid <= 1);
	}
}

/* Everybody comes to every meeting. */
static void check_gaps(const struct case_result *c)
{
	assert_int_equal(c->gap->n, c->waste.model.meetings * (c->threads - 1));
}

static void test_rendezvous(void **state)
{
	struct result *r = run_one("rendezvous", 2, 12, 16);

	(void)state;
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		check_case(c);
		check_gaps(c);
		/* leaf tables, and one above them */
		assert_int_equal(c->waste.tables, c->waste.model.meetings + c->nslices);
		assert_true(c->waste.skew_ns >= 0);
	}
	free_result(r);
}

/* Levels that are raced for: pages of 4K two, of 2M one. */
static void check_convoy(unsigned threads, unsigned page_lg2, unsigned levels)
{
	struct result *r = run_one("convoy", threads, page_lg2, 16);

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];
		const uint64_t *lost = c->pages.wasted_by_level;

		check_case(c);
		check_gaps(c);
		assert_int_equal(c->waste.tables, levels * c->waste.model.meetings);
		assert_int_equal(case_lost(c), lost[1] + (levels == 2 ? lost[0] : 0));
	}
	free_result(r);
}

static void test_convoy(void **state)
{
	(void)state;
	check_convoy(2, 12, 2);
	check_convoy(3, 12, 2);
	check_convoy(2, 21, 1);
}

/* 3 new roots, and 3, 4, 5 tables below them, on every table. */
static void test_grow(void **state)
{
	(void)state;
	for (unsigned threads = 2; threads <= 3; threads++) {
		struct result *r = run_one("grow", threads, 12, 16);

		for (size_t i = 0; i < r->ncases; i++) {
			const struct case_result *c = &r->cases[i];
			const struct waste_result *w = &c->waste;

			check_case(c);
			check_gaps(c);
			assert_int_equal(w->growths, w->model.meetings);
			assert_int_equal(w->tables, 5 * w->growths);
			assert_int_equal(w->growths % 3, 0);
			assert_int_equal(c->ops, threads * w->growths);
			assert_true(w->in_vain.lost_growth <= (threads - 1) * w->growths);
			assert_int_equal(w->in_vain.lost_growth, c->pages.wasted_growth);
			/* every root of every table: reachable with it */
			assert_int_equal(c->pages.reachable, w->tables + w->growths / 3);
		}
		free_result(r);
	}
}

static void check_cold(unsigned threads, unsigned page_lg2, uint64_t round)
{
	struct result *r = run_one("cold", threads, page_lg2, round);

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];
		const struct waste_result *w = &c->waste;
		uint64_t plain = 0;

		check_case(c);
		check_gaps(c);
		/* what stands above the leaf tables is not counted, and nobody races for it */
		assert_int_equal(w->tables, w->model.meetings);
		assert_int_equal(c->ops, threads * w->tables);
		assert_int_equal(case_lost(c), c->pages.wasted_by_level[(page_lg2 - 12) / 9]);
		for (size_t s = 0; s < c->nslices; s++)
			plain += c->slices[s].plain_ops;
		assert_int_equal(plain, c->ops - w->tables - case_lost(c));
	}
	free_result(r);
}

static void test_cold(void **state)
{
	(void)state;
	check_cold(1, 12, 64);
	check_cold(2, 12, 64);
	check_cold(3, 16, 64);
	check_cold(2, 21, 600); /* more than one parent */
	check_cold(2, 30, 16);  /* the root grows before the clock starts */
}

static void test_cursor(void **state)
{
	struct result *r = run_one("cursor", 2, 12, 16);

	(void)state;
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];
		uint64_t plain = 0;

		check_case(c);
		assert_int_equal(c->waste.model.meetings + c->nslices, c->waste.tables);
		assert_true(c->gap->n <= c->waste.model.meetings);
		for (size_t s = 0; s < c->nslices; s++)
			plain += c->slices[s].plain_ops;
		/* all but a worker's first in a table */
		assert_int_equal(plain, c->ops - c->waste.model.meetings - c->gap->n);
		assert_true(c->waste.model.op_ns > 0);
	}
	free_result(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rendezvous), cmocka_unit_test(test_convoy),
		cmocka_unit_test(test_grow),	   cmocka_unit_test(test_cold),
		cmocka_unit_test(test_cursor),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
