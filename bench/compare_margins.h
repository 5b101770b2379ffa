/*
 * compare_margins.h - what counts and how much, in the user's words: --gate, --min-effect and the
 * file of --thresholds. EXIT_USAGE naming the flag (or file and line) and what to write. Main thread.
 */
#pragma once

#include "bench/gate.h"

/* "throughput,p99": exactly these are gated. */
int margins_gate(struct gate_options *o, const char *list, struct err *err);
/* "throughput:3,p99:10%", or "5": of throughput. */
int margins_min_effect(struct gate_options *o, const char *list, struct err *err);
/*
 * An INI file: sections are globs of case ids, keys metrics, values `RELATIVE% [ABSOLUTE]`; above the
 * first section for all cases. *out from malloc. EXIT_BAD_DATA: the file cannot be read.
 */
int margins_read(struct gate_threshold **out, size_t *n, const char *path, struct err *err);
