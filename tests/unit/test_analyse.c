#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_result.h"

static void close_to(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want)))
		fail_msg("%.17g is not %.17g", got, want);
}

static const struct comparison *find(const struct result *r, size_t a, size_t b)
{
	for (size_t i = 0; i < r->ncomparisons; i++)
		if (r->comparisons[i].a == a && r->comparisons[i].b == b)
			return &r->comparisons[i];
	return NULL;
}

static void test_figures_of_a_case(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 2, 0);

	(void)state;
	made_slices(c, 8, 100);
	c->slices[7].elapsed_ns *= 10; /* one disturbed slice moves a mean, not the median */
	c->slices[7].ops_per_s /= 10;
	assert_int_equal(analyse(&r), 0);
	c = &r.cases[0];
	assert_int_equal(c->ops, 16000);
	assert_int_equal(c->elapsed_ns, 7 * 200000 + 2000000);
	close_to(c->ops_per_s.mid, 1e7);
	assert_true(c->ops_per_s.valid);
	assert_true(c->ops_per_s.lo <= 1e7 && c->ops_per_s.hi >= 1e7);
	close_to(c->ns_per_op[OP_MAP], 150);
	close_to(c->ns_per_op[OP_UNMAP], 50);
	close_to(c->ns_per_page[OP_MAP], 150);
	assert_true(isnan(c->ns_per_op[OP_LOOKUP]));
	close_to(c->busy_ns_per_op, 100);
	assert_true(isnan(c->wait_ns_per_op));
	result_free(&r);
}

static void test_too_few_slices_have_no_bounds(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 3, 100);
	made_slices(made_case(&r, 0, MUTEX_2019, 1, 0), 3, 150);
	assert_int_equal(analyse(&r), 0);
	close_to(r.cases[0].ops_per_s.mid, 5e6);
	assert_true(isnan(r.cases[0].ops_per_s.lo));
	assert_int_equal(r.ncomparisons, 1);
	close_to(r.comparisons[0].ratio.mid, 1.5);
	assert_true(isnan(r.comparisons[0].ratio.lo));
	assert_int_equal(r.comparisons[0].verdict, STAT_UNSURE);
	result_free(&r);
}

static void test_pairs_are_of_the_same_half_round(void **state)
{
	struct result r = made_result();
	struct case_result *a = made_case(&r, 0, LOCKLESS_2019, 2, 0), *b;
	const struct comparison *cmp;

	(void)state;
	made_slices(a, 12, 100);
	b = made_case(&r, 0, MUTEX_2019, 2, 0);
	made_slices(b, 12, 140);
	a = &r.cases[0];
	/* each half round twice as slow as the one before, for both: pairs do not see it */
	for (size_t i = 0; i < 12; i++) {
		a->slices[i].busy_ns *= (double)(1 + i);
		b->slices[i].busy_ns *= (double)(1 + i);
	}
	/* b's in reverse order, one of another round without a partner, one without work */
	for (size_t i = 0; i < 6; i++) {
		struct slice t = b->slices[i];

		b->slices[i] = b->slices[11 - i];
		b->slices[11 - i] = t;
	}
	b->slices[0].round = 99;
	b->slices[1].busy_ops = 0;
	assert_int_equal(analyse(&r), 0);
	cmp = find(&r, 0, 1);
	assert_non_null(cmp);
	assert_int_equal(cmp->pairs, 10);
	close_to(cmp->ratio.mid, 1.4);
	close_to(cmp->ratio.lo, 1.4);
	close_to(cmp->ratio.hi, 1.4);
	assert_string_equal(cmp->differs, "sync");
	assert_string_equal(cmp->metric, "ns_per_op");
	assert_int_equal(cmp->verdict, STAT_WORSE);
	assert_true(cmp->added_ns.mid > 40);
	result_free(&r);
}

