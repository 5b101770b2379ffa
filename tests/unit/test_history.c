/* A result beside the stored ones of its machine: what counts, the arithmetic, and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history.h"

static const bool usual[GATE_METRICS] = { [GATE_THROUGHPUT] = true, [GATE_P99] = true,
					  [GATE_WASTE] = true };
static struct err err;

/* A result of one case; what a test wants otherwise it changes. */
struct made {
	struct stored s;
	struct stored_case c;
	struct stored_draw draws[3];
};

static struct made *make(unsigned nth, double ops_per_s)
{
	static char cpu[] = "EPYC", none[] = "", id[] = "amdv1/lockless private | 2", ruler[] = "limit";
	struct made *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->s = (struct stored){ .complete = true, .path = (char *)"new.json", .seed = nth,
				.cases = &m->c, .ncases = 1 };
	m->s.started_utc = malloc(32);
	snprintf(m->s.started_utc, 32, "2026-11-22T00:00:%02uZ", nth);
	m->s.host = (struct stored_host){ .cpu_model = cpu, .hostname = none, .commit = none };
	m->c = (struct stored_case){ .id = id, .engine = none, .workload = none, .ruler = ruler,
				     .handicap = none, .verified = VERIFIED_YES,
				     .ops_per_s = ops_per_s, .draws = m->draws, .ndraws = 3 };
	for (unsigned d = 0; d < 3; d++) {
		m->draws[d] = (struct stored_draw){ .process = d, .ops_per_s = ops_per_s,
						    .steady = ops_per_s / 1000 };
		for (unsigned k = 0; k < OP_KINDS; k++)
			m->draws[d].latency[k].p50 = m->draws[d].latency[k].p99 =
				m->draws[d].latency[k].p999 = NAN;
	}
	return m;
}

static void drop(struct made *m)
{
	free(m->s.started_utc);
	free(m);
}

static void add(struct history *h, struct made *m, const char *name)
{
	assert_int_equal(history_add(h, &m->s, name, &err), 0);
	drop(m); /* nothing of it may be needed any more */
}

/* n stored throughputs, and one beside them. */
static struct history looked_back(struct made *now, const double *v, size_t n)
{
	struct history h;

	assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
	for (size_t i = 0; i < n; i++)
		add(&h, make((unsigned)i, v[i]), "stored");
	assert_int_equal(h.nleft_out, 0);
	assert_int_equal(history_end(&h, &err), 0);
	return h;
}

static void near(double is, double should)
{
	if (!(fabs(is - should) <= 1e-9 * fabs(should)))
		fail_msg("%.15g, not %.15g", is, should);
}

/* Figures from Python's math. */
static void test_mean_deviation_and_z_are_of_logarithms(void **state)
{
	static const double v[] = { 100, 110, 90, 105, 95, 102 };
	struct made *now = make(50, 130);
	struct history h = looked_back(now, v, 6);

	(void)state;
	assert_int_equal(h.nrows, 1);
	assert_string_equal(h.rows[0].name, "throughput");
	assert_true(h.rows[0].steady);
	assert_int_equal(h.rows[0].n, 6);
	near(h.rows[0].mean * 1000, 100.1208923697267);
	near(h.rows[0].sd_log, 0.07152585051701518);
	near(h.rows[0].z, 3.3803658103605776);
	assert_false(h.rows[0].far);
	assert_string_equal(h.rows[0].why, "");
	history_free(&h);
	drop(now);
	now = make(50, 50);
	h = looked_back(now, v, 6);
	assert_true(h.rows[0].z < -HISTORY_FAR && h.rows[0].far);
	history_free(&h);
	drop(now);
}

static void test_few_say_how_many_more(void **state)
{
	static const double v[] = { 100, 110, 90, 105, 95 };
	struct made *now = make(50, 100);
	struct history h;

	(void)state;
	for (size_t n = 0; n <= 5; n++) {
		char says[64];

		h = looked_back(now, v, n);
		snprintf(says, sizeof(says), "%zu of 6 stored results: %zu more", n, 6 - n);
		assert_string_equal(h.rows[0].why, says);
		assert_true(isnan(h.rows[0].z));
		assert_true(isnan(h.rows[0].mean) == !n);
		assert_true(isnan(h.rows[0].sd_log) == (n < 2));
		assert_false(h.rows[0].drift || h.rows[0].far);
		history_free(&h);
	}
	drop(now);
}

static void test_equal_ones_give_no_z(void **state)
{
	static const double v[] = { 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3 };
	struct made *now = make(50, 0.4);
	struct history h = looked_back(now, v, 7);

	(void)state;
	assert_true(isnan(h.rows[0].z));
	assert_string_equal(h.rows[0].why, "the stored results are all equal");
	history_free(&h);
	drop(now);
}

