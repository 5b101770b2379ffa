/*
 * lock_stat.h - `--lock-stat`: after a group has been measured, the same engines with hooks that
 * count (pt_engine_observed) in slices of their own, whose times go nowhere but into `cost`.
 */
#pragma once

#include <stdio.h>

#include "bench/result.h"

struct group_run;

#define LOCK_PAIRS_MAX 128u
#define LOCK_TIME_SHARE 4u /* of a group's time: one part in so many, on top of it */
#define LOCK_ROUNDS_MIN 3u /* of two pairs an engine */

/* Of one case: sums over workers and slices. Plain data: travels between processes as it is. */
struct lock_stat {
	uint64_t slices;                /* observed ones */
	uint32_t npairs;
	double pairs[LOCK_PAIRS_MAX];   /* time of an operation, observed / plain beside it */
	struct pt_observation sum;
};

/* NULL: no memory. free() it. */
struct lock_stat *lock_stat_create(void);
void lock_stat_merge(struct lock_stat *into, const struct lock_stat *from);

/*
 * The extra slices of every engine of the group, plain and observed by turns, into
 * run->engines[].result->lock. Main thread, between slices; the tables must be as a slice leaves
 * them. EXIT_NO_RESOURCE.
 */
int lock_stat_measure(struct group_run *run, struct err *err);

/* What is worked out of it; NaN where there is nothing to say. */
struct lock_figures {
	bool locks, told;   /* takes a lock around map and unmap; that tells of spins and sleeps */
	bool grows;         /* under a lock of its own: 2019 */
	double cost;        /* median time of an operation, observed / plain */
	double contended;   /* share of acquisitions */
	double handoffs;    /* share of acquisitions */
	double across;      /* share of hand-offs */
	double spins, sleeps; /* per operation */
	double cas[CAS_KINDS], cas_lost[CAS_KINDS]; /* tried per operation; share of those lost */
};
struct lock_figures lock_figures(const struct case_result *c);
/* "install", "top", …: as in the files */
extern const char *const cas_name[CAS_KINDS];

/* As numbers under the names of summary.csv; NaN where the case has none. Returns their number. */
#define LOCK_COLUMNS_MAX 40u
struct lock_column {
	char name[48];
	double value;
};
unsigned lock_columns(const struct case_result *c, struct lock_column *columns);
