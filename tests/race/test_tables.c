/*
 * Warm groups change their tables: other pages, the same work, every table audited, nothing lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/case.h"
#include "bench/group.h"
#include "bench/processes.h"
#include "bench/runner.h"
#include "bench/tables.h"

#ifdef IOPT_SANITIZED
static const bool elsewhere; /* the sanitizer chooses the pages */
#else
static const bool elsewhere = true;
#endif
static struct topology *topo;
static unsigned cpus[2];

static int load_machine(void **state)
{
	struct err err = { 0 };
	unsigned n = 0;

	(void)state;
	clock_init();
	if (topology_load(&topo, NULL, &err))
		return -1;
	for (unsigned i = 0; i < topo->ncpus && n < 2; i++)
		if (topo->cpus[i].allowed)
			cpus[n++] = topo->cpus[i].os;
	if (n == 1)
		cpus[1] = cpus[0];
	return 0;
}

static int free_machine(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

static struct group group_of(const char *workload, unsigned threads)
{
	const char *argument = "";
	struct group g = {
		.workload = workload_find(workload, &argument), .threads = threads, .page_lg2 = 12,
		.batch = 1, .tables = 4, .round = 64, .duration_ns = 20000000, .seed = 7,
		.slice_ns = 1000000, .warmup_ns = 100000, .sample = 16, .depth = 64, .nodes_used = 1,
		.engines = { pt_engine_find("lockless"), pt_engine_find("lockless-2019"),
			     pt_engine_find("mutex"), pt_engine_find("null") },
		.nengines = 4, .cpus = cpus,
	};

	if (!strcmp(workload, "private"))
		g.engines[g.nengines++] = pt_engine_find("limit");
	if (!strcmp(workload, "adjacent"))
		g.share = SHARE_LINE;
	return g;
}

/* Where an engine's tables are: entries that point to tables, by where they are in the tree. */
struct places {
	size_t n;
	struct {
		uint64_t path, value;
	} v[256];
};

static void note_place(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		       uint64_t value, bool is_table)
{
	struct places *p = ctx;
	uint64_t at = level;

	if (!is_table || p->n == 256)
		return;
	for (unsigned i = 0; i < depth; i++)
		at = at << 9 | path[i];
	p->v[p->n].path = at;
	p->v[p->n++].value = value;
}

static void find_places(struct group_run *run, unsigned e, struct places *p)
{
	struct pt_scan scan = { .entry = note_place, .ctx = p };

	p->n = 0;
	pt_scan(run->engines[e].pt, &scan);
}

/* Of tables at the same place of the tree, how many lie where they did? */
static size_t stayed(const struct places *a, const struct places *b)
{
	size_t same = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			same += a->v[i].path == b->v[j].path && a->v[i].value == b->v[j].value;
	return same;
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

/* As warm as it was: the 2019 body keeps its tables, and has all of them again. */
static void test_elsewhere(void **state)
{
	struct group g = group_of("private", 2);
	static struct places before[5], after;
	struct result *r = made_result(&g);
	struct group_run *run;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(group_open(&run, &g, r, 0, &err), 0);
	assert_int_equal(group_calibrate(run, &err), 0);
	for (unsigned e = 0; e < 3; e++)
		group_warm(run, e);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned e = 0; e < g.nengines; e++)
			find_places(run, e, &before[e]);
		assert_int_equal(before[1].n, 2 * 4 + 2); /* leaf tables, and above them one a worker */
		assert_true(before[4].n >= 2 * 4);        /* limit's are built anew */
		assert_int_equal(tables_change(run, &err), 0);
		assert_int_equal(run->table, i + 1);
		for (unsigned e = 0; e < g.nengines; e++) {
			find_places(run, e, &after);
			assert_int_equal(after.n, before[e].n);
			if (elsewhere && stayed(&before[e], &after) > after.n / 2)
				fail_msg("%s: %zu of %zu tables lie where they did",
					 g.engines[e]->name, stayed(&before[e], &after), after.n);
		}
	}
	for (unsigned e = 0; e < 3; e++) {
		assert_int_equal(group_audit(run, e, true, &err), 0);
		assert_int_equal(r->cases[e].verified, VERIFIED_YES);
		assert_true(ledger_balances(&r->cases[e].pages));
		assert_true(r->cases[e].pages.reachable >= 5u * 11);
	}
	group_close(run);
	result_free(r);
	free(r);
}

/* Any number of changes, whenever, in every warm workload. */
static void test_every_workload(void **state)
{
	static const char *const names[] = { "private", "adjacent", "lookup", "pairs", "collapse" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct group g = group_of(names[i], 2);
		struct result *r = made_result(&g);
		struct group_run *run;
		struct err err = { 0 };
		struct slice s;

		assert_int_equal(group_open(&run, &g, r, 0, &err), 0);
		assert_int_equal(group_calibrate(run, &err), 0);
		run->recording = true;
		for (unsigned k = 0; k < 6; k++) {
			for (unsigned e = 0; e < g.nengines; e++)
				assert_int_equal(slice_run(run, e, k, &s, &err), 0);
			if (k % 2)
				assert_int_equal(tables_change(run, &err), 0);
		}
		for (unsigned e = 0; e < 3; e++) {
			assert_int_equal(group_audit(run, e, true, &err), 0);
			if (r->cases[e].verified != VERIFIED_YES)
				fail_msg("%s: %s", r->cases[e].case_id, r->cases[e].evidence[0]);
			assert_true(ledger_balances(&r->cases[e].pages));
			assert_int_equal(r->cases[e].pages.lost, 0);
		}
		group_close(run);
		result_free(r);
		free(r);
	}
}

