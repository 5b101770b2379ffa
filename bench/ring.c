#include "bench/ring.h"

#include <stdlib.h>

struct ring *ring_create(uint32_t size)
{
	uint32_t slots = 1;
	struct ring *r;
	size_t bytes;

	while (slots < size)
		slots *= 2;
	bytes = sizeof(*r) + slots * sizeof(r->v[0]);
	r = aligned_alloc(CACHE_ALIGN, (bytes + CACHE_ALIGN - 1) & ~(size_t)(CACHE_ALIGN - 1));
	if (!r)
		return NULL;
	at_init(&r->tail, 0);
	at_init(&r->head, 0);
	r->head_seen = r->tail_seen = 0;
	r->size = size;
	r->mask = slots - 1;
	return r;
}
