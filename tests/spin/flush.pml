/*
 * flush.pml - the device's side of an unmap, and of a large page over a table: the device has cached
 * leaves and tables, so the range is invalidated and the completion awaited before a page goes back or
 * the operation returns. No grace period of the CPUs covers the device.
 *
 * Models       domain_run, step 3 (src/iotlb/domain.h); unit_invalidate, unit_complete, unit_completed,
 *              unit_obey, unit_translate (src/iotlb/unit.h); the walk and leaf cache (src/iotlb/iotlb.h);
 *              B4: the flag `updated` of a 2019 domain
 * Leaves out   walkers among the CPUs (coverage.pml); growth (growth_device.pml); the sizes of pages and
 *              commands (B20 and B22 are arithmetic: tests/unit, the race of `iopt verify`)
 * Invariants   I2 the device never walks through a free table     no_stale_translation: a translation
 *              beside which its page did not change gives what the owner mapped, or nothing if nothing is
 * Bounds       two workers, each with a range of its own: a 4K leaf in a table; ROUNDS and OTHERS_ROUNDS
 *              rounds of map, perhaps unmap and map again, a large page over it, unmap; a ring of RING commands; a device that
 *              translates as often as it likes and drops nothing unless told
 *
 *   clean  ROUNDS=1              :  1560000 : two workers, a round each
 *   clean  OTHERS_ROUNDS=0 ROUNDS=3 :    20000 : one worker, three rounds
 *   clean  B4_FLAG OTHERS_ROUNDS=0 :    12000 : the flag of 2019 with one worker is right
 *   mutant B4_FLAG               : I2_no_use_of_freed_page : B4, one worker's flush clears the other's flag
 *   mutant BREAK_NOT_AWAITED     : I2_no_use_of_freed_page, no_stale_translation : B5, freed before the flush has completed
 *   mutant BREAK_NO_PDE          : I2_no_use_of_freed_page : B19, the command leaves the walk cache alone
 *   mutant BREAK_FREED_FIRST     : I2_no_use_of_freed_page : freed, then flushed
 *   mutant BREAK_FLUSHED_FIRST   : I2_no_use_of_freed_page : flushed, then unlinked
 *   mutant BREAK_UNMAP_NO_FLUSH  : no_stale_translation : an unmap returns without a flush
 *   mutant BREAK_OTHERS_TICKET   : I2_no_use_of_freed_page, no_stale_translation : B21, waits for what was queued before its own command
 */
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef OTHERS_ROUNDS
#define OTHERS_ROUNDS 1
#endif
#ifndef RING
#define RING 4
#endif
#define RANGES 2
#define PAGES 3
#define ENTRIES 1
#include "include/pages.pml"

hidden byte no_stale_translation;
#define SMALL(owner) (100 + (owner))
#define LARGE(owner) (200 + (owner))
#define IS_TABLE(entry) ((entry) != NONE && (entry) <= PAGES)

mtype = { INVALIDATE, INVALIDATE_PDE, COMPLETION_WAIT };

byte entry[RANGES];             /* of the root: a table, a large leaf, or nothing */
byte word[RANGES];              /* the owner's: version << 1 | changing */
byte answer[RANGES];            /* what a device finds while nothing changes */
chan ring = [RING] of { mtype, byte };
byte tickets, completed;
byte cached_leaf[RANGES];       /* the IOTLB */
byte cached_table[RANGES];      /* the walk cache */
bool updated;                   /* B4 */

inline changing()
{
	word[me]++
}

inline returned(found)
{
	d_step { answer[me] = found; word[me]++ }
}

inline queue_completion()
{
	atomic { nfull(ring) -> tickets++; ticket = tickets; ring!COMPLETION_WAIT(ticket) }
}

inline invalidate_and_wait(command)
{
#ifdef BREAK_OTHERS_TICKET
	ticket = tickets;
	ring!command(me);
	queue_completion();
	ticket--;
	completed >= ticket;
#elif defined BREAK_NOT_AWAITED
	ring!command(me);
#else
	ring!command(me);
	queue_completion();
	completed >= ticket;
#endif
	ticket = 0
}

#ifdef BREAK_NO_PDE
#define WITH_TABLES INVALIDATE
#else
#define WITH_TABLES INVALIDATE_PDE
#endif

/* A flush because a table has gone: if one's own is due. B4: if the domain's flag says so. */
inline flush_and_free()
{
#ifdef BREAK_FREED_FIRST
	page_free(table);
#endif
#ifdef B4_FLAG
	if
	:: updated -> invalidate_and_wait(WITH_TABLES); updated = false
	:: else                         /* somebody has flushed, it seems */
	fi;
#elif !defined BREAK_FLUSHED_FIRST
	invalidate_and_wait(WITH_TABLES);
#endif
#ifndef BREAK_FREED_FIRST
	page_free(table)
#endif
}

inline map_small()
{
	changing();
	page_alloc(table);
	entry_store(table, 0, SMALL(me));
	entry[me] = table;
	returned(SMALL(me))
}

inline map_small_again()
{
	changing();
	entry_store(table, 0, SMALL(me));
	returned(SMALL(me))
}

inline unmap_small()
{
	changing();
	entry_store(table, 0, NONE);
	invalidate_and_wait(INVALIDATE);        /* the table stays, in the walk cache too */
	returned(NONE)
}

inline map_large_over()
{
	changing();
#ifdef BREAK_FLUSHED_FIRST
	invalidate_and_wait(INVALIDATE_PDE);
#endif
	entry[me] = LARGE(me);
#ifdef B4_FLAG
	updated = true;
#endif
	flush_and_free();
	table = NONE;
	returned(LARGE(me))
}

inline unmap_large()
{
	changing();
	entry[me] = NONE;
#ifndef BREAK_UNMAP_NO_FLUSH
	invalidate_and_wait(INVALIDATE);
#endif
	returned(NONE)
}

proctype worker(byte me; byte left)
{
	byte table, ticket;

	do
	:: left > 0 ->
		map_small();
		if
		:: unmap_small(); map_small_again()
		:: skip
		fi;
		map_large_over();
		unmap_large();
		left--
	:: else -> break
	od
}

/* From the lowest thing that is cached. One read at a time, a table is read as it is now. */
inline translate()
{
	before = word[range];
	if
	:: cached_leaf[range] != NONE -> value = cached_leaf[range]
	:: else ->
		if
		:: cached_table[range] != NONE -> table = cached_table[range]
		:: else -> table = entry[range]
		fi;
		if
		:: IS_TABLE(table) ->
			entry_load(value, table, 0);
			cached_table[range] = table
		:: else -> value = table
		fi;
		cached_leaf[range] = value
	fi;
	require(no_stale_translation,
		before != word[range] || (before & 1) || value == answer[range])
}

/* One thread: what it has obeyed, it has also finished to walk. */
proctype device()
{
	byte range, value, table, before, ticket;

end:	do
	:: atomic { ring?INVALIDATE(range) -> cached_leaf[range] = NONE; range = 0 }
	:: atomic { ring?INVALIDATE_PDE(range) ->
		cached_leaf[range] = NONE; cached_table[range] = NONE; range = 0 }
	:: atomic { ring?COMPLETION_WAIT(ticket) -> completed = ticket; ticket = 0 }
	:: select(range : 0 .. RANGES - 1);
		translate();
		d_step { range = 0; value = 0; table = 0; before = 0 }
	od
}

init {
	atomic { run device(); run worker(0, ROUNDS); run worker(1, OTHERS_ROUNDS) };
	_nr_pr == 2;                    /* the device is left */
	require(I6_pages_balance, pages_live == 0)
}
