/*
 * progress.h - where a run is, told between slices to whoever shows it (live.h). Main thread, or that
 * of the process that measures.
 *
 * Nobody is told anything while a slice is measured: the runner's thread then waits in crew_run() for
 * the workers, and calls nothing else.
 */
#pragma once

#include "bench/plan.h"

struct result;

/* Of a group; PROGRESS_SLICE: a slice of it is done. */
enum progress_event { PROGRESS_BEGINS, PROGRESS_SLICE, PROGRESS_ENDS };

struct progress_now {
	const struct plan *plan;
	const struct result *result; /* of this process; a case has the slices that are done */
	size_t group, first;         /* plan->groups[group], whose cases begin at result->cases[first] */
	uint32_t process;
	unsigned processes;
	double done;                 /* share of the group's time */
};

struct progress {
	void (*tell)(void *ctx, const struct progress_now *now, enum progress_event event);
	void *ctx;
};

/* Share of the whole run that is done, as the plan predicts times. */
double progress_share(const struct progress_now *now);
/* "private, 2 threads, 4K, think 1 us, compact/local": what the group measures. Returns buf. */
char *progress_group(const struct group *g, char *buf, size_t size);
