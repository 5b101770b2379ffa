/*
 * rcache.c - per-CPU magazines of ranges in front of the tree, as the kernel has had them since 2016.
 *
 * Bonwick and Adams, "Magazines and vmem" (USENIX 2001); Peleg et al., "Utilizing the IOMMU Scalably"
 * (USENIX ATC 2015). The shape is that of Linux 6.12: a worker has two magazines of each order, a depot
 * of each order holds full ones without bound, and what exceeds a magazine for each worker trickles
 * back into the tree, one in 100 ms. Three things differ:
 *
 * - There the trickle is a work item, here whoever brings a magazine to the depot does it in passing,
 *   when it is time: no thread of ours runs beside the workers while the clock runs. A depot to which
 *   nobody brings anything stays as it is.
 * - The cache of a worker has its lock, as there. The kernel's is for interrupts and migration, which
 *   user space has not got; but for one thing more it is needed here too: whoever finds the space full
 *   empties the caches of all workers. So the lock is kept, and its price is in the figures.
 * - Magazines come from malloc, not from a slab.
 */
#include "iova/rcache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/clock.h"

static struct magazine *magazine_new(void)
{
	struct magazine *m = aligned_alloc(CACHE_ALIGN, sizeof(*m));

	if (m)
		m->n = 0;
	return m;
}

static uint64_t plain_miss(struct rcache_worker *w, enum tree_part part, uint64_t pages)
{
	return tree_alloc(w->of->tree, &w->tree, part, pages);
}

static bool worker_init(struct rcache *a, struct rcache_worker *w)
{
	bool whole = true;

	iova_worker_init(&w->head, a->head.kind);
	w->of = a;
	tree_worker_init(&w->tree, &w->head.n);
	for (unsigned order = 0; order < IOVA_ORDERS; order++) {
		struct rcache_cache *c = &w->caches[order];

		qspin_init(&c->lock);
		c->loaded = magazine_new();
		c->prev = magazine_new();
		whole = whole && c->loaded && c->prev;
	}
	return whole;
}

int rcache_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	size_t bytes = sizeof(struct rcache) + config->workers * sizeof(struct rcache_worker);
	struct rcache *a = aligned_alloc(CACHE_ALIGN, bytes);
	bool whole;

	if (!a)
		return -ENOMEM;
	memset(a, 0, bytes);
	a->head = (struct iova){ kind, *config };
	a->miss = plain_miss;
	whole = !tree_create(&a->tree, config);
	for (unsigned order = 0; order < IOVA_ORDERS; order++)
		qspin_init(&a->depots[order].lock);
	for (unsigned i = 0; i < config->workers; i++)
		whole = worker_init(a, &a->workers[i]) && whole;
	if (!whole) {
		rcache_destroy(&a->head);
		return -ENOMEM;
	}
	*out = &a->head;
	return 0;
}

void rcache_destroy(struct iova *head)
{
	struct rcache *a = (struct rcache *)head;

	for (unsigned order = 0; order < IOVA_ORDERS; order++) {
		for (unsigned i = 0; i < a->head.config.workers; i++) {
			free(a->workers[i].caches[order].loaded);
			free(a->workers[i].caches[order].prev);
		}
		for (struct magazine *m = a->depots[order].full, *next; m; m = next) {
			next = m->next;
			free(m);
		}
	}
	if (a->tree)
		tree_destroy(a->tree);
	free(a);
}

struct iova_worker *rcache_worker(struct iova *head, unsigned id)
{
	return &((struct rcache *)head)->workers[id].head;
}

/* ---- the depot ---- */

/* Lock held. NULL: it is empty. */
static struct magazine *depot_pop(struct rcache_depot *d)
{
	struct magazine *m = d->full;

	if (m) {
		d->full = m->next;
		d->n--;
		m->n = MAGAZINE_RANGES;
	}
	return m;
}

/* Lock held. Is it time for one to go to the tree? */
static bool depot_due(struct rcache_depot *d, unsigned workers)
{
	uint64_t now, due = d->due_ns;

	if (d->n <= workers) {
		d->due_ns = 0;
		return false;
	}
	now = clock_monotonic_ns();
	if (due && now < due)
		return false;
	d->due_ns = now + DEPOT_DELAY_NS;
	return due;
}

