/* gate_rows.c - every metric of every case that both sides have becomes a tested row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_pairs.h"
#include "bench/gate_parts.h"

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
		return NULL; /* then as measured */
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
	size_t n = ruler ? gate_gather(m, GATE_THROUGHPUT, OP_MAP, true) : 0;
	struct stat_test in_units;
	char text[64];

	if (!n || n < row->pairs) {
		if (m->a->ruler || m->b->ruler)
			m->failed |= gate_note(m->g, "not the same rulers on both sides, or not in every "
					       "process: throughput beside them is taken as measured");
		return;
	}
	gate_test_pairs(m, n, row, &in_units);
	row->base_steady = gate_median(m, n, 0);
	row->new_steady = gate_median(m, n, 1);
	gate_show_interval(text, sizeof(text), &ruler->test.ratio);
	if (!moved(stat_judge(&ruler->test, &row->margin))) {
		row->steady = true;
		row->test = in_units;
		if (stat_judge(&ruler->test, &row->margin) != STAT_SAME)
			m->failed |= gate_note(m->g, "the ruler %s: x%s, so a slowdown of it and the "
					       "engines together would not show (--raw)", ruler->a->id, text);
		return;
	}
	m->failed |= gate_note(m->g, "the ruler %s itself moved by x%s: throughput beside it is taken as "
			       "measured", ruler->a->id, text);
	if (m->o->design == GATE_FILES &&
	    stat_judge(&in_units, &row->margin) != stat_judge(&row->test, &row->margin))
		snprintf(row->why, sizeof(row->why), "%s moved too: the machine, or the harness? "
			 "Measure by turns: --old, --new", m->a->ruler);
}

static void add_throughput(struct maker *m)
{
	size_t n = gate_gather(m, GATE_THROUGHPUT, OP_MAP, false);
	struct gate_row *row;

	if (!n) {
		if (m->o->gated[GATE_THROUGHPUT])
			miss(m, "throughput", isfinite(m->a->ops_per_s), isfinite(m->b->ops_per_s));
		return;
	}
	row = add_row(m, GATE_THROUGHPUT, OP_MAP);
	if (!row)
		return;
	row->pairs = n;
	row->base = gate_median(m, n, 0);
	row->new = gate_median(m, n, 1);
	gate_test_pairs(m, n, row, &row->test);
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
	n = gate_gather(m, metric, kind, false);
	row = add_row(m, metric, kind);
	if (!row)
		return;
	row->pairs = n;
	row->base = gate_median(m, n, 0);
	row->new = gate_median(m, n, 1);
	gate_test_pairs(m, n, row, &row->test);
	row->hopeless = n < both && n < STAT_UNITS_MIN;
	if (row->hopeless)
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
		if (m->o->gated[GATE_WASTE])
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
	if (stat_test_counts(m->counts, n, m->g->alpha, gate_seed(m, GATE_WASTE, OP_MAP), &row->test))
		m->failed = true;
}

/* In most of its files: of two builds each process has one, and may have been disturbed. */
static bool saturated(const struct gate_side *side, const char *id)
{
	size_t saturated = 0, n = 0;

	for (size_t i = 0; i < side->n; i++) {
		const struct stored_case *c = stored_find(side->files[i], id);

		n += c != NULL;
		saturated += c && c->saturated;
	}
	return 2 * saturated > n;
}

static void tell_schedule(struct maker *m)
{
	const char *id = m->a->id;
	bool a, b;

	if (!m->a->scheduled && !m->b->scheduled)
		return;
	a = saturated(m->side[0], id);
	b = saturated(m->side[1], id);
	m->failed |= gate_note(m->g, "with --rate or --speed recorded throughput is what was asked for: not "
			       "compared; latencies are service times, without what operations waited for their turn");
	if (a != b)
		m->failed |= gate_note(m->g, "saturated only in %s, which did not keep up with its --rate: %s",
				       a ? "BASE" : "NEW", id);
}

static void add_case(struct maker *m, const struct stored_case *a, const struct stored_case *b)
{
	m->a = a;
	m->b = b;
	tell_schedule(m);
	if (!gate_pair_draws(m, a->id))
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

/* Gated quantiles that no case has on both sides; waste has no row in a warm workload, as is natural. */
static void tell_unjudged(struct maker *m)
{
	for (enum gate_metric metric = GATE_P50; metric <= GATE_P999; metric++) {
		bool any = !m->o->gated[metric];

		for (size_t i = 0; !any && i < m->g->nrows; i++)
			any = m->g->rows[i].metric == metric;
		if (!any)
			m->failed |= gate_note(m->g, "%s is not judged: no case has it by process on both "
					       "sides", gate_metric_name[metric]);
	}
}

int gate_make_rows(struct gate *g, const struct gate_side *a, const struct gate_side *b,
		   const struct gate_options *o)
{
	struct maker m = { .g = g, .side = { a, b }, .o = o };

	each_case(&m, 0, true); /* first: the others are measured by them */
	each_case(&m, 0, false);
	each_case(&m, 1, false);
	if (g->nrows)
		tell_unjudged(&m);
	gate_pairs_free(&m);
	return m.failed ? -1 : 0;
}
