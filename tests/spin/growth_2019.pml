/*
 * growth_2019.pml - the root grows as in the 2019 engines: a level at a time, the page allocated
 * before the lock, the root looked at again under it, walkers without a lock.
 *
 * Models       pt_grow_2019 (src/pt/cold.c), the loop at the top of slot_2019 (src/pt/walk2019.h),
 *              top_load (src/pt/pt.h), walk and lookup (src/pt/kit.h)
 * Leaves out   the lock itself (tests/unit/test_locks.c, the explorer); levels below the first root; the
 *              tables between the root and a leaf other than those that growth makes: a mapping that
 *              needs level n is an entry of the table at level n
 * Invariants   I1 what was mapped is found, also the page that was there before the growth
 *              I2 no use of a page that is free     I3 freed once
 *              I6 pages that live are those of the tree
 *              no_taller_than_needed
 * Bounds       mappers that need 1, 2 and 2 levels more, one walker with LOOKS lookups; any allocation
 *              may fail
 *
 *   clean  LOOKS=2           :   189000 : two mappers, a walker that looks twice
 *   clean  MAPPERS=3 LOOKS=0 :   463000 : three mappers
 *   clean  LIVENESS LOOKS=0   :     7100 : two mappers: growth comes to an end
 *   mutant BREAK_NO_LOCK     : I1_live_leaf_is_found : B1, no lock, root and level one after the other
 *   mutant BREAK_NO_RECHECK  : no_taller_than_needed : B2, does not look again under the lock
 *   mutant BREAK_TORN_READ   : I1_live_leaf_is_found : B3, level and root read one after the other
 *   mutant BREAK_LEAK        : I6_pages_balance : who comes too late does not free its page
 *   mutant BREAK_KEEPS_OWN   : I1_live_leaf_is_found : who comes too late maps below its own page
 *   mutant LIVENESS BREAK_ENDLESS : starves : B7, out of memory it is tried again for ever
 */
#ifndef MAPPERS
#define MAPPERS 2
#endif
#define PAGES 9
#define ENTRIES (1 + MAPPERS)     /* entry 0: the table below; then one for each mapper */
#include "include/pages.pml"
#include "include/top.pml"

hidden byte no_taller_than_needed;
bit grow_lock;

#ifdef BREAK_NO_LOCK
inline lock() { skip }
inline unlock() { skip }
#else
inline lock() { atomic { !grow_lock -> grow_lock = 1 } }
inline unlock() { grow_lock = 0 }
#endif

#ifdef BREAK_NO_LOCK
inline publish_top()
{
	top_root = fresh;
	top_level = level + 1
}
#else
/* One store of one word. */
inline publish_top()
{
	d_step { top_root = fresh; top_level = level + 1 }
}
#endif

#ifdef BREAK_NO_RECHECK
#define STILL_NEEDED true
#else
#define STILL_NEEDED (level < needed)
#endif

inline grow_2019()
{
	page_alloc_or_not(fresh);               /* before the lock */
	if
#ifdef BREAK_ENDLESS
	:: fresh == NONE -> goto again
#else
	:: fresh == NONE -> goto out_of_memory
#endif
	:: else
	fi;
	lock();
	top_load(root, level);                  /* looked at again */
	if
	:: STILL_NEEDED ->
		entry_store(fresh, 0, root);    /* the new root's entry for the old tree */
		publish_top();
		unlock()
	:: else ->
		unlock();
#if defined BREAK_KEEPS_OWN
		d_step { root = fresh; level = needed };
		goto grown
#elif defined BREAK_LEAK
		skip
#else
		page_free(fresh)                /* nobody has seen it */
#endif
	fi
}

proctype mapper(byte me; byte needed)
{
	byte root, level, fresh, value;

	top_load(root, level);
#ifdef BREAK_ENDLESS
again:
#endif
	do
	:: level < needed -> grow_2019(); top_load(root, level)
	:: else -> break
	od;
grown:
	map_below(root, level, needed, me);
	mapped[me] = true;                      /* the map has returned */
	look(root, level, needed, 1 + me, value);
	require(I1_live_leaf_is_found, value == LEAF(me))
out_of_memory:
	skip;
	d_step { root = 0; level = 0; fresh = 0; value = 0 } /* as good as gone: fewer states */
}

init {
	byte root, level, value;

	first_root();
	run_mappers_and_walker();
	_nr_pr == 1;
	require(no_taller_than_needed, top_level <= 2);
	require(I6_pages_balance, pages_live == 1 + top_level);
	all_is_found()
}
