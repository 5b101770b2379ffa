/*
 * freeze.pml - freeing emptied tables by freezing (R3): whoever has cleared a leaf tries to turn every
 * empty entry of the table into POISON, one compare-exchange each; if all were empty, nobody can map
 * there any more and the table is unlinked and retired; else what was frozen thaws. So leaves must go
 * in by compare-exchange against empty.
 *
 * Models       no engine of this version: a protocol for engines that free tables emptied piecewise. Like
 *              KVM's REMOVED_SPTE without its lock
 * Leaves out   levels above the slot of the table; the real grace period (qsbr.pml)
 * Invariants   I1 what is mapped is found by walks that start later     I2 no use of a page that is free
 *              I4 an unlinked table gains no leaf     I5 who unlinks retires, exactly once
 *              I6 pages that live are those of the tree
 * Bounds       two threads, each owns one of the two entries of a table; ROUNDS rounds of map, look,
 *              unmap; LOOKS lookups by a third
 *
 *   clean                        :  1240000 : two threads, two rounds, a walker
 *   clean  ROUNDS=3 LOOKS=0      :   149000 : two threads, three rounds
 *   mutant BREAK_PLAIN_STORE     : I4_dead_stays_dead : the leaf goes in by a look and a store
 *   mutant BREAK_NO_GRACE        : I2_no_use_of_freed_page : the table is freed at once
 *   mutant BREAK_HALF_FROZEN     : I1_live_leaf_is_found : unlinked when its first entry is frozen
 *   mutant BREAK_NO_THAW         : stuck : what was frozen stays so, though the table is in use
 *   mutant BREAK_THAWS_ALL       : I1_live_leaf_is_found : thawing empties all entries, the live one too
 */
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef LOOKS
#define LOOKS 1
#endif
#define PAGES 5
#define ENTRIES 2
#include "include/pages.pml"
#include "include/slot.pml"

#define POISON 97

inline map()
{
	do
	:: reach_table();
#ifdef BREAK_PLAIN_STORE
		entry_load(seen, table, me);
		won = (seen == 0);
		if
		:: won -> leaf_store()
		:: else
		fi
#else
		atomic {
			seen = 0;
			entry_cas(won, table, me, seen, LEAF(me));
			require(I4_dead_stays_dead, !won || page_is[table] == LIVE_PAGE)
		}
#endif
		section_end(me);
		if
		:: won -> break
		:: else ->
			/* Frozen: from the root again. In the code that is a loop; here it waits until
			 * something has changed, so that one who waits for ever is stuck. */
			ENTRY(ROOT, 0) != table || ENTRY(table, me) == 0
		fi
	od;
	version[me]++;                          /* the map has returned */
	d_step { table = 0; seen = 0 }
}

inline freeze(index)
{
	atomic { seen = 0; entry_cas(won, table, index, seen, POISON) }
}

inline thaw(index)
{
#ifndef BREAK_NO_THAW
	entry_store(table, index, 0)
#else
	skip
#endif
}

inline unmap()
{
	atomic { version[me]++; section_begin(me); entry_load(table, ROOT, 0) };
	entry_store(table, me, 0);
	freeze(0);                              /* entry 0 is the lock of those who freeze */
	if
	:: won ->
#ifndef BREAK_HALF_FROZEN
		freeze(1);
#endif
		if
		:: won ->
			unlink();
			require(I5_unlinker_retires, won); /* nobody replaces the link to a table */
			page_retire(table)
		:: else ->
#ifdef BREAK_THAWS_ALL
			thaw(1);
#endif
			thaw(0)
		fi
	:: else
	fi;
	section_end(me);
	d_step { table = 0; seen = 0; won = false }
}

proctype owner(byte me; byte left)
{
	byte table, seen, fresh;
	bool won;

	do
	:: left > 0 -> map(); look_for_own(); unmap(); left--
	:: else -> break
	od
}

init {
	first_root();
	atomic { run walker(); run owner(0, ROUNDS); run owner(1, ROUNDS) };
	_nr_pr == 1;
	require(I6_pages_balance, pages_live == 1 + (ENTRY(ROOT, 0) != NONE));
	require(I6_pages_balance, pages_live <= 2)
}
