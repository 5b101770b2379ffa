/*
 * coverage.pml - freeing a table that one unmap covers (R1), and one that a large page replaces, under
 * lookups in foreign ranges. Whoever covers a table's span owns it, so no mapper can be below; a lookup
 * may stand in it, hence the grace period.
 *
 * Models       leave_tables, make_way (src/pt/walk.h); map_page_2019 over a table (src/pt/walk2019.h);
 *              pt_retire_tree, pt_vacant (src/pt/cold.c); entry_unlink, entry_take (src/pt/entry.h)
 * Leaves out   the real grace period (qsbr.pml), the device's (flush.pml)
 * Invariants   I1 a lookup beside which its page did not change finds it as it is
 *              I2 no use of a page that is free     I5 who takes the pointer retires, exactly one does
 *              I6 pages that live are those of the tree
 * Bounds       a root, a middle table shared by two owners, each with the whole span of one of its
 *              entries; ROUNDS and OTHERS_ROUNDS rounds of: map two small pages, then one of covering
 *              unmap, unmap page by page (the table stays), a large page over the emptied or the full
 *              table, modern and 2019. One walker, LOOKS lookups (1).
 *              OVERLAP: the contract broken, two writers on one range; only safety of memory is asked
 *
 *   clean  ROUNDS=1                         :  2380000 : two owners, a walker
 *   clean  ROUNDS=3 OTHERS_ROUNDS=0         :   308000 : one owner for three rounds, a walker
 *   clean  OTHERS_ROUNDS=2 LOOKS=0          :   211000 : two owners for two rounds
 *   clean  OVERLAP ROUNDS=1                 :   200000 : two writers on one range, a walker
 *   mutant BREAK_NO_GRACE                   : I2_no_use_of_freed_page : retired tables are freed at once
 *   mutant BREAK_FREED_AT_ONCE              : I2_no_use_of_freed_page : B16, what a large page replaces is freed
 *   mutant BREAK_RETIRED_FIRST              : I2_no_use_of_freed_page : retired, then unlinked
 *   mutant BREAK_NOT_COVERED                : I1_live_leaf_is_found : a table goes that is covered by half
 *   mutant BREAK_NOT_VACANT                 : I1_live_leaf_is_found : the large page takes a table that holds leaves
 *   mutant BREAK_LEAK                       : I6_pages_balance : unlinked and forgotten
 *   mutant OVERLAP BREAK_PLAIN_UNLINK       : I5_unlinker_retires : unlinked by a store: two retire the same
 */
#define OWNERS 2
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
#include "include/pages.pml"

#define ROOT 1
#define MIDDLE 2
#define WALKER OWNERS           /* its number among the threads */
#define LARGE(owner) (200 + (owner))
#ifdef OVERLAP
#define SLOT(owner) 0
#define LAST_CHOICE 0
#else
#define SLOT(owner) owner
#define LAST_CHOICE 1
#endif

/* What the owner says of its range, version << 2 | state: a lookup that reads the same stable word
 * before and after knows the answer. */
#define CHANGING 0
#define ABSENT 1
#define SMALL 2
#define BIG 3
byte word[OWNERS] = ABSENT;
#define IS_TABLE(entry) ((entry) != NONE && (entry) <= PAGES)
#define STATE(w) ((w) & 3)

inline changing()
{
	word[me] = (word[me] | 3) + 1   /* the next version, CHANGING */
}

inline stable(state)
{
	word[me] = word[me] + state
}

/* entry_unlink: true for exactly one. */
inline unlink()
{
#ifdef BREAK_PLAIN_UNLINK
	entry_load(seen, MIDDLE, SLOT(me));
	won = (seen == table);
	if
	:: won -> entry_store(MIDDLE, SLOT(me), 0)
	:: else
	fi
#else
	seen = table;
	entry_cas(won, MIDDLE, SLOT(me), seen, 0)
#endif
}

inline unlink_and_retire()
{
#ifdef BREAK_RETIRED_FIRST
	page_retire_for(table, reading & ~TOKEN(me));
#endif
	unlink();
	if
#ifdef BREAK_RETIRED_FIRST
	:: won
#elif defined BREAK_LEAK
	:: won
#else
	:: won -> page_retire(table)
#endif
	:: else
	fi
#ifdef BREAK_NOT_COVERED
	;
	entry_store(ROOT, 0, 0)
#endif
}

