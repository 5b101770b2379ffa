/*
 * install.pml - neighbours share middle tables: each finds an empty entry, allocates a page, and one
 * compare-exchange decides whose goes in; the loser frees its own and walks on in the winner's. Under a
 * lock nobody can lose, and a plain store will do. Lookups take no lock either way.
 *
 * Models       pt_install (src/pt/cold.c), entry_install, entry_put, entry_load (src/pt/entry.h), the
 *              descent in slot_2019 and cursor_seek (src/pt/walk2019.h, cursor.h), lookup (src/pt/kit.h);
 *              LOCKED: enter and leave around it (src/pt/sync.h)
 * Leaves out   the locks themselves; unmap (coverage.pml and the others); the root's growth (growth.pml)
 * Invariants   I1 what was mapped is found     I2 no use of a page that is free     I3 freed once
 *              I6 pages that live are those of the tree     nothing_else_is_found
 * Bounds       a fixed root, a middle table and a leaf table below it, wanted by MAPPERS threads at once;
 *              one walker with LOOKS lookups; any allocation may fail
 *
 *   clean  MAPPERS=2 LOOKS=2        :    49000 : two mappers, a walker that looks twice
 *   clean  MAPPERS=3                :  2020000 : three mappers, a walker
 *   clean  LOCKED MAPPERS=3         :    31000 : three mappers under a lock, a walker
 *   mutant BREAK_KEEPS_OWN          : I1_live_leaf_is_found : who loses goes on in its own page
 *   mutant BREAK_LEAK               : I6_pages_balance : who loses does not free its page
 *   mutant BREAK_FREES_TWICE        : I3_freed_once : who loses frees its page twice
 *   mutant BREAK_FREES_WINNERS      : I2_no_use_of_freed_page : who loses frees the winner's page
 *   mutant BREAK_PLAIN_STORE        : I1_live_leaf_is_found : stored without a lock
 *   mutant BREAK_NOT_ZEROED         : I1_live_leaf_is_found : the page is not zeroed
 *   mutant BREAK_ZEROED_LATE        : I1_live_leaf_is_found : B17 as an order of steps, zeroed when already in the tree
 *   mutant LOCKED BREAK_EARLY_UNLOCK : I1_live_leaf_is_found : the lock is let go before the work is done
 *   mutant LOCKED BREAK_LEAK_ENOMEM : stuck : out of memory, and the lock is not let go
 */
#ifndef MAPPERS
#define MAPPERS 2
#endif
#ifndef LOOKS
#define LOOKS 1
#endif
#define PAGES (2 + 2 * MAPPERS)
#define ENTRIES MAPPERS
#include "include/pages.pml"

#define ROOT 1
#define GARBAGE 98

hidden byte nothing_else_is_found;
bit held;
bool mapped[MAPPERS];

#ifdef LOCKED
inline enter() { atomic { held == 0 -> held = 1 } }
inline leave() { held = 0 }
#else
inline enter() { skip }
inline leave() { skip }
#endif

#if defined LOCKED || defined BREAK_PLAIN_STORE
inline publish()
{
	entry_store(table, 0, fresh);
	won = true
}
#else
inline publish()
{
	entry_cas(won, table, 0, entry, fresh)
}
#endif

/* The page as the pool hands it out. */
inline fresh_page()
{
	page_alloc_or_not(fresh);
#if defined BREAK_NOT_ZEROED || defined BREAK_ZEROED_LATE
	d_step {
		if
		:: fresh != NONE ->
			i_ = 0;
			do
			:: i_ < ENTRIES -> ENTRY(fresh, i_) = GARBAGE; i_++
			:: else -> break
			od;
			i_ = 0
		:: else
		fi
	}
#endif
}

inline zero()
{
	d_step {
		i_ = 0;
		do
		:: i_ < ENTRIES -> ENTRY(fresh, i_) = 0; i_++
		:: else -> break
		od;
		i_ = 0
	}
}

/* From `table` to the one below; it is built if it is not there. */
inline descend_or_build()
{
	entry_load(entry, table, 0);
	if
	:: entry == NONE ->
		fresh_page();
		if
		:: fresh == NONE -> goto out_of_memory
		:: else
		fi;
		publish();
		if
		:: won ->
			entry = fresh
#ifdef BREAK_ZEROED_LATE
			;
			zero()
#endif
		:: else ->
#if defined BREAK_KEEPS_OWN
			entry = fresh
#elif defined BREAK_FREES_WINNERS
			page_free(entry)
#elif defined BREAK_LEAK
			skip
#elif defined BREAK_FREES_TWICE
			page_free(fresh);
			page_free(fresh)
#else
			page_free(fresh)        /* entry is the winner's */
#endif
		fi
	:: else
	fi;
	d_step { table = entry; entry = NONE; fresh = NONE; won = false }
}

proctype mapper(byte me)
{
	byte table, entry, fresh;
	bool won;

	table = ROOT;
	enter();
	descend_or_build();                     /* the middle table */
#ifdef BREAK_EARLY_UNLOCK
	leave();
#endif
	descend_or_build();                     /* the leaf table */
	entry_store(table, me, LEAF(me));
#ifndef BREAK_EARLY_UNLOCK
	leave();
#endif
	mapped[me] = true;                      /* the map has returned */
	goto done;
out_of_memory:
#ifndef BREAK_LEAK_ENOMEM
	leave();
#endif
	skip;
done:
	skip;
	d_step { table = 0; entry = 0; fresh = 0 }
}

inline look()
{
	table = ROOT;
	value = 0;
	entry_load(table, table, 0);
	if
	:: table != NONE ->
		entry_load(table, table, 0);
		if
		:: table != NONE -> entry_load(value, table, whose)
		:: else
		fi
	:: else
	fi
}

/* Any range: what was mapped before the lookup began is found; nothing but that ever is. */
proctype walker()
{
	byte table, value, whose, left = LOOKS;
	bool sure;

	do
	:: left > 0 ->
		atomic { select(whose : 0 .. MAPPERS - 1); sure = mapped[whose] };
		look();
		require(nothing_else_is_found, value == 0 || value == LEAF(whose));
		require(I1_live_leaf_is_found, value != 0 || !sure);
		d_step { table = 0; value = 0; whose = 0; sure = false; left-- }
	:: else -> break
	od
}

init {
	byte table, value, whose, reachable;

	page_alloc(table);
	atomic {
		run walker();
		do
		:: whose < MAPPERS -> run mapper(whose); whose++
		:: else -> break
		od;
		whose = 0
	};
	_nr_pr == 1;
	d_step {
		do
		:: whose < MAPPERS ->
			look();
			require(I1_live_leaf_is_found, value == (mapped[whose] -> LEAF(whose) : 0));
			whose++
		:: else -> break
		od;
		reachable = 1 + (ENTRY(ROOT, 0) != NONE);
		if
		:: reachable == 2 -> table = ENTRY(ROOT, 0); reachable = 2 + (ENTRY(table, 0) != NONE)
		:: else
		fi;
		require(I6_pages_balance, pages_live == reachable)
	}
}
