/*
 * test.c - one metric of two sides, from its pairs: as a measurement, or as a count.
 */
#include "stat/beta.h"
#include "stat/verdict.h"

#include <math.h>
#include <stdlib.h>

#define EVENTS_MIN 100u /* of a side of a pair: below, its rate is noise */

static int test_p(const struct stat_pair *pairs, size_t n, double *p)
{
	double *x = malloc(n * sizeof(*x));

	if (!x)
		return -1;
	for (size_t i = 0; i < n; i++)
		x[i] = log(pairs[i].b / pairs[i].a);
	*p = stat_signed_rank(x, n);
	free(x);
	return isnan(*p) ? -1 : 0;
}

int stat_test_pairs(const struct stat_pair *pairs, size_t n, double alpha, uint64_t seed,
		    struct stat_test *out)
{
	*out = (struct stat_test){ .p = NAN };
	if (stat_paired_at(pairs, n, STAT_RATIO, alpha, seed, &out->ratio) ||
	    stat_paired_at(pairs, n, STAT_DIFFERENCE, alpha, seed, &out->difference))
		return -1;
	return n < STAT_UNITS_MIN ? 0 : test_p(pairs, n, &out->p);
}

struct totals {
	uint64_t events_a, events_b;
	double exposure_a, exposure_b;
};

static struct totals add_up(const struct stat_count_pair *pairs, size_t n)
{
	struct totals t = { 0 };

	for (size_t i = 0; i < n; i++) {
		t.events_a += pairs[i].events_a;
		t.events_b += pairs[i].events_b;
		t.exposure_a += pairs[i].exposure_a;
		t.exposure_b += pairs[i].exposure_b;
	}
	return t;
}

static double off_squared(uint64_t events, double expected)
{
	double off = (double)events - expected;

	return expected > 0 ? off * off / expected : 0;
}

/*
 * How many times more than chance the pairs differ: Pearson's chi-square over its degrees of freedom,
 * of the events of either side among its parts, and of how the two share those of a pair. The largest,
 * at least 1; each side by itself, because where one has hardly any events the shares tell nothing.
 */
static double clumping(const struct stat_count_pair *pairs, size_t n, const struct totals *t)
{
	double a = 0, b = 0, shares = 0, rate_a = (double)t->events_a / t->exposure_a,
	       rate_b = (double)t->events_b / t->exposure_b;

	for (size_t i = 0; i < n; i++) {
		const struct stat_count_pair *p = &pairs[i];
		double want_a = rate_a * p->exposure_a, want_b = rate_b * p->exposure_b;
		double both = (double)(p->events_a + p->events_b) / (want_a + want_b);

		a += off_squared(p->events_a, want_a);
		b += off_squared(p->events_b, want_b);
		shares += off_squared(p->events_a, want_a * both);
		shares += off_squared(p->events_b, want_b * both);
	}
	return fmax(1, fmax(shares, fmax(a, b)) / (double)(n - 1));
}

/*
 * b's share of all events is binomial where the rates are equal (Przyborowski & Wilenski 1940). What
 * clumps is worth so many fewer events (Rao & Scott 1992).
 */
static void test_shares(const struct totals *t, double clump, double alpha, struct stat_test *out)
{
	double a = (double)t->events_a / clump, b = (double)t->events_b / clump, n = a + b;
	double exposures = t->exposure_a / t->exposure_b, even = -log(exposures);

	out->p = fmin(1, 2 * fmin(binomial_most(b, n, even), binomial_least(b, n, even)));
	out->ratio = (struct interval){
		.mid = (double)t->events_b / (double)t->events_a * exposures,
		.lo = b > 0 ? exposures * exp(beta_log_odds(b, a + 1, alpha / 2)) : 0,
		.hi = a > 0 ? exposures * exp(beta_log_odds(b + 1, a, 1 - alpha / 2)) : INFINITY,
		.n = (size_t)(t->events_a + t->events_b),
		.valid = true,
	};
}

static void test_difference(const struct totals *t, double clump, double alpha,
			    struct stat_test *out)
{
	struct interval a = stat_rate_at(t->events_a, t->exposure_a, alpha);
	struct interval b = stat_rate_at(t->events_b, t->exposure_b, alpha);
	double wide = sqrt(clump);

	out->difference = (struct interval){
		.mid = b.mid - a.mid,
		.lo = b.mid - a.mid - wide * hypot(b.mid - b.lo, a.hi - a.mid),
		.hi = b.mid - a.mid + wide * hypot(b.hi - b.mid, a.mid - a.lo),
		.n = (size_t)(t->events_a + t->events_b),
		.valid = true,
	};
}

static int test_rates(const struct stat_count_pair *counts, size_t n, double alpha, uint64_t seed,
		      struct stat_test *out)
{
	struct stat_pair *pairs = calloc(n, sizeof(*pairs));
	int err = -1;

	if (pairs) {
		for (size_t i = 0; i < n; i++)
			pairs[i] = (struct stat_pair){
				.a = (double)counts[i].events_a / counts[i].exposure_a,
				.b = (double)counts[i].events_b / counts[i].exposure_b,
			};
		err = stat_test_pairs(pairs, n, alpha, seed, out);
	}
	free(pairs);
	return err;
}

int stat_test_counts(const struct stat_count_pair *pairs, size_t n, double alpha, uint64_t seed,
		     struct stat_test *out)
{
	struct totals t = add_up(pairs, n);
	bool many = n >= STAT_UNITS_MIN;
	double clump;

	*out = (struct stat_test){ .p = NAN };
	for (size_t i = 0; i < n && many; i++)
		many = pairs[i].events_a >= EVENTS_MIN && pairs[i].events_b >= EVENTS_MIN;
	if (many)
		return test_rates(pairs, n, alpha, seed, out);
	if (n < STAT_UNITS_MIN)
		return 0;
	clump = t.events_a + t.events_b ? clumping(pairs, n, &t) : 1;
	test_difference(&t, clump, alpha, out);
	if (t.events_a + t.events_b)
		test_shares(&t, clump, alpha, out);
	else
		out->p = 1;
	return 0;
}
