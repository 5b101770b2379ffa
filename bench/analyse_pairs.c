/*
 * Who is compared with whom, and on which pairs. Within a group engines took turns, so slices of
 * the same process, round and half did the same operations under the same conditions: a pair.
 * Across groups nothing pairs, so there is a quotient but no interval and no verdict.
 */
#include "bench/analyse.h"
#include "bench/case_dma.h"

#include "stat/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 0.03 /* differences below 3 % are not worth a verdict */
#define ALPHA 0.05  /* of all comparisons of a run together */

static void name_it(char *text, size_t size, unsigned *n, const char *name)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", *n ? "," : "", name);
	++*n;
}

/* A ruler has no walk; made-up engines may say nothing of it. */
static bool walks_differ(const struct pt_engine *a, const struct pt_engine *b)
{
	return a->walk && b->walk && strcmp(a->walk, b->walk);
}

unsigned case_differs(const struct case_result *a, const struct case_result *b, char *text,
		      size_t size)
{
	const struct case_axis dimensions[] = {
		{ "format", strcmp(a->engine->format, b->engine->format) },
		{ "body", strcmp(a->engine->body, b->engine->body) },
		{ "walk", walks_differ(a->engine, b->engine) },
		{ "sync", strcmp(a->engine->sync, b->engine->sync) },
		{ "workload", strcmp(a->workload, b->workload) },
		{ "threads", a->threads != b->threads },
		{ "page_size", a->page_bytes != b->page_bytes || !page_mix_equal(&a->mix, &b->mix) },
		{ "batch", a->batch != b->batch },
		{ "think", a->think_ns != b->think_ns },
		{ "rate", a->pace.asked_per_s != b->pace.asked_per_s },
		{ "pace", a->pace.asked_per_s && b->pace.asked_per_s && a->pace.kind != b->pace.kind },
		{ "speed", a->speed != b->speed },
		{ "place", strcmp(a->place, b->place) },
		{ "smt", strcmp(a->smt, b->smt) },
		{ "oversubscribed", a->oversubscribed != b->oversubscribed },
		{ "mem", strcmp(a->mem, b->mem) },
		{ "zero", strcmp(a->zero, b->zero) },
		{ "page_source", strcmp(a->source, b->source) },
		{ "share", strcmp(a->share, b->share) },
		{ "order", strcmp(a->order, b->order) },
		{ "range", strcmp(a->range, b->range) },
		{ "disjoint", a->disjoint != b->disjoint },
		{ "ratio", strcmp(a->ratio, b->ratio) },
		{ "readers", a->readers != b->readers },
		{ "depth", a->depth != b->depth },
		{ "levels", a->levels != b->levels },
		{ "tables", a->tables != b->tables },
		{ "round", a->round != b->round },
		{ "again", a->again != b->again },
	};
	struct case_axis dma[CASE_DMA_AXES];
	unsigned n = 0;

	text[0] = '\0';
	case_dma_axes(dma, &a->dma, &b->dma);
	for (size_t i = 0; i < sizeof(dimensions) / sizeof(dimensions[0]); i++)
		if (dimensions[i].differs)
			name_it(text, size, &n, dimensions[i].name);
	for (size_t i = 0; i < CASE_DMA_AXES; i++)
		if (dma[i].differs)
			name_it(text, size, &n, dma[i].name);
	/* two engines of one kind: only their names tell them apart */
	if (!n && strcmp(a->engine->name, b->engine->name))
		name_it(text, size, &n, "engine");
	return n;
}

static bool comparable(const struct case_result *c)
{
	return !c->engine->ruler && !case_withheld(c) && !case_rateless(c);
}

static bool same_turn(const struct slice *a, const struct slice *b)
{
	return a->process == b->process && a->round == b->round && a->half == b->half;
}

/* Pairs in the order of b's slices, into room for b->nslices. */
static size_t find_pairs(const struct case_result *a, const struct case_result *b,
			 struct stat_pair *pairs)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < b->nslices; i++) {
		const struct slice *sb = &b->slices[i], *sa = NULL;

		/* a's slices come in nearly the same order: go on where the last one was */
		for (size_t tried = 0; !sa && tried < a->nslices; tried++, at = (at + 1) % a->nslices)
			if (same_turn(&a->slices[at], sb))
				sa = &a->slices[at];
		if (!sa || !sa->busy_ops || !sb->busy_ops || !(sa->busy_ns > 0) || !(sb->busy_ns > 0))
			continue;
		pairs[n++] = (struct stat_pair){
			.a = sa->busy_ns / (double)sa->busy_ops,
			.b = sb->busy_ns / (double)sb->busy_ops,
			.process = sb->process,
			.table = sb->table,
		};
	}
	return n;
}