/* The table of one's range, built if it is not there; a large page there goes first. */
inline reach_table()
{
	do
	:: entry_load(seen, MIDDLE, SLOT(me));
		if
		:: seen == NONE ->
			page_alloc(table);
			entry_cas(won, MIDDLE, SLOT(me), seen, table);
			if
			:: won -> break
			:: else -> page_free(table)
			fi
		:: seen > PAGES -> entry_store(MIDDLE, SLOT(me), 0)
		:: else -> table = seen; break
		fi
	od
}

inline map_small()
{
	changing();
	reach_table();
	entry_store(table, 0, LEAF(me));
	entry_store(table, 1, LEAF(me));
	stable(SMALL)
}

inline clear_small()
{
	entry_store(table, 0, 0);
	entry_store(table, 1, 0)
}

/* Modern: refused where a leaf stands below (-EADDRINUSE). What the contract wants of it is in `old`. */
inline map_large_where_vacant()
{
	entry_load(first, table, 0);
	entry_load(second, table, 1);
	if
#ifdef BREAK_NOT_VACANT
	:: true ->
#else
	:: first == 0 && second == 0 ->
#endif
		unlink_and_retire();
		entry_store(MIDDLE, SLOT(me), LARGE(me))
#ifndef BREAK_NOT_VACANT
	:: else
#endif
	fi;
	stable((old == SMALL -> SMALL : BIG))
}

/* 2019: whatever stands there is taken (entry_take), then the leaf stored. */
inline map_large_over()
{
	do
	:: entry_load(seen, MIDDLE, SLOT(me));
		table = seen;
		unlink();
		if
		:: won -> break
		:: else
		fi
	od;
	if
#ifdef BREAK_FREED_AT_ONCE
	:: IS_TABLE(table) -> page_free(table)
#else
	:: IS_TABLE(table) -> page_retire(table)
#endif
	:: else
	fi;
	entry_store(MIDDLE, SLOT(me), LARGE(me));
	stable(BIG)
}

proctype owner(byte me; byte left)
{
	byte table, seen, first, second, old;
	bool won;

	do
	:: left > 0 ->
		section_begin(me);
		map_small();
		section_end(me);
		d_step { table = 0; seen = 0 };
		section_begin(me);
		old = STATE(word[me]);
		changing();
		entry_load(table, MIDDLE, SLOT(me));
		if
		:: IS_TABLE(table) ->
			if
			:: clear_small(); unlink_and_retire(); stable(ABSENT)
			:: clear_small(); stable(ABSENT)
			:: clear_small(); old = ABSENT; map_large_where_vacant()
			:: map_large_where_vacant()
			:: map_large_over()
			fi
		:: else -> skip /* never, but where two share a range */
		fi;
		section_end(me);
		d_step { table = 0; seen = 0; first = 0; second = 0; old = 0; won = false; left-- }
	:: else -> break
	od
}

proctype walker()
{
	byte table, value, whose, index, before, left = LOOKS;

	do
	:: left > 0 ->
		atomic { select(whose : 0 .. LAST_CHOICE); select(index : 0 .. LAST_CHOICE) };
		section_begin(WALKER);
		before = word[whose];
		value = 0;
		entry_load(table, ROOT, 0);
		if
		:: table != NONE -> entry_load(table, table, SLOT(whose))
		:: else -> skip /* never */
		fi;
		if
		:: table > PAGES -> value = table
		:: table == NONE
		:: else -> entry_load(value, table, index)
		fi;
#ifndef OVERLAP
		require(I1_live_leaf_is_found, before != word[whose] || STATE(before) == CHANGING ||
			value == (STATE(before) == SMALL -> LEAF(whose) :
				  (STATE(before) == BIG -> LARGE(whose) : 0)));
#endif
		section_end(WALKER);
		d_step { table = 0; value = 0; whose = 0; index = 0; before = 0; left-- }
	:: else -> break
	od
}

init {
	d_step {
		page_is[ROOT] = LIVE_PAGE;
		page_is[MIDDLE] = LIVE_PAGE;
		pages_live = 2;
		ENTRY(ROOT, 0) = MIDDLE
	};
	atomic { run walker(); run owner(0, ROUNDS); run owner(1, OTHERS_ROUNDS) };
	_nr_pr == 1;
	#ifndef OVERLAP
	require(I6_pages_balance, pages_live == 2 + IS_TABLE(ENTRY(MIDDLE, 0)) + IS_TABLE(ENTRY(MIDDLE, 1)))
#endif
}
