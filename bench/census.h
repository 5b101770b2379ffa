/*
 * census.h - what an allocator makes the page table see: which workers touch each table and each line
 * of entries, and how often a page of I/O addresses passes from one worker to another.
 *
 * Taken in slices of its own, outside the clock: workers write down what they map (census_note), the
 * main thread counts afterwards. Nothing of it is in the measured path: lane->census is NULL there.
 */
#pragma once

#include <stdalign.h>
#include <stdint.h>

#include "sys/atomic.h"

struct group_run;
struct lane;
struct err;

#define CENSUS_MAX (1u << 16)     /* maps written down by a worker, at most … */
#define CENSUS_ENTRIES (1u << 17) /* … and none after so many leaf entries */
#define CENSUS_CPUS 4u            /* by 1, 2, 3, 4 or more workers */

/* In which order workers mapped. */
struct census_order {
	alignas(CACHE_ALIGN) _Atomic uint64_t next;
};

/* One worker's. */
struct census_log {
	struct census_order *order;
	uint64_t entries; /* of all maps below */
	uint32_t n;
	struct census_map {
		uint64_t page, order;
		uint32_t pages;
		uint8_t size_lg2;
	} v[CENSUS_MAX];
};

/*
 * What was counted. Plain data. A line is 8 leaf entries, a table 512: of the level at which the page
 * is mapped, so a leaf of 2 MiB is one entry of a level-1 table, and one of 64 KiB 16 of level 0.
 */
struct census {
	uint64_t maps, pages;       /* written down */
	uint64_t tables, lines;     /* leaf tables and 64-byte lines of leaf entries touched */
	uint64_t tables_by[CENSUS_CPUS], lines_by[CENSUS_CPUS]; /* of them by 1, 2, 3, >= 4 workers */
	uint64_t migrations;        /* maps with an entry that another worker was the last to map */
	double cpus_per_table, cpus_per_line; /* mean; NaN: nothing was written down */
};

/*
 * On its thread, when it owns the range, before it maps: this worker maps [iova, iova + pages * 4K),
 * in pages of 1 << size_lg2 bytes or (0) the largest that fit. lane->census is not NULL.
 */
void census_note(struct lane *lane, uint64_t iova, uint32_t pages, unsigned size_lg2);
/* One slice of each engine that is not measured; into the cases. Main thread. EXIT_* in err. */
int census_take(struct group_run *run, struct err *err);

/* Empty; free with free(). NULL: no memory. */
struct census_log *census_log_create(struct census_order *order);
/* All logs of one order, complete. 0 or -ENOMEM. */
int census_count(struct census *out, struct census_log *const *logs, unsigned workers);
