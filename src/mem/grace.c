/*
 * grace.c - quiescent-state reclamation over one epoch counter.
 *
 * A worker announces in `seen` the epoch it read when it last held no pointers; 0: offline. The
 * epoch moves from e to e + 1 when every worker was found offline or at e. So an online worker that
 * announced e keeps the epoch at e + 1 or below.
 *
 * A page that A retires while its announcement is a may be freed from epoch a + 3 on:
 *   - a + 2 is reached only after A announced a + 1, hence after the page was unlinked; whoever
 *     reads a + 2 therefore finds it unlinked;
 *   - a + 3 is reached only after every online worker announced a + 2; what it read before that,
 *     it no longer uses, and what it reads after, it reads in a tree without the page.
 * (At a + 2 an online worker may have announced a + 1 before the page was unlinked: too early.)
 * So a worker's pages wait in three buckets, by a modulo 3.
 *
 * Nobody scans while nothing waits: the epoch stands still and a quiescent state is one load. With
 * pages waiting, each quiescent state looks at a few workers and goes on there the next time.
 */
#include "mem/grace.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>

#define BUCKETS 3u
#define SCAN_STEP 8u /* workers looked at in one quiescent state */

struct bucket {
	struct page_list pages;
	uint64_t retired_at; /* announcement of this worker then */
};

struct grace_worker {
	/* read by everybody who scans */
	alignas(CACHE_ALIGN) _Atomic uint64_t seen;
	struct grace *grace;

	/* of this worker alone */
	alignas(CACHE_ALIGN) size_t pending;
	uint64_t scan_epoch; /* the epoch for which workers below scan_next have been found ready */
	unsigned scan_next;
	struct bucket limbo[BUCKETS];
};

struct grace {
	alignas(CACHE_ALIGN) _Atomic uint64_t epoch;
	unsigned workers;
	struct grace_worker worker[];
};

struct grace *grace_create(unsigned workers)
{
	size_t bytes = sizeof(struct grace) + workers * sizeof(struct grace_worker);
	struct grace *grace = aligned_alloc(CACHE_ALIGN, bytes);

	if (!grace)
		return NULL;
	at_init(&grace->epoch, 1);
	grace->workers = workers;
	for (unsigned i = 0; i < workers; i++) {
		grace->worker[i] = (struct grace_worker){ .grace = grace };
		at_init(&grace->worker[i].seen, 0);
	}
	return grace;
}

void grace_destroy(struct grace *grace)
{
	for (unsigned i = 0; i < grace->workers; i++)
		assert(!grace->worker[i].pending);
	free(grace);
}

struct grace_worker *grace_worker(struct grace *grace, unsigned id)
{
	assert(id < grace->workers);
	return &grace->worker[id];
}

/*
 * The one place that needs a store ordered before later loads: announce, then walk, against a
 * scanner's unlink, then look at the announcement. Both sides meet in a read-modify-write of the
 * epoch: if ours comes first, the advance to the next epoch acquires our announcement and every
 * later scan sees it; if the advance comes first, we read the new epoch and announce that, having
 * acquired all that was unlinked before it.
 */
void grace_online(struct grace_worker *w)
{
	_Atomic uint64_t *epoch = &w->grace->epoch;
	uint64_t e = at_load(epoch, relaxed), now;

	for (;;) {
		/* G1: release, pairs with the scan's acquire: a scanner may see this store in
		 * place of the one of grace_offline() before it */
		at_store(&w->seen, e, release);
		/* G2: acq_rel, pairs with the compare-exchange of advance(), see above */
		now = at_add(epoch, 0, acq_rel);
		if (now == e)
			return;
		e = now;
	}
}

void grace_offline(struct grace_worker *w)
{
	/* G1: release, pairs with the scan's acquire: our reads come before any free */
	at_store(&w->seen, 0, release);
}

