/*
 * slot.pml - one slot, the table in it, an owner for each entry of the table: what the models of
 * reclamation have in common. Include after pages.pml.
 *
 * The slot is entry 0 of the page ROOT, which never goes. `version` is what an owner says of its entry:
 * odd from when its map has returned until its unmap begins.
 */
#define ROOT 1
#define WALKER 7                /* its number among the threads; owners are 0, 1, … */

byte version[ENTRIES];
#define IS_MAPPED(owner) (version[owner] & 1)

inline first_root()
{
	d_step { page_is[ROOT] = LIVE_PAGE; pages_live = 1 }
}

/*
 * Into a read section, and to the table in the slot; it is installed if none is there. Beginning the
 * section and the first load are one step: in between, a grace period would only last longer.
 */
inline reach_table()
{
	atomic { section_begin(me); entry_load(table, ROOT, 0) };
	if
	:: table == NONE ->
		page_alloc(fresh);
		entry_cas(won, ROOT, 0, table, fresh); /* lost: table is the winner's */
		if
		:: won -> table = fresh
		:: else -> page_free(fresh)
		fi;
		fresh = NONE
	:: else
	fi
}

/* A leaf in one's own entry. */
inline leaf_store()
{
	atomic {
		entry_store(table, me, LEAF(me));
		require(I4_dead_stays_dead, page_is[table] == LIVE_PAGE)
	}
}

inline unlink()
{
	atomic { seen = table; entry_cas(won, ROOT, 0, seen, 0) }
}

/* By its owner, after the map. */
inline look_for_own()
{
	atomic { section_begin(me); entry_load(table, ROOT, 0) };
	require(I1_live_leaf_is_found, table != NONE);
	atomic {
		entry_load(seen, table, me);
		require(I1_live_leaf_is_found, seen == LEAF(me));
		section_end(me)
	};
	d_step { table = 0; seen = 0 }
}

/* By somebody else, entry 0: mapped all the time means found. */
proctype walker()
{
	byte table, value, before, left = LOOKS;

	do
	:: left > 0 ->
		atomic { before = version[0]; section_begin(WALKER); entry_load(table, ROOT, 0) };
		if
		:: table != NONE -> entry_load(value, table, 0)
		:: else
		fi;
		atomic {
			require(I1_live_leaf_is_found,
				value == LEAF(0) || version[0] != before || !IS_MAPPED(0));
			section_end(WALKER);
			table = 0; value = 0; before = 0; left--
		}
	:: else -> break
	od
}
