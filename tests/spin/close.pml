/*
 * close.pml - freeing emptied tables by closing (R4): two phases that a mapper can cancel, and no
 * read-modify-write where nobody closes. Who thinks it has emptied a table marks it CLOSING and waits a
 * grace period: whoever saw OPEN has then finished, whoever came later has cancelled. Still closing and
 * empty: DEAD, unlinked, retired. Only the closer leaves CLOSING or CANCELLED for OPEN, so there is at
 * most one closer to a table, and no version number is needed.
 *
 * Models       no engine of this version: a protocol for engines that free tables emptied piecewise
 * Leaves out   levels above the slot of the table; the real grace period (qsbr.pml)
 * Invariants   I1 what is mapped is found by walks that start later     I2 no use of a page that is free
 *              I4 an unlinked table gains no leaf     I5 who unlinks retires, exactly once
 *              I6 pages that live are those of the tree; one table emptied while another's closing was
 *              being cancelled may stay until the next unmap there
 *              one_closer
 * Bounds       OWNERS threads, each owns one entry of a table, ROUNDS rounds of map, look, unmap; LOOKS
 *              lookups by one more; the closer reads entry by entry
 *
 *   clean                        :  1120000 : two owners, two rounds, a walker
 *   clean  ROUNDS=3 LOOKS=0      :   277000 : two owners, three rounds
 *   clean  OWNERS=3 ROUNDS=1 LOOKS=0 :   896000 : three owners, a round
 *   clean  LIVENESS LOOKS=0      :   157000 : two owners, two rounds: nobody goes round for ever
 *   mutant BREAK_NO_FIRST_GRACE  : I4_dead_stays_dead : the closer does not wait before it looks
 *   mutant BREAK_NO_CANCEL       : I4_dead_stays_dead : a mapper takes CLOSING for OPEN
 *   mutant BREAK_NO_GRACE        : I2_no_use_of_freed_page : the table is freed as soon as it is unlinked
 *   mutant BREAK_BACK_TO_OPEN    : one_closer : who cancels sets OPEN: a second closer beside the first
 *   mutant BREAK_DEAD_BLINDLY    : I4_dead_stays_dead : DEAD is stored, not compared with CLOSING
 *   mutant BREAK_DEAD_IGNORED    : I4_dead_stays_dead : a mapper takes DEAD for OPEN
 *   mutant LIVENESS LOOKS=0 BREAK_DEAD_STAYS : starves : a mapper that meets a DEAD table does not help to unlink it
 */
#ifndef OWNERS
#define OWNERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef LOOKS
#define LOOKS 1
#endif
#define PAGES 5
#define ENTRIES OWNERS
#define WAITERS OWNERS
byte grace_needs[WAITERS];      /* of a closer that waits: the sections that must end first */
mtype = { OPEN, CLOSING, CANCELLED, DEAD };
mtype state[PAGES + 1] = OPEN;
#define PAGE_MADE(page) state[page] = OPEN;
#include "include/pages.pml"
#include "include/slot.pml"

hidden byte one_closer;

byte closers[PAGES + 1];        /* only to be asserted */

inline state_cas(page, old, new)
{
	d_step {
		use(page);
		won = (state[page] == old);
		if
		:: won -> state[page] = new
		:: else
		fi
	}
}

/* Who unlinks a DEAD table retires it: its closer, or a mapper that met it. */
inline unlink_dead()
{
	unlink();
	if
	:: won -> page_retire(table)
	:: else
	fi
}

/* May a leaf go in? usable: yes. Else the table is DEAD. */
inline enter_table()
{
	do
	:: d_step { use(table); is = state[table] };
		if
#ifndef BREAK_NO_CANCEL
		:: is == CLOSING ->
#ifdef BREAK_BACK_TO_OPEN
			state_cas(table, CLOSING, OPEN);
#else
			state_cas(table, CLOSING, CANCELLED);
#endif
			if
			:: won -> usable = true; break
			:: else         /* read it again */
			fi
#endif
#ifndef BREAK_DEAD_IGNORED
		:: is == DEAD -> usable = false; break
#endif
		:: else -> usable = true; break
		fi
	od
}

inline map()
{
	do
	:: reach_table();
		enter_table();
		if
		:: usable -> leaf_store()
#ifdef BREAK_DEAD_STAYS
		:: else
#else
		:: else -> unlink_dead()
#endif
		fi;
		section_end(me);
		if
		:: usable -> break
		:: else         /* from the root again */
		fi
	od;
	version[me]++;                          /* the map has returned */
	d_step { table = 0; is = 0; usable = false; won = false; seen = 0 }
}

inline wait_for_grace()
{
#ifndef BREAK_NO_FIRST_GRACE
	d_step { grace_needs[me] = reading & ~TOKEN(me) };
	grace_needs[me] == 0
#else
	skip
#endif
}

/* Is entry by entry empty? */
inline look_whether_empty()
{
	index = 0;
	do
	:: index < ENTRIES ->
		entry_load(seen, table, index);
		if
		:: seen != 0 -> break
		:: else -> index++
		fi
	:: else -> break
	od;
	vacant = (index == ENTRIES);
	d_step { index = 0; seen = 0 }
}

inline close()
{
	d_step {
		closers[table]++;
		require(one_closer, closers[table] == 1)
	};
	section_end(me);
	wait_for_grace();
	section_begin(me);
	look_whether_empty();
	if
	:: vacant ->
#ifdef BREAK_DEAD_BLINDLY
		atomic { use(table); state[table] = DEAD; won = true };
#else
		state_cas(table, CLOSING, DEAD);
#endif
	:: else -> won = false
	fi;
	d_step { closers[table]--; vacant = false };
	if
	:: won -> unlink_dead()
	:: else -> d_step { use(table); state[table] = OPEN }
	fi
}

inline unmap()
{
	atomic { version[me]++; section_begin(me); entry_load(table, ROOT, 0) };
	entry_store(table, me, 0);
	look_whether_empty();
	if
	:: vacant ->
		vacant = false;
		state_cas(table, OPEN, CLOSING);
		if
		:: won -> close()
		:: else                         /* somebody closes, or has */
		fi
	:: else
	fi;
	section_end(me);
	d_step { table = 0; seen = 0; won = false }
}

proctype owner(byte me; byte left)
{
	byte table, seen, fresh, index;
	mtype is;
	bool won, usable, vacant;

	do
	:: left > 0 -> map(); look_for_own(); unmap(); left--
	:: else -> break
	od
}

init {
	first_root();
	atomic {
		run walker();
		run owner(0, ROUNDS);
		run owner(1, ROUNDS);
#if OWNERS > 2
		run owner(2, ROUNDS)
#endif
	};
	_nr_pr == 1;
	require(I6_pages_balance, pages_live == 1 + (ENTRY(ROOT, 0) != NONE));
	require(I6_pages_balance, pages_live <= 2)
}
