/*
 * growth_device.pml - after growth the device must be told: it walks from a copy of its device table
 * entry, and knows nothing of the software's root. Whoever finds a taller root than the device is
 * known to have obeyed tells it and waits, before its map returns.
 *
 * Models       domain_run, step 2 (src/iotlb/domain.h); unit_set_dte, unit_invalidate_dte,
 *              unit_complete, unit_completed, unit_obey, unit_translate (src/iotlb/unit.h)
 * Leaves out   pages: a root is its level, for growing keeps the old tree below entry 0 (growth.pml); the
 *              IOTLB (flush.pml); several units: each is told in the same way
 * Invariants   I1 a map has returned: the device finds it       the_tallest_stays
 * Bounds       three workers that need 1, 2 and 2 levels more, each maps once; a ring of RING commands;
 *              the device translates as often as it likes
 *
 *   clean                        :   100000 : three workers, a ring of six
 *   clean  RING=2                :    85000 : the same, the ring is full at times
 *   mutant BREAK_ONLY_GROWER     : I1_live_leaf_is_found : B6, only who grew the root tells
 *   mutant BREAK_TOLD_AFTER      : I1_live_leaf_is_found : B6, told after the map has returned
 *   mutant BREAK_NOT_AWAITED     : I1_live_leaf_is_found : B5, queued, but not waited for
 *   mutant BREAK_SEEN_TOO_EARLY  : I1_live_leaf_is_found : dte_seen is set before the device has obeyed
 *   mutant BREAK_ONLY_CHANGER    : I1_live_leaf_is_found : who finds the entry changed already does not queue
 *   mutant BREAK_LAST_STAYS      : I1_live_leaf_is_found : the entry is what was told last, not the tallest
 */
#ifndef RING
#define RING 6
#endif
#define WORKERS 3
#define NEEDS(worker) (worker == 0 -> 1 : 2)

#define require(name, condition) assert((condition) || name)
hidden byte I1_live_leaf_is_found;
hidden byte the_tallest_stays;

mtype = { INVALIDATE_DTE, COMPLETION_WAIT };

byte top_level;                 /* of the software's root */
byte dte;                       /* level of the root in the device table entry, in memory */
byte dte_copy;                  /* what the device walks from */
byte dte_seen;                  /* what the device is known to have obeyed */
chan ring = [RING] of { mtype, byte };
byte tickets;                   /* given out */
byte completed;                 /* the last one the device has carried out */
bool returned[WORKERS];         /* the map has returned */

/* A compare-exchange of the word, growth.pml has it in detail. won: it was we who grew it. */
inline grow()
{
	d_step {
		won = (top_level < needed);
		if
		:: won -> top_level = needed
		:: else
		fi
	}
}

inline unit_set_dte(level)
{
	d_step {
		changed = (dte < level);
#ifdef BREAK_LAST_STAYS
		dte = level
#else
		dte = (changed -> level : dte)
#endif
	}
}

/* The ticket is given out with its place in the ring. */
inline unit_complete()
{
	atomic { nfull(ring) -> tickets++; ticket = tickets; ring!COMPLETION_WAIT(ticket) }
}

inline raise_dte_seen(level)
{
	d_step { dte_seen = (dte_seen < level -> level : dte_seen) }
}

inline tell_the_device()
{
	d_step { level = top_level };
	if
#ifdef BREAK_ONLY_GROWER
	:: won ->
#else
	:: level > dte_seen ->
#endif
		unit_set_dte(level);
#ifdef BREAK_SEEN_TOO_EARLY
		raise_dte_seen(level);
#endif
		if
#ifdef BREAK_ONLY_CHANGER
		:: changed ->
#else
		:: true ->
#endif
			ring!INVALIDATE_DTE(0);
#ifndef BREAK_NOT_AWAITED
			unit_complete();
			completed >= ticket;
#endif
			skip
#ifdef BREAK_ONLY_CHANGER
		:: else
#endif
		fi;
		raise_dte_seen(level)
	:: else
	fi
}

proctype worker(byte me; byte needed)
{
	byte level, ticket;
	bool won, changed;

	grow();
#ifdef BREAK_TOLD_AFTER
	returned[me] = true;
	tell_the_device();
#else
	tell_the_device();
	returned[me] = true;
#endif
	d_step { level = 0; ticket = 0; won = false; changed = false }
}

proctype device()
{
	byte ticket, whose;

end:	do
	:: ring?INVALIDATE_DTE(_) -> dte_copy = dte
	:: ring?COMPLETION_WAIT(ticket) -> d_step { completed = ticket; ticket = 0 }
	:: atomic {
		select(whose : 0 .. WORKERS - 1);
		/* translates the address that this worker maps */
		require(I1_live_leaf_is_found, !returned[whose] || dte_copy >= NEEDS(whose));
		whose = 0
	   }
	od
}

init {
	atomic { run device(); run worker(0, 1); run worker(1, 2); run worker(2, 2) };
	_nr_pr == 2;                    /* the device is left */
	require(the_tallest_stays, dte == top_level && dte_seen == top_level)
}
