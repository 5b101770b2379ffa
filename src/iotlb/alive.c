#include "iotlb/alive.h"

#include <sys/mman.h>

#include "mem/pool.h"

#ifdef IOPT_SANITIZED
/* A page from aligned_alloc, its descriptor behind it. */
#define REGION_BYTES PAGE_BYTES
#define REGION_MAPPED (2 * PAGE_BYTES)
#else
/* A chunk of the pool begins with eight pages of descriptors. */
#define REGION_BYTES POOL_CHUNK_BYTES
#define REGION_MAPPED (8 * PAGE_BYTES)
#endif

static bool mapped(uint64_t address, size_t bytes)
{
	unsigned char in_core[8];

	return !mincore((void *)(uintptr_t)address, bytes, in_core);
}

/* May the descriptor of a page at `table` be read? */
static bool has_descriptor(struct alive *a, uint64_t table)
{
	uint64_t region = table & ~(uint64_t)(REGION_BYTES - 1);
	_Atomic(uint64_t) *known = &a->known[region / REGION_BYTES % ALIVE_KNOWN];

	if (!region)
		return false;
	/* relaxed, both: the number only says that the kernel has been asked about it */
	if (at_load(known, relaxed) == region)
		return true;
#ifndef IOPT_SANITIZED
	/* Pages that come by themselves may lie anywhere; their descriptors are found by address. */
	if (at_load(&pool_singles, relaxed) && page_desc_single((void *)(uintptr_t)table))
		return true;
#endif
	if (!mapped(region, REGION_MAPPED))
		return false;
	at_store(known, region, relaxed);
	return true;
}

void alive_init(struct alive *a, const struct pt *pt)
{
	a->owner = pt_id(pt);
	for (unsigned i = 0; i < ALIVE_KNOWN; i++)
		at_init(&a->known[i], 0);
}

const char *alive_ask(void *ctx, uint64_t table, unsigned level)
{
	struct alive *a = ctx;
	const struct page_desc *d;

	if (!has_descriptor(a, table))
		return "an address at which there is no memory";
	d = page_desc((void *)(uintptr_t)table);
	if (d->page != (void *)(uintptr_t)table)
		return "an address that is not a page of the pool";
	if (d->state != PAGE_LIVE)
		return "a page that is free";
	if (d->owner != a->owner)
		return "a page of another owner";
	return d->level == level ? NULL : "a page of a table of another level";
}
