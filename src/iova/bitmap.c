/*
 * bitmap.c - a bit for each page, and compare-exchange: no lock, and nobody waits for anybody.
 *
 * Two pools: the window, and the highest 2^24 pages of the space (or what there is above the window).
 * That is the bound: 64 GiB above the window, then the allocator is full. A range of up to 64 pages lies
 * in one word and is taken by one compare-exchange. A larger one takes whole words, in rising order;
 * when somebody else took one of them in the meantime, those before it are given back and the next
 * place is tried. So of two that want the same words one gets them; but a third may for a moment find
 * pages taken that are free again later. So who finds no place for a large range looks again, a few times,
 * each time a little later; after that there is no room.
 *
 * Each worker goes on looking where it was served last, or freed last, as the kernel's sbitmap does;
 * workers begin far from each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iova/kinds.h"

#define POOL_PAGES (1ull << 24)
#define TRIES_LG2 12u /* of large ranges; the last pause is as long as a claim of 1 GiB */
#define WORD_PAGES 64u
#define WINDOW 0
#define ABOVE 1

struct pool {
	uint64_t base;  /* first page, a multiple of 64 */
	uint32_t words; /* 0: there is no such pool */
	_Atomic uint64_t *taken;
};

struct bitmap_worker {
	struct iova_worker head;
	struct bitmap *of;
	uint32_t hint[2]; /* word of each pool to look at first */
};

struct bitmap {
	struct iova head;
	struct pool pools[2];
	struct bitmap_worker workers[];
};

static bool pool_create(struct pool *p, uint64_t base, uint64_t end)
{
	size_t bytes;

	p->base = base;
	p->words = (uint32_t)((end - base) / WORD_PAGES);
	bytes = ((size_t)p->words * sizeof(uint64_t) + CACHE_ALIGN - 1) & ~(size_t)(CACHE_ALIGN - 1);
	p->taken = aligned_alloc(CACHE_ALIGN, bytes + CACHE_ALIGN);
	if (!p->taken)
		return false;
	for (uint32_t i = 0; i < p->words; i++)
		at_init(&p->taken[i], 0);
	return true;
}

static void bitmap_destroy(struct iova *head)
{
	struct bitmap *a = (struct bitmap *)head;

	free(a->pools[WINDOW].taken);
	free(a->pools[ABOVE].taken);
	free(a);
}

/* First page of the pool above the window. */
static uint64_t above_of(uint64_t window, uint64_t space)
{
	return space - window > POOL_PAGES ? space - POOL_PAGES : window;
}

static int bitmap_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	uint64_t window = config->window_bytes >> IOVA_PAGE_LG2;
	uint64_t space = 1ull << (config->space_lg2 - IOVA_PAGE_LG2);
	struct bitmap *a = aligned_alloc(CACHE_ALIGN, sizeof(*a) + config->workers * sizeof(a->workers[0]));

	if (!a)
		return -ENOMEM;
	memset(a, 0, sizeof(*a) + config->workers * sizeof(a->workers[0]));
	a->head = (struct iova){ kind, *config };
	if (!pool_create(&a->pools[WINDOW], 0, window) ||
	    !pool_create(&a->pools[ABOVE], above_of(window, space), space)) {
		bitmap_destroy(&a->head);
		return -ENOMEM;
	}
	at_init(&a->pools[WINDOW].taken[0], 1); /* page 0 */
	for (unsigned i = 0; i < config->workers; i++) {
		struct bitmap_worker *w = &a->workers[i];

		iova_worker_init(&w->head, kind);
		w->of = a;
		for (unsigned part = 0; part < 2; part++) { /* the first begins at the top */
			uint64_t words = a->pools[part].words;

			w->hint[part] = words ? (uint32_t)(words - 1 - words * i / config->workers) : 0;
		}
	}
	*out = &a->head;
	return 0;
}

static struct iova_worker *bitmap_worker(struct iova *head, unsigned id)
{
	return &((struct bitmap *)head)->workers[id].head;
}

static uint64_t low_bits(uint64_t n)
{
	return n < WORD_PAGES ? (1ull << n) - 1 : ~0ull;
}

/* The highest aligned place for so many pages in a word with these bits free, or -1. */
static int place(uint64_t is_free, unsigned pages)
{
	static const uint64_t starts[IOVA_ORDERS] = {
		~0ull, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101, 0x0001000100010001,
		0x0000000100000001,
	};

	if (pages > WORD_PAGES / 2) /* aligned to the word */
		return (is_free & low_bits(pages)) == low_bits(pages) ? 0 : -1;
	for (unsigned step = 1; step < pages; step <<= 1) /* a bit stays if `step` bits from it on are free */
		is_free &= is_free >> step;
	is_free &= starts[__builtin_ctz(pages)];
	return is_free ? 63 - __builtin_clzll(is_free) : -1;
}

/* 1, 2, 4 … 32, or 33 .. 64 pages. */
static uint64_t take_in_word(struct bitmap_worker *w, struct pool *p, uint32_t *hint, unsigned pages)
{
	uint32_t i = *hint;

	for (uint32_t n = 0; n < p->words; n++, i = i ? i - 1 : p->words - 1) {
		uint64_t seen = at_load(&p->taken[i], relaxed); /* only a look: the compare-exchange tells */
		int bit;

		w->head.n.steps++;
		while ((bit = place(~seen, pages)) >= 0) {
			/* A2: acquire, pairs with the releases in give_back() */
			if (at_cas(&p->taken[i], &seen, seen | low_bits(pages) << bit, acquire, relaxed)) {
				*hint = i;
				return p->base + (uint64_t)i * WORD_PAGES + (unsigned)bit;
			}
			w->head.n.steps++;
		}
	}
	return 0;
}