/* Modern mutex: beside the baseline, and beside those it differs from in one thing. */
static void test_partners_differ_in_one_thing(void **state)
{
	static const int engines[] = { NULL_RULER, LOCKLESS_2019, MUTEX_2019, SPIN_2019, MUTEX,
				       LOCKLESS, SPIN };
	struct result r = made_result();

	(void)state;
	for (size_t i = 0; i < 7; i++)
		made_slices(made_case(&r, 3, engines[i], 1, 0), 8, 100);
	assert_int_equal(analyse(&r), 0);
	assert_string_equal(find(&r, 1, 2)->differs, "sync");
	assert_string_equal(find(&r, 1, 3)->differs, "sync");
	assert_string_equal(find(&r, 1, 4)->differs, "body,walk,sync");
	assert_string_equal(find(&r, 1, 5)->differs, "body,walk");
	assert_string_equal(find(&r, 2, 4)->differs, "body,walk"); /* 2019 re-walks: one thing */
	assert_string_equal(find(&r, 5, 4)->differs, "sync");
	assert_string_equal(find(&r, 1, 6)->differs, "body,walk,sync");
	assert_string_equal(find(&r, 3, 6)->differs, "body,walk");
	assert_string_equal(find(&r, 5, 6)->differs, "sync"); /* not modern mutex, which is nearer */
	assert_int_equal(r.ncomparisons, 9);
	assert_int_equal(find(&r, 1, 2)->verdict, STAT_SAME);
	result_free(&r);
}

/* What the cursor did and what the body did are two comparisons, once a sibling stands between. */
static void test_a_sibling_sets_the_walk_apart(void **state)
{
	static const int engines[] = { LOCKLESS_2019, LOCKLESS_REWALK, LOCKLESS, MUTEX };
	struct result r = made_result();

	(void)state;
	for (size_t i = 0; i < 4; i++)
		made_slices(made_case(&r, 3, engines[i], 1, 0), 8, 100);
	assert_int_equal(analyse(&r), 0);
	assert_string_equal(find(&r, 0, 1)->differs, "body");
	assert_string_equal(find(&r, 0, 2)->differs, "body,walk");
	assert_string_equal(find(&r, 1, 2)->differs, "walk");
	assert_string_equal(find(&r, 0, 3)->differs, "body,walk,sync");
	assert_string_equal(find(&r, 2, 3)->differs, "sync");
	assert_int_equal(r.ncomparisons, 5);
	result_free(&r);
}

static void test_across_groups_there_is_no_interval(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 8, 100);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 1, 0), 8, 120);
	made_slices(made_case(&r, 2, LOCKLESS_2019, 2, 0), 8, 130); /* two things differ */
	made_slices(made_case(&r, 3, LOCKLESS_2019, 1, 1000), 8, 150); /* timed in another way */
	strcpy(r.cases[1].place, "scatter");
	strcpy(r.cases[2].place, "scatter");
	r.cases[2].page_bytes = 1 << 16;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.ncomparisons, 1);
	assert_string_equal(r.comparisons[0].differs, "place");
	close_to(r.comparisons[0].ratio.mid, 1.2);
	assert_int_equal(r.comparisons[0].pairs, 0);
	assert_false(r.comparisons[0].ratio.valid);
	result_free(&r);
}

static void test_each_axis_has_its_name(void **state)
{
	struct result r = made_result();
	struct case_result *a, *b;
	char differs[64];

	(void)state;
	made_case(&r, 0, LOCKLESS_2019, 1, 0);
	made_case(&r, 1, LOCKLESS_2019, 1, 0);
	a = &r.cases[0];
	b = &r.cases[1];
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 0);
	strcpy(b->source, "mmap");
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 1);
	assert_string_equal(differs, "page_source");
	strcpy(b->source, a->source);
	strcpy(b->order, "descending");
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 1);
	assert_string_equal(differs, "order");
	strcpy(b->order, a->order);
	/* a mix against its smallest size, and mixes against each other */
	b->mix = (struct page_mix){ .n = 2, .lg2 = { 12, 21 }, .weight = { 3, 1 } };
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 1);
	assert_string_equal(differs, "page_size");
	a->mix = b->mix;
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 0);
	a->mix.weight[1] = 2;
	assert_int_equal(case_differs(a, b, differs, sizeof(differs)), 1);
	result_free(&r);
}

