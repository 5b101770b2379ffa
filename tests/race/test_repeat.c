/*
 * `repeat` through the real runner: no map that makes a table is measured, though there is no lead-in
 * that could hide it; the group ends when it has the operations it wants, or its time is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/lane.h"
#include "bench/runner.h"

#define NO_HURRY_NS 30000000000 /* it ends when it has done enough */

static struct topology *topo;
static unsigned allowed[2]; /* two CPUs, or one twice */
static const struct pt_engine *real;
/* Calls that took table pages, before and while the clock counted; by the workers one after the other. */
static _Atomic unsigned before, meanwhile;

/* pw is the first member of its lane; between its two stamps the clock counts. */
static size_t watched(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	const struct lane *lane = (const struct lane *)(const void *)w;
	uint64_t had = w->n.allocated;
	size_t done = real->run(pt, w, ops, n);

	if (w->n.allocated != had)
		at_add(lane->tally.start && !lane->tally.stop ? &meanwhile : &before, 1, relaxed); /* read at rest */
	return done;
}

static struct result *run(const char *engine, unsigned threads, uint64_t batch, unsigned lg2,
			  uint64_t ops_enough, uint64_t duration_ns)
{
	struct pt_engine copy = *pt_engine_find(engine);
	struct group g = {
		.workload = workload_find("repeat", &(const char *){ 0 }), .threads = threads,
		.page_lg2 = lg2, .batch = batch, .tables = 1, .round = 1, .seed = 7,
		.duration_ns = duration_ns, .slice_ns = 1000000, .ops_enough = ops_enough,
		.nodes_used = 1, .engines = { &copy }, .nengines = 1,
		.cpus = (unsigned[]){ allowed[0], allowed[1] },
	};
	struct plan plan = { .groups = &g, .n = 1, .ncases = 1 };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(r);
	real = pt_engine_find(engine);
	copy.run = watched;
	at_store(&before, 0, relaxed);
	at_store(&meanwhile, 0, relaxed);
	r->topo = topo;
	assert_int_equal(g.workload->check(&g, &err), 0);
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(r), 0);
	assert_int_equal(r->cases[0].verified, VERIFIED_YES);
	return r;
}

static void drop(struct result *r)
{
	result_free(r);
	free(r);
}

/* As many operations of each worker as were wanted, and no round beyond. */
static void check_enough(const struct case_result *c, uint64_t wanted)
{
	uint64_t round = 2 * c->threads * ((c->ops_per_slice + 1) & ~1ull); /* a loop is two operations */

	assert_true(c->ops >= wanted * c->threads);
	assert_true(c->ops < wanted * c->threads + round);
}

static void the_first_map_is_not_counted(void **state)
{
	static const char *const engines[] = { "lockless-2019", "mutex", "vtdss/lockless" };
	static const struct {
		unsigned lg2;
		uint64_t batch;
	} shapes[] = { { 12, 1 }, { 12, 256 }, { 21, 256 }, { 30, 1 }, { 30, 256 } };

	(void)state;
	for (size_t e = 0; e < sizeof(engines) / sizeof(engines[0]); e++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			struct result *r = run(engines[e], 1, shapes[i].batch, shapes[i].lg2, 200,
					       NO_HURRY_NS);
			const struct case_result *c = &r->cases[0];

			assert_true(at_load(&before, relaxed) || shapes[i].lg2 == 30);
			assert_int_equal(at_load(&meanwhile, relaxed), 0);
			check_enough(c, 200);
			assert_int_equal(c->sample_every, 1);
			drop(r);
		}
}

static void ends_when_time_is_over(void **state)
{
	struct result *r = run("lockless", 1, 256, 12, 1ull << 40, 1);

	(void)state;
	assert_in_range(r->cases[0].nslices, 2, 2); /* one round */
	drop(r);
}

static void each_worker_has_its_own(void **state)
{
	struct result *r = run("lockless-2019", 2, 16, 16, 400, NO_HURRY_NS);

	(void)state;
	assert_int_equal(at_load(&meanwhile, relaxed), 0);
	check_enough(&r->cases[0], 400);
	drop(r);
}

/* The ranges of all workers, and the sizes of the format. */
static void refuses_what_does_not_fit(void **state)
{
	struct group g = { .workload = workload_find("repeat", &(const char *){ 0 }), .threads = 1,
			   .page_lg2 = 51, .batch = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(g.workload->check(&g, &err), 0);
	g.batch = 2;
	assert_int_equal(g.workload->check(&g, &err), EXIT_USAGE);
	assert_non_null(strstr(err.text, "--batch 2"));
	g.batch = 1;
	g.threads = 5000;
	assert_int_equal(g.workload->check(&g, &err), EXIT_USAGE);
}

static int load_machine(void **state)
{
	struct err err = { 0 };

	(void)state;
	clock_init();
	if (topology_load(&topo, NULL, &err))
		return -1;
	for (unsigned i = topo->ncpus; i-- > 0;)
		if (topo->cpus[i].allowed) {
			allowed[1] = allowed[0] ? allowed[0] : topo->cpus[i].os;
			allowed[0] = topo->cpus[i].os;
		}
	return 0;
}

static int free_machine(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_map_is_not_counted),
		cmocka_unit_test(ends_when_time_is_over),
		cmocka_unit_test(each_worker_has_its_own),
		cmocka_unit_test(refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
