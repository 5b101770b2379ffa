#include "sys/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/clock_check.h"

#define CALIBRATE_NS 40000000u /* a bracket is some tens of ns: 1 ppm */
#define DRIFT_PPM_MAX 100.0
#define BRACKETS 64
#define STEP_SAMPLES 8192
#define STEP_DELTA_MAX 1024
#define STEP_TICKS_MAX 256
#define PAIR_SAMPLES 301
#define PAIRS 32

struct clock_facts clock_facts = { .source = "clock_gettime", .ns_per_tick = 1, .step_ns = 1 };
bool clock_use_cycles;

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct both {
	uint64_t cycles, ns;
};

/* The two clocks at one moment: the tightest of some brackets, which no interrupt disturbed. */
static struct both read_both(void)
{
	struct both best = { 0, 0 };
	uint64_t width = UINT64_MAX;

	for (int i = 0; i < BRACKETS; i++) {
		uint64_t before = clock_cycles();
		uint64_t ns = raw_ns();
		uint64_t after = clock_cycles();

		if (after - before < width) {
			width = after - before;
			best = (struct both){ before + width / 2, ns };
		}
	}
	return best;
}

static void wait_ns(uint64_t from, uint64_t ns)
{
	while (raw_ns() - from < ns) {
		struct timespec ts = { .tv_nsec = 5000000 };

		nanosleep(&ts, NULL);
	}
}

static double rate(struct both a, struct both b)
{
	return b.cycles > a.cycles ? (double)(b.ns - a.ns) / (double)(b.cycles - a.cycles) : 0;
}

/* Twice CALIBRATE_NS; the rate is taken over both. False when they disagree. */
static bool calibrate(void)
{
	struct both a = read_both(), b, c;
	double first, second;

	wait_ns(a.ns, CALIBRATE_NS);
	b = read_both();
	wait_ns(b.ns, CALIBRATE_NS);
	c = read_both();
	first = rate(a, b);
	second = rate(b, c);
	if (first <= 0 || second <= 0)
		return false;
	clock_facts.ns_per_tick = rate(a, c);
	clock_facts.drift_ppm = fabs(first - second) / clock_facts.ns_per_tick * 1e6;
	return clock_facts.drift_ppm <= DRIFT_PPM_MAX;
}

#if defined(__x86_64__)
/* Is `flag` a word of the first processor's flags? */
static bool cpu_flag(const char *flag)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL, *save = NULL;
	size_t size = 0;
	bool found = false;

	while (f && getline(&line, &size, f) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		for (char *w = strtok_r(line, " \t\n", &save); w && !found;
		     w = strtok_r(NULL, " \t\n", &save))
			found = !strcmp(w, flag);
		break;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}
#endif

/* NULL, or why there is no counter worth calibrating. */
static const char *no_counter(void)
{
	const char *wish = getenv("IOPT_CLOCK");

	if (wish && !strcmp(wish, "clock_gettime"))
		return "IOPT_CLOCK=clock_gettime";
#if defined(__x86_64__)
	if (!cpu_flag("constant_tsc"))
		return "the TSC's rate varies (no constant_tsc)";
	if (!cpu_flag("nonstop_tsc"))
		return "the TSC stops in idle (no nonstop_tsc)";
	return NULL;
#elif defined(__aarch64__)
	return NULL; /* the generic timer is invariant by architecture: Arm ARM D11.1 */
#else
	return "no cycle counter known on this architecture";
#endif
}

/* How often each small difference of two stamps was seen, after pauses of many lengths. */
struct deltas {
	uint32_t seen[STEP_DELTA_MAX];
	uint64_t n, smallest;
};

static void collect_deltas(struct deltas *d)
{
	memset(d, 0, sizeof(*d));
	for (int i = 0; i < STEP_SAMPLES; i++) {
		uint64_t start = clock_now(), delta;

		for (int pause = i % 61; pause > 0; pause--)
			__asm__ __volatile__("" : : "r"(pause)); /* an empty loop that stays */
		delta = clock_now() - start;
		if (!delta || delta >= STEP_DELTA_MAX)
			continue;
		d->seen[delta]++;
		d->n++;
		if (!d->smallest || delta < d->smallest)
			d->smallest = delta;
	}
}