static void test_waste_is_per_table_of_the_measured_part(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 2, 1000);
	const struct waste_result *w;

	(void)state;
	made_cold(c, 2, "cursor", 8, 100, 50);
	c->pages.wasted = 900; /* warm-up lost more: not counted */
	made_window(c, 10, 100);
	assert_int_equal(analyse(&r), 0);
	w = &r.cases[0].waste;
	assert_int_equal(case_lost(&r.cases[0]), 400);
	assert_int_equal(w->tables, 800);
	close_to(w->per_table.mid, 0.5);
	assert_true(w->per_table.lo < 0.5 && w->per_table.hi > 0.5);
	close_to(w->per_map, 400 / 16000.0);
	close_to(w->ns_per_map, 400 / 16000.0 * 100);
	assert_true(isnan(w->skew_ns));
	result_free(&r);
}

static void test_warm_waste_is_of_the_whole_case(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 2, 0);

	(void)state;
	made_slices(c, 8, 100);
	c->pages.wasted = 4;
	assert_int_equal(analyse(&r), 0);
	close_to(r.cases[0].waste.per_table.mid, 4.0 / 36);
	close_to(r.cases[0].waste.per_allocated, 4.0 / 40);
	assert_true(isnan(r.cases[0].waste.ns_per_map)); /* lost some, no window was sampled */
	result_free(&r);
}

static void test_forced_has_no_rate(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 4, 0);

	(void)state;
	made_cold(c, 2, "rendezvous", 8, 10, 20);
	c->forced = true;
	made_cold(made_case(&r, 0, MUTEX_2019, 4, 0), 2, "rendezvous", 8, 10, 0);
	r.cases[1].forced = true;
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(r.cases[0].ops_per_s.mid));
	close_to(r.cases[0].waste.per_table.mid, 2);
	assert_true(isnan(r.cases[0].waste.per_table.lo) && isnan(r.cases[0].waste.per_table.hi));
	assert_true(isnan(r.cases[1].waste.per_table.hi)); /* nor is none of n [0, 3/n] */
	close_to(r.cases[0].waste.overlap, 2.0 / 3);
	close_to(r.cases[0].waste.skew_ns, 40);
	assert_int_equal(r.ncomparisons, 0);
	result_free(&r);
}

static void test_a_failed_audit_withholds_numbers(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 8, 100);
	made_slices(made_case(&r, 0, MUTEX_2019, 1, 0), 8, 100);
	r.cases[1].verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(r.cases[1].ops_per_s.mid));
	assert_true(isnan(r.cases[1].busy_ns_per_op));
	assert_true(isnan(r.cases[1].ns_per_op[OP_MAP]));
	assert_true(isnan(r.cases[1].waste.per_table.mid));
	assert_int_equal(r.ncomparisons, 0);
	assert_int_equal(r.nknees, 0);
	assert_int_equal(r.cases[1].pages.allocated, 40);
	result_free(&r);
}

static void test_replay_waits_and_locks_are_counterfactual(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 1, 0);

	(void)state;
	made_cold(c, 2, "replay:nvme", 8, 1, 0);
	c->waits = true;
	c->slices[0].wait_ns = 8000;
	made_cold(made_case(&r, 0, MUTEX_2019, 1, 0), 2, "replay:nvme", 8, 1, 0);
	assert_int_equal(analyse(&r), 0);
	close_to(r.cases[0].wait_ns_per_op, 1);
	assert_false(case_counterfactual(&r.cases[0]));
	assert_true(case_counterfactual(&r.cases[1]));
	assert_true(r.cases[0].waste.ns_per_map == 0); /* no window sampled, but nothing lost either */
	assert_true(isnan(r.cases[0].waste.overlap));
	result_free(&r);
}

