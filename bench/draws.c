#include "bench/draws.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/analyse.h"
#include "stat/verdict.h"

const double latency_quantile[LATENCY_QUANTILES] = { 0.5, 0.9, 0.99, 0.999, 0.9999 };
const char *const latency_quantile_name[LATENCY_QUANTILES] = { "p50", "p90", "p99", "p999", "p9999" };

int draw_add(struct case_result *c, const struct draw *d)
{
	struct draw *v = realloc(c->draws, (c->ndraws + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	c->draws = v;
	c->draws[c->ndraws++] = *d;
	return 0;
}

struct interval latency_interval(const struct histogram *h, unsigned i)
{
	struct interval v = stat_quantile(h, latency_quantile[i], 0.05);

	v.valid &= hist_supports(h, latency_quantile[i]);
	return v;
}

/* Rates of slices without one (nothing was done) are left out. */
static int take_slices(struct draw *d, const struct case_result *c)
{
	double *rate = calloc(c->nslices + 1, sizeof(*rate)), timed_ns[OP_KINDS] = { 0 };
	uint64_t timed_ops[OP_KINDS] = { 0 };
	size_t n = 0;

	if (!rate)
		return -ENOMEM;
	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		if (s->process != d->process)
			continue;
		d->slices++;
		if (s->ops_per_s > 0)
			rate[n++] = s->ops_per_s;
		for (unsigned k = 0; k < OP_KINDS; k++) {
			timed_ns[k] += s->timed_ns[k];
			timed_ops[k] += s->timed_ops[k];
		}
		if (!c->cold)
			continue;
		d->lost += s->lost_install + s->lost_growth;
		d->tables += s->tables;
	}
	d->ops_per_s = n && !case_rateless(c) ? stat_median(rate, n) : NAN;
	for (unsigned k = 0; k < OP_KINDS; k++)
		d->ns_per_op[k] = quotient(timed_ns[k], timed_ops[k]);
	free(rate);
	return 0;
}

int draw_take(struct case_result *c, uint32_t process)
{
	struct draw d = { .process = process };

	if (take_slices(&d, c))
		return -ENOMEM;
	if (!d.slices)
		return 0;
	if (!c->cold) { /* analyse_waste(): what was not allocated in vain became a table */
		d.lost = c->pages.wasted;
		d.tables = c->pages.allocated - c->pages.wasted;
	}
	for (unsigned k = 0; k < OP_KINDS; k++) {
		const struct histogram *h = c->latency[k];

		d.latency[k].n = h->n;
		for (unsigned i = 0; i < LATENCY_QUANTILES; i++)
			d.latency[k].q[i] = hist_supports(h, latency_quantile[i])
					    ? (double)hist_quantile(h, latency_quantile[i]) : NAN;
	}
	return draw_add(c, &d);
}
