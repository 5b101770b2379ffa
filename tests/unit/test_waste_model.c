/*
 * The waste model against simulations of what it describes: every worker, every operation and every
 * window is an event. Seeded, so that a failure stays one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "stat/stat.h"
#include "stat/waste_model.h"

#define THREADS_MAX 64u
#define TABLES_MAX 4096u

enum service { FIXED, EXPONENTIAL };

static uint64_t rng;

/* In (0, 1]. */
static double unit(void)
{
	return (double)((stat_rand(&rng) >> 11) + 1) * 0x1p-53;
}

static double draw_window(enum service kind, double mean)
{
	return kind == FIXED ? mean : -mean * log(unit());
}

static void near(const char *what, unsigned threads, double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance * want))
		fail_msg("%s, %u threads: %g, not %g within %g %%", what, threads, got, want,
			 100 * tolerance);
}

static struct histogram *windows(enum service kind, double mean)
{
	struct histogram *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	for (int i = 0; i < (kind == FIXED ? 1 : 200000); i++)
		hist_record(h, (uint64_t)draw_window(kind, mean));
	return h;
}

/* The one to act next; few enough to look at all. */
static unsigned earliest(const double *at, unsigned n)
{
	unsigned first = 0;

	for (unsigned i = 1; i < n; i++)
		if (at[i] < at[first])
			first = i;
	return first;
}

/* One entry as the workers find it. */
struct entry {
	double filled; /* when the first window ends; INFINITY: nobody has begun one */
	unsigned begun;
};

/* A worker reads the entry at `now`; when it can go on. */
static double touch(struct entry *e, double now, enum service kind, double s)
{
	double done;

	if (e->filled <= now)
		return now;
	done = now + draw_window(kind, s);
	e->filled = fmin(e->filled, done);
	e->begun++;
	return done;
}

static uint64_t lost_in(struct entry *e, unsigned n)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < n; i++) {
		lost += e[i].begun ? e[i].begun - 1 : 0;
		e[i] = (struct entry){ .filled = INFINITY };
	}
	return lost;
}

/* An operation of mean z, so that nobody keeps step with anybody. */
static double draw_op(double z)
{
	return z * (0.5 + unit());
}

static struct entry entries[TABLES_MAX];
static unsigned order[THREADS_MAX][TABLES_MAX];

static void shuffle(unsigned *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (unsigned)stat_below(&rng, i + 1);

		v[i] = v[j];
		v[j] = i;
	}
}

/* One fill; lost pages. */
static uint64_t simulate_fill(unsigned threads, unsigned tables, enum service kind, bool once,
			      double s, double z)
{
	double at[THREADS_MAX];
	unsigned touched[THREADS_MAX] = { 0 }, filled = 0, finished = 0;

	for (unsigned i = 0; i < threads; i++) {
		at[i] = z * unit();
		if (once)
			shuffle(order[i], tables);
	}
	while (once ? finished < threads : filled < tables) {
		unsigned i = earliest(at, threads);
		unsigned e = once ? order[i][touched[i]] : (unsigned)stat_below(&rng, tables);
		bool fresh = !entries[e].begun;

		at[i] = touch(&entries[e], at[i], kind, s) + draw_op(z);
		filled += fresh;
		if (++touched[i] == tables && once) {
			at[i] = INFINITY;
			finished++;
		}
	}
	return lost_in(entries, tables);
}

/* Enough fills for some 800 losses. */
static double mean_lost(unsigned threads, unsigned tables, enum service kind, bool once, double s,
			double z)
{
	unsigned fills = 1 + (unsigned)(800 / waste_cold_fill(threads, once, s, z, tables));
	uint64_t lost = 0;

	for (unsigned i = 0; i < fills; i++)
		lost += simulate_fill(threads, tables, kind, once, s, z);
	return (double)lost / fills;
}

static void test_cold_fill(void **state)
{
	/* tables: enough more than threads^2, or so many that a simulation ends soon */
	static const struct { unsigned threads, tables; } sizes[] = {
		{ 2, 128 }, { 4, 256 }, { 8, 1024 }, { 16, 2048 }, { 64, 4096 } };

	(void)state;
	rng = 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned t = sizes[i].threads, m = sizes[i].tables;

		for (int once = 0; once < 2; once++) {
			near("fill, fixed windows", t, mean_lost(t, m, FIXED, once, 400, 100),
			     waste_cold_fill(t, once, 400, 100, m), 0.1);
			near("fill, exponential windows", t,
			     mean_lost(t, m, EXPONENTIAL, once, 100, 100),
			     waste_cold_fill(t, once, 100, 100, m), 0.1);
		}
	}
}