/* Paired within slices: what drifts in both phases is no cost of the readers. */
static void test_readers_cost_what_phases_differ_by(void **state)
{
	struct result r = made_result();
	struct case_result *c = made_case(&r, 0, LOCKLESS_2019, 2, 0);

	(void)state;
	made_lookup(c, 9, 20, 26);
	c->slices[0].phase_ns[0] = 500 * 9000.0; /* stalled: no median knows of it */
	c->slices[0].phase_ns[1] = 1000 * 9006.0;
	made_lookup(made_case(&r, 0, MUTEX_2019, 2, 0), 9, 20, 26);
	r.cases[1].verified = VERIFIED_NO;
	made_slices(made_case(&r, 0, SPIN_2019, 2, 0), 9, 20);
	assert_int_equal(analyse(&r), 0);
	c = r.cases;
	close_to(c->phases[0].ns_per_op, 21);
	close_to(c->phases[1].ns_per_op, 27);
	assert_int_equal(c->phases[0].ops, 9 * 500);
	assert_int_equal(c->phases[1].retired, 9 * 7);
	assert_true(c->readers_cost_ns.valid);
	close_to(c->readers_cost_ns.mid, 6);
	close_to(c->readers_cost_ns.lo, 6);
	close_to(c->readers_cost_ns.hi, 6);
	assert_true(isnan(r.cases[1].phases[0].ns_per_op));
	assert_true(isnan(r.cases[1].readers_cost_ns.mid));
	assert_true(isnan(r.cases[2].readers_cost_ns.mid));
	result_free(&r);
}

/* ns: of one operation at each thread count; the rate of all threads is threads / (2 ns). */
static void add_curve(struct result *r, uint64_t think_ns, const double *lockless,
		      const double *mutex)
{
	static const unsigned counts[] = { 4, 1, 2, 8 }; /* order does not matter */

	for (unsigned i = 0; i < 4; i++) {
		unsigned group = (unsigned)r->ncases;
		unsigned k = counts[i] == 1 ? 0 : counts[i] == 2 ? 1 : counts[i] == 4 ? 2 : 3;

		made_slices(made_case(r, group, LOCKLESS_2019, counts[i], think_ns), 8, lockless[k]);
		made_slices(made_case(r, group, MUTEX_2019, counts[i], think_ns), 8, mutex[k]);
	}
}

static void test_knees(void **state)
{
	struct result r = made_result();

	(void)state;
	/* loses 4 % at 1 and 2 threads, half at 4; adds nothing from 4 on */
	add_curve(&r, 1000, (double[]){ 100, 100, 100, 100 }, (double[]){ 104, 104, 170, 340 });
	/* loses at once, never saturates */
	add_curve(&r, 0, (double[]){ 100, 100, 100, 100 }, (double[]){ 150, 150, 150, 150 });
	/* cheap again at 8 threads: not cheap up to 8 */
	add_curve(&r, 2000, (double[]){ 100, 100, 100, 100 }, (double[]){ 100, 100, 150, 100 });
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nknees, 3);
	assert_int_equal(r.knees[0].think_ns, 1000);
	assert_int_equal(r.knees[0].below_5_percent, 2);
	assert_int_equal(r.knees[0].undecided_from, 0);
	assert_int_equal(r.knees[0].costs_from, 4);
	assert_int_equal(r.knees[0].saturated, 4);
	assert_int_equal(r.knees[0].measured_to, 8);
	assert_int_equal(r.knees[0].counts, 4);
	assert_int_equal(r.knees[1].below_5_percent, 0);
	assert_int_equal(r.knees[1].costs_from, 1);
	assert_int_equal(r.knees[1].saturated, 0);
	assert_int_equal(r.knees[2].below_5_percent, 2);
	result_free(&r);
}

/* The median alone says 20 % at 2 threads, and so it would be told; half of the pairs say otherwise. */
static void test_knees_say_what_intervals_say(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 8, 100);
	made_slices(made_case(&r, 0, MUTEX_2019, 1, 0), 8, 101);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 2, 0), 12, 100);
	made_slices(made_case(&r, 1, MUTEX_2019, 2, 0), 12, 125);
	for (size_t i = 0; i < 5; i++)
		r.cases[3].slices[i].ops_per_s = 1.3 * r.cases[2].slices[i].ops_per_s;
	made_slices(made_case(&r, 2, LOCKLESS_2019, 4, 0), 3, 100); /* few pairs */
	made_slices(made_case(&r, 2, MUTEX_2019, 4, 0), 3, 300);
	made_slices(made_case(&r, 3, LOCKLESS_2019, 8, 0), 8, 100);
	made_slices(made_case(&r, 3, MUTEX_2019, 8, 0), 8, 300);
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nknees, 1);
	assert_int_equal(r.knees[0].below_5_percent, 1);
	assert_int_equal(r.knees[0].undecided_from, 2);
	assert_int_equal(r.knees[0].costs_from, 8);
	assert_int_equal(r.knees[0].counts, 4);
	result_free(&r);
}

