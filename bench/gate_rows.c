/* gate_rows.c - draws of both sides become pairs, pairs become a tested row for each metric. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_parts.h"

/* The k-th process of BASE's i-th file with the k-th of NEW's. */
struct drawn {
	const struct stored_draw *a, *b;
};

/* One case under construction. */
struct maker {
	struct gate *g;
	const struct gate_side *side[2];
	const struct gate_options *o;
	const struct stored_case *a, *b;
	struct drawn *drawn;
	struct stat_pair *pairs;
	struct stat_count_pair *counts;
	double *scratch;
	size_t n, room;
	bool failed; /* no memory */
};

static const char *const row_name[GATE_METRICS][OP_KINDS] = {
	{ "throughput" },
	{ "p50_map", "p50_unmap", "p50_lookup" },
	{ "p99_map", "p99_unmap", "p99_lookup" },
	{ "p999_map", "p999_unmap", "p999_lookup" },
	{ "waste" },
};
static const char *const row_unit[GATE_METRICS] = { "ops/s", "ns", "ns", "ns", "lost/table" };
/* Ten samples beyond the quantile: stat/histogram.h */
static const unsigned samples_wanted[GATE_METRICS] = { 0, 20, 1000, 10000, 0 };

/* First file of a side that has the case. */
static const struct stored_case *find(const struct gate_side *side, const char *id)
{
	const struct stored_case *c = NULL;

	for (size_t i = 0; !c && i < side->n; i++)
		c = stored_find(side->files[i], id);
	return c;
}

static bool make_room(struct maker *m, size_t n)
{
	if (n <= m->room)
		return true;
	free(m->drawn);
	free(m->pairs);
	free(m->counts);
	free(m->scratch);
	m->drawn = calloc(n, sizeof(*m->drawn));
	m->pairs = calloc(n, sizeof(*m->pairs));
	m->counts = calloc(n, sizeof(*m->counts));
	m->scratch = calloc(n, sizeof(*m->scratch));
	m->room = n;
	m->failed |= !m->drawn || !m->pairs || !m->counts || !m->scratch;
	return !m->failed;
}

static size_t files(const struct maker *m)
{
	return m->side[0]->n < m->side[1]->n ? m->side[0]->n : m->side[1]->n;
}

static bool pair_draws(struct maker *m, const char *id)
{
	size_t room = 0;

	for (size_t i = 0; i < files(m); i++) {
		const struct stored_case *c = stored_find(m->side[0]->files[i], id);

		room += c ? c->ndraws : 0;
	}
	m->n = 0;
	if (!make_room(m, room + 1))
		return false;
	for (size_t i = 0; i < files(m); i++) {
		const struct stored_case *a = stored_find(m->side[0]->files[i], id);
		const struct stored_case *b = stored_find(m->side[1]->files[i], id);

		for (size_t k = 0; a && b && k < a->ndraws && k < b->ndraws; k++)
			m->drawn[m->n++] = (struct drawn){ &a->draws[k], &b->draws[k] };
	}
	return true;
}

static double value(const struct stored_draw *d, enum gate_metric metric, enum op_kind kind,
		    bool steady)
{
	switch (metric) {
	case GATE_THROUGHPUT:
		return steady ? d->steady : d->ops_per_s;
	case GATE_P50:
		return d->latency[kind].p50;
	case GATE_P99:
		return d->latency[kind].p99;
	case GATE_P999:
		return d->latency[kind].p999;
	default:
		return NAN;
	}
}

/* Into m->pairs, where both sides have a figure; each is a process of its own. */
static size_t gather(struct maker *m, enum gate_metric metric, enum op_kind kind, bool steady)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		double a = value(m->drawn[i].a, metric, kind, steady);
		double b = value(m->drawn[i].b, metric, kind, steady);

		if (a > 0 && b > 0 && isfinite(a) && isfinite(b))
			m->pairs[n++] = (struct stat_pair){ a, b, (uint32_t)i, 0 };
	}
	return n;
}

static double median(struct maker *m, size_t n, unsigned side)
{
	for (size_t i = 0; i < n; i++)
		m->scratch[i] = side ? m->pairs[i].b : m->pairs[i].a;
	return n ? stat_median(m->scratch, n) : NAN;
}

/* The same data, the same verdict, whatever other cases there are. */
static uint64_t seed_of(const struct maker *m, enum gate_metric metric, enum op_kind kind)
{
	uint64_t seed = stat_mix(m->o->seed + (uint64_t)metric * OP_KINDS + kind);

	for (const char *c = m->a->id; *c; c++)
		seed = stat_mix(seed ^ (unsigned char)*c);
	return seed;
}

