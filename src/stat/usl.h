/*
 * usl.h - the Universal Scalability Law: X(N) = g N / (1 + s (N - 1) + k N (N - 1)), by least squares,
 * with bootstrap intervals. s is what is serial, k what every pair of threads costs each other.
 * N. J. Gunther, Guerrilla Capacity Planning, 2007. Pure arithmetic, no allocation; any thread.
 */
#pragma once

#include "stat/stat.h"

#define USL_POINTS_MIN 4u  /* three coefficients, and one to spare: else any curve fits */
#define USL_POINTS_MAX 64u
#define USL_REACH 2.0      /* a peak is told up to so many times the most threads measured */

struct usl_fit {
	double gamma, sigma, kappa; /* g in the unit of X; sigma, kappa >= 0 */
	bool sigma_held, kappa_held; /* at 0: the data wanted it negative */
	double misfit;              /* largest |fitted / measured - 1| of a point */
};

enum usl_why {
	USL_FINE,
	USL_FEW,     /* fewer than USL_POINTS_MIN thread counts, or more than USL_POINTS_MAX */
	USL_NO_RATE, /* a rate, or a count, that is not a positive number; or a count twice */
	USL_OPEN,    /* the rate of one thread cannot be told: nothing bounds the coefficients */
};

/*
 * N / X is linear in the coefficients: (1 + s (N - 1) + k N (N - 1)) / g. Least squares of the
 * relative residuals, by orthogonalisation, none of the three below 0 (Lawson & Hanson 1974, ch. 23; by
 * trying all seven ways to hold some of them at 0).
 */
enum usl_why usl_fit(const double *n, const double *x, size_t points, struct usl_fit *out);
double usl_rate(const struct usl_fit *fit, double n);
/* The count of most throughput, at least 1; INFINITY: the law has none. */
double usl_peak(const struct usl_fit *fit);

enum usl_peak_kind { USL_PEAK_TOLD, USL_PEAK_BEYOND, USL_PEAK_UNSURE };

struct usl {
	struct usl_fit fit;
	struct interval gamma, sigma, kappa;
	struct interval peak;      /* valid when all of it lies within reach, else not to be told */
	enum usl_peak_kind peak_kind; /* BEYOND: all of it lies out of reach */
	double reach;              /* the largest count that a peak is told of */
};

/*
 * The fit to x[], with 95 % intervals from the fits to draws[p][i] (point p, i < STAT_RESAMPLES;
 * stat_draws()), cut off at 0. scratch holds 4 * STAT_RESAMPLES values. They know what the points'
 * slices differ by, and not whether the law holds: misfit is for that.
 */
enum usl_why usl_estimate(const double *n, const double *x, const double *const *draws,
			  size_t points, double *scratch, struct usl *out);
