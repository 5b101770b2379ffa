/*
 * ref.pml - freeing emptied tables by counting (R2): each table counts its live entries and those about
 * to make one; a count of zero may be turned into DEAD, and DEAD never goes back. So a table that has a
 * child or a leaf is not DEAD, nor are those above it. Who fails to get a reference meets a table that
 * is on its way out, and helps to unlink it.
 *
 * Models       no engine of this version: a protocol for engines that free tables emptied piecewise
 * Leaves out   levels above the slot of the middle table; the real grace period (qsbr.pml)
 * Invariants   I1 what is mapped is found by walks that start later     I2 no use of a page that is free
 *              I4 a DEAD table gains no entry     I5 who unlinks retires, exactly once
 *              I6 pages that live are those of the tree; at most an empty middle table stays
 * Bounds       slot, middle table, leaf table; two threads, each owns one of the two leaf entries; rounds
 *              of map, look, unmap: ROUNDS for the one, OTHERS_ROUNDS for the other; LOOKS lookups by a
 *              third. Page source without bounds that matter
 *
 *   clean  LOOKS=0               :   312000 : two rounds against one
 *   clean  ROUNDS=1              :   389000 : a round each, a walker
 *   mutant BREAK_GETS_DEAD       : I1_live_leaf_is_found : a reference is taken without looking for DEAD
 *   mutant BREAK_NO_GRACE        : I2_no_use_of_freed_page : the table is freed as soon as it is unlinked
 *   mutant BREAK_NO_DEAD         : I1_live_leaf_is_found : at zero it is unlinked, without making it DEAD
 *   mutant BREAK_UNCOUNTED_CHILD : I4_dead_stays_dead : a child goes in without a reference to its parent
 *   mutant BREAK_ALL_RETIRE      : I5_unlinker_retires : who helps retires, whoever unlinked
 *   mutant BREAK_NO_CASCADE      : I6_pages_balance : the link's reference to the parent is not dropped
 */
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef OTHERS_ROUNDS
#define OTHERS_ROUNDS 1
#endif
#ifndef LOOKS
#define LOOKS 1
#endif
#define PAGES 7
#define ENTRIES 2
byte count[PAGES + 1];
#define PAGE_MADE(page) count[page] = 0;
#include "include/pages.pml"

#define ROOT 1                  /* its entry 0 is the slot of the middle table */
#define WALKER 7
#define DEAD 255

byte version[2];                /* odd: mapped, from when map has returned until unmap begins */

/* A loop of compare-exchanges; the one that succeeds is the step. */
inline get(page)
{
	d_step {
		use(page);
#ifdef BREAK_GETS_DEAD
		got = true;
#else
		got = (count[page] != DEAD);
#endif
		if
		:: got -> count[page]++
		:: else
		fi
	}
}

/* fetch_sub; zero: it was the last. */
inline put(page)
{
	d_step {
		use(page);
		require(I4_dead_stays_dead, count[page] != DEAD && count[page] > 0);
		count[page]--;
		zero = (count[page] == 0)
	}
}

/* The compare-exchange from 0 to DEAD. */
inline kill(page)
{
#ifdef BREAK_NO_DEAD
	killed = true
#else
	d_step {
		use(page);
		killed = (count[page] == 0);
		if
		:: killed -> count[page] = DEAD
		:: else
		fi
	}
#endif
}

inline help_unlink(parent, page)
{
	atomic { seen = page; entry_cas(won, parent, 0, seen, 0) };
#ifdef BREAK_ALL_RETIRE
	won = true;
#endif
	if
	:: won -> page_retire(page)
	:: else
	fi
}

inline drop_middle()
{
	put(middle);
	if
	:: zero ->
		kill(middle);
		if
		:: killed -> help_unlink(ROOT, middle)
		:: else
		fi
	:: else
	fi
}

/* The leaf table is DEAD: unlink it, and with it goes the link's reference to the middle table. */
inline unlink_leaf_table()
{
	help_unlink(middle, table);
#ifndef BREAK_NO_CASCADE
	if
	:: won -> drop_middle()
	:: else
	fi
#endif
}

