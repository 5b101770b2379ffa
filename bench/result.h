/*
 * result.h - what a run found, as plain data: filled by the runner, completed by analyse.c, read by
 * the writers (screen, JSON, CSV). A double that is not a number stands for null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/options.h"
#include "pt/engine.h"
#include "stat/histogram.h"
#include "stat/stat.h"
#include "sys/clock.h"
#include "sys/host.h"

enum op_kind { OP_MAP, OP_UNMAP, OP_LOOKUP, OP_KINDS }; /* map_range counts as map, … */
extern const char *const op_kind_name[OP_KINDS];        /* "map", "unmap", "lookup" */

/* One engine's turn. Plain data: travels between processes as it is. */
struct slice {
	uint32_t process, round, half; /* half 0: engines in order; 1: in reverse */
	uint64_t position;             /* seeds the operations; the same for all engines of a half round */
	uint64_t ops, pages;           /* measured part, all workers; pages: mapped + unmapped + looked up */
	uint64_t elapsed_ns;           /* last stop minus first start */
	double ops_per_s;              /* warm: Σ over workers of ops / own time; cold: ops / elapsed */
	uint64_t kind_ops[OP_KINDS];   /* of ops: how many of each kind */
	uint64_t timed_ops[OP_KINDS], timed_pages[OP_KINDS];
	double timed_ns[OP_KINDS];     /* Σ over workers of time in stretches of one kind */
	double busy_ns;                /* Σ over workers of time inside stretches of any kind */
	uint64_t busy_ops;             /* operations in them */
	double wait_ns;                /* replay: Σ over workers of waiting for earlier events */
	uint64_t tables, lost_install, lost_growth; /* cold workloads: tables built, pages in vain */
	uint64_t steal_ns, involuntary, voluntary, faults, migrations;
	double skew_ns, overlap;       /* rendezvous: release skew, lost / (tables × (threads - 1)) */
};

struct worker_result {
	unsigned cpu_asked, cpu, node; /* cpu: where it was found (sched_getcpu) after every slice */
	bool moved;                    /* found elsewhere at least once */
	uint64_t ops;
	uint64_t pages_by_node[POOL_NODES_MAX]; /* table pages it allocated that are live at the audit */
};

/* allocated = freed + reachable + spare + retired + lost */
struct page_ledger {
	uint64_t allocated, freed, reachable, spare, retired, lost;
	uint64_t wasted, wasted_install, wasted_growth, wasted_by_level[PT_LEVELS_MAX];
	uint64_t recycled; /* losers' pages kept in place by a later scheme */
	uint64_t peak;     /* most live pages at once */
	bool nodes_known;
	uint64_t by_node[POOL_NODES_MAX];
	double on_asked_node; /* share of live pages where the policy wants them; NaN unknown */
};

struct waste_result {
	uint64_t tables;          /* tables that ended up in a tree */
	struct interval per_table; /* lost pages per table; count interval */
	double per_allocated, per_map, ns_per_map;
	double window_ns;         /* median race window; NaN when none was sampled */
	uint64_t windows;         /* samples behind it */
	double skew_ns, overlap;  /* rendezvous */
};

struct overlap_result {
	uint64_t ranges, one_writer, mixed_chunks, torn_leaf, absent, leaked_tables;
};

enum verified { VERIFIED_NULL, VERIFIED_YES, VERIFIED_NO };

struct case_result {
	char case_id[320];
	unsigned group;            /* cases of a group were interleaved with each other */
	unsigned section;          /* of the screen: 1 lock, 2 waste, 3 overlap, 0 other */
	const struct pt_engine *engine;
	char workload[64];         /* "private", "replay:nvme-amd-lazy" */
	bool forced, cold, unowned; /* unowned: breaks the contract on purpose */
	unsigned threads, nodes_used;
	uint64_t page_bytes, batch, think_ns;
	char place[256], mem[32], zero[8], share[8], range[16];
	bool disjoint;
	unsigned levels;           /* asked for; 0: auto */
	unsigned levels_end;       /* of the table when it was audited last; 0: it was not */
	uint64_t refused;          /* body intel: leaves not written because one was there */
	uint64_t ops, pages_done, elapsed_ns;
	struct interval ops_per_s; /* median over slices; not valid and NaN where it means nothing */
	double ns_per_op[OP_KINDS], ns_per_page[OP_KINDS];
	double busy_ns_per_op;     /* all kinds; think and waiting left out */
	double wait_ns_per_op;     /* replay */
	struct histogram *latency[OP_KINDS]; /* n == 0: nothing sampled */
	struct histogram *window;  /* race windows, ns */
	uint64_t sample_every, disturbed;    /* disturbed: samples hit by a context switch, left out */
	double longest_wait_ns;    /* longest time a worker spent inside one stretch: an upper bound */
	struct page_ledger pages;
	struct waste_result waste;
	double jain, min_max;
	enum verified verified;
	char evidence[4][160];     /* of a failed audit */
	unsigned nevidence;
	struct worker_result *workers;
	struct overlap_result overlap; /* ranges == 0: not this workload */
	uint64_t events_skipped, events; /* replay */
	struct slice *slices;
	size_t nslices;
	uint64_t ops_per_slice;    /* per worker; 0 where the workload decides */
};

struct comparison {
	size_t a, b;               /* indices into cases: b against a */
	char differs[64];          /* "sync", "body,sync", … */
	const char *metric;        /* "ns_per_op" */
	struct interval ratio;     /* b / a */
	struct interval added_ns;  /* b - a, per operation and worker */
	size_t pairs;
	enum stat_verdict verdict;
};

struct knee {                      /* one engine against the baseline at one think time */
	const struct pt_engine *engine;
	uint64_t think_ns;
	unsigned below_5_percent;  /* most threads at which the lock costs < 5 % of throughput; 0: none */
	unsigned saturated;        /* fewest threads from which more threads add nothing; 0: not reached */
	unsigned measured_to;      /* most threads measured */
};

struct ruler {
	struct clock_facts clock;
	double null_ns;            /* the null engine's floor per operation; NaN when it was not run */
	struct histogram hiccups;
	uint64_t steal_ns;
	double elapsed_s;
	uint64_t peak_rss_bytes;
};

struct result {
	bool complete;
	int argc;
	char **argv;
	const struct options *jobs;
	size_t njobs;
	uint64_t seed;
	unsigned processes;
	const struct topology *topo;
	struct host_facts host;
	struct ruler ruler;
	char warnings[16][240];
	unsigned nwarnings;
	struct case_result *cases;
	size_t ncases;
	struct comparison *comparisons;
	size_t ncomparisons;
	struct knee *knees;
	size_t nknees;
	char started_utc[32];
	bool lost_pinning, clock_stepped_back; /* exit 14 */
};

/* Deduplicated. */
void result_warn(struct result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Of a run cut short: forget the cases that it did not come to. */
void result_drop_unmeasured(struct result *r);
/* Fill everything derivable from slices and counts: rates, intervals, comparisons, knees. */
int analyse(struct result *r);
void result_free(struct result *r);
