/*
 * replay_schedule.c - who runs each event of a trace, and what it waits for.
 *
 * An event must come after the events before it on each of its pages. It is enough to wait for the
 * last of them: by induction that one came after all the others. If its own worker ran it, the
 * order of the lane is the wait. A wait is left out when the same worker waited earlier, or waits
 * here, for the same or a later step of the same other worker.
 */
#include <stdlib.h>

#include "bench/trace_parts.h"

#define IOVA_SHIFT_LG2_MIN 30u /* what one level-1 table covers */

/* One copy of the trace and its lanes. */
struct group {
	const struct trace *t;
	const struct trace_segments *segments;
	struct replay_lane *lanes; /* of this group */
	unsigned base, size;       /* workers [base, base + size) */
	uint32_t *last;            /* by segment: its last event + 1, 0: none yet */
	uint32_t *step_of;         /* by event */
	uint32_t *known;           /* [worker * size + other]: steps of other waited for */
	uint32_t *need;            /* by other worker: steps the event at hand waits for, or 0 */
	uint16_t *others;          /* those with need > 0, others[0..n_others) */
	unsigned n_others;
};

static unsigned lane_of(const struct group *g, size_t event)
{
	return g->t->events[event].cpu % g->size;
}

static int size_lanes(struct group *g)
{
	for (size_t i = 0; i < g->t->n; i++)
		g->lanes[lane_of(g, i)].nsteps++;
	for (unsigned w = 0; w < g->size; w++) {
		struct replay_lane *lane = &g->lanes[w];

		lane->steps = calloc(lane->nsteps ? lane->nsteps : 1, sizeof(*lane->steps));
		if (!lane->steps)
			return -1;
		lane->nsteps = 0;
	}
	return 0;
}

/* What event i must wait for into need and others; i becomes the last event of its segments. */
static void gather_needs(struct group *g, size_t i)
{
	const struct trace_event *e = &g->t->events[i];
	size_t first = trace_segments_first(g->segments, e);
	size_t end = trace_segments_end(g->segments, e, first);
	unsigned own = lane_of(g, i);

	g->n_others = 0;
	for (size_t s = first; s < end; s++) {
		uint32_t before = g->last[s];

		g->last[s] = (uint32_t)i + 1;
		if (!before || lane_of(g, before - 1) == own)
			continue;
		unsigned other = lane_of(g, before - 1);
		uint32_t steps = g->step_of[before - 1] + 1;

		if (!g->need[other])
			g->others[g->n_others++] = (uint16_t)other;
		if (steps > g->need[other])
			g->need[other] = steps;
	}
}

/* Room grows at powers of two. */
static int add_wait(struct replay_lane *lane, struct replay_wait wait)
{
	size_t n = lane->nwaits;

	if (!(n & (n - 1))) {
		struct replay_wait *v = NULL;

		if (n < 1u << 31) /* replay_step.waits has 32 bits */
			v = reallocarray(lane->waits, n ? 2 * n : 1, sizeof(*v));
		if (!v)
			return -1;
		lane->waits = v;
	}
	lane->waits[lane->nwaits++] = wait;
	return 0;
}

static int add_step(struct group *g, size_t i)
{
	unsigned own = lane_of(g, i);
	struct replay_lane *lane = &g->lanes[own];
	struct replay_step *step = &lane->steps[lane->nsteps];

	gather_needs(g, i);
	step->event = (uint32_t)i;
	step->waits = (uint32_t)lane->nwaits;
	for (unsigned k = 0; k < g->n_others; k++) {
		unsigned other = g->others[k];
		uint32_t steps = g->need[other], *known = &g->known[(size_t)own * g->size + other];
		struct replay_wait wait = { .step = steps - 1,
					    .worker = (uint16_t)(g->base + other) };

		g->need[other] = 0;
		if (steps <= *known)
			continue;
		*known = steps;
		g->lanes[other].steps[steps - 1].watched = true;
		if (add_wait(lane, wait))
			return -1;
		step->nwaits++;
	}
	g->step_of[i] = (uint32_t)lane->nsteps++;
	return 0;
}