static void test_knees_stay_on_one_placement(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 8, 100);
	made_slices(made_case(&r, 0, MUTEX_2019, 1, 0), 8, 100);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 2, 0), 8, 100);
	made_slices(made_case(&r, 1, MUTEX_2019, 2, 0), 8, 100);
	strcpy(r.cases[2].place, "scatter");
	strcpy(r.cases[3].place, "scatter");
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nknees, 1);
	assert_int_equal(r.knees[0].measured_to, 1);
	result_free(&r);
}

/*
 * A lock's knee is against the same engine without it: a faster body does not make its mutex cheap,
 * nor a slower one have a knee. Against another lock there is none.
 */
static void test_knees_are_the_locks(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 2, 0), 8, 100);
	made_slices(made_case(&r, 0, LOCKLESS, 2, 0), 8, 40);
	made_slices(made_case(&r, 0, MUTEX, 2, 0), 8, 80); /* twice its own, yet below the first */
	made_slices(made_case(&r, 0, LOCKLESS_REWALK, 2, 0), 8, 140);
	made_slices(made_case(&r, 1, MUTEX_2019, 4, 0), 8, 100);
	made_slices(made_case(&r, 1, SPIN_2019, 4, 0), 8, 200);
	made_slices(made_case(&r, 1, LOCKLESS, 4, 0), 8, 50);
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.nknees, 1);
	assert_string_equal(r.knees[0].engine->name, "amdv1/mutex");
	assert_string_equal(r.knees[0].baseline->name, "amdv1/lockless");
	assert_int_equal(r.knees[0].below_5_percent, 0);
	assert_int_equal(r.knees[0].measured_to, 2);
	result_free(&r);
}

/* The floor is the null engine's where nothing is done between operations, nor in them. */
static void test_ruler(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, NULL_RULER, 1, 1000), 8, 30);
	made_slices(made_case(&r, 1, NULL_RULER, 1, 0), 8, 900);
	r.cases[1].dma.asked = true; /* an allocator's calls */
	made_slices(made_case(&r, 2, NULL_RULER, 1, 0), 8, 25);
	r.cases[2].singly = true; /* stamps */
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(r.ruler.null_ns)); /* better none than another's */
	made_slices(made_case(&r, 3, NULL_RULER, 1, 0), 8, 0.5);
	assert_int_equal(analyse(&r), 0);
	close_to(r.ruler.null_ns, 0.5);
	result_free(&r);
}

static void test_nothing_at_all(void **state)
{
	struct result r = made_result();

	(void)state;
	assert_int_equal(analyse(&r), 0);
	made_case(&r, 0, LOCKLESS_2019, 1, 0);
	assert_int_equal(analyse(&r), 0);
	assert_true(isnan(r.cases[0].ops_per_s.mid));
	assert_true(isnan(r.cases[0].busy_ns_per_op));
	result_free(&r);
}

static void test_warnings_are_said_once(void **state)
{
	struct result r = made_result();

	(void)state;
	result_warn(&r, "steal %d ms", 3);
	result_warn(&r, "steal %d ms", 3);
	assert_int_equal(r.nwarnings, 1);
	for (int i = 0; i < 40; i++)
		result_warn(&r, "warning %d", i);
	assert_int_equal(r.nwarnings, 16);
}

