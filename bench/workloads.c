/* workloads.c - the table of workloads: a new one is a file and a row here. */
#include <string.h>

#include "bench/workload_rows.h"

const struct workload *const workloads[] = {
	&workload_private, &workload_adjacent, &workload_cursor, &workload_cold, &workload_rendezvous,
	&workload_convoy, &workload_grow, &workload_churn, &workload_collapse, &workload_lookup,
	&workload_pairs, &workload_ring, &workload_storage, &workload_bulk, &workload_piecewise,
	&workload_repeat, &workload_replay, &workload_overlap, NULL,
};

const struct workload *workload_find(const char *text, const char **argument)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	for (const struct workload *const *w = workloads; *w; w++) {
		if (strlen((*w)->name) != length || memcmp((*w)->name, text, length))
			continue;
		*argument = colon ? colon + 1 : "";
		/* an argument where one belongs, none elsewhere */
		return !(*w)->argument == !**argument ? *w : NULL;
	}
	return NULL;
}
