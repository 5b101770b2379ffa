/*
 * percpu.c - each worker an arena of its own: nothing shared as long as a range comes back to who got it.
 *
 * The address space is cut into chunks, powers of two. Those of the window belong to the workers from
 * the start, in turn; those above are taken as needed, from the top down, and kept. In a chunk its
 * owner alone allocates, by halves (buddy.h); before that come small stacks, a stack for each order, of
 * what was freed last, or a range that comes and goes would be split and joined each time.
 *
 * A range that another worker frees is pushed to a list of its owner's (Treiber's, 1986: any number
 * push, one takes all at once, so that no element can come back behind the back of a compare-exchange).
 * The links lie in the chunk, one for each page: a page that is on the list is nobody's.
 *
 * A worker whose share of the window is used up goes above it while others have room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iova/buddy.h"
#include "iova/kinds.h"

#define CHUNKS_LG2 13u /* so many chunks at most: 8 TiB, where they are of 1 GiB */
#define STACK 64u      /* ranges of an order; the older half goes when it is full */

/*
 * A range on its way back, in 32 bits: chunk, first page, and whether it is longer than a page; how
 * long, then, says the link of its second page. 0 is none: page 0 is never given out.
 */
#define REF_LONG 1u
#define REF_PAGE(ref) ((ref) >> 1 & ((1u << BUDDY_LG2_MAX) - 1))
#define REF_CHUNK(ref) ((ref) >> (BUDDY_LG2_MAX + 1))
_Static_assert(CHUNKS_LG2 + BUDDY_LG2_MAX + 1 == 32, "a range fits");

/* The owner's, but for the links: those are of who pushes the range, then of the owner. */
struct chunk {
	struct percpu_worker *owner;
	struct chunk *next; /* of the same owner and part, among those that have room */
	bool full;          /* and in no list */
	uint64_t base;      /* first page */
	uint32_t id;
	uint32_t *link;
	struct buddy buddy;
	uint64_t words[];
};

struct stack {
	unsigned n;
	uint64_t page[STACK];
};

struct percpu_worker {
	struct iova_worker head;
	struct percpu *of;
	uint32_t next_low;            /* our chunk of the window to take next */
	struct chunk *low, *high;     /* chunks that have room, of the window and above; the latest first */
	struct stack stacks[IOVA_ORDERS];
	alignas(CACHE_ALIGN) _Atomic uint32_t remote; /* what others freed of ours */
};

struct percpu {
	struct iova head;
	uint64_t window, space;      /* in pages */
	unsigned low_lg2, high_lg2;  /* pages of a chunk of the window, and above */
	uint32_t nlow, nhigh;
	struct chunk **chunks;       /* by id; each written by its owner before any range of it is known */
	alignas(CACHE_ALIGN) _Atomic uint32_t high_taken;
	struct percpu_worker workers[];
};

static unsigned floor_lg2(uint64_t v)
{
	return 63 - (unsigned)__builtin_clzll(v ? v : 1);
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Chunks of a size such that there is one for each worker, in the window and above. */
static void cut(struct percpu *a, unsigned workers)
{
	uint64_t above = a->space - a->window;

	a->low_lg2 = min(BUDDY_LG2_MAX, floor_lg2(a->window / workers));
	a->nlow = (uint32_t)(a->window >> a->low_lg2);
	a->high_lg2 = min(BUDDY_LG2_MAX, floor_lg2(above / workers)); /* from the end of the space on: aligned */
	above >>= a->high_lg2;
	a->nhigh = above < (1u << CHUNKS_LG2) - a->nlow ? (uint32_t)above : (1u << CHUNKS_LG2) - a->nlow;
}

static int percpu_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	struct percpu *a = aligned_alloc(CACHE_ALIGN, sizeof(*a) + config->workers * sizeof(a->workers[0]));

	if (!a)
		return -ENOMEM;
	memset(a, 0, sizeof(*a) + config->workers * sizeof(a->workers[0]));
	a->head = (struct iova){ kind, *config };
	a->window = config->window_bytes >> IOVA_PAGE_LG2;
	a->space = 1ull << (config->space_lg2 - IOVA_PAGE_LG2);
	cut(a, config->workers);
	a->chunks = calloc(a->nlow + a->nhigh, sizeof(struct chunk *));
	if (!a->chunks) {
		free(a);
		return -ENOMEM;
	}
	at_init(&a->high_taken, 0);
	for (unsigned i = 0; i < config->workers; i++) {
		struct percpu_worker *w = &a->workers[i];

		iova_worker_init(&w->head, kind);
		w->of = a;
		w->next_low = i;
		at_init(&w->remote, 0);
	}
	*out = &a->head;
	return 0;
}

static void percpu_destroy(struct iova *head)
{
	struct percpu *a = (struct percpu *)head;

	for (uint32_t i = 0; i < a->nlow + a->nhigh; i++)
		free(a->chunks[i]);
	free(a->chunks);
	free(a);
}