/* Bits that a range of `left` pages, from here on, has in a word. */
static uint64_t share(uint64_t left)
{
	return low_bits(left < WORD_PAGES ? left : WORD_PAGES);
}

/* Any range, from its first word and bit on. */
static void give_back(struct pool *p, uint32_t word, unsigned bit, uint64_t pages)
{
	for (; pages; word++) {
		uint64_t n = pages < WORD_PAGES ? pages : WORD_PAGES;

		/* A2: release, pairs with the compare-exchanges that take; what was done with the range */
		at_and(&p->taken[word], ~(low_bits(n) << bit), release);
		pages -= n;
	}
}

/* Is it worth a try? A claim that fails looks to others, for a while, as if there were less room. */
static bool looks_free(struct bitmap_worker *w, struct pool *p, uint32_t word, uint64_t pages)
{
	for (uint64_t done = 0; done < pages; done += WORD_PAGES, word++) {
		w->head.n.steps++;
		if (at_load(&p->taken[word], relaxed) & share(pages - done)) /* a look: claim() tells */
			return false;
	}
	return true;
}

/* From this word on, in rising order: all, or nothing. */
static bool claim(struct bitmap_worker *w, struct pool *p, uint32_t word, uint64_t pages)
{
	for (uint64_t done = 0; done < pages; done += WORD_PAGES, word++) {
		uint64_t bits = share(pages - done), seen = at_load(&p->taken[word], relaxed); /* a look */

		do {
			w->head.n.steps++;
			if (seen & bits) {
				give_back(p, word - (uint32_t)(done / WORD_PAGES), 0, done);
				return false;
			}
			/* A2: acquire, pairs with the releases in give_back() */
		} while (!at_cas_weak(&p->taken[word], &seen, seen | bits, acquire, relaxed));
	}
	return true;
}

/* More than 64 pages, from the top down. */
static uint64_t take_words(struct bitmap_worker *w, struct pool *p, uint64_t pages)
{
	uint64_t step = iova_alignment(pages), page;

	if (pages > (uint64_t)p->words * WORD_PAGES)
		return 0;
	page = (p->base + (uint64_t)p->words * WORD_PAGES - pages) & ~(step - 1);
	for (; page >= p->base; page -= step) {
		uint32_t word = (uint32_t)((page - p->base) / WORD_PAGES);

		if (looks_free(w, p, word, pages) && claim(w, p, word, pages))
			return page;
		if (page < step)
			break;
	}
	return 0;
}

static uint64_t take(struct bitmap_worker *w, uint64_t pages)
{
	uint64_t page = 0;

	for (unsigned part = WINDOW; part <= ABOVE && !page; part++) {
		struct pool *p = &w->of->pools[part];

		page = pages > WORD_PAGES ? take_words(w, p, pages) :
					    take_in_word(w, p, &w->hint[part], (unsigned)pages);
	}
	return page;
}

static uint64_t bitmap_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct bitmap_worker *w = (struct bitmap_worker *)head;
	uint64_t page = take(w, pages);

	(void)fixed;
	for (unsigned lg2 = 0; !page && pages > WORD_PAGES && lg2 < TRIES_LG2; lg2++) {
		for (unsigned i = 0; i < 1u << lg2; i++)
			cpu_relax();
		page = take(w, pages);
	}
	head->n.shared++;
	return iova_counted(head, &w->of->head.config, page << IOVA_PAGE_LG2, pages);
}

static void bitmap_free(struct iova_worker *head, uint64_t iova, uint64_t pages)
{
	struct bitmap_worker *w = (struct bitmap_worker *)head;
	struct bitmap *a = w->of;
	unsigned part = iova < a->head.config.window_bytes ? WINDOW : ABOVE;
	uint64_t at = (iova >> IOVA_PAGE_LG2) - a->pools[part].base;

	w->hint[part] = (uint32_t)(at / WORD_PAGES);
	give_back(&a->pools[part], w->hint[part], at % WORD_PAGES, pages);
	head->n.shared++;
	iova_count_free(head, pages);
}

static uint64_t bitmap_capacity(const struct iova_config *config)
{
	uint64_t window = config->window_bytes >> IOVA_PAGE_LG2;
	uint64_t space = 1ull << (config->space_lg2 - IOVA_PAGE_LG2);

	return (window + space - above_of(window, space)) << IOVA_PAGE_LG2;
}

static uint64_t bitmap_bytes(const struct iova_config *config, uint64_t ranges, uint64_t pages)
{
	(void)ranges;
	(void)pages;
	return bitmap_capacity(config) >> (IOVA_PAGE_LG2 + 3);
}

const struct iova_kind iova_bitmap = {
	.name = "bitmap", .help = "a bit for each page, taken by compare-exchange",
	.create = bitmap_create, .destroy = bitmap_destroy, .worker = bitmap_worker,
	.alloc = bitmap_alloc, .free = bitmap_free, .capacity = bitmap_capacity,
	.bytes = bitmap_bytes,
};