static void test_pairs(struct maker *m, size_t n, const struct gate_row *row, struct stat_test *out)
{
	*out = (struct stat_test){ .p = NAN };
	if (n && stat_test_pairs(m->pairs, n, m->g->alpha, seed_of(m, row->metric, row->kind), out))
		m->failed = true;
}

static struct gate_row *add_row(struct maker *m, enum gate_metric metric, enum op_kind kind)
{
	struct gate *g = m->g;
	struct gate_row *row;

	/* room for a power of two, doubled when the count reaches one */
	if ((g->nrows & (g->nrows - 1)) == 0) {
		row = realloc(g->rows, (g->nrows ? 2 * g->nrows : 1) * sizeof(*row));
		if (!row) {
			m->failed = true;
			return NULL;
		}
		g->rows = row;
	}
	row = &g->rows[g->nrows++];
	*row = (struct gate_row){
		.a = m->a, .b = m->b, .metric = metric, .kind = kind,
		.name = row_name[metric][kind], .unit = row_unit[metric],
		.base = NAN, .new = NAN, .base_steady = NAN, .new_steady = NAN,
		.test = { .p = NAN }, .p_holm = NAN, .verdict = GATE_INFO,
		.gated = m->o->gated[metric] && !m->a->is_ruler && !m->a->forced && !m->a->unowned,
	};
	row->margin = gate_margin(m->o, m->a->id, metric, &row->floored);
	return row;
}

/* A metric that one side has not is a way for a gate never to fire. */
static void miss(struct maker *m, const char *name, bool in_a, bool in_b)
{
	if (in_a != in_b && !m->a->is_ruler &&
	    gate_miss(m->g, "%s only in %s: %s", name, in_a ? "BASE" : "NEW", m->a->id))
		m->failed = true;
}

/* The row of the ruler that both sides' throughput is in units of, if there is one. */
static const struct gate_row *ruler_row(const struct maker *m)
{
	if (!m->a->ruler || !m->b->ruler || strcmp(m->a->ruler, m->b->ruler) != 0)
		return NULL;
	for (size_t i = 0; i < m->g->nrows; i++) {
		const struct gate_row *row = &m->g->rows[i];

		if (row->metric == GATE_THROUGHPUT && row->a->is_ruler &&
		    row->a->group == m->a->group && !strcmp(row->a->engine, m->a->ruler))
			return row;
	}
	return NULL;
}

static bool moved(enum stat_verdict v)
{
	return v == STAT_BETTER || v == STAT_WORSE;
}

/*
 * In units of the ruler, unless the ruler itself has moved: a change of the harness would hide.
 * Measured one after the other, it may as well have been the machine; then the two views must agree.
 */
static void steady(struct maker *m, struct gate_row *row)
{
	const struct gate_row *ruler = ruler_row(m);
	size_t n = ruler ? gather(m, GATE_THROUGHPUT, OP_MAP, true) : 0;
	struct stat_test in_units;
	char text[64];

	if (!n || n < row->pairs)
		return;
	test_pairs(m, n, row, &in_units);
	row->base_steady = median(m, n, 0);
	row->new_steady = median(m, n, 1);
	if (!moved(stat_judge(&ruler->test, &row->margin))) {
		row->steady = true;
		row->test = in_units;
		return;
	}
	gate_show_interval(text, sizeof(text), &ruler->test.ratio);
	m->failed |= gate_note(m->g, "the ruler %s itself moved by x%s: throughput beside it is taken as "
			       "measured", m->a->ruler, text);
	if (m->o->design == GATE_FILES &&
	    stat_judge(&in_units, &row->margin) != stat_judge(&row->test, &row->margin))
		snprintf(row->why, sizeof(row->why), "%s moved too: the machine, or the harness? "
			 "Measure by turns: --old, --new", m->a->ruler);
}

static void add_throughput(struct maker *m)
{
	size_t n = gather(m, GATE_THROUGHPUT, OP_MAP, false);
	struct gate_row *row;

	if (!n) {
		miss(m, "throughput", isfinite(m->a->ops_per_s), isfinite(m->b->ops_per_s));
		return;
	}
	row = add_row(m, GATE_THROUGHPUT, OP_MAP);
	if (!row)
		return;
	row->pairs = n;
	row->base = median(m, n, 0);
	row->new = median(m, n, 1);
	test_pairs(m, n, row, &row->test);
	row->raw = row->test.ratio;
	if (!m->o->raw && !m->a->is_ruler)
		steady(m, row);
}

