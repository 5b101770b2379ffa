/* The gate: made results of two sides, and what must be said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/gate.h"
#include "made_stored.h"

#define LOCKLESS "private/lockless/t2/4K"

/* Two results of one case each, and what the gate says. */
struct duel {
	struct stored *s[2];
	struct gate_side side[2];
	struct gate_options o;
	struct gate g;
};

static struct duel *duel(unsigned processes)
{
	struct duel *d = calloc(1, sizeof(*d));

	d->s[0] = made_stored(processes);
	d->s[1] = made_stored(processes);
	gate_options_default(&d->o);
	return d;
}

static struct stored_case *add(struct duel *d, unsigned side, const char *id)
{
	return made_stored_case(d->s[side], id, strstr(id, "limit") ? "amdv1/limit" : "amdv1/lockless");
}

static void judge(struct duel *d)
{
	struct err err = { 0 };

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(gate_side_add(&d->side[i], d->s[i]), 0);
	assert_int_equal(gate_judge(&d->g, &d->side[0], &d->side[1], &d->o, &err), 0);
}

static void done(struct duel *d)
{
	gate_free(&d->g);
	for (unsigned i = 0; i < 2; i++) {
		gate_side_free(&d->side[i]);
		stored_free(d->s[i]);
	}
	free(d);
}

/* Rates of both sides by a factor; luck: how far processes differ, ruler and engine alike. */
static struct duel *rates(unsigned processes, double factor, double luck)
{
	struct duel *d = duel(processes);

	for (unsigned i = 0; i < 2; i++) {
		made_ruler(d->s[i], 1 + i, 1e8, luck);
		made_rates(add(d, i, LOCKLESS), 1 + i, i ? 4e7 * factor : 4e7, luck);
	}
	return d;
}

