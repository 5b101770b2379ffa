/*
 * result.h - what a run found, as plain data: filled by the runner, completed by analyse.c, read by
 * the writers (screen, JSON, CSV). A double that is not a number stands for null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/census.h"
#include "bench/doctor.h"
#include "bench/map_benchmark.h"
#include "bench/options.h"
#include "bench/page_mix.h"
#include "bench/workload.h"
#include "pt/engine.h"
#include "stat/histogram.h"
#include "stat/stat.h"
#include "stat/waste_model.h"
#include "sys/clock.h"
#include "sys/host.h"
#include "sys/perf.h"

enum op_kind { OP_MAP, OP_UNMAP, OP_LOOKUP, OP_KINDS }; /* map_range counts as map, … */
extern const char *const op_kind_name[OP_KINDS];        /* "map", "unmap", "lookup" */

/* One engine's turn. Plain data: travels between processes as it is. */
struct slice {
	uint32_t process, round, half; /* half 0: engines in order; 1: in reverse */
	uint32_t table;                /* of the process: its how manieth table of the engine */
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
	uint64_t growths;              /* of the tables: new roots, a level each */
	double plain_ns;               /* operations that took no page, from one's start to the next's, … */
	uint64_t plain_ops;            /* … and their number; 0 where they are not told apart */
	uint64_t meetings;             /* new tables at which the workers' arrivals were noted */
	uint64_t steal_ns, involuntary, voluntary, faults, migrations;
	double skew_ns, overlap;       /* forced: release skew, lost / (tables × (threads - 1)) */
	struct perf_sum counters;      /* of the measured part, all workers */
	uint64_t phase_ops[PHASES_MAX], phase_retired[PHASES_MAX]; /* of the workload's phases */
	double phase_ns[PHASES_MAX];   /* Σ over workers */
	uint64_t at_ns;                /* when it ended, since the group's measuring began */
	uint64_t live_pages;           /* table pages of this engine then */
	uint64_t paced_ops, lag_first_ns, lag_last_ns; /* --rate: mean lag of the first and last quarter */
	uint64_t backlog;              /* --rate: operations that were due when it ended, and not begun */
};

struct worker_result {
	unsigned cpu_asked, cpu, node; /* cpu: where it was found (sched_getcpu) after every slice */
	unsigned memory;               /* OS node its table pages are asked of; MEMORY_ANY */
	bool moved;                    /* found elsewhere at least once */
	bool unpinned;                 /* somebody has changed its affinity */
	uint64_t ops;
	double elapsed_ns;             /* its own time in the measured parts of slices, of all processes */
	uint64_t pages_by_node[POOL_NODES_MAX]; /* table pages it allocated that are live at the audit */
};

/* allocated = freed + reachable + spare + retired + lost */
struct page_ledger {
	uint64_t allocated, freed, reachable, spare, retired, lost;
	uint64_t wasted, wasted_install, wasted_growth, wasted_by_level[PT_LEVELS_MAX];
	uint64_t recycled; /* losers' pages kept in place by a later scheme */
	uint64_t peak;     /* most live pages at once, an upper bound; 0: not known */
	bool nodes_known;
	uint64_t by_node[POOL_NODES_MAX];
	double on_asked_node; /* share of live pages where the policy wants them; NaN unknown */
};

/* What pages in vain come to; of the measured part of a cold workload, else of the whole case. */
struct in_vain {
	uint64_t lost_installs;   /* compare-exchanges lost, a page each */
	uint64_t lost_growth;     /* pages of roots that another was faster with */
	uint64_t handed_back;     /* of these pages to the allocator … */
	uint64_t recycled;        /* … or kept in place for the next install */
	uint64_t zeroed_bytes;    /* in vain: of the pages handed back */
	uint64_t timed;           /* losers timed: from the empty entry to the page given back … */
	double loser_ns, ns;      /* … median; times lost_installs */
};

/* What is to be expected; docs/statistics.md. NaN where the model says nothing, or too little was seen. */
struct waste_model {
	double ceiling;           /* lost pages a table, if workers came by chance (forced: at once) */
	struct interval omega;    /* measured / ceiling */
	double by_gaps;           /* lost pages a table, from when the workers came */
	double op_ns;             /* an operation that takes no page, from its start to the next one's */
	uint64_t meetings;
};

struct waste_result {
	uint64_t tables;          /* tables that ended up in a tree */
	uint64_t growths;         /* of them new roots (cold workloads) */
	struct interval per_growth; /* lost_growth / growths */
	struct in_vain in_vain;
	struct waste_model model;
	struct interval per_table; /* lost pages per table; count interval; forced: no bounds */
	double per_allocated, per_map, ns_per_map;
	double window_ns;         /* median race window; NaN when none was sampled */
	uint64_t windows;         /* samples behind it */
	double skew_ns, overlap;  /* rendezvous */
};

