/* analyse_waste.c - pages in vain: how many, what they cost, and what a model says there should be. */
#include <math.h>
#include <stdlib.h>

#include "bench/analyse.h"
#include "mem/pool.h"
#include "stat/waste_model.h"

#define PLAIN_MIN 100u /* operations behind an operation time */

static double median_over_slices(const struct case_result *c, double (*of)(const struct slice *s))
{
	double *v = calloc(c->nslices + 1, sizeof(*v)), median = NAN;
	size_t n = 0;

	if (!v)
		return NAN;
	for (size_t i = 0; i < c->nslices; i++) {
		v[n] = of(&c->slices[i]);
		n += !isnan(v[n]);
	}
	if (n)
		median = stat_median(v, n);
	free(v);
	return median;
}

static double skew_of(const struct slice *s)
{
	return s->skew_ns;
}

static double plain_of(const struct slice *s)
{
	return s->plain_ops ? s->plain_ns / (double)s->plain_ops : NAN;
}

/* Losers at one table clump, and processes differ: the slices show by how much. */
static int by_parts(const struct case_result *c, bool growth, struct interval *out)
{
	struct stat_part *parts = calloc(c->nslices + 1, sizeof(*parts));

	if (!parts)
		return -1;
	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		parts[i] = (struct stat_part){
			.events = growth ? s->lost_growth : s->lost_install + s->lost_growth,
			.exposure = (double)(growth ? s->growths : s->tables), .process = s->process };
	}
	*out = stat_rate_parts(parts, c->nslices);
	free(parts);
	if (!out->valid)
		*out = unknown_interval;
	return 0;
}

static bool supported(const struct histogram *h)
{
	return h && hist_supports(h, 0.5);
}

/*
 * A page is zeroed once between two uses, whenever --zero says, so a page in vain is a page zeroed
 * in vain: even that which was never written is zeroed again. Unless it is kept in place.
 */
static void fill_in_vain(struct case_result *c, const struct slice *sum)
{
	struct in_vain *v = &c->waste.in_vain;

	v->lost_installs = c->cold ? sum->lost_install : c->pages.wasted_install;
	v->lost_growth = c->cold ? sum->lost_growth : c->pages.wasted_growth;
	v->recycled = c->pages.recycled;
	v->handed_back = v->lost_installs + v->lost_growth - v->recycled;
	v->zeroed_bytes = v->handed_back * PAGE_BYTES;
	v->timed = c->vain ? c->vain->n : 0;
	v->loser_ns = supported(c->vain) ? (double)hist_quantile(c->vain, 0.5) : NAN;
	v->ns = v->lost_installs ? (double)v->lost_installs * v->loser_ns : 0;
}

/* A barrier makes the threads meet: of how often they would there is nothing to be said. Not even bounds. */
static struct interval unbounded(struct interval i)
{
	i.lo = i.hi = NAN;
	return i;
}

/* A call of many pages leaves the other pages of a table to few. */
static unsigned sharers(const struct case_result *c)
{
	unsigned lg2 = (unsigned)__builtin_ctzll(c->page_bytes);
	uint64_t calls = (512u >> (lg2 - 12) % 9) / c->batch;

	return calls < c->threads ? (calls ? (unsigned)calls : 1) : c->threads;
}

/* Lost pages a table if workers came by chance (forced: if all came at once). */
static double ceiling_of(const struct case_result *c, const struct slice *sum)
{
	double op_ns = c->waste.model.op_ns, fills = (double)c->nslices;

	if (c->arrival == ARRIVAL_AT_ONCE)
		return c->threads - 1;
	if (isnan(op_ns) || !supported(c->window))
		return NAN;
	if (c->arrival == ARRIVAL_LOCKSTEP)
		return waste_lockstep(sharers(c), c->window, op_ns);
	if (c->arrival == ARRIVAL_FILL)
		return waste_cold_fill(c->threads, true, c->waste.window_ns, op_ns,
				       (double)sum->tables / fills) * fills / (double)sum->tables;
	return NAN;
}

/* Where tables hang below each other, as many are met at once as were built a meeting. */
static double by_gaps(const struct case_result *c, const struct slice *sum)
{
	double levels = c->arrival == ARRIVAL_AT_ONCE
				? fmax(1, round((double)sum->tables / (double)sum->meetings)) : 1;

	if (!supported(c->gap) || !supported(c->window) || sum->growths)
		return NAN;
	return waste_by_gaps(c->gap, c->window, (unsigned)levels) /
	       ((double)sum->meetings * levels);
}

/* The model supposes that nobody waits: under a lock, and alone, it has nothing to say. */
static void fill_model(struct case_result *c, const struct slice *sum)
{
	struct waste_model *m = &c->waste.model;
	const struct interval *measured = &c->waste.per_table;

	*m = (struct waste_model){ .ceiling = NAN, .by_gaps = NAN, .op_ns = NAN,
				   .omega = unknown_interval, .meetings = sum->meetings };
	if (sum->plain_ops >= PLAIN_MIN)
		m->op_ns = median_over_slices(c, plain_of);
	if (engine_locks(c->engine) || c->engine->ruler || c->threads < 2 || !sum->tables)
		return;
	m->ceiling = ceiling_of(c, sum);
	m->by_gaps = by_gaps(c, sum);
	if (!measured->valid || !(m->ceiling > 0))
		return;
	m->omega = *measured;
	m->omega.mid /= m->ceiling;
	m->omega.lo /= m->ceiling;
	m->omega.hi /= m->ceiling;
}

/*
 * Exposure is tables that ended up in a tree. Cold workloads count them by slice; elsewhere every
 * page that was not allocated in vain became one.
 */
int analyse_waste(struct case_result *c, const struct slice *sum)
{
	struct waste_result *w = &c->waste;
	uint64_t lost = case_lost(c);

	w->tables = c->cold ? sum->tables : c->pages.allocated - c->pages.wasted;
	w->growths = sum->growths;
	w->per_table = stat_rate(lost, (double)w->tables);
	w->per_growth = unknown_interval;
	if (c->cold && (by_parts(c, false, &w->per_table) || by_parts(c, true, &w->per_growth)))
		return -1;
	if (!w->per_table.valid)
		w->per_table = unknown_interval;
	if (c->forced) {
		w->per_table = unbounded(w->per_table);
		w->per_growth = unbounded(w->per_growth);
	}
	w->per_allocated = quotient((double)c->pages.wasted, c->pages.allocated);
	/* elsewhere the losses are those of the whole case, the maps only the measured ones */
	w->per_map = c->cold ? quotient((double)lost, sum->kind_ops[OP_MAP]) : NAN;
	w->windows = c->window ? c->window->n : 0;
	w->window_ns = w->windows ? (double)hist_quantile(c->window, 0.5) : NAN;
	w->ns_per_map = lost ? w->per_map * w->window_ns : 0;
	w->skew_ns = c->forced ? median_over_slices(c, skew_of) : NAN;
	w->overlap = c->forced && c->threads > 1
			     ? quotient((double)lost, w->tables * (c->threads - 1)) : NAN;
	fill_in_vain(c, sum);
	fill_model(c, sum);
	return 0;
}

void withhold_waste(struct case_result *c)
{
	struct waste_result *w = &c->waste;

	w->per_table = w->per_growth = w->model.omega = unknown_interval;
	w->per_allocated = w->per_map = w->ns_per_map = NAN;
	w->window_ns = w->skew_ns = w->overlap = NAN;
	w->in_vain.loser_ns = w->in_vain.ns = NAN;
	w->model.ceiling = w->model.by_gaps = w->model.op_ns = NAN;
}
