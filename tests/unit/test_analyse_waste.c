/* What becomes of counts, windows, gaps and operation times: the figures of `waste`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_result.h"

static void close_to(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance * fabs(want)))
		fail_msg("%.17g is not %.17g", got, want);
}

/* 8 slices of 100 tables, 20 lost in each; windows of 300 ns, an operation of 1000 ns. */
static struct case_result *made_model(struct result *r, int engine, unsigned threads,
				      enum waste_arrival arrival)
{
	struct case_result *c = made_case(r, 0, engine, threads, 0);

	made_cold(c, 2, "cursor", 8, 100, 20);
	c->arrival = arrival;
	made_window(c, 100, 300);
	made_gaps(c, 800 * (threads - 1), 5000, 100);
	made_losers(c, 50, 400);
	return c;
}

static const struct waste_model *analysed(struct result *r)
{
	assert_int_equal(analyse(r), 0);
	return &r->cases[0].waste.model;
}

static void test_lockstep(void **state)
{
	struct result r = made_result();
	const struct waste_model *m;

	(void)state;
	made_model(&r, LOCKLESS_2019, 4, ARRIVAL_LOCKSTEP);
	m = analysed(&r);
	close_to(m->op_ns, 1000, 1e-9);
	close_to(m->ceiling, 3 * 0.3, 0.01);
	close_to(m->omega.mid, 0.2 / m->ceiling, 1e-9);
	close_to(m->omega.lo, r.cases[0].waste.per_table.lo / m->ceiling, 1e-9);
	close_to(m->omega.hi, r.cases[0].waste.per_table.hi / m->ceiling, 1e-9);
	close_to(m->by_gaps, 3 / 8.0, 1e-9); /* one gap in eight is shorter than a window */
	assert_int_equal(m->meetings, 800);
	result_free(&r);
}

/* 512 pages a table, 256 a call: a table is filled by two calls, so two can meet there. */
static void test_large_calls_meet_less(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_model(&r, LOCKLESS_2019, 4, ARRIVAL_LOCKSTEP);

	(void)state;
	c->batch = 256;
	close_to(analysed(&r)->ceiling, 0.3, 0.01);
	r.cases[0].batch = 1;
	r.cases[0].page_bytes = 256 << 10; /* 64 replicas: eight pages a table */
	close_to(analysed(&r)->ceiling, 3 * 0.3, 0.01);
	r.cases[0].batch = 512;
	assert_true(analysed(&r)->ceiling == 0);
	assert_true(isnan(r.cases[0].waste.model.omega.mid)); /* a share of nothing */
	result_free(&r);
}

static void test_fill(void **state)
{
	struct result r = made_result();
	const struct waste_model *m;

	(void)state;
	made_model(&r, LOCKLESS, 2, ARRIVAL_FILL);
	m = analysed(&r);
	close_to(m->ceiling, 2 * log(1.3) / 100, 1e-9); /* of a fill, by table */
	close_to(m->omega.mid, 0.2 / m->ceiling, 1e-9);
	result_free(&r);
}

static void test_at_once(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_model(&r, LOCKLESS, 4, ARRIVAL_AT_ONCE);

	(void)state;
	c->forced = true;
	for (size_t i = 0; i < c->nslices; i++)
		c->slices[i].meetings = 50; /* two tables at each */
	memset(c->gap, 0, sizeof(*c->gap));
	for (int i = 0; i < 3 * 400; i++)
		hist_record(c->gap, 450); /* too late for the first, not for the second */
	assert_true(analysed(&r)->ceiling == 3);
	close_to(r.cases[0].waste.model.omega.mid, r.cases[0].waste.overlap, 1e-9);
	close_to(r.cases[0].waste.model.by_gaps, 3 / 2.0, 1e-9);
	result_free(&r);
}

static void test_nothing_to_say(void **state)
{
	struct result r = made_result();
	const struct waste_model *m;

	(void)state;
	made_model(&r, MUTEX_2019, 2, ARRIVAL_LOCKSTEP); /* waits instead of racing */
	m = analysed(&r);
	close_to(m->op_ns, 1000, 1e-9);
	assert_true(isnan(m->ceiling) && isnan(m->omega.mid) && isnan(m->by_gaps));
	r.cases[0].engine = &made_engines[LOCKLESS_2019];
	assert_true(isfinite(analysed(&r)->ceiling));
	r.cases[0].threads = 1;
	assert_true(isnan(analysed(&r)->ceiling) && isnan(m->omega.mid) && isnan(m->by_gaps));
	r.cases[0].threads = 2;
	r.cases[0].arrival = ARRIVAL_UNKNOWN;
	assert_true(isnan(analysed(&r)->ceiling));
	result_free(&r);
}

