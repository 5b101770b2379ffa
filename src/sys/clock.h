/*
 * clock.h - the ruler: an invariant cycle counter where one can be trusted, clock_gettime otherwise.
 *
 * Stamps are in ticks of an unspecified rate; differences are turned into nanoseconds with
 * clock_ns(). clock_init() runs once in main, before threads; everything else may be called from
 * any thread at any time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct clock_facts {
	const char *source;  /* "tsc", "cntvct" or "clock_gettime" */
	const char *why_not; /* why the cycle counter is not used; NULL when it is */
	double ns_per_tick;
	double step_ns;      /* smallest difference between two stamps, > 0 */
	double pair_ns;      /* median cost of two back-to-back stamps */
	double drift_ppm;    /* disagreement of two calibrations */
	double cross_cpu_ns; /* largest backwards step between allowed CPUs; 0 is wanted */
};

extern struct clock_facts clock_facts;
extern bool clock_use_cycles; /* written by clock_init only */

static inline uint64_t clock_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;
	__asm__ __volatile__("isb; mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	return 0;
#endif
}

static inline uint64_t clock_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A stamp, in ticks. */
static inline uint64_t clock_now(void)
{
	return clock_use_cycles ? clock_cycles() : clock_monotonic_ns();
}

/*
 * A stamp that nothing passes: all accesses before it are done, and seen by all CPUs, when it is taken,
 * and none after it has begun. clock_now() may be taken early or late by some tens of nanoseconds, and a
 * store before it may still wait in the CPU's buffer. For histories (bench/linear.h), not for speed.
 */
static inline uint64_t clock_now_fenced(void)
{
	uint64_t now;

#if defined(__x86_64__)
	__asm__ __volatile__("mfence; lfence" ::: "memory");
#elif defined(__aarch64__)
	__asm__ __volatile__("dsb ish; isb" ::: "memory");
#endif
	now = clock_now();
#if defined(__x86_64__)
	__asm__ __volatile__("lfence" ::: "memory");
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#endif
	return now;
}

static inline double clock_ns(uint64_t ticks)
{
	return (double)ticks * clock_facts.ns_per_tick;
}

static inline uint64_t clock_ticks(double ns)
{
	return (uint64_t)(ns / clock_facts.ns_per_tick + 0.5);
}

/*
 * Calibrate against CLOCK_MONOTONIC_RAW (twice, must agree to 100 ppm), check that the counter is
 * invariant and does not step back between the CPUs of the calling thread's affinity mask, measure
 * step and pair cost. Falls back to clock_gettime, saying why. Takes about a quarter of a second.
 */
void clock_init(void);
