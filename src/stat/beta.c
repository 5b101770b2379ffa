#include "stat/beta.h"

#include <float.h>
#include <math.h>

#define ITERATIONS 10000000 /* about sqrt(max(a, b)) are needed */
#define FAR 1e4             /* log odds: exp(-FAR) is 0 */

/* Factor m of the continued fraction DLMF 8.17.22. */
static double factor(double a, double b, double x, int i)
{
	int half = i / 2;
	double m = half;

	if (i % 2 == 0)
		return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
	return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

/* By Lentz's method; converges fast for x < (a + 1) / (a + b + 2). */
static double fraction(double a, double b, double x)
{
	double f = 1, c = 1, d = 0;

	for (int i = 1; i < ITERATIONS; i++) {
		double t = factor(a, b, x, i), step;

		d = 1 / (1 + t * d);
		c = 1 + t / c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 2 * DBL_EPSILON)
			break;
	}
	return 1 / f;
}

/* log(1 / (1 + exp(-t))) */
static double log_share(double t)
{
	return t < 0 ? t - log1p(exp(t)) : -log1p(exp(-t));
}

double beta_below(double a, double b, double log_odds)
{
	double x = exp(log_share(log_odds)), y = exp(log_share(-log_odds)), front;
	int sign; /* lgamma() would write the process-wide signgam */

	front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
		    a * log_share(log_odds) + b * log_share(-log_odds));
	if (x < (a + 1) / (a + b + 2))
		return front / a * fraction(a, b, x);
	return 1 - front / b * fraction(b, a, y);
}

double beta_log_odds(double a, double b, double p)
{
	double low = -FAR, high = FAR;

	for (int i = 0; i < 100 && high - low > 4 * DBL_EPSILON * fabs(low); i++) {
		double middle = (low + high) / 2;

		if (beta_below(a, b, middle) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double binomial_most(double k, double n, double log_odds)
{
	return k >= n ? 1 : beta_below(n - k, k + 1, -log_odds);
}

double binomial_least(double k, double n, double log_odds)
{
	return k <= 0 ? 1 : beta_below(k, n - k + 1, log_odds);
}

uint64_t binomial_quantile(uint64_t n, double share, double p)
{
	double mean = (double)n * share, reach = 40 * sqrt(mean * (1 - share)) + 40;
	double log_odds = log(share) - log1p(-share);
	uint64_t low = mean > reach ? (uint64_t)(mean - reach) : 0;
	uint64_t high = mean + reach < (double)n ? (uint64_t)(mean + reach) : n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (binomial_most((double)middle, (double)n, log_odds) < p)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double normal_above(double tail)
{
	double low = 0, high = 40;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (erfc(middle * M_SQRT1_2) / 2 > tail)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
