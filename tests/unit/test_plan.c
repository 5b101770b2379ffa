/* The plan is a function of options and topology: checked on machines we do not own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/fit.h"
#include "bench/plan_default.h"

static struct topology *load(const char *spec)
{
	struct topology *topo;
	struct err err = { 0 };

	if (topology_load(&topo, spec, &err))
		fail_msg("%s", err.text);
	return topo;
}

/* Plan for argv on a synthetic machine; returns the exit code. */
static int plan_for(struct plan *plan, const char *machine, int argc, char **argv, struct err *err)
{
	struct topology *topo = load(machine);
	struct options *jobs;
	size_t n;
	bool help;
	int code = jobs_parse(&jobs, &n, argc, argv, &help, err);

	if (!code)
		code = plan_build(plan, jobs, n, topo, err);
	free(jobs);
	topology_free(topo);
	return code;
}

static double total_s(const struct plan *plan)
{
	double s = 0;

	for (size_t i = 0; i < plan->n; i++)
		s += (double)plan->groups[i].duration_ns / 1e9;
	return s;
}

static void test_default_fits_a_minute_anywhere(void **state)
{
	const char *machines[] = { "pack:1 core:1 pu:1", "pack:1 core:2 pu:1", "pack:1 core:4 pu:2",
				   "pack:2 numa:1 l3:4 core:4 pu:2", "pack:8 numa:1 l3:4 core:8 pu:2" };

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct err err = { 0 };
		struct plan plan;

		assert_int_equal(plan_for(&plan, machines[i], 0, NULL, &err), 0);
		assert_true(total_s(&plan) > 30 && total_s(&plan) < 60);
		assert_true(plan.predicted_s < 75);
		assert_true(plan.predicted_bytes < 512ull << 20);
		plan_free(&plan);
	}
}

static void test_default_asks_the_four_questions(void **state)
{
	const char *wanted[] = { "private", "replay", "cursor", "rendezvous", "overlap" };
	struct err err = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_for(&plan, "pack:1 core:2 pu:1", 0, NULL, &err), 0);
	for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++) {
		size_t found = 0;

		for (size_t i = 0; i < plan.n; i++)
			found += !strcmp(plan.groups[i].workload->name, wanted[w]);
		assert_int_not_equal(found, 0);
	}
	for (size_t i = 0; i < plan.n; i++)
		assert_string_equal(plan.groups[i].engines[0]->body, "2019");
	plan_free(&plan);
}

/* One thread count runs inside a node and across nodes. */
static void test_two_nodes_run_both_ways(void **state)
{
	struct err err = { 0 };
	unsigned inside = 0, across = 0;
	struct plan plan;

	(void)state;
	assert_int_equal(plan_for(&plan, "pack:2 numa:1 l3:4 core:4 pu:2", 0, NULL, &err), 0);
	for (size_t i = 0; i < plan.n; i++) {
		const struct group *g = &plan.groups[i];

		if (g->section != 1 || g->threads != 16)
			continue;
		inside += g->nodes_used == 1;
		across += g->nodes_used == 2;
	}
	assert_int_equal(inside, 2); /* think 0 and 1 us */
	assert_int_equal(across, 2);
	plan_free(&plan);
}

static void test_sweep_multiplies(void **state)
{
	char *argv[] = { "--engines", "lockless-2019,mutex-2019", "--workload", "private",
			 "--threads", "1,2", "--page-size", "4K,64K", "--think", "0,1us,10us" };
	struct err err = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_for(&plan, "pack:1 core:4 pu:1", 10, argv, &err), 0);
	assert_int_equal(plan.n, 2 * 2 * 3);
	for (size_t i = 0; i < plan.n; i++) {
		bool limit = plan.groups[i].page_lg2 == 12;

		assert_int_equal(plan.groups[i].nengines, 3 + limit); /* null; limit for 4K only */
	}
	plan_free(&plan);
}