/* A full magazine. What has to go to the tree now, or NULL. */
static struct magazine *depot_push(struct rcache_worker *w, unsigned order, struct magazine *full)
{
	struct rcache_depot *d = &w->of->depots[order];
	struct magazine *away;

	qspin_acquire(&d->lock, &w->depot_node); /* L6 */
	full->next = d->full;
	d->full = full;
	d->n++;
	away = depot_due(d, w->of->head.config.workers) ? depot_pop(d) : NULL;
	qspin_release(&d->lock, &w->depot_node); /* L6 */
	w->head.n.shared++;
	return away;
}

static struct magazine *depot_take(struct rcache_worker *w, unsigned order)
{
	struct rcache_depot *d = &w->of->depots[order];
	struct magazine *m;

	qspin_acquire(&d->lock, &w->depot_node); /* L6 */
	m = depot_pop(d);
	qspin_release(&d->lock, &w->depot_node); /* L6 */
	return m;
}

/* Empties it. */
static void to_tree(struct rcache_worker *w, struct magazine *m)
{
	tree_lock(w->of->tree, &w->tree);
	while (m->n)
		tree_give(w->of->tree, &w->tree, m->iova[--m->n]);
	tree_unlock(w->of->tree, &w->tree);
}

/* ---- a worker's magazines; lock of the cache held ---- */

static void swap(struct rcache_cache *c)
{
	struct magazine *loaded = c->loaded;

	c->loaded = c->prev;
	c->prev = loaded;
}

/* `loaded` is empty. False: so is everything else. */
static __attribute__((noinline)) bool reload(struct rcache_worker *w, struct rcache_cache *c, unsigned order)
{
	struct magazine *m;

	if (c->prev->n) {
		swap(c);
		return true;
	}
	m = depot_take(w, order);
	if (!m)
		return false;
	w->head.n.shared++;
	w->head.n.refills++;
	free(c->loaded);
	c->loaded = m;
	return true;
}

/*
 * `loaded` is full: to the depot with it, unless `prev` has room. False: no memory. Lets the lock go; what
 * has to leave the depot goes to the tree after that.
 */
static __attribute__((noinline)) bool put_full(struct rcache_worker *w, unsigned order, uint64_t iova)
{
	struct rcache_cache *c = &w->caches[order];
	struct magazine *away = NULL, *m = NULL;
	bool room = true;

	if (c->prev->n < MAGAZINE_RANGES) {
		swap(c);
	} else if ((m = magazine_new())) {
		away = depot_push(w, order, c->loaded);
		c->loaded = m;
	} else {
		room = false;
	}
	if (room)
		c->loaded->iova[c->loaded->n++] = iova;
	qspin_release(&c->lock, &w->cache_node); /* L6 */
	if (away) {
		to_tree(w, away);
		free(away);
	}
	return room;
}

/* The newest that begins at `limit` or below. */
static uint64_t pop(struct magazine *m, uint64_t limit)
{
	for (uint64_t i = m->n; i-- > 0;) {
		uint64_t iova = m->iova[i];

		if (iova <= limit) {
			m->iova[i] = m->iova[--m->n];
			return iova;
		}
	}
	return IOVA_NONE;
}

/* ---- alloc and free ---- */

/* Of `loaded` only what fits is taken; `prev` and the depot are asked when it is empty. As in the kernel. */
static inline uint64_t get(struct rcache_worker *w, unsigned order, uint64_t limit)
{
	struct rcache_cache *c = &w->caches[order];
	uint64_t iova = IOVA_NONE;

	qspin_acquire(&c->lock, &w->cache_node); /* L6 */
	if (c->loaded->n || reload(w, c, order))
		iova = pop(c->loaded, limit);
	qspin_release(&c->lock, &w->cache_node); /* L6 */
	return iova;
}

static inline bool put(struct rcache_worker *w, unsigned order, uint64_t iova)
{
	struct rcache_cache *c = &w->caches[order];
	struct magazine *m;

	qspin_acquire(&c->lock, &w->cache_node); /* L6 */
	m = c->loaded;
	if (m->n == MAGAZINE_RANGES)
		return put_full(w, order, iova);
	m->iova[m->n++] = iova;
	qspin_release(&c->lock, &w->cache_node); /* L6 */
	return true;
}

