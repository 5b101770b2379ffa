/*
 * trace_parts.h - what the sources of trace.h share and nobody else needs.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/trace.h"

/* NR_CPUS of the largest kernel configurations; bounds the tables indexed by CPU. */
#define TRACE_CPUS_MAX 8192u

enum trace_line_kind {
	LINE_OTHER, /* a comment, or another trace point */
	LINE_EVENT,
	LINE_LOST,  /* the recorder overran */
	LINE_BAD,
};

struct trace_line {
	struct trace_event event; /* LINE_EVENT; cpu is the OS index */
	uint64_t lost;            /* LINE_LOST */
	bool has_flags, no_cpu;   /* no_cpu: the line names none, event.cpu is 0 */
	char why[128];            /* LINE_BAD: what is wrong, for the user */
};

/* Sort out one line, without its end, terminated by NUL. Pure. */
enum trace_line_kind trace_line_parse(const char *text, struct trace_line *out);

/*
 * Keep the events of t that make a legal sequence, number their CPUs densely and fill the
 * statistics. t->events is in order of time. -1: no memory.
 */
int trace_make_legal(struct trace *t);

/*
 * The IOVA space cut at every begin and end of an event: within a segment all pages share one fate,
 * so the size of an event costs nothing. edge[0..n] are page numbers; segment s is
 * [edge[s], edge[s + 1]).
 */
struct trace_segments {
	uint64_t *edge;
	size_t n;
};

/* -1: no memory. Free edge with free(). n_events > 0. */
int trace_segments_build(struct trace_segments *out, const struct trace_event *events,
			 size_t n_events);
/* The first segment of an event that took part in the build, and one past the last. */
size_t trace_segments_first(const struct trace_segments *segments, const struct trace_event *e);
size_t trace_segments_end(const struct trace_segments *segments, const struct trace_event *e,
			  size_t first);

static inline uint64_t trace_first_page(const struct trace_event *e)
{
	return e->iova >> 12;
}

static inline uint64_t trace_end_page(const struct trace_event *e)
{
	return (e->iova >> 12) + (e->bytes >> 12);
}