/* 20 windows and 20 gaps, ten of each beyond the median; 100 operations. */
static void test_too_few_are_null(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_model(&r, LOCKLESS_2019, 2, ARRIVAL_LOCKSTEP);
	const struct waste_model *m;

	(void)state;
	memset(c->window, 0, sizeof(*c->window));
	memset(c->gap, 0, sizeof(*c->gap));
	for (int i = 0; i < 19; i++) {
		hist_record(c->window, 300);
		hist_record(c->gap, 100);
	}
	m = analysed(&r);
	assert_true(isnan(m->ceiling) && isnan(m->omega.mid) && isnan(m->by_gaps));
	hist_record(r.cases[0].window, 300);
	assert_true(isfinite(analysed(&r)->ceiling) && isfinite(m->omega.mid) && isnan(m->by_gaps));
	hist_record(r.cases[0].gap, 100);
	assert_true(isfinite(analysed(&r)->by_gaps));
	for (size_t i = 0; i < r.cases[0].nslices; i++)
		r.cases[0].slices[i].plain_ops = 12; /* 96 in all */
	assert_true(isnan(analysed(&r)->ceiling) && isnan(m->op_ns) && isfinite(m->by_gaps));
	result_free(&r);
}

static void test_growth_is_counted_by_growth(void **state)
{
	struct result r = made_result();
	const struct waste_result *w;

	(void)state;
	made_grow(made_case(&r, 0, LOCKLESS_2019, 2, 0));
	made_window(&r.cases[0], 100, 300);
	made_gaps(&r.cases[0], 100, 100, 100);
	assert_int_equal(analyse(&r), 0);
	w = &r.cases[0].waste;
	assert_int_equal(w->growths, 480);
	assert_int_equal(w->in_vain.lost_growth, 360);
	close_to(w->per_growth.mid, 0.75, 1e-9);
	assert_true(isnan(w->per_growth.lo) && isnan(w->per_growth.hi)); /* forced */
	assert_true(isfinite(w->model.omega.mid) && isnan(w->model.omega.lo) && isnan(w->model.omega.hi));
	close_to(w->per_table.mid, 1160 / 2400.0, 1e-9);
	assert_true(isnan(w->model.by_gaps)); /* windows of growth are not timed */
	r.cases[0].forced = false;
	assert_int_equal(analyse(&r), 0);
	assert_true(w->per_growth.lo < 0.75 && w->per_growth.hi > 0.75);
	result_free(&r);
}

static void test_what_became_of_the_pages(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_model(&r, LOCKLESS_2019, 2, ARRIVAL_LOCKSTEP);
	const struct in_vain *v;

	(void)state;
	c->pages.recycled = 10; /* by an engine to come */
	c->slices[0].lost_growth = 5;
	assert_int_equal(analyse(&r), 0);
	v = &r.cases[0].waste.in_vain;
	assert_int_equal(v->lost_installs, 160);
	assert_int_equal(v->lost_growth, 5);
	assert_int_equal(v->recycled, 10);
	assert_int_equal(v->handed_back, 155);
	assert_int_equal(v->zeroed_bytes, 155 * 4096);
	assert_int_equal(v->timed, 50);
	close_to(v->loser_ns, 400, 0.01);
	close_to(v->ns, 160 * v->loser_ns, 1e-9);
	result_free(&r);
}

static void test_warm_cases_too(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 2, 0);

	(void)state;
	made_slices(c, 8, 100);
	c->pages.wasted = c->pages.wasted_install = 4;
	assert_int_equal(analyse(&r), 0);
	c = &r.cases[0];
	assert_int_equal(c->waste.in_vain.handed_back, 4);
	assert_true(isnan(c->waste.in_vain.ns)); /* lost some, no loser was timed */
	assert_true(isnan(c->waste.per_growth.mid));
	assert_true(isnan(c->waste.model.ceiling) && isnan(c->waste.model.op_ns));
	result_free(&r);
}

static void test_a_failed_audit_withholds_all(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_model(&r, LOCKLESS_2019, 2, ARRIVAL_LOCKSTEP);

	(void)state;
	c->verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	c = &r.cases[0];
	assert_true(isnan(c->waste.model.ceiling) && isnan(c->waste.model.omega.mid));
	assert_true(isnan(c->waste.model.by_gaps) && isnan(c->waste.model.op_ns));
	assert_true(isnan(c->waste.in_vain.ns) && isnan(c->waste.per_growth.mid));
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lockstep),
		cmocka_unit_test(test_large_calls_meet_less),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_too_few_are_null),
		cmocka_unit_test(test_growth_is_counted_by_growth),
		cmocka_unit_test(test_what_became_of_the_pages),
		cmocka_unit_test(test_warm_cases_too),
		cmocka_unit_test(test_a_failed_audit_withholds_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
