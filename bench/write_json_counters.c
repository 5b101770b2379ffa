/* Hardware counters as JSON: of a case by operation, of a slice as they were counted. */
#include "bench/write_json.h"

#include <math.h>
#include <stdio.h>

#include "bench/analyse.h"

void put_counters(struct node o, const struct case_result *c)
{
	const struct counters_result *counters = &c->counters;
	struct node figures, events;
	char key[32];

	put_fact(o, "counters_reason", counters->why);
	if (!counters_any(counters)) {
		put_null(o, "counters");
		return;
	}
	figures = put_object(o, "counters");
	for (int i = 0; i < PERF_COUNTS; i++) {
		snprintf(key, sizeof(key), "%s_per_op", perf_count_name[i]);
		put_real(figures, key, counters->per_op[i]);
	}
	put_real(figures, "running_share", counters->running_share);
	events = put_object(figures, "events");
	for (int i = 0; i < PERF_COUNTS; i++)
		put_fact(events, perf_count_name[i], counters->event[i]);
}

void put_slice_counters(struct node o, const struct perf_sum *sum)
{
	for (int i = 0; i < PERF_COUNTS; i++)
		put_real(o, perf_count_name[i], sum->mask & 1u << i ? sum->count[i] : NAN);
	put_real(o, "counters_running_share",
		 sum->enabled_ns ? (double)sum->running_ns / (double)sum->enabled_ns : NAN);
}
