/*
 * top.pml - root and level in one word, mapping and looking below it, a walker beside: for the models of
 * growth. Define MAPPERS; mapper 0 maps where one level more than the first root's is needed, the
 * others where two are.
 *
 * The first root is at level 0 here. Entry 0 of a table is the table below; of the first root it is a
 * page that has been mapped before. Entry 1 + i is what mapper i maps in a table at the level that it
 * needs.
 */
#ifndef LOOKS
#define LOOKS 1
#endif

#define OLD_LEAF 99
#define NEEDS(mapper) (mapper == 0 -> 1 : 2)

byte top_root, top_level;
bool mapped[MAPPERS];

#ifdef BREAK_TORN_READ
/* In program order a writer stores the root, then the level; this is the order that tears. */
inline top_load(r, l)
{
	l = top_level;
	r = top_root
}
#else
/* One load of one word. */
inline top_load(r, l)
{
	d_step { r = top_root; l = top_level }
}
#endif

inline first_root()
{
	page_alloc(root);
	d_step { top_root = root; ENTRY(root, 0) = OLD_LEAF }
}

/* From r at level l down to the table at level `to`. */
inline descend(r, l, to)
{
	do
	:: l > to && r != NONE -> entry_load(r, r, 0); l--
	:: else -> break
	od
}

inline map_below(r, l, to, who)
{
	descend(r, l, to);
	entry_store(r, 1 + who, LEAF(who))
}

/* lookup: what stands in entry `index` of the table at level `at`; 0: nothing, or above the root. */
inline look(r, l, at, index, found)
{
	top_load(r, l);
	found = 0;
	if
	:: l >= at ->
		descend(r, l, at);
		if
		:: r != NONE -> entry_load(found, r, index)
		:: else /* never */
		fi
	:: else
	fi
}

/* Lookups in foreign ranges: what was mapped before the lookup began is found, and nothing else. */
proctype walker()
{
	byte root, level, value, left = LOOKS, whose;
	bool sure;

	do
	:: left > 0 ->
		if
		:: look(root, level, 0, 0, value);
			require(I1_live_leaf_is_found, value == OLD_LEAF)
		:: atomic { select(whose : 0 .. MAPPERS - 1); sure = mapped[whose] };
			look(root, level, NEEDS(whose), 1 + whose, value);
			require(I1_live_leaf_is_found, value == LEAF(whose) || (value == 0 && !sure))
		fi;
		d_step { root = 0; level = 0; value = 0; whose = 0; sure = false; left-- }
	:: else -> break
	od
}

/* At rest. */
inline all_is_found()
{
	d_step {
		look(root, level, 0, 0, value);
		require(I1_live_leaf_is_found, value == OLD_LEAF);
		i_ = 0;
		do
		:: i_ < MAPPERS ->
			look(root, level, NEEDS(i_), 1 + i_, value);
			require(I1_live_leaf_is_found, value == (mapped[i_] -> LEAF(i_) : 0));
			i_++
		:: else -> break
		od;
		i_ = 0
	}
}

inline run_mappers_and_walker()
{
	atomic {
		run walker();
		value = 0;
		do
		:: value < MAPPERS -> run mapper(value, NEEDS(value)); value++
		:: else -> break
		od;
		value = 0
	};
	_nr_pr == 1
}
