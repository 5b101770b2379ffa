#include "bench/gate_pairs.h"

#include <math.h>
#include <stdlib.h>

void gate_pairs_free(struct maker *m)
{
	free(m->drawn);
	free(m->pairs);
	free(m->counts);
	free(m->scratch);
}

static bool make_room(struct maker *m, size_t n)
{
	if (m->drawn && n <= m->room)
		return true;
	gate_pairs_free(m);
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

bool gate_pair_draws(struct maker *m, const char *id)
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
size_t gate_gather(struct maker *m, enum gate_metric metric, enum op_kind kind, bool steady)
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

double gate_median(struct maker *m, size_t n, unsigned side)
{
	for (size_t i = 0; i < n; i++)
		m->scratch[i] = side ? m->pairs[i].b : m->pairs[i].a;
	return n ? stat_median(m->scratch, n) : NAN;
}

/* The same data, the same verdict, whatever other cases there are. */
uint64_t gate_seed(const struct maker *m, enum gate_metric metric, enum op_kind kind)
{
	uint64_t seed = stat_mix(m->o->seed + (uint64_t)metric * OP_KINDS + kind);

	for (const char *c = m->a->id; *c; c++)
		seed = stat_mix(seed ^ (unsigned char)*c);
	return seed;
}

void gate_test_pairs(struct maker *m, size_t n, const struct gate_row *row, struct stat_test *out)
{
	*out = (struct stat_test){ .p = NAN };
	if (n && stat_test_pairs(m->pairs, n, m->g->alpha, gate_seed(m, row->metric, row->kind), out))
		m->failed = true;
}