static void no_bounds(struct interval *i)
{
	if (!i->valid)
		i->lo = i->hi = NAN;
}

static int measure_pairs(struct comparison *cmp, const struct result *r)
{
	const struct case_result *a = &r->cases[cmp->a], *b = &r->cases[cmp->b];
	struct stat_pair *pairs = calloc(b->nslices + 1, sizeof(*pairs));
	struct stat_test test = { .p = NAN };
	int err = pairs ? 0 : -1;

	if (!err) {
		cmp->pairs = find_pairs(a, b, pairs);
		err = stat_test_pairs(pairs, cmp->pairs, ALPHA, r->seed, &test);
	}
	free(pairs);
	cmp->ratio = test.ratio;
	cmp->added_ns = test.difference;
	cmp->p = test.p;
	no_bounds(&cmp->ratio);
	no_bounds(&cmp->added_ns);
	return err ? -1 : 0;
}

/* Not interleaved: a quotient of averages, nothing more. */
static void measure_apart(struct comparison *cmp, const struct result *r)
{
	double a = r->cases[cmp->a].busy_ns_per_op, b = r->cases[cmp->b].busy_ns_per_op;

	cmp->ratio = (struct interval){ .mid = b / a, .lo = NAN, .hi = NAN, .n = 1 };
	cmp->added_ns = (struct interval){ .mid = b - a, .lo = NAN, .hi = NAN, .n = 1 };
}

static int compare(struct result *r, size_t a, size_t b)
{
	struct comparison *cmp, *grown;

	grown = realloc(r->comparisons, (r->ncomparisons + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	r->comparisons = grown;
	cmp = &grown[r->ncomparisons];
	*cmp = (struct comparison){ .a = a, .b = b, .metric = "ns_per_op", .p = NAN, .p_holm = NAN,
				    .margin = MARGIN, .verdict = STAT_UNSURE };
	case_differs(&r->cases[a], &r->cases[b], cmp->differs, sizeof(cmp->differs));
	if (r->cases[a].group != r->cases[b].group)
		measure_apart(cmp, r);
	else if (measure_pairs(cmp, r))
		return -1;
	r->ncomparisons += isfinite(cmp->ratio.mid) && cmp->ratio.n;
	return 0;
}

static size_t group_baseline(const struct result *r, unsigned group)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == group && !r->cases[i].engine->ruler)
			return i;
	return r->ncases;
}

/*
 * Is that the one thing, `name`? The 2019 body re-walks, so where its walk is not set apart by a
 * re-walking sibling it counts as part of the body.
 */
static bool only_differs_in(const char *differs, const char *name)
{
	return !strcmp(differs, name) || (!strcmp(name, "body") && !strcmp(differs, "body,walk"));
}

/*
 * An engine that differs from the baseline in more than one thing says little beside it: for each
 * of these things compare it also with the engine that shares all but that with it, and that with
 * the baseline (modern mutex: modern lockless for the lock, mutex-2019 for the body).
 */
static int compare_one_by_one(struct result *r, size_t baseline, size_t b)
{
	char differs[64], from_baseline[64], *rest = from_baseline, *name;

	case_differs(&r->cases[baseline], &r->cases[b], from_baseline, sizeof(from_baseline));
	while ((name = strsep(&rest, ",")))
		for (size_t a = 0; a < r->ncases; a++) {
			const struct case_result *c = &r->cases[a];
			char apart[64];

			if (a == baseline || c->group != r->cases[b].group || !comparable(c) || c->again)
				continue;
			case_differs(c, &r->cases[b], differs, sizeof(differs));
			if (!only_differs_in(differs, name))
				continue;
			case_differs(&r->cases[baseline], c, apart, sizeof(apart));
			if (strstr(apart, name)) /* a third way of it, not the baseline's */
				continue;
			if (compare(r, a, b))
				return -1;
			break;
		}
	return 0;
}

static bool compared(const struct result *r, size_t a, size_t b)
{
	for (size_t i = 0; i < r->ncomparisons; i++)
		if (r->comparisons[i].a == a && r->comparisons[i].b == b)
			return true;
	return false;
}