static struct iova_worker *percpu_worker(struct iova *head, unsigned id)
{
	return &((struct percpu *)head)->workers[id].head;
}

/* It has room. */
static void enlist(struct chunk *c)
{
	struct chunk **list = c->base < c->owner->of->window ? &c->owner->low : &c->owner->high;

	c->full = false;
	c->next = *list;
	*list = c;
}

/*
 * What the owner works with is written here, by its owner: it lies on the owner's node and is there when it
 * is used. The links are not: where all ranges come back to who got them they never take memory.
 */
static bool chunk_create(struct percpu_worker *w, uint32_t id, uint64_t base, unsigned lg2)
{
	size_t words = buddy_words(lg2), pages = (size_t)1 << lg2;
	size_t bytes = sizeof(struct chunk) + words * sizeof(uint64_t) + pages * sizeof(uint32_t);
	struct chunk *c = aligned_alloc(CACHE_ALIGN, (bytes + CACHE_ALIGN - 1) & ~(size_t)(CACHE_ALIGN - 1));

	if (!c)
		return false;
	memset(c, 0, sizeof(*c) + words * sizeof(uint64_t));
	c->owner = w;
	c->base = base;
	enlist(c);
	c->id = id;
	c->link = (uint32_t *)&c->words[words];
	buddy_init(&c->buddy, lg2, c->words);
	buddy_free(&c->buddy, !base, (uint32_t)pages - !base);
	w->of->chunks[id] = c;
	return true;
}

/* The next of our chunks of the window. False: there is none, or no memory. */
static bool more_low(struct percpu_worker *w)
{
	struct percpu *a = w->of;
	uint32_t id = w->next_low;

	if (id >= a->nlow || !chunk_create(w, id, (uint64_t)id << a->low_lg2, a->low_lg2))
		return false;
	w->next_low += a->head.config.workers;
	return true;
}

/* A chunk above the window, the highest that is left. False: there is none, or no memory: it is lost. */
static bool more_high(struct percpu_worker *w)
{
	struct percpu *a = w->of;
	uint32_t id = at_load(&a->high_taken, relaxed); /* a number, no data */

	w->head.n.shared++;
	do {
		w->head.n.steps++;
		if (id == a->nhigh)
			return false;
		/* relaxed: a number, no data */
	} while (!at_cas_weak(&a->high_taken, &id, id + 1, relaxed, relaxed));
	return chunk_create(w, a->nlow + id, a->space - ((id + 1ull) << a->high_lg2), a->high_lg2);
}

static struct chunk *chunk_of(const struct percpu *a, uint64_t page)
{
	if (page < a->window)
		return a->chunks[page >> a->low_lg2];
	return a->chunks[a->nlow + ((a->space - 1 - page) >> a->high_lg2)];
}

static void to_buddy(struct chunk *c, uint64_t page, uint64_t pages)
{
	buddy_free(&c->buddy, (uint32_t)(page - c->base), (uint32_t)pages);
	if (c->full)
		enlist(c);
}

/* The oldest n ranges of a stack. */
static void unstack(struct percpu *a, struct stack *s, unsigned order, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to_buddy(chunk_of(a, s->page[i]), s->page[i], 1u << order);
	s->n -= n;
	memmove(s->page, s->page + n, s->n * sizeof(s->page[0]));
}

/* By the owner. */
static void put(struct percpu_worker *w, struct chunk *c, uint64_t page, uint64_t pages)
{
	unsigned order = floor_lg2(pages);
	struct stack *s;

	/* above the window nothing is stacked: the window is tried first */
	if (order >= IOVA_ORDERS || pages & (pages - 1) || page >= w->of->window) {
		to_buddy(c, page, pages);
		return;
	}
	s = &w->stacks[order];
	if (s->n == STACK)
		unstack(w->of, s, order, STACK / 2);
	s->page[s->n++] = page;
}

/* What others freed of ours. */
static void collect(struct percpu_worker *w)
{
	const struct percpu *a = w->of;
	/* A1: acquire, pairs with the release in push(): links, and what was done with the ranges */
	uint32_t ref = at_xchg(&w->remote, 0, acquire);

	while (ref) {
		struct chunk *c = a->chunks[REF_CHUNK(ref)];
		uint32_t page = REF_PAGE(ref);
		uint32_t pages = ref & REF_LONG ? c->link[page + 1] : 1;

		ref = c->link[page];
		put(w, c, c->base + page, pages);
		w->head.n.steps++;
	}
}

static void push(struct percpu_worker *w, struct chunk *c, uint64_t page, uint64_t pages)
{
	uint32_t at = (uint32_t)(page - c->base);
	uint32_t ref = c->id << (BUDDY_LG2_MAX + 1) | at << 1 | (pages > 1 ? REF_LONG : 0);
	uint32_t first = at_load(&c->owner->remote, relaxed); /* followed by the owner only */

	w->head.n.shared++;
	if (pages > 1)
		c->link[at + 1] = (uint32_t)pages;
	do {
		w->head.n.steps++;
		c->link[at] = first;
		/* A1: release, pairs with the acquire in collect(), also through later pushes */
	} while (!at_cas_weak(&c->owner->remote, &first, ref, release, relaxed));
}

