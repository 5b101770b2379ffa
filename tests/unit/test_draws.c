/* What one process found of a case: from its own slices, histograms and pages, through a file too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/case.h"
#include "bench/draws.h"
#include "made_result.h"

/* A warm case with a histogram: 2000 maps of 100 ns and 20 of 900. */
static struct case_result *made(struct result *r, size_t slices)
{
	struct case_result *c = made_case(r, 0, LOCKLESS_2019, 1, 0);

	made_slices(c, slices, 50);
	c->window = calloc(1, sizeof(*c->window));
	c->vain = calloc(1, sizeof(*c->vain));
	c->gap = calloc(1, sizeof(*c->gap));
	assert_non_null(c->window && c->vain && c->gap ? c : NULL);
	for (unsigned k = 0; k < OP_KINDS; k++) {
		c->latency[k] = calloc(1, sizeof(*c->latency[k]));
		assert_non_null(c->latency[k]);
	}
	for (unsigned i = 0; i < 2020; i++)
		hist_record(c->latency[OP_MAP], i < 2000 ? 100 : 900);
	c->pages.wasted = 7;
	c->pages.allocated = 97;
	return c;
}

static void test_own_share(void **state)
{
	struct result r = made_result();
	struct case_result *c = made(&r, 6);
	const struct draw *d;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		c->slices[i].process = i < 3 ? 0 : 4;
	c->slices[3].ops_per_s = 10;
	c->slices[4].ops_per_s = 30;
	c->slices[5].ops_per_s = 20;
	assert_int_equal(draw_take(c, 4), 0);
	assert_int_equal(c->ndraws, 1);
	d = c->draws;
	assert_int_equal(d->process, 4);
	assert_int_equal(d->slices, 3);
	assert_true(d->ops_per_s == 20);
	assert_true(fabs(d->ns_per_op[OP_MAP] - 75) < 1e-9);
	assert_true(isnan(d->ns_per_op[OP_LOOKUP]));
	assert_int_equal(d->lost, 7);
	assert_int_equal(d->tables, 90);
	assert_int_equal(d->latency[OP_MAP].n, 2020);
	assert_true(fabs(d->latency[OP_MAP].q[0] - 100) <= 1);
	assert_true(fabs(d->latency[OP_MAP].q[2] - 100) <= 1); /* p99: 20 of 2020 lie beyond */
	assert_true(isnan(d->latency[OP_MAP].q[3]));           /* p99.9: two samples */
	assert_int_equal(d->latency[OP_UNMAP].n, 0);
	assert_int_equal(draw_take(c, 1), 0); /* it did not come to this case */
	assert_int_equal(c->ndraws, 1);
	result_free(&r);
}

/* Cold: the measured part; forced: no rate. */
static void test_cold_and_forced(void **state)
{
	struct result r = made_result();
	struct case_result *c = made(&r, 2);

	(void)state;
	c->cold = c->forced = true;
	for (size_t i = 0; i < 2; i++) {
		c->slices[i].lost_install = 3;
		c->slices[i].lost_growth = 1;
		c->slices[i].tables = 50;
	}
	assert_int_equal(draw_take(c, 0), 0);
	assert_int_equal(c->draws->lost, 8);
	assert_int_equal(c->draws->tables, 100);
	assert_true(isnan(c->draws->ops_per_s));
	result_free(&r);
}

static void test_travels(void **state)
{
	struct result r = made_result();
	struct case_result *c;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	made(&r, 4);
	made(&r, 4);
	c = r.cases;
	for (size_t i = 0; i < 4; i++)
		c[1].slices[i].process = 1;
	assert_int_equal(draw_take(&c[0], 0), 0);
	assert_int_equal(draw_take(&c[1], 1), 0);
	assert_int_equal(case_save(&c[1], f), 0);
	rewind(f);
	assert_int_equal(case_load_merge(&c[0], f), 0);
	assert_int_equal(fgetc(f), EOF);
	assert_int_equal(c[0].nslices, 8);
	assert_int_equal(c[0].ndraws, 2);
	assert_int_equal(c[0].draws[0].process, 0);
	assert_memory_equal(&c[0].draws[1], &c[1].draws[0], sizeof(struct draw));
	fclose(f);
	result_free(&r);
}

static void test_intervals(void **state)
{
	struct result r = made_result();
	struct case_result *c = made(&r, 1);
	struct interval v = latency_interval(c->latency[OP_MAP], 0);

	(void)state;
	assert_true(v.valid && v.lo <= v.mid && v.mid <= v.hi && v.hi < 120);
	assert_false(latency_interval(c->latency[OP_MAP], 3).valid); /* not shown */
	assert_false(latency_interval(c->latency[OP_UNMAP], 0).valid);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_share),
		cmocka_unit_test(test_cold_and_forced),
		cmocka_unit_test(test_travels),
		cmocka_unit_test(test_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
