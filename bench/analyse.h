/*
 * analyse.h - the parts of analyse(), and what several writers need to know about a case. Pure
 * arithmetic over struct result; main thread.
 */
#pragma once

#include "bench/result.h"

/* A failed audit: none of the case's numbers may be shown, only the evidence. */
static inline bool case_withheld(const struct case_result *c)
{
	return c->verified == VERIFIED_NO;
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

/* Each case's phases, and readers_cost_ns. -1: out of memory. */
int analyse_phases(struct result *r);
/* r->comparisons; the cases' own figures must be there. -1: out of memory. */
int analyse_comparisons(struct result *r);
/* r->knees, from `private` in the first place and size it ran in. -1: out of memory. */
int analyse_knees(struct result *r);

/* The audits of a run, added up. */
struct audit_sum {
	unsigned audited, clean, unbalanced;
	unsigned cpus, cpus_as_asked; /* of the case with the most threads */
	double on_asked_node;         /* share of live table pages; NaN unknown */
};
struct audit_sum audit_sum(const struct result *r);
