/* The options of the DMA path: what they take, what they refuse, the sweep they make, what cases are called. */
#include "parse_line.h"

#include "bench/analyse.h"
#include "bench/case.h"
#include "bench/mix.h"
#include "bench/option_dma.h"
#include "bench/plan_default.h"

static void as_they_are(void **state)
{
	struct parsed p = parse_good("--workload ring");
	const struct options *o = p.jobs;

	(void)state;
	assert_int_equal(o->niovas, 1);
	assert_string_equal(o->iovas[0]->name, "rcache");
	assert_int_equal(o->nflushes, 1);
	assert_int_equal(o->flushes[0], FLUSH_NONE);
	assert_true(o->flush_ns == 1000 && o->flush_lock == FLUSH_LOCK_HELD && o->iova_window == 1ull << 32);
	assert_true(o->buffers.n == 0 && o->depth == 0);
	assert_int_equal(buffers_of(&o->buffers).n, 0);
	free(p.jobs);
}

static void as_asked(void **state)
{
	struct parsed p = parse_good("--workload ring --iova fixed,rbtree,percpu --flush none,strict,lazy "
				     "--flush-ns 2.5us --flush-lock none --iova-window 16M "
				     "--buffers 4K:80,64K:20 --depth 64");
	const struct options *o = p.jobs;
	struct page_mix mix = buffers_of(&o->buffers);
	char text[MIX_TEXT_MAX];

	(void)state;
	assert_int_equal(o->niovas, 3);
	assert_ptr_equal(o->iovas[2], iova_kind_find("percpu"));
	assert_int_equal(o->nflushes, 3);
	assert_int_equal(o->flushes[2], FLUSH_LAZY);
	assert_true(o->flush_ns == 2500 && o->flush_lock == FLUSH_LOCK_NONE && o->iova_window == 16ull << 20);
	assert_true(mix.n == 2 && mix.lg2[1] == 16 && mix.weight[1] == 20);
	assert_string_equal(buffers_show(text, sizeof(text), &mix), "4K:80+64K:20");
	assert_int_equal(o->depth, 64);
	free(p.jobs);
	p = parse_good("--workload ring --buffers 64K");
	mix = buffers_of(&p.jobs->buffers);
	assert_true(mix.n == 1 && mix.lg2[0] == 16 && mix.weight[0] == 1);
	assert_string_equal(buffers_show(text, sizeof(text), &mix), "64K");
	free(p.jobs);
	/* what a workload has no use for does no harm beside one that has */
	p = parse_good("--workload private,ring --iova percpu --flush strict");
	free(p.jobs);
}

static const struct {
	const char *line, *says;
} refused[] = {
	{ "--iova rbtree", "--iova: is about workload ring,storage,bulk,piecewise; add --workload ring" },
	{ "--workload private --flush strict", "--flush: is about workload ring" },
	{ "--workload pairs --buffers 4K", "--buffers: is about workload ring" },
	{ "--workload churn --depth 4", "--depth: is about workload pairs,ring" },
	{ "--workload ring --iova rbtre", "must be one of fixed, rbtree, rcache, percpu, bitmap, eager; did "
	  "you mean rbtree?" },
	{ "--workload ring --iova rcache,rcache", "in the list twice" },
	{ "--workload ring --flush strickt", "must be one of none, strict, lazy; did you mean strict?" },
	{ "--workload ring --flush strict --flush-lock spin", "must be one of held, queue, none" },
	{ "--workload ring --flush-ns 2us", "--flush-ns: nothing is invalidated with --flush none; add "
	  "--flush strict" },
	{ "--workload ring --flush none --flush-lock none", "--flush-lock: nothing is invalidated" },
	{ "--preset dma_map_benchmark --flush-ns 2us", "--flush-ns: nothing is invalidated" },
	{ "--preset dma_map_benchmark --flush-lock none", "--flush-lock: nothing is invalidated" },
	{ "--workload ring --flush strict --flush-ns 5", "not a duration with its unit" },
	{ "--workload ring --flush strict --flush-ns 1s", "must be 0..10ms" },
	{ "--workload ring --iova-window 3M", "must be a power of two 1M..4G" },
	{ "--workload ring --iova-window 512K", "must be a power of two 1M..4G" },
	{ "--workload ring --iova-window 8G", "must be a power of two 1M..4G" },
	{ "--workload ring --iova fixed --iova-window 1M", "--iova-window: nobody allocates with --iova fixed" },
	{ "--workload ring --buffers 2G", "must be a power of two 4K..1G" },
	{ "--workload ring --buffers 5K", "must be a power of two" },
	{ "--workload ring --buffers 4K,64K", "several sizes want weights, such as 4K:80,64K:20" },
	{ "--workload ring --buffers 4K:1,64K", "--buffers: 4K has a weight and 64K has none; give a weight "
	  "to each (a mix, such as 4K:60,2M:40)" },
	{ "--workload ring --buffers 4K:1,8K:1,4096:2", "--buffers: 4K is in the mix twice" },
	{ "--workload ring --depth 0", "must be 1..65536" },
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct parsed p = parse(refused[i].line);

		if (p.rc != EXIT_USAGE)
			fail_msg("%s: exit %d %s", refused[i].line, p.rc, p.err.text);
		if (!strstr(p.err.text, refused[i].says))
			fail_msg("%s: says '%s'", refused[i].line, p.err.text);
	}
}

