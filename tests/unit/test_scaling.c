/* What threads gain: what cancels against limit, what is marked, and which counts the law is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_scaling.h"

static void assert_near(double have, double want, double relative)
{
	if (!(fabs(have - want) <= relative * fabs(want)))
		fail_msg("have %.12g, want %.12g", have, want);
}

static const struct scaling *series_of(const struct result *r, const char *engine)
{
	for (size_t i = 0; i < r->nscaling; i++)
		if (!strcmp(r->cases[r->scaling[i].points[0].c].engine->name, engine))
			return &r->scaling[i];
	fail_msg("no series of %s", engine);
	return NULL;
}

static struct result analysed(void)
{
	struct result r = made_scaling();

	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 4);
	return r;
}

/* The machine slows down with threads, and drifts by 40 % while measured: the engine keeps up with it. */
static void the_machine_cancels(void **state)
{
	struct result r = analysed();
	const struct scaling *s = series_of(&r, "amdv1/lockless-2019");

	(void)state;
	assert_true(s->against_limit);
	assert_int_equal(s->n, 6);
	for (size_t i = 0; i < s->n; i++) {
		const struct scaling_point *p = &s->points[i];

		assert_int_equal(p->threads, i < 5 ? 1u << i : 32);
		assert_near(p->speedup.mid, machine_rate(p->threads) / machine_rate(1), 0.01);
		if (i == 5) { /* on shared CPUs limit is no measure */
			assert_true(isnan(p->efficiency.mid) && isnan(p->of_limit.mid));
			assert_false(p->efficiency.valid || p->of_limit.valid);
			assert_true(p->speedup.valid);
			continue;
		}
		assert_near(p->efficiency.mid, 1, 1e-9);
		assert_near(p->of_limit.mid, 0.4, 0.01);
		assert_true(p->of_limit.valid && p->of_limit.hi - p->of_limit.lo < 0.01);
		if (!i) {
			assert_false(p->efficiency.valid || p->speedup.valid);
			continue;
		}
		assert_true(p->efficiency.lo <= 1 && p->efficiency.hi >= 1);
		assert_true(p->efficiency.hi - p->efficiency.lo < 0.02);
		/* against itself the drift does not cancel */
		assert_true(p->speedup.hi / p->speedup.lo > 1.1);
	}
	s = series_of(&r, "amdv1/lockless");
	assert_near(s->points[4].efficiency.mid, pow(0.97, 4), 0.01);
	assert_true(s->points[4].efficiency.hi < 0.95);
	result_free(&r);
}

static void first_uses_are_marked(void **state)
{
	static const unsigned want[] = { 0, 0, 0, SCALING_NODE2, SCALING_SMT, SCALING_OVER };
	struct result r = analysed();

	(void)state;
	for (size_t i = 0; i < r.nscaling; i++)
		for (size_t p = 0; p < r.scaling[i].n; p++)
			assert_int_equal(r.scaling[i].points[p].marks, want[p]);
	assert_int_equal(r.scaling[0].points[5].uses, SCALING_NODE2 | SCALING_SMT | SCALING_OVER);
	result_free(&r);
}

static void without_limit_it_is_against_itself(void **state)
{
	struct result r = made_scaling();
	const struct scaling *s;

	(void)state;
	r.cases[11].group = 99; /* limit of four threads, out of its group */
	assert_int_equal(analyse(&r), 0);
	s = series_of(&r, "amdv1/lockless-2019");
	assert_false(s->against_limit);
	for (size_t i = 0; i + 1 < s->n; i++) { /* the last shares CPUs */
		assert_near(s->points[i].efficiency.mid, s->points[i].speedup.mid / s->points[i].threads,
			    1e-12);
		assert_true(isnan(s->points[i].of_limit.mid));
	}
	s = series_of(&r, "amdv1/limit");
	assert_false(s->against_limit);
	assert_near(s->points[3].efficiency.mid, 1 / 1.14, 0.01);
	result_free(&r);
}