static int schedule_group(struct group *g)
{
	int rc = -1;

	g->last = calloc(g->segments->n, sizeof(*g->last));
	g->step_of = calloc(g->t->n, sizeof(*g->step_of));
	g->known = calloc((size_t)g->size * g->size, sizeof(*g->known));
	g->need = calloc(g->size, sizeof(*g->need));
	g->others = calloc(g->size, sizeof(*g->others));
	if (g->last && g->step_of && g->known && g->need && g->others && !size_lanes(g)) {
		rc = 0;
		for (size_t i = 0; !rc && i < g->t->n; i++)
			rc = add_step(g, i);
	}
	free(g->last);
	free(g->step_of);
	free(g->known);
	free(g->need);
	free(g->others);
	return rc;
}

static int schedule_groups(struct replay *r, unsigned shift_lg2)
{
	struct trace_segments segments;
	int rc = trace_segments_build(&segments, r->trace->events, r->trace->n);

	if (rc)
		return rc;
	for (unsigned base = 0, copy = 0; !rc && base < r->workers; copy++) {
		unsigned left = r->workers - base;
		unsigned size = left < r->trace->cpus ? left : r->trace->cpus;
		struct group g = { .t = r->trace, .segments = &segments, .base = base,
				   .lanes = r->lanes + base, .size = size };

		for (unsigned w = 0; w < size; w++) {
			g.lanes[w].copy = copy;
			g.lanes[w].iova_shift = copy ? (uint64_t)copy << shift_lg2 : 0;
		}
		rc = schedule_group(&g);
		base += size;
	}
	free(segments.edge);
	return rc;
}

/* log2 of the distance between copies, which holds the whole trace. */
static unsigned copy_distance_lg2(const struct trace *t)
{
	uint64_t highest = 0;
	unsigned lg2;

	for (size_t i = 0; i < t->n; i++) {
		uint64_t last = t->events[i].iova + (t->events[i].bytes - 1);

		highest = last > highest ? last : highest;
	}
	lg2 = 64u - (unsigned)__builtin_clzll(highest);
	return lg2 > IOVA_SHIFT_LG2_MIN ? lg2 : IOVA_SHIFT_LG2_MIN;
}

int trace_schedule(struct replay **out, const struct trace *t, unsigned workers, struct err *err)
{
	unsigned shift_lg2 = copy_distance_lg2(t);
	uint64_t copies = (workers + t->cpus - 1) / t->cpus;
	struct replay *r;

	err->code = 0;
	if (workers > UINT16_MAX)
		return err_set(err, EXIT_NO_RESOURCE, "replay %s: more than 65,535 workers",
			       t->name);
	if (copies > 1 && (shift_lg2 >= 64 || copies > 1ull << (64 - shift_lg2)))
		return err_set(err, EXIT_NO_RESOURCE, "replay %s: %u workers on %u recorded CPUs "
			       "need %llu copies, which do not fit the 64-bit IOVA space", t->name,
			       workers, t->cpus, (unsigned long long)copies);
	r = calloc(1, sizeof(*r));
	if (r) {
		r->trace = t;
		r->workers = workers;
		r->lanes = calloc(workers, sizeof(*r->lanes));
		if (r->lanes && !schedule_groups(r, shift_lg2)) {
			*out = r;
			return 0;
		}
	}
	replay_free(r);
	return err_set(err, EXIT_NO_RESOURCE, "replay %s: no memory for %u workers", t->name,
		       workers);
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	for (unsigned w = 0; r->lanes && w < r->workers; w++) {
		free(r->lanes[w].steps);
		free(r->lanes[w].waits);
	}
	free(r->lanes);
	free(r);
}