static void test_what_does_not_count_is_named(void **state)
{
	struct made *now = make(50, 100), *m;
	struct history h;

	(void)state;
	assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
	m = make(1, 100);
	m->s.host.cpu_model = (char *)"Xeon";
	add(&h, m, "0001-a.json");
	m = make(2, 100);
	m->s.complete = false;
	add(&h, m, "0002-a.json");
	m = make(3, 100);
	m->s.lost_pinning = true;
	add(&h, m, "0003-a.json");
	m = make(4, 100);
	m->s.clock_stepped_back = true;
	add(&h, m, "0004-a.json");
	add(&h, make(50, 100), "0005-a.json"); /* itself */
	add(&h, make(6, 100), "0006-a.json");
	add(&h, make(6, 100), "0007-a.json"); /* the same again */
	assert_int_equal(h.n, 1);
	assert_int_equal(h.nleft_out, 6);
	assert_string_equal(h.left_out[0], "0001-a.json: of another machine, or of this one in another "
			    "state");
	assert_non_null(strstr(h.left_out[1], "0002-a.json: of an interrupted run"));
	assert_non_null(strstr(h.left_out[2], "not to be trusted"));
	assert_non_null(strstr(h.left_out[3], "not to be trusted"));
	assert_non_null(strstr(h.left_out[4], "0005-a.json: the result in question itself"));
	assert_non_null(strstr(h.left_out[5], "0007-a.json: a run that was kept before"));
	history_free(&h);
	drop(now);
}

static void test_one_without_the_ruler_makes_all_raw(void **state)
{
	struct made *now = make(50, 100), *m;
	struct history h;

	(void)state;
	for (int which = 0; which < 3; which++) {
		assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
		for (unsigned i = 0; i < 6; i++) {
			m = make(i, 90 + i);
			if (i == 3 && which == 1)
				m->c.ruler = (char *)"null";
			for (unsigned d = 0; d < 3 && i == 3 && which == 2; d++)
				m->draws[d].steady = NAN;
			add(&h, m, "");
		}
		assert_int_equal(history_end(&h, &err), 0);
		assert_true(h.rows[0].steady == !which);
		assert_string_equal(h.rows[0].unit, which ? "1/s" : "ruler");
		assert_true(h.rows[0].now == (which ? 100 : 0.1));
		assert_int_equal(h.rows[0].n, 6);
		history_free(&h);
	}
	drop(now);
}

static void test_a_case_that_is_missing_is_not_counted(void **state)
{
	struct made *now = make(50, 100), *m;
	struct history h;

	(void)state;
	assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
	for (unsigned i = 0; i < 8; i++) {
		m = make(i, 90 + i);
		if (i == 2)
			m->c.id = (char *)"another";
		if (i == 5)
			m->c.verified = VERIFIED_NO;
		if (i == 6)
			m->c.ops_per_s = NAN;
		add(&h, m, "");
	}
	assert_int_equal(history_end(&h, &err), 0);
	assert_int_equal(h.n, 8);
	assert_int_equal(h.rows[0].n, 6); /* the one without ops_per_s has still its ruler's */
	history_free(&h);
	drop(now);
}

static void test_no_rows_of_what_is_no_metric(void **state)
{
	struct made *now = make(50, 100);
	struct history h;

	(void)state;
	for (int which = 0; which < 5; which++) {
		struct stored_case was = now->c;

		now->c.is_ruler = which == 0;
		now->c.forced = which == 1;
		now->c.handicap = (char *)(which == 2 ? "slow:8" : "");
		now->c.verified = which == 3 ? VERIFIED_NO : VERIFIED_YES;
		now->c.ops_per_s = which == 4 ? NAN : 100;
		assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
		assert_int_equal(h.nrows, 0);
		assert_int_equal(history_end(&h, &err), 0);
		history_free(&h);
		now->c = was;
	}
	drop(now);
}

static void test_latencies_are_medians_of_processes(void **state)
{
	struct made *now = make(50, 100), *m;
	struct history h;

	(void)state;
	now->draws[0].latency[OP_UNMAP].p99 = 300;
	now->draws[1].latency[OP_UNMAP].p99 = NAN;
	now->draws[2].latency[OP_UNMAP].p99 = 100;
	now->draws[0].latency[OP_UNMAP].p50 = 7; /* not asked for */
	assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
	assert_int_equal(h.nrows, 2);
	for (unsigned i = 0; i < 6; i++) {
		m = make(i, 100 + i);
		for (unsigned d = 0; d < 3; d++)
			m->draws[d].latency[OP_UNMAP].p99 = 100 * (d + 1) + i;
		add(&h, m, "");
	}
	assert_int_equal(history_end(&h, &err), 0);
	assert_string_equal(h.rows[1].name, "p99_unmap");
	assert_string_equal(h.rows[1].unit, "ns");
	assert_false(h.rows[1].steady || h.rows[1].more_is_better);
	near(h.rows[1].now, 200);
	near(h.rows[1].mean, exp((log(200) + log(201) + log(202) + log(203) + log(204) + log(205)) / 6));
	history_free(&h);
	drop(now);
}