/* With two formats in a group each has its ruler: that of the other stands first, and is not it. */
static void limit_is_of_the_same_format(void **state)
{
	static const struct pt_engine other_limit = { .name = "vtdss/limit", .format = "vtdss",
						      .sync = "limit", .body = "ruler", .ruler = true };
	struct result r = made_scaling();
	const struct scaling *s;

	(void)state;
	for (unsigned i = 3; i < r.ncases; i += 4)
		r.cases[i].engine = &other_limit;
	for (unsigned g = 0; g < 6; g++)
		made_rates(&r, g, NULL_RULER, r.cases[4 * g].threads,
			   machine_rate(r.cases[4 * g].threads) / 2, 24, 0);
	assert_int_equal(analyse(&r), 0);
	s = series_of(&r, "amdv1/lockless-2019");
	assert_true(s->against_limit);
	assert_near(s->points[1].of_limit.mid, 0.8, 0.01);
	for (size_t i = 24; i < r.ncases; i++)
		r.cases[i].forced = true;
	scaling_free(&r);
	assert_int_equal(analyse_scaling(&r), 0);
	assert_false(series_of(&r, "amdv1/lockless-2019")->against_limit);
	result_free(&r);
}

/* Ids of another format have no slash in the engine's name, those of shared CPUs more than the count. */
static void series_of_one_workload_have_one_name(void **state)
{
	static const struct pt_engine other = { .name = "vtdss/lockless-intel", .format = "vtdss",
						.sync = "lockless", .body = "intel" };
	struct result r = made_scaling();

	(void)state;
	for (unsigned g = 0; g < 6; g++) {
		struct case_result *c = &r.cases[4 * g + 2];

		c->engine = &other;
		snprintf(c->case_id, sizeof(c->case_id), "private/vtdss-lockless-intel/t%u%s/4K/b1/think0ns/"
			 "compact/local/alloc", c->threads, g < 5 ? "" : "+shared");
	}
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 4);
	for (size_t i = 0; i < r.nscaling; i++)
		assert_string_equal(r.scaling[i].name, "private/4K/b1/think0ns/compact/local/alloc");
	result_free(&r);

	r = made_scaling();
	for (size_t i = 16; i < r.ncases; i++) { /* 16 and 32: only shared counts in a series */
		struct case_result *c = &r.cases[i];
		const char *engine = strchr(c->engine->name, '/') + 1;

		snprintf(c->case_id, sizeof(c->case_id), "private/%s/t%u+shared/4K/b1/think0ns/compact/local/"
			 "alloc", engine, c->threads);
	}
	for (size_t i = 0; i < 16; i++)
		r.cases[i].forced = true;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 4);
	for (size_t i = 0; i < r.nscaling; i++)
		assert_string_equal(r.scaling[i].name, "private/4K/b1/think0ns/compact/local/alloc");
	result_free(&r);
}

/* 1, 2, 4 and 8 threads are on cores of their own; they suffice, so the others stay out. */
static void the_law_is_fitted_up_to_the_cores(void **state)
{
	struct result r = analysed();
	const struct scaling *s = series_of(&r, "amdv1/mutex-2019");

	(void)state;
	assert_true(s->identifiable);
	assert_string_equal(s->why, "");
	assert_int_equal(s->fitted, 4);
	assert_false(s->hyperthreads);
	assert_near(s->usl.sigma.mid, 0.8, 0.2);
	assert_true(s->usl.sigma.lo < 0.8 && s->usl.sigma.hi > 0.8);
	assert_true(s->usl.kappa.lo <= 0.02 && s->usl.kappa.hi >= 0.02);
	assert_true(s->usl.gamma.lo < 36e6 && s->usl.gamma.hi > 36e6); /* 30e6, drifted by 20 % */
	s = series_of(&r, "amdv1/limit");
	assert_true(s->identifiable);
	assert_near(s->usl.sigma.mid, 0.02, 1e-6); /* its slices drift alike */
	assert_near(s->usl.kappa.mid + 1, 1, 1e-6);
	result_free(&r);
}

