/*
 * census.h - what an allocator makes the page table see: which workers touch each table and each line
 * of entries, and how often a page of I/O addresses passes from one worker to another.
 *
 * Taken in slices of its own, outside the clock: workers write down what they map (census_note), the
 * main thread counts afterwards. Nothing of it is in the measured path: lane->census is NULL there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct group_run;
struct lane;
struct err;

#define CENSUS_MAX (1u << 16) /* maps written down by a worker */
#define CENSUS_CPUS 4u        /* by 1, 2, 3, 4 or more workers */

struct census_log;

/* What was counted. Plain data. */
struct census {
	uint64_t maps, pages;       /* written down */
	uint64_t tables, lines;     /* leaf tables and 64-byte lines of leaf entries touched */
	uint64_t tables_by[CENSUS_CPUS], lines_by[CENSUS_CPUS]; /* of them by 1, 2, 3, >= 4 workers */
	uint64_t migrations;        /* maps of a page that another worker had mapped before */
	double cpus_per_table, cpus_per_line; /* mean; NaN: nothing was written down */
};

/* On its thread: this worker maps [iova, iova + pages * 4K) now. */
void census_note(struct lane *lane, uint64_t iova, uint32_t pages);
/* One slice of each engine that is not measured; into the cases. Main thread. EXIT_* in err. */
int census_take(struct group_run *run, struct err *err);