/* Both walks of an engine take turns in one group; the siblings are in no group of names. */
static void test_walks(void **state)
{
	char *both[] = { "--engines", "mutex-rewalk,lockless", "--walk", "cursor,re-walk", "--threads",
			 "2" };
	char *again[] = { "--engines", "2019,lockless", "--walk", "re-walk", "--threads", "1" };
	char *modern[] = { "--engines", "modern", "--threads", "1" };
	char *cursor[] = { "--engines", "lockless,mutex-2019", "--walk", "cursor" };
	const char *wanted[] = { "amdv1/mutex", "amdv1/mutex-rewalk", "amdv1/lockless",
				 "amdv1/lockless-rewalk" };
	struct err err = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_for(&plan, "pack:1 core:2 pu:1", 6, both, &err), 0);
	assert_int_equal(plan.n, 1);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(plan.groups[0].engines[i]->name, wanted[i]);
	plan_free(&plan);
	assert_int_equal(plan_for(&plan, "pack:1 core:2 pu:1", 6, again, &err), 0);
	for (size_t i = 0; !plan.groups[0].engines[i]->ruler; i++)
		assert_string_equal(plan.groups[0].engines[i]->walk, "re-walk");
	plan_free(&plan);
	assert_int_equal(plan_for(&plan, "pack:1 core:2 pu:1", 4, modern, &err), 0);
	for (size_t i = 0; i < plan.groups[0].nengines; i++)
		assert_false(plan.groups[0].engines[i]->sibling);
	plan_free(&plan);
	assert_int_equal(plan_for(&plan, "pack:1 core:2 pu:1", 4, cursor, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "--walk cursor: amdv1/mutex-2019"));
	assert_non_null(strstr(err.text, "that is what it is"));
}

/* plan_for() on eight CPUs, with words separated by blanks. */
static int plan_words(struct plan *plan, const char *line, struct err *err)
{
	char copy[256], *argv[32], *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	*err = (struct err){ 0 };
	return plan_for(plan, "pack:1 core:8 pu:1", argc, argv, err);
}

static void test_axes(void **state)
{
	struct err err;
	struct plan plan;

	(void)state;
	/* a mix is one case, not a sweep; limit walks neither it nor a taller tree */
	assert_int_equal(plan_words(&plan, "--page-size 2M:1,4K:9 --threads 2 --batch 1,2", &err), 0);
	assert_int_equal(plan.n, 2);
	for (size_t i = 0; i < plan.n; i++) {
		assert_int_equal(plan.groups[i].mix.n, 2);
		assert_int_equal(plan.groups[i].page_lg2, 12);
		assert_int_equal(plan.groups[i].nengines, 4 + 1);
	}
	plan_free(&plan);
	assert_int_equal(plan_words(&plan, "--share l2 --threads 2", &err), 0);
	assert_int_equal(plan.groups[0].share, SHARE_L2);
	assert_int_equal(plan.groups[0].nengines, 4 + 1);
	plan_free(&plan);
	assert_int_equal(plan_words(&plan, "--share l1 --threads 2", &err), 0);
	assert_int_equal(plan.groups[0].nengines, 4 + 2);
	plan_free(&plan);
	assert_int_equal(plan_words(&plan, "--workload private,adjacent,cursor,churn --share line "
					   "--threads 2 --page-source pool,mmap", &err), 0);
	assert_int_equal(plan.n, 8);
	for (size_t i = 0; i < plan.n; i++) {
		static const enum share_kind share[] = { SHARE_ROOT, SHARE_LINE, SHARE_ROOT, SHARE_ROOT };
		static const enum order_kind order[] = { ORDER_RANDOM, ORDER_RANDOM, ORDER_ASCENDING,
							 ORDER_AUTO };

		assert_int_equal(plan.groups[i].share, share[i / 2]);
		assert_int_equal(plan.groups[i].order, order[i / 2]);
		assert_int_equal(plan.groups[i].source, i % 2 ? POOL_SOURCE_MMAP : POOL_SOURCE_POOL);
	}
	plan_free(&plan);
}

