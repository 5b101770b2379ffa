/* write_csv.h - columns of the tables that have files of their own. Main thread. */
#pragma once

#include "bench/csv.h"
#include "bench/result.h"

/* --rate: empty for a closed loop. */
void csv_pace(struct csv *csv, const struct case_result *c);
void csv_slice_pace(struct csv *csv, const struct slice *s);
