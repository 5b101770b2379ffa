/*
 * rate.c - the exact interval of a Poisson count (Garwood, Biometrika 28, 1936): its ends are the
 * 2.5 % quantile of the gamma distribution of shape k and the 97.5 % quantile of shape k + 1.
 */
#include "stat/beta.h"
#include "stat/stat.h"

#include <math.h>

#define LARGE_SHAPE 10000.0

/*
 * Cornish-Fisher expansion of the gamma quantile at normal quantile z. The first term left out is
 * below 0.1 * shape^-2.5 of the result: under 1e-11 from LARGE_SHAPE on.
 */
static double quantile_large(double shape, double z)
{
	double z2 = z * z, root = sqrt(shape);

	return shape + z * root + (z2 - 1) / 3 + z * (z2 - 7) / (36 * root) -
	       ((3 * z2 + 7) * z2 - 16) / (810 * shape);
}

/* x^shape e^-x / Gamma(shape), by way of logarithms: no factor need fit a double. */
static double density_times_x(double shape, double x)
{
	int sign; /* lgamma() would write the process-wide signgam */

	return exp(shape * log(x) - x - lgamma_r(shape, &sign));
}

/* Lower tail by its series (Abramowitz & Stegun 6.5.29); converges fast for x < shape + 1. */
static double lower_tail(double shape, double x)
{
	double term = 1 / shape, sum = term;

	for (double n = 1; term > sum * 1e-17; n++) {
		term *= x / (shape + n);
		sum += term;
	}
	return density_times_x(shape, x) * sum;
}

/*
 * Upper tail by its continued fraction (A&S 6.5.31), evaluated by Lentz's method; converges for
 * x > shape + 1, and the 97.5 % quantile always is.
 */
static double upper_tail(double shape, double x)
{
	double b = x + 1 - shape, c = INFINITY, d = 1 / b, fraction = d, step = 0;

	for (double n = 1; fabs(step - 1) > 1e-16 && n < 10 * LARGE_SHAPE; n++) {
		double a = n * (shape - n);

		b += 2;
		d = 1 / (b + a * d);
		c = b + a / c;
		step = c * d;
		fraction *= step;
	}
	return density_times_x(shape, x) * fraction;
}

/*
 * The x that leaves `tail` below it (z < 0) or above it (z > 0), z being the normal quantile of that:
 * Newton on the logarithm of the tail, which is concave and so has no second root to fall into, from
 * Wilson and Hilferty's cube.
 */
static double quantile(double shape, double tail, double z)
{
	if (shape >= LARGE_SHAPE)
		return quantile_large(shape, z);

	double cube = 1 - 1 / (9 * shape) + z / (3 * sqrt(shape)), x = shape * cube * cube * cube;

	for (int i = 0; i < 50; i++) {
		double have = z < 0 ? lower_tail(shape, x) : upper_tail(shape, x);
		double slope = density_times_x(shape, x) / x / have;
		double step = log(have / tail) / slope;

		x += z < 0 ? -step : step;
		if (fabs(step) <= 1e-13 * x)
			break;
	}
	return x;
}

struct interval stat_rate_at(uint64_t events, double exposure, double alpha)
{
	struct interval rate = { .n = (size_t)events };
	double tail = alpha / 2, z = normal_above(tail);

	if (!(exposure > 0))
		return rate;
	rate.valid = true;
	rate.mid = (double)events / exposure;
	if (events)
		rate.lo = quantile((double)events, tail, -z) / exposure;
	rate.hi = quantile((double)events + 1, tail, z) / exposure;
	return rate;
}

struct interval stat_rate(uint64_t events, double exposure)
{
	struct interval rate = stat_rate_at(events, exposure, STAT_ALPHA);

	if (rate.valid && !events)
		rate.hi = 3 / exposure;
	return rate;
}

/* Pearson's chi-square over n - 1, of parts merged while they share a process when `merge`. */
static double dispersion(const struct stat_part *parts, size_t n, double rate, bool merge)
{
	double chi2 = 0;
	size_t units = 0;

	for (size_t i = 0; i < n;) {
		double events = 0, expected = 0;
		uint32_t process = parts[i].process;

		do {
			events += (double)parts[i].events;
			expected += parts[i].exposure * rate;
			i++;
		} while (merge && i < n && parts[i].process == process);
		if (expected > 0) {
			chi2 += (events - expected) * (events - expected) / expected;
			units++;
		}
	}
	return units < 3 ? 1 : chi2 / (double)(units - 1);
}

struct interval stat_rate_parts(const struct stat_part *parts, size_t n)
{
	struct interval rate;
	uint64_t events = 0;
	double exposure = 0, phi;

	for (size_t i = 0; i < n; i++) {
		events += parts[i].events;
		exposure += parts[i].exposure;
	}
	rate = stat_rate(events, exposure);
	if (!rate.valid || !events)
		return rate;
	phi = fmax(dispersion(parts, n, rate.mid, false), dispersion(parts, n, rate.mid, true));
	if (phi > 1) {
		rate.lo = fmax(0, rate.mid - (rate.mid - rate.lo) * sqrt(phi));
		rate.hi = rate.mid + (rate.hi - rate.mid) * sqrt(phi);
	}
	return rate;
}
