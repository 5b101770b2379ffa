/*
 * waste_model.h - how many table pages should be allocated in vain, if workers came by chance. Pure
 * arithmetic; any thread. docs/statistics.md derives the formulas and says how each figure that goes
 * in is measured.
 *
 * Words: whoever reads an empty entry begins a window, the time until its own table could be in
 * place. The first window to end wins; everybody else who read the entry empty before that loses.
 * `window` is a histogram of windows in ns. Times are in ns, results are lost pages. n == 0 in a
 * histogram, and times that are not above 0, give NaN.
 */
#pragma once

#include <stdbool.h>

#include "stat/histogram.h"

/* How workers come to the new tables of a workload: which model speaks of it. */
enum waste_arrival {
	ARRIVAL_UNKNOWN,
	ARRIVAL_LOCKSTEP, /* one after another through the same tables */
	ARRIVAL_FILL,     /* each through all tables in a random order */
	ARRIVAL_AT_ONCE,  /* a barrier: everybody but one may lose at each table */
};

/*
 * Lock step: `threads` workers come into one table within one operation time, tau, of each other:
 * the others at independent times uniform in [0, tau] after the first. Lost pages a table:
 *
 *   (T-1) * int_0^tau a(t) (1-G(t)) [1 - int_0^t a(u) G(t-u) du]^(T-2) dt
 *
 * with a = 1/tau and G the distribution of windows: a worker loses that comes before the first is
 * done and before any of those in between is. For windows of one length S it is (T-1) min(1, S/tau).
 */
double waste_lockstep(unsigned threads, const struct histogram *window, double tau);

/*
 * Cold fill: `threads` workers fill `tables` empty entries in random order; an operation takes z,
 * and a window s more where it finds the entry empty. Lost pages in the whole fill:
 *
 *   workers draw entries with replacement until all are filled:     (T-1) ln(1 + s/z)
 *   each worker touches each entry once, in an order of its own:      T   ln(1 + s/z)   (`once`)
 *
 * for many more tables than T^2; with fewer the threads run into each other's windows all the time
 * and it saturates below. Never more than (T-1) * tables.
 */
double waste_cold_fill(unsigned threads, bool once, double s, double z, double tables);

/*
 * From measured gaps: gap holds, for every meeting and every worker but the first to come, how long
 * after the first it came. It loses if the window of the first still stands: the sum over gaps g of
 * P(S > g). Where `levels` tables hang below each other and all are missing (convoy), suppose that
 * losers come out of a race when the winner does: then a worker that is j windows late loses in all
 * but the first j, which is the sum over j = 1 ... levels of P(S > g/j). Lost pages in all meetings
 * together.
 */
double waste_by_gaps(const struct histogram *gap, const struct histogram *window, unsigned levels);
