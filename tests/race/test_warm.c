/*
 * `collapse`, `lookup` and `pairs` through the real runner, with every engine there is and readers
 * beside writers: audits clean, ledger balanced, retired tables bounded. Then each --break, which
 * must be caught, and by the readers themselves where it is about addresses.
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
#include "bench/mix.h"
#include "bench/runner.h"

#ifdef IOPT_SANITIZED /* an order of magnitude slower */
#define BRIEFLY_NS 20000000u
#define SHAPES_MAX 2u /* the rest differs in what races do not depend on */
#else
#define BRIEFLY_NS 60000000u
#define SHAPES_MAX GROUPS_AT_ONCE
#endif
#define GROUPS_AT_ONCE 8u

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

struct shape {
	const char *workload;
	unsigned threads, page_lg2;
	uint64_t batch, readers, depth, think_ns;
	struct ratio ratio;
	enum breakage breakage;
};

static struct group group_of(const struct shape *s)
{
	struct group g = {
		.workload = workload_find(s->workload, &(const char *){ 0 }), .threads = s->threads,
		.page_lg2 = s->page_lg2 ? s->page_lg2 : 12, .batch = s->batch ? s->batch : 1,
		.tables = 2, .round = 8, .readers = s->readers, .depth = s->depth ? s->depth : 256,
		.think_ns = s->think_ns, .ratio = s->ratio, .breakage = s->breakage,
		.duration_ns = BRIEFLY_NS, .slice_ns = 2000000, .warmup_ns = 100000, .seed = 7,
		.sample = 4, .nodes_used = 1, .share = SHARE_ROOT,
	};
	struct err err = { 0 };

	g.cpus = calloc(g.threads, sizeof(g.cpus[0]));
	assert_non_null(g.cpus);
	for (unsigned i = 0; i < g.threads; i++)
		g.cpus[i] = allowed[i % nallowed];
	if (g.workload->check(&g, &err))
		fail_msg("%s", err.text);
	return g;
}

static void add_engines(struct group *g)
{
	struct err err;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler && !fit_format(g, e, &err) && !(e->single && g->threads > 1) &&
		    !(pt_engine_in_line(e) && g->threads > topo->nallowed))
			g->engines[g->nengines++] = e;
}

static void name_engines(struct group *g)
{
	static const char *const names[] = { "lockless-2019", "mutex-2019", "lockless" };

	for (size_t i = 0; i < 3; i++)
		g->engines[g->nengines++] = pt_engine_find(names[i]);
}

/* One run of a group for each shape; the caller frees the result. */
static struct result *run_shapes(const struct shape *shapes, size_t n, void (*add)(struct group *g))
{
	struct group groups[GROUPS_AT_ONCE];
	struct plan plan = { .groups = groups, .n = n };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(r);
	assert_true(n <= GROUPS_AT_ONCE);
	for (size_t i = 0; i < n; i++) {
		groups[i] = group_of(&shapes[i]);
		add(&groups[i]);
		plan.ncases += groups[i].nengines;
	}
	r->topo = topo;
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(r), 0);
	assert_true(r->complete);
	for (size_t i = 0; i < n; i++)
		free(groups[i].cpus);
	return r;
}

static void check_case(const struct result *r, const struct case_result *c)
{
	const struct page_ledger *p = &c->pages;
	const struct case_result *first = c;

	if (c->verified != VERIFIED_YES)
		fail_msg("%s: %s", c->case_id, c->evidence[0]);
	assert_true(ledger_balances(p));
	assert_int_equal(p->lost, 0);
	assert_true(c->nslices > 0);
	while (first > r->cases && first[-1].group == c->group)
		first--;
	/* every engine had as many slices, and did as many operations in each */
	assert_int_equal(c->nslices, first->nslices);
	for (size_t i = 0; i < c->nslices; i++)
		for (int k = 0; k < OP_KINDS && !c->readers; k++)
			assert_int_equal(c->slices[i].kind_ops[k], first->slices[i].kind_ops[k]);
}

static void check_all(const struct shape *shapes, size_t n, void (*check)(const struct case_result *c))
{
	struct result *r = run_shapes(shapes, n < SHAPES_MAX ? n : SHAPES_MAX, add_engines);

	for (size_t i = 0; i < r->ncases; i++) {
		check_case(r, &r->cases[i]);
		check(&r->cases[i]);
	}
	result_free(r);
	free(r);
}

