/*
 * beta.h - the incomplete beta function, exact binomial tails and their inversions, and the quantile of
 * the normal distribution. Pure; any thread. Relative error of a tail of n
 * tries: about n 1e-14.
 *
 * A probability is given as the logarithm of its odds, which tells the nearly impossible from the
 * impossible at both ends.
 */
#pragma once

#include <stdint.h>

/* I_x(a, b), the distribution function of a beta variable; a, b > 0. x = 1 / (1 + exp(-log_odds)). */
double beta_below(double a, double b, double log_odds);
/* The log odds of the x at which beta_below() is p, 0 < p < 1. */
double beta_log_odds(double a, double b, double p);

/*
 * Chances that a binomial variable of n tries is at most, or at least, k, 0 <= k <= n. Neither need be
 * whole: counts that clump stand for fewer.
 */
double binomial_most(double k, double n, double log_odds);
double binomial_least(double k, double n, double log_odds);
/* The smallest k, whole, with binomial_most(k) >= p. */
uint64_t binomial_quantile(uint64_t n, double share, double p);

/* Leaves `tail` (0 to 0.5) above it. */
double normal_above(double tail);