/*
 * Are nearly all differences within a tick of a multiple of `step`? Returns the step they average
 * to, or 0. Only small multiples count, lest the error of `step` adds up.
 */
static double fits(const struct deltas *d, double step)
{
	double sum = 0, steps = 0;
	uint64_t near = 0, far = 0;

	for (unsigned delta = 1; delta < STEP_DELTA_MAX && delta < 8.5 * step; delta++) {
		double k = floor(delta / step + 0.5);

		if (!d->seen[delta])
			continue;
		if (fabs(delta - k * step) > 1) {
			far += d->seen[delta];
			continue;
		}
		near += d->seen[delta];
		sum += (double)d->seen[delta] * delta;
		steps += (double)d->seen[delta] * k;
	}
	return near > d->n / 4 && far <= near / 100 && steps > 0 ? sum / steps : 0;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/*
 * The counter's granularity. A virtual or scaled counter moves by a step that need not be a whole
 * number of ticks (10 ns of a 2.445 GHz TSC: differences of 24, 25, 49, …), so the greatest
 * common divisor alone would say 1; it decides where steps are too small to tell from rounding.
 */
static double measure_step(void)
{
	static struct deltas d;
	uint64_t step = 0;

	collect_deltas(&d);
	for (unsigned sixteenths = STEP_TICKS_MAX * 16; sixteenths >= 4 * 16; sixteenths--) {
		double fitted = fits(&d, sixteenths / 16.0);

		if (fitted > 0)
			return fitted * clock_facts.ns_per_tick;
	}
	for (uint64_t delta = 1; delta < STEP_DELTA_MAX; delta++)
		if (d.seen[delta] > d.n / 100)
			step = gcd(step, delta);
	if (!step)
		step = d.smallest ? d.smallest : 1;
	return clock_ns(step);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* What two stamps cost whoever takes them. */
static double measure_pair(void)
{
	uint64_t cost[PAIR_SAMPLES];

	for (int i = 0; i < PAIR_SAMPLES; i++) {
		uint64_t start = clock_now();

		for (int k = 0; k < 2 * PAIRS - 1; k++) {
			uint64_t now = clock_now();

			__asm__ __volatile__("" : : "r"(now)); /* it is used */
		}
		cost[i] = clock_now() - start;
	}
	qsort(cost, PAIR_SAMPLES, sizeof(cost[0]), by_value);
	return clock_ns(cost[PAIR_SAMPLES / 2]) / PAIRS;
}

/* NULL when the cycle counter is fit for use, its rate in clock_facts. */
static const char *try_cycles(void)
{
	static char text[96];
	const char *why = no_counter();
	uint64_t back;

	if (why)
		return why;
	if (!calibrate()) {
		snprintf(text, sizeof(text), "two calibrations disagree by %.0f ppm",
			 clock_facts.drift_ppm);
		return text;
	}
	back = clock_check_cpus(clock_cycles_ordered);
	clock_facts.cross_cpu_ns = clock_ns(back);
	if (!back)
		return NULL;
	snprintf(text, sizeof(text), "it steps back %.0f ns between CPUs",
		 clock_facts.cross_cpu_ns);
	return text;
}

void clock_init(void)
{
	clock_facts = (struct clock_facts){ .ns_per_tick = 1 };
	clock_use_cycles = false;
	clock_facts.why_not = try_cycles();
	if (clock_facts.why_not) {
		clock_facts.source = "clock_gettime";
		clock_facts.ns_per_tick = 1;
	} else {
		clock_use_cycles = true;
#if defined(__aarch64__)
		clock_facts.source = "cntvct";
#else
		clock_facts.source = "tsc";
#endif
	}
	clock_facts.step_ns = measure_step();
	clock_facts.pair_ns = measure_pair();
}
