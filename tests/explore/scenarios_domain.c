/*
 * scenarios_domain.c - devices: drivers work through a domain (iotlb/domain.h), one thread is the device,
 * which obeys commands and translates until the drivers are done. What an operation has brought about
 * is so for the device once it has returned; tables are not freed under its walks.
 */
#include <inttypes.h>
#include <string.h>

#include "scenarios.h"
#include "scene.h"

#define REGION (2 * MIB)
#define ABOVE_3 (UINT64_C(1) << 39)
#define ABOVE_4 (UINT64_C(1) << 48)

static struct iotlb_unit *unit[2];
static _Atomic(uint32_t) working; /* drivers */

static const char *alive(void *ctx, uint64_t table, unsigned level)
{
	const struct page_desc *d = page_desc((void *)(uintptr_t)table);

	(void)ctx;
	if (d->state != PAGE_LIVE)
		return "a table that has been freed";
	return d->level == level ? NULL : "a table of another level";
}

static void device_look(struct iotlb_unit *u, unsigned probe)
{
	uint64_t iova = scene.probe[probe].iova;
	/* acquire: pairs with the release of who tells that the operation has returned */
	uint32_t told = at_load(&scene.probe[probe].told, acquire);
	struct walk_result r = unit_translate(u, iova, PT_READ);

	ex_note("device at 0x%" PRIx64 ": 0x%" PRIx64, iova, r.end == WALK_HIT ? r.pa : 0);
	if (r.end != WALK_HIT && r.end != WALK_ABSENT)
		ex_fail("device at 0x%" PRIx64 ": %s", iova, r.why);
	scene_judge(probe, told, r.end == WALK_HIT ? r.pa : 0, "device");
}

static void device(struct iotlb_unit *u)
{
	for (;;) {
		/* acquire: pairs with driver_done(); then all there was to do has been done */
		uint32_t left = at_load(&working, acquire);

		unit_obey(u);
		for (unsigned i = 0; i < scene.probes; i++)
			device_look(u, i);
		if (!left)
			return;
		ex_yield();
	}
}

static void driver_done(void)
{
	/* release: pairs with device() */
	at_sub(&working, 1, release);
}

/*
 * In setup, when the table is as it begins: the devices know it, and remember the first `warm` probes. At
 * the others they find nothing in their caches but perhaps a table, and walk.
 */
static void attach(unsigned devices, unsigned drivers, unsigned warm)
{
	struct unit_config config = { .walker = { .format = WALK_AMDV1, .alive = alive },
				      .leaves = 8, .tables = 8, .seed = 1 };

	if (!strcmp(scene.engine->format, "vtdss"))
		config.walker.format = WALK_VTDSS;
	for (unsigned i = 0; i < 2; i++) {
		unit_destroy(unit[i]); /* of a schedule that failed */
		unit[i] = NULL;
	}
	for (unsigned i = 0; i < devices; i++) {
		unit[i] = unit_create(&config);
		ex_require(unit[i]);
		domain_attach(&scene.domain, unit[i]);
		unit_obey(unit[i]);
		for (unsigned probe = 0; probe < warm; probe++)
			device_look(unit[i], probe);
	}
	at_init(&working, drivers);
}

/* --- a page goes, and another comes --- */

static void remap_setup(void)
{
	scene_reclaim();
	scene_probe(4096);
	scene_map(4096, 12, 1);
	attach(1, 1, 1);
}

static void remap_thread(unsigned id)
{
	if (id) {
		device(unit[0]);
		return;
	}
	scene_online();
	scene_unmap(4096, 4096);
	scene_map(4096, 12, 2);
	scene_offline();
	driver_done();
}

/* --- with two units: the flush is over when both have answered --- */

static void units_setup(void)
{
	scene_reclaim();
	scene_probe(4096);
	scene_map(4096, 12, 1);
	attach(2, 1, 1);
}

static void units_thread(unsigned id)
{
	if (id) {
		device(unit[id - 1]);
		return;
	}
	scene_unmap(4096, 4096);
	driver_done();
}

/* --- several pages at once --- */

static void pages_setup(void)
{
	scene_reclaim();
	scene_probe(8192);
	scene_map(4096, 12, 1);
	scene_map(8192, 12, 1);
	attach(1, 1, 1);
}

static void pages_thread(unsigned id)
{
	if (id) {
		device(unit[0]);
		return;
	}
	scene_online();
	scene_unmap(4096, 8192);
	scene_offline();
	driver_done();
}

/* --- two drivers, each of whom puts a page over another: the 2019 body does that --- */

static void over_setup(void)
{
	scene_reclaim();
	for (unsigned i = 0; i < 2; i++) {
		scene_probe(4096 * i);
		scene_map(4096 * i, 12, 1);
	}
	attach(1, 2, 2);
}

static void over_thread(unsigned id)
{
	if (id == 2) {
		device(unit[0]);
		return;
	}
	scene_map(id * UINT64_C(4096), 12, 2);
	driver_done();
}

/* --- 4K are asked for, all of a large page goes --- */

static void part_setup(void)
{
	scene_reclaim();
	scene_probe(REGION + MIB);
	scene_map(REGION, 21, 1);
	attach(1, 1, 1);
}