static void drop_count(struct result *r, unsigned threads)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].threads == threads)
			r->cases[i].forced = true; /* has no rate */
}

static void hyperthreads_take_part_where_they_must(void **state)
{
	struct result r = made_scaling();
	const struct scaling *s;

	(void)state;
	drop_count(&r, 4);
	assert_int_equal(analyse(&r), 0);
	s = series_of(&r, "amdv1/mutex-2019");
	assert_int_equal(s->n, 5);
	assert_true(s->identifiable && s->hyperthreads);
	assert_int_equal(s->fitted, 4);
	result_free(&r);
}

static void too_few_counts_are_not_identifiable(void **state)
{
	struct result r = made_scaling();
	const struct scaling *s;

	(void)state;
	drop_count(&r, 4);
	drop_count(&r, 2);
	assert_int_equal(analyse(&r), 0);
	s = series_of(&r, "amdv1/mutex-2019");
	assert_int_equal(s->n, 4); /* 32 is no help: it is not on CPUs of its own */
	assert_false(s->identifiable);
	assert_string_equal(s->why, "3 thread counts <= CPUs, 4 wanted");
	assert_false(s->usl.sigma.valid);
	result_free(&r);

	r = made_scaling();
	r.cases[5].nslices = 5; /* of the mutex at two threads */
	assert_int_equal(analyse(&r), 0);
	s = series_of(&r, "amdv1/mutex-2019");
	assert_false(s->identifiable);
	assert_string_equal(s->why, "5 slices at 2 threads, 6 wanted");
	assert_false(s->points[1].efficiency.valid);
	assert_near(s->points[1].efficiency.mid, 2 / (1 + 0.8 + 0.04) / 2 * 1.02, 0.02);
	result_free(&r);
}

static void what_differs_in_more_is_another_series(void **state)
{
	struct result r = made_scaling();
	const struct scaling *s;

	(void)state;
	for (size_t i = 0; i < r.ncases; i++)
		if (r.cases[i].threads == 16)
			strcpy(r.cases[i].place, "scatter");
	r.cases[0].verified = VERIFIED_NO;
	r.cases[0].nevidence = 1;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 4); /* one count of scatter is none */
	s = series_of(&r, "amdv1/lockless-2019");
	assert_int_equal(s->n, 4);
	assert_int_equal(s->points[0].threads, 2); /* the failed case is out, and 2 the reference */
	assert_near(s->points[1].efficiency.mid, 1, 1e-9);
	assert_string_equal(s->name, "private/4K/b1/think0ns/compact/local/alloc");
	result_free(&r);
}

static void a_count_asked_for_twice_is_taken_once(void **state)
{
	struct result r = made_scaling();

	(void)state;
	made_rates(&r, 9, LOCKLESS_2019, 4, 1e6, 24, 0);
	made_rates(&r, 9, NULL_RULER, 4, 1e6, 24, 0);
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 4);
	assert_int_equal(series_of(&r, "amdv1/lockless-2019")->n, 6);
	assert_int_equal(series_of(&r, "amdv1/lockless-2019")->points[2].c, 8);
	result_free(&r);
}

static void one_count_is_no_sweep(void **state)
{
	struct result r = made_whole();
	size_t all = r.ncases;

	(void)state;
	r.ncases = 5;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nscaling, 0);
	r.ncases = all;
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_cancels),
		cmocka_unit_test(first_uses_are_marked),
		cmocka_unit_test(without_limit_it_is_against_itself),
		cmocka_unit_test(limit_is_of_the_same_format),
		cmocka_unit_test(series_of_one_workload_have_one_name),
		cmocka_unit_test(the_law_is_fitted_up_to_the_cores),
		cmocka_unit_test(hyperthreads_take_part_where_they_must),
		cmocka_unit_test(too_few_counts_are_not_identifiable),
		cmocka_unit_test(what_differs_in_more_is_another_series),
		cmocka_unit_test(a_count_asked_for_twice_is_taken_once),
		cmocka_unit_test(one_count_is_no_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
