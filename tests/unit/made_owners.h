/*
 * made_owners.h - who owns each page of I/O addresses, kept apart from any allocator, and two
 * allocators that are wrong on purpose.
 *
 * Whoever gets a range enters itself page by page, and strikes itself out before it gives the range
 * back. The entries are relaxed: an allocator gets no order from them. With `touch` an owner also
 * writes plain memory for each page, as it would page-table entries: ThreadSanitizer then checks that
 * the allocator orders a free before the next alloc of the same pages.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "iova/iova.h"

struct owners {
	uint64_t pages;          /* of the space */
	_Atomic uint32_t *of;    /* by page: 0, or 1 + who */
	uint64_t *plain;
	bool touch;
	_Atomic uint64_t twice;  /* pages that had an owner */
	_Atomic uint64_t lost;   /* pages that were not their owner's any more */
	_Atomic uint64_t wrong;  /* ranges at page 0, beyond the space, or not aligned */
};

static int owners_init(struct owners *o, uint64_t pages, bool touch)
{
	*o = (struct owners){ .pages = pages, .touch = touch };
	o->of = calloc(pages, sizeof(o->of[0]));
	o->plain = calloc(pages, sizeof(o->plain[0]));
	return o->of && o->plain ? 0 : -1;
}

static void owners_free(struct owners *o)
{
	free(o->of);
	free(o->plain);
}

/* A power of two, not below `pages`. */
static uint64_t made_alignment(uint64_t pages)
{
	uint64_t a = 1;

	while (a < pages)
		a *= 2;
	return a;
}

static void owners_take(struct owners *o, unsigned who, uint64_t iova, uint64_t pages)
{
	uint64_t first = iova >> IOVA_PAGE_LG2;

	pages = pages < 32 ? made_alignment(pages) : pages;
	if (!first || iova % (made_alignment(pages) << IOVA_PAGE_LG2) || first + pages > o->pages) {
		at_add(&o->wrong, 1, relaxed); /* read when all have been joined */
		return;
	}
	for (uint64_t p = first; p < first + pages; p++) {
		uint32_t nobody = 0;

		/* relaxed all: see above */
		if (!at_cas(&o->of[p], &nobody, who + 1, relaxed, relaxed))
			at_add(&o->twice, 1, relaxed);
		if (o->touch)
			o->plain[p] = who;
	}
}

static void owners_give(struct owners *o, unsigned who, uint64_t iova, uint64_t pages)
{
	uint64_t first = iova >> IOVA_PAGE_LG2;

	pages = pages < 32 ? made_alignment(pages) : pages;
	for (uint64_t p = first; first && p < first + pages && p < o->pages; p++) {
		uint32_t mine = who + 1;

		if (o->touch)
			o->plain[p]++;
		/* relaxed all: see above */
		if (!at_cas(&o->of[p], &mine, 0, relaxed, relaxed))
			at_add(&o->lost, 1, relaxed);
	}
}

/* ---- allocators that are wrong: `rbtree`, but each 16th range of a worker is not what it got ---- */

struct made_wrong {
	struct iova head;
	struct iova *right;
	struct made_wrong_worker {
		struct iova_worker head;
		struct iova_worker *right;
		uint64_t calls, last;    /* the range that it gave out before */
		struct made_wrong *of;
	} *workers;
};

static int wrong_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	struct made_wrong *a = calloc(1, sizeof(*a));

	if (!a || iova_create(&a->right, iova_kind_find("rbtree"), config))
		return -1;
	a->head = (struct iova){ kind, *config };
	a->workers = aligned_alloc(CACHE_ALIGN, config->workers * sizeof(a->workers[0]));
	if (!a->workers)
		return -1;
	memset(a->workers, 0, config->workers * sizeof(a->workers[0]));
	for (unsigned i = 0; i < config->workers; i++) {
		a->workers[i].head.kind = kind;
		a->workers[i].right = iova_worker(a->right, i);
		a->workers[i].of = a;
	}
	*out = &a->head;
	return 0;
}

static void wrong_destroy(struct iova *head)
{
	struct made_wrong *a = (struct made_wrong *)head;

	iova_destroy(a->right);
	free(a->workers);
	free(a);
}

static struct iova_worker *wrong_worker(struct iova *head, unsigned id)
{
	return &((struct made_wrong *)head)->workers[id].head;
}

static uint64_t wrong_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct made_wrong_worker *w = (struct made_wrong_worker *)head;
	uint64_t iova = iova_alloc(w->right, pages, fixed), last = w->last;

	if (++w->calls % 16 || !last || last % (made_alignment(pages) << IOVA_PAGE_LG2)) {
		w->last = iova;
		return iova;
	}
	if (iova)
		iova_free(w->right, iova, pages);
	return last; /* which may still be somebody's */
}

static void wrong_free(struct iova_worker *head, uint64_t iova, uint64_t pages)
{
	iova_free(((struct made_wrong_worker *)head)->right, iova, pages);
}

static const struct iova_kind made_overlapping = {
	.name = "overlapping", .help = "gives out a range twice, now and then",
	.create = wrong_create, .destroy = wrong_destroy, .worker = wrong_worker,
	.alloc = wrong_alloc, .free = wrong_free,
};

static uint64_t crooked_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct made_wrong_worker *w = (struct made_wrong_worker *)head;
	uint64_t iova = iova_alloc(w->right, pages, fixed);

	/* the neighbour below has the first page, or page 0 it is */
	return iova && ++w->calls % 16 == 0 ? iova - (1u << IOVA_PAGE_LG2) : iova;
}

static const struct iova_kind made_crooked = {
	.name = "crooked", .help = "gives out a range a page too low, now and then",
	.create = wrong_create, .destroy = wrong_destroy, .worker = wrong_worker,
	.alloc = crooked_alloc, .free = wrong_free,
};