static void part_thread(unsigned id)
{
	if (id) {
		device(unit[0]);
		return;
	}
	scene_unmap_part(REGION, 4096, 2 * MIB);
	driver_done();
}

/* --- two drivers grow the root --- */

static void root_setup(void)
{
	scene_reclaim();
	scene_probe(ABOVE_3);
	scene_probe(ABOVE_3 + 4096);
	scene_grows_to(4, false);
	attach(1, 2, 2);
}

static void root_thread(unsigned id)
{
	if (id == 2) {
		device(unit[0]);
		return;
	}
	scene_map(ABOVE_3 + id * UINT64_C(4096), 12, 1);
	driver_done();
}

/* --- to different heights: one's command makes the device read what the other has written --- */

static void heights_setup(void)
{
	scene_reclaim();
	scene_probe(ABOVE_3);
	scene_probe(ABOVE_4);
	scene_grows_to(5, false);
	attach(1, 2, 0);
}

static void heights_thread(unsigned id)
{
	if (id == 2) {
		device(unit[0]);
		return;
	}
	scene_map(id ? ABOVE_4 : ABOVE_3, 12, 1);
	driver_done();
}

/* --- a large page takes the place of a table, twice at once --- */

static void large_setup(void)
{
	scene_reclaim();
	for (unsigned i = 0; i < 2; i++) {
		scene_probe(REGION * (i + 1));
		scene_map(REGION * (i + 1), 12, 1);
	}
	scene_probe(REGION + 4096);
	attach(1, 2, 2);
}

static void large_thread(unsigned id)
{
	if (id == 2) {
		device(unit[0]);
		return;
	}
	scene_online();
	if (!strcmp(scene.engine->body, "modern"))
		scene_unmap(REGION * (id + 1), 4096);
	scene_map(REGION * (id + 1), 21, 2);
	for (unsigned i = 0; i < 4; i++)
		scene_quiescent();
	scene_offline();
	driver_done();
}

/* --- an unmap frees a table --- */

static void covered_setup(void)
{
	scene_reclaim();
	scene_probe(REGION);
	scene_probe(REGION + MIB);
	if (!strcmp(scene.engine->body, "intel"))
		scene_map(REGION, 12, 1);
	else
		for (unsigned i = 0; i < 2; i++)
			scene_map(REGION + i * MIB, 20, 1);
	attach(1, 1, 1);
}

static void covered_thread(unsigned id)
{
	if (id) {
		device(unit[0]);
		return;
	}
	scene_online();
	scene_unmap(REGION, 2 * MIB);
	for (unsigned i = 0; i < 4; i++)
		scene_quiescent();
	scene_map(REGION, 12, 2);
	scene_offline();
	driver_done();
}

#define REMAP(S, id, engine)                                                                       \
	S(remap, "device-remap", id, engine, 2, 0, "a page is unmapped and mapped anew under a device")
#define UNITS(S, id, engine)                                                                       \
	S(units, "device-units", id, engine, 3, 0, "a page is unmapped under two units")
#define PAGES(S, id, engine)                                                                       \
	S(pages, "device-pages", id, engine, 2, 0, "two pages are unmapped at once under a device")
#define OVER(S, id, engine)                                                                        \
	S(over, "device-over", id, engine, 3, 0, "two drivers put a page over another under a device")
#define PART(S, id, engine)                                                                        \
	S(part, "device-part", id, engine, 2, 0, "a part of a large page is unmapped, all of it goes")
#define ROOT(S, id, engine)                                                                        \
	S(root, "device-root", id, engine, 3, 0, "two grow the root, both return before the device looks")
#define HEIGHTS(S, id, engine)                                                                     \
	S(heights, "device-heights", id, engine, 3, 0, "one grows the root by a level, the other by two")
#define LARGE(S, id, engine)                                                                       \
	S(large, "device-large", id, engine, 3, 0, "two put large pages for tables that a device remembers")
#define COVERED(S, id, engine)                                                                     \
	S(covered, "device-covering", id, engine, 2, 0, "an unmap frees a table that a device remembers")

#define SCENES(S)                                                                                  \
	REMAP(S, l2019, "lockless-2019")                                                           \
	REMAP(S, lockless, "lockless")                                                             \
	REMAP(S, intel, "lockless-intel")                                                          \
	UNITS(S, lockless, "lockless")                                                             \
	PAGES(S, lockless, "lockless")                                                             \
	OVER(S, l2019, "lockless-2019")                                                            \
	PART(S, l2019, "lockless-2019")                                                            \
	PART(S, lockless, "lockless")                                                              \
	ROOT(S, l2019, "lockless-2019")                                                            \
	ROOT(S, lockless, "lockless")                                                              \
	HEIGHTS(S, lockless, "lockless")                                                           \
	LARGE(S, l2019, "lockless-2019")                                                           \
	COVERED(S, lockless, "lockless")                                                           \
	COVERED(S, intel, "lockless-intel")

SCENES(SCENE_SETUP)

const struct ex_scenario scenarios_domain[] = {
	SCENES(SCENE_ROW)
	{ .name = NULL }
};
