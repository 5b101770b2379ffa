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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define LOCATIONS 16384u /* of a schedule; a power of two */
#define SHARED 65536u

struct store {
	uint64_t value;
	uint32_t serial;               /* within the location, from 1 */
	bool releases;
	bool rmw;                      /* nothing comes between it and the one before */
	struct clock released;         /* what an acquire that reads it joins */
	uint32_t seen[EX_THREADS_MAX]; /* time at which a thread first touched it or a newer one */
	uint32_t step;                 /* of the trace */
};

struct location {
	uintptr_t at;
	uint32_t schedule;             /* in another one than now: an empty slot */
	uint32_t page;                 /* number of the page it lies in */
	uint8_t touched, stored;       /* threads, a bit each */
	bool shared;
	uint8_t n;                     /* stores kept, the newest last */
	uint32_t looked[EX_THREADS_MAX]; /* 1 + yields of a thread, when it last loaded this */
	uint32_t read[EX_THREADS_MAX]; /* serial of the store that it then saw */
	uint32_t serial;
	struct store store[EX_HISTORY];
};

static struct location location[LOCATIONS];
static uint32_t schedule_now;
static unsigned locations_used;
static uintptr_t shared[SHARED];
static uint64_t shared_n;

struct access {
	const volatile void *p;
	unsigned size;
	struct ex_site *site;
};

void ex_memory_reset(void)
{
	schedule_now++;
	locations_used = 0;
}

/* ---- memory itself ---- */

static uint64_t value_mask(unsigned size)
{
	return size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static uint64_t peek(const volatile void *p, unsigned size)
{
	uint64_t value = 0;

	if (size == sizeof(value)) /* whole tables are read at rest, after each schedule */
		return *(const volatile uint64_t *)p;
	memcpy(&value, (const void *)(uintptr_t)p, size); /* little-endian, as the tables */
	return value;
}

static void poke(const volatile void *p, unsigned size, uint64_t value)
{
	memcpy((void *)(uintptr_t)p, &value, size);
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

/* One store from before all that is known of the location. */
static void begin_with(struct location *l, uint64_t value)
{
	l->n = 1;
	l->store[0] = (struct store){ .value = value, .serial = 1 };
	l->serial = 1;
	memset(l->looked, 0, sizeof(l->looked));
	memset(l->read, 0, sizeof(l->read));
}

static struct location *locate(const struct access *a, uint32_t page)
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
		begin_with(l, value);
	} else if (l->page != page) {
		l->page = page;
		l->touched = l->stored = 0;
		begin_with(l, value);
	} else if (l->store[l->n - 1].value != value) {
		begin_with(l, value); /* initialised anew, without at_init(): a variable on a stack */
	}
	return l;
}

/* Every access begins here: others may come first, then it is checked and counted. */
static struct location *enter(const struct access *a, bool stores)
{
	uintptr_t at = (uintptr_t)a->p;
	struct thread *t = &ex_run.thread[ex_run.self];
	struct location *l;

	t->site = a->site;
	if (!a->site->known)
		ex_site_meet(a->site);
	a->site->reached |= ex_run.reaching;
	ex_point_at(*shared_slot(at) == at);
	l = locate(a, ex_page_touch(at));
	l->touched |= (uint8_t)(1u << ex_run.self);
	l->stored |= (uint8_t)(stores << ex_run.self);
	if (!l->shared && l->stored && l->touched & (l->touched - 1)) {
		l->shared = true;
		share(at);
	}
	return l;
}

/* The running thread has touched this store, and so every older one. */
static void saw(struct location *l, unsigned i)
{
	unsigned self = ex_run.self;

	for (unsigned j = 0; j <= i; j++)
		if (!l->store[j].seen[self])
			l->store[j].seen[self] = ex_run.thread[self].now.of[self];
}

/* The oldest store that coherence leaves to the running thread. */
static unsigned oldest(const struct location *l)
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

static void acquire(const struct store *s, enum ex_order order)
{
	struct thread *t = &ex_run.thread[ex_run.self];

	if (acquires(order) && s->releases)
		ex_join(&t->now, &s->released);
	if (order == EX_seq_cst) {
		ex_join(&t->now, &ex_run.consistent);
		ex_join(&ex_run.consistent, &t->now);
	}
}

/*
 * A new store, before the `age` newest ones in the order of the location. `after`: a read-modify-write
 * read this one; its release goes on.
 */
static struct store *append(struct location *l, const struct access *a, uint64_t value,
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
	saw(l, at);
	ex_run.stores++;
	t->stores++;
	return &l->store[at];
}

/* ---- the trace ---- */

static const char *order_name(enum ex_order order)
{
	static const char *const name[] = { "relaxed", "consume", "acquire", "release", "acq_rel",
					    "seq_cst" };

	return name[order];
}

static void trace_load(const struct location *l, const struct access *a, unsigned i,
		       enum ex_order order)
{
	const struct store *s = &l->store[i];
	char place[160], value[48], newest[48], where[96], old[192] = "";

	if (!ex_tracing)
		return;
	if (i + 1u < l->n)
		snprintf(old, sizeof(old), ", OLD: %s stands there since %s",
			 ex_value(l->store[l->n - 1].value, newest),
			 ex_trace_where(l->store[i + 1].step, where, sizeof(where)));
	ex_trace(a->site, "load %s %s: %s%s", order_name(order),
		 ex_place(a->p, a->site->text, place), ex_value(s->value, value), old);
}

static uint32_t trace_write(const char *what, const struct access *a, uint64_t old, uint64_t value,
			    enum ex_order order)
{
	char place[160], from[48], to[48];

	if (!ex_tracing)
		return 0;
	return ex_trace(a->site, "%s %s %s: %s -> %s", what, order_name(order),
			ex_place(a->p, a->site->text, place), ex_value(old, from), ex_value(value, to));
}