static void test_refused_axes(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "--workload cursor --page-size 4K:1,2M:1", "workload cursor takes no mix" },
		{ "--workload adjacent --page-size 4K:1,64K:1", "workload adjacent takes no mix" },
		{ "--workload cursor --order random", "the cursor hands out one page behind" },
		{ "--workload churn --order ascending", "workload churn has an order of its own" },
		{ "--share l1 --page-size 4K,2M", "pages of 2M lie in tables of level 1" },
		{ "--page-source mmap --zero alloc,free", "use --zero alloc" },
		{ "--page-source pool,jemalloc --mem interleave", "use --mem local" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err;
		struct plan plan;

		assert_int_equal(plan_words(&plan, rows[i].line, &err), EXIT_USAGE);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: says '%s'", rows[i].line, err.text);
	}
}

/* A format that has 4K, 2M and 1G only; each size of a mix is asked for. */
static void test_sizes_of_engines(void **state)
{
	const struct pt_engine *intel = pt_engine_find("vtdss/lockless");
	const char *argument;
	struct group g = { .workload = workload_find("private", &argument), .threads = 1, .batch = 1,
			   .tables = 1, .page_lg2 = 21 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(fit_format(&g, intel, &err), 0);
	g.page_lg2 = 16;
	assert_int_equal(fit_format(&g, intel, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "has no pages of 64K, which private maps; it has 4K, 2M, 1G"));
	assert_int_equal(fit_format(&g, pt_engine_find("amdv1/lockless"), &err), 0);
	g.page_lg2 = 12;
	g.mix = (struct page_mix){ .n = 2, .lg2 = { 12, 16 }, .weight = { 1, 1 } };
	assert_int_equal(fit_format(&g, intel, &err), EXIT_USAGE);
	g.mix.lg2[1] = 30;
	assert_int_equal(fit_format(&g, intel, &err), 0);
}

static void test_what_is_left_out_is_told(void **state)
{
	struct options o = { .job = "one" };
	struct plan plan = { .n = 3 };
	char text[240];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(plan_check_any(&plan, 2, &o, &err), 0);
	for (unsigned i = 0; i < PLAN_LEFT_OUT_MAX + 2; i++)
		plan_leave_out(&plan, "part %u", i);
	plan_leave_out(&plan, "part 1"); /* once is enough */
	assert_true(plan_left_out(&plan, 1, text, sizeof(text)));
	assert_string_equal(text, "left out: part 1");
	assert_true(plan_left_out(&plan, PLAN_LEFT_OUT_MAX, text, sizeof(text)));
	assert_string_equal(text, "left out: more, 2 times");
	assert_false(plan_left_out(&plan, PLAN_LEFT_OUT_MAX + 1, text, sizeof(text)));
	assert_int_equal(plan_check_any(&plan, 3, &o, &err), EXIT_USAGE);
	assert_string_equal(err.text, "[one] nothing to measure: part 0");
}

static void test_impossible_plans_say_why(void **state)
{
	char *too_many[] = { "--threads", "9" };
	char *one_thread[] = { "--workload", "rendezvous", "--threads", "1" };
	char *single[] = { "--engines", "none", "--threads", "2" };
	struct err err = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_for(&plan, "pack:1 core:8 pu:1", 2, too_many, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "8"));
	assert_int_equal(plan_for(&plan, "pack:1 core:8 pu:1", 4, one_thread, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "at least 2"));
	assert_int_equal(plan_for(&plan, "pack:1 core:8 pu:1", 4, single, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "one thread"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_fits_a_minute_anywhere),
		cmocka_unit_test(test_default_asks_the_four_questions),
		cmocka_unit_test(test_two_nodes_run_both_ways),
		cmocka_unit_test(test_sweep_multiplies),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_axes),
		cmocka_unit_test(test_refused_axes),
		cmocka_unit_test(test_sizes_of_engines),
		cmocka_unit_test(test_what_is_left_out_is_told),
		cmocka_unit_test(test_impossible_plans_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