inline drop_leaf_table()
{
	put(table);
	if
	:: zero ->
		kill(table);
		if
		:: killed -> unlink_leaf_table()
		:: else
		fi
	:: else
	fi
}

/* The middle table, installed if there is none. */
inline reach_middle()
{
	entry_load(middle, ROOT, 0);
	if
	:: middle == NONE ->
		page_alloc(fresh);
		entry_cas(won, ROOT, 0, middle, fresh);
		if
		:: won -> middle = fresh
		:: else -> page_free(fresh)
		fi;
		fresh = NONE
	:: else
	fi
}

/* The leaf table; NONE: the middle table is DEAD, begin again. */
inline reach_table()
{
	entry_load(table, middle, 0);
	if
	:: table == NONE ->
#ifdef BREAK_UNCOUNTED_CHILD
		got = true;
#else
		get(middle);                    /* will be the link's */
#endif
		if
		:: !got -> help_unlink(ROOT, middle)
		:: else ->
			page_alloc(fresh);
			entry_cas(won, middle, 0, table, fresh);
			if
			:: won -> table = fresh
			:: else ->
				page_free(fresh);
#ifndef BREAK_UNCOUNTED_CHILD
				drop_middle()
#endif
			fi;
			fresh = NONE
		fi
	:: else
	fi
}

inline map()
{
	do
	:: section_begin(me);
		reach_middle();
		reach_table();
		if
		:: table != NONE ->
			get(table);
			if
			:: got ->
				atomic {
					entry_store(table, me, LEAF(me));
					require(I4_dead_stays_dead, page_is[table] == LIVE_PAGE);
					section_end(me);
					break
				}
			:: else -> unlink_leaf_table()
			fi
		:: else
		fi;
		section_end(me)
	od;
	version[me]++;                          /* the map has returned */
	d_step { middle = 0; table = 0; seen = 0; won = false; got = false; zero = false; killed = false }
}

inline walk_to_own()
{
	atomic { section_begin(me); entry_load(middle, ROOT, 0) };
	entry_load(table, middle, 0)
}

inline look_for_own()
{
	walk_to_own();
	atomic {
		entry_load(seen, table, me);
		require(I1_live_leaf_is_found, seen == LEAF(me));
		section_end(me)
	};
	d_step { middle = 0; table = 0; seen = 0 }
}

inline unmap()
{
	version[me]++;
	walk_to_own();
	entry_store(table, me, 0);
	drop_leaf_table();
	section_end(me);
	d_step { middle = 0; table = 0; seen = 0; won = false; zero = false; killed = false }
}

proctype owner(byte me; byte left)
{
	byte middle, table, fresh, seen;
	bool won, got, zero, killed;

	do
	:: left > 0 -> map(); look_for_own(); unmap(); left--
	:: else -> break
	od
}

/* Entry 0: mapped all the time means found. */
proctype walker()
{
	byte table, value, before, left = LOOKS;

	do
	:: left > 0 ->
		atomic { before = version[0]; section_begin(WALKER); entry_load(table, ROOT, 0) };
		if
		:: table != NONE ->
			entry_load(table, table, 0);
			if
			:: table != NONE -> entry_load(value, table, 0)
			:: else
			fi
		:: else
		fi;
		atomic {
			require(I1_live_leaf_is_found,
				value == LEAF(0) || version[0] != before || !(before & 1));
			section_end(WALKER);
			table = 0; value = 0; before = 0; left--
		}
	:: else -> break
	od
}

init {
	byte middle, table;

	d_step { page_is[ROOT] = LIVE_PAGE; pages_live = 1 };
	atomic { run walker(); run owner(0, ROUNDS); run owner(1, OTHERS_ROUNDS) };
	_nr_pr == 1;
	middle = ENTRY(ROOT, 0);
	table = (middle != NONE -> ENTRY(middle, 0) : NONE);
	require(I6_pages_balance, pages_live == 1 + (middle != NONE) + (table != NONE));
	require(I6_pages_balance, pages_live <= 2 && (middle == NONE || count[middle] == 0))
}