/* A chunk that turns out full leaves the list. */
static uint64_t carve(struct chunk **list, uint64_t pages)
{
	uint32_t at;

	for (struct chunk *c; (c = *list);) {
		bool got = pages <= 1ull << c->buddy.lg2 && buddy_alloc(&c->buddy, (uint32_t)pages, &at);

		c->full = !c->buddy.filled;
		if (c->full)
			*list = c->next;
		else
			list = &c->next;
		if (got)
			return c->base + at;
	}
	return 0;
}

/* Of the window; then with what lies on the stacks; then above. 0: no room. */
static uint64_t carve_all(struct percpu_worker *w, uint64_t pages)
{
	const struct percpu *a = w->of;
	uint64_t page = carve(&w->low, pages);

	while (!page && pages <= 1ull << a->low_lg2 && more_low(w))
		page = carve(&w->low, pages);
	if (page)
		return page;
	for (unsigned k = 0; k < IOVA_ORDERS; k++)
		unstack(w->of, &w->stacks[k], k, w->stacks[k].n);
	page = carve(&w->low, pages);
	if (!page)
		page = carve(&w->high, pages);
	while (!page && pages <= 1ull << a->high_lg2 && more_high(w))
		page = carve(&w->high, pages);
	return page;
}

static uint64_t percpu_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct percpu_worker *w = (struct percpu_worker *)head;
	unsigned order = floor_lg2(pages);
	uint64_t shared = head->n.shared, page;

	(void)fixed;
	if (at_load(&w->remote, relaxed)) { /* only whether; collect() acquires */
		collect(w);
		head->n.shared++;
	}
	if (order < IOVA_ORDERS && !(pages & (pages - 1)) && w->stacks[order].n)
		page = w->stacks[order].page[--w->stacks[order].n];
	else
		page = carve_all(w, pages);
	if (head->n.shared > shared) /* once, however often it went there */
		head->n.shared = shared + 1;
	return iova_counted(head, &w->of->head.config, page << IOVA_PAGE_LG2, pages);
}

static void percpu_free(struct iova_worker *head, uint64_t iova, uint64_t pages)
{
	struct percpu_worker *w = (struct percpu_worker *)head;
	uint64_t page = iova >> IOVA_PAGE_LG2;
	struct chunk *c = chunk_of(w->of, page);

	if (c->owner == w)
		put(w, c, page, pages);
	else
		push(w, c, page, pages);
	iova_count_free(head, pages);
}

/* At rest: nothing changes under the list. */
static uint64_t pages_on_list(const struct percpu *a, const struct percpu_worker *w)
{
	uint64_t pages = 0;
	uint32_t ref = at_load(&w->remote, relaxed); /* at rest */

	while (ref) {
		const uint32_t *link = &a->chunks[REF_CHUNK(ref)]->link[REF_PAGE(ref)];

		pages += ref & REF_LONG ? link[1] : 1;
		ref = link[0];
	}
	return pages;
}

static uint64_t percpu_cached(struct iova *head)
{
	struct percpu *a = (struct percpu *)head;
	uint64_t pages = 0;

	for (unsigned i = 0; i < a->head.config.workers; i++) {
		for (unsigned k = 0; k < IOVA_ORDERS; k++)
			pages += (uint64_t)a->workers[i].stacks[k].n << k;
		pages += pages_on_list(a, &a->workers[i]);
	}
	return pages;
}

static void percpu_drain(struct iova *head)
{
	struct percpu *a = (struct percpu *)head;

	for (unsigned i = 0; i < a->head.config.workers; i++) {
		if (at_load(&a->workers[i].remote, relaxed)) /* at rest */
			collect(&a->workers[i]);
		for (unsigned k = 0; k < IOVA_ORDERS; k++)
			unstack(a, &a->workers[i].stacks[k], k, a->workers[i].stacks[k].n);
	}
}

/* Chunks of 1 GiB, without the links: nobody pushes. */
static uint64_t percpu_bytes(const struct iova_config *config, uint64_t ranges, uint64_t pages)
{
	uint64_t full = ranges * iova_alignment(pages) >> BUDDY_LG2_MAX;

	return (full + 2ull * config->workers) *
	       (sizeof(struct chunk) + buddy_words(BUDDY_LG2_MAX) * sizeof(uint64_t) + 8192);
}

const struct iova_kind iova_percpu = {
	.name = "percpu", .help = "an arena for each worker, no lock; others hand its ranges back over a list",
	.create = percpu_create, .destroy = percpu_destroy, .worker = percpu_worker,
	.alloc = percpu_alloc, .free = percpu_free, .cached = percpu_cached, .drain = percpu_drain,
	.bytes = percpu_bytes,
};
