/*
 * stat_values - answers one request a line, so that check_scipy.py can hold src/stat against SciPy.
 *
 *   rate EVENTS EXPOSURE            -> mid lo hi valid
 *   median N x1 ... xN              -> median
 *   mad N x1 ... xN                 -> median absolute deviation
 *   jain N x1 ... xN                -> index
 *   quantile Q N x1 ... xN          -> value supported (through a histogram)
 *   ratio SEED PROCESSES N b1 ... bN    -> mid lo hi valid; a is 1, equal runs of pairs by process
 *   series SEED PROCESSES N x1 ... xN   -> mid lo hi valid
 *   usl N n1 x1 ... nN xN           -> why gamma sigma kappa misfit (N counts the numbers)
 *   uslint SEED POINTS N n1 ... nP, then the slices of each point -> why, and lo hi of gamma sigma kappa
 */
#include "stat/histogram.h"
#include "stat/stat.h"
#include "stat/usl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUES 100000u

static double value[MAX_VALUES];
static uint32_t process[MAX_VALUES];
static struct stat_pair pair[MAX_VALUES];

static void give_up(const char *why)
{
	fprintf(stderr, "stat_values: %s\n", why);
	exit(1);
}

static size_t read_values(void)
{
	size_t n;

	if (scanf("%zu", &n) != 1 || n > MAX_VALUES)
		give_up("bad count");
	for (size_t i = 0; i < n; i++)
		if (scanf("%lf", &value[i]) != 1)
			give_up("bad value");
	return n;
}

static void print_interval(struct interval x)
{
	printf("%.17g %.17g %.17g %d\n", x.mid, x.lo, x.hi, x.valid);
}

static void answer_rate(void)
{
	uint64_t events;
	double exposure;

	if (scanf("%" SCNu64 " %lf", &events, &exposure) != 2)
		give_up("bad rate");
	print_interval(stat_rate(events, exposure));
}

static void answer_quantile(void)
{
	static struct histogram h;
	double q;
	size_t n;

	if (scanf("%lf", &q) != 1)
		give_up("bad quantile");
	n = read_values();
	memset(&h, 0, sizeof(h));
	for (size_t i = 0; i < n; i++)
		hist_record(&h, (uint64_t)value[i]);
	printf("%" PRIu64 " %d\n", hist_quantile(&h, q), hist_supports(&h, q));
}

static void answer_interval(int paired)
{
	struct interval out;
	uint64_t seed;
	size_t n, processes;
	int rc;

	if (scanf("%" SCNu64 " %zu", &seed, &processes) != 2 || !processes)
		give_up("bad interval");
	n = read_values();
	for (size_t i = 0; i < n; i++) {
		process[i] = (uint32_t)(i * processes / n);
		pair[i] = (struct stat_pair){ .a = 1, .b = value[i], .process = process[i] };
	}
	rc = paired ? stat_paired(pair, n, STAT_RATIO, seed, &out)
		    : stat_series(value, process, n, seed, &out);
	if (rc)
		give_up("out of memory");
	print_interval(out);
}

static void answer_usl(void)
{
	double n[USL_POINTS_MAX], x[USL_POINTS_MAX];
	size_t points = read_values() / 2;
	struct usl_fit fit;
	int why;

	if (points > USL_POINTS_MAX)
		give_up("too many points");
	for (size_t i = 0; i < points; i++) {
		n[i] = value[2 * i];
		x[i] = value[2 * i + 1];
	}
	why = usl_fit(n, x, points, &fit);
	printf("%d %.17g %.17g %.17g %.17g\n", why, fit.gamma, fit.sigma, fit.kappa, fit.misfit);
}

static void answer_usl_interval(void)
{
	static double draws[USL_POINTS_MAX][STAT_RESAMPLES], scratch[4 * STAT_RESAMPLES];
	const double *rows[USL_POINTS_MAX];
	double x[USL_POINTS_MAX];
	size_t points, slices;
	struct usl usl = { 0 };
	uint64_t seed;
	int why;

	if (scanf("%" SCNu64 " %zu", &seed, &points) != 2 || !points || points > USL_POINTS_MAX)
		give_up("bad points");
	slices = read_values() / points - 1;
	for (size_t p = 0; p < points; p++) {
		double *mine = value + points + p * slices;

		if (stat_draws(mine, NULL, slices, stat_mix(seed + p), draws[p]))
			give_up("out of memory");
		rows[p] = draws[p];
		x[p] = stat_median(mine, slices);
	}
	why = usl_estimate(value, x, rows, points, scratch, &usl);
	printf("%d %.17g %.17g %.17g %.17g %.17g %.17g\n", why, usl.gamma.lo, usl.gamma.hi, usl.sigma.lo,
	       usl.sigma.hi, usl.kappa.lo, usl.kappa.hi);
}

int main(void)
{
	char what[16];

	while (scanf("%15s", what) == 1) {
		if (!strcmp(what, "rate"))
			answer_rate();
		else if (!strcmp(what, "median"))
			printf("%.17g\n", stat_median(value, read_values()));
		else if (!strcmp(what, "jain"))
			printf("%.17g\n", stat_jain(value, read_values()));
		else if (!strcmp(what, "quantile"))
			answer_quantile();
		else if (!strcmp(what, "ratio"))
			answer_interval(1);
		else if (!strcmp(what, "series"))
			answer_interval(0);
		else if (!strcmp(what, "usl"))
			answer_usl();
		else if (!strcmp(what, "uslint"))
			answer_usl_interval();
		else
			give_up("unknown request");
	}
	return 0;
}
