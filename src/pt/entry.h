/*
 * entry.h - the few ways to touch a page-table entry, each with its memory order and its partner.
 *
 * Entries are touched through these functions only. An empty entry is 0 in every format. P1 to P5
 * are the pairs of docs/memory-ordering.md.
 *
 *       publishes                 pairs with
 *   P1  entry_install (release)   entry_load and entry_take: who reads the pointer sees the zeroes
 *                                 of the table behind it
 *       entry_put     (release)   the same, where a lock or a single thread excludes other writers
 *   P2  entry_install (release)   the acquire of a lost entry_install: the same for the loser
 *   P3  entry_leaf    (release)   entry_load in a lookup: who translates through the leaf sees what
 *                                 its owner wrote before mapping (the payload of a device)
 *
 * entry_peek, entry_clear and entry_unlink order nothing for others: the entries belong to the
 * caller's range. What keeps "cleared, then handed to another owner" in order is the release and
 * acquire of the IOVA allocator; what keeps "unlinked, then freed" in order is the grace period
 * (P5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pt/lab.h"
#include "pt/observe.h"
#include "sys/atomic.h"

#define PT_ENTRIES 512u
#define PT_INDEX_LG2 9u
#define PT_PAGE_LG2 12u

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

typedef _Atomic(uint64_t) pt_entry;
_Static_assert(sizeof(pt_entry) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "hardware reads 8 bytes");

struct pt_table {
	pt_entry e[PT_ENTRIES];
};
_Static_assert(sizeof(struct pt_table) == 4096, "a table fills a page");

/* log2 of the bytes one entry of a table at `level` spans. */
ALWAYS_INLINE unsigned entry_lg2(unsigned level)
{
	return PT_PAGE_LG2 + PT_INDEX_LG2 * level;
}

ALWAYS_INLINE pt_entry *entry_slot(struct pt_table *table, unsigned level, uint64_t iova)
{
	return &table->e[(iova >> entry_lg2(level)) % PT_ENTRIES];
}

/* A walker's read. acquire: pairs with entry_install and entry_put (P1), and entry_leaf (P3). */
ALWAYS_INLINE uint64_t entry_load(pt_entry *slot)
{
	return at_load(slot, acquire);
}

/* An owner's look at an entry it will not follow. relaxed: nothing is read through it. */
ALWAYS_INLINE uint64_t entry_peek(pt_entry *slot)
{
	return at_load(slot, relaxed);
}

/* An owner's leaf. P3: release, pairs with the entry_load of a lookup or device. */
ALWAYS_INLINE void entry_leaf(pt_entry *slot, uint64_t leaf)
{
	/* RELAXED_LEAF: a reader translates, and does not see what was there to be translated to. */
	if (mutant(RELAXED_LEAF))
		at_store(slot, leaf, relaxed);
	else
		at_store(slot, leaf, release);
}

/*
 * A leaf where nothing stands; false, and nothing changed, where something does. relaxed: the look
 * is at one's own entry. P3: the store as above. Not atomic together: towards another writer of the
 * same entry it promises what the Intel driver's CPU-local compare-exchange does (walk_intel.h).
 */
ALWAYS_INLINE bool entry_leaf_once(pt_entry *slot, uint64_t leaf)
{
	if (entry_peek(slot))
		return false;
	entry_leaf(slot, leaf);
	return true;
}

/* An owner's leaf goes. relaxed: see the top. */
ALWAYS_INLINE void entry_clear(pt_entry *slot)
{
	at_store(slot, 0, relaxed);
}

/*
 * A table goes into a slot that others may fill too. False: lost, *seen is what stands there.
 * Won: release, the zeroed page before its pointer (P1). Lost: acquire, pairs with the winner's
 * release, for its page is followed (P2).
 */
ALWAYS_INLINE bool entry_install(pt_entry *slot, uint64_t *seen, uint64_t table)
{
	/*
	 * RELAXED_PUBLISH (RISC-V, RVCK pull request 309): a walker, or a loser (P2), reaches the page and
	 * does not see its zeroes. acquire orders nothing of the winner's.
	 */
	if (mutant(RELAXED_PUBLISH))
		return observe_cas(CAS_INSTALL, at_cas(slot, seen, table, acquire, acquire));
	/* RELAXED_FAILURE: only who wins was thought of; the loser reads through what it lost to. */
	if (mutant(RELAXED_FAILURE))
		return observe_cas(CAS_INSTALL, at_cas(slot, seen, table, release, relaxed));
	return observe_cas(CAS_INSTALL, at_cas(slot, seen, table, release, acquire));
}

/* A table goes into a slot that nobody else can fill now. P1: release, walkers take no lock. */
ALWAYS_INLINE void entry_put(pt_entry *slot, uint64_t table)
{
	/* B17: the lock orders writers, but whoever walks has not taken it. */
	if (mutant(B17_RELAXED_LINK))
		at_store(slot, table, relaxed);
	else
		at_store(slot, table, release);
}

/*
 * Take the table `seen` out of its slot. True for exactly one caller, who retires it, even where
 * two writers break the contract. relaxed: `seen` was read with entry_load (P1), and the release of
 * the retiring worker's quiescent state comes after (P5).
 */
ALWAYS_INLINE bool entry_unlink(pt_entry *slot, uint64_t seen)
{
	return observe_cas(CAS_UNLINK, at_cas(slot, &seen, 0, relaxed, relaxed));
}

/*
 * Empty the slot whatever it holds, and return that (the 2019 driver's free_clear_pte). Won:
 * acquire, the caller walks a table it has taken; pairs with entry_install (P1). Lost, and the look
 * before: relaxed, the value is only what to expect.
 */
ALWAYS_INLINE uint64_t entry_take(pt_entry *slot)
{
	uint64_t seen = at_load(slot, relaxed);

	while (!observe_cas(CAS_CLEAR, at_cas(slot, &seen, 0, acquire, relaxed)))
		;
	return seen;
}
