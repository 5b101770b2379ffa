/*
 * trace_model.c - makes a recording legal with a model of live pages, and counts what it shows.
 */
#include <stdlib.h>

#include "bench/trace_parts.h"

/* One segment of the IOVA space. */
struct fate {
	uint32_t map;    /* the live map over it: index of the kept event + 1; 0: none */
	int32_t map_cpu; /* CPU of its last map, live or not; -1: never mapped */
	bool touched;
};

struct model {
	struct trace *t;
	struct trace_segments segments;
	struct fate *fate; /* by segment */
	size_t kept;       /* t->events[0..kept) are legal and counted */
	uint64_t live_pages;
};

static bool may_map(const struct model *m, size_t first, size_t end)
{
	for (size_t s = first; s < end; s++)
		if (m->fate[s].map)
			return false;
	return true;
}

/* Whole maps only: those at the two ends may not stick out. */
static bool may_unmap(const struct model *m, const struct trace_event *e, size_t first, size_t end)
{
	const struct trace_event *low, *high;

	for (size_t s = first; s < end; s++)
		if (!m->fate[s].map)
			return false;
	low = &m->t->events[m->fate[first].map - 1];
	high = &m->t->events[m->fate[end - 1].map - 1];
	return trace_first_page(low) >= trace_first_page(e) &&
	       trace_end_page(high) <= trace_end_page(e);
}

static void do_map(struct model *m, const struct trace_event *e, size_t first, size_t end)
{
	bool migrated = false;

	for (size_t s = first; s < end; s++) {
		struct fate *f = &m->fate[s];

		migrated |= f->map_cpu >= 0 && f->map_cpu != e->cpu;
		*f = (struct fate){ .map = (uint32_t)m->kept + 1, .map_cpu = e->cpu,
				    .touched = true };
	}
	m->t->maps++;
	m->t->atomic_maps += e->atomic;
	m->t->migrations += migrated;
	m->live_pages += e->bytes >> 12;
	if (m->live_pages > m->t->peak_live_pages)
		m->t->peak_live_pages = m->live_pages;
}

static void do_unmap(struct model *m, const struct trace_event *e, size_t first, size_t end)
{
	bool crossed = false;

	for (size_t s = first; s < end; s++) {
		crossed |= m->fate[s].map_cpu != e->cpu;
		m->fate[s].map = 0;
	}
	m->t->unmaps++;
	m->t->atomic_unmaps += e->atomic;
	m->t->cross_cpu_unmaps += crossed;
	m->live_pages -= e->bytes >> 12;
}

static unsigned ceil_lg2(uint64_t v)
{
	return v <= 1 ? 0 : 64u - (unsigned)__builtin_clzll(v - 1);
}

/* Carry out t->events[i] on the model, or skip it. */
static void play(struct model *m, size_t i)
{
	struct trace *t = m->t;
	const struct trace_event e = t->events[i];
	size_t first = trace_segments_first(&m->segments, &e);
	size_t end = trace_segments_end(&m->segments, &e, first);

	if (e.kind == TRACE_MAP && may_map(m, first, end)) {
		do_map(m, &e, first, end);
	} else if (e.kind == TRACE_UNMAP && may_unmap(m, &e, first, end)) {
		do_unmap(m, &e, first, end);
	} else {
		t->skipped_map += e.kind == TRACE_MAP;
		t->skipped_unmap += e.kind == TRACE_UNMAP;
		return;
	}
	t->size_lg2_count[ceil_lg2(e.bytes)]++;
	t->events[m->kept++] = e;
}

/* A leaf table maps 512 pages. Segments come in order, so only the last region can repeat. */
static uint64_t count_leaf_tables(const struct model *m)
{
	uint64_t n = 0, next = 0; /* regions below `next` are counted */

	for (size_t s = 0; s < m->segments.n; s++) {
		uint64_t low = m->segments.edge[s] >> 9;
		uint64_t end = ((m->segments.edge[s + 1] - 1) >> 9) + 1;

		if (!m->fate[s].touched)
			continue;
		low = low > next ? low : next;
		n += end - low;
		next = end;
	}
	return n;
}

/* OS indexes to 0, 1, … in their order. */
static void number_cpus(struct trace *t)
{
	static const uint16_t absent = UINT16_MAX;
	uint16_t dense[TRACE_CPUS_MAX];

	for (size_t c = 0; c < TRACE_CPUS_MAX; c++)
		dense[c] = absent;
	for (size_t i = 0; i < t->n; i++)
		dense[t->events[i].cpu] = 0;
	for (size_t c = 0; c < TRACE_CPUS_MAX; c++)
		if (dense[c] != absent)
			dense[c] = (uint16_t)t->cpus++;
	for (size_t i = 0; i < t->n; i++)
		t->events[i].cpu = dense[t->events[i].cpu];
}

int trace_make_legal(struct trace *t)
{
	struct model m = { .t = t };

	if (trace_segments_build(&m.segments, t->events, t->n))
		return -1;
	m.fate = calloc(m.segments.n, sizeof(*m.fate));
	if (!m.fate) {
		free(m.segments.edge);
		return -1;
	}
	for (size_t s = 0; s < m.segments.n; s++)
		m.fate[s].map_cpu = -1;
	for (size_t i = 0; i < t->n; i++)
		play(&m, i);
	t->n = m.kept;
	t->end_live_pages = m.live_pages;
	t->leaf_tables = count_leaf_tables(&m);
	if (t->n)
		t->seconds = t->events[t->n - 1].time_s - t->events[0].time_s;
	number_cpus(t);
	free(m.fate);
	free(m.segments.edge);
	return 0;
}
