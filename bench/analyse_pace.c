/* analyse_pace.c - the open loop: did the engine keep up with the rate? docs/statistics.md, "Open loop". */
#include <stdlib.h>

#include "bench/analyse.h"
#include "stat/beta.h"

#define ALPHA 0.05

/* Lag gained per time in a slice: the centres of its first and its last quarter lie 3/4 of it apart. */
static double growth(const struct slice *s)
{
	return ((double)s->lag_last_ns - (double)s->lag_first_ns) / (0.75 * (double)s->elapsed_ns);
}

bool pace_saturated(const double *growth, size_t n)
{
	const double even = 0; /* log odds of one half */
	size_t over = 0;

	for (size_t i = 0; i < n; i++)
		over += growth[i] > PACE_GROWTH_MAX;
	/* so few that all of them together cannot be significant: all of them */
	return n && (over == n || binomial_least((double)over, (double)n, even) <= ALPHA);
}

int analyse_pace(struct case_result *c)
{
	struct pace_result *p = &c->pace;
	uint64_t done = 0, backlog = 0;
	double *room;
	size_t n = 0;

	p->achieved = p->lag_growth = NAN;
	if (!p->asked_per_s || !c->nslices)
		return 0;
	room = malloc(c->nslices * sizeof(*room));
	if (!room)
		return -1;
	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		done += s->paced_ops;
		backlog += s->backlog;
		if (s->paced_ops && s->elapsed_ns)
			room[n++] = growth(s);
	}
	p->achieved = quotient((double)done, done + backlog);
	p->saturated = pace_saturated(room, n);
	if (n)
		p->lag_growth = stat_median(room, n); /* sorts */
	free(room);
	return 0;
}
