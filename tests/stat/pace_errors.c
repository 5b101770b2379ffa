/*
 * pace_errors - how often an open loop is called saturated, by its load: workers that serve a generated
 * schedule (pace.c), some of them held up now and then, and the rule of analyse_pace.c on what they saw.
 * Exit: 0 fine, 1 a rate is not what docs/statistics.md promises; `--table` prints its figures.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/pace.h"
#include "sys/clock.h"

#define SERVICE 1000.0 /* ns, on average */
#define SLICES_MAX 12u

/* Stalls of the worker, as of a CPU that does something else: so many a slice, of this share of it. */
struct stalls {
	const char *name;
	double each, share;
};

static const struct stalls stalls[] = {
	{ "none", 0, 0 }, { "1 of 5 % in two slices", 0.5, 0.05 }, { "1 of 20 % a slice", 1, 0.2 },
};

static uint64_t rng;

static double exponential(void)
{
	return -log(((double)(stat_rand(&rng) >> 11) + 0.5) * 0x1p-53);
}

/* One worker's slice: lags by quarter as measure.c and open_loop.c take them down. */
static struct slice serve(double load, unsigned ops, bool varies, const struct stalls *stall)
{
	double length = ops * SERVICE / load, free_at = 0, first = 0, last = 0;
	double next_stall = stall->each > 0 ? exponential() * length / stall->each : INFINITY;
	struct pace_lag lag = { 0 };
	struct pace p;

	pace_start(&p, PACE_POISSON, load * 1e9 / SERVICE, stat_rand(&rng), 0);
	for (unsigned i = 0; i < ops; i++) {
		double due = (double)pace_wait(&p) * clock_facts.ns_per_tick, from = fmax(due, free_at);

		while (from > next_stall) {
			from = fmax(from, next_stall + stall->share * length);
			next_stall += exponential() * length / stall->each;
		}
		pace_lag_add(&lag, (uint64_t)(from - due));
		free_at = from + (varies ? exponential() : 1) * SERVICE;
	}
	pace_lag_ends(&lag, &first, &last);
	return (struct slice){ .paced_ops = ops, .lag_first_ns = (uint64_t)first,
			       .lag_last_ns = (uint64_t)last, .elapsed_ns = (uint64_t)free_at };
}

/* Share of cases that are called saturated. */
static double told(double load, unsigned ops, unsigned n, bool varies, const struct stalls *stall,
		   unsigned trials)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < trials; i++) {
		struct slice slices[SLICES_MAX];
		struct case_result c = { .pace.asked_per_s = 1, .slices = slices, .nslices = n };

		for (unsigned j = 0; j < n; j++)
			slices[j] = serve(load, ops, varies, stall);
		if (analyse_pace(&c))
			abort();
		sum += c.pace.saturated;
	}
	return (double)sum / trials;
}

static void print_table(void)
{
	static const double load[] = { 0.5, 0.8, 0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.2 };
	static const unsigned ops[] = { 200, 2000, 20000 };

	for (unsigned s = 0; s < 3; s++)
		for (unsigned o = 0; o < 3; o++)
			for (int varies = 0; varies < 2; varies++) {
				printf("| %s | %u | %s |", stalls[s].name, ops[o], varies ? "exponential" : "constant");
				for (unsigned l = 0; l < 9; l++)
					printf(" %.1f |", 100 * told(load[l], ops[o], 12, varies, &stalls[s],
								     ops[o] > 2000 ? 100 : 500));
				printf("\n");
				fflush(stdout);
			}
}

static int check(const char *what, double rate, double lo, double hi)
{
	if (rate >= lo && rate <= hi)
		return 0;
	fprintf(stderr, "%s: called saturated in %.1f %% of cases, not in %.0f..%.0f %%\n", what, 100 * rate, 100 * lo,
		100 * hi);
	return 1;
}

int main(int argc, char **argv)
{
	int wrong = 0;

	clock_init();
	rng = 20;
	if (argc == 2 && !strcmp(argv[1], "--table")) {
		print_table();
		return 0;
	}
	for (unsigned s = 0; s < 3; s++) {
		wrong |= check("load 0.5", told(0.5, 2000, 12, true, &stalls[s], 60), 0, 0.05);
		wrong |= check("load 0.8", told(0.8, 2000, 12, false, &stalls[s], 60), 0, 0.1);
		wrong |= check("load 1.2", told(1.2, 2000, 12, true, &stalls[s], 60), 0.99, 1);
	}
	wrong |= check("load 1.05", told(1.05, 2000, 12, false, &stalls[0], 60), 0.99, 1);
	return wrong;
}
