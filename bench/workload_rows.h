/* workload_rows.h - every workload there is; workloads.c puts them into a table. */
#pragma once

#include "bench/workload.h"

extern const struct workload workload_private;
extern const struct workload workload_adjacent;
extern const struct workload workload_cursor;
extern const struct workload workload_rendezvous;
extern const struct workload workload_churn;
extern const struct workload workload_replay;
extern const struct workload workload_overlap;
