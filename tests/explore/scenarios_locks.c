/*
 * scenarios_locks.c - mutual exclusion: the data that a lock guards are plain, so that two threads in at
 * once, or an order that is missing between one owner and the next, is a race.
 */
#include <string.h>

#include "pt/lock.h"
#include "scenarios.h"

static struct {
	union pt_lock lock;
	struct lock_node node[EX_THREADS_MAX];
	unsigned guarded;
} state;

static void begin(void)
{
	memset(&state, 0, sizeof(state));
}

static void touch(void)
{
	unsigned before;

	ex_reading(&state.guarded, "what the lock guards");
	before = state.guarded;
	ex_point("inside");
	ex_writing(&state.guarded, "what the lock guards");
	state.guarded = before + 1;
}

#define LOCK(name)                                                                                 \
	static void name##_begin(void)                                                             \
	{                                                                                          \
		begin();                                                                           \
		name##_init(&state.lock.name);                                                     \
	}                                                                                          \
	static void name##_once(unsigned id)                                                       \
	{                                                                                          \
		name##_acquire(&state.lock.name, &state.node[id]);                                 \
		touch();                                                                           \
		name##_release(&state.lock.name, &state.node[id]);                                 \
	}                                                                                          \
	static void name##_twice(unsigned id)                                                      \
	{                                                                                          \
		name##_once(id);                                                                   \
		name##_once(id);                                                                   \
	}

LOCK(kmutex)
LOCK(qspin)
LOCK(ticket)
LOCK(mcs)
LOCK(pmutex)

static void taken_3(void)
{
	ex_require(state.guarded == 3);
}

static void taken_4(void)
{
	ex_require(state.guarded == 4);
}

#define ROWS(lock, shown, preemptions_)                                                            \
	{ .name = "lock-2/" shown, .help = "two threads, each takes it twice", .threads = 2,        \
	  .setup = lock##_begin, .thread = lock##_twice, .finish = taken_4,                       \
	  .preemptions = preemptions_ },                                                            \
	{ .name = "lock-3/" shown, .help = "three threads, each takes it once", .threads = 3,       \
	  .setup = lock##_begin, .thread = lock##_once, .finish = taken_3,                       \
	  .preemptions = preemptions_ },

const struct ex_scenario scenarios_locks[] = {
	ROWS(kmutex, "mutex", 2)
	ROWS(qspin, "spin", 2)
	ROWS(ticket, "ticket", 2)
	ROWS(mcs, "mcs", 2)
	ROWS(pmutex, "pthread", 2)
	{ .name = NULL }
};
