#include "stat/verdict.h"

#include <math.h>
#include <stdlib.h>

/* How the ratio lies to the margin: -1 entirely below, +1 entirely above, 0 neither. */
static int beyond_ratio(const struct interval *ratio, double relative)
{
	if (ratio->lo > 1 + relative)
		return 1;
	return ratio->hi < 1 / (1 + relative) ? -1 : 0;
}

/* The same of the difference; without an absolute margin the ratio alone decides. */
static bool beyond_difference(const struct interval *difference, double absolute, int side)
{
	if (!(absolute > 0))
		return true;
	if (!difference->valid)
		return false;
	return side > 0 ? difference->lo > absolute : difference->hi < -absolute;
}

static bool inside(const struct interval *i, double least, double most)
{
	return i->valid && i->lo >= least && i->hi <= most;
}

enum stat_verdict stat_judge(const struct stat_test *t, const struct stat_margin *m)
{
	int side;

	if (inside(&t->ratio, 1 / (1 + m->relative), 1 + m->relative))
		return STAT_SAME;
	if (m->absolute > 0 && inside(&t->difference, -m->absolute, m->absolute))
		return STAT_SAME;
	if (!t->ratio.valid)
		return STAT_UNSURE;
	side = beyond_ratio(&t->ratio, m->relative);
	if (!side || !beyond_difference(&t->difference, m->absolute, side))
		return STAT_UNSURE;
	return (side > 0) == m->more_is_better ? STAT_BETTER : STAT_WORSE;
}

const char *stat_verdict_name(enum stat_verdict v)
{
	switch (v) {
	case STAT_SAME:
		return "same";
	case STAT_BETTER:
		return "better";
	case STAT_WORSE:
		return "worse";
	case STAT_UNSURE:
		break;
	}
	return "unsure";
}

static int by_p(const void *a, const void *b)
{
	double x = **(const double *const *)a, y = **(const double *const *)b;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x > y) - (x < y);
}

int stat_holm(const double *p, size_t n, double *adjusted)
{
	const double **order = calloc(n + 1, sizeof(*order));
	double most = 0;

	if (!order)
		return -1;
	for (size_t i = 0; i < n; i++)
		order[i] = &p[i];
	qsort(order, n, sizeof(*order), by_p);
	for (size_t i = 0; i < n; i++) {
		most = fmax(most, fmin(1, (double)(n - i) * *order[i]));
		adjusted[order[i] - p] = isnan(*order[i]) ? NAN : most;
	}
	free(order);
	return 0;
}

double stat_look_alpha(unsigned looks)
{
	/* Pocock, Biometrika 64, 1977, table 1: nominal levels for 5 % over all, two-sided */
	static const double level[] = { 0.05, 0.0294, 0.0221, 0.0182, 0.0158 };

	if (looks <= 1)
		return level[0];
	return looks <= 5 ? level[looks - 1] : 0.05 / looks; /* Bonferroni: no table, still honest */
}

size_t stat_pairs_needed(double alpha, size_t tests)
{
	size_t n = STAT_UNITS_MIN;
	double level = alpha / (double)(tests ? tests : 1);

	/* all signs alike, either way: 2 of 2^n patterns */
	while (n < 1000 && ldexp(1, 1 - (int)n) > level)
		n++;
	return n;
}