struct overlap_result {
	uint64_t ranges, one_writer, mixed_chunks, torn_leaf, absent, leaked_tables;
};

struct lock_stat; /* lock_stat.h */
/* Hardware counters over the measured parts, harness included. */
struct counters_result {
	double per_op[PERF_COUNTS]; /* NaN: not counted, or it would mislead; why says which */
	double running_share;       /* of the time the counters should have run; NaN: none did */
	char event[PERF_COUNTS][32]; /* what counts it; "": nothing */
	char why[320];              /* why something is missing; "": nothing is */
};

/* A part of a workload that is told apart: how long, and how many tables it took out of the tree. */
struct phase_result {
	const char *name; /* NULL: there are no more */
	uint64_t ops, retired;
	double ns_per_op;
};

/* The DMA path (bench/dma.h) of a case, or its absence: asked is false. */
struct dma_result {
	bool asked, by_page;       /* by_page: an unmap, and each part of it, is of one page of a buffer */
	char iova[12], flush[8];   /* "rcache", "lazy" */
	uint64_t flush_ns;
	uint64_t iova_window;      /* 0: nobody allocates */
	bool one_buffer;           /* what follows is about it: */
	unsigned direction;        /* of enum map_benchmark_dir */
	bool scatter;              /* an entry a page */
	enum flush_lock flush_lock;
	char buffers[MIX_TEXT_MAX]; /* sizes, "4K:80+64K:20"; "" the workload has its own */
	/* Parts by call are the case's phases; here what follows from them, of a buffer. NaN where not known. */
	struct interval parts_ns;  /* sum of the parts of a map and an unmap */
	struct interval whole_ns;  /* the same as whole calls */
	struct interval whole_by_parts; /* their ratio */
	double whole_map_ns, whole_unmap_ns; /* whole calls of each kind, by call: medians over slices */
	struct interval table_ns;  /* a map and an unmap beyond the null ruler's of the same half rounds */
	struct interval unmap_table_share; /* of an unmap's parts: how much of it the page table is … */
	struct interval amdahl;    /* … and so by what factor an unmap could gain at most if that were free */
	struct iova_count iova_n;  /* sums over workers */
	struct flush_count flush_n;
	uint64_t iova_cached_pages; /* at the end */
	struct histogram *stale, *depth; /* ns; commands */
	struct census census;      /* maps == 0: none was taken */
};

/* --rate: the open loop. asked_per_s 0: closed loop, nothing else counts. */
struct pace_result {
	uint64_t asked_per_s;      /* per worker */
	enum pace_kind kind;
	double achieved;           /* done / due by the end, of the measured parts */
	double lag_growth;         /* ns of lag gained in a ns, median over slices; NaN: none has quarters */
	bool saturated;            /* it grew: no percentiles */
	struct histogram *lag, *response[OP_KINDS];
};

enum verified { VERIFIED_NULL, VERIFIED_YES, VERIFIED_NO };

struct case_result {
	char case_id[1024];
	unsigned group;            /* cases of a group were interleaved with each other */
	unsigned section;          /* of the screen: 1 lock, 2 waste, 3 overlap, 0 other */
	const struct pt_engine *engine;
	char workload[64];         /* "private", "replay:nvme-amd-lazy" */
	bool forced, cold, unowned; /* unowned: breaks the contract on purpose */
	bool singly;               /* every operation is timed by a pair of stamps of its own */
	enum waste_arrival arrival; /* how workers come to new tables, for the model */
	unsigned threads, nodes_used;
	uint64_t page_bytes, batch, think_ns; /* page_bytes of a mix: its smallest */
	struct page_mix mix;
	char place[256], smt[8], mem[32], zero[8], share[8], range[16];
	char order[12], source[10]; /* order "": the workload takes none */
	bool oversubscribed;       /* workers share CPUs */
	bool disjoint;
	bool again;                /* the second of two (--aa) */
	char handicap[24];         /* "slow:8": made worse on purpose; "" as it is. Not in the id */
	char ratio[16];            /* "" where the workload has none */
	unsigned readers;
	bool waits;
	uint64_t depth;            /* 0: no queue */
	uint64_t tables, round;    /* 0: the workload does not use it */
	struct phase_result phases[PHASES_MAX];
	struct interval readers_cost_ns; /* lookup: a writer's operation beside readers, less alone */
	unsigned levels;           /* asked for; 0: auto */
	unsigned levels_end;       /* of the table when it was audited last; 0: it was not */
	uint64_t refused;          /* body intel: leaves not written because one was there */
	uint64_t ops, pages_done, elapsed_ns;
	struct interval ops_per_s; /* median over slices; not valid and NaN where it means nothing */
	double ns_per_op[OP_KINDS], ns_per_page[OP_KINDS];
	double busy_ns_per_op;     /* all kinds; think and waiting left out */
	double wait_ns_per_op;     /* where workers wait for each other */
	struct histogram *latency[OP_KINDS]; /* n == 0: nothing sampled */
	struct histogram *window;  /* race windows, ns */
	struct histogram *vain;    /* the same of losers, the page given back included */
	struct histogram *gap;     /* by meeting and worker but the first: how long after the first */
	struct lock_stat *lock;    /* --lock-stat; NULL: not asked for */
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
	struct counters_result counters;
	struct dma_result dma;
	struct pace_result pace;
	struct map_benchmark_sums map_benchmark; /* one-buffer: as the kernel's tool counts */
	enum replay_speed speed;   /* replay; recorded: how late events began is pace.lag … */
	uint64_t segment_ns;       /* … and how much of the trace a slice replays */
	struct slice *slices;
	size_t nslices;
	struct draw *draws;        /* by process */
	size_t ndraws;
	uint64_t ops_per_slice;    /* per worker; 0 where the workload decides */
};

