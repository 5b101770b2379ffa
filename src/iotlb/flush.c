/*
 * flush.c - see flush.h. The lazy queue, by two counters of the domain: flushes started and finished.
 *
 * An entry keeps how many flushes had started when it was queued, c. It is clean when more than c have
 * finished: of c + 1 finished ones, one at least is not among those c, so it started after the entry was
 * queued. F1 to F3 (docs/memory-ordering.md) make that mean something: the flush that started later
 * comes after what the unmap did to the table, and what is done with the range and its tables comes
 * after the flush.
 *
 * The kernel has a full barrier between the unmap and its look at the counter. Here both sides meet in
 * a read-modify-write of `queued`, a word of the worker's own, which costs the worker the same.
 */
#include "iotlb/flush.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iotlb/flush_ring.h"
#include "pt/lab.h"
#include "sys/clock.h"

struct entry {
	struct flush_range range;
	uint64_t started;  /* flushes, when it was queued */
	uint64_t at;       /* when; ticks */
	struct page_list tables;
};

struct worker {
	struct flush_worker pub; /* first: flush_worker() */
	struct flush_source source;

	/* The ring [head, tail): clean up to `clean`, waiting from there on. Of this worker alone. */
	uint64_t head, clean, tail;
	uint64_t finished;       /* flushes, when the ring was looked at last */
	bool looked;             /* at its age, in flush_unmap() and not in flush_take() since */
	struct entry ring[FLUSH_QUEUE];

	/* ranges queued so far; the flushers of others come here */
	alignas(CACHE_ALIGN) _Atomic uint64_t queued;
};

struct flush {
	struct flush_config config;
	uint64_t timer; /* ticks */
	/* lazy: read by every unmap, written by every flush */
	alignas(CACHE_ALIGN) _Atomic uint64_t started;
	_Atomic uint64_t finished;
	struct flush_ring ring;
	struct worker worker[];
};

static struct worker *worker_of(struct flush_worker *w)
{
	return (struct worker *)w;
}

int flush_create(struct flush **out, const struct flush_config *config)
{
	size_t bytes = sizeof(struct flush) + config->workers * sizeof(struct worker);
	struct flush *f = aligned_alloc(CACHE_ALIGN, bytes);

	if (!f)
		return -ENOMEM;
	memset(f, 0, bytes);
	f->config = *config;
	f->timer = clock_ticks(FLUSH_TIMER_NS);
	at_init(&f->started, 0);
	at_init(&f->finished, 0);
	flush_ring_init(&f->ring, config);
	for (unsigned i = 0; i < config->workers; i++) {
		struct worker *w = &f->worker[i];

		w->pub.flush = f;
		w->pub.id = i;
		w->pub.kind = config->kind;
		w->source.n = &w->pub.n;
		at_init(&w->queued, 0);
	}
	*out = f;
	return 0;
}

void flush_destroy(struct flush *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->config.workers; i++)
		assert(!flush_pending(&f->worker[i].pub));
	free(f);
}

struct flush_worker *flush_worker(struct flush *f, unsigned id)
{
	assert(id < f->config.workers);
	return &f->worker[id].pub;
}

size_t flush_pending(const struct flush_worker *w)
{
	const struct worker *own = (const struct worker *)w;

	return own->tail - own->head;
}

/* Ticks; clocks of two CPUs may disagree by a few. */
static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static void record(struct histogram *h, uint64_t ticks)
{
	if (h)
		hist_record(h, (uint64_t)clock_ns(ticks));
}

/* The two commands of an invalidation; returns when its completion has been seen. */
static void carry_out(struct worker *w, uint64_t iova, uint64_t last)
{
	struct flush_ring *ring = &w->pub.flush->ring;
	struct flush_command c[2] = { flush_command_range(iova, last),
				      flush_command_wait(w->pub.n.waits + 1) };

	w->source.depth = w->pub.depth;
	flush_ring_wait(&w->source, flush_ring_queue(ring, &w->source, c, 2));
}

static bool strict(struct worker *w, struct flush_range range)
{
	uint64_t begun = clock_now();

	carry_out(w, range.iova, range.iova + ((uint64_t)range.pages << 12) - 1);
	record(w->pub.stale, since(begun, clock_now()));
	return true;
}

/* ---- lazy ---- */

