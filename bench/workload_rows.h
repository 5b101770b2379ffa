<<<<<<< HEAD
/* workload_rows.h - one row per workload, each defined in the file of its name. */
=======
/* workload_rows.h - every workload there is; workloads.c puts them into a table. */
>>>>>>> w-work
#pragma once

#include "bench/workload.h"

<<<<<<< HEAD
extern const struct workload workload_private, workload_adjacent, workload_cursor,
	workload_rendezvous, workload_churn, workload_replay, workload_overlap;
=======
extern const struct workload workload_private;
extern const struct workload workload_adjacent;
extern const struct workload workload_cursor;
extern const struct workload workload_rendezvous;
extern const struct workload workload_churn;
extern const struct workload workload_replay;
extern const struct workload workload_overlap;
>>>>>>> w-work
