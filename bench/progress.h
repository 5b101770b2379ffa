/* progress.h - one line on stderr that says how far a run is; only on a terminal. Main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct group;

struct progress_line {
	bool on;
	uint64_t started_ns;
	double predicted_s;
};

/* Nothing is shown when `quiet`, or when stderr is no terminal. */
void progress_start(struct progress_line *p, bool quiet, double predicted_s);
/* A progress tick of the runner: ctx is the struct progress_line. */
void progress_tick(void *ctx, double share, const struct group *g);
void progress_end(struct progress_line *p);