/* Everything that any worker queued before this is clean after it. */
static void flush_domain(struct worker *w)
{
	struct flush *f = w->pub.flush;

	/* relaxed: F2 hands it on, before any look at the counter that must find it */
	at_add(&f->started, 1, relaxed);
	for (unsigned i = 0; i < f->config.workers; i++)
		/* F1: acquire, pairs with enqueue(): clears and unlinks before the flush's command.
		 * F2: release, pairs with enqueue(): who queues from now on sees that we have started */
		at_add(&f->worker[i].queued, 0, acq_rel);
	carry_out(w, 0, ~UINT64_C(0));
	lab_point("flush: carried out");
	/* F3: release, pairs with the load in look(): the flush comes before what is done with the ranges.
	 * Who reads n has acquired all n: read-modify-writes keep a release alive */
	at_add(&f->finished, 1, release);
}

/* Which entries have become clean? */
static void look(struct worker *w, struct histogram *stale)
{
	/* F3: acquire, pairs with the increments in flush_domain() */
	uint64_t finished = at_load(&w->pub.flush->finished, acquire), now;

	/* Entries queued since then have all of `finished` among those that had started (F3). */
	if (finished == w->finished)
		return;
	w->finished = finished;
	if (w->clean == w->tail)
		return;
	now = clock_now();
	while (w->clean < w->tail) {
		struct entry *e = &w->ring[w->clean % FLUSH_QUEUE];

		if (finished <= e->started)
			return;
		record(stale, since(e->at, now));
		w->clean++;
	}
}

static void flush_if_old(struct worker *w, uint64_t now)
{
	struct entry *oldest = &w->ring[w->clean % FLUSH_QUEUE];

	if (w->clean == w->tail || since(oldest->at, now) < w->pub.flush->timer)
		return;
	w->pub.n.timer++;
	flush_domain(w);
	look(w, w->pub.stale);
}

static void enqueue(struct worker *w, struct flush_range range, uint64_t now, struct page_list *gather)
{
	struct entry *e = &w->ring[w->tail++ % FLUSH_QUEUE];

	e->range = range;
	e->at = now;
	e->tables = *gather;
	*gather = (struct page_list){ 0 };
	/* F1: release, pairs with flush_domain(): a flush that comes here later acquires what the unmap
	 * did. F2: acquire, pairs with the same: one that was here before has started */
	at_add(&w->queued, 1, acq_rel);
	/* relaxed: F2, or F3 of the last look, says what it must not miss */
	e->started = at_load(&w->pub.flush->started, relaxed);
	if (w->tail - w->clean > w->pub.n.queued_peak)
		w->pub.n.queued_peak = w->tail - w->clean;
}

static bool lazy(struct worker *w, struct flush_range range, struct page_list *gather)
{
	uint64_t now = clock_now();

	look(w, w->pub.stale);
	flush_if_old(w, now);
	w->looked = true;
	if (w->tail - w->clean >= FLUSH_QUEUE - 1 || w->tail - w->head == FLUSH_QUEUE) {
		w->pub.n.full++;
		flush_domain(w);
		look(w, w->pub.stale);
	}
	/* Nobody has taken what is clean; or another's flush that had started before is still not through, so
	 * that the counters do not tell yet. This range is clean in any case: it was unmapped before. */
	if (w->tail - w->head == FLUSH_QUEUE) {
		record(w->pub.stale, since(now, clock_now()));
		return true;
	}
	enqueue(w, range, now, gather);
	return false;
}

bool flush_unmap_slow(struct flush_worker *w, struct flush_range range, struct page_list *gather)
{
	struct worker *own = worker_of(w);

	return w->kind == FLUSH_STRICT ? strict(own, range) : lazy(own, range, gather);
}

static void append(struct page_list *to, const struct page_list *from)
{
	if (!from->n)
		return;
	if (to->tail)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->n += from->n;
}

size_t flush_take_slow(struct flush_worker *w, struct flush_range *out, size_t max,
		       struct page_list *gather)
{
	struct worker *own = worker_of(w);
	size_t n = 0;

	if (own->head == own->tail)
		return 0;
	look(own, w->stale);
	/* the unmap before has read the clock just now */
	if (!own->looked)
		flush_if_old(own, clock_now());
	own->looked = false;
	while (n < max && own->head < own->clean) {
		const struct entry *e = &own->ring[own->head++ % FLUSH_QUEUE];

		out[n++] = e->range;
		append(gather, &e->tables);
	}
	return n;
}

void flush_drain(struct flush_worker *w)
{
	struct worker *own = worker_of(w);

	if (w->kind != FLUSH_LAZY)
		return;
	look(own, w->stale);
	if (own->clean == own->tail)
		return;
	flush_domain(own);
	/* all of it was queued before; the counters may wait for another's flush */
	own->clean = own->tail;
}
