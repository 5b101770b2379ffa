/*
 * fixed.c - no allocator: a range lies where its caller says. What the DMA path costs with addresses
 * that come for nothing, and what workloads without an allocator do.
 */
#include <errno.h>
#include <stdlib.h>

#include "iova/kinds.h"

struct fixed {
	struct iova head;
	struct iova_worker workers[];
};

static int fixed_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	struct fixed *f = aligned_alloc(CACHE_ALIGN, sizeof(*f) + config->workers * sizeof(f->workers[0]));

	if (!f)
		return -ENOMEM;
	f->head = (struct iova){ kind, *config };
	for (unsigned i = 0; i < config->workers; i++)
		iova_worker_init(&f->workers[i], kind);
	*out = &f->head;
	return 0;
}

static void fixed_destroy(struct iova *a)
{
	free(a);
}

static struct iova_worker *fixed_worker(struct iova *a, unsigned id)
{
	return &((struct fixed *)a)->workers[id];
}

static uint64_t fixed_alloc(struct iova_worker *w, uint64_t pages, uint64_t fixed)
{
	w->n.allocated++;
	w->n.pages_allocated += pages;
	return fixed;
}

static void fixed_free(struct iova_worker *w, uint64_t iova, uint64_t pages)
{
	(void)iova;
	iova_count_free(w, pages);
}

const struct iova_kind iova_fixed = {
	.name = "fixed", .help = "none: every buffer has an address of its own, for ever",
	.create = fixed_create, .destroy = fixed_destroy, .worker = fixed_worker,
	.alloc = fixed_alloc, .free = fixed_free,
};
