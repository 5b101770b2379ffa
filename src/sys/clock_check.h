/* clock_check.h - does a clock step back when read on one CPU after another? */
#pragma once

#include <stdint.h>

#include "sys/clock.h"

/* A stamp taken after every load before it has its value. */
static inline uint64_t clock_cycles_ordered(void)
{
#if defined(__x86_64__)
	unsigned aux;

	return __builtin_ia32_rdtscp(&aux);
#else
	return clock_cycles(); /* arm64: the isb in it */
#endif
}

/*
 * Pass a stamp to and fro between the first allowed CPU and each other one in turn. The largest
 * step back in ticks; 0 with one CPU. The calling thread's affinity is put back. Takes a quarter
 * of a second at most: on a large machine some CPUs may be left out, evenly over the machine.
 */
uint64_t clock_check_cpus(uint64_t (*stamp)(void));
