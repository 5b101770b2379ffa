/*
 * scenarios_table.c - neighbours in tables of three levels: mapping into tables that are missing,
 * mapping and unmapping beside each other, lookups in foreign ranges, pages of several entries.
 */
#include "scenarios.h"
#include "scene.h"

#define PAGE(i) ((uint64_t)(i) << 12)

/* --- two and three threads, each the first in its part of an empty table --- */

static void install_setup(void)
{
}

static void install_thread(unsigned id)
{
	scene_map(PAGE(id), 12, 1);
}

/* Own leaf tables under a common table that is missing, then a neighbour in each other's. */
static void crossed_setup(void)
{
}

static void crossed_thread(unsigned id)
{
	scene_map(id ? 2 * MIB : 0, 12, 1);
	scene_map(id ? PAGE(1) : 2 * MIB + PAGE(1), 12, 1);
}

#define install3_setup install_setup
#define install3_thread install_thread

/* --- in a leaf table that stands --- */

static void neighbours_setup(void)
{
	scene_probe(PAGE(0));
	scene_map(PAGE(0), 12, 1);
	scene_map(PAGE(3), 12, 1);
}

/* One takes its page away and maps another, beside one who maps and looks at that. */
static void neighbours_thread(unsigned id)
{
	if (id) {
		scene_map(PAGE(2), 12, 1);
		scene_look(0);
		scene_unmap(PAGE(3), 4096);
		scene_look(0);
	} else {
		scene_unmap(PAGE(0), 4096);
		scene_map(PAGE(1), 12, 1);
		scene_map(PAGE(0), 12, 2);
	}
}

/* --- lookups --- */

static void lookup_setup(void)
{
	scene_probe(PAGE(0));
}

static void lookup_thread(unsigned id)
{
	if (id) {
		scene_look(0);
		scene_look(0);
	} else {
		scene_map(PAGE(0), 12, 1);
		scene_unmap(PAGE(0), 4096);
		scene_map(PAGE(0), 12, 2);
	}
}

/* What the owner wrote before it mapped is seen by whoever translates (P3), whatever order tables came in. */
static void payload_setup(void)
{
	scene_probe(PAGE(0));
	scene_map(PAGE(8), 12, 1);
}

static void payload_thread(unsigned id)
{
	static uint64_t payload;

	if (id) {
		if (scene_look(0))
			ex_reading(&payload, "what the owner wrote before mapping");
	} else {
		ex_writing(&payload, "the page, before it is mapped");
		scene_map(PAGE(0), 12, 1);
	}
}

static void lookup3_setup(void)
{
	scene_probe(PAGE(0));
	scene_probe(PAGE(1));
}

static void lookup3_thread(unsigned id)
{
	if (id < 2) {
		scene_map(PAGE(id), 12, 1);
		return;
	}
	scene_look(0);
	scene_look(1);
}

/* --- pages of several entries --- */

static void replicas_setup(void)
{
	scene_probe(PAGE(0));
	scene_probe(PAGE(3));
	scene_map(PAGE(16), 12, 1);
}

static void replicas_thread(unsigned id)
{
	if (id) {
		scene_map(PAGE(4), 14, 1);
		scene_look(1);
		scene_look(0);
	} else {
		scene_map(PAGE(0), 14, 1);
		scene_unmap(PAGE(0), 4 * 4096);
	}
}

#define INSTALL(S, id, engine)                                                                     \
	S(install, "install", id, engine, 2, 0, "two map neighbours where no table stands yet")
#define CROSSED(S, id, engine)                                                                     \
	S(crossed, "crossed", id, engine, 2, 0, "two build tables, then map in each other's")
#define INSTALL3(S, id, engine)                                                                    \
	S(install3, "install-three", id, engine, 3, 0, "three map neighbours where no table stands yet")
#define NEIGHBOURS(S, id, engine)                                                                  \
	S(neighbours, "neighbours", id, engine, 2, 0, "unmap and map beside who maps and looks on")
#define LOOKUP(S, id, engine)                                                                      \
	S(lookup, "lookup", id, engine, 2, 0, "lookups of a page that is mapped, unmapped, mapped")
#define PAYLOAD(S, id, engine)                                                                     \
	S(payload, "payload", id, engine, 2, 0, "what the owner wrote before mapping is seen through the leaf")
#define LOOKUP3(S, id, engine)                                                                     \
	S(lookup3, "lookup-three", id, engine, 3, 0, "two map neighbours, a third looks at both")
#define REPLICAS(S, id, engine)                                                                    \
	S(replicas, "replicas", id, engine, 2, 0, "pages of four entries beside each other, and a look")

#define SCENES(S)                                                                                  \
	INSTALL(S, l2019, "lockless-2019")                                                         \
	INSTALL(S, m2019, "mutex-2019")                                                            \
	INSTALL(S, lockless, "lockless")                                                           \
	INSTALL(S, mutex, "mutex")                                                                 \
	INSTALL(S, spin, "spin")                                                                   \
	INSTALL(S, intel, "lockless-intel")                                                        \
	INSTALL(S, vtdss, "vtdss/lockless")                                                        \
	CROSSED(S, l2019, "lockless-2019")                                                         \
	CROSSED(S, lockless, "lockless")                                                           \
	CROSSED(S, mutex, "mutex")                                                                 \
	INSTALL3(S, l2019, "lockless-2019")                                                        \
	INSTALL3(S, lockless, "lockless")                                                          \
	NEIGHBOURS(S, l2019, "lockless-2019")                                                      \
	NEIGHBOURS(S, plain, "lockless-2019-plain")                                                \
	NEIGHBOURS(S, lockless, "lockless")                                                        \
	NEIGHBOURS(S, mutex, "mutex")                                                              \
	NEIGHBOURS(S, intel, "lockless-intel")                                                     \
	LOOKUP(S, l2019, "lockless-2019")                                                          \
	LOOKUP(S, lockless, "lockless")                                                            \
	LOOKUP(S, mutex, "mutex")                                                                  \
	LOOKUP(S, spin, "spin")                                                                    \
	LOOKUP(S, intel, "lockless-intel")                                                         \
	LOOKUP(S, vtdss, "vtdss/lockless")                                                         \
	PAYLOAD(S, l2019, "lockless-2019")                                                         \
	PAYLOAD(S, lockless, "lockless")                                                           \
	PAYLOAD(S, mutex, "mutex")                                                                 \
	PAYLOAD(S, intel, "lockless-intel")                                                        \
	LOOKUP3(S, l2019, "lockless-2019")                                                         \
	LOOKUP3(S, lockless, "lockless")                                                           \
	LOOKUP3(S, mutex, "mutex")                                                                 \
	REPLICAS(S, l2019, "lockless-2019")                                                        \
	REPLICAS(S, lockless, "lockless")                                                          \
	REPLICAS(S, mutex, "mutex")

SCENES(SCENE_SETUP)

const struct ex_scenario scenarios_table[] = {
	SCENES(SCENE_ROW)
	{ .name = NULL }
};
