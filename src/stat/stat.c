#include "stat/stat.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stat_median(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), compare_doubles);
	return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

double stat_jain(const double *x, size_t n)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		sum += x[i];
		squares += x[i] * x[i];
	}
	return squares > 0 ? sum * sum / ((double)n * squares) : 1;
}

enum stat_verdict stat_verdict(const struct interval *ratio, double margin, bool more_is_better)
{
	double least = 1 / (1 + margin), most = 1 + margin;

	if (!ratio->valid)
		return STAT_UNSURE;
	if (ratio->lo >= least && ratio->hi <= most)
		return STAT_SAME;
	if (ratio->lo > most)
		return more_is_better ? STAT_BETTER : STAT_WORSE;
	if (ratio->hi < least)
		return more_is_better ? STAT_WORSE : STAT_BETTER;
	return STAT_UNSURE;
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
