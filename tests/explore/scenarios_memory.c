/*
 * scenarios_memory.c - memory runs out at every point: each allocation of a thread may be the one that
 * fails. What was refused has left nothing behind, and the next try may go well.
 */
#include "scenarios.h"
#include "scene.h"

#define ABOVE_3 (UINT64_C(1) << 39)
#define ABOVE_4 (UINT64_C(1) << 48)

/* --- tables --- */

static void oom_setup(void)
{
	ex_pages_may_fail(2);
}

static void oom_thread(unsigned id)
{
	if (!scene_map(id * UINT64_C(4096), 12, 1))
		scene_map(id * UINT64_C(4096), 12, 2);
}

/* --- a range over two leaf tables, whose first part has to go again --- */

static void oom_range_setup(void)
{
	scene_map(GIB, 12, 1);
	ex_pages_may_fail(1);
}

static void oom_range_thread(unsigned id)
{
	if (id)
		scene_map(2 * MIB - 8192, 12, 1);
	else
		scene_map_range(2 * MIB - 4096, 2, 1);
}

/* --- growth --- */

static void oom_grow_setup(void)
{
	scene_probe(0);
	scene_map(0, 12, 1);
	scene_grows_to(5, true);
	ex_pages_may_fail(2);
}

static void oom_grow_thread(unsigned id)
{
	scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
	scene_look(0);
}

/* --- growth, and there will never be memory again --- */

static void oom_end_setup(void)
{
	scene_map(0, 12, 1);
	scene_grows_to(5, true);
	ex_pages_may_fail(EX_FOR_GOOD);
}

static void oom_end_thread(unsigned id)
{
	scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
}

/* --- pages that come back at once --- */

static void reuse_setup(void)
{
	ex_pages_reuse();
}

static void reuse_thread(unsigned id)
{
	scene_map(id * UINT64_C(4096), 12, 1);
	scene_map(2 * MIB + id * UINT64_C(4096), 12, 1);
}

#define OOM(S, id, engine)                                                                         \
	S(oom, "oom", id, engine, 2, 0, "two build the same tables, up to two allocations fail")
#define RANGE(S, id, engine)                                                                       \
	S(oom_range, "oom-range", id, engine, 2, 0, "a range over two tables fails half way")
#define GROW(S, id, engine)                                                                        \
	S(oom_grow, "oom-grow", id, engine, 2, 0, "the root grows, up to two allocations fail")
#define END(S, id, engine)                                                                         \
	S(oom_end, "oom-end", id, engine, 2, 0, "the root grows, at some point memory is gone for good")
#define REUSE(S, id, engine)                                                                       \
	S(reuse, "reuse", id, engine, 2, 0, "a page given back is the next one's at once")

#define SCENES(S)                                                                                  \
	OOM(S, l2019, "lockless-2019")                                                             \
	OOM(S, lockless, "lockless")                                                               \
	OOM(S, mutex, "mutex")                                                                     \
	OOM(S, intel, "lockless-intel")                                                            \
	RANGE(S, l2019, "lockless-2019")                                                           \
	RANGE(S, lockless, "lockless")                                                             \
	RANGE(S, mutex, "mutex")                                                                   \
	RANGE(S, intel, "lockless-intel")                                                          \
	GROW(S, l2019, "lockless-2019")                                                            \
	GROW(S, lockless, "lockless")                                                              \
	GROW(S, mutex, "mutex")                                                                    \
	END(S, l2019, "lockless-2019")                                                             \
	END(S, lockless, "lockless")                                                               \
	REUSE(S, l2019, "lockless-2019")                                                           \
	REUSE(S, lockless, "lockless")

SCENES(SCENE_SETUP)

const struct ex_scenario scenarios_memory[] = {
	SCENES(SCENE_ROW)
	{ .name = NULL }
};