/* Processes in which either side timed operations of this kind; the fewest samples of one. */
static size_t timed(const struct maker *m, enum op_kind kind, size_t by_side[2], uint64_t *least)
{
	size_t both = 0;

	by_side[0] = by_side[1] = 0;
	*least = UINT64_MAX;
	for (size_t i = 0; i < m->n; i++) {
		uint64_t a = m->drawn[i].a->latency[kind].n, b = m->drawn[i].b->latency[kind].n;

		by_side[0] += a > 0;
		by_side[1] += b > 0;
		both += a && b;
		if (a && b)
			*least = a < *least ? (a < b ? a : b) : b < *least ? b : *least;
	}
	return both;
}

static void add_quantile(struct maker *m, enum gate_metric metric, enum op_kind kind)
{
	size_t by_side[2], both, n;
	struct gate_row *row;
	uint64_t least;

	both = timed(m, kind, by_side, &least);
	if (!both) {
		if (m->o->gated[metric])
			miss(m, row_name[metric][kind], by_side[0], by_side[1]);
		return;
	}
	n = gather(m, metric, kind, false);
	row = add_row(m, metric, kind);
	if (!row)
		return;
	row->pairs = n;
	row->base = median(m, n, 0);
	row->new = median(m, n, 1);
	test_pairs(m, n, row, &row->test);
	if (n < both && n < STAT_UNITS_MIN)
		snprintf(row->why, sizeof(row->why), "too few samples: %llu a process, %s wants %u: longer "
			 "--duration, or more often by --sample", (unsigned long long)least,
			 gate_metric_name[metric], samples_wanted[metric]);
}

static void add_waste(struct maker *m)
{
	double tables[2] = { 0 };
	uint64_t lost[2] = { 0 };
	struct gate_row *row;
	size_t n = 0, in[2] = { 0 };

	for (size_t i = 0; i < m->n; i++) {
		const struct stored_draw *a = m->drawn[i].a, *b = m->drawn[i].b;

		in[0] += a->tables > 0;
		in[1] += b->tables > 0;
		if (!(a->tables > 0 && b->tables > 0))
			continue;
		m->counts[n++] = (struct stat_count_pair){ a->lost, b->lost, a->tables, b->tables };
		tables[0] += a->tables;
		tables[1] += b->tables;
		lost[0] += a->lost;
		lost[1] += b->lost;
	}
	if (!n) {
		miss(m, "waste", in[0], in[1]);
		return;
	}
	row = add_row(m, GATE_WASTE, OP_MAP);
	if (!row)
		return;
	row->pairs = n;
	row->events_a = lost[0];
	row->events_b = lost[1];
	row->tables_a = tables[0];
	row->tables_b = tables[1];
	row->base = (double)lost[0] / tables[0];
	row->new = (double)lost[1] / tables[1];
	if (stat_test_counts(m->counts, n, m->g->alpha, seed_of(m, GATE_WASTE, OP_MAP), &row->test))
		m->failed = true;
}

static void add_case(struct maker *m, const struct stored_case *a, const struct stored_case *b)
{
	m->a = a;
	m->b = b;
	if (!pair_draws(m, a->id))
		return;
	add_throughput(m);
	for (enum gate_metric metric = GATE_P50; metric <= GATE_P999; metric++)
		for (enum op_kind kind = OP_MAP; kind < OP_KINDS; kind++)
			add_quantile(m, metric, kind);
	add_waste(m);
}

/* Whether an earlier file of the side has the case as well. */
static bool seen(const struct gate_side *side, size_t file, const char *id)
{
	for (size_t i = 0; i < file; i++)
		if (stored_find(side->files[i], id))
			return true;
	return false;
}

/* Cases of one side in their order: those that both have become rows, the others are named. */
static void each_case(struct maker *m, unsigned of, bool rulers)
{
	const struct gate_side *side = m->side[of], *other = m->side[!of];

	for (size_t i = 0; i < side->n; i++) {
		for (size_t k = 0; !m->failed && k < side->files[i]->ncases; k++) {
			const struct stored_case *c = &side->files[i]->cases[k];
			const struct stored_case *twin = find(other, c->id);

			if (c->is_ruler != rulers || seen(side, i, c->id))
				continue;
			if (twin && !of)
				add_case(m, c, twin);
			else if (!twin && !rulers)
				m->failed |= gate_miss(m->g, "only in %s: %s", of ? "NEW" : "BASE",
						       c->id);
		}
	}
}

int gate_make_rows(struct gate *g, const struct gate_side *a, const struct gate_side *b,
		   const struct gate_options *o)
{
	struct maker m = { .g = g, .side = { a, b }, .o = o };

	each_case(&m, 0, true); /* first: the others are measured by them */
	each_case(&m, 0, false);
	each_case(&m, 1, false);
	free(m.drawn);
	free(m.pairs);
	free(m.counts);
	free(m.scratch);
	return m.failed ? -1 : 0;
}