/*
 * Each large map retires the one table below it, and nothing else retires any; what waits for
 * readers is bounded, whoever has lost his CPU (workload_collapse.c: 256 pages a worker, which one
 * more cycle may exceed).
 */
static void check_collapse(const struct case_result *c)
{
	const struct phase_result *p = c->phases;

	assert_string_equal(p[2].name, "large map");
	assert_true(p[2].ops > 0);
	assert_int_equal(p[2].retired, p[2].ops);
	assert_int_equal(p[3].ops, p[2].ops);
	assert_int_equal(p[0].ops, p[1].ops);
	assert_int_equal(p[0].retired + p[1].retired + p[3].retired, 0);
	assert_true(c->pages.allocated > p[2].ops);
	assert_true(c->pages.peak <= (c->threads - c->readers) * (256 + 16));
	if (c->readers)
		assert_true(c->ns_per_op[OP_LOOKUP] > 0);
}

static void test_collapse(void **state)
{
	const struct shape shapes[] = {
		{ .workload = "collapse", .threads = 2, .readers = 1 },
		{ .workload = "collapse", .threads = 3, .readers = 1, .batch = 16 },
		{ .workload = "collapse", .threads = 1 },
		{ .workload = "collapse", .threads = 2, .page_lg2 = 21, .readers = 1 },
	};

	(void)state;
	check_all(shapes, sizeof(shapes) / sizeof(shapes[0]), check_collapse);
}

static void check_lookup(const struct case_result *c)
{
	uint64_t lookups = 0, all = 0;

	for (size_t i = 0; i < c->nslices; i++) {
		lookups += c->slices[i].kind_ops[OP_LOOKUP];
		all += c->slices[i].ops;
	}
	/* each worker does as many operations, but for the end of a stretch */
	assert_true(lookups * c->threads > all * c->readers / 2);
	assert_true(c->ns_per_op[OP_MAP] > 0 && c->ns_per_op[OP_LOOKUP] > 0);
	assert_true(c->phases[0].ops > 0 && c->phases[1].ops > 0);
	assert_int_equal(c->phases[1].ops + lookups, all);
	assert_true(c->readers_cost_ns.n > 0);
	/* half of a writer's pages stood mapped, so some lookups found one: latencies of both */
	assert_true(c->latency[OP_LOOKUP]->n > 0);
}

static void test_lookup(void **state)
{
	const struct shape shapes[] = {
		{ .workload = "lookup", .threads = 2 },
		{ .workload = "lookup", .threads = 4, .readers = 3 },
		{ .workload = "lookup", .threads = 2, .page_lg2 = 16 },
		{ .workload = "lookup", .threads = 2, .batch = 512 },
		{ .workload = "lookup", .threads = 2, .think_ns = 1000 },
	};

	(void)state;
	check_all(shapes, sizeof(shapes) / sizeof(shapes[0]), check_lookup);
}

/* Worker 2i maps only, worker 2i + 1 unmaps as much; audited with the queue as full as it gets. */
static void check_pairs(const struct case_result *c)
{
	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		assert_int_equal(s->kind_ops[OP_MAP], s->kind_ops[OP_UNMAP]);
		assert_int_equal(s->kind_ops[OP_LOOKUP], 0);
	}
	assert_true(c->wait_ns_per_op >= 0);
	assert_true(c->ns_per_op[OP_MAP] > 0 && c->ns_per_op[OP_UNMAP] > 0);
}

static void test_pairs(void **state)
{
	const struct shape shapes[] = {
		{ .workload = "pairs", .threads = 2 },
		{ .workload = "pairs", .threads = 4 },
		{ .workload = "pairs", .threads = 2, .depth = 1 },
		{ .workload = "pairs", .threads = 2, .depth = 7, .think_ns = 500 },
		{ .workload = "pairs", .threads = 2, .page_lg2 = 16, .batch = 4, .depth = 8 },
		{ .workload = "pairs", .threads = 2, .depth = 1, .batch = 256 },
	};

	(void)state;
	check_all(shapes, sizeof(shapes) / sizeof(shapes[0]), check_pairs);
}

