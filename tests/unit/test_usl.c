/* The scalability law: exact data, bounds, refusals, and how often its intervals hold the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "stat/usl.h"
#include "sys/atomic.h"

#ifdef IOPT_SANITIZED
#define TRIALS 30u
#else
#define TRIALS 100u
#endif
#define SLICES 50u
#define COUNTS_MAX 8u

static const double powers[] = { 1, 2, 4, 8, 16, 32 };

static void assert_near(double have, double want, double relative, double absolute)
{
	if (!(fabs(have - want) <= relative * fabs(want) + absolute))
		fail_msg("have %.17g, want %.17g", have, want);
}

static struct usl_fit law(double g, double s, double k)
{
	return (struct usl_fit){ .gamma = g, .sigma = s, .kappa = k };
}

static void rates(const struct usl_fit *truth, const double *n, size_t points, double *x)
{
	for (size_t i = 0; i < points; i++)
		x[i] = usl_rate(truth, n[i]);
}

/* Also where the sizes of the columns are six orders of magnitude apart. */
static void exact_data_give_the_law_back(void **state)
{
	static const double wide[] = { 1, 2, 64, 256, 1024 };
	const struct usl_fit laws[] = { law(31e6, 0.05, 0.002), law(2, 0.9, 1e-5), law(1e9, 0.3, 0.04) };

	(void)state;
	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		for (int k = 0; k < 2; k++) {
			const double *n = k ? wide : powers;
			size_t points = k ? 5 : 6;
			struct usl_fit fit;
			double x[6];

			rates(&laws[i], n, points, x);
			assert_int_equal(usl_fit(n, x, points, &fit), USL_FINE);
			assert_near(fit.gamma, laws[i].gamma, 1e-9, 0);
			assert_near(fit.sigma, laws[i].sigma, 1e-7, 0);
			assert_near(fit.kappa, laws[i].kappa, 1e-7, 1e-12);
			assert_false(fit.sigma_held || fit.kappa_held);
			assert_true(fit.misfit < 1e-9);
		}
}

static void what_it_may_not_be_is_held_at_zero(void **state)
{
	double linear[] = { 5, 10, 20, 40 }, faster[] = { 5, 11, 25, 60 };
	double amdahl[4], pairs[4];
	struct usl_fit fit, truth = law(5, 0.2, -0.004);

	(void)state;
	assert_int_equal(usl_fit(powers, linear, 4, &fit), USL_FINE);
	assert_near(fit.gamma, 5, 1e-12, 0);
	assert_near(fit.sigma, 0, 0, 1e-12);
	assert_near(fit.kappa, 0, 0, 1e-12);
	assert_true(isinf(usl_peak(&fit)));
	assert_false(fit.sigma_held || fit.kappa_held); /* zero is what the data say */

	assert_int_equal(usl_fit(powers, faster, 4, &fit), USL_FINE);
	assert_true(fit.sigma_held && fit.kappa_held && fit.sigma == 0 && fit.kappa == 0);
	assert_true(isinf(usl_peak(&fit)));
	assert_true(fit.misfit > 0.05);

	rates(&truth, powers, 4, amdahl); /* bends less than Amdahl's law */
	assert_int_equal(usl_fit(powers, amdahl, 4, &fit), USL_FINE);
	assert_true(fit.kappa_held && !fit.sigma_held && fit.kappa == 0 && fit.sigma > 0.1);

	truth = law(5, -0.02, 0.01);
	rates(&truth, powers, 4, pairs);
	assert_int_equal(usl_fit(powers, pairs, 4, &fit), USL_FINE);
	assert_true(fit.sigma_held && !fit.kappa_held && fit.kappa > 0.005);
}

/* More threads do less: the collapse of a lock. */
static void throughput_may_fall(void **state)
{
	double x[] = { 40, 5, 4, 3.9, 3.8, 3.7 }, falling[] = { 10, 4, 2, 1 };
	struct usl_fit fit;

	(void)state;
	assert_int_equal(usl_fit(powers, x, 6, &fit), USL_FINE);
	assert_true(fit.sigma > 1);
	assert_near(usl_peak(&fit), 1, 0, 0);
	assert_int_equal(usl_fit(powers, falling, 4, &fit), USL_FINE);
	assert_near(usl_peak(&fit), 1, 0, 0);
}

