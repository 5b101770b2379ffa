/*
 * workload.h - what the workers do with a table. A workload is one row of workloads.c and one file
 * workload_NAME.c; the runner knows nothing else about it.
 *
 * Planning asks check() once a group. The runner calls, in this order: prepare (once, main thread),
 * lane_open (each worker, each engine), then slice after slice, expect after a case (or after each
 * slice of a cold workload), lane_close, release. slice() is called on every worker at once, after a
 * barrier that released them together (with `fresh` so often in a slice as there are rounds);
 * everything it measures it adds to lane->tally.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/options.h"
#include "stat/waste_model.h"
#include "sys/err.h"

struct group;
struct lane;
struct group_run;
struct expectation;

struct ratio;

#define PHASES_MAX 6u

/* Of the workers, the last ones may do nothing but look up what the others map. */
enum workload_readers { READERS_NEVER, READERS_IF_ASKED, READERS_HALF };

struct workload {
	const char *name, *help;
	const char *argument;   /* metavariable of NAME:ARGUMENT, NULL for none */
	bool cold;              /* about allocation: a fresh root for every slice */
	bool fresh;             /* cold: a slice is run->round rounds, each on a root of its own */
	bool forced;            /* arrival is forced: no rates, no headline */
	enum waste_arrival arrival; /* how workers come to new tables, for the model of waste */
	bool unowned;           /* breaks the contract on purpose */
	bool pure;              /* operations come in stretches of one kind */
	bool singly;            /* every operation is timed by a pair of stamps of its own */
	bool mixes;             /* takes a mix of page sizes */
	enum order_kind order;  /* what --order auto is; ORDER_AUTO: the option does not apply */
	bool queue;             /* between workers: --depth applies */
	unsigned depth;         /* what --depth auto is, where it applies; 0: 256 */
	bool dma;               /* the DMA path (dma.h): --iova, --flush and their like apply */
	bool by_page;           /* dma: buffers are unmapped page by page */
	unsigned buffer_lg2;    /* dma: the largest of its own buffers */
	bool paged;             /* dma: they are mapped as pages of 4 KiB */
	bool grows;             /* how its table grows is the subject: measured from a new one on, for good */
	bool waits;             /* for other workers, which is no operation's time */
	enum workload_readers readers;
	const struct ratio *ratio; /* its own mix of kinds; NULL: --ratio does not apply */
	/* Parts of its work that are told apart (lane_phase()), up to the first NULL. */
	const char *phases[PHASES_MAX];
	unsigned min_threads;
	bool even;              /* wants an even number of threads */
	/*
	 * Can this group be run? Asked while planning, before anything is measured; what it says
	 * names the option and the remedy. May be NULL.
	 */
	int (*check)(const struct group *g, struct err *err);
	/*
	 * For engines whose format has few page sizes, or whose tables do not grow (fit.h): the sizes
	 * that are mapped, bit s for 1 << s bytes (NULL: --page-size), and the last IOVA that any worker
	 * may touch (NULL: below 2^39). Asked while planning.
	 */
	uint64_t (*sizes)(const struct group *g);
	uint64_t (*reach)(const struct group *g);
	/* Shared state into run->shared. EXIT_* in err. May be NULL. */
	int (*prepare)(struct group_run *run, struct err *err);
	void (*release)(struct group_run *run);
	/* Per worker and engine state into lane->own, on the worker's thread. 0 or -ENOMEM. */
	int (*lane_open)(struct lane *lane);
	void (*lane_close)(struct lane *lane);
	/* Build what the `limit` ruler walks; one worker at a time, on its thread. May be NULL. */
	int (*prebuild)(struct lane *lane);
	void (*slice)(struct lane *lane);
	/* At how many new tables do workers meet in a slice of this run->round (meeting.h)? NULL: none. */
	uint64_t (*meetings)(const struct group_run *run);
	/* Main thread, between slices of a cold workload: reset shared state. May be NULL. */
	void (*rewind)(struct group_run *run);
	/* Main thread: the table of this engine was replaced by an empty one. 0 or -ENOMEM. May be NULL. */
	int (*reset)(struct group_run *run, unsigned engine);
	/* Warm: leave something worth auditing in the table; worker's thread. May be NULL. */
	void (*settle)(struct lane *lane);
	/* Warm: take it out again; worker's thread. May be NULL. */
	void (*clear)(struct lane *lane);
	/* What this worker has mapped right now. Main thread, at rest. */
	int (*expect)(struct lane *lane, struct expectation *out);
	/* Classify what two writers left (overlap). Main thread, at rest, per slice. May be NULL. */
	void (*classify)(struct group_run *run, unsigned engine);
};

/* Ends with NULL. */
extern const struct workload *const workloads[];
/* "replay:FILE" finds the row `replay` and points *argument at FILE (or ""); NULL: none. */
const struct workload *workload_find(const char *text, const char **argument);