/*
 * An engine of another format than the baseline's: also with the first of its own format in the
 * group where one thing sets them apart, so that bodies meet inside a format.
 */
static int compare_in_format(struct result *r, size_t baseline, size_t b)
{
	const struct pt_engine *e = r->cases[b].engine;
	char differs[64];

	if (!strcmp(e->format, r->cases[baseline].engine->format))
		return 0;
	for (size_t a = 0; a < b; a++) {
		const struct case_result *c = &r->cases[a];

		if (c->group != r->cases[b].group || !comparable(c) || c->again ||
		    strcmp(c->engine->format, e->format))
			continue;
		if ((case_differs(c, &r->cases[b], differs, sizeof(differs)) != 1 &&
		     !only_differs_in(differs, "body")) || compared(r, a, b))
			return 0;
		return compare(r, a, b);
	}
	return 0;
}

/* The second of two: with the first, which is right before it, and with nobody else. */
static int compare_with_itself(struct result *r, size_t b)
{
	const struct case_result *c = &r->cases[b], *first = b ? c - 1 : c;

	if (first->again || first->group != c->group || first->engine != c->engine || !comparable(first))
		return 0;
	return compare(r, b - 1, b);
}

static int compare_in_group(struct result *r, size_t b)
{
	size_t baseline = group_baseline(r, r->cases[b].group);
	char differs[64];

	if (r->cases[b].again)
		return compare_with_itself(r, b);
	if (b == baseline || !comparable(&r->cases[baseline]))
		return 0;
	if (compare(r, baseline, b))
		return -1;
	if (case_differs(&r->cases[baseline], &r->cases[b], differs, sizeof(differs)) > 1 &&
	    compare_one_by_one(r, baseline, b))
		return -1;
	return compare_in_format(r, baseline, b);
}

/*
 * The same engine elsewhere: with the first case that differs in one thing of the surroundings.
 * Think time is not among them: with it every operation is timed singly, stamps included.
 */
static int compare_across(struct result *r, size_t b)
{
	static const char *const apart[] = { "place", "smt", "mem", "zero", "page_source", "levels",
					    "iova", "flush", "flush_lock" };

	for (size_t k = 0; k < sizeof(apart) / sizeof(apart[0]); k++)
		for (size_t a = 0; a < b; a++) {
			const struct case_result *c = &r->cases[a];
			char differs[64];

			if (c->group == r->cases[b].group || !comparable(c) ||
			    strcmp(c->engine->name, r->cases[b].engine->name) ||
			    case_differs(c, &r->cases[b], differs, sizeof(differs)) != 1 ||
			    strcmp(differs, apart[k]))
				continue;
			if (compare(r, a, b))
				return -1;
			break;
		}
	return 0;
}

/* A difference wants its interval beyond the margin, and to be none of the flukes of many looks. */
static enum stat_verdict verdict_of(const struct comparison *cmp)
{
	const struct stat_test test = { .ratio = cmp->ratio, .difference = cmp->added_ns };
	const struct stat_margin margin = { .relative = cmp->margin };
	enum stat_verdict v = stat_judge(&test, &margin);

	return v == STAT_SAME || cmp->p_holm <= ALPHA ? v : STAT_UNSURE;
}

/* Comparisons of a run share one error rate; those without pairs claim nothing and have no part. */
static int judge(struct result *r)
{
	double *p = calloc(2 * r->ncomparisons + 1, sizeof(*p)), *holm = p + r->ncomparisons;
	size_t n = 0;
	int err = p ? 0 : -1;

	for (size_t i = 0; !err && i < r->ncomparisons; i++)
		if (isfinite(r->comparisons[i].p))
			p[n++] = r->comparisons[i].p;
	if (!err)
		err = stat_holm(p, n, holm);
	for (size_t i = 0, at = 0; !err && i < r->ncomparisons; i++) {
		struct comparison *cmp = &r->comparisons[i];

		if (isfinite(cmp->p))
			cmp->p_holm = holm[at++];
		cmp->verdict = verdict_of(cmp);
	}
	free(p);
	return err;
}

int analyse_comparisons(struct result *r)
{
	for (size_t b = 0; b < r->ncases; b++) {
		if (!comparable(&r->cases[b]))
			continue;
		if (compare_in_group(r, b) || (!r->cases[b].again && compare_across(r, b)))
			return -1;
	}
	return judge(r);
}
