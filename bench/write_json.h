/* write_json.h - what the two halves of the JSON writer share. */
#pragma once

#include "bench/json.h"
#include "bench/result.h"

/* NAME, NAME_lo, NAME_hi; bounds that are not valid are null. */
void put_interval(struct node o, const char *name, const struct interval *i);
/* {n, min, p50, …, max, overflow}, null when nothing was recorded; of times with put_buckets(). */
void put_counts(struct node o, const char *key, const struct histogram *h);
void put_histogram(struct node o, const char *key, const struct histogram *h);
/* p50, …, p9999 of a histogram that is not empty; null where it does not support one. */
void put_percentiles(struct node o, const struct histogram *h);
/* The field `histogram`, of a histogram of ns: its buckets in use, as columns. */
void put_buckets(struct node o, const struct histogram *h);
/* put_histogram() with p50_lo, p50_hi, …: intervals by order statistics. */
void put_latency_histogram(struct node o, const char *key, const struct histogram *h);
/* draws[] of a case. */
void put_draws(struct node o, const struct case_result *c);
/* counters and counters_reason; a slice's counts. */
void put_counters(struct node o, const struct case_result *c);
void put_slice_counters(struct node o, const struct perf_sum *sum);
/* knees[] and scaling[] of the document. */
void put_knees(struct node root, const struct result *r);
void put_scaling(struct node root, const struct result *r);
/* What a job asks of the DMA path. */
void put_job_dma(struct node o, const struct options *j);
/* The field dma of a case: null in other workloads. */
void put_dma(struct node o, const struct case_result *c);
/* The object `waste` of a case. */
void put_waste(struct node o, const struct case_result *c);
/* The object `rate` of a case: null for a closed loop; what a slice says of it. */
void put_pace(struct node o, const struct case_result *c);
void put_slice_pace(struct node o, const struct slice *s);
/* The field lock_stat: null unless asked for. */
void put_lock_stat(struct node o, const struct case_result *c);
/* nodes: how many of the by-node counts there are (index into the topology's nodes). */
void put_case(struct node array, const struct case_result *c, unsigned nodes);
