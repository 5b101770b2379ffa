/*
 * trace_life.c - how long the ranges of a trace live, and how soon their addresses come back: what an IOVA
 * allocator has to work with. Whoever frees a range keeps its address (in a magazine of its CPU, say), so
 * reuse is told by the CPU that unmapped, and how many maps go by in between is the depth that such a
 * stack needs.
 */
#include <stdlib.h>

#include "bench/trace_parts.h"

const uint64_t life_class_bytes[LIFE_CLASSES] = { 4096, 65536, 1ull << 21, UINT64_MAX, UINT64_MAX };

/* One segment of the IOVA space. */
struct past {
	uint32_t map;       /* the live map over it: index + 1; 0: none */
	bool gone;          /* unmapped before; when it was last, … */
	uint16_t cpu;       /* … by whom, … */
	uint64_t maps;      /* … how many maps there had been, … */
	double time_s;      /* … and when */
};

static uint64_t ns_between(double from_s, double to_s)
{
	return to_s > from_s ? (uint64_t)((to_s - from_s) * 1e9 + 0.5) : 0;
}

static void reuse(struct trace_life *life, const struct past *p, uint64_t pages, const struct trace_event *e,
		  uint64_t maps)
{
	if (!p->gone)
		return;
	life->pages_reused += pages;
	life->pages_by_same_cpu += p->cpu == e->cpu ? pages : 0;
	hist_record_many(&life->maps_between, maps - p->maps, pages);
	hist_record_many(&life->ns_between, ns_between(p->time_s, e->time_s), pages);
}

/* The map that ends here. */
static void end_life(struct trace_life *life, const struct trace_event *map, const struct trace_event *e)
{
	uint64_t ns = ns_between(map->time_s, e->time_s);
	unsigned k = 0;

	while (map->bytes > life_class_bytes[k])
		k++;
	hist_record(&life->lifetime[k], ns);
	hist_record(&life->lifetime[LIFE_CLASSES - 1], ns);
}

static void play(struct trace_life *life, const struct trace *t, const struct trace_segments *segments,
		 struct past *past)
{
	uint64_t maps = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct trace_event *e = &t->events[i];
		size_t s = trace_segments_first(segments, e), end = trace_segments_end(segments, e, s);
		uint32_t ended = 0;

		for (; s < end; s++) {
			uint64_t pages = segments->edge[s + 1] - segments->edge[s];

			if (e->kind == TRACE_MAP) {
				reuse(life, &past[s], pages, e, maps);
				past[s].map = (uint32_t)i + 1;
				continue;
			}
			if (past[s].map != ended) /* a map's segments lie side by side */
				end_life(life, &t->events[past[s].map - 1], e);
			ended = past[s].map;
			past[s] = (struct past){ .gone = true, .cpu = e->cpu, .maps = maps, .time_s = e->time_s };
			life->pages_unmapped += pages;
		}
		maps += e->kind == TRACE_MAP;
	}
}

struct trace_life *trace_life_of(const struct trace *t)
{
	struct trace_life *life = calloc(1, sizeof(*life));
	struct trace_segments segments = { .edge = NULL };
	struct past *past = NULL;

	if (life && !trace_segments_build(&segments, t->events, t->n))
		past = calloc(segments.n, sizeof(*past));
	if (past) {
		play(life, t, &segments, past);
		life->live_maps = t->maps - life->lifetime[LIFE_CLASSES - 1].n;
	} else {
		free(life);
		life = NULL;
	}
	free(past);
	free(segments.edge);
	return life;
}
