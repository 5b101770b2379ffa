#include "mem/depot.h"

#include <stdlib.h>

#include "stat/stat.h"

/* Lies in the descriptors that describe the descriptors' own pages. */
struct chunk {
	struct chunk *next;
};

/* A full batch's first page links to the next batch here. */
enum { RESERVED_NEXT_BATCH };

void batch_list_push(struct batch_list *list, struct batch full)
{
	full.head->reserved[RESERVED_NEXT_BATCH] = (uint64_t)(uintptr_t)list->head;
	list->head = full.head;
	list->n++;
}

struct batch batch_list_pop(struct batch_list *list)
{
	struct page_desc *head = list->head;

	list->head = (struct page_desc *)(uintptr_t)head->reserved[RESERVED_NEXT_BATCH];
	list->n--;
	return (struct batch){ head, BATCH_PAGES };
}

static bool have_arena(struct depot *d)
{
	return d->arena.exists || !arena_create(&d->arena, d->policy, d->os_node);
}

void depot_init(struct depot *d, enum arena_policy policy, unsigned os_node, uint8_t index, bool now)
{
	*d = (struct depot){ .policy = policy, .os_node = os_node, .index = index };
	pthread_mutex_init(&d->lock, NULL);
	if (now)
		have_arena(d);
}

void depot_destroy(struct depot *d)
{
	arena_destroy(&d->arena);
	pthread_mutex_destroy(&d->lock);
}

/* Under the lock. */
static bool add_chunk(struct depot *d)
{
	struct chunk *chunk;

	if (!have_arena(d))
		return false;
	chunk = arena_alloc(&d->arena, POOL_CHUNK_BYTES, POOL_CHUNK_BYTES);
	if (!chunk)
		return false;
	if (arena_populate(chunk, CHUNK_DESC_PAGES * PAGE_BYTES)) {
		arena_free(&d->arena, chunk);
		return false;
	}
	chunk->next = d->chunks;
	d->chunks = chunk;
	d->nchunks++;
	d->carved = CHUNK_DESC_PAGES;
	return true;
}

/* Fresh pages, faulted in batch by batch: a pool of few pages stays small. Under the lock. */
static struct batch carve(struct depot *d)
{
	struct batch b = { NULL, 0 };
	char *first;

	if ((!d->chunks || d->carved == CHUNK_PAGES) && !add_chunk(d))
		return b;
	first = (char *)d->chunks + (size_t)d->carved * PAGE_BYTES;
	if (arena_populate(first, (size_t)BATCH_PAGES * PAGE_BYTES))
		return b;
	d->carved += BATCH_PAGES;
	for (unsigned i = BATCH_PAGES; i-- > 0;) { /* so that the lowest address is popped first */
		struct page_desc *page = page_desc(first + (size_t)i * PAGE_BYTES);

		page->node = d->index;
		page->page = first + (size_t)i * PAGE_BYTES;
		batch_push(&b, page);
	}
	return b;
}

struct batch depot_take(struct depot *d)
{
	struct batch b;

	pthread_mutex_lock(&d->lock);
	if (d->full.n) {
		b = batch_list_pop(&d->full);
	} else if (d->partial.n) {
		b = d->partial;
		d->partial = (struct batch){ NULL, 0 };
	} else {
		b = carve(d);
	}
	pthread_mutex_unlock(&d->lock);
	return b;
}

struct batch depot_take_full(struct depot *d)
{
	struct batch b;

	pthread_mutex_lock(&d->lock);
	b = d->full.n ? batch_list_pop(&d->full) : carve(d);
	pthread_mutex_unlock(&d->lock);
	return b;
}

void depot_give(struct depot *d, struct batch *b)
{
	pthread_mutex_lock(&d->lock);
	if (b->n == BATCH_PAGES) {
		batch_list_push(&d->full, *b);
		*b = (struct batch){ NULL, 0 };
	}
	while (b->n) {
		batch_push(&d->partial, batch_pop(b));
		if (d->partial.n == BATCH_PAGES) {
			batch_list_push(&d->full, d->partial);
			d->partial = (struct batch){ NULL, 0 };
		}
	}
	pthread_mutex_unlock(&d->lock);
}

static void take_all(struct batch *b, struct page_desc **pages, size_t *n)
{
	while (b->n)
		pages[(*n)++] = batch_pop(b);
}

/* Durstenfeld, CACM 7, 1964. */
void depot_shuffle(struct depot *d, uint64_t seed)
{
	size_t room = d->full.n * BATCH_PAGES + d->partial.n, n = 0;
	struct page_desc **pages = malloc((room + 1) * sizeof(*pages));
	struct batch one = { NULL, 0 };
	uint64_t rng = stat_mix(seed);

	if (!pages)
		return;
	while (d->full.n) {
		struct batch b = batch_list_pop(&d->full);

		take_all(&b, pages, &n);
	}
	take_all(&d->partial, pages, &n);
	while (n) {
		size_t i = stat_below(&rng, n--);
		struct page_desc *page = pages[i];

		pages[i] = pages[n];
		batch_push(&one, page);
		if (one.n == BATCH_PAGES || !n)
			depot_give(d, &one);
	}
	free(pages);
}

void *depot_alloc(struct depot *d, size_t bytes)
{
	void *p;

	pthread_mutex_lock(&d->lock);
	p = have_arena(d) ? arena_alloc(&d->arena, bytes, CACHE_ALIGN) : NULL;
	pthread_mutex_unlock(&d->lock);
	return p;
}

void depot_free(struct depot *d, void *p)
{
	arena_free(&d->arena, p);
}

void depot_each(struct depot *d, void (*fn)(void *ctx, struct page_desc *page), void *ctx)
{
	unsigned end = d->carved;

	for (struct chunk *chunk = d->chunks; chunk; chunk = chunk->next) {
		for (unsigned i = CHUNK_DESC_PAGES; i < end; i++)
			fn(ctx, (struct page_desc *)chunk + i);
		end = CHUNK_PAGES; /* only the newest is in part carved */
	}
}
