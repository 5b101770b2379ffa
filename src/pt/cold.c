/*
 * cold.c - the part of the engines that takes or gives back table pages: rare, slow anyway, and so
 * written once, with format and synchronisation as run-time values.
 */
#include "pt/handicap.h"
#include "pt/kit.h"
#include "sys/clock.h"

/*
 * A loser with the handicap "waste" (handicap.h) does it again: a page more, zeroed as usual, and
 * handed back. False: it has none, or there is no memory.
 */
static bool waste_another(struct pt *pt, struct pt_worker *w, unsigned level)
{
	struct pt_table *another;

	if (!w->handicap || !w->handicap->waste)
		return false;
	another = table_alloc(pt, w, level);
	if (another)
		table_free(w, another);
	return another;
}

int pt_install(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, pt_entry *slot,
	       uint64_t *seen, unsigned level)
{
	/* The race window: from having read the empty entry to one's own table in it. */
	bool timed = w->window && w->window_every && ++w->window_phase >= w->window_every;
	uint64_t begin = timed ? clock_now() : 0, entry;
	struct pt_table *fresh = table_alloc(pt, w, level - 1);

	if (!fresh)
		return -ENOMEM;
	entry = k->f->table(fresh, level);
	lab_point("install: entry read, table not yet in it");
	if (!k->s->publish(slot, seen, entry)) {
		lab_point("install: lost, page not given back");
		w->n.wasted_install[level - 1]++;
		/* LOSER_KEEPS_OWN: below a table that nobody will find. */
		if (mutant(LOSER_KEEPS_OWN)) {
			*seen = entry;
			return 0;
		}
		table_free(w, fresh);
		/* DOUBLE_FREE: once where the race was lost, once more on the common way out. */
		if (mutant(DOUBLE_FREE))
			table_free(w, fresh);
		if (timed && w->vain)
			hist_record(w->vain, (uint64_t)clock_ns(clock_now() - begin));
		w->n.wasted_install[level - 1] += waste_another(pt, w, level - 1);
		return 0;
	}
	if (timed) {
		hist_record(w->window, (uint64_t)clock_ns(clock_now() - begin));
		w->window_phase = 0;
	}
	w->n.installs++;
	*seen = entry;
	return 0;
}

/* Levels from + 1 … to above `root`; chain[l] is at level l + 1. Returns the level reached. */
static unsigned build_chain(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			    struct pt_table *root, unsigned from, unsigned to,
			    struct pt_table **chain)
{
	unsigned l = from;

	for (; l < to; l++) {
		chain[l] = table_alloc(pt, w, l + 1);
		if (!chain[l])
			break;
		/* Seen by nobody yet; published together with the word (P4). */
		entry_put(&chain[l]->e[0], k->f->table(root, l + 1));
		root = chain[l];
	}
	return l;
}

int pt_grow(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, unsigned level)
{
	struct pt_table *chain[PT_LEVELS_MAX];
	uint64_t top = top_load(pt);

	while (top_level(top) < level) {
		unsigned from = top_level(top);
		unsigned built = build_chain(k, pt, w, top_root(top), from, level, chain);

		if (built == level) {
			uint64_t grown = top_word(chain[level - 1], level);

			lab_point("growth: root read, new one not published");
			if (k->s->publish_top(pt, &top, grown)) {
				w->n.growths += level - from;
				return 0;
			}
			w->n.wasted_growth += level - from;
			for (unsigned l = from; l < level; l++)
				w->n.wasted_growth += waste_another(pt, w, l + 1);
		}
		for (unsigned l = from; l < built; l++)
			table_free(w, chain[l]);
		if (built < level)
			return -ENOMEM;
	}
	return 0;
}

/*
 * B1 (until 754265bcab78): no lock, and root and level are two fields. All who found the root too low
 * add a level; of two new roots one is lost, or the level counts one more than there is. The level
 * stops below where shifts by it are undefined; the driver's went on to 7.
 */
static void grow_unlocked(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			  struct pt_table *fresh)
{
	uint64_t top = top_load(pt);
	unsigned from = top_level(top);

	page_desc(fresh)->level = (uint8_t)(from + 1);
	entry_put(&fresh->e[0], k->f->table(top_root(top), from + 1));
	lab_point("growth: root read, new one not published");
	/* P4 as below, twice: root, then level. */
	at_store(&pt->top, top_word(fresh, top_level(top_load(pt))), release);
	lab_point("growth: new root, old level");
	top = top_load(pt);
	if (top_level(top) + 1 < PT_LEVELS_MAX)
		at_store(&pt->top, top_word(top_root(top), top_level(top) + 1), release);
	w->n.growths++;
}

int pt_grow_2019(const struct pt_kit *k, struct pt *pt, struct pt_worker *w, unsigned level)
{
	/* Allocated before the lock, so wasted when another one grew the table meanwhile. */
	struct pt_table *fresh = table_alloc(pt, w, top_level(top_load(pt)) + 1);
	struct lock_node node = { .sleeper = NULL }; /* w->node may be in use by the lock around map */
	uint64_t top;
	unsigned from;

	if (!fresh)
		return -ENOMEM;
	if (mutant(B1_UNLOCKED_GROWTH)) {
		grow_unlocked(k, pt, w, fresh);
		return 0;
	}
	lab_point("growth: page allocated, lock not taken");
	qspin_acquire(&pt->grow_lock, &node);
	observe_grow();
	top = top_load(pt);
	from = top_level(top);
	/* B2 (until e930e792a998): who waited here for the lock adds a level all the same. */
	if (mutant(B2_NO_RECHECK))
		level = from + 1 < PT_LEVELS_MAX ? from + 1 : from;
	if (from < level) {
		page_desc(fresh)->level = (uint8_t)(from + 1);
		entry_put(&fresh->e[0], k->f->table(top_root(top), from + 1));
		lab_point("growth: root read, new one not published");
		/* P4: release, the new root before the word; pairs with top_load. */
		publish_top_store(pt, &top, top_word(fresh, from + 1));
	}
	qspin_release(&pt->grow_lock, &node);
	if (from < level) {
		w->n.growths++;
		return 0;
	}
	w->n.wasted_growth++;
	table_free(w, fresh);
	w->n.wasted_growth += waste_another(pt, w, from);
	return 0;
}

void pt_retire_tree(const struct pt_format *f, struct pt_worker *w, struct pt_table *table,
		    unsigned level)
{
	for (unsigned i = 0; level && i < PT_ENTRIES; i++) {
		uint64_t entry = entry_load(&table->e[i]);

		if (f->is_table(entry, level) && entry_unlink(&table->e[i], entry))
			pt_retire_tree(f, w, f->child(entry), level - 1);
	}
	/* B16 (drivers to this day): somebody's walk may be in there. */
	if (mutant(B16_FREE_AT_ONCE))
		table_free(w, table);
	else
		table_retire(w, table);
}

bool pt_vacant(const struct pt_format *f, struct pt_table *table, unsigned level)
{
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		uint64_t entry = entry_load(&table->e[i]);

		if (!entry)
			continue;
		if (!f->is_table(entry, level) || !pt_vacant(f, f->child(entry), level - 1))
			return false;
	}
	return true;
}