static void test_what_is_broken_is_caught(void **state)
{
	(void)state;
	for (unsigned kind = BREAK_DROP_LEAF; kind <= BREAK_STRAY_LEAF; kind++) {
		struct group g = group_of("private", 2);
		struct result *r;
		struct group_run *run;
		struct err err = { 0 };

		g.breakage = (enum breakage)kind;
		g.nengines = 1;
		r = made_result(&g);
		assert_int_equal(group_open(&run, &g, r, 0, &err), 0);
		assert_int_equal(tables_change(run, &err), 0); /* audited before it is dropped */
		if (r->cases->verified != VERIFIED_NO)
			fail_msg("--break %u: not seen in a table that was dropped", kind);
		group_close(run);
		result_free(r);
		free(r);
	}
}

/* Slices say which: warm ones in order, of the same table on both sides; cold ones have their own. */
static void test_slices_tell(void **state)
{
	const char *const names[] = { "private", "cursor", "churn" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct group g = group_of(names[i], 1);
		struct plan plan = { .groups = &g, .n = 1, .ncases = 2 };
		struct result *r = calloc(1, sizeof(*r));
		const struct case_result *a, *b;
		struct err err = { 0 };

		assert_non_null(r);
		g.nengines = 2;
		g.duration_ns = 300000000;
		r->topo = topo;
		assert_int_equal(run_plan(&plan, 1, r, NULL, NULL, &err), 0);
		a = &r->cases[0];
		b = &r->cases[1];
		assert_int_equal(a->nslices, b->nslices);
		for (size_t k = 0; k < a->nslices; k++) {
			uint32_t table = a->slices[k].table, last = k ? a->slices[k - 1].table : 0;

			if (a->cold)
				assert_int_equal(table, 2 * a->slices[k].round + a->slices[k].half);
			else
				assert_true(table == last || (table == last + 1 && !a->slices[k].half));
			if (!strcmp(names[i], "churn"))
				assert_int_equal(table, 0); /* its tables come and go anyway */
		}
		for (size_t k = 0; k < b->nslices; k++)
			for (size_t m = 0; m < a->nslices; m++)
				if (a->slices[m].round == b->slices[k].round &&
				    a->slices[m].half == b->slices[k].half)
					assert_int_equal(a->slices[m].table, b->slices[k].table);
		assert_int_equal(a->verified, VERIFIED_YES);
		assert_true(ledger_balances(&a->pages));
		result_free(r);
		free(r);
	}
}

/* Due after a sixth of the time and two rounds, if there is time for two more and it is cheap. */
static void test_when(void **state)
{
	struct group g = group_of("private", 1);
	struct result *r = made_result(&g);
	struct table_turns t;
	struct group_run *run;
	struct err err = { 0 };
	uint64_t now = clock_monotonic_ns();

	(void)state;
	g.duration_ns = 1000000000000;
	assert_int_equal(group_open(&run, &g, r, 0, &err), 0);
	table_turns_begin(&t, run);
	assert_true(t.cost_ns > 0); /* limit's pages are there */
	assert_int_equal(table_turns_next(&t, run, 2, &err), 0);
	assert_int_equal(run->table, 0); /* no time has passed */
	t.began_ns = t.changed_ns = now - 6000000000;
	assert_int_equal(table_turns_next(&t, run, 1, &err), 0);
	assert_int_equal(run->table, 0); /* one round */
	assert_int_equal(table_turns_next(&t, run, 2, &err), 0);
	assert_int_equal(run->table, 1);
	assert_true(t.spent_ns > 0 && t.cost_ns == t.spent_ns);
	assert_int_equal(table_turns_next(&t, run, 4, &err), 0);
	assert_int_equal(run->table, 1); /* just changed */
	t.changed_ns = t.began_ns;
	t.cost_ns = g.duration_ns; /* dear */
	assert_int_equal(table_turns_next(&t, run, 4, &err), 0);
	assert_int_equal(run->table, 1);
	t.cost_ns = 1;
	r->cases[0].verified = VERIFIED_NO; /* evidence */
	assert_int_equal(table_turns_next(&t, run, 4, &err), 0);
	assert_int_equal(run->table, 1);
	group_close(run);
	result_free(r);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elsewhere),      cmocka_unit_test(test_every_workload),
		cmocka_unit_test(test_what_is_broken_is_caught),
		cmocka_unit_test(test_slices_tell),    cmocka_unit_test(test_when),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
