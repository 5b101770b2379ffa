/*
 * Rates in units of the ruler that took turns with the engine: what the machine does to both in a
 * half round, a neighbour's load or the clock's boost, leaves the quotient alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stored_parts.h"

static bool same_format(const struct stored_case *a, const struct stored_case *b)
{
	size_t n = strcspn(a->engine, "/");

	return n == strcspn(b->engine, "/") && !memcmp(a->engine, b->engine, n);
}

static bool is_limit(const struct stored_case *c)
{
	size_t n = strlen(c->engine);

	return n >= 5 && !strcmp(c->engine + n - 5, "limit");
}

/* Rulers of one group and thread count lie together. */
static int by_group(const void *a, const void *b)
{
	const struct stored_case *const *x = a, *const *y = b;

	if ((*x)->group != (*y)->group)
		return (*x)->group > (*y)->group ? 1 : -1;
	if ((*x)->threads != (*y)->threads)
		return (*x)->threads > (*y)->threads ? 1 : -1;
	if (is_limit(*x) != is_limit(*y))
		return is_limit(*x) ? -1 : 1;
	return strcmp((*x)->id, (*y)->id);
}

static int same_turn(const void *a, const void *b)
{
	return stored_by_turn(a, b);
}

/* Of the half rounds in which both took a turn; x has room for n. NaN: there is none. */
static double in_units_of(const struct stored_case *ruler, const struct stored_slice *slices,
			  size_t n, double *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct stored_slice *r = bsearch(&slices[i], ruler->slices, ruler->nslices,
						       sizeof(*r), same_turn);

		if (r && r->ops_per_s > 0 && slices[i].ops_per_s > 0)
			x[kept++] = slices[i].ops_per_s / r->ops_per_s;
	}
	return kept ? stat_median(x, kept) : NAN;
}

/* -1: no memory. */
static int steady_by(struct stored_case *c, const struct stored_case *ruler)
{
	double *x = calloc(c->nslices + 1, sizeof(*x));
	bool any = false;

	if (!x)
		return -1;
	for (size_t d = 0, first = 0, end; d < c->ndraws; d++, first = end) {
		for (end = first; end < c->nslices && c->slices[end].process == c->draws[d].process;)
			end++;
		c->draws[d].steady = in_units_of(ruler, &c->slices[first], end - first, x);
		any |= !isnan(c->draws[d].steady);
	}
	free(x);
	c->ruler = any ? strdup(ruler->engine) : NULL;
	return any && !c->ruler ? -1 : 0;
}

/* The one of the case's own format, of two the limit. */
static const struct stored_case *choose(struct stored_case *const *rulers, size_t n,
					const struct stored_case *c)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct stored_case *r = rulers[mid];

		if (r->group < c->group || (r->group == c->group && r->threads < c->threads))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == n || rulers[lo]->group != c->group || rulers[lo]->threads != c->threads)
		return NULL;
	for (size_t i = lo; i < n && i < lo + 8 && rulers[i]->group == c->group &&
			    rulers[i]->threads == c->threads && is_limit(rulers[i]); i++)
		if (same_format(rulers[i], c))
			return rulers[i];
	return rulers[lo];
}

int stored_steady(struct stored *s)
{
	struct stored_case **rulers = calloc(s->ncases + 1, sizeof(struct stored_case *));
	size_t n = 0;
	int rc = rulers ? 0 : -1;

	for (size_t i = 0; !rc && i < s->ncases; i++)
		if (s->cases[i].is_ruler && s->cases[i].nslices)
			rulers[n++] = &s->cases[i];
	if (!rc)
		qsort(rulers, n, sizeof(struct stored_case *), by_group);
	for (size_t i = 0; !rc && i < s->ncases; i++) {
		struct stored_case *c = &s->cases[i];
		const struct stored_case *ruler = c->is_ruler ? NULL : choose(rulers, n, c);

		if (ruler)
			rc = steady_by(c, ruler);
	}
	free(rulers);
	return rc;
}