static struct plan plan_for(const char *line)
{
	struct parsed p = parse_good(line);
	struct err err = { 0 };
	struct topology *topo;
	struct plan plan = { .n = 0 };

	if (topology_load(&topo, "pack:1 core:4 pu:1", &err) || plan_build(&plan, p.jobs, p.n, topo, &err))
		fail_msg("%s: %s", line, err.text);
	topology_free(topo);
	free(p.jobs);
	return plan;
}

static void sweeps(void **state)
{
	struct plan plan = plan_for("--workload ring,private --threads 2 --iova rcache,percpu "
				    "--flush none,strict,lazy --engines lockless,mutex");
	unsigned seen[2][3] = { { 0 } }, others = 0;

	(void)state;
	for (size_t i = 0; i < plan.n; i++) {
		const struct group *g = &plan.groups[i];

		if (g->workload->dma)
			seen[!strcmp(g->iova->name, "percpu")][g->flush]++;
		else
			others++;
		assert_string_equal(g->engines[g->nengines - 1]->sync, g->workload->dma ? "null" : "limit");
	}
	assert_int_equal(others, 1); /* private knows nothing of it */
	for (unsigned i = 0; i < 2; i++)
		for (unsigned f = 0; f < 3; f++)
			assert_int_equal(seen[i][f], 1);
	plan_free(&plan);
}

static void depths(void **state)
{
	struct plan plan = plan_for("--workload ring,pairs --threads 2 --engines lockless");

	(void)state;
	for (size_t i = 0; i < plan.n; i++)
		assert_int_equal(plan.groups[i].depth, 256);
	plan_free(&plan);
	plan = plan_for("--workload storage,ring --threads 2 --engines lockless --depth 7");
	for (size_t i = 0; i < plan.n; i++)
		assert_int_equal(plan.groups[i].depth, 7);
	plan_free(&plan);
	plan = plan_for("--workload storage --threads 2 --engines lockless");
	assert_int_equal(plan.groups[0].depth, 32);
	plan_free(&plan);
}

static void called(const char *line, const char *wanted)
{
	struct plan plan = plan_for(line);
	struct case_result c;

	case_identify(&c, &plan.groups[0], 0, 0);
	if (!strstr(c.case_id, wanted) || (!*wanted && !strstr(c.case_id, "/alloc")))
		fail_msg("%s: %s", line, c.case_id);
	if (!*wanted)
		assert_string_equal(strstr(c.case_id, "/alloc"), "/alloc");
	plan_free(&plan);
}

#define ONE "--threads 2 --engines lockless "

/* Only what is not as usual. */
static void names(void **state)
{
	(void)state;
	called(ONE "--workload ring", "");
	called(ONE "--workload ring --iova percpu --flush strict", "/alloc/percpu/strict");
	called(ONE "--workload ring --flush lazy --flush-ns 2us --flush-lock none", "/lazy+2000ns+lock-none");
	called(ONE "--workload ring --iova-window 1M --buffers 4K:9,64K:1", "/window1M/buffers4K:9+64K:1");
	called(ONE "--workload ring --depth 64", "/d64");
	called(ONE "--workload pairs", "/d256");
	called(ONE "--workload pairs --depth 64", "/d64");
}

/* Of a sweep over everything no two cases have the same name, and what differs is said. */
static void names_are_unique(void **state)
{
	struct plan plan = plan_for(ONE "--workload ring,storage --iova fixed,rbtree,rcache,percpu,bitmap,eager "
				    "--flush none,strict,lazy --flush-ns 3us");
	struct case_result *cases = calloc(plan.ncases, sizeof(*cases));
	char differs[64];
	size_t n = 0;

	(void)state;
	assert_non_null(cases);
	for (size_t i = 0; i < plan.n; i++) {
		assert_int_equal(plan.groups[i].twin, 0);
		for (unsigned e = 0; e < plan.groups[i].nengines; e++)
			case_identify(&cases[n++], &plan.groups[i], (unsigned)i, e);
	}
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < a; b++) {
			if (!strcmp(cases[a].case_id, cases[b].case_id))
				fail_msg("twice: %s", cases[a].case_id);
			assert_int_not_equal(case_differs(&cases[a], &cases[b], differs, sizeof(differs)), 0);
		}
	/* without a flush there is nothing to be slow or locked */
	assert_int_equal(cases[0].dma.flush_ns, 0);
	free(cases);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_are), cmocka_unit_test(as_asked), cmocka_unit_test(refuses),
		cmocka_unit_test(sweeps), cmocka_unit_test(depths), cmocka_unit_test(names),
		cmocka_unit_test(names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