/* ---- accesses ---- */

uint64_t ex_load(const volatile void *p, unsigned size, struct ex_site *site)
{
	struct access a = { p, size, site };
	struct thread *t = &ex_run.thread[ex_run.self];
	struct location *l;
	unsigned newest, ages, age, i;
	uint64_t cost = 0;

	if (ex_run.self == ALONE)
		return peek(p, size);
	l = enter(&a, false);
	if (site->order == EX_seq_cst)
		ex_join(&t->now, &ex_run.consistent);
	newest = l->n - 1u;
	ages = newest - oldest(l);
	/* a spinner that comes back sees what is new where it spins */
	if (l->looked[ex_run.self] && l->looked[ex_run.self] == t->yields)
		ages = 0;
	for (age = 0; age <= ages; age++) /* to go on with the same old one costs nothing more */
		cost |= (uint64_t)(l->store[newest - age].serial != l->read[ex_run.self]) << age;
	age = ex_decide(CHOOSE_READ, (UINT64_C(2) << ages) - 1, 0, cost);
	i = newest - age;
	l->looked[ex_run.self] = t->yields + 1;
	l->read[ex_run.self] = l->store[i].serial;
	t->anyway |= age != 0;
	saw(l, i);
	trace_load(l, &a, i, site->order);
	acquire(&l->store[i], site->order);
	return l->store[i].value;
}

/*
 * Before which of the newest stores this one may come, in the order of the location: not before what
 * coherence has put before it, nor between a read-modify-write and what that has read. A bit each.
 */
static uint64_t store_ages(const struct location *l)
{
	unsigned ages = l->n - 1u - oldest(l);
	uint64_t may = 1;

	for (unsigned age = 1; age <= ages; age++)
		may |= (uint64_t)!l->store[l->n - age].rmw << age;
	return may;
}

void ex_store(volatile void *p, unsigned size, uint64_t value, struct ex_site *site)
{
	struct access a = { p, size, site };
	struct location *l;
	unsigned age;
	uint64_t old;
	uint32_t step;

	value &= value_mask(size);
	if (ex_run.self == ALONE) {
		poke(p, size, value);
		return;
	}
	l = enter(&a, true);
	if (site->order == EX_seq_cst)
		ex_join(&ex_run.thread[ex_run.self].now, &ex_run.consistent);
	age = ex_decide(CHOOSE_PLACE, store_ages(l), 0, UINT64_MAX);
	old = peek(p, size);
	step = trace_write("store", &a, old, age ? old : value, site->order);
	if (age)
		ex_trace(NULL, "which comes late: %u newer store%s have overtaken this one of %#llx", age,
			 age > 1 ? "s" : "", (unsigned long long)value);
	append(l, &a, value, NULL, age)->step = step;
}

uint64_t ex_rmw(volatile void *p, unsigned size, enum ex_rmw_op op, uint64_t operand,
		struct ex_site *site)
{
	static const char *const name[] = { "exchange", "add", "sub", "or", "and" };
	struct access a = { p, size, site };
	struct location *l = ex_run.self == ALONE ? NULL : enter(&a, true);
	uint64_t old = peek(p, size), value = operand;
	struct store after;

	switch (op) {
	case EX_XCHG: break;
	case EX_ADD: value = old + operand; break;
	case EX_SUB: value = old - operand; break;
	case EX_OR: value = old | operand; break;
	case EX_AND: value = old & operand; break;
	}
	value &= value_mask(size);
	if (!l) {
		poke(p, size, value);
		return old;
	}
	after = l->store[l->n - 1];
	saw(l, l->n - 1u);
	acquire(&after, site->order);
	append(l, &a, value, &after, 0)->step =
		trace_write(name[op], &a, old, value, site->order);
	return old;
}

static bool cas_lost(struct location *l, const struct access *a, uint64_t wanted, enum ex_order lost)
{
	const struct store *s = &l->store[l->n - 1];
	char place[160], there[48], want[48];

	saw(l, l->n - 1u);
	acquire(s, lost);
	if (ex_tracing)
		ex_trace(a->site, "cas LOST %s %s: wanted %s, found %s%s", order_name(lost),
			 ex_place(a->p, a->site->text, place), ex_value(wanted, want),
			 ex_value(s->value, there),
			 wanted == s->value ? ", but a weak one may fail" : "");
	return false;
}

bool ex_cas(volatile void *p, unsigned size, void *expected, uint64_t value, bool weak,
	    struct ex_site *site)
{
	struct access a = { p, size, site };
	struct location *l = ex_run.self == ALONE ? NULL : enter(&a, true);
	uint64_t wanted = peek(expected, size), old = peek(p, size);
	struct store after;

	value &= value_mask(size);
	poke(expected, size, old);
	if (!l) {
		if (old == wanted)
			poke(p, size, value);
		return old == wanted;
	}
	if (old != wanted || (weak && ex_decide(CHOOSE_WEAK, 3, 0, UINT64_MAX)))
		return cas_lost(l, &a, wanted, site->lost);
	after = l->store[l->n - 1];
	saw(l, l->n - 1u);
	acquire(&after, site->order);
	append(l, &a, value, &after, 0)->step =
		trace_write("cas", &a, old, value, site->order);
	return true;
}

void ex_init(volatile void *p, unsigned size, uint64_t value, struct ex_site *site)
{
	struct access a = { p, size, site };
	struct location *l;

	value &= value_mask(size);
	poke(p, size, value);
	if (ex_run.self == ALONE)
		return;
	l = locate(&a, ex_page_touch((uintptr_t)p));
	begin_with(l, value);
	trace_write("initialise", &a, value, value, EX_relaxed);
}
