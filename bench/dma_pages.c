/*
 * dma_pages.c - dma_unmap() of a range page by page: each page is unmapped and invalidated by itself, the
 * range goes back to the allocator with its last one.
 */
#include "bench/dma.h"
#include "bench/dma_parts.h"

/* Pages [first, first + n) of a buffer are a stretch. */
struct piecewise {
	struct dma_lane *d;
	struct dma_buffer *b;
	uint32_t first;
	struct dma_taken back; /* part by part: ranges that the free part gives back */
};

static inline void unmap_page(const struct piecewise *p, size_t i)
{
	struct lane *lane = p->d->lane;
	struct pt_op op = { .iova = p->b->iova + ((p->first + i) << IOVA_PAGE_LG2), .count = 1,
			    .kind = PT_UNMAP, .size_lg2 = IOVA_PAGE_LG2 };

	lane->run(lane->pt, &lane->pw, &op, 1);
	p->d->odd |= op.err | (op.result ^ 1ull << IOVA_PAGE_LG2);
}

static inline bool is_last(const struct piecewise *p, size_t i)
{
	return p->first + i + 1 == p->b->pages;
}

/*
 * True: it is clean. In a lazy queue the last page stands for the whole range: it is clean no earlier
 * than those queued before it.
 */
static inline bool invalidate_page(const struct piecewise *p, size_t i)
{
	struct flush_range range = { .iova = p->b->iova + ((p->first + i) << IOVA_PAGE_LG2), .pages = 1,
				     .tag = DMA_PIECE };

	if (is_last(p, i))
		range = (struct flush_range){ .iova = p->b->iova, .pages = p->b->pages };
	return flush_unmap(p->d->flush, range, &p->d->lane->pw.gather);
}

static void whole_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct piecewise *p = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++) {
		unmap_page(p, i);
		if (!invalidate_page(p, i))
			dma_free_taken(p->d);
		else if (is_last(p, i))
			iova_free(p->d->iova, p->b->iova, p->b->pages);
	}
}

static void unmap_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct piecewise *p = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++)
		unmap_page(p, i);
}

static void invalidate_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct piecewise *p = what;

	(void)lane;
	for (size_t i = from; i < from + n; i++) {
		if (!invalidate_page(p, i))
			dma_take(p->d, &p->back);
		else if (is_last(p, i))
			p->back.v[p->back.n++] = (struct flush_range){ .iova = p->b->iova, .pages = p->b->pages };
	}
}

static void free_calls(struct lane *lane, void *what, size_t from, size_t n)
{
	struct piecewise *p = what;

	(void)lane;
	(void)from;
	(void)n;
	dma_free(p->d, &p->back);
}

void dma_unmap_pages(struct dma_lane *d, struct dma_buffer *b, uint32_t first, uint32_t n, bool measured)
{
	struct lane *lane = d->lane;
	struct piecewise p;

	if (b->iova == IOVA_NONE)
		return;
	p.d = d;
	p.b = b;
	p.first = first;
	p.back.n = 0;
	dma_record_model(d, measured);
	if (dma_by_parts(d, measured)) {
		lane_part(lane, unmap_calls, &p, n, DMA_UNMAP);
		lane_part(lane, invalidate_calls, &p, n, DMA_INVALIDATE);
		lane_part(lane, free_calls, &p, n, DMA_FREE);
		lane_rest(lane);
		dma_count_parts(d, n, OP_UNMAP, n);
	} else {
		lane_calls(lane, whole_calls, &p, n, OP_UNMAP, n, measured);
	}
	if (first + n == b->pages)
		b->iova = IOVA_NONE;
	dma_count_odd(d);
}
