/*
 * scenarios_grace.c - grace periods (mem/grace.c): a page is taken out of a slot and retired while readers
 * may hold it. That it is freed too early shows as a touch of a free page, or as a free that a touch does
 * not happen before.
 */
#include <string.h>

#include "mem/grace.h"
#include "mem/pool.h"
#include "scenarios.h"

#define SLOTS 2u

static struct {
	struct grace *grace;
	struct grace_worker *worker[EX_THREADS_MAX];
	struct pool_cache *cache;
	_Atomic(uintptr_t) slot[SLOTS]; /* a page, or 0 */
	size_t retired, freed;
} state;

static void put(unsigned slot)
{
	/* release: the zeroed page before its address, for look() */
	at_store(&state.slot[slot], (uintptr_t)page_alloc(state.cache, 1), release);
}

static void begin_with(unsigned threads)
{
	memset(&state, 0, sizeof(state));
	state.cache = pool_cache_create(NULL, 0);
	state.grace = grace_create(threads);
	ex_require(state.grace);
	for (unsigned i = 0; i < threads; i++)
		state.worker[i] = grace_worker(state.grace, i);
	for (unsigned i = 0; i < SLOTS; i++)
		put(i);
}

static void begin_2(void)
{
	begin_with(2);
}

static void begin_3(void)
{
	begin_with(3);
}

/* As a walker: from the slot into the page. */
static void look(unsigned slot)
{
	/* acquire: pairs with put() */
	uintptr_t page = at_load(&state.slot[slot], acquire);

	if (page)
		at_load((_Atomic(uint64_t) *)page, relaxed);
}

/* relaxed, as entry_unlink(): what orders it is the grace period */
static void retire(unsigned id, unsigned slot)
{
	uintptr_t page = at_xchg(&state.slot[slot], 0, relaxed);
	struct page_list list = { 0 };

	if (!page)
		return;
	page_list_add(&list, page_desc((void *)page));
	state.retired++;
	ex_note("page of slot %u retired", slot);
	state.freed += grace_retire(state.worker[id], &list, state.cache);
}

static void quiesce(unsigned id, unsigned times)
{
	while (times--) {
		grace_quiescent(state.worker[id]);
		state.freed += grace_poll(state.worker[id], state.cache);
	}
}

static void end(void)
{
	for (unsigned i = 0; i < EX_THREADS_MAX && state.worker[i]; i++)
		state.freed += grace_drain(state.worker[i], state.cache);
	ex_require(state.freed == state.retired);
	ex_pages_balance(SLOTS - state.retired);
	grace_destroy(state.grace);
}

/* ---- a reader that stays online beside one that retires ---- */

static void online_thread(unsigned id)
{
	grace_online(state.worker[id]);
	if (id) {
		look(0);
		quiesce(id, 1);
		look(0);
		quiesce(id, 1);
		look(0);
	} else {
		retire(id, 0);
		quiesce(id, 5);
	}
	grace_offline(state.worker[id]);
}

/* ---- a reader that comes and goes ---- */

static void comes_thread(unsigned id)
{
	if (id) {
		for (unsigned i = 0; i < 2; i++) {
			grace_online(state.worker[id]);
			look(0);
			grace_offline(state.worker[id]);
		}
	} else {
		grace_online(state.worker[id]);
		retire(id, 0);
		quiesce(id, 5);
		grace_offline(state.worker[id]);
	}
}

/* ---- the same, one quiescent state after the other in turn ---- */

static void turns_thread(unsigned id)
{
	grace_online(state.worker[id]);
	if (!id)
		retire(id, 0);
	for (unsigned i = 0; i < 5; i++) {
		if (id)
			look(0);
		quiesce(id, 1);
		ex_pass();
	}
	grace_offline(state.worker[id]);
}

/* ---- the same, and the reader comes and goes in between ---- */

static void returns_thread(unsigned id)
{
	if (!id) {
		grace_online(state.worker[id]);
		retire(id, 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		if (id) {
			grace_online(state.worker[id]);
			look(0);
			grace_offline(state.worker[id]);
		} else {
			quiesce(id, 1);
		}
		ex_pass();
	}
	if (!id)
		grace_offline(state.worker[id]);
}

/* ---- retired by one that is offline ---- */

static void offline_thread(unsigned id)
{
	if (id) {
		grace_online(state.worker[id]);
		look(0);
		quiesce(id, 1);
		look(0);
		quiesce(id, 1);
		grace_offline(state.worker[id]);
	} else {
		retire(id, 0);
		grace_online(state.worker[id]);
		quiesce(id, 4);
		grace_offline(state.worker[id]);
	}
}

/* ---- retired by one that stays offline: the other one, who reads it, moves the epoch on ---- */

static void polls_thread(unsigned id)
{
	if (id) {
		grace_online(state.worker[id]);
		retire(id, 1);
		for (unsigned i = 0; i < 5; i++) {
			look(0);
			quiesce(id, 1);
		}
		grace_offline(state.worker[id]);
	} else {
		retire(id, 0);
		for (unsigned i = 0; i < 2; i++)
			state.freed += grace_poll(state.worker[id], state.cache);
	}
}

/* ---- both retire, both read ---- */

static void both_thread(unsigned id)
{
	grace_online(state.worker[id]);
	look(!id);
	retire(id, id);
	quiesce(id, 1);
	look(!id);
	quiesce(id, 3);
	grace_offline(state.worker[id]);
}

/* ---- two readers ---- */

static void readers_thread(unsigned id)
{
	grace_online(state.worker[id]);
	if (id) {
		look(0);
		quiesce(id, 1);
		look(0);
	} else {
		retire(id, 0);
		quiesce(id, 4);
	}
	grace_offline(state.worker[id]);
}

const struct ex_scenario scenarios_grace[] = {
	{ "grace/online", "a page is retired beside a reader with quiescent states", 2, begin_2,
	  online_thread, end, 3 },
	{ "grace/comes", "a page is retired beside a reader that comes and goes", 2, begin_2,
	  comes_thread, end, 3 },
	{ "grace/turns", "both go through quiescent states in turn", 2, begin_2, turns_thread, end, 2 },
	{ "grace/returns", "the same, with a reader that comes and goes", 2, begin_2, returns_thread, end, 3 },
	{ "grace/offline", "a page is retired by one that is offline", 2, begin_2, offline_thread, end, 3 },
	{ "grace/polls", "a page is retired by one that stays offline", 2, begin_2, polls_thread, end, 3 },
	{ "grace/both", "both read what the other one retires", 2, begin_2, both_thread, end, 2 },
	{ "grace/readers", "a page is retired beside two readers", 3, begin_3, readers_thread, end, 2 },
	{ .name = NULL }
};
