/*
 * audit.h - after a case (after every slice of a cold workload): does the table hold what its
 * owners mapped, nothing else, and does every page balance? Main thread, all workers at rest.
 */
#pragma once

#include "bench/lane.h"

/*
 * Compare the table of run->engines[e] with what its lanes expect (nothing when `empty`), add its
 * pages to the case's ledger (when `count`), and put the outcome into the case's `verified` and
 * `evidence`. Rulers are skipped; of an unowned workload only memory safety and the ledger are
 * checked and `verified` stays null. 0 or -ENOMEM.
 */
int audit_engine(struct group_run *run, unsigned e, bool empty, bool count);
/* Of a worker's pages interleaved over so many nodes, those within each node's equal share. */
uint64_t audit_even_pages(const struct worker_result *w, unsigned nodes);
/* Note a failure found elsewhere (operations that failed, pages that did not come back). */
void audit_fail(struct case_result *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
