/*
 * plan.h - a sweep expanded into groups. A group is one workload on one set of workers, with the
 * engines that take turns in it; each engine of a group becomes a case. Pure: a function of the
 * options and a topology.
 */
#pragma once

#include "bench/options.h"
#include "bench/workload.h"
#include "pt/engine.h"
#include "sys/topology.h"

#define GROUP_ENGINES_MAX 24u

struct group {
	const struct workload *workload;
	char argument[256];         /* replay: file */
	unsigned section;           /* of the screen */
	unsigned threads;
	unsigned *cpus;             /* OS index of each worker's CPU */
	unsigned nodes_used;
	struct place place;
	struct mem_choice mem;
	enum pool_zero zero;
	unsigned page_lg2;
	uint64_t batch, think_ns, tables, round, sample;
	enum share_kind share;
	enum range_kind range;
	bool disjoint;
	unsigned levels;            /* of a new table; 0: auto */
	uint64_t reach;             /* the last IOVA touched; 0: ask the workload (fit.h) */
	enum breakage breakage;
	uint64_t duration_ns, slice_ns, warmup_ns, seed;
	const struct pt_engine *engines[GROUP_ENGINES_MAX]; /* [0] is the baseline; rulers last */
	unsigned nengines;
};

struct plan {
	struct group *groups;
	size_t n, ncases;
	double predicted_s;
	uint64_t predicted_bytes;
};

int plan_build(struct plan *plan, const struct options *jobs, size_t njobs,
	       const struct topology *topo, struct err *err);
void plan_free(struct plan *plan);
/* `--dry-run`: groups, CPUs by worker, memory policy, predicted time and memory. */
void plan_print(const struct plan *plan, const struct topology *topo, FILE *out);
