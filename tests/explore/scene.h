/*
 * scene.h - what the scenarios of page tables share: one table, a worker for each thread, the leaves
 * that ought to be in it, and probes: addresses that others look up meanwhile.
 *
 * A probe knows every value its address has had, and which of them a reader must at least have got
 * to: the one its owner has told of (release and acquire), and the one this reader saw last. What a
 * lookup finds has to be one of those from there on, up to what the owner has begun. In between
 * nothing else is allowed, whatever the schedule.
 */
#pragma once

#include "explore.h"
#include "iotlb/domain.h"
#include "mem/grace.h"
#include "pt/engine.h"
#include "sys/atomic.h"

#define SCENE_LEAVES_MAX 16u
#define PROBES_MAX 8u
#define PROBE_VALUES_MAX 12u

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct probe {
	uint64_t iova;
	uint64_t value[PROBE_VALUES_MAX]; /* of lookups, one after the other; 0: nothing there */
	unsigned begun;                   /* the newest that may be seen */
	unsigned seen[EX_THREADS_MAX];    /* what each thread saw last */
	_Atomic(uint32_t) told;           /* whoever reads n finds value n or a later one */
};

struct scene {
	const struct pt_engine *engine;
	struct pt *pt;
	struct domain domain;                           /* of workers that retire pages, or devices */
	struct domain_worker worker[EX_THREADS_MAX + 1]; /* by ex_self() */
	struct grace *grace;                            /* NULL: retired pages stay in the gather list */
	struct pt_leaf leaf[SCENE_LEAVES_MAX];
	unsigned leaves;
	struct probe probe[PROBES_MAX];
	unsigned probes;
	unsigned levels;     /* in the end */
	bool perhaps_lower;  /* or fewer */
};
extern struct scene scene;

/* In setup(), first. A table of this engine with so many levels. */
void scene_begin(const char *engine, unsigned levels);
/* Reclaim retired pages: operations go through domain_run(), with devices or without. In setup(). */
void scene_reclaim(void);
/* The index of a new probe. In setup(), before anything is mapped there. */
unsigned scene_probe(uint64_t iova);
/*
 * The table has to have so many levels in the end; else as many as in the beginning. In setup().
 * perhaps: or fewer, for memory may have run out.
 */
void scene_grows_to(unsigned levels, bool perhaps);

/* The output address a page's `version`-th mapping is given. */
uint64_t scene_pa(uint64_t iova, unsigned size_lg2, unsigned version);
/* One page. False: no memory, which is right only if an allocation failed. */
bool scene_map(uint64_t iova, unsigned size_lg2, unsigned version);
/* The same with `n` pages of 4K by PT_MAP_RANGE: all or nothing. */
bool scene_map_range(uint64_t iova, unsigned n, unsigned version);
/* A page of 4K inside a larger one, which goes: all of [large, large + bytes) is no longer mapped. */
void scene_map_inside(uint64_t iova, unsigned version, uint64_t large, uint64_t bytes);
/* All pages of [iova, iova + bytes), which are there. bytes: a page size, or several 4K. */
void scene_unmap(uint64_t iova, uint64_t bytes);
/* `asked` bytes are asked for, of a large page that goes as a whole, or where nothing is: 0. */
void scene_unmap_part(uint64_t iova, uint64_t asked, uint64_t bytes);
/* By the engine. */
uint64_t scene_lookup(uint64_t iova);
/* Look it up and judge; what was found. */
uint64_t scene_look(unsigned probe);
/* Judge what was found; `from`: the first value it may be, usually `told` as read (acquire) before. */
void scene_judge(unsigned probe, uint32_t from, uint64_t found, const char *who);

/* With scene_reclaim(): around a thread's lookups; holding no pointer right now. */
void scene_online(void);
void scene_quiescent(void);
void scene_offline(void);

/*
 * finish(): the scan finds nothing illegal and exactly the leaves that were mapped; levels, ledger and
 * pages balance; the table is destroyed and nothing is left.
 */
void scene_end(void);

/*
 * A file's scenarios are one list, S(scenario, shown, id, engine, threads, preemptions, help): the name is
 * shown/engine; `scenario`_setup() begins with an empty table of three levels, `scenario`_thread() is
 * the threads' body. preemptions: 0 for the default.
 */
#define SCENE_SETUP(scenario, shown, id, engine, threads_, preemptions_, help_)                    \
	static void scenario##_on_##id(void)                                                       \
	{                                                                                          \
		scene_begin(engine, 3);                                                            \
		scenario##_setup();                                                                \
	}
#define SCENE_ROW(scenario, shown, id, engine, threads_, preemptions_, help_)                      \
	{ .name = shown "/" engine, .help = help_, .threads = threads_,                             \
	  .preemptions = preemptions_, .setup = scenario##_on_##id, .thread = scenario##_thread,    \
	  .finish = scene_end },
