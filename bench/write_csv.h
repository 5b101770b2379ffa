/* write_csv.h - columns of the tables that have files of their own. Main thread. */
#pragma once

#include "bench/csv.h"
#include "bench/result.h"

/* NAME_n, NAME_min_ns, NAME_p50_ns, …; h may be NULL. */
void csv_percentiles(struct csv *csv, const char *name, const struct histogram *h);
/* How far those of the latencies can be trusted; empty where there are none. */
void csv_quantile_bounds(struct csv *csv, const struct case_result *c);
/* --rate: empty for a closed loop. */
void csv_pace(struct csv *csv, const struct case_result *c);
/* --preset dma_map_benchmark: as that tool counts. */
void csv_map_benchmark(struct csv *csv, const struct case_result *c);
void csv_slice_pace(struct csv *csv, const struct slice *s);
