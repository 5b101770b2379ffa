/* workload_rows.h - one row per workload, each defined in the file of its name. */
#pragma once

#include "bench/workload.h"

extern const struct workload workload_private, workload_adjacent, workload_cursor, workload_cold,
	workload_rendezvous, workload_convoy, workload_grow, workload_churn, workload_collapse,
	workload_lookup, workload_pairs, workload_ring, workload_storage, workload_bulk, workload_piecewise,
	workload_repeat, workload_replay, workload_overlap, workload_one_buffer;