bool rcache_put(struct rcache_worker *w, unsigned order, uint64_t iova)
{
	return put(w, order, iova);
}

/* Everything that any worker or depot keeps. */
static void flush(struct rcache_worker *w)
{
	struct rcache *a = w->of;

	for (unsigned order = 0; order < IOVA_ORDERS; order++) {
		struct magazine *m;

		for (unsigned i = 0; i < a->head.config.workers; i++) {
			struct rcache_cache *c = &a->workers[i].caches[order];

			qspin_acquire(&c->lock, &w->cache_node); /* L6 */
			to_tree(w, c->loaded);
			to_tree(w, c->prev);
			qspin_release(&c->lock, &w->cache_node); /* L6 */
		}
		while ((m = depot_take(w, order))) {
			to_tree(w, m);
			free(m);
		}
	}
}

/* The window, magazines and all; then the space; then the space with every magazine emptied. */
static __attribute__((noinline)) uint64_t missed(struct rcache_worker *w, unsigned order, uint64_t pages)
{
	struct rcache *a = w->of;
	uint64_t iova = a->miss(w, TREE_WINDOW, pages);

	if (iova == IOVA_NONE && order < IOVA_ORDERS)
		iova = get(w, order, UINT64_MAX);
	if (iova == IOVA_NONE)
		iova = a->miss(w, TREE_SPACE, pages);
	if (iova == IOVA_NONE) {
		flush(w);
		iova = a->miss(w, TREE_SPACE, pages);
	}
	return iova;
}

uint64_t rcache_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct rcache_worker *w = (struct rcache_worker *)head;
	const struct iova_config *config = &w->of->head.config;
	unsigned order = rcache_order(pages);
	uint64_t shared = head->n.shared, iova = IOVA_NONE;

	(void)fixed;
	if (order < IOVA_ORDERS)
		iova = get(w, order, config->window_bytes - (pages << IOVA_PAGE_LG2));
	if (iova == IOVA_NONE) {
		iova = missed(w, order, pages);
		head->n.shared = shared + 1; /* once, however often it went there */
	}
	return iova_counted(head, config, iova, pages);
}

void rcache_free(struct iova_worker *head, uint64_t iova, uint64_t pages)
{
	struct rcache_worker *w = (struct rcache_worker *)head;
	unsigned order = rcache_order(pages);

	if (order == IOVA_ORDERS || !put(w, order, iova)) {
		tree_free(w->of->tree, &w->tree, iova);
		head->n.shared++;
	}
	iova_count_free(head, pages);
}

/* ---- at rest ---- */

uint64_t rcache_cached(struct iova *head)
{
	struct rcache *a = (struct rcache *)head;
	uint64_t pages = 0;

	for (unsigned order = 0; order < IOVA_ORDERS; order++) {
		uint64_t ranges = a->depots[order].n * MAGAZINE_RANGES;

		for (unsigned i = 0; i < a->head.config.workers; i++) {
			const struct rcache_cache *c = &a->workers[i].caches[order];

			ranges += c->loaded->n + c->prev->n;
		}
		pages += ranges << order;
	}
	return pages;
}

void rcache_drain(struct iova *head)
{
	flush(&((struct rcache *)head)->workers[0]);
}

/* Of each order a worker has two magazines, and one in the depot. */
uint64_t rcache_bytes(const struct iova_config *config, uint64_t ranges, uint64_t pages)
{
	uint64_t magazines = 3ull * IOVA_ORDERS * config->workers;

	(void)pages;
	return tree_bytes(config, ranges + magazines * MAGAZINE_RANGES) + magazines * sizeof(struct magazine);
}

const struct iova_kind iova_rcache = {
	.name = "rcache", .help = "magazines of ranges for each worker, a depot, behind them the tree",
	.create = rcache_create, .destroy = rcache_destroy, .worker = rcache_worker,
	.alloc = rcache_alloc, .free = rcache_free, .cached = rcache_cached, .drain = rcache_drain,
	.bytes = rcache_bytes,
};
