/* plan_predict.c - how long the groups of a plan will take, and how much memory. */
#include "bench/dma.h"
#include "bench/lock_stat.h"
#include "bench/plan_default.h"

#define LANE_TOUCHED_BYTES 16384 /* of five histograms only the pages that are recorded into */

/* Pools, tables, lanes and histograms of the largest group: groups follow each other. */
static uint64_t predict_bytes(const struct group *g)
{
	/* of a worker: leaf tables, and as much again for the places of its operations, which engines share */
	uint64_t own = g->tables * (g->mix.n ? g->mix.n : 1);
	uint64_t tables = g->workload->cold ? g->round * 3 / 2
					    : g->threads * (g->nengines * (own + 4) + own);
	uint64_t lanes = (uint64_t)g->nengines * g->threads * LANE_TOUCHED_BYTES;

	return (16ull << 20) + (g->workload->dma ? dma_bytes(g) : 0) + lanes +
	       (tables + 80ull * g->threads) * PAGE_BYTES +
	       (g->workload->cold ? g->round * (512 * 8 + g->threads) * sizeof(uint64_t) : 0);
}

/* A quarter of the group's time on top, but a few slices of every engine at least. */
static double lock_stat_s(const struct group *g, unsigned processes)
{
	double share_s = (double)g->duration_ns / LOCK_TIME_SHARE / 1e9;
	double least_s = 4.4 * LOCK_ROUNDS_MIN * g->nengines * (double)g->slice_ns / 1e9 * processes;

	return !g->lock_stat ? 0 : share_s > least_s ? share_s : least_s;
}

double plan_predict_group_s(const struct group *g, unsigned processes)
{
	return (double)g->duration_ns / 1e9 + lock_stat_s(g, processes) + PLAN_GROUP_OVERHEAD_S * processes;
}

void plan_predict(struct plan *plan, unsigned processes)
{
	plan->predicted_s = 0.7;
	for (size_t i = 0; i < plan->n; i++) {
		uint64_t bytes = predict_bytes(&plan->groups[i]);

		plan->predicted_s += plan_predict_group_s(&plan->groups[i], processes);
		if (bytes > plan->predicted_bytes)
			plan->predicted_bytes = bytes;
	}
}
