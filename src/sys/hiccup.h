/*
 * hiccup.h - what the machine does to loops that do nothing, on each CPU: the pauses that nobody asked
 * for. All CPUs are probed together, as workers run together: one at a time each would have a moment
 * only, and whoever is in the way would step aside to another CPU.
 */
#pragma once

#include <stdint.h>

#include "stat/histogram.h"
#include "sys/checks.h"

struct hiccup_cpu {
	unsigned cpu;              /* OS number */
	int error;                 /* errno: it could not be probed */
	uint64_t duration_ns;
	uint64_t long_gaps;        /* of CHECK_LONG_NS and more */
	double lost_ns;            /* sum of the gaps: of 200 ns and more, host_hiccups() */
	struct histogram gaps;
};

/*
 * Probe cpus[0..n) for duration_ns into out[0..n). Starts a thread on each; one that cannot be
 * started or pinned has an error. clock_init() must have run.
 */
void hiccup_probe(const unsigned *cpus, unsigned n, uint64_t duration_ns, struct hiccup_cpu *out);
/* What checks want to know of it; leaves what check_ticks_between() fills. Pure. */
void hiccup_sum(const struct hiccup_cpu *cpus, unsigned n, uint64_t duration_ns,
		struct check_probe *probe);
