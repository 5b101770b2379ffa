/*
 * --rate through the real runner, seen from inside the engine: what the lead-in leaves overdue is dropped
 * before the measured part, engines that take turns have one and the same schedule, and behind an
 * operation that takes long it is response time that grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include "bench/analyse.h"
#include "bench/open_loop.h"
#include "bench/runner.h"
#include "machine.h"

#define SEEN_MAX 1024u

static const struct pt_engine *real;

/* By engine (one worker): the end of the last call that was not measured, and first measured ones. */
static struct {
	uint64_t last_before, measured_since;
	unsigned n;
	struct {
		uint64_t position;
		double next; /* of the schedule, after its first operation was handed out */
	} first[SEEN_MAX];
} seen[2];
static unsigned kept_backlog;

static size_t watched(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	const struct lane *lane = (const struct lane *)(const void *)w; /* its first member */
	size_t done = real->run(pt, w, ops, n);
	unsigned e = lane->engine;

	if (!lane->tally.start) {
		if (lane->pace.gap > 0) /* 50 gaps late */
			pace_spin(clock_now() + (uint64_t)(50 * lane->pace.gap));
		seen[e].last_before = clock_now();
		return done;
	}
	if (seen[e].measured_since != lane->tally.start && lane->group->recording && seen[e].n < SEEN_MAX) {
		seen[e].first[seen[e].n].position = lane->group->position;
		seen[e].first[seen[e].n++].next = lane->pace.next;
	}
	if (seen[e].measured_since != lane->tally.start) {
		kept_backlog += lane->pace.origin < seen[e].last_before;
		pace_spin(clock_now() + (uint64_t)(50 * lane->pace.gap)); /* one that the others wait for */
	}
	seen[e].measured_since = lane->tally.start;
	return done;
}

static uint64_t longer_than(const struct histogram *h, uint64_t ns)
{
	uint64_t n = h->overflow;

	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		n += hist_bucket_low(b) > ns ? h->count[b] : 0;
	return n;
}

/* One operation of a slice takes 50 gaps: it is those behind it that wait, in no service time. */
static void waits_are_response(const struct case_result *c)
{
	uint64_t late = longer_than(c->pace.lag, 100000), waited = 0, slow = 0;

	for (unsigned k = 0; k < OP_KINDS; k++) {
		waited += longer_than(c->pace.response[k], 100000);
		slow += longer_than(c->latency[k], 100000);
	}
	assert_true(slow >= c->nslices / 2);
	assert_true(late >= 10 * c->nslices);
	assert_true(waited >= late);
}

static struct result *run(const char *workload, enum pace_kind pace)
{
	struct pt_engine copy = *pt_engine_find("lockless");
	struct group g = {
		.workload = workload_find(workload, &(const char *){ 0 }), .threads = 1, .page_lg2 = 12,
		.batch = 1, .tables = 4, .round = 4, .seed = 7, .rate = 200000, .pace = pace,
		.duration_ns = 60000000, .slice_ns = 2000000, .warmup_ns = 300000, .nodes_used = 1,
		.share = SHARE_ROOT, .engines = { &copy, &copy }, .again = { false, true }, .nengines = 2,
		.cpus = (unsigned[]){ topo->cpus[0].os },
	};
	struct plan plan = { .groups = &g, .n = 1, .ncases = 2 };
	struct result *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	assert_non_null(r);
	real = pt_engine_find("lockless");
	copy.run = watched;
	memset(seen, 0, sizeof(seen));
	kept_backlog = 0;
	r->topo = topo;
	assert_int_equal(open_loop_check(&g, &err), 0);
	if (run_plan(&plan, 1, r, NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(analyse(r), 0);
	return r;
}

static void one_schedule_without_backlog(void **state)
{
	static const char *const names[] = { "private", "churn", "cursor" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (int pace = PACE_CONSTANT; pace <= PACE_POISSON; pace++) {
			struct result *r = run(names[i], (enum pace_kind)pace);

			assert_int_equal(kept_backlog, 0);
			assert_true(seen[0].n >= 2);
			assert_int_equal(seen[0].n, seen[1].n);
			for (unsigned a = 0; a < seen[0].n; a++)
				for (unsigned b = 0; b < seen[1].n; b++) {
					bool same = seen[0].first[a].position == seen[1].first[b].position;

					assert_true(same == (seen[0].first[a].next == seen[1].first[b].next));
				}
			for (size_t c = 0; c < 2; c++) {
				assert_int_equal(r->cases[c].verified, VERIFIED_YES);
				assert_int_equal(r->cases[c].pace.lag->n, r->cases[c].ops);
				waits_are_response(&r->cases[c]);
			}
			result_free(r);
			free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_schedule_without_backlog),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