static void peaks(void **state)
{
	struct usl_fit fit = law(1, 0.04, 0.0006);

	(void)state;
	assert_near(usl_peak(&fit), 40, 1e-12, 0);
	assert_true(usl_rate(&fit, 40) > usl_rate(&fit, 39) && usl_rate(&fit, 40) > usl_rate(&fit, 41));
	fit = law(1, 0.9, 0.5);
	assert_near(usl_peak(&fit), 1, 0, 0);
	fit = law(1, 0.9, 0);
	assert_true(isinf(usl_peak(&fit)));
}

static void refuse(const double *n, const double *x, size_t points, enum usl_why why)
{
	struct usl_fit fit;

	assert_int_equal(usl_fit(n, x, points, &fit), why);
	assert_true(isnan(fit.gamma) && isnan(fit.sigma) && isnan(fit.kappa) && isnan(fit.misfit));
}

static void what_cannot_be_fitted_is_refused(void **state)
{
	const double x[] = { 5, 9, 16, 27 }, twice[] = { 1, 2, 2, 4 }, none[] = { 0, 1, 2, 4 };
	const double bad[] = { 0, -1, NAN, INFINITY };
	/* no count near one thread, and a curve that points below 0 there */
	const double far[] = { 8, 16, 32, 64 }, steep[] = { 64, 8, 4, 2.5 };

	(void)state;
	refuse(powers, x, 3, USL_FEW);
	refuse(powers, x, 0, USL_FEW);
	refuse(twice, x, 4, USL_NO_RATE);
	refuse(none, x, 4, USL_NO_RATE);
	for (size_t i = 0; i < 4; i++) {
		double broken[] = { 5, 9, 16, 27 };

		broken[2] = bad[i];
		refuse(powers, broken, 4, USL_NO_RATE);
	}
	refuse(far, steep, 4, USL_OPEN);
}

/* Twelve uniforms less six: near enough to a normal deviate. */
static double noise(uint64_t *rng)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(stat_rand(rng) >> 11) / (double)(1ull << 53);
	return sum;
}

struct trial {
	double x[COUNTS_MAX], draws[COUNTS_MAX][STAT_RESAMPLES], scratch[4 * STAT_RESAMPLES];
	struct usl usl;
};

/* Slices of each count with noise of 5 %, neighbours correlated by 0.3; what runner and analysis do. */
static enum usl_why try(struct trial *t, const struct usl_fit *truth, const double *n, size_t points,
			uint64_t *rng)
{
	const double *draws[COUNTS_MAX];

	for (size_t p = 0; p < points; p++) {
		double slices[SLICES], copy[SLICES], ar = noise(rng);

		for (size_t i = 0; i < SLICES; i++) {
			ar = 0.3 * ar + sqrt(1 - 0.09) * noise(rng);
			slices[i] = copy[i] = usl_rate(truth, n[p]) * exp(0.05 * ar);
		}
		t->x[p] = stat_median(copy, SLICES);
		draws[p] = t->draws[p];
		assert_int_equal(stat_draws(slices, NULL, SLICES, stat_rand(rng), t->draws[p]), 0);
	}
	return usl_estimate(n, t->x, draws, points, t->scratch, &t->usl);
}

static bool holds(const struct interval *i, double truth)
{
	return i->valid && i->lo <= truth && truth <= i->hi;
}