/* The percentiles that results show. draws.c */
#define LATENCY_QUANTILES 5u
extern const double latency_quantile[LATENCY_QUANTILES];
extern const char *const latency_quantile_name[LATENCY_QUANTILES]; /* "p50", …, "p9999" */

/* One process's share of a case (draws.h). Plain data: travels between processes as it is. */
struct draw {
	uint32_t process, slices;
	double ops_per_s;          /* median of its slices; NaN where a rate means nothing */
	double ns_per_op[OP_KINDS];
	uint64_t lost, tables;     /* pages in vain, and tables built: cold: measured part, else all */
	struct {
		uint64_t n;
		double q[LATENCY_QUANTILES]; /* ns; NaN: n does not support it */
	} latency[OP_KINDS];
};

struct comparison {
	size_t a, b;               /* indices into cases: b against a */
	char differs[64];          /* "sync", "body,sync", … */
	const char *metric;        /* "ns_per_op" */
	struct interval ratio;     /* b / a */
	struct interval added_ns;  /* b - a, per operation and worker */
	size_t pairs;
	double p, p_holm;          /* of "no difference"; the same among all comparisons; NaN: no pairs */
	double margin;             /* a ratio within 1 + margin either way is no difference */
	enum stat_verdict verdict;
};

struct knee {                      /* one engine with a lock at one think time … */
	const struct pt_engine *engine;
	const struct pt_engine *baseline; /* … against the same without it */
	uint64_t think_ns;
	unsigned below_5_percent;  /* most threads up to which the interval of the loss of throughput is
				      below 5 %; 0: none */
	unsigned undecided_from;   /* the next count, if 5 % is within its interval or it has none; else 0 */
	unsigned costs_from;       /* fewest threads at which the interval is at 5 % or beyond; 0: none */
	unsigned saturated;        /* fewest threads from which more threads add nothing; 0: not reached */
	unsigned counts;           /* thread counts measured; of one nobody knows whether it saturates */
	unsigned measured_to;      /* most threads measured */
};

struct scaling; /* bench/scaling.h */

struct ruler {
	struct clock_facts clock;
	double null_ns;            /* the null engine's floor per operation; NaN when it was not run */
	struct histogram hiccups;
	uint64_t steal_ns;
	double elapsed_s;
	uint64_t peak_rss_bytes;
};

#define RESULT_ADVICE 32u

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
	char advice[RESULT_ADVICE][DOCTOR_TEXT]; /* of the machine, at length: in the file, behind warnings */
	unsigned nadvice;
	struct case_result *cases;
	size_t ncases;
	struct comparison *comparisons;
	size_t ncomparisons;
	struct knee *knees;
	size_t nknees;
	struct scaling *scaling;   /* bench/scaling.h */
	size_t nscaling;
	char started_utc[32];
	bool lost_pinning, clock_stepped_back; /* exit 14 */
	uint64_t resumed;          /* groups measured before an interruption */
};

/* Deduplicated. */
void result_warn(struct result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Of a run cut short: forget the cases that it did not come to. */
void result_drop_unmeasured(struct result *r);
/* Fill everything derivable from slices and counts: rates, intervals, comparisons, knees, scaling. */
int analyse(struct result *r);
void result_free(struct result *r);