/* Few tables and many threads: below the formula, and never more than there can be. */
static void test_cold_fill_saturates(void **state)
{
	double lost;

	(void)state;
	rng = 2;
	lost = mean_lost(64, 64, FIXED, false, 400, 100);
	assert_true(lost < 0.9 * waste_cold_fill(64, false, 400, 100, 64));
	assert_true(waste_cold_fill(64, true, 1e9, 1, 2) == 126);
	assert_true(waste_cold_fill(1, true, 400, 100, 64) == 0);
	assert_true(isnan(waste_cold_fill(2, true, 0, 100, 64)));
	assert_true(isnan(waste_cold_fill(2, true, 400, NAN, 64)));
}

/* What is within the tolerance of one order of touching is not within that of the other. */
static void test_orders_are_told_apart(void **state)
{
	double once, again;

	(void)state;
	rng = 3;
	once = mean_lost(2, 256, FIXED, true, 400, 100);
	again = mean_lost(2, 256, FIXED, false, 400, 100);
	assert_true(once > 1.7 * again && once < 2.3 * again);
}

/*
 * A shared counter deals out the pages of tables to workers of operation time tau; lost a table. The
 * operations differ by a fifth, or workers that lost together would stay together.
 */
static double simulate_cursor(unsigned threads, enum service kind, double s, double tau)
{
	const unsigned tables = 200 + 7600 / threads, per_table = 256;
	double at[THREADS_MAX];

	for (unsigned i = 0; i < threads; i++)
		at[i] = tau * unit();
	for (unsigned page = 0; page < tables * per_table; page++) {
		unsigned i = earliest(at, threads);

		at[i] = touch(&entries[page / per_table], at[i], kind, s) +
			tau * (0.8 + 0.4 * unit());
	}
	return (double)lost_in(entries, tables) / tables;
}

static void test_lockstep_cursor(void **state)
{
	static const double lengths[] = { 20, 80, 320 };

	(void)state;
	rng = 4;
	for (unsigned t = 2; t <= THREADS_MAX; t *= 2) {
		for (size_t i = 0; i < 3; i++) {
			struct histogram *h = windows(FIXED, lengths[i]);
			double model = waste_lockstep(t, h, 100);

			/* the closed form; a value in the histogram stands for one ns of width */
			near("closed form", t, model, (t - 1) * fmin(1, lengths[i] / 100), 0.03);
			near("cursor, fixed windows", t, simulate_cursor(t, FIXED, lengths[i], 100),
			     model, 0.12);
			free(h);
		}
	}
}

/* Others at independent times after the first: what the integral says, exactly. */
static double simulate_independent(unsigned threads, enum service kind, double s, double tau)
{
	const unsigned tables = 1500;

	for (unsigned e = 0; e < tables; e++) {
		double at[THREADS_MAX] = { 0 };

		for (unsigned i = 1; i < threads; i++)
			at[i] = tau * unit();
		for (unsigned n = 0; n < threads; n++) {
			unsigned i = earliest(at, threads);

			touch(&entries[e], at[i], kind, s);
			at[i] = INFINITY;
		}
	}
	return (double)lost_in(entries, tables) / tables;
}

static void test_lockstep_random_windows(void **state)
{
	static const struct { double s, lost; } known[] = { { 20, 3.8 }, { 80, 8.3 }, { 320, 17.2 },
							    { 1280, 34 } };

	(void)state;
	rng = 5;
	for (size_t i = 0; i < 4; i++) {
		struct histogram *h = windows(EXPONENTIAL, known[i].s);

		near("known integral", 64, waste_lockstep(64, h, 100), known[i].lost, 0.02);
		for (unsigned t = 2; t <= THREADS_MAX; t *= 2)
			near("independent arrivals", t,
			     simulate_independent(t, EXPONENTIAL, known[i].s, 100),
			     waste_lockstep(t, h, 100), 0.06);
		free(h);
	}
}