static void check_ratio(const struct case_result *c)
{
	uint64_t ops[OP_KINDS] = { 0 };

	for (size_t i = 0; i < c->nslices; i++)
		for (int k = 0; k < OP_KINDS; k++)
			ops[k] += c->slices[i].kind_ops[k];
	if (!strcmp(c->workload, "churn")) { /* how many of each is for tests/unit/test_churn.c */
		assert_true(ops[OP_MAP] > 0 && ops[OP_UNMAP] > 0 && ops[OP_LOOKUP] > 0);
		return;
	}
	assert_int_equal(ops[OP_MAP], ops[OP_UNMAP]);
	assert_true(ops[OP_MAP] > 0);
	if (!strcmp(c->ratio, "1:1:3"))
		assert_int_equal(ops[OP_LOOKUP], 3 * ops[OP_MAP]);
	else /* 3:3:1, rounded down in each stretch */
		assert_true(3 * ops[OP_LOOKUP] <= ops[OP_MAP] && 4 * ops[OP_LOOKUP] > ops[OP_MAP]);
	assert_true(c->ns_per_op[OP_LOOKUP] > 0);
}

static void test_ratio(void **state)
{
	const struct shape shapes[] = {
		{ .workload = "private", .threads = 2, .ratio = { 1, 1, 3 } },
		{ .workload = "private", .threads = 2, .ratio = { 3, 3, 1 }, .batch = 8 },
		{ .workload = "private", .threads = 1, .ratio = { 1, 1, 3 }, .page_lg2 = 21 },
	};

	(void)state;
	check_all(shapes, sizeof(shapes) / sizeof(shapes[0]), check_ratio);
}

static void test_churn_ratio(void **state)
{
	struct group g = { .workload = workload_find("churn", &(const char *){ 0 }) };
	struct shape shape = { .workload = "private", .threads = 2 };
	struct plan plan = { .groups = &g, .n = 1 };
	const struct workload *churn = g.workload;
	struct result r = { .topo = topo };
	struct err err = { 0 };

	(void)state;
	g = group_of(&shape);
	g.workload = churn; /* which has no check() */
	g.ratio = (struct ratio){ 3, 1, 2 };
	add_engines(&g);
	plan.ncases = g.nengines;
	if (run_plan(&plan, 1, &r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(&r), 0);
	for (size_t i = 0; i < r.ncases; i++) {
		check_case(&r, &r.cases[i]);
		check_ratio(&r.cases[i]);
		assert_non_null(strstr(r.cases[i].case_id, "/3:1:2"));
	}
	free(g.cpus);
	result_free(&r);
}

static bool has_evidence(const struct case_result *c, const char *words)
{
	for (unsigned i = 0; i < c->nevidence; i++)
		if (strstr(c->evidence[i], words))
			return true;
	return false;
}

/* A bug switched on must be noticed; a wrong address by whoever looks it up, not only at the end. */
static void test_breakage_is_caught(void **state)
{
	(void)state;
#ifdef IOPT_SANITIZED
	skip(); /* what the audit sees does not depend on the build */
#endif
	for (int kind = BREAK_NONE + 1; kind <= BREAK_STRAY_LEAF; kind++) {
		const struct shape shapes[] = {
			{ .workload = "collapse", .threads = 2, .readers = 1,
			  .breakage = (enum breakage)kind },
			{ .workload = "lookup", .threads = 2, .breakage = (enum breakage)kind },
			{ .workload = "pairs", .threads = 2, .breakage = (enum breakage)kind },
		};
		struct result *r = run_shapes(shapes, 3, name_engines);

		for (size_t i = 0; i < r->ncases; i++) {
			const struct case_result *c = &r->cases[i];

			if (c->verified != VERIFIED_NO)
				fail_msg("--break %s not caught in %s", breakage_name((enum breakage)kind),
					 c->case_id);
			if (kind == BREAK_WRONG_PA && strcmp(c->workload, "collapse") &&
			    !has_evidence(c, "lookups found a wrong address"))
				fail_msg("%s: %s", c->case_id, c->evidence[0]);
		}
		result_free(r);
		free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collapse),    cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_pairs),       cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_churn_ratio), cmocka_unit_test(test_breakage_is_caught),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
