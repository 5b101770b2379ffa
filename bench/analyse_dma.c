/*
 * analyse_dma.c - the DMA path: the parts of a buffer's life beside whole calls of the same slices,
 * the page table by difference to the null ruler, and how much of an unmap the page table is.
 *
 * Figures are per buffer, also where a buffer is unmapped page by page. Parts and whole calls took turns
 * inside a slice, engines and the ruler inside a half round: what is set against each other was measured
 * side by side, and its unit is the slice.
 */
#include "bench/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dma.h"

/* What a slice says of one buffer, ns; NaN where it did not come to both. */
struct turn {
	double parts, whole;
	double map, unmap;  /* whole calls, apart: ns a call */
	double unmap_share; /* of the parts of an unmap */
};

/* Of whole calls: how many unmaps undo a map. */
static double unmaps_of_a_map(const struct case_result *c, const struct slice *s)
{
	if (!c->dma.by_page)
		return 1;
	/* such slices begin and end inside a buffer, and may have maps alone, or none: each page is an unmap */
	if (c->think_ns || c->pace.asked_per_s)
		return quotient((double)s->timed_pages[OP_MAP], s->timed_ops[OP_MAP]);
	return quotient((double)s->timed_ops[OP_UNMAP], s->timed_ops[OP_MAP]);
}

static struct turn turn_of(const struct case_result *c, const struct slice *s)
{
	/* of the parts, which come in whole buffers */
	uint64_t maps = s->phase_ops[DMA_ALLOC], unmaps = c->dma.by_page ? maps : s->phase_ops[DMA_UNMAP];
	double map = quotient(s->timed_ns[OP_MAP], s->timed_ops[OP_MAP]);
	double unmap = quotient(s->timed_ns[OP_UNMAP], s->timed_ops[OP_UNMAP]);
	double table = s->phase_ns[DMA_UNMAP];
	double behind = s->phase_ns[DMA_INVALIDATE] + s->phase_ns[DMA_FREE];

	return (struct turn){
		.parts = quotient(s->phase_ns[DMA_ALLOC] + s->phase_ns[DMA_MAP], maps) +
			 quotient(table + behind, unmaps),
		.whole = map + unmap * unmaps_of_a_map(c, s),
		.map = map,
		.unmap = unmap,
		.unmap_share = table + behind > 0 ? table / (table + behind) : NAN,
	};
}

static void bounds(struct interval *i)
{
	if (!i->valid)
		i->lo = i->hi = NAN;
}

/* Room for what a case's slices give. */
struct series {
	double *v;
	uint32_t *process;
	struct stat_pair *pairs;
};

enum figure { PARTS, WHOLE, WHOLE_MAP, WHOLE_UNMAP, UNMAP_SHARE };

static double figure_of(const struct turn *turn, enum figure figure)
{
	switch (figure) {
	case PARTS:
		return turn->parts;
	case WHOLE:
		return turn->whole;
	case WHOLE_MAP:
		return turn->map;
	case WHOLE_UNMAP:
		return turn->unmap;
	default:
		return turn->unmap_share;
	}
}

static int median_of(const struct case_result *c, const struct series *room, enum figure figure,
		     uint64_t seed, struct interval *out)
{
	size_t n = 0;

	*out = unknown_interval;
	for (size_t i = 0; i < c->nslices; i++) {
		struct turn turn = turn_of(c, &c->slices[i]);
		double v = figure_of(&turn, figure);

		if (!isfinite(v))
			continue;
		room->v[n] = v;
		room->process[n++] = c->slices[i].process;
	}
	if (n && stat_series(room->v, room->process, n, seed, out))
		return -1;
	bounds(out);
	return 0;
}

static int whole_by_parts(struct case_result *c, const struct series *room, uint64_t seed)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];
		struct turn turn = turn_of(c, s);

		if (turn.parts > 0 && turn.whole > 0)
			room->pairs[n++] = (struct stat_pair){ .a = turn.parts, .b = turn.whole,
							       .process = s->process, .table = s->table };
	}
	if (n && stat_paired(room->pairs, n, STAT_RATIO, seed, &c->dma.whole_by_parts))
		return -1;
	bounds(&c->dma.whole_by_parts);
	return 0;
}

/* The ruler's slice of the same half round. */
static const struct slice *beside(const struct case_result *ruler, const struct slice *s, size_t *at)
{
	for (size_t tried = 0; tried < ruler->nslices; tried++, *at = (*at + 1) % ruler->nslices) {
		const struct slice *r = &ruler->slices[*at];

		if (r->process == s->process && r->round == s->round && r->half == s->half)
			return r;
	}
	return NULL;
}

