/*
 * stat_values - answers one request a line, so that check_scipy.py can hold src/stat against SciPy.
 *
 *   rate EVENTS EXPOSURE            -> mid lo hi valid
 *   median N x1 ... xN              -> median
 *   jain N x1 ... xN                -> index
 *   quantile Q N x1 ... xN          -> value supported (through a histogram)
 *   ratio SEED PROCESSES TABLES N b1 ... bN -> mid lo hi valid; a is 1, equal runs of pairs by process
 *                                      and, of those, by table
 *   series SEED PROCESSES N x1 ... xN   -> mid lo hi valid
 *   ranks N x1 ... xN               -> p of the signed-rank test
 *   holm N p1 ... pN                -> adjusted p of each
 *   tails K N SHARE                 -> chances of at most, at least K of N tries
 *   binomial N SHARE P              -> quantile
 *   enclose Q ALPHA N x1 ... xN     -> mid lo hi valid (through a histogram)
 *   counts ALPHA N, then events and exposure of a and of b in each of N / 4 pairs
 *                                   -> p, mid lo hi valid of the ratio, of the difference
 *   usl N n1 x1 ... nN xN           -> why gamma sigma kappa misfit (N counts the numbers)
 *   uslint SEED POINTS N n1 ... nP, then the slices of each point -> why, and lo hi of gamma sigma kappa
 */
#include "stat/beta.h"
#include "stat/usl.h"
#include "stat/verdict.h"

#include <inttypes.h>
#include <math.h>
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

static const struct histogram *read_histogram(void)
{
	static struct histogram h;
	size_t n = read_values();

	memset(&h, 0, sizeof(h));
	for (size_t i = 0; i < n; i++)
		hist_record(&h, (uint64_t)value[i]);
	return &h;
}

static void answer_quantile(void)
{
	const struct histogram *h;
	double q;

	if (scanf("%lf", &q) != 1)
		give_up("bad quantile");
	h = read_histogram();
	printf("%" PRIu64 " %d\n", hist_quantile(h, q), hist_supports(h, q));
}

static void answer_enclose(void)
{
	double q, alpha;

	if (scanf("%lf %lf", &q, &alpha) != 2)
		give_up("bad quantile");
	print_interval(stat_quantile(read_histogram(), q, alpha));
}

static void answer_ranks(void)
{
	size_t n = read_values();

	printf("%.17g\n", stat_signed_rank(value, n));
}

static void answer_holm(void)
{
	static double adjusted[MAX_VALUES];
	size_t n = read_values();

	if (stat_holm(value, n, adjusted))
		give_up("out of memory");
	for (size_t i = 0; i < n; i++)
		printf("%.17g%c", adjusted[i], i + 1 < n ? ' ' : '\n');
}

static void answer_tails(void)
{
	double k, n, share;

	if (scanf("%lf %lf %lf", &k, &n, &share) != 3)
		give_up("bad tails");
	share = log(share) - log1p(-share);
	printf("%.17g %.17g\n", binomial_most(k, n, share), binomial_least(k, n, share));
}

static void answer_binomial(void)
{
	double share, p;
	uint64_t n;

	if (scanf("%" SCNu64 " %lf %lf", &n, &share, &p) != 3)
		give_up("bad binomial");
	printf("%" PRIu64 "\n", binomial_quantile(n, share, p));
}

static void answer_counts(void)
{
	static struct stat_count_pair counts[MAX_VALUES / 4];
	struct stat_test t;
	double alpha;
	size_t n;

	if (scanf("%lf", &alpha) != 1)
		give_up("bad alpha");
	n = read_values() / 4;
	for (size_t i = 0; i < n; i++)
		counts[i] = (struct stat_count_pair){
			.events_a = (uint64_t)value[4 * i], .exposure_a = value[4 * i + 1],
			.events_b = (uint64_t)value[4 * i + 2], .exposure_b = value[4 * i + 3],
		};
	if (stat_test_counts(counts, n, alpha, 1, &t))
		give_up("out of memory");
	printf("%.17g %.17g %.17g %.17g %d %.17g %.17g %.17g %d\n", t.p, t.ratio.mid, t.ratio.lo,
	       t.ratio.hi, t.ratio.valid, t.difference.mid, t.difference.lo, t.difference.hi,
	       t.difference.valid);
}

static void answer_interval(int paired)
{
	struct interval out;
	uint64_t seed;
	size_t n, processes, tables = 1;
	int rc;

	if (scanf("%" SCNu64 " %zu", &seed, &processes) != 2 || !processes ||
	    (paired && scanf("%zu", &tables) != 1))
		give_up("bad interval");
	n = read_values();
	for (size_t i = 0; i < n; i++) {
		process[i] = (uint32_t)(i * processes / n);
		pair[i] = (struct stat_pair){
			.a = 1, .b = value[i], .process = process[i],
			.table = (uint32_t)(i * processes * tables / n % tables),
		};
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

static void answer_median(void)
{
	size_t n = read_values();

	printf("%.17g\n", stat_median(value, n));
}

static void answer_jain(void)
{
	size_t n = read_values();

	printf("%.17g\n", stat_jain(value, n));
}

static void answer_ratio(void)
{
	answer_interval(1);
}

static void answer_series(void)
{
	answer_interval(0);
}

int main(void)
{
	static const struct {
		const char *what;
		void (*answer)(void);
	} requests[] = {
		{ "rate", answer_rate },         { "median", answer_median },
		{ "jain", answer_jain },         { "quantile", answer_quantile },
		{ "ratio", answer_ratio },       { "series", answer_series },
		{ "ranks", answer_ranks },       { "holm", answer_holm },
		{ "tails", answer_tails },       { "binomial", answer_binomial },
		{ "enclose", answer_enclose },   { "counts", answer_counts },
		{ "usl", answer_usl },           { "uslint", answer_usl_interval },
	};
	char what[16];

	while (scanf("%15s", what) == 1) {
		size_t i = 0, n = sizeof(requests) / sizeof(*requests);

		while (i < n && strcmp(what, requests[i].what))
			i++;
		if (i == n)
			give_up("unknown request");
		requests[i].answer();
	}
	return 0;
}