/* Look at the next few workers; all ready for epoch `e`: move it on. */
static void advance(struct grace_worker *w, uint64_t e)
{
	struct grace *grace = w->grace;

	if (w->scan_epoch != e) {
		w->scan_epoch = e;
		w->scan_next = 0;
	}
	for (unsigned n = 0; n < SCAN_STEP && w->scan_next < grace->workers; n++) {
		/* G1: acquire, pairs with the releases of `seen`. A worker passed stays ready: from
		 * offline it can only come back at an epoch of e or later */
		uint64_t seen = at_load(&grace->worker[w->scan_next].seen, acquire);

		if (seen && seen != e)
			return;
		w->scan_next++;
	}
	/* G2: release hands on what the scan acquired, acquire the announcements of grace_online().
	 * Losing is fine: somebody else moved it */
	if (w->scan_next == grace->workers)
		at_cas(&grace->epoch, &e, e + 1, acq_rel, relaxed);
}

void grace_quiescent(struct grace_worker *w)
{
	/* G2: acquire, pairs with the release in advance(): pages unlinked two epochs ago are
	 * invisible from here on */
	uint64_t e = at_load(&w->grace->epoch, acquire);

	/* relaxed: our own word. G1: release, pairs with the scan's acquire: our reads come before
	 * any free. Until the store is visible we merely seem late */
	if (at_load(&w->seen, relaxed) != e)
		at_store(&w->seen, e, release);
	if (w->pending)
		advance(w, e);
}

static size_t free_bucket(struct grace_worker *w, struct bucket *b, struct pool_cache *cache)
{
	size_t n = b->pages.n;
	struct page_desc *page = b->pages.head;

	while (page) {
		struct page_desc *next = page->next;

		page_free(cache, page->page);
		page = next;
	}
	b->pages = (struct page_list){ 0 };
	w->pending -= n;
	return n;
}

size_t grace_poll(struct grace_worker *w, struct pool_cache *cache)
{
	size_t freed = 0;
	uint64_t e;

	if (!w->pending)
		return 0;
	/* G2: acquire, pairs with the release in advance(): every worker's reads come before */
	e = at_load(&w->grace->epoch, acquire);
	for (unsigned i = 0; i < BUCKETS; i++)
		if (w->limbo[i].pages.n && w->limbo[i].retired_at + 3 <= e)
			freed += free_bucket(w, &w->limbo[i], cache);
	return freed;
}

size_t grace_retire(struct grace_worker *w, struct page_list *list, struct pool_cache *cache)
{
	struct bucket *b;
	uint64_t at;
	size_t freed;

	if (!list->n)
		return grace_poll(w, cache);
	at = at_load(&w->seen, relaxed); /* our own word */
	/* Offline no announcement of ours holds the epoch back: G2: release, pairs with the acquire
	 * of the next advance, which hands on that the pages are unlinked */
	if (!at)
		at = at_add(&w->grace->epoch, 0, release);
	/* The bucket holds pages of `at`, or of at - 3 and before: those are ripe and go now */
	freed = grace_poll(w, cache);
	b = &w->limbo[at % BUCKETS];
	b->retired_at = at;
	if (b->pages.tail)
		b->pages.tail->next = list->head;
	else
		b->pages.head = list->head;
	b->pages.tail = list->tail;
	b->pages.n += list->n;
	w->pending += list->n;
	*list = (struct page_list){ 0 };
	return freed;
}

size_t grace_pending(const struct grace_worker *w)
{
	return w->pending;
}

size_t grace_drain(struct grace_worker *w, struct pool_cache *cache)
{
	struct grace *grace = w->grace;
	size_t freed = 0;

	for (unsigned i = 0; i < grace->workers; i++) {
		/* G1: acquire, pairs with the release in grace_offline() */
		uint64_t seen = at_load(&grace->worker[i].seen, acquire);

		assert(!seen);
		(void)seen;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		freed += free_bucket(w, &w->limbo[i], cache);
	return freed;
}
