/*
 * tables.h - a warm group's engines get other tables now and then, in other pages. Where the pages
 * of a table lie, against caches and each other, is luck, and one table is one draw of it. Outside
 * the clock; cold workloads have fresh tables anyway. Main thread.
 */
#pragma once

#include "bench/lane.h"
#include "sys/err.h"

#define TABLES_WANTED 6u              /* stat_paired() asks for as many */
#define TABLE_NS_MAX 5000000000u      /* a longer run has more of them */
#define TABLES_TIME_SHARE 0.03        /* of the group's time, at most; fewer tables where it is short */
#define TABLE_ROUNDS_MIN 2u

/* When the next tables are due. */
struct table_turns {
	uint64_t began_ns, changed_ns, spent_ns, cost_ns; /* cost: of one change, first a guess */
	uint32_t changed_round;
};

/*
 * Table pages of engine e that are not back in the pool, by its workers' counters: in the tree, or
 * taken out of it and waiting for a grace period. Workers at rest.
 */
uint64_t tables_live_pages(const struct group_run *run, unsigned e);

void table_turns_begin(struct table_turns *t, const struct group_run *run);
/* After `rounds` rounds: tables_change() if it is due, and what it costs can be afforded. EXIT_* in err. */
int table_turns_next(struct table_turns *t, struct group_run *run, uint32_t rounds, struct err *err);
/*
 * Audit each engine's table, and build a new, empty one: what the calibration left behind is gone.
 * EXIT_NO_RESOURCE.
 */
int tables_renew(struct group_run *run, struct err *err);
/*
 * Audit each engine's table into its case, destroy it, and build another one, as warm as that was, of
 * pages in another order. EXIT_NO_RESOURCE.
 */
int tables_change(struct group_run *run, struct err *err);
