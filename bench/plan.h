/*
 * plan.h - a sweep expanded into groups. A group is one workload on one set of workers, with the
 * engines that take turns in it; each engine of a group becomes a case. Pure: a function of the
 * options and a topology.
 */
#pragma once

#include <limits.h>

#include "bench/options.h"
#include "bench/page_mix.h"
#include "bench/workload.h"
#include "pt/engine.h"
#include "sys/topology.h"

#define GROUP_ENGINES_MAX (4 * LIST_MAX + 4) /* a list, in both walks, twice, and the rulers */

struct group {
	const struct workload *workload;
	char argument[256];         /* replay: file */
	unsigned section;           /* of the screen */
	unsigned twin;              /* 0, or the how manieth repetition of groups before it */
	unsigned threads;
	unsigned *cpus;             /* OS index of each worker's CPU */
	unsigned nodes_used;
	bool oversubscribed;        /* workers share CPUs */
	struct place place;
	struct mem_choice mem;
	enum pool_zero zero;
	enum pool_source source;
	unsigned page_lg2;          /* of a mix the smallest */
	struct page_mix mix;
	uint64_t batch, think_ns, tables, round, sample;
	enum share_kind share;
	enum order_kind order;      /* AUTO: the workload takes none, or its own */
	enum range_kind range;
	bool disjoint, lock_stat;
	unsigned levels;            /* of a new table; 0: auto */
	uint64_t reach;             /* the last IOVA touched; 0: ask the workload (fit.h) */
	struct ratio ratio;         /* read with group_ratio() */
	uint64_t readers;           /* read with group_readers() */
	uint64_t depth;             /* the workload's, where none was asked for */
	const struct iova_kind *iova; /* the DMA workloads': struct workload.dma */
	enum flush_kind flush;
	uint64_t flush_ns;
	enum flush_lock flush_lock;
	uint64_t iova_window;
	struct page_mix buffers;    /* n 0: the workload's own sizes */
	uint64_t rate;              /* operations per second and worker; 0: closed loop */
	enum pace_kind pace;
	enum replay_speed speed;
	bool scatter;               /* one-buffer: mapped page by page, as dma_map_sg() does */
	unsigned direction;         /* one-buffer: map_benchmark.h */
	enum breakage breakage;
	struct handicap handicap;   /* of the engines, on purpose */
	bool counters;              /* hardware counters around measured parts */
	uint64_t duration_ns, slice_ns, warmup_ns, seed;
	uint64_t ops_enough;        /* operations of a worker and engine that end it early; 0: time does */
	const struct pt_engine *engines[GROUP_ENGINES_MAX]; /* [0] is the baseline; rulers last */
	bool again[GROUP_ENGINES_MAX]; /* --aa: the same engine as the one before it */
	unsigned nengines;
	char job[64];               /* section of the job file that asks for it; "" without one */
	bool by_default;            /* part of the default comparison */
};

#define PLAN_LEFT_OUT_MAX 8u

struct plan {
	struct group *groups;
	size_t n, ncases;
	char left_out[PLAN_LEFT_OUT_MAX][200]; /* what of the sweep is not measured, and why */
	unsigned nleft_out;         /* may be more than there is room for */
	double predicted_s;
	uint64_t predicted_bytes;
};

#define MEMORY_ANY UINT_MAX /* interleave: of each node in turn */

/* The OS node that the table pages of a worker on that CPU are asked of, or MEMORY_ANY. */
unsigned plan_memory_node(const struct topology *t, const struct mem_choice *mem, unsigned os_cpu);
/* Can workers on these CPUs have their memory? 0, or EXIT_NO_RESOURCE saying what is there. */
int plan_check_memory(const struct topology *t, const struct mem_choice *mem, const unsigned *cpus,
		      unsigned threads, struct err *err);
/* Does our control group grant as much memory? 0, or EXIT_NO_RESOURCE saying how much it does. */
int plan_check_limit(const struct plan *plan, const struct topology *t, struct err *err);
/*
 * The i-th thing about its CPUs and nodes that a reader of a group's figures should know, into
 * `text`; false: no more.
 */
bool plan_warning(const struct group *g, const struct topology *t, unsigned i, char *text,
		  size_t size);
/* Is there an i-th thing that the sweep names and the plan leaves out? Into `text`. */
bool plan_left_out(const struct plan *plan, unsigned i, char *text, size_t size);
/* A line of the dry run: "table pages of workers on node 0 on 2, 1 on 3". */
void plan_print_memory(const struct group *g, const struct topology *topo, FILE *out);

/* Takes out of `jobs` the engines that nobody named and the machine has no place for (fit.h). */
int plan_build(struct plan *plan, struct options *jobs, size_t njobs,
	       const struct topology *topo, struct err *err);
void plan_free(struct plan *plan);
/* `--dry-run`: groups, CPUs by worker, memory policy, predicted time and memory. */
void plan_print(const struct plan *plan, const struct topology *topo, FILE *out);