/* Allocator, invalidation and harness are the same beside `null`: what is left is the page table. */
static int table_by_difference(struct case_result *c, const struct case_result *ruler,
			       const struct series *room, uint64_t seed)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i], *r = beside(ruler, s, &at);
		double with = turn_of(c, s).whole, without = r ? turn_of(ruler, r).whole : NAN;

		if (with > 0 && without > 0)
			room->pairs[n++] = (struct stat_pair){ .a = without, .b = with,
							       .process = s->process, .table = s->table };
	}
	if (n && stat_paired(room->pairs, n, STAT_DIFFERENCE, seed, &c->dma.table_ns))
		return -1;
	bounds(&c->dma.table_ns);
	return 0;
}

/* Over the slices. */
static double median_figure(const struct case_result *c, const struct series *room, enum figure figure)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nslices; i++) {
		struct turn turn = turn_of(c, &c->slices[i]);
		double v = figure_of(&turn, figure);

		if (isfinite(v))
			room->v[n++] = v;
	}
	return n ? stat_median(room->v, n) : NAN;
}

/* Amdahl 1967: the rest stays as it is. */
static double amdahl_of(double share)
{
	double gain = 1 / (1 - share);

	return isfinite(gain) ? gain : NAN;
}

bool dma_parts_are_the_whole(const struct dma_result *d)
{
	const struct interval *ratio = &d->whole_by_parts;

	return !ratio->valid || (ratio->hi >= DMA_WHOLE_BY_PARTS_MIN && ratio->lo <= DMA_WHOLE_BY_PARTS_MAX);
}

/* A share of the parts says how much of a whole call the table is where they take about as long. */
static void bound(struct dma_result *d)
{
	const struct interval *share = &d->unmap_table_share;

	if (dma_parts_are_the_whole(d))
		d->amdahl = (struct interval){ .mid = amdahl_of(share->mid), .lo = amdahl_of(share->lo),
					       .hi = amdahl_of(share->hi), .n = share->n,
					       .valid = share->valid && share->hi < 1 };
}

double dma_shared_share(const struct dma_result *d)
{
	const struct iova_count *n = &d->iova_n;

	return quotient((double)n->shared, n->allocated + n->failed + n->freed);
}

double census_shared(const uint64_t by[CENSUS_CPUS], uint64_t n)
{
	return quotient((double)(n - by[0]), n);
}

static const struct case_result *null_beside(const struct result *r, const struct case_result *c)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == c->group && !strcmp(r->cases[i].engine->sync, "null"))
			return &r->cases[i];
	return NULL;
}

static int fill(struct result *r, struct case_result *c, const struct series *room)
{
	const struct case_result *ruler = c->engine->ruler ? NULL : null_beside(r, c);
	struct dma_result *d = &c->dma;

	d->parts_ns = d->whole_ns = d->whole_by_parts = d->table_ns = unknown_interval;
	d->unmap_table_share = d->amdahl = unknown_interval;
	d->whole_map_ns = d->whole_unmap_ns = NAN;
	if (case_withheld(c))
		return 0;
	d->whole_map_ns = median_figure(c, room, WHOLE_MAP);
	d->whole_unmap_ns = median_figure(c, room, WHOLE_UNMAP);
	if (median_of(c, room, PARTS, r->seed, &d->parts_ns) ||
	    median_of(c, room, WHOLE, r->seed, &d->whole_ns) || whole_by_parts(c, room, r->seed) ||
	    median_of(c, room, UNMAP_SHARE, r->seed, &d->unmap_table_share))
		return -1;
	bound(d);
	return ruler ? table_by_difference(c, ruler, room, r->seed) : 0;
}

int analyse_dma(struct result *r)
{
	int err = 0;

	for (size_t i = 0; i < r->ncases && !err; i++) {
		struct case_result *c = &r->cases[i];
		struct series room;

		if (!c->dma.asked)
			continue;
		room.v = calloc(c->nslices + 1, sizeof(*room.v));
		room.process = calloc(c->nslices + 1, sizeof(*room.process));
		room.pairs = calloc(c->nslices + 1, sizeof(*room.pairs));
		err = room.v && room.process && room.pairs ? fill(r, c, &room) : -1;
		free(room.v);
		free(room.process);
		free(room.pairs);
	}
	return err;
}