/* All come at `at`, tables hang below each other; lost pages. Notes how late each was. */
static uint64_t simulate_convoy(double *at, unsigned threads, unsigned levels, enum service kind,
				double s, struct histogram *gap)
{
	double first = at[earliest(at, threads)];
	uint64_t lost = 0;
	bool noted = false;

	for (unsigned i = 0; i < threads; i++) {
		if (!noted && at[i] == first)
			noted = true;
		else
			hist_record(gap, (uint64_t)(at[i] - first));
	}
	for (unsigned level = 0; level < levels; level++) {
		double next[THREADS_MAX];

		for (unsigned n = 0; n < threads; n++) {
			unsigned i = earliest(at, threads);

			next[i] = touch(&entries[0], at[i], kind, s);
			at[i] = INFINITY;
		}
		lost += lost_in(entries, 1);
		memcpy(at, next, threads * sizeof(*at));
	}
	return lost;
}

static double convoys(unsigned threads, unsigned levels, enum service kind, double s, double spread,
		      double *by_gaps)
{
	struct histogram *gap = calloc(1, sizeof(*gap)), *h = windows(kind, s);
	const unsigned starts = 4000;
	uint64_t lost = 0;

	assert_non_null(gap);
	for (unsigned k = 0; k < starts; k++) {
		double at[THREADS_MAX];

		for (unsigned i = 0; i < threads; i++)
			at[i] = spread * unit();
		lost += simulate_convoy(at, threads, levels, kind, s, gap);
	}
	*by_gaps = waste_by_gaps(gap, h, levels) / starts;
	free(gap);
	free(h);
	return (double)lost / starts;
}

static void test_gaps(void **state)
{
	double by_gaps, lost;

	(void)state;
	rng = 6;
	/* windows of one length: exact for any number of threads and levels */
	for (unsigned t = 2; t <= THREADS_MAX; t *= 2)
		for (unsigned levels = 1; levels <= 3; levels++) {
			lost = convoys(t, levels, FIXED, 200, 700, &by_gaps);
			near("gaps, fixed windows", t, by_gaps, lost, 0.03);
		}
	/* two threads: the first's window is the only one that counts */
	lost = convoys(2, 1, EXPONENTIAL, 200, 700, &by_gaps);
	near("gaps, two threads", 2, by_gaps, lost, 0.06);
	/* more: somebody else may be done before the first, so it is an upper bound */
	lost = convoys(16, 1, EXPONENTIAL, 200, 700, &by_gaps);
	assert_true(by_gaps > 1.2 * lost);
}

/* All at once: everybody but one loses, at every level. */
static void test_convoy_at_once(void **state)
{
	double by_gaps, lost = convoys(8, 3, FIXED, 200, 1, &by_gaps);

	(void)state;
	assert_true(lost == 7 * 3);
	near("by gaps", 8, by_gaps, 7 * 3, 1e-9);
}

static void test_nothing_known(void **state)
{
	struct histogram *none = calloc(1, sizeof(*none)), *h = windows(FIXED, 100);

	(void)state;
	assert_non_null(none);
	assert_true(isnan(waste_lockstep(2, none, 100)));
	assert_true(isnan(waste_lockstep(2, h, 0)));
	assert_true(waste_lockstep(1, h, 100) == 0);
	assert_true(isnan(waste_by_gaps(none, h, 1)));
	assert_true(isnan(waste_by_gaps(h, none, 1)));
	/* a window beyond what the histogram holds stands longer than any gap */
	hist_record(none, UINT64_C(1) << HIST_MAX_LG2);
	near("overflow", 2, waste_by_gaps(h, none, 1), 1, 1e-12);
	near("overflow", 3, waste_lockstep(3, none, 100), 2, 1e-12);
	free(none);
	free(h);
}

static int empty_entries(void **state)
{
	(void)state;
	lost_in(entries, TABLES_MAX);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cold_fill),
		cmocka_unit_test(test_cold_fill_saturates),
		cmocka_unit_test(test_orders_are_told_apart),
		cmocka_unit_test(test_lockstep_cursor),
		cmocka_unit_test(test_lockstep_random_windows),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_convoy_at_once),
		cmocka_unit_test(test_nothing_known),
	};

	return cmocka_run_group_tests(tests, empty_entries, NULL);
}
