/* analyse_phases.c - the parts of a workload that are told apart, and what readers cost writers. */
#include "bench/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Medians over slices, as what readers cost is one: a slice that was stalled weighs no more than others. */
static int add_up(struct case_result *c)
{
	double *ns = calloc(c->nslices + 1, sizeof(*ns));

	if (!ns)
		return -1;
	for (unsigned k = 0; k < PHASES_MAX && c->phases[k].name; k++) {
		struct phase_result *p = &c->phases[k];
		size_t n = 0;

		p->ops = p->retired = 0;
		for (size_t i = 0; i < c->nslices; i++) {
			const struct slice *s = &c->slices[i];

			p->ops += s->phase_ops[k];
			p->retired += s->phase_retired[k];
			if (s->phase_ops[k])
				ns[n++] = s->phase_ns[k] / (double)s->phase_ops[k];
		}
		p->ns_per_op = n && !case_withheld(c) ? stat_median(ns, n) : NAN;
	}
	free(ns);
	return 0;
}

/* A pair is the two phases of one slice: the writers alone, then the same writers beside readers. */
static int readers_cost(struct case_result *c, uint64_t seed)
{
	struct stat_pair *pairs = calloc(c->nslices + 1, sizeof(*pairs));
	size_t n = 0;
	int err = pairs ? 0 : -1;

	for (size_t i = 0; !err && i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		if (!(s->phase_ns[0] > 0) || !(s->phase_ns[1] > 0))
			continue;
		pairs[n++] = (struct stat_pair){ .a = s->phase_ns[0] / (double)s->phase_ops[0],
						 .b = s->phase_ns[1] / (double)s->phase_ops[1],
						 .process = s->process, .table = s->table };
	}
	if (!err && n)
		err = stat_paired(pairs, n, STAT_DIFFERENCE, seed, &c->readers_cost_ns);
	if (!c->readers_cost_ns.valid)
		c->readers_cost_ns.lo = c->readers_cost_ns.hi = NAN;
	free(pairs);
	return err;
}

int analyse_phases(struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++) {
		struct case_result *c = &r->cases[i];

		if (add_up(c))
			return -1;
		c->readers_cost_ns = (struct interval){ .mid = NAN, .lo = NAN, .hi = NAN };
		if (!strcmp(c->workload, "lookup") && !case_withheld(c) && readers_cost(c, r->seed))
			return -1;
	}
	return 0;
}
