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

/*
 * From `now` (ticks) on: the backlog is forgotten. Constant gaps begin at a phase that `seed` draws, so
 * that workers of the same rate do not all begin at once. ops_per_s 0: closed loop.
 */
void pace_start(struct pace *p, enum pace_kind kind, double ops_per_s, uint64_t seed, uint64_t now);
/* Wait until the next operation should begin (or the run is interrupted); when that is, in ticks. */
uint64_t pace_wait(struct pace *p);
/* Spin until the clock shows `until` (ticks), or the run is interrupted. */
void pace_spin(uint64_t until);

/* When the next operation should begin, in ticks. */
static inline uint64_t pace_due(const struct pace *p)
{
	return p->origin + (uint64_t)p->next;
}

/* Operations of the schedule that should have begun by `now` and were not handed out; of a Poisson
 * process those expected. */
uint64_t pace_backlog(const struct pace *p, uint64_t now);

#define PACE_BINS 64u

/*
 * How late operations began, in the order in which they did: sums over stretches of 2^width_lg2 of them,
 * which double whenever the bins are full. Plain data; zero it to start. For a worker with its own.
 */
struct pace_lag {
	uint64_t n;
	uint64_t sum[PACE_BINS]; /* ticks */
	uint32_t width_lg2;
};

void pace_lag_add(struct pace_lag *l, uint64_t ticks);
/* Mean of the first and of the last quarter, to the bin, in ticks. False: too few for quarters. */
bool pace_lag_ends(const struct pace_lag *l, double *first, double *last);
