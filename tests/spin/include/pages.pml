/*
 * pages.pml - what the models share: named invariants, table pages, read sections, grace periods.
 *
 * Include it after defining PAGES (how many there are) and ENTRIES (of each). Threads are numbered
 * from 0, at most 8. Pages are numbered from 1; NONE is 0, which is an empty entry too.
 *
 * An access to an entry is one step, as an atomic access of src/pt/entry.h is, and each asserts that
 * the page is not free. The lowest free page is handed out next, so a freed one comes back as soon as
 * can be: what fails only if an address is used again (ABA) fails here. A page is empty when handed
 * out; that the zeroes are visible before the pointer is a matter of memory orders, which Promela does
 * not have.
 *
 * The grace period is the ideal one: a page that is retired is freed in the step in which the last of
 * the read sections that were open then ends. No real one frees earlier; qsbr.pml is about the real one.
 */

/* Never written: only their names matter, pan prints them with what was violated. */
hidden byte I1_live_leaf_is_found;
hidden byte I2_no_use_of_freed_page;
hidden byte I3_freed_once;
hidden byte I4_dead_stays_dead;
hidden byte I5_unlinker_retires;
hidden byte I6_pages_balance;
hidden byte enough_pages;      /* for the bounds of the model; not a claim about iopt */

#define require(name, condition) assert((condition) || name)

#define NONE 0
#define LEAF(owner) (100 + (owner)) /* no page has such a number */

mtype = { FREE_PAGE, LIVE_PAGE, RETIRED_PAGE };

#define TOKEN(thread) (1 << (thread))

mtype page_is[PAGES + 1] = FREE_PAGE;
byte waits_for[PAGES + 1];    /* retired: the threads whose sections must end first */
byte page_entry[(PAGES + 1) * ENTRIES];
byte pages_live;              /* neither free nor retired */
byte reading;                 /* threads inside a read section */
hidden byte i_, j_;           /* inside one d_step only */

#ifndef PAGE_MADE
#define PAGE_MADE(page)       /* what a model keeps of a page besides, as it is in a new one */
#endif

#define ENTRY(page, index) page_entry[(page) * ENTRIES + (index)]

/* No page: a walk that had to lead to a table has ended before it, or led astray. */
inline use(page)
{
	require(I1_live_leaf_is_found, page != NONE && page <= PAGES);
	require(I2_no_use_of_freed_page, page_is[page] != FREE_PAGE)
}

/* Its content is forgotten: whoever looks at a free page has failed already. */
inline page_forget(page)
{
	PAGE_MADE(page)
	page_is[page] = FREE_PAGE;
	waits_for[page] = 0;
	j_ = 0;
	do
	:: j_ < ENTRIES -> ENTRY(page, j_) = 0; j_++
	:: else -> break
	od;
	j_ = 0                /* spin wants the last step of a d_step to be no jump */
}

inline page_alloc(page)
{
	d_step {
		page = 1;
		do
		:: page <= PAGES && page_is[page] != FREE_PAGE -> page++
		:: else -> break
		od;
		require(enough_pages, page <= PAGES);
		page_is[page] = LIVE_PAGE;
		pages_live++
	}
}

/* Or there is no memory: NONE. */
inline page_alloc_or_not(page)
{
	if
	:: page_alloc(page)
	:: page = NONE
	fi
}

/* At once: nobody else has seen it. */
inline page_free(page)
{
	d_step {
		require(I3_freed_once, page_is[page] == LIVE_PAGE);
		pages_live--;
		page_forget(page)
	}
}

inline page_retire_for(page, threads)
{
	d_step {
		require(I5_unlinker_retires, page_is[page] == LIVE_PAGE);
		page_is[page] = RETIRED_PAGE;
		pages_live--;
		waits_for[page] = threads;
		if
		:: threads == 0 -> page_forget(page)
		:: else
		fi
	}
}

#ifdef BREAK_NO_GRACE
#define page_retire(page) page_retire_for(page, 0)
#else
#define page_retire(page) page_retire_for(page, reading)
#endif

inline section_begin(thread)
{
	reading = reading | TOKEN(thread)
}

/* Also from grace periods somebody waits for: wait_for[] of those models that have it. */
inline section_end(thread)
{
	d_step {
		reading = reading & ~TOKEN(thread);
#ifdef WAITERS
		i_ = 0;
		do
		:: i_ < WAITERS -> grace_needs[i_] = grace_needs[i_] & ~TOKEN(thread); i_++
		:: else -> break
		od;
#endif
		i_ = 1;
		do
		:: i_ <= PAGES ->
			if
			:: page_is[i_] == RETIRED_PAGE ->
				waits_for[i_] = waits_for[i_] & ~TOKEN(thread);
				if
				:: waits_for[i_] == 0 -> page_forget(i_)
				:: else
				fi
			:: else
			fi;
			i_++
		:: else -> break
		od;
		i_ = 0
	}
}

inline entry_load(value, page, index)
{
	d_step { use(page); value = ENTRY(page, index) }
}

inline entry_store(page, index, value)
{
	d_step { use(page); ENTRY(page, index) = value }
}

/* As in C: lost, and `seen` is what stands there. */
inline entry_cas(won, page, index, seen, value)
{
	d_step {
		use(page);
		won = (ENTRY(page, index) == seen);
		if
		:: won -> ENTRY(page, index) = value
		:: else -> seen = ENTRY(page, index)
		fi
	}
}
