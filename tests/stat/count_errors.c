/*
 * count_errors - how often tests of counts err, on generated ones: pooled and clumped. Exit: 0 fine, 1 a
 * rate is not what docs/gate.md promises; `--table` prints its figures.
 */
#include "stat/beta.h"
#include "stat/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05

struct errors {
	unsigned trials, ratio, difference, p, found; /* found: twice as many in b */
};

static uint64_t rng;

static double uniform(void)
{
	return ((double)(stat_rand(&rng) >> 11) + 0.5) * 0x1p-53;
}

/* A process is lucky or not: its rate has the coefficient of variation cv (lognormal). */
static double luck(double cv)
{
	double s = sqrt(log(1 + cv * cv)), x = sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());

	return exp(s * x - s * s / 2);
}

static uint64_t poisson(double mean)
{
	uint64_t n = 0;

	for (double t = -log(uniform()); t < mean; t -= log(uniform()))
		n++;
	return n;
}

static struct stat_test test(size_t n, double mean, double cv, double factor)
{
	struct stat_count_pair pairs[64];
	struct stat_test t;

	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct stat_count_pair){ poisson(mean * luck(cv)),
						     poisson(factor * mean * luck(cv)), 1, 1 };
	if (stat_test_counts(pairs, n, ALPHA, stat_rand(&rng), &t))
		abort();
	return t;
}

static bool excludes(const struct interval *i, double value)
{
	return i->valid && (i->lo > value || i->hi < value);
}

static struct errors measure(size_t n, double mean, double cv, unsigned trials)
{
	struct errors e = { .trials = trials };

	for (unsigned i = 0; i < trials; i++) {
		struct stat_test t;

		rng = stat_mix(i);
		t = test(n, mean, cv, 1);
		e.ratio += excludes(&t.ratio, 1);
		e.difference += excludes(&t.difference, 0);
		e.p += t.p <= ALPHA;
		t = test(n, mean, cv, 2);
		e.found += t.ratio.valid && t.ratio.lo > 1;
	}
	return e;
}

static bool quiet(unsigned k, unsigned n)
{
	return binomial_least(k, n, log(ALPHA / (1 - ALPHA))) > 0.001; /* of 36 cells */
}

int main(int argc, char **argv)
{
	static const double means[] = { 0.3, 2, 10, 40 }, cvs[] = { 0, 0.3, 1 };
	static const size_t sizes[] = { 6, 12, 48 };
	bool table = argc > 1 && !strcmp(argv[1], "--table"), ok = true;

	puts("| processes differ by | events a process | pairs | misses: ratio | difference | p | doubled, found |");
	for (unsigned c = 0; c < 36; c++) {
		double cv = cvs[c / 12], mean = means[c / 3 % 4];
		struct errors e = measure(sizes[c % 3], mean, cv, table ? 4000 : 500);
		double all = e.trials / 100.0;

		printf("| %.0f %% | %g | %zu | %.1f %% | %.1f %% | %.1f %% | %.0f %% |\n", 100 * cv, mean,
		       sizes[c % 3], e.ratio / all, e.difference / all, e.p / all, e.found / all);
		ok &= quiet(e.ratio, e.trials) && quiet(e.difference, e.trials) && quiet(e.p, e.trials);
		ok &= cv > 0.5 || sizes[c % 3] < 12 || mean < 10 || e.found > 0.9 * e.trials;
	}
	return ok ? 0 : 1;
}