/* Six pairs all alike have p 2/64: enough for one claim, and not for two at once. */
static void test_claims_share_an_error_rate(void **state)
{
	(void)state;
	for (unsigned others = 1; others <= 2; others++) {
		struct result r = made_result();

		made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 6, 100);
		for (unsigned i = 0; i < others; i++)
			made_slices(made_case(&r, 0, MUTEX_2019 + (int)i, 1, 0), 6, 120);
		assert_int_equal(analyse(&r), 0);
		assert_int_equal(r.ncomparisons, others);
		for (unsigned i = 0; i < others; i++) {
			assert_true(fabs(r.comparisons[i].p - 2.0 / 64) < 1e-12);
			assert_true(fabs(r.comparisons[i].p_holm - others * 2.0 / 64) < 1e-12);
			assert_true(r.comparisons[i].ratio.lo > 1.03);
			assert_int_equal(r.comparisons[i].verdict, others == 1 ? STAT_WORSE : STAT_UNSURE);
			assert_true(r.comparisons[i].margin == 0.03);
		}
		result_free(&r);
	}
}

/* Groups do not pair: nothing is claimed, and nobody else's p suffers. Forced cases: not at all. */
static void test_no_pairs_no_claim(void **state)
{
	struct result r = made_result();

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 1, 0), 6, 100);
	made_slices(made_case(&r, 0, MUTEX_2019, 1, 0), 6, 120);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 1, 0), 6, 150);
	strcpy(r.cases[2].zero, "ahead");
	made_slices(made_case(&r, 2, LOCKLESS_2019, 1, 0), 6, 100);
	made_slices(made_case(&r, 2, MUTEX_2019, 1, 0), 6, 300);
	r.cases[3].forced = r.cases[4].forced = true;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(r.ncomparisons, 2);
	assert_int_equal(r.comparisons[0].verdict, STAT_WORSE);
	assert_true(isnan(r.comparisons[1].p) && isnan(r.comparisons[1].p_holm));
	assert_int_equal(r.comparisons[1].pairs, 0);
	assert_int_equal(r.comparisons[1].verdict, STAT_UNSURE);
	result_free(&r);
}

/* The second of two is compared with the first; nobody else is compared with it. */
static void test_again(void **state)
{
	struct result r = made_result();
	const int engines[] = { LOCKLESS_2019, LOCKLESS_2019, MUTEX, MUTEX, LOCKLESS, LOCKLESS };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct case_result *c = made_case(&r, 0, engines[i], 1, 0);

		c->again = i % 2;
		made_slices(c, 8, 100 + i);
	}
	assert_int_equal(analyse(&r), 0);
	for (size_t i = 0; i < r.ncomparisons; i++) {
		const struct comparison *cmp = &r.comparisons[i];

		assert_false(r.cases[cmp->a].again);
		assert_true(!r.cases[cmp->b].again || cmp->a + 1 == cmp->b);
		assert_int_equal(!strcmp(cmp->differs, "again"), r.cases[cmp->b].again);
	}
	/* three with themselves; mutex with both lockless ones, lockless with lockless-2019 */
	assert_int_equal(r.ncomparisons, 6);
	assert_int_equal(r.nknees, 1);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_claims_share_an_error_rate),
		cmocka_unit_test(test_no_pairs_no_claim),
		cmocka_unit_test(test_figures_of_a_case),
		cmocka_unit_test(test_too_few_slices_have_no_bounds),
		cmocka_unit_test(test_pairs_are_of_the_same_half_round),
		cmocka_unit_test(test_partners_differ_in_one_thing),
		cmocka_unit_test(test_a_sibling_sets_the_walk_apart),
		cmocka_unit_test(test_across_groups_there_is_no_interval),
		cmocka_unit_test(test_each_axis_has_its_name),
		cmocka_unit_test(test_waste_is_per_table_of_the_measured_part),
		cmocka_unit_test(test_warm_waste_is_of_the_whole_case),
		cmocka_unit_test(test_forced_has_no_rate),
		cmocka_unit_test(test_a_failed_audit_withholds_numbers),
		cmocka_unit_test(test_replay_waits_and_locks_are_counterfactual),
		cmocka_unit_test(test_readers_cost_what_phases_differ_by),
		cmocka_unit_test(test_knees),
		cmocka_unit_test(test_knees_say_what_intervals_say),
		cmocka_unit_test(test_knees_stay_on_one_placement),
		cmocka_unit_test(test_knees_are_the_locks),
		cmocka_unit_test(test_ruler),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_warnings_are_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
