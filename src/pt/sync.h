/*
 * sync.h - how concurrent callers are kept apart: one small const struct of plain functions each.
 *
 * Who may run beside whom, inside one table (beside what engine.h says of whole operations):
 *
 *                       map/unmap of   map/unmap of   lookup,   publish    unlink of a table
 *                       same entries   same tables    any       into slot  under own range
 *   enter .. leave          X              o/-          o          o/-         X
 *   lookup                  o              o            o          o           o (grace period)
 *
 *   X: the caller excludes it (one owner a range); o: at once; -: never at once under a lock, which
 *   is what makes publish there a plain store that cannot lose.
 *
 * A lookup takes no lock in any engine: what it may stand in is retired, not freed.
 */
#pragma once

#include "pt/format.h"
#include "pt/pt.h"

struct pt_sync {
	void (*enter)(struct pt *pt, struct pt_worker *w);
	void (*leave)(struct pt *pt, struct pt_worker *w);
	/* Put a table pointer into *slot, which held *seen. False: lost; *seen is what is there. */
	bool (*publish)(pt_entry *slot, uint64_t *seen, uint64_t entry);
	/* The same for root and level. */
	bool (*publish_top)(struct pt *pt, uint64_t *seen, uint64_t top);
	/* 2019: free_clear_pte(). Empty the slot; a table that it returns belongs to the caller. */
	uint64_t (*take)(const struct pt_format *f, pt_entry *slot, unsigned level);
};

ALWAYS_INLINE void enter_nothing(struct pt *pt, struct pt_worker *w)
{
	(void)pt;
	(void)w;
}

#define DEFINE_ENTER_LEAVE(name, sync, in_line)                                                    \
	ALWAYS_INLINE void name##_enter(struct pt *pt, struct pt_worker *w)                        \
	{                                                                                          \
		name##_acquire(&pt->lock.name, &w->node);                                          \
		observe_entered(&pt->holder, w->id);                                               \
	}                                                                                          \
	ALWAYS_INLINE void name##_leave(struct pt *pt, struct pt_worker *w)                        \
	{                                                                                          \
		observe_leaving();                                                                 \
		name##_release(&pt->lock.name, &w->node);                                          \
		observe_left();                                                                    \
	}

PT_LOCKS(DEFINE_ENTER_LEAVE)

/* Nobody else fills slots: the lock, or being alone, excludes it. */
ALWAYS_INLINE bool publish_store(pt_entry *slot, uint64_t *seen, uint64_t entry)
{
	(void)seen;
	entry_put(slot, entry);
	return true;
}

ALWAYS_INLINE bool publish_top_store(struct pt *pt, uint64_t *seen, uint64_t top)
{
	(void)seen;
	/* P4: release, pairs with top_load of those who take no lock. */
	if (mutant(RELAXED_TOP))
		at_store(&pt->top, top, relaxed);
	else
		at_store(&pt->top, top, release);
	return true;
}

ALWAYS_INLINE bool publish_top_cas(struct pt *pt, uint64_t *seen, uint64_t top)
{
	/*
	 * RELAXED_TOP: the new root is reached, and its pointer to the old one is not seen. acquire orders
	 * nothing of the winner's.
	 */
	if (mutant(RELAXED_TOP))
		return observe_cas(CAS_TOP, at_cas(&pt->top, seen, top, acquire, acquire));
	/* P4: won: release, pairs with top_load, the new levels before the word. Lost: acquire,
	 * pairs with the winner's release, for its levels are walked. */
	return observe_cas(CAS_TOP, at_cas(&pt->top, seen, top, release, acquire));
}

ALWAYS_INLINE uint64_t take_cas(const struct pt_format *f, pt_entry *slot, unsigned level)
{
	(void)f;
	(void)level;
	return entry_take(slot);
}

/*
 * The reviewer's question: what if free_clear_pte() did not compare and exchange? Leaves go with a
 * plain store. A table must still go to one taker only, or it would be freed twice.
 */
ALWAYS_INLINE uint64_t take_plain(const struct pt_format *f, pt_entry *slot, unsigned level)
{
	uint64_t seen = entry_peek(slot);

	if (f->is_table(seen, level))
		return entry_take(slot);
	entry_clear(slot);
	return 0;
}

#define SYNC_LOCKED(lock)                                                                          \
	{ .enter = lock##_enter, .leave = lock##_leave, .publish = publish_store,                  \
	  .publish_top = publish_top_store }

static const struct pt_sync sync_none = { .enter = enter_nothing, .leave = enter_nothing,
				     .publish = publish_store, .publish_top = publish_top_store };
static const struct pt_sync sync_mutex = SYNC_LOCKED(kmutex);
static const struct pt_sync sync_spin = SYNC_LOCKED(qspin);
static const struct pt_sync sync_ticket = SYNC_LOCKED(ticket);
static const struct pt_sync sync_mcs = SYNC_LOCKED(mcs);
static const struct pt_sync sync_lockless = { .enter = enter_nothing, .leave = enter_nothing,
					 .publish = entry_install, .publish_top = publish_top_cas };

/* The Intel driver installs as lockless does; its body only ever expects an empty slot. */
#define sync_lockless_intel sync_lockless

/*
 * 2019: the driver installed by compare-exchange with the lock as without it, and grew under the
 * domain spinlock in both (walk2019.h), so only enter and leave differ.
 */
#define SYNC_2019(lock)                                                                            \
	{ .enter = lock##_enter, .leave = lock##_leave, .publish = entry_install, .take = take_cas }

static const struct pt_sync sync_mutex_2019 = SYNC_2019(kmutex);
static const struct pt_sync sync_spin_2019 = SYNC_2019(qspin);
static const struct pt_sync sync_pthread_2019 = SYNC_2019(pmutex);
static const struct pt_sync sync_lockless_2019 = { .enter = enter_nothing, .leave = enter_nothing,
					      .publish = entry_install, .take = take_cas };
static const struct pt_sync sync_plain_2019 = { .enter = enter_nothing,
						    .leave = enter_nothing,
						    .publish = entry_install,
						    .take = take_plain };
