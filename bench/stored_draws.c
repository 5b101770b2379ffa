/*
 * The slices of a stored case, and what each process makes of them: its draw. Sorting and merging
 * throughout: a file may claim as many processes as it has bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stored_parts.h"

/* A slice as it is in the file. */
struct turn {
	struct stored_slice slice;
	uint64_t timed_ops[OP_KINDS], tables, lost;
	double timed_ns[OP_KINDS];
	size_t order; /* in the file: qsort is not stable everywhere */
};

int stored_by_turn(const struct stored_slice *a, const struct stored_slice *b)
{
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	if (a->round != b->round)
		return a->round > b->round ? 1 : -1;
	return (a->half > b->half) - (a->half < b->half);
}

static int sort_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int by = stored_by_turn(&x->slice, &y->slice);

	return by ? by : (x->order > y->order) - (x->order < y->order);
}

static uint64_t sum_of(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static int read_turn(struct turn *t, const struct json_at *at, const struct stored_case *c)
{
	static const char *const ops[] = { "map_timed_ops", "unmap_timed_ops", "lookup_timed_ops" };
	static const char *const ns[] = { "map_timed_ns", "unmap_timed_ns", "lookup_timed_ns" };
	uint64_t growth = 0;

	if (json_at_u32(at, "process", &t->slice.process) ||
	    json_at_u32(at, "round", &t->slice.round) || json_at_u32(at, "half", &t->slice.half) ||
	    json_at_count(at, "ops", UINT64_MAX, &t->slice.ops) ||
	    json_at_real(at, "ops_per_s", &t->slice.ops_per_s) ||
	    json_at_count(at, "tables", UINT64_MAX, &t->tables) ||
	    json_at_count(at, "lost_install", UINT64_MAX, &t->lost) ||
	    json_at_count(at, "lost_growth", UINT64_MAX, &growth))
		return at->err->code;
	for (int kind = 0; kind < OP_KINDS; kind++)
		if (json_at_count(at, ops[kind], UINT64_MAX, &t->timed_ops[kind]) ||
		    json_at_real(at, ns[kind], &t->timed_ns[kind]))
			return at->err->code;
	t->lost = sum_of(t->lost, growth);
	/* a case whose rate means nothing has slices with rates */
	if (!(t->slice.ops_per_s > 0) || isnan(c->ops_per_s))
		t->slice.ops_per_s = NAN;
	return 0;
}

/* All of them, sorted; *turns from malloc. */
static int read_turns(struct turn **turns, size_t *n, const struct json_at *at,
		      const struct stored_case *c)
{
	struct json_at array, element;

	if (json_at_array(at, "slices", &array, n))
		return at->err->code;
	*turns = calloc(*n + 1, sizeof(**turns));
	if (!*turns)
		return err_set(at->err, EXIT_NO_RESOURCE, "no memory to read %.200s", at->file);
	for (size_t i = 0; i < *n; i++) {
		(*turns)[i].order = i;
		if (json_at_element(&array, i, &element) || read_turn(&(*turns)[i], &element, c))
			return at->err->code;
	}
	qsort(*turns, *n, sizeof(**turns), sort_turns);
	return 0;
}

static struct stored_draw unknown_draw(void)
{
	struct stored_draw d = { .ops_per_s = NAN, .steady = NAN };

	for (int kind = 0; kind < OP_KINDS; kind++) {
		d.ns_per_op[kind] = NAN;
		d.latency[kind].p50 = d.latency[kind].p90 = d.latency[kind].p99 = NAN;
		d.latency[kind].p999 = d.latency[kind].p9999 = NAN;
	}
	return d;
}

/* What slices [0, n) of one process make; x has room for n. */
static struct stored_draw draw_of(const struct turn *turns, size_t n, const struct stored_case *c,
				  double *x)
{
	struct stored_draw d = unknown_draw();
	size_t rates = 0;

	d.process = turns[0].slice.process;
	for (size_t i = 0; i < n; i++) {
		if (turns[i].slice.ops_per_s > 0)
			x[rates++] = turns[i].slice.ops_per_s;
		if (c->cold) {
			d.lost = sum_of(d.lost, turns[i].lost);
			d.tables += (double)turns[i].tables;
		}
	}
	if (rates)
		d.ops_per_s = stat_median(x, rates);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		double ns = 0, ops = 0;

		for (size_t i = 0; i < n; i++) {
			ns += turns[i].timed_ns[kind];
			ops += (double)turns[i].timed_ops[kind];
		}
		if (ops > 0 && !isnan(c->ns_per_op[kind]))
			d.ns_per_op[kind] = ns / ops;
	}
	return d;
}

