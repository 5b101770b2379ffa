/*
 * dma_path.c - dma_map() and dma_unmap(), whole and part by part. Every call is made singly, as a driver
 * makes it: run() with one operation.
 *
 * What an operation answers is looked at behind each, as a driver does; the deviations are gathered in a
 * word and counted between stretches.
 */
#include <errno.h>

#include "bench/dma.h"
#include "bench/dma_parts.h"

#define TAKEN_MAX 64u /* ranges taken out of a lazy queue at a time */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A driver that gets no table page gives its range back. */
static void take_back(struct dma_lane *d, struct dma_buffer *b, uint64_t iova)
{
	iova_free(d->iova, iova, b->pages);
	b->iova = IOVA_NONE;
	d->refused++;
}

ALWAYS_INLINE uint64_t alloc_part(struct dma_lane *d, const struct dma_buffer *b)
{
	d->asked = b;
	return iova_alloc(d->iova, b->pages, b->fixed);
}

/* One operation of the table; its error. */
ALWAYS_INLINE uint8_t map_piece(struct dma_lane *d, uint64_t iova, uint32_t count, unsigned size_lg2,
				enum pt_kind kind)
{
	struct lane *lane = d->lane;
	struct pt_op op = { .iova = iova, .pa = pa_of(iova), .count = count, .kind = (uint8_t)kind,
			    .size_lg2 = (uint8_t)size_lg2, .prot = PT_READ | PT_WRITE };

	lane->run(lane->pt, &lane->pw, &op, 1);
	d->odd |= op.err | (op.result ^ (uint64_t)count << size_lg2);
	lane->tally.no_memory |= op.err == ENOMEM;
	return op.err;
}

/* What is mapped of [iova, iova + bytes): all of it. */
ALWAYS_INLINE void unmap_range(struct dma_lane *d, uint64_t iova, uint64_t pages)
{
	struct lane *lane = d->lane;
	struct pt_op op = { .iova = iova, .count = (uint32_t)pages, .kind = PT_UNMAP_RANGE,
			    .size_lg2 = IOVA_PAGE_LG2 };

	lane->run(lane->pt, &lane->pw, &op, 1);
	d->odd |= op.err | (op.result ^ pages << IOVA_PAGE_LG2);
}

/* Piece by piece, as a scatter list is; what was mapped before an error is unmapped again. */
static bool map_list(struct dma_lane *d, const struct dma_buffer *b, uint64_t iova)
{
	uint64_t at = iova;

	for (unsigned i = 0; i < b->pieces; i++) {
		if (map_piece(d, at, b->list[i], b->size_lg2, PT_MAP)) {
			if (at > iova)
				unmap_range(d, iova, (at - iova) >> IOVA_PAGE_LG2);
			return false;
		}
		at += (uint64_t)b->list[i] << b->size_lg2;
	}
	return true;
}

ALWAYS_INLINE bool map_part(struct dma_lane *d, const struct dma_buffer *b, uint64_t iova)
{
	if (b->pieces > 1)
		return map_list(d, b, iova);
	if (b->size_lg2)
		return !map_piece(d, iova, b->pages >> (b->size_lg2 - IOVA_PAGE_LG2), b->size_lg2, PT_MAP);
	return !map_piece(d, iova, b->pages, IOVA_PAGE_LG2, PT_MAP_RANGE);
}

/* False: the range waits. */
ALWAYS_INLINE bool invalidate_part(struct dma_lane *d, const struct dma_buffer *b)
{
	struct flush_range range = { .iova = b->iova, .pages = b->pages };

	return flush_unmap(d->flush, range, &d->lane->pw.gather);
}

void dma_free_taken(struct dma_lane *d)
{
	struct flush_range taken[TAKEN_MAX];
	size_t n;

	do {
		n = flush_take(d->flush, taken, TAKEN_MAX, &d->lane->pw.gather);
		for (size_t i = 0; i < n; i++)
			if (taken[i].tag != DMA_PIECE)
				iova_free(d->iova, taken[i].iova, taken[i].pages);
	} while (n == TAKEN_MAX);
}

void dma_take(struct dma_lane *d, struct dma_taken *taken)
{
	struct flush_range *to = taken->v + taken->n;
	size_t n;

	do {
		n = flush_take(d->flush, to, TAKEN_MAX, &d->lane->pw.gather);
		for (size_t i = 0; i < n; i++)
			if (to[i].tag != DMA_PIECE)
				taken->v[taken->n++] = to[i];
		to = taken->v + taken->n;
	} while (n == TAKEN_MAX);
}

void dma_free(struct dma_lane *d, const struct dma_taken *taken)
{
	for (size_t i = 0; i < taken->n; i++)
		iova_free(d->iova, taken->v[i].iova, taken->v[i].pages);
}

ALWAYS_INLINE bool map_whole(struct dma_lane *d, struct dma_buffer *b, bool noted)
{
	uint64_t iova = alloc_part(d, b);

	b->iova = iova;
	if (__builtin_expect(iova == IOVA_NONE, 0)) {
		d->lane->tally.no_room = true;
		return false;
	}
	if (noted)
		census_note(d->lane, iova, b->pages, b->size_lg2);
	if (__builtin_expect(!map_part(d, b, iova), 0)) {
		take_back(d, b, iova);
		return false;
	}
	return true;
}

ALWAYS_INLINE void unmap_whole(struct dma_lane *d, struct dma_buffer *b)
{
	if (__builtin_expect(b->iova == IOVA_NONE, 0))
		return;
	unmap_range(d, b->iova, b->pages);
	if (invalidate_part(d, b))
		iova_free(d->iova, b->iova, b->pages);
	else
		dma_free_taken(d);
	b->iova = IOVA_NONE;
}

