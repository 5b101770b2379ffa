/*
 * scenarios_retire.c - tables are taken out of the tree while others may stand in them: a large page
 * takes the place of a table, an unmap covers one. Retired pages go through the grace period, whose
 * code (mem/grace.c) is explored along with the engines, so that some are freed within the schedule.
 */
#include <string.h>

#include "scenarios.h"
#include "scene.h"

#define REGION (2 * MIB)

/* Quiescent states until the pages retired before are freed, if nobody holds them back. */
static void wait_a_little(void)
{
	for (unsigned i = 0; i < 4; i++)
		scene_quiescent();
}

/* --- a large page over small ones: the 2019 body drops them itself --- */

static void replace_setup(void)
{
	scene_reclaim();
	scene_probe(REGION);
	scene_map(REGION, 12, 1);
	ex_pages_reuse();
}

static void replace_thread(unsigned id)
{
	scene_online();
	if (id) {
		scene_look(0);
		scene_quiescent();
		scene_look(0);
	} else {
		if (strcmp(scene.engine->body, "modern") == 0)
			scene_unmap(REGION, 4096);
		scene_map(REGION, 21, 2);
		wait_a_little();
		scene_map(2 * REGION, 12, 1); /* perhaps in the same page */
	}
	scene_offline();
}

/* --- a small page inside a large one: a table takes its place, or that of one of its entries --- */

static void downgrade_setup(void)
{
	scene_probe(2 * REGION);
	scene_probe(3 * REGION);
	scene_probe(4 * REGION);
	scene_map(2 * REGION, 22, 1); /* two entries */
	scene_map(4 * REGION, 21, 1);
}

static void downgrade_thread(unsigned id)
{
	if (id) {
		scene_look(0);
		scene_look(1);
		scene_look(2);
	} else {
		scene_map_inside(2 * REGION, 2, 2 * REGION, 2 * REGION);
		scene_map_inside(4 * REGION, 2, 4 * REGION, REGION);
	}
}

/* --- an unmap takes a whole table out, beside a lookup below it --- */

static void covering_setup(void)
{
	scene_reclaim();
	scene_probe(REGION + 4096);
	if (!strcmp(scene.engine->body, "intel"))
		scene_map(REGION + 4096, 12, 1);
	else
		for (unsigned i = 0; i < 2; i++)
			scene_map(REGION + i * MIB, 20, 1);
}

static void covering_thread(unsigned id)
{
	scene_online();
	if (id) {
		scene_look(0);
		scene_quiescent();
		scene_look(0);
	} else {
		scene_unmap(REGION, 2 * MIB);
		wait_a_little();
	}
	scene_offline();
}

/* --- and beside a neighbour who builds a table under the same parent --- */

static void beside_setup(void)
{
	covering_setup();
}

static void beside_thread(unsigned id)
{
	scene_online();
	if (id) {
		scene_map(REGION + 2 * MIB, 12, 1);
		scene_look(0);
	} else {
		scene_unmap(REGION, 2 * MIB);
		scene_map(REGION, 12, 2);
		wait_a_little();
	}
	scene_offline();
}

#define REPLACE(S, id, engine)                                                                     \
	S(replace, "replace", id, engine, 2, 0, "a 2M page takes the place of a table, beside lookups")
#define DOWNGRADE(S, id, engine)                                                                   \
	S(downgrade, "downgrade", id, engine, 2, 0, "4K inside 4M and inside 2M, beside lookups")
#define COVERING(S, id, engine)                                                                    \
	S(covering, "covering", id, engine, 2, 0, "an unmap frees a table beside lookups in it")
#define BESIDE(S, id, engine)                                                                      \
	S(beside, "covering-beside", id, engine, 2, 0, "the same beside a neighbour who builds one")

#define SCENES(S)                                                                                  \
	REPLACE(S, l2019, "lockless-2019")                                                         \
	REPLACE(S, lockless, "lockless")                                                           \
	REPLACE(S, mutex, "mutex")                                                                 \
	REPLACE(S, vtdss, "vtdss/lockless")                                                        \
	DOWNGRADE(S, l2019, "lockless-2019")                                                       \
	COVERING(S, lockless, "lockless")                                                          \
	COVERING(S, mutex, "mutex")                                                                \
	COVERING(S, intel, "lockless-intel")                                                       \
	BESIDE(S, lockless, "lockless")                                                            \
	BESIDE(S, intel, "lockless-intel")

SCENES(SCENE_SETUP)

const struct ex_scenario scenarios_retire[] = {
	SCENES(SCENE_ROW)
	{ .name = NULL }
};
