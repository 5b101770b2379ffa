#include "stat/usl.h"

#include <math.h>

#define TERMS 3u
#define ALL_TERMS 7u /* a bit each: 1, N - 1, N (N - 1) */
/* A column of which less is left after taking out the others says nothing of its own. */
#define INDEPENDENT 1e-12
#define ROUNDING 1e-10 /* a sigma or kappa below is 0 */

struct problem {
	size_t points;
	double column[TERMS][USL_POINTS_MAX]; /* 1, N - 1, N (N - 1), each over N / X */
};

static double dot(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void take_out(double *from, const double *unit, double much, size_t n)
{
	for (size_t i = 0; i < n; i++)
		from[i] -= much * unit[i];
}

/* A triangle r and what of the right side, all ones, lies along each of its orthogonal columns. */
struct triangle {
	double q[TERMS][USL_POINTS_MAX], r[TERMS][TERMS], z[TERMS];
};

/* Column j made orthogonal to those before it (modified Gram-Schmidt). False: nothing is left of it. */
static bool add_column(const struct problem *p, unsigned used, unsigned j, struct triangle *t)
{
	double before = sqrt(dot(p->column[j], p->column[j], p->points));

	for (size_t i = 0; i < p->points; i++)
		t->q[j][i] = p->column[j][i];
	for (unsigned k = 0; k < j; k++)
		if (used & 1u << k) {
			t->r[k][j] = dot(t->q[k], t->q[j], p->points);
			take_out(t->q[j], t->q[k], t->r[k][j], p->points);
		}
	t->r[j][j] = sqrt(dot(t->q[j], t->q[j], p->points));
	if (!(t->r[j][j] > INDEPENDENT * before))
		return false;
	for (size_t i = 0; i < p->points; i++)
		t->q[j][i] /= t->r[j][j];
	return true;
}

/* Squares left over, or INFINITY where columns depend on each other. Unused coefficients are 0. */
static double least_squares(const struct problem *p, unsigned used, double coef[TERMS])
{
	struct triangle t = { 0 };
	double rest[USL_POINTS_MAX];

	for (size_t i = 0; i < p->points; i++)
		rest[i] = 1;
	for (unsigned j = 0; j < TERMS; j++) {
		if (!(used & 1u << j))
			continue;
		if (!add_column(p, used, j, &t))
			return INFINITY;
		t.z[j] = dot(t.q[j], rest, p->points);
		take_out(rest, t.q[j], t.z[j], p->points);
	}
	for (unsigned j = TERMS; j--;) {
		coef[j] = 0;
		if (!(used & 1u << j))
			continue;
		for (unsigned k = j + 1; k < TERMS; k++)
			t.z[j] -= t.r[j][k] * coef[k];
		coef[j] = t.z[j] / t.r[j][j];
	}
	return dot(rest, rest, p->points);
}

/*
 * The best way to keep all three from below 0, as the columns it uses: where the first is not among
 * them, the best rate of one thread is infinite.
 */
static unsigned constrained(const struct problem *p, double best[TERMS])
{
	double least = INFINITY;
	unsigned used = 0;

	/* the way that holds nothing is best where it is allowed */
	for (unsigned way = ALL_TERMS; way && used != ALL_TERMS; way--) {
		double coef[TERMS] = { 0 }, squares = least_squares(p, way, coef);

		if (!(squares < least))
			continue;
		for (unsigned j = 1; j < TERMS; j++)
			if (fabs(coef[j]) < ROUNDING * coef[0])
				coef[j] = 0; /* not held there, only found */
		if (coef[0] < 0 || coef[1] < 0 || coef[2] < 0)
			continue;
		least = squares;
		used = way;
		for (unsigned j = 0; j < TERMS; j++)
			best[j] = coef[j];
	}
	return used;
}

static bool positive(double v)
{
	return isfinite(v) && v > 0;
}

static enum usl_why check(const double *n, const double *x, size_t points)
{
	if (points < USL_POINTS_MIN || points > USL_POINTS_MAX)
		return USL_FEW;
	for (size_t i = 0; i < points; i++) {
		if (!positive(x[i]) || !(n[i] >= 1) || !isfinite(n[i]))
			return USL_NO_RATE;
		for (size_t j = 0; j < i; j++)
			if (n[j] == n[i])
				return USL_NO_RATE;
	}
	return USL_FINE;
}

double usl_rate(const struct usl_fit *fit, double n)
{
	return fit->gamma * n / (1 + fit->sigma * (n - 1) + fit->kappa * n * (n - 1));
}

double usl_peak(const struct usl_fit *fit)
{
	if (fit->sigma > 1)
		return 1;
	return fit->kappa > 0 ? fmax(1, sqrt((1 - fit->sigma) / fit->kappa)) : INFINITY;
}

static void set_columns(struct problem *p, const double *n, const double *x, size_t points)
{
	p->points = points;
	for (size_t i = 0; i < points; i++) {
		double weight = x[i] / n[i]; /* relative residuals: noise grows with the rate */

		p->column[0][i] = weight;
		p->column[1][i] = weight * (n[i] - 1);
		p->column[2][i] = weight * n[i] * (n[i] - 1);
	}
}

static struct usl_fit fit_of(const double coef[TERMS], unsigned used)
{
	return (struct usl_fit){ .gamma = 1 / coef[0], .sigma = coef[1] / coef[0],
				 .kappa = coef[2] / coef[0], .sigma_held = !(used & 2),
				 .kappa_held = !(used & 4) };
}

enum usl_why usl_fit(const double *n, const double *x, size_t points, struct usl_fit *out)
{
	enum usl_why why = check(n, x, points);
	struct problem p;
	double coef[TERMS] = { 0 };
	unsigned used;

	*out = (struct usl_fit){ .gamma = NAN, .sigma = NAN, .kappa = NAN, .misfit = NAN };
	if (why)
		return why;
	set_columns(&p, n, x, points);
	used = constrained(&p, coef);
	if (!(used & 1) || !(coef[0] > 0))
		return USL_OPEN;
	*out = fit_of(coef, used);
	for (size_t i = 0; i < points; i++)
		out->misfit = fmax(out->misfit, fabs(usl_rate(out, n[i]) / x[i] - 1));
	return USL_FINE;
}

/*
 * Of one resample, free to go below 0: a bootstrap of what is held at a bound misses more often than it
 * says (Andrews, Econometrica 68, 2000), cutting the interval off at the bound does not. Where nothing
 * bounds the coefficients they are larger than any bound.
 */
static void fit_draw(const double *n, const double *const *draws, size_t points, size_t i,
		     double *scratch)
{
	double x[USL_POINTS_MAX], coef[TERMS], *values = scratch + i;
	struct usl_fit fit = { .gamma = INFINITY, .sigma = INFINITY, .kappa = INFINITY };
	struct problem p;

	for (size_t j = 0; j < points; j++)
		x[j] = draws[j][i];
	set_columns(&p, n, x, points);
	if (isfinite(least_squares(&p, ALL_TERMS, coef)) && coef[0] > 0)
		fit = fit_of(coef, ALL_TERMS);
	values[0] = fit.gamma;
	values[STAT_RESAMPLES] = fit.sigma;
	values[2 * STAT_RESAMPLES] = fit.kappa;
	values[3 * STAT_RESAMPLES] = usl_peak(&fit);
}

/* The fit itself, held at 0 perhaps, is always inside. */
static struct interval from_draws(double mid, double *draws, size_t points)
{
	struct interval i = stat_from_draws(mid, draws, points);

	i.lo = fmin(fmax(i.lo, 0), mid);
	i.hi = fmax(i.hi, mid);
	return i;
}

static void judge_peak(struct usl *out, double most)
{
	out->reach = USL_REACH * most;
	out->peak_kind = fmax(out->peak.mid, out->peak.hi) <= out->reach ? USL_PEAK_TOLD :
			 out->peak.lo > out->reach ? USL_PEAK_BEYOND : USL_PEAK_UNSURE;
	out->peak.valid = out->peak_kind == USL_PEAK_TOLD;
}

enum usl_why usl_estimate(const double *n, const double *x, const double *const *draws,
			  size_t points, double *scratch, struct usl *out)
{
	enum usl_why why = usl_fit(n, x, points, &out->fit);
	double most = 0;

	if (why)
		return why;
	for (size_t i = 0; i < STAT_RESAMPLES; i++)
		fit_draw(n, draws, points, i, scratch);
	out->gamma = from_draws(out->fit.gamma, scratch, points);
	out->sigma = from_draws(out->fit.sigma, scratch + STAT_RESAMPLES, points);
	out->kappa = from_draws(out->fit.kappa, scratch + 2 * STAT_RESAMPLES, points);
	out->peak = from_draws(usl_peak(&out->fit), scratch + 3 * STAT_RESAMPLES, points);
	if (!isfinite(out->gamma.hi) || !isfinite(out->sigma.hi) || !isfinite(out->kappa.hi)) {
		*out = (struct usl){ .fit = out->fit };
		return USL_OPEN;
	}
	for (size_t p = 0; p < points; p++)
		most = fmax(most, n[p]);
	judge_peak(out, most);
	return USL_FINE;
}
