/*
 * draws.h - what each process found of a case: where tables and code lie is luck, and one process is
 * one draw of it. Whoever compares results pairs and resamples these. Main thread.
 */
#pragma once

#include "bench/result.h"

/*
 * Append this process's share to c->draws: from its slices, and the histograms and pages of a case
 * that no other process has been merged into. A case without slices has none. 0 or -ENOMEM.
 */
int draw_take(struct case_result *c, uint32_t process);
int draw_add(struct case_result *c, const struct draw *d);
/* Of the i-th percentile that is shown, 95 %, by order statistics; not valid where it is not shown. */
struct interval latency_interval(const struct histogram *h, unsigned i);