bool dma_map(struct dma_lane *d, struct dma_buffer *b)
{
	return map_whole(d, b, d->lane->census != NULL);
}

void dma_unmap(struct dma_lane *d, struct dma_buffer *b)
{
	unmap_whole(d, b);
}

/* ---- stretches ---- */

struct stretch {
	struct dma_lane *d;
	struct dma_buffer **buffers;
	bool *clean; /* by buffer: given back at once */
	struct dma_taken *taken;
};

static void map_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		map_whole(s->d, s->buffers[i], false);
}

static void noted_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		map_whole(s->d, s->buffers[i], true);
}

static void unmap_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		unmap_whole(s->d, s->buffers[i]);
}

static void alloc_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		s->buffers[i]->iova = alloc_part(s->d, s->buffers[i]);
}

static void map_part_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	for (size_t i = from; i < from + n; i++) {
		struct dma_buffer *b = s->buffers[i];

		if (__builtin_expect(b->iova == IOVA_NONE, 0))
			lane->tally.no_room = true;
		else if (__builtin_expect(!map_part(s->d, b, b->iova), 0))
			take_back(s->d, b, b->iova);
	}
}

static void unmap_part_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		if (__builtin_expect(s->buffers[i]->iova != IOVA_NONE, 1))
			unmap_range(s->d, s->buffers[i]->iova, s->buffers[i]->pages);
}

static void invalidate_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++) {
		s->clean[i] = s->buffers[i]->iova != IOVA_NONE && invalidate_part(s->d, s->buffers[i]);
		if (!s->clean[i])
			dma_take(s->d, s->taken);
	}
}

static void free_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct stretch *s = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++) {
		struct dma_buffer *b = s->buffers[i];

		if (s->clean[i])
			iova_free(s->d->iova, b->iova, b->pages);
		b->iova = IOVA_NONE;
	}
	dma_free(s->d, s->taken);
}

void dma_count_odd(struct dma_lane *d)
{
	struct tally *t = &d->lane->tally;

	if (!d->lane->group->engine_is_ruler)
		t->failed += d->refused ? d->refused : d->odd != 0;
	d->refused = 0;
	d->odd = 0;
}

static uint64_t pages_of(struct dma_buffer **buffers, size_t n)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < n; i++)
		pages += buffers[i]->pages;
	return pages;
}

void dma_record_model(struct dma_lane *d, bool measured)
{
	bool kept = measured && d->lane->group->recording;

	d->flush->stale = kept ? d->lane->stale : NULL;
	d->flush->depth = kept ? d->lane->depth : NULL;
}

void dma_count_parts(struct dma_lane *d, size_t n, enum op_kind kind, uint64_t pages)
{
	struct tally *t = &d->lane->tally;

	t->ops += n;
	t->kind_ops[kind] += n;
	t->pages += pages;
}

void dma_map_stretch(struct dma_lane *d, struct dma_buffer **buffers, size_t n, bool measured)
{
	struct stretch s = { .d = d, .buffers = buffers };
	struct lane *lane = d->lane;

	dma_record_model(d, measured);
	if (dma_by_parts(d, measured)) {
		lane_part(lane, alloc_calls, &s, n, DMA_ALLOC);
		lane_part(lane, map_part_calls, &s, n, DMA_MAP);
		lane_rest(lane);
		dma_count_parts(d, n, OP_MAP, pages_of(buffers, n));
	} else {
		lane_calls(lane, lane->census ? noted_calls : map_calls, &s, n, OP_MAP, pages_of(buffers, n),
			   measured);
	}
	dma_count_odd(d);
}

void dma_unmap_stretch(struct dma_lane *d, struct dma_buffer **buffers, size_t n, bool measured)
{
	struct stretch s = { .d = d, .buffers = buffers };
	struct lane *lane = d->lane;
	bool clean[STRETCH_MAX];
	struct dma_taken taken;

	s.clean = clean;
	s.taken = &taken;
	taken.n = 0;
	dma_record_model(d, measured);
	if (dma_by_parts(d, measured)) {
		lane_part(lane, unmap_part_calls, &s, n, DMA_UNMAP);
		lane_part(lane, invalidate_calls, &s, n, DMA_INVALIDATE);
		lane_part(lane, free_calls, &s, n, DMA_FREE);
		lane_rest(lane);
		dma_count_parts(d, n, OP_UNMAP, pages_of(buffers, n));
	} else {
		lane_calls(lane, unmap_calls, &s, n, OP_UNMAP, pages_of(buffers, n), measured);
	}
	dma_count_odd(d);
}

void dma_measure(struct lane *lane, void (*step)(struct lane *lane, bool measured))
{
	const struct group_run *run = lane->group;
	struct dma_lane *d = lane->own;

	d->next_split = d->second = false;
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker)
		step(lane, true);
	lane_end(lane);
	lane_finish(lane);
	while (lane_others_measure(lane))
		step(lane, false);
}

/* ---- at the ends ---- */

void dma_flush(struct dma_lane *d)
{
	dma_record_model(d, false);
	flush_drain(d->flush);
	dma_free_taken(d);
	lane_rest(d->lane);
}

void dma_abandon(struct lane *lane)
{
	struct dma_lane *d = lane->own;

	if (!d || !d->flush)
		return;
	dma_record_model(d, false);
	flush_drain(d->flush);
	dma_free_taken(d);
	lane->ripened += grace_retire(lane->grace, &lane->pw.gather, lane->pw.pages);
}

int dma_expect(struct expectation *out, const struct dma_buffer *b)
{
	return expect_add(out, &(struct extent){
		.iova = b->iova, .pa = pa_of(b->iova), .bytes = (uint64_t)b->pages << IOVA_PAGE_LG2,
		.size_lg2 = b->size_lg2, .prot = PT_READ | PT_WRITE });
}
