/*
 * gate_errors - how often the gate's rule errs, on generated data: false alarms where nothing changed,
 * and how much of a slowdown is found. Exit: 0 fine, 1 a rate is not what docs/gate.md promises.
 *
 *   gate_errors            the checks, seconds
 *   gate_errors --table    the figures of docs/gate.md, minutes
 *
 * The rule is the gate's: interval entirely beyond the margin and Holm's p at most alpha, at each look,
 * with all data kept and the alpha of that many looks; over when no test is left inconclusive.
 */
#include "stat/beta.h"
#include "stat/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 4096u
#define TESTS_MAX 6u
#define CHANCE 0.01 /* of a check that fails although the rate is as promised, were seeds not fixed */
#define SLOWER_5 0.051293294387550578 /* -ln 0.95 */
#define SLOWER_8 0.076961041136128394 /* ln 1.08: what the self-test injects, in time */

enum noise {
	PAIRS,   /* log-ratios of deviation sd, neighbours correlated by rho */
	MACHINE, /* runs on a machine that drifts, by turns ABBA */
	APART,   /* the same runs, all of a before all of b: how not to do it */
};

struct setup {
	enum noise noise;
	double sd, rho, spread; /* spread: of the groups below, in units of sd */
	unsigned processes, tables; /* of all pairs; 0: one */
	bool tails;             /* one run in 33 is hit by something else */
	double slowdown;        /* of b, in logarithms */
	double margin;
	unsigned tests;         /* together under Holm; 0: one */
	unsigned first, looks;  /* each look at twice the pairs of the one before; 0 looks: one */
	double growth;          /* or at so many times */
	unsigned alpha_looks;   /* takes the alpha of so many looks instead */
	bool forget;            /* which process and table a pair belongs to */
};

struct score {
	unsigned trials, worse, better, same, unsure;
	double pairs; /* mean */
};

static uint64_t rng;
static struct stat_pair pairs[TESTS_MAX][PAIRS_MAX];

