/* scenarios_grow.c - the root grows from three levels to four and five beside others. */
#include "scenarios.h"
#include "scene.h"

#define LOW UINT64_C(0)
#define ABOVE_3 (UINT64_C(1) << 39) /* the first address that wants four levels */
#define ABOVE_4 (UINT64_C(1) << 48) /* five */

/* --- two grow it to the same height --- */

static void grow_same_setup(void)
{
	scene_probe(LOW);
	scene_map(LOW, 12, 1);
	scene_grows_to(4, false);
}

static void grow_same_thread(unsigned id)
{
	scene_map(ABOVE_3 + id * 4096, 12, 1);
	scene_look(0);
}

/* --- to different heights --- */

static void grow_apart_setup(void)
{
	scene_probe(LOW);
	scene_map(LOW, 12, 1);
	scene_grows_to(5, false);
}

static void grow_apart_thread(unsigned id)
{
	scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
	scene_look(0);
}

/* --- beside one who looks and one who maps below --- */

static void grow_low_setup(void)
{
	scene_probe(LOW);
	scene_probe(ABOVE_3);
	scene_map(LOW, 12, 1);
	scene_grows_to(4, false);
}

static void grow_low_thread(unsigned id)
{
	if (id) {
		scene_look(0);
		scene_map(LOW + 4096, 12, 1);
		scene_look(1);
		scene_unmap_part(ABOVE_4, 4096, 0);
		scene_unmap(LOW + 4096, 4096);
	} else {
		scene_map(ABOVE_3, 12, 1);
		scene_map(LOW + 8192, 12, 1);
	}
}

/* --- and a third who does nothing but look --- */

static void grow_looks_setup(void)
{
	scene_probe(LOW);
	scene_probe(ABOVE_3);
	scene_map(LOW, 12, 1);
	scene_grows_to(5, false);
}

static void grow_looks_thread(unsigned id)
{
	if (id < 2) {
		scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
		return;
	}
	scene_look(0);
	scene_look(1);
	scene_look(0);
}

/* --- or is at work below --- */

static void grow_three_setup(void)
{
	scene_probe(LOW);
	scene_map(LOW, 12, 1);
	scene_grows_to(5, false);
}

static void grow_three_thread(unsigned id)
{
	if (id < 2) {
		scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
		return;
	}
	scene_map(LOW + 4096, 12, 1);
	scene_look(0);
}

/* --- for a page that is larger than what the root's entries span --- */

static void grow_large_setup(void)
{
	scene_probe(2 * ABOVE_3 - 4096);
	scene_grows_to(4, false);
}

static void grow_large_thread(unsigned id)
{
	if (id) {
		scene_map(2 * ABOVE_3, 12, 1);
		scene_look(0);
	} else {
		scene_map(0, 40, 1);
	}
}

#define SAME(S, id, engine)                                                                        \
	S(grow_same, "grow-same", id, engine, 2, 0, "two map where one more level is needed")
#define APART(S, id, engine)                                                                       \
	S(grow_apart, "grow-apart", id, engine, 2, 0, "one needs four levels, the other five")
#define BELOW(S, id, engine)                                                                       \
	S(grow_low, "grow-low", id, engine, 2, 0, "one grows the root, the other works below")
#define LOOKS(S, id, engine)                                                                       \
	S(grow_looks, "grow-looks", id, engine, 3, 0, "two grow the root, a third looks up and down")
#define THREE(S, id, engine)                                                                       \
	S(grow_three, "grow-three", id, engine, 3, 0, "two grow the root, a third maps below")
#define LARGE(S, id, engine)                                                                       \
	S(grow_large, "grow-large", id, engine, 2, 0, "a page of 1 TiB at 0 beside one above it")

#define SCENES(S)                                                                                  \
	SAME(S, l2019, "lockless-2019")                                                            \
	SAME(S, lockless, "lockless")                                                              \
	SAME(S, mutex, "mutex")                                                                    \
	APART(S, l2019, "lockless-2019")                                                           \
	APART(S, lockless, "lockless")                                                             \
	BELOW(S, l2019, "lockless-2019")                                                           \
	BELOW(S, lockless, "lockless")                                                             \
	BELOW(S, mutex, "mutex")                                                                   \
	LOOKS(S, l2019, "lockless-2019")                                                           \
	LOOKS(S, lockless, "lockless")                                                             \
	LOOKS(S, mutex, "mutex")                                                                   \
	THREE(S, l2019, "lockless-2019")                                                           \
	THREE(S, lockless, "lockless")                                                             \
	LARGE(S, l2019, "lockless-2019")                                                           \
	LARGE(S, lockless, "lockless")

SCENES(SCENE_SETUP)

const struct ex_scenario scenarios_grow[] = {
	SCENES(SCENE_ROW)
	{ .name = NULL }
};