static void test_few_lost_pages_are_no_rate(void **state)
{
	struct made *now = make(50, NAN), *m;
	struct history h;

	(void)state;
	for (int few = 0; few < 2; few++) {
		for (unsigned d = 0; d < 3; d++) {
			now->draws[d].lost = few ? 33 : 34;
			now->draws[d].tables = 1000;
		}
		assert_int_equal(history_begin(&h, &now->s, usual, &err), 0);
		assert_int_equal(h.nrows, 1);
		for (unsigned i = 0; i < 8; i++) {
			m = make(i, NAN);
			m->draws[1].lost = i < 2 ? 99 : 100 + i;
			m->draws[1].tables = 1000;
			add(&h, m, "");
		}
		assert_int_equal(history_end(&h, &err), 0);
		assert_string_equal(h.rows[0].name, "waste");
		assert_int_equal(h.rows[0].n, 6);
		assert_true(isnan(h.rows[0].z) == few);
		if (few)
			assert_string_equal(h.rows[0].why, "fewer than 100 lost pages: no rate");
		else
			near(h.rows[0].now, 102. / 3000);
		history_free(&h);
	}
	drop(now);
}

static void test_a_drift_shows_in_the_newest(void **state)
{
	double rising[12], to_and_fro[12];
	struct made *now = make(50, 112), *then = make(50, 100.5);
	struct history h;

	(void)state;
	for (int i = 0; i < 12; i++) {
		rising[i] = 100 + i;
		to_and_fro[i] = i % 2 ? 99 : 101;
	}
	h = looked_back(now, rising, 12);
	assert_int_equal(h.rows[0].run, 7); /* six above the median, and this one */
	assert_true(h.rows[0].drift);
	assert_true(h.rows[0].shift > 0.06 && h.rows[0].shift < 0.07);
	history_free(&h);
	h = looked_back(now, rising, 9); /* four above the median, and this one */
	assert_int_equal(h.rows[0].run, 5);
	assert_false(h.rows[0].drift);
	history_free(&h);
	h = looked_back(then, to_and_fro, 12);
	assert_false(h.rows[0].drift);
	history_free(&h);
	drop(now);
	drop(then);
}

static char *written(const struct history *h, enum gate_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(history_write(h, "main", format, out), 0);
	fclose(out);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void test_all_forms_tell_the_same(void **state)
{
	static const double v[] = { 100, 101, 99, 100, 102, 98 };
	struct made *now = make(50, 130);
	struct history h = looked_back(now, v, 6);
	char *text;
	json_t *doc, *row;

	(void)state;
	assert_int_equal(history_leave_out(&h, "x|y.json", "broken", &err), 0);
	text = written(&h, GATE_TEXT);
	assert_non_null(strstr(text, "left out: x|y.json: broken"));
	assert_non_null(strstr(text, "far, better"));
	assert_non_null(strstr(text, "0.1300 x ruler"));
	free(text);
	text = written(&h, GATE_MD);
	assert_non_null(strstr(text, "x\\|y.json"));
	assert_non_null(strstr(text, "| amdv1/lockless private \\| 2 | throughput | 6 |"));
	free(text);
	text = written(&h, GATE_CSV);
	assert_int_equal(count(text, "\r\n"), 2);
	assert_int_equal(count(text, ","), 2 * 14);
	free(text);
	text = written(&h, GATE_JSON);
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "schema")), "iopt-history");
	row = json_array_get(json_object_get(doc, "rows"), 0);
	near(json_real_value(json_object_get(row, "z")), h.rows[0].z);
	assert_true(json_is_true(json_object_get(row, "far")));
	assert_true(json_is_null(json_object_get(row, "why")));
	json_decref(doc);
	free(text);
	history_free(&h);
	h = looked_back(now, v, 1); /* z, deviation and shift are null */
	text = written(&h, GATE_JSON);
	doc = json_loads(text, 0, NULL);
	row = json_array_get(json_object_get(doc, "rows"), 0);
	assert_true(json_is_null(json_object_get(row, "z")));
	assert_true(json_is_null(json_object_get(row, "sd_log")));
	assert_string_equal(json_string_value(json_object_get(row, "why")),
			    "1 of 6 stored results: 5 more");
	json_decref(doc);
	free(text);
	history_free(&h);
	drop(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mean_deviation_and_z_are_of_logarithms),
		cmocka_unit_test(test_few_say_how_many_more),
		cmocka_unit_test(test_equal_ones_give_no_z),
		cmocka_unit_test(test_what_does_not_count_is_named),
		cmocka_unit_test(test_one_without_the_ruler_makes_all_raw),
		cmocka_unit_test(test_a_case_that_is_missing_is_not_counted),
		cmocka_unit_test(test_no_rows_of_what_is_no_metric),
		cmocka_unit_test(test_latencies_are_medians_of_processes),
		cmocka_unit_test(test_few_lost_pages_are_no_rate),
		cmocka_unit_test(test_a_drift_shows_in_the_newest),
		cmocka_unit_test(test_all_forms_tell_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