static void covers(double s, double k, size_t points)
{
	struct usl_fit truth = law(30e6, s, k);
	struct trial *t = calloc(1, sizeof(*t));
	unsigned g_held = 0, s_held = 0, k_held = 0, inside = 0;
	uint64_t rng = stat_mix((uint64_t)(s * 1e6) + points);
	double width = 0;

	assert_non_null(t);
	for (unsigned i = 0; i < TRIALS; i++) {
		assert_int_equal(try(t, &truth, powers, points, &rng), USL_FINE);
		g_held += holds(&t->usl.gamma, truth.gamma);
		s_held += holds(&t->usl.sigma, s);
		k_held += holds(&t->usl.kappa, k);
		inside += holds(&t->usl.sigma, t->usl.fit.sigma) && holds(&t->usl.kappa, t->usl.fit.kappa);
		width += (t->usl.gamma.hi - t->usl.gamma.lo) / truth.gamma / TRIALS;
	}
	print_message("sigma %g, kappa %g, %zu counts: gamma %u, sigma %u, kappa %u of %u, width %.3f\n", s,
		      k, points, g_held, s_held, k_held, TRIALS, width);
	assert_true(g_held >= 0.9 * TRIALS && s_held >= 0.9 * TRIALS && k_held >= 0.9 * TRIALS);
	assert_true(inside >= 0.99 * TRIALS);
	assert_true(width < 0.1); /* and they say something */
	free(t);
}

static void intervals_hold_the_truth(void **state)
{
	(void)state;
	covers(0.05, 0.002, 6);
	covers(0.3, 0, 6);
	covers(0.02, 0.02, 4);
}

static void a_peak_is_told_only_within_reach(void **state)
{
	struct trial *t = calloc(1, sizeof(*t));
	struct usl_fit truth = law(30e6, 0.04, 0.006); /* peak 12.6 */
	uint64_t rng = 1;

	(void)state;
	assert_non_null(t);
	assert_int_equal(try(t, &truth, powers, 6, &rng), USL_FINE);
	assert_int_equal(t->usl.peak_kind, USL_PEAK_TOLD);
	assert_true(t->usl.peak.valid && holds(&t->usl.peak, sqrt(0.96 / 0.006)));
	assert_true(t->usl.peak.hi < 20);
	/* the same law, of which only the first half was measured, and less */
	assert_int_equal(try(t, &truth, powers, 4, &rng), USL_FINE);
	assert_true(t->usl.peak_kind != USL_PEAK_TOLD || t->usl.peak.hi <= 16);
	truth = law(30e6, 0.05, 1e-6); /* peak 975 */
	assert_int_equal(try(t, &truth, powers, 6, &rng), USL_FINE);
	assert_false(t->usl.peak.valid);
	truth = law(30e6, 0, 1e-4); /* peak 100, more than twice 32 */
	assert_int_equal(try(t, &truth, powers, 6, &rng), USL_FINE);
	assert_false(t->usl.peak.valid);
	truth = law(30e6, 3, 0.1);
	assert_int_equal(try(t, &truth, powers, 6, &rng), USL_FINE);
	assert_true(t->usl.peak.valid && t->usl.peak.mid == 1 && t->usl.peak.hi == 1);
	free(t);
}

/* Draws that nothing bounds are larger than any bound, not left out. */
static void open_draws_refuse_the_interval(void **state)
{
	static const double far[] = { 8, 16, 32, 64 }, good[] = { 6, 9, 11, 11 };
	static const double steep[] = { 64, 8, 4, 2.5 };
	struct trial *t = calloc(1, sizeof(*t));
	const double *draws[4];

	(void)state;
	assert_non_null(t);
	for (unsigned bad = 49; bad <= 50; bad++) {
		for (size_t p = 0; p < 4; p++) {
			for (size_t i = 0; i < STAT_RESAMPLES; i++)
				t->draws[p][i] = i < bad ? steep[p] : good[p] * (1 + 1e-3 * (double)(i % 7));
			draws[p] = t->draws[p];
		}
		/* fifty of 1999 are 2.5 % */
		assert_int_equal(usl_estimate(far, good, draws, 4, t->scratch, &t->usl),
				 bad < 50 ? USL_FINE : USL_OPEN);
	}
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_data_give_the_law_back),
		cmocka_unit_test(what_it_may_not_be_is_held_at_zero),
		cmocka_unit_test(throughput_may_fall),
		cmocka_unit_test(peaks),
		cmocka_unit_test(what_cannot_be_fitted_is_refused),
		cmocka_unit_test(intervals_hold_the_truth),
		cmocka_unit_test(a_peak_is_told_only_within_reach),
		cmocka_unit_test(open_draws_refuse_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
