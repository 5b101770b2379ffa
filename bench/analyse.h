/*
 * analyse.h - the parts of analyse(), and what several writers need to know about a case. Pure
 * arithmetic over struct result; main thread.
 */
#pragma once

#include <math.h>
#include <string.h>

#include "bench/result.h"

static const struct interval unknown_interval = { .mid = NAN, .lo = NAN, .hi = NAN };

static inline double quotient(double sum, uint64_t n)
{
	return n ? sum / (double)n : NAN;
}

/* A failed audit: none of the case's numbers may be shown, only the evidence. */
static inline bool case_withheld(const struct case_result *c)
{
	return c->verified == VERIFIED_NO;
}

/* Are there latencies of these operations that may be shown? */
static inline bool case_sampled(const struct case_result *c, int kind)
{
	return c->latency[kind] && c->latency[kind]->n && !case_withheld(c);
}

/* No rate, no headline: arrival is forced, or two owners fight over a range. */
static inline bool case_rateless(const struct case_result *c)
{
	return c->forced || (c->unowned && !c->disjoint);
}

/* Does the engine take a lock around map and unmap? Syncs of the lockless family begin so. */
bool engine_locks(const struct pt_engine *e);
/* A trace was recorded on a lockless driver; under a lock its events would have come otherwise. */
bool case_counterfactual(const struct case_result *c);
/* Pages allocated in vain: in the measured part of a cold workload, else in all of the case. */
uint64_t case_lost(const struct case_result *c);
bool ledger_balances(const struct page_ledger *p);

/* Dimensions in which two cases differ, comma separated ("sync", "body,sync"); their number. */
unsigned case_differs(const struct case_result *a, const struct case_result *b, char *text,
		      size_t size);

/* c->counters from its slices: figures by operation, and what is left out and why. */
void analyse_counters(struct case_result *c);
/* Any figure by operation? */
static inline bool counters_any(const struct counters_result *c)
{
	return isfinite(c->running_share);
}
/* c->waste, from the sums over the case's slices. -1: out of memory. */
int analyse_waste(struct case_result *c, const struct slice *sum);
/* Of a failed audit: none of it. */
void withhold_waste(struct case_result *c);
/* Each case's phases, and readers_cost_ns. -1: out of memory. */
int analyse_phases(struct result *r);
/* Of each case of the DMA path: c->dma's figures, from its slices. -1: out of memory. */
int analyse_dma(struct result *r);
/* Is invalidation modelled? */
static inline bool dma_flushes(const struct dma_result *d)
{
	return d->asked && strcmp(d->flush, "none");
}
/* Of an allocator's calls, those that went to what workers share; NaN: there were none. */
double dma_shared_share(const struct dma_result *d);
/* Do parts add up to about the whole? False: the ratio's interval is wholly outside of this. */
#define DMA_WHOLE_BY_PARTS_MIN 0.8
#define DMA_WHOLE_BY_PARTS_MAX 1.25
bool dma_parts_are_the_whole(const struct dma_result *d);
/* Of tables or lines, by how many workers touched them: the share touched by several. */
double census_shared(const uint64_t by[CENSUS_CPUS], uint64_t n);
/*
 * Of an open loop: saturated is an engine whose workers fall behind by more than this share of the time,
 * so that it does less than 99 % of what is asked, in significantly more than half of its slices (sign
 * test, one-sided, 5 %; below 5 slices in all of them). growth: by slice, lag gained per time.
 * docs/statistics.md has the reasons, and what the rule errs by.
 */
#define PACE_GROWTH_MAX 0.01
bool pace_saturated(const double *growth, size_t n);
/* c->pace from its slices. -1: out of memory. */
int analyse_pace(struct case_result *c);
/* Are there response times that may be shown? */
static inline bool case_paced(const struct case_result *c)
{
	return c->pace.asked_per_s && !c->pace.saturated && c->pace.lag && !case_withheld(c);
}
/* r->comparisons; the cases' own figures must be there. -1: out of memory. */
int analyse_comparisons(struct result *r);
/*
 * Throughputs of a and b in the slices that pair, into room for the slices of the one that has fewer;
 * how many.
 */
size_t case_rate_pairs(const struct case_result *a, const struct case_result *b,
		       struct stat_pair *pairs);
/*
 * r->knees of engines that lock and have a sibling beside them that differs in `sync` alone, from
 * `private` in the first place and size it ran in. -1: out of memory.
 */
int analyse_knees(struct result *r);

/* The audits of a run, added up. */
struct audit_sum {
	unsigned audited, clean, unbalanced;
	unsigned cpus, cpus_as_asked; /* of the case with the most threads */
	double on_asked_node;         /* share of live table pages; NaN unknown */
};
struct audit_sum audit_sum(const struct result *r);