/* c->slices and, by process, c->draws. -1: no memory. */
static int keep_turns(struct stored_case *c, const struct turn *turns, size_t n)
{
	double *x = calloc(n + 1, sizeof(*x));
	size_t processes = 0;

	for (size_t i = 0; i < n; i++)
		processes += !i || turns[i].slice.process != turns[i - 1].slice.process;
	c->slices = calloc(n + 1, sizeof(*c->slices));
	c->draws = calloc(processes + 1, sizeof(*c->draws));
	if (!x || !c->slices || !c->draws) {
		free(x);
		return -1;
	}
	c->nslices = n;
	for (size_t i = 0; i < n; i++)
		c->slices[i] = turns[i].slice;
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && turns[end].slice.process == turns[i].slice.process;)
			end++;
		c->draws[c->ndraws++] = draw_of(&turns[i], end - i, c, x);
	}
	free(x);
	return 0;
}

/* -- latency, and what else draws[] tells -- */

static int read_latency(struct stored_draw *d, const struct json_at *at)
{
	struct json_at latency, histogram;

	if (json_at_object(at, "latency_ns", &latency))
		return at->err->code;
	for (int kind = 0; kind < OP_KINDS; kind++) {
		if (json_at_object(&latency, op_kind_name[kind], &histogram) ||
		    json_at_count(&histogram, "n", UINT64_MAX, &d->latency[kind].n) ||
		    json_at_real(&histogram, "p50", &d->latency[kind].p50) ||
		    json_at_real(&histogram, "p90", &d->latency[kind].p90) ||
		    json_at_real(&histogram, "p99", &d->latency[kind].p99) ||
		    json_at_real(&histogram, "p999", &d->latency[kind].p999) ||
		    json_at_real(&histogram, "p9999", &d->latency[kind].p9999))
			return at->err->code;
	}
	return 0;
}

static int read_draw(struct stored_draw *d, const struct json_at *at, const struct stored_case *c)
{
	uint64_t tables = 0;

	*d = unknown_draw();
	if (!json_object_get(at->json, "process"))
		return json_at_bad(at, "process", "a whole number");
	if (json_at_u32(at, "process", &d->process) ||
	    json_at_real(at, "ops_per_s", &d->ops_per_s) ||
	    json_at_count(at, "lost", UINT64_MAX, &d->lost) ||
	    json_at_count(at, "tables", UINT64_MAX, &tables) || read_latency(d, at))
		return at->err->code;
	if (!(d->ops_per_s > 0) || isnan(c->ops_per_s))
		d->ops_per_s = NAN;
	d->tables = c->cold ? (double)tables : 0;
	d->lost = c->cold ? d->lost : 0;
	return 0;
}

static int by_process(const void *a, const void *b)
{
	const struct stored_draw *x = a, *y = b;

	return (x->process > y->process) - (x->process < y->process);
}

/* What the file says of draws, n in order: latency; and the rest where a process has no slices. */
static int merge(struct stored_case *c, const struct stored_draw *told, size_t n)
{
	struct stored_draw *both = calloc(c->ndraws + n + 1, sizeof(*both));
	size_t i = 0, k = 0, kept = 0;

	if (!both)
		return -1;
	while (i < c->ndraws || k < n) {
		if (k == n || (i < c->ndraws && c->draws[i].process < told[k].process)) {
			both[kept++] = c->draws[i++];
		} else if (i == c->ndraws || c->draws[i].process > told[k].process) {
			both[kept++] = told[k++];
		} else {
			both[kept] = c->draws[i++];
			memcpy(both[kept++].latency, told[k++].latency, sizeof(both->latency));
		}
	}
	free(c->draws);
	c->draws = both;
	c->ndraws = kept;
	return 0;
}

static int read_told(struct stored_case *c, const struct json_at *array, size_t n)
{
	struct stored_draw *told = calloc(n + 1, sizeof(*told));
	struct json_at at;
	int rc = told ? 0 : EXIT_NO_RESOURCE;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = json_at_element(array, i, &at);
		if (!rc)
			rc = read_draw(&told[i], &at, c);
	}
	if (!rc)
		qsort(told, n, sizeof(*told), by_process);
	for (size_t i = 1; !rc && i < n; i++)
		if (told[i].process == told[i - 1].process)
			rc = json_at_bad(array, NULL, "each process once");
	if (!rc && merge(c, told, n))
		rc = EXIT_NO_RESOURCE;
	free(told);
	return rc;
}

int stored_draws_read(struct stored_case *c, const struct json_at *at, unsigned processes)
{
	struct turn *turns = NULL;
	struct json_at array;
	size_t n;
	int rc = read_turns(&turns, &n, at, c);

	if (!rc && keep_turns(c, turns, n))
		rc = EXIT_NO_RESOURCE;
	free(turns);
	if (!rc)
		rc = json_at_array(at, "draws", &array, &n);
	if (!rc && array.json)
		rc = read_told(c, &array, n);
	else if (!rc && c->ndraws == 1 && processes == 1)
		rc = read_latency(&c->draws[0], at);
	if (rc == EXIT_NO_RESOURCE)
		err_set(at->err, rc, "no memory to read %.200s", at->file);
	return rc;
}