static const struct gate_row *row(const struct duel *d, const char *id, const char *name)
{
	for (size_t i = 0; i < d->g.nrows; i++)
		if (!strcmp(d->g.rows[i].a->id, id) && !strcmp(d->g.rows[i].name, name))
			return &d->g.rows[i];
	return NULL;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static bool noted(const struct duel *d, const char *part)
{
	for (size_t i = 0; i < d->g.nnotes; i++)
		if (strstr(d->g.notes[i], part))
			return true;
	return false;
}

static void judged(struct duel *d, enum gate_verdict v, int code)
{
	judge(d);
	assert_string_equal(gate_verdict_name[d->g.verdict], gate_verdict_name[v]);
	assert_int_equal(d->g.code, code);
}

static void the_same_is_ok(void **state)
{
	struct duel *d = rates(12, 1, 0);
	const struct gate_row *r;

	(void)state;
	judged(d, GATE_OK, EXIT_FINE);
	assert_int_equal(d->g.tests, 1);
	assert_int_equal(d->g.pairs, 12);
	r = row(d, LOCKLESS, "throughput");
	assert_int_equal(r->verdict, GATE_OK);
	assert_true(r->steady && r->gated && !r->floored);
	assert_float_equal(r->margin.relative, 0.03, 0);
	assert_float_equal(r->base_steady, 0.4, 0.01);
	assert_true(r->test.ratio.lo > 0.97 && r->test.ratio.hi < 1.03);
	has(d->g.summary, "1 gated test:");
	done(d);
}

static void slower_and_faster(void **state)
{
	struct duel *d = rates(12, 0.92, 0), *e = rates(12, 1.09, 0);

	(void)state;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_float_equal(row(d, LOCKLESS, "throughput")->test.ratio.mid, 0.92, 0.01);
	has(d->g.summary, "1 of 1 gated tests");
	judged(e, GATE_IMPROVED, EXIT_FINE);
	done(d);
	done(e);
}

/* Less is better of a latency. */
static void slower_tail(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	made_p99(&d->s[0]->cases[1], 5, 400, 5000);
	made_p99(&d->s[1]->cases[1], 6, 500, 5000);
	d->o.floor[GATE_P99] = 0.02;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_string_equal(d->g.rows[0].name, "p99_map"); /* the worst first */
	assert_int_equal(row(d, LOCKLESS, "throughput")->verdict, GATE_OK);
	done(d);
}

/* One after the other, on a machine of which nothing is known: drift looks the same. */
static void drift_is_no_claim(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	made_p99(&d->s[0]->cases[1], 5, 400, 5000);
	made_p99(&d->s[1]->cases[1], 6, 500, 5000);
	judged(d, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	has(row(d, LOCKLESS, "p99_map")->why, "may be the machine's drift");
	gate_free(&d->g);
	gate_side_free(&d->side[0]);
	gate_side_free(&d->side[1]);
	d->o.design = GATE_BUILDS;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	done(d);
}

/* 20 ns on 30 ns would be a scandal in percent, and is a step of the clock. */
static void a_step_of_the_clock_is_nothing(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	made_p99(&d->s[0]->cases[1], 5, 30, 5000);
	made_p99(&d->s[1]->cases[1], 6, 42, 5000);
	judged(d, GATE_OK, EXIT_FINE);
	assert_true(row(d, LOCKLESS, "p99_map")->test.ratio.lo > 1.3);
	d->o.absolute[GATE_P99] = 5;
	d->o.floor[GATE_P99] = 0.02;
	gate_free(&d->g);
	gate_side_free(&d->side[0]);
	gate_side_free(&d->side[1]);
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	done(d);
}

static void few_pairs_give_no_verdict(void **state)
{
	struct duel *d = rates(5, 0.5, 0);

	(void)state;
	judged(d, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	has(row(d, LOCKLESS, "throughput")->why, "5 pairs of processes; 1 more are needed: --processes 6");
	assert_true(isnan(row(d, LOCKLESS, "throughput")->test.p));
	done(d);
}

static void few_samples_say_so(void **state)
{
	struct duel *d = rates(12, 1, 0);
	const struct gate_row *r;

	(void)state;
	made_p99(&d->s[0]->cases[1], 5, 400, 5000);
	made_p99(&d->s[1]->cases[1], 6, 400, 312);
	judged(d, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	r = row(d, LOCKLESS, "p99_map");
	has(r->why, "too few samples: 312 a process, p99 wants 1000");
	assert_int_equal(r->verdict, GATE_INCONCLUSIVE);
	done(d);
}

/* What the machine does to engine and ruler alike is neither's. */
static void luck_is_divided_out(void **state)
{
	struct duel *d = rates(12, 1, 0.3), *raw = rates(12, 1, 0.3);

	(void)state;
	judged(d, GATE_OK, EXIT_FINE);
	assert_true(row(d, LOCKLESS, "throughput")->raw.hi > 1.05 ||
		    row(d, LOCKLESS, "throughput")->raw.lo < 0.95);
	raw->o.raw = true;
	judged(raw, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	assert_false(row(raw, LOCKLESS, "throughput")->steady);
	done(d);
	done(raw);
}

/* A harness that became slower slows its ruler too: it must not hide behind it. */
static struct duel *slower_harness(enum gate_design design)
{
	struct duel *d = duel(12);

	for (unsigned i = 0; i < 2; i++) {
		made_ruler(d->s[i], 1 + i, i ? 0.9e8 : 1e8, 0.01);
		made_rates(add(d, i, LOCKLESS), 1 + i, 4e7, 0);
		for (unsigned p = 0; i && p < 12; p++)
			d->s[i]->cases[1].draws[p].ops_per_s *= 0.9;
	}
	d->o.design = design;
	return d;
}

static void a_ruler_that_moves_measures_nothing(void **state)
{
	struct duel *builds = slower_harness(GATE_BUILDS), *files = slower_harness(GATE_FILES);

	(void)state;
	judged(builds, GATE_REGRESSED, EXIT_REGRESSED);
	assert_false(row(builds, LOCKLESS, "throughput")->steady);
	assert_true(noted(builds, "private/limit itself moved by x0."));
	assert_float_equal(row(builds, LOCKLESS, "throughput")->test.ratio.mid, 0.9, 0.01);
	/* one after the other it may have been the machine */
	judged(files, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	has(row(files, LOCKLESS, "throughput")->why, "--old, --new");
	done(builds);
	done(files);
}

static void without_the_same_ruler_as_measured(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	free(d->s[1]->cases[1].ruler);
	d->s[1]->cases[1].ruler = strdup("null");
	judge(d);
	assert_false(row(d, LOCKLESS, "throughput")->steady);
	assert_true(isnan(row(d, LOCKLESS, "throughput")->base_steady));
	assert_true(noted(d, "not the same rulers"));
	done(d);
}

static void rulers_are_never_gated(void **state)
{
	struct duel *d = rates(12, 1, 0);
	const struct gate_row *r;

	(void)state;
	for (unsigned p = 0; p < 12; p++)
		d->s[1]->cases[0].draws[p].ops_per_s *= 1.01;
	judged(d, GATE_OK, EXIT_FINE);
	r = row(d, "private/limit", "throughput");
	assert_false(r->gated);
	assert_true(isnan(r->p_holm));
	has(r->why, "a ruler");
	done(d);
}

static void forced_cases_are_refused(void **state)
{
	struct duel *d = duel(12);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct stored_case *c = add(d, i, "rendezvous/lockless");

		c->forced = true;
		made_waste(c, i ? 2000 : 1000, 1000);
	}
	judged(d, GATE_INFO, EXIT_NOT_COMPARABLE);
	has(d->g.summary, "nothing to gate");
	assert_int_equal(d->g.nrows, 1);
	has(d->g.rows[0].why, "arrival is not natural");
	assert_int_equal(d->g.rows[0].verdict, GATE_INFO);
	done(d);
}

static struct duel *waste(uint64_t base, uint64_t new, double tables)
{
	struct duel *d = duel(12);

	made_waste(add(d, 0, "cursor/lockless"), base, tables);
	made_waste(add(d, 1, "cursor/lockless"), new, tables);
	return d;
}

static void waste_is_a_count(void **state)
{
	struct duel *twice = waste(500, 1000, 1000), *none = waste(0, 0, 1000), *few = waste(0, 0, 2);
	struct duel *rare = waste(0, 5, 100000);

	(void)state;
	judged(twice, GATE_REGRESSED, EXIT_REGRESSED);
	assert_string_equal(twice->g.rows[0].name, "waste");
	assert_int_equal(twice->g.rows[0].events_a, 6000);
	assert_float_equal(twice->g.rows[0].base, 0.5, 1e-9);
	/* none of 12000 on either side: the difference cannot be more than a few in 10000 */
	judged(none, GATE_OK, EXIT_FINE);
	assert_false(none->g.rows[0].test.ratio.valid);
	/* none of 24 may be one in ten */
	judged(few, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	has(few->g.rows[0].why, "more tables");
	/* infinitely more, and nothing */
	judged(rare, GATE_OK, EXIT_FINE);
	done(twice);
	done(none);
	done(few);
	done(rare);
}

static void the_floor_of_the_machine_widens_the_margin(void **state)
{
	struct duel *d = rates(12, 0.92, 0);

	(void)state;
	d->o.floor[GATE_THROUGHPUT] = 0.12;
	judged(d, GATE_OK, EXIT_FINE);
	assert_true(row(d, LOCKLESS, "throughput")->floored);
	assert_float_equal(row(d, LOCKLESS, "throughput")->margin.relative, 0.12, 0);
	assert_false(noted(d, "not calibrated"));
	done(d);
	d = rates(12, 0.92, 0);
	d->o.floor[GATE_THROUGHPUT] = 0.01; /* less than what matters to the user */
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_false(row(d, LOCKLESS, "throughput")->floored);
	done(d);
}

static void not_calibrated_is_told(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	judge(d);
	assert_true(noted(d, "doctor --calibrate"));
	done(d);
}

/* Six pairs show one test that is worse, not one of many: Holm. */
static void many_tests_share_one_error_rate(void **state)
{
	struct duel *d = duel(6);
	const struct gate_row *r;
	char id[32];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < 8; k++) {
			snprintf(id, sizeof(id), "private/%u", k);
			made_rates(add(d, i, id), 10 * k + i, i && k == 3 ? 3e7 : 4e7, 0);
		}
	judged(d, GATE_INCONCLUSIVE, EXIT_INCONCLUSIVE);
	assert_int_equal(d->g.tests, 8);
	r = row(d, "private/3", "throughput");
	assert_true(r->test.p < 0.05 && r->p_holm > 0.05);
	assert_true(r->test.ratio.hi < 0.8);
	has(r->why, "6 pairs cannot show it in 8 tests: --processes 9");
	assert_ptr_equal(d->g.rows, r); /* the worst first */
	done(d);
	d = duel(6);
	for (unsigned i = 0; i < 2; i++)
		made_rates(add(d, i, LOCKLESS), i, i ? 3e7 : 4e7, 0);
	d->o.floor[GATE_THROUGHPUT] = 0.01;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	done(d);
}

static void looks_cost_alpha(void **state)
{
	struct duel *d = rates(12, 0.92, 0);

	(void)state;
	d->o.looks = 3;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_float_equal(d->g.alpha, 0.0221, 1e-9);
	done(d);
}

static void what_must_not_be_compared(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	d->s[1]->complete = false;
	judged(d, GATE_INFO, EXIT_NOT_COMPARABLE);
	assert_int_equal(d->g.nrows, 0);
	assert_true(noted(d, "NEW was interrupted"));
	done(d);

	d = rates(12, 0.5, 0);
	free(d->s[1]->host.kernel);
	d->s[1]->host.kernel = strdup("Linux 6.2.0");
	judged(d, GATE_INFO, EXIT_NOT_COMPARABLE);
	assert_int_equal(d->g.ndiffers, 1);
	has(d->g.differs[0], "kernel: Linux 6.2.0, was Linux 6.1.0");
	assert_int_equal(d->g.nrows, 0);
	gate_free(&d->g);
	gate_side_free(&d->side[0]);
	gate_side_free(&d->side[1]);
	d->o.force = true;
	judged(d, GATE_INFO, EXIT_FINE); /* half as fast, and not a word of REGRESSED */
	assert_true(d->g.forced);
	assert_int_equal(row(d, LOCKLESS, "throughput")->verdict, GATE_INFO);
	has(d->g.summary, "--force");
	done(d);

	d = rates(12, 1, 0);
	free(d->s[1]->host.compiler);
	d->s[1]->host.compiler = strdup("clang 14");
	d->o.design = GATE_BUILDS; /* of builds that is the point */
	judged(d, GATE_OK, EXIT_FINE);
	done(d);
}

/* --force shows figures of other machines; it does not judge where nothing is wrong with them. */
static void force_forgives_nothing_else(void **state)
{
	struct duel *d = rates(12, 0.5, 0);

	(void)state;
	d->o.force = true;
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_false(d->g.forced);
	done(d);
}

static void what_must_not_be_trusted(void **state)
{
	struct duel *d = rates(12, 0.5, 0);

	(void)state;
	d->s[0]->lost_pinning = true;
	judged(d, GATE_INFO, EXIT_UNTRUSTED);
	assert_true(noted(d, "BASE: a worker did not stay pinned"));
	done(d);
	d = rates(12, 0.5, 0);
	d->s[1]->clock_stepped_back = true;
	d->s[1]->cases[1].verified = VERIFIED_NO; /* 13 > 14 > 12 */
	d->s[1]->complete = false;
	d->o.force = true;
	judged(d, GATE_INFO, EXIT_VERIFY);
	assert_true(noted(d, "NEW: the audit failed: " LOCKLESS));
	done(d);
}

static void cases_of_one_side(void **state)
{
	struct duel *d = rates(12, 1, 0);

	(void)state;
	made_rates(add(d, 0, "private/gone"), 5, 1e7, 0);
	made_rates(add(d, 1, "private/more"), 5, 1e7, 0);
	made_p99(&d->s[0]->cases[1], 5, 400, 5000); /* metrics that went away */
	made_rates(add(d, 0, "private/still"), 5, 1e7, 0);
	add(d, 1, "private/still");
	judged(d, GATE_OK, EXIT_FINE);
	assert_int_equal(d->g.nmissing, 4);
	assert_string_equal(d->g.missing[0], "p99_map only in BASE: " LOCKLESS);
	assert_string_equal(d->g.missing[1], "only in BASE: private/gone");
	assert_string_equal(d->g.missing[2], "throughput only in BASE: private/still");
	assert_string_equal(d->g.missing[3], "only in NEW: private/more");
	gate_free(&d->g);
	gate_side_free(&d->side[0]);
	gate_side_free(&d->side[1]);
	d->o.strict = true;
	judged(d, GATE_INFO, EXIT_NOT_COMPARABLE);
	done(d);
	d = duel(12);
	made_rates(add(d, 0, "private/gone"), 5, 1e7, 0);
	made_rates(add(d, 1, "private/more"), 5, 1e7, 0);
	judged(d, GATE_INFO, EXIT_NOT_COMPARABLE);
	has(d->g.summary, "no case that both sides have");
	done(d);
}

static void thresholds_by_case(void **state)
{
	const struct gate_threshold t[] = {
		{ "*", GATE_THROUGHPUT, 0.01, NAN },
		{ "private/lock*/4K", GATE_THROUGHPUT, 0.2, NAN },
		{ "private/lock*", GATE_P99, 0.2, NAN },
	};
	struct duel *d = rates(12, 0.9, 0);

	(void)state;
	d->o.thresholds = t;
	d->o.nthresholds = 3;
	judged(d, GATE_OK, EXIT_FINE);
	assert_float_equal(row(d, LOCKLESS, "throughput")->margin.relative, 0.2, 0);
	assert_float_equal(row(d, "private/limit", "throughput")->margin.relative, 0.01, 0);
	done(d);
}

static void metrics_beside_the_gate_are_information(void **state)
{
	struct duel *d = rates(12, 0.5, 0);

	(void)state;
	d->o.gated[GATE_THROUGHPUT] = false;
	made_p99(&d->s[0]->cases[1], 5, 400, 5000);
	made_p99(&d->s[1]->cases[1], 6, 400, 5000);
	judged(d, GATE_OK, EXIT_FINE);
	assert_int_equal(d->g.tests, 1);
	assert_int_equal(row(d, LOCKLESS, "throughput")->verdict, GATE_INFO);
	has(row(d, LOCKLESS, "throughput")->why, "--gate");
	done(d);
}

/* A process is a file here: the k-th of one side goes with the k-th of the other. */
static void sides_of_many_files(void **state)
{
	struct gate_side side[2] = { 0 };
	struct stored *s[2][12];
	struct gate_options o;
	struct err err = { 0 };
	struct gate g;

	(void)state;
	gate_options_default(&o);
	o.design = GATE_BUILDS;
	for (unsigned i = 0; i < 12; i++)
		for (unsigned k = 0; k < 2; k++) {
			s[k][i] = made_stored(1);
			/* processes get faster and faster, pairs do not care */
			made_rates(made_stored_case(s[k][i], LOCKLESS, "amdv1/lockless"), 2 * i + k,
				   (k ? 0.9 : 1) * 1e7 * (1 + i), 0);
			gate_side_add(&side[k], s[k][i]);
		}
	assert_int_equal(gate_judge(&g, &side[0], &side[1], &o, &err), 0);
	assert_int_equal(g.code, EXIT_REGRESSED);
	assert_int_equal(g.rows[0].pairs, 12);
	assert_float_equal(g.rows[0].test.ratio.mid, 0.9, 0.01);
	gate_free(&g);
	for (unsigned k = 0; k < 2; k++) {
		gate_side_free(&side[k]);
		for (unsigned i = 0; i < 12; i++)
			stored_free(s[k][i]);
	}
}

static void nothing_measured(void **state)
{
	struct gate_side none = { 0 };
	struct gate_options o;
	struct err err = { 0 };
	struct gate g;

	(void)state;
	gate_options_default(&o);
	assert_int_equal(gate_judge(&g, &none, &none, &o, &err), 0);
	assert_int_equal(g.code, EXIT_NOT_COMPARABLE);
	for (enum gate_format f = GATE_TEXT; f <= GATE_CSV; f++) {
		FILE *out = fopen("/dev/null", "w");

		assert_int_equal(gate_write(&g, &o, f, out, (struct terminal){ TERMINAL_FILE, true }), 0);
		fclose(out);
	}
	gate_free(&g);
}

static void the_same_data_give_the_same_verdict(void **state)
{
	struct duel *d = rates(12, 0.97, 0.1), *e = rates(12, 0.97, 0.1);

	(void)state;
	made_rates(add(e, 0, "another/case"), 7, 1e7, 0); /* whatever else is in the files */
	made_rates(add(e, 1, "another/case"), 8, 1e7, 0);
	judge(d);
	judge(e);
	assert_memory_equal(&row(d, LOCKLESS, "throughput")->test.ratio,
			    &row(e, LOCKLESS, "throughput")->test.ratio, sizeof(struct interval));
	done(d);
	done(e);
}

static void a_handicap_is_told(void **state)
{
	struct duel *d = rates(12, 0.92, 0);

	(void)state;
	free(d->s[1]->cases[1].handicap);
	d->s[1]->cases[1].handicap = strdup("slow:8");
	judged(d, GATE_REGRESSED, EXIT_REGRESSED);
	assert_true(noted(d, "NEW was made worse on purpose: --handicap slow:8"));
	done(d);
}

static void warn(struct stored *s, const char *text)
{
	s->warnings = realloc(s->warnings, (s->nwarnings + 1) * sizeof(char *));
	s->warnings[s->nwarnings++] = strdup(text);
}

static void warnings_are_told_once(void **state)
{
	struct duel *d = rates(12, 1, 0);
	size_t before;

	(void)state;
	judge(d);
	before = d->g.nnotes;
	gate_free(&d->g);
	gate_side_free(&d->side[0]);
	gate_side_free(&d->side[1]);
	warn(d->s[0], "load is 10.6 on 2 CPUs");
	warn(d->s[0], "load is 2 on 2 CPUs");
	warn(d->s[0], "boost");
	warn(d->s[1], "load is 1 on 2 CPUs");
	warn(d->s[1], "governor");
	judge(d);
	assert_int_equal(d->g.nnotes, before + 3);
	assert_true(noted(d, "both: load is 10.6 on 2 CPUs"));
	assert_true(noted(d, "BASE: boost"));
	assert_true(noted(d, "NEW: governor"));
	done(d);
}

static char *written_at(const struct duel *d, enum gate_format format, struct terminal terminal)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_int_equal(gate_write(&d->g, &d->o, format, out, terminal), 0);
	fclose(out);
	return text;
}

static char *written(const struct duel *d, enum gate_format format, bool colour)
{
	return written_at(d, format, (struct terminal){ TERMINAL_FILE, colour });
}

static void check_columns(const struct duel *d)
{
	static const unsigned widths[] = { 80, 100, 120, 200 };

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		char *text = written_at(d, GATE_TEXT, (struct terminal){ widths[i], false });

		for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
			size_t n = strcspn(line, "\n");

			if (n > widths[i])
				fail_msg("%zu columns of %u: %.*s", n, widths[i], (int)n, line);
		}
		free(text);
	}
}

static void text_fits_and_counts_are_counts(void **state)
{
	struct duel *d = waste(3, 5, 100);
	char *text;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		made_ruler(d->s[i], 1 + i, 1e8, 0.01);
		made_rates(add(d, i, LOCKLESS), i, 4e7 * (i ? 1 : 1.5), 0);
		made_p99(&d->s[i]->cases[2], i, 123456, 5000);
	}
	warn(d->s[1], "a warning\033[31m that is long enough to be wrapped, since it goes on and on and on "
	     "until it has left the hundredth column behind");
	judge(d);
	text = written(d, GATE_TEXT, false);
	check_columns(d);
	assert_null(strchr(text, '\033'));
	has(text, "36 in 1.2 k");
	has(text, "60 in 1.2 k");
	has(text, "verdict: REGRESSED");
	has(text, " us ");
	assert_null(strstr(text, "nan"));
	free(text);
	text = written(d, GATE_TEXT, true);
	has(text, "\033[31mREGRESSED\033[0m");
	free(text);
	text = written(d, GATE_JSON, false);
	assert_null(strstr(text, "nan"));
	has(text, "\"iopt-verdict\"");
	free(text);
	done(d);
}

static void verdicts_are_whole_or_not_there(void **state)
{
	struct duel *d = rates(12, 1, 0);
	struct err err = { 0 };

	(void)state;
	judge(d);
	assert_int_equal(gate_write_verdict(&d->g, &d->o, "/nowhere/verdict.json", &err), EXIT_CANT_CREATE);
	has(err.text, "--verdict /nowhere/verdict.json");
	assert_int_equal(gate_write_verdict(&d->g, &d->o, "/", &err), EXIT_CANT_CREATE);
	err.code = 0;
	assert_int_equal(gate_write_verdict(&d->g, &d->o, "/dev/full", &err), EXIT_WRITE);
	err.code = 0;
	assert_int_equal(gate_write_verdict(&d->g, &d->o, "/dev/null", &err), 0);
	done(d);
}

/* A rate that was asked for is no throughput; a side that did not keep up is named. */
static void a_schedule(void **state)
{
	static const char *const fields[] = { "false", "true" };
	struct duel *d = calloc(1, sizeof(*d));
	struct err err = { 0 };
	char text[2048];

	(void)state;
	gate_options_default(&d->o);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "{\"schema\":\"iopt-result\",\"schema_version\":1,\"complete\":true,"
			 "\"cases\":[{\"case_id\":\"c\",\"engine\":\"amdv1/lockless\",\"workload\":\"private\","
			 "\"threads\":2,\"ops_per_s\":1000,\"rate\":{\"saturated\":%s},\"slices\":[{\"process\":0,"
			 "\"round\":0,\"half\":0,\"ops\":10,\"ops_per_s\":1000}]},{\"case_id\":\"r\","
			 "\"engine\":\"amdv1/lockless\",\"workload\":\"replay:x\",\"threads\":2,\"ops_per_s\":1000,"
			 "\"replay\":{\"speed\":\"%s\"},\"slices\":[{\"process\":0,\"round\":0,\"half\":0,\"ops\":10,"
			 "\"ops_per_s\":1000}]}]}", fields[i], "recorded");
		if (stored_parse(&d->s[i], text, strlen(text), "r.json", &err))
			fail_msg("%s", err.text);
		assert_true(d->s[i]->cases[0].scheduled && isnan(d->s[i]->cases[0].ops_per_s));
		assert_true(d->s[i]->cases[1].scheduled && isnan(d->s[i]->cases[1].draws[0].ops_per_s));
		assert_int_equal(d->s[i]->cases[0].saturated, i);
	}
	/* one of BASE's files is not most of them */
	assert_int_equal(gate_side_add(&d->side[0], d->s[1]), 0);
	judge(d);
	for (size_t i = 0; i < d->g.nrows; i++)
		assert_int_not_equal(d->g.rows[i].metric, GATE_THROUGHPUT);
	assert_int_equal(d->g.nmissing, 0);
	assert_true(noted(d, "not compared"));
	assert_true(noted(d, "saturated only in NEW, which did not keep up with its --rate: c"));
	done(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_ok),
		cmocka_unit_test(slower_and_faster),
		cmocka_unit_test(slower_tail),
		cmocka_unit_test(drift_is_no_claim),
		cmocka_unit_test(a_step_of_the_clock_is_nothing),
		cmocka_unit_test(few_pairs_give_no_verdict),
		cmocka_unit_test(few_samples_say_so),
		cmocka_unit_test(luck_is_divided_out),
		cmocka_unit_test(a_ruler_that_moves_measures_nothing),
		cmocka_unit_test(without_the_same_ruler_as_measured),
		cmocka_unit_test(rulers_are_never_gated),
		cmocka_unit_test(forced_cases_are_refused),
		cmocka_unit_test(waste_is_a_count),
		cmocka_unit_test(the_floor_of_the_machine_widens_the_margin),
		cmocka_unit_test(not_calibrated_is_told),
		cmocka_unit_test(many_tests_share_one_error_rate),
		cmocka_unit_test(looks_cost_alpha),
		cmocka_unit_test(what_must_not_be_compared),
		cmocka_unit_test(force_forgives_nothing_else),
		cmocka_unit_test(what_must_not_be_trusted),
		cmocka_unit_test(cases_of_one_side),
		cmocka_unit_test(thresholds_by_case),
		cmocka_unit_test(metrics_beside_the_gate_are_information),
		cmocka_unit_test(sides_of_many_files),
		cmocka_unit_test(nothing_measured),
		cmocka_unit_test(the_same_data_give_the_same_verdict),
		cmocka_unit_test(a_handicap_is_told),
		cmocka_unit_test(warnings_are_told_once),
		cmocka_unit_test(text_fits_and_counts_are_counts),
		cmocka_unit_test(verdicts_are_whole_or_not_there),
		cmocka_unit_test(a_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