static double uniform(void)
{
	return ((double)(stat_rand(&rng) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static double neighbour(double x, double rho)
{
	return rho * x + sqrt(1 - rho * rho) * normal();
}

/*
 * The logarithm of a run's throughput on a machine that drifts: two autoregressions, together 0.88,
 * 0.80 and 0.59 correlated at a distance of 1, 2 and 10 runs, with a coefficient of variation of 57 %.
 */
struct machine {
	double slow, quick;
};

static double run_of(struct machine *m, const struct setup *s)
{
	double x;

	m->slow = neighbour(m->slow, 0.984);
	m->quick = neighbour(m->quick, 0.65);
	x = sqrt(log(1 + 0.57 * 0.57)) * (sqrt(0.69) * m->slow + sqrt(0.31) * m->quick);
	if (s->tails && uniform() < 0.03)
		x += log(uniform()) / 2;
	return x;
}

static void machine_pairs(struct stat_pair *p, size_t n, const struct setup *s)
{
	struct machine m = { normal(), normal() };

	if (s->noise == APART) {
		for (size_t i = 0; i < n; i++)
			p[i].a = exp(run_of(&m, s));
		for (size_t i = 0; i < n; i++)
			p[i].b = exp(run_of(&m, s) - s->slowdown);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		double first = exp(run_of(&m, s)), second = exp(run_of(&m, s));

		p[i].a = i % 2 ? second : first;
		p[i].b = (i % 2 ? first : second) * exp(-s->slowdown);
	}
}

static void noisy_pairs(struct stat_pair *p, size_t n, const struct setup *s)
{
	double x = normal(), process = 0, table = 0;

	for (size_t i = 0; i < n; i++) {
		double hit = s->tails && uniform() < 0.03 ? log(uniform()) : 0;

		p[i].process = (uint32_t)(i * s->processes / n);
		p[i].table = (uint32_t)(i * s->tables / n);
		if (!i || p[i].process != p[i - 1].process)
			process = s->processes > 1 ? s->spread * normal() : 0;
		if (!i || p[i].table != p[i - 1].table)
			table = s->tables > 1 ? s->spread * normal() : 0;
		p[i].a = 1e6;
		p[i].b = 1e6 * exp(s->sd * (x + process + table) - s->slowdown +
				   (uniform() < 0.5 ? hit : -hit));
		x = neighbour(x, s->rho);
	}
	for (size_t i = 0; i < n && s->forget; i++)
		p[i].process = p[i].table = 0;
}

static void fill(size_t n, const struct setup *s)
{
	for (unsigned t = 0; t < s->tests; t++) {
		memset(pairs[t], 0, n * sizeof(pairs[t][0]));
		if (s->noise == PAIRS)
			noisy_pairs(pairs[t], n, s);
		else
			machine_pairs(pairs[t], n, s);
	}
}

/* One look at n pairs: a verdict for each test. */
static void look(size_t n, double alpha, const struct setup *s, enum stat_verdict *verdict)
{
	const struct stat_margin margin = { .relative = s->margin, .more_is_better = true };
	struct stat_test test[TESTS_MAX];
	double p[TESTS_MAX], adjusted[TESTS_MAX];

	for (unsigned t = 0; t < s->tests; t++) {
		if (stat_test_pairs(pairs[t], n, alpha, stat_rand(&rng), &test[t]))
			abort();
		p[t] = test[t].p;
	}
	if (stat_holm(p, s->tests, adjusted))
		abort();
	for (unsigned t = 0; t < s->tests; t++) {
		verdict[t] = stat_judge(&test[t], &margin);
		if (verdict[t] != STAT_SAME && !(adjusted[t] <= alpha))
			verdict[t] = STAT_UNSURE;
	}
}

static bool any(const enum stat_verdict *verdict, unsigned n, enum stat_verdict what)
{
	while (n--)
		if (verdict[n] == what)
			return true;
	return false;
}

static void trial(const struct setup *s, struct score *score)
{
	double n = s->first, alpha = stat_look_alpha(s->alpha_looks ? s->alpha_looks : s->looks);
	enum stat_verdict v[TESTS_MAX];

	fill((size_t)(s->first * pow(s->growth, s->looks - 1)), s);
	for (unsigned i = 0; i < s->looks; i++, n *= s->growth) {
		look((size_t)n, alpha, s, v);
		if (i + 1 == s->looks || any(v, s->tests, STAT_WORSE) || !any(v, s->tests, STAT_UNSURE))
			break;
	}
	score->trials++;
	score->pairs += n;
	if (any(v, s->tests, STAT_WORSE))
		score->worse++;
	else if (any(v, s->tests, STAT_BETTER))
		score->better++;
	else if (any(v, s->tests, STAT_UNSURE))
		score->unsure++;
	else
		score->same++;
}

static struct score measure(struct setup s, unsigned trials)
{
	struct score score = { 0 };

	s.growth = s.growth > 0 ? s.growth : 2;
	s.tests = s.tests ? s.tests : 1;
	s.looks = s.looks ? s.looks : 1;
	for (unsigned i = 0; i < trials; i++) {
		rng = stat_mix(i);
		trial(&s, &score);
	}
	score.pairs /= trials;
	return score;
}

/* What happened to be seen must not be unlikely if the rate is at most, or at least, the limit. */
static bool at_most(unsigned k, unsigned n, double limit)
{
	return binomial_least(k, n, log(limit / (1 - limit))) > CHANCE;
}

static bool at_least(unsigned k, unsigned n, double limit)
{
	return binomial_most(k, n, log(limit / (1 - limit))) > CHANCE;
}

enum promise { QUIET, FOUND, CRIES_WOLF }; /* CRIES_WOLF: a mistake that the check has to notice */

static const struct check {
	const char *what;
	enum promise promise;
	unsigned trials;
	struct setup setup;
} checks[] = {
	{ "raw runs by turns, looks 12 to 96, any effect", QUIET, 400,
	  { MACHINE, .first = 12, .looks = 4 } },
	{ "the same with outliers, six tests", QUIET, 60,
	  { MACHINE, .tails = true, .tests = 6, .first = 12, .looks = 4 } },
	{ "steadied pairs, rho 0.3, looks 12 to 48, any effect", QUIET, 400,
	  { PAIRS, .sd = 0.05, .rho = 0.3, .first = 12, .looks = 3 } },
	{ "steadied pairs, rho 0.1, looks 12 to 96, margin 3 %", QUIET, 200,
	  { PAIRS, .sd = 0.05, .rho = 0.1, .margin = 0.03, .first = 12, .looks = 4 } },
	{ "slices of a process, rho 0.3, any effect", QUIET, 400,
	  { PAIRS, .sd = 0.1, .rho = 0.3, .first = 100 } },
	{ "slices of 8 tables that differ", QUIET, 500,
	  { PAIRS, .sd = 0.1, .rho = 0.3, .spread = 1, .tables = 8, .first = 96 } },
	{ "slices of 8 processes that differ", QUIET, 500,
	  { PAIRS, .sd = 0.1, .rho = 0.3, .spread = 1, .processes = 8, .first = 96 } },
	{ "raw runs, all of one build first", CRIES_WOLF, 100, { APART, .margin = 0.03, .first = 12, .looks = 3 } },
	{ "looking all the time, as if it were once", CRIES_WOLF, 200,
	  { PAIRS, .sd = 0.05, .rho = 0.1, .first = 12, .looks = 14, .growth = 1.2, .alpha_looks = 1 } },
	{ "slices of 8 processes that differ, taken for one", CRIES_WOLF, 100,
	  { PAIRS, .sd = 0.1, .rho = 0.3, .spread = 1, .processes = 8, .forget = true, .first = 96 } },
	{ "5 % of raw runs in 3600 pairs", FOUND, 40,
	  { MACHINE, .slowdown = SLOWER_5, .margin = 0.03, .first = 3600 } },
	{ "5 % of steadied pairs in 128", FOUND, 200,
	  { PAIRS, .sd = 0.05, .rho = 0.1, .slowdown = SLOWER_5, .margin = 0.03, .first = 128 } },
	{ "5 % of slices in 640", FOUND, 100,
	  { PAIRS, .sd = 0.1, .rho = 0.3, .slowdown = SLOWER_5, .margin = 0.03, .first = 640 } },
	{ "8 % of steadied pairs, noise 6 %, looks 12 to 96", FOUND, 200,
	  { PAIRS, .sd = 0.06, .rho = 0.1, .slowdown = SLOWER_8, .margin = 0.03, .first = 12, .looks = 4 } },
};

static bool holds(const struct check *c)
{
	struct score r = measure(c->setup, c->trials);
	unsigned alarms = r.worse + r.better;
	bool ok = c->promise == FOUND ? at_least(r.worse, r.trials, 0.9) :
					at_most(alarms, r.trials, 0.05) != (c->promise == CRIES_WOLF);

	printf("%s %s: %u worse, %u better, %u same of %u, %.1f pairs\n", ok ? "ok  " : "FAIL", c->what,
	       r.worse, r.better, r.same, r.trials, r.pairs);
	return ok;
}

static double share(unsigned k, struct score r)
{
	return 100.0 * k / r.trials;
}

static void print_alarms(void)
{
	static const struct {
		const char *what;
		struct setup setup;
	} rows[] = {
		{ "raw runs", { MACHINE, .first = 12 } },
		{ "raw runs, outliers", { MACHINE, .tails = true, .first = 12 } },
		{ "raw runs, six tests", { MACHINE, .tests = 6, .first = 12 } },
		{ "steadied, rho 0", { PAIRS, .sd = 0.05, .first = 12 } },
		{ "steadied, rho 0.1", { PAIRS, .sd = 0.05, .rho = 0.1, .first = 12 } },
		{ "steadied, rho 0.2", { PAIRS, .sd = 0.05, .rho = 0.2, .first = 12 } },
		{ "steadied, rho 0.3", { PAIRS, .sd = 0.05, .rho = 0.3, .first = 12 } },
		{ "raw runs, all of one build first", { APART, .first = 12 } },
	};

	puts("\n| false alarms, worse or better | one look at 24 | 12 to 48 | 12 to 96 | 12 to 96, margin 3 % |");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		printf("| %s |", rows[i].what);
		for (unsigned column = 0; column < 4; column++) {
			struct setup s = rows[i].setup;
			struct score r;

			s.looks = (const unsigned[]){ 1, 3, 4, 4 }[column];
			s.first = column ? 12 : 24;
			s.margin = column == 3 ? 0.03 : 0;
			r = measure(s, 1000);
			printf(" %.1f %% |", share(r.worse + r.better, r));
		}
		puts("");
	}
}

static void print_looks(void)
{
	static const unsigned percent[] = { 3, 4, 5, 6, 9, 12 };
	static const double slowdown[] = { SLOWER_8, SLOWER_5, 0 };

	puts("\n| noise | 8 % slower, 12 to 48 | 12 to 96 | 5 % slower, 12 to 48 | 12 to 96 | nothing, "
	     "12 to 48 | 12 to 96 |");
	for (size_t i = 0; i < sizeof(percent) / sizeof(*percent); i++) {
		printf("| %u %% |", percent[i]);
		for (unsigned column = 0; column < 6; column++) {
			struct setup s = { PAIRS, .sd = percent[i] / 100.0, .rho = 0.1, .margin = 0.03,
					   .slowdown = slowdown[column / 2], .first = 12,
					   .looks = 3 + column % 2 };
			struct score r = measure(s, 500);

			printf(" %.1f %%, %.0f pairs |", share(s.slowdown > 0 ? r.worse : r.same, r),
			       r.pairs);
		}
		puts("");
	}
}

static void print_sizes(const char *what, struct setup s, const unsigned *n, unsigned trials)
{
	printf("| %s |", what);
	for (; *n; n++) {
		struct score r;

		s.first = *n;
		r = measure(s, trials);
		printf(" %u: %.0f %% |", *n, share(r.worse, r));
	}
	puts("");
}

static void print_found(void)
{
	static const unsigned few[] = { 24, 36, 48, 64, 96, 128, 160, 0 };
	static const unsigned more[] = { 96, 128, 160, 240, 320, 400, 480, 640, 0 };
	static const unsigned many[] = { 800, 1200, 1600, 2000, 2600, 3600, 0 };
	struct setup s = { PAIRS, .rho = 0.1, .slowdown = SLOWER_5, .margin = 0.03 };

	puts("\n5 % slower, found in one look at so many pairs");
	s.sd = 0.03;
	print_sizes("steadied, 3 %", s, few, 400);
	s.sd = 0.04;
	print_sizes("steadied, 4 %", s, few, 400);
	s.sd = 0.05;
	print_sizes("steadied, 5 %", s, few, 400);
	s.sd = 0.06;
	print_sizes("steadied, 6 %", s, more, 200);
	s.sd = 0.09;
	print_sizes("steadied, 9 %", s, more, 200);
	s.sd = 0.1;
	s.rho = 0.3;
	print_sizes("slices, 10 %, rho 0.3", s, more, 200);
	s.noise = MACHINE;
	print_sizes("raw runs", s, many, 100);
}

/* Groups are processes, or tables of one process: both are drawn alike. */
static void print_groups(void)
{
	puts("\n| alarms, slices of groups of 12, spread 1 | 2 | 4 | 6 | 8 | 10 | 20 |\n|");
	for (unsigned column = 0; column < 6; column++) {
		unsigned groups = (const unsigned[]){ 2, 4, 6, 8, 10, 20 }[column];
		struct setup s = { PAIRS, .sd = 0.1, .rho = 0.3, .spread = 1, .tables = groups,
				   .first = 12 * groups };
		struct score r = measure(s, 500);

		printf(" %.1f %% |", share(r.worse + r.better, r));
	}
	puts("");
}

static void print_tables(void)
{
	print_alarms();
	print_looks();
	print_found();
	print_groups();
}

int main(int argc, char **argv)
{
	bool ok = true;

	if (argc > 1 && !strcmp(argv[1], "--table")) {
		print_tables();
		return 0;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		ok &= holds(&checks[i]);
	return ok ? 0 : 1;
}
