/* trace_segments.c - the IOVA space of a trace, cut where events begin and end. */
#include <stdlib.h>

#include "bench/trace_parts.h"

static int by_page(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int trace_segments_build(struct trace_segments *out, const struct trace_event *events,
			 size_t n_events)
{
	size_t n = 2 * n_events, kept = 1;
	uint64_t *edge = malloc(n * sizeof(*edge));

	if (!edge)
		return -1;
	for (size_t i = 0; i < n_events; i++) {
		edge[2 * i] = trace_first_page(&events[i]);
		edge[2 * i + 1] = trace_end_page(&events[i]);
	}
	qsort(edge, n, sizeof(*edge), by_page);
	for (size_t i = 1; i < n; i++)
		if (edge[i] != edge[kept - 1])
			edge[kept++] = edge[i];
	out->edge = edge;
	out->n = kept - 1;
	return 0;
}

size_t trace_segments_first(const struct trace_segments *segments, const struct trace_event *e)
{
	uint64_t page = trace_first_page(e);
	size_t lo = 0, hi = segments->n;

	while (lo + 1 < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (segments->edge[mid] <= page)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

size_t trace_segments_end(const struct trace_segments *segments, const struct trace_event *e,
			  size_t first)
{
	uint64_t page = trace_end_page(e);
	size_t s = first + 1;

	while (segments->edge[s] < page)
		s++;
	return s;
}
