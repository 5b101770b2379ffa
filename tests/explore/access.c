/*
 * access.c - loads, stores and updates as sys/atomic.h calls them, on the locations of memory.c.
 */
#include <stdio.h>
#include <string.h>

#include "memory.h"

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
	l = ex_enter(&a, false);
	if (site->order == EX_seq_cst)
		ex_join(&t->now, &ex_run.consistent);
	newest = l->n - 1u;
	ages = newest - ex_oldest(l);
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
	ex_saw(l, i);
	trace_load(l, &a, i, site->order);
	ex_acquire(&l->store[i], site->order);
	return l->store[i].value;
}

/*
 * Before which of the newest stores this one may come, in the order of the location: not before what
 * coherence has put before it, nor between a read-modify-write and what that has read. A bit each.
 */
static uint64_t store_ages(const struct location *l)
{
	unsigned ages = l->n - 1u - ex_oldest(l);
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
	l = ex_enter(&a, true);
	if (site->order == EX_seq_cst)
		ex_join(&ex_run.thread[ex_run.self].now, &ex_run.consistent);
	age = ex_decide(CHOOSE_PLACE, store_ages(l), 0, UINT64_MAX);
	old = peek(p, size);
	step = trace_write("store", &a, old, age ? old : value, site->order);
	if (age)
		ex_trace(NULL, "which comes late: %u newer store%s have overtaken this one of %#llx", age,
			 age > 1 ? "s" : "", (unsigned long long)value);
	ex_append(l, &a, value, NULL, age)->step = step;
}

uint64_t ex_rmw(volatile void *p, unsigned size, enum ex_rmw_op op, uint64_t operand,
		struct ex_site *site)
{
	static const char *const name[] = { "exchange", "add", "sub", "or", "and" };
	struct access a = { p, size, site };
	struct location *l = ex_run.self == ALONE ? NULL : ex_enter(&a, true);
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
	ex_saw(l, l->n - 1u);
	ex_acquire(&after, site->order);
	ex_append(l, &a, value, &after, 0)->step =
		trace_write(name[op], &a, old, value, site->order);
	return old;
}

static bool cas_lost(struct location *l, const struct access *a, uint64_t wanted, enum ex_order lost)
{
	const struct store *s = &l->store[l->n - 1];
	char place[160], there[48], want[48];

	ex_saw(l, l->n - 1u);
	ex_acquire(s, lost);
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
	struct location *l = ex_run.self == ALONE ? NULL : ex_enter(&a, true);
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
	ex_saw(l, l->n - 1u);
	ex_acquire(&after, site->order);
	ex_append(l, &a, value, &after, 0)->step =
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
	l = ex_locate(&a, ex_page_touch((uintptr_t)p));
	ex_begin_with(l, value);
	trace_write("initialise", &a, value, value, EX_relaxed);
}
