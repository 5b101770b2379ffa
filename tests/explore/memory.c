/*
 * memory.c - atomic locations: the last stores of each with their vector clocks, and which of them a
 * load may return.
 *
 * C11 as follows. Happens-before is a vector clock a thread, joined by an acquire that reads from a
 * release, or from a read-modify-write that continues one (the release sequence of C++20: only those).
 * A load may return any of the last EX_HISTORY stores to a location, but none older than one that it, or
 * what happens before it, has stored or read already; and a store may be overtaken by newer ones within
 * the same limits. Read-modify-writes, failed ones too, read the newest; a weak one may fail for nothing.
 * seq_cst is acq_rel, and joins one clock of all seq_cst accesses.
 *
 * The memory itself always holds the newest value, so that setup() and finish() need no histories.
 */
#include <string.h>

#include "memory.h"

#define LOCATIONS 16384u /* of a schedule; a power of two */
#define SHARED 65536u

static struct location location[LOCATIONS];
static uint32_t schedule_now;
static unsigned locations_used;
static uintptr_t shared[SHARED];
static uint64_t shared_n;

void ex_memory_reset(void)
{
	schedule_now++;
	locations_used = 0;
}

/* ---- which locations are shared, over all schedules of an exploration ---- */

static uint64_t hash(uintptr_t at)
{
	return (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

static uintptr_t *shared_slot(uintptr_t at)
{
	uint64_t i = hash(at) % SHARED;

	while (shared[i] && shared[i] != at)
		i = (i + 1) % SHARED;
	return &shared[i];
}

static void share(uintptr_t at)
{
	uintptr_t *slot = shared_slot(at);

	if (*slot == at)
		return;
	if (shared_n++ > SHARED / 2)
		ex_fail("more than %u shared locations: raise SHARED", SHARED / 2);
	*slot = at;
}

void ex_shared_forget(void)
{
	memset(shared, 0, sizeof(shared));
	shared_n = 0;
}

uint64_t ex_shared_count(void)
{
	return shared_n;
}

/* ---- locations ---- */

static struct location *slot_of(uintptr_t at)
{
	uint64_t i = hash(at) % LOCATIONS;

	while (location[i].schedule == schedule_now && location[i].at != at)
		i = (i + 1) % LOCATIONS;
	return &location[i];
}

void ex_begin_with(struct location *l, uint64_t value)
{
	l->n = 1;
	l->store[0] = (struct store){ .value = value, .serial = 1 };
	l->serial = 1;
	memset(l->looked, 0, sizeof(l->looked));
	memset(l->read, 0, sizeof(l->read));
}

struct location *ex_locate(const struct access *a, uint32_t page)
{
	uintptr_t at = (uintptr_t)a->p;
	struct location *l = slot_of(at);
	uint64_t value = peek(a->p, a->size);

	if (l->schedule != schedule_now) {
		if (++locations_used > LOCATIONS / 2)
			ex_fail("more than %u locations: raise LOCATIONS", LOCATIONS / 2);
		l->at = at;
		l->schedule = schedule_now;
		l->touched = l->stored = 0;
		l->shared = *shared_slot(at) == at;
		l->page = page;
		ex_begin_with(l, value);
	} else if (l->page != page) {
		l->page = page;
		l->touched = l->stored = 0;
		ex_begin_with(l, value);
	} else if (l->store[l->n - 1].value != value) {
		ex_begin_with(l, value); /* initialised anew, without at_init(): a variable on a stack */
	}
	return l;
}

struct location *ex_enter(const struct access *a, bool stores)
{
	uintptr_t at = (uintptr_t)a->p;
	struct thread *t = &ex_run.thread[ex_run.self];
	struct location *l;

	t->site = a->site;
	if (!a->site->known)
		ex_site_meet(a->site);
	a->site->reached |= ex_run.reaching;
	ex_point_at(*shared_slot(at) == at);
	l = ex_locate(a, ex_page_touch(at));
	l->touched |= (uint8_t)(1u << ex_run.self);
	l->stored |= (uint8_t)(stores << ex_run.self);
	if (!l->shared && l->stored && l->touched & (l->touched - 1)) {
		l->shared = true;
		share(at);
	}
	return l;
}

void ex_saw(struct location *l, unsigned i)
{
	unsigned self = ex_run.self;

	for (unsigned j = 0; j <= i; j++)
		if (!l->store[j].seen[self])
			l->store[j].seen[self] = ex_run.thread[self].now.of[self];
}

unsigned ex_oldest(const struct location *l)
{
	const struct thread *t = &ex_run.thread[ex_run.self];

	for (unsigned i = l->n - 1u; i; i--)
		for (unsigned by = 0; by < EX_THREADS_MAX; by++)
			if (l->store[i].seen[by] && ex_before(t, by, l->store[i].seen[by]))
				return i;
	return 0;
}

static bool acquires(enum ex_order order)
{
	return order != EX_relaxed && order != EX_release;
}

static bool releases(enum ex_order order)
{
	return order >= EX_release;
}

void ex_acquire(const struct store *s, enum ex_order order)
{
	struct thread *t = &ex_run.thread[ex_run.self];

	if (acquires(order) && s->releases)
		ex_join(&t->now, &s->released);
	if (order == EX_seq_cst) {
		ex_join(&t->now, &ex_run.consistent);
		ex_join(&ex_run.consistent, &t->now);
	}
}

struct store *ex_append(struct location *l, const struct access *a, uint64_t value,
			const struct store *after, unsigned age)
{
	struct thread *t = &ex_run.thread[ex_run.self];
	enum ex_order order = a->site->order;
	struct store s = { .value = value, .releases = releases(order), .rmw = after,
			   .serial = ++l->serial };
	unsigned at;

	if (order == EX_seq_cst)
		ex_join(&ex_run.consistent, &t->now);
	if (s.releases)
		s.released = t->now;
	if (after && after->releases) {
		ex_join(&s.released, &after->released);
		s.releases = true;
	}
	if (l->n == EX_HISTORY)
		memmove(&l->store[0], &l->store[1], --l->n * sizeof(l->store[0]));
	at = l->n++ - age;
	if (age) { /* who has seen a newer one has seen this one's place */
		memmove(&l->store[at + 1], &l->store[at], age * sizeof(s));
		memcpy(s.seen, l->store[at + 1].seen, sizeof(s.seen));
	} else {
		poke(a->p, a->size, value);
	}
	l->store[at] = s;
	ex_saw(l, at);
	ex_run.stores++;
	t->stores++;
	return &l->store[at];
}
