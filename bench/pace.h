/*
 * pace.h - the open loop (--rate): when each operation of a worker should begin. The schedule is the
 * ideal timeline, constant gaps or a Poisson process; an operation that begins late does not move the
 * next one. The worker spins on the clock until it is time. Service time counts from the begin,
 * response time from the intended begin.
 *
 * A worker with its own struct pace. Source: Schroeder et al., "Open versus closed", NSDI 2006; wrk2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/options.h"

struct pace {
	double gap;          /* ticks between two operations; 0: closed loop */
	double next;         /* intended begin of the next one, in ticks since `origin` */
	uint64_t origin;
	uint64_t rng;        /* Poisson */
	enum pace_kind kind;
};

/* From `now` (ticks) on: the backlog is forgotten. */
void pace_start(struct pace *p, enum pace_kind kind, double ops_per_s, uint64_t seed, uint64_t now);
/* Wait until the next operation should begin (or the run is interrupted); when that is, in ticks. */
uint64_t pace_wait(struct pace *p);
