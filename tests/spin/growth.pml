/*
 * growth.pml - the root grows as in the modern engines: the missing levels are built aside, one
 * compare-exchange of the word of root and level publishes them, and who loses frees its whole chain.
 *
 * Models       pt_grow and build_chain (src/pt/cold.c), map_begin (src/pt/walk.h), publish_top_cas
 *              (src/pt/sync.h), top_load (src/pt/pt.h), walk and lookup (src/pt/kit.h)
 * Leaves out   levels below the first root; the tables between the root and a leaf other than those that
 *              growth makes: a mapping that needs level n is an entry of the table at level n
 * Invariants   I1 what was mapped is found, also the page that was there before the growth
 *              I2 no use of a page that is free     I3 freed once
 *              I6 pages that live are those of the tree
 *              no_taller_than_needed
 * Bounds       mappers that need 1, 2 and 2 levels more, one walker with LOOKS lookups; any allocation
 *              may fail
 *
 *   clean  LOOKS=2           :   129000 : two mappers, a walker that looks twice
 *   clean  MAPPERS=3 LOOKS=0 :   742000 : three mappers
 *   mutant BREAK_PLAIN_STORE : I6_pages_balance : the new word is stored, not compared: a level is lost
 *   mutant BREAK_TORN_READ   : I1_live_leaf_is_found : B3, level and root read one after the other
 *   mutant BREAK_TORN_WRITE  : I1_live_leaf_is_found : B3, root and level written one after the other
 *   mutant BREAK_EARLY       : I1_live_leaf_is_found : published before entry 0 leads to the old root
 *   mutant BREAK_LEAK        : I6_pages_balance : who loses frees the first page of its chain only
 *   mutant BREAK_LEAK_ENOMEM : I6_pages_balance : out of memory half-way up, what was built stays
 *   mutant BREAK_KEEPS_OWN   : I1_live_leaf_is_found : who loses maps below its own chain
 *   mutant BREAK_FREES_TWICE : I3_freed_once : who loses frees its chain, then once more
 */
#ifndef MAPPERS
#define MAPPERS 2
#endif
#define PAGES 7
#define ENTRIES (1 + MAPPERS)     /* entry 0: the table below; then one for each mapper */
#include "include/pages.pml"
#include "include/top.pml"

hidden byte no_taller_than_needed;

#if defined BREAK_PLAIN_STORE
inline publish_top()
{
	d_step { top_root = last; top_level = needed; won = true }
}
#elif defined BREAK_TORN_WRITE
inline publish_top()
{
	d_step { won = (top_root == root && top_level == level) };
	if
	:: won -> top_root = last; top_level = needed
	:: else -> top_load(root, level)
	fi
}
#else
/* publish_top_cas: lost, and root and level are what stands there. */
inline publish_top()
{
	d_step {
		won = (top_root == root && top_level == level);
		if
		:: won -> top_root = last; top_level = needed
		:: else -> root = top_root; level = top_level
		fi
	}
}
#endif

#ifdef BREAK_EARLY
#define link_below(page, below) skip
#else
#define link_below(page, below) entry_store(page, 0, below)
#endif

/* One or two levels, from above `level` to `needed`. chain is the lower page, last the upper. */
inline build_chain()
{
	page_alloc_or_not(chain);
	if
	:: chain == NONE -> goto out_of_memory
	:: else -> link_below(chain, root)
	fi;
	last = chain;
	if
	:: level + 1 < needed ->
		page_alloc_or_not(last);
		if
		:: last == NONE ->
#ifndef BREAK_LEAK_ENOMEM
			page_free(chain);
#endif
			goto out_of_memory
		:: else -> link_below(last, chain)
		fi
	:: else
	fi
}

inline free_chain()
{
#ifndef BREAK_LEAK
	if
	:: last != chain -> page_free(last)
	:: else
	fi;
#endif
	page_free(chain)
}

inline grow()
{
	do
	:: level < needed ->
		d_step { old_root = root };
		build_chain();
		publish_top();
		if
		:: won ->
#ifdef BREAK_EARLY
			entry_store(chain, 0, old_root);
			if
			:: last != chain -> entry_store(last, 0, chain)
			:: else
			fi;
#endif
			break
		:: else ->
#ifdef BREAK_KEEPS_OWN
			d_step { root = last; level = needed };
			goto grown
#else
			free_chain()
#ifdef BREAK_FREES_TWICE
			;
			page_free(chain)
#endif
#endif
		fi
	:: else -> break
	od
}

proctype mapper(byte me; byte needed)
{
	byte root, level, chain, last, old_root, value;
	bool won;

	top_load(root, level);
	if
	:: level < needed -> grow(); top_load(root, level)
	:: else
	fi;
	d_step { chain = 0; last = 0; old_root = 0; won = false };
grown:
	map_below(root, level, needed, me);
	mapped[me] = true;                      /* the map has returned */
	look(root, level, needed, 1 + me, value);
	require(I1_live_leaf_is_found, value == LEAF(me));
out_of_memory:
	skip;
	d_step { root = 0; level = 0; chain = 0; last = 0; old_root = 0; value = 0; won = false }
}

init {
	byte root, level, value;

	first_root();
	run_mappers_and_walker();
	require(no_taller_than_needed, top_level <= 2);
	require(I6_pages_balance, pages_live == 1 + top_level);
	all_is_found()
}
