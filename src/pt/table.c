/*
 * table.c - a table's life: create, destroy, prebuild for the rulers, and what one may ask of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pt/format.h"
#include "pt/pt.h"
#include "pt/table.h"

/* Tags the pages of each table in the pool; 0 is nobody. */
static _Atomic(uint32_t) last_id;
/* Marks the pages one audit or destroy has seen, whichever table they belong to. */
static _Atomic(uint32_t) last_mark;

uint32_t pt_new_mark(void)
{
	/* relaxed: the number only has to be new. */
	return at_add(&last_mark, 1, relaxed) + 1;
}

/* The lock an engine takes is named by its sync; engines without one leave it alone. */
static void lock_init(union pt_lock *lock, const char *sync)
{
#define INIT_IF_NAMED(name, named, in_line)                                                        \
	if (!strcmp(sync, named))                                                                  \
		name##_init(&lock->name);

	PT_LOCKS(INIT_IF_NAMED)
#undef INIT_IF_NAMED
}

bool pt_engine_in_line(const struct pt_engine *engine)
{
#define OR_IF_NAMED(name, named, in_line) || ((in_line) && !strcmp(engine->sync, named))
	return false PT_LOCKS(OR_IF_NAMED);
#undef OR_IF_NAMED
}

int pt_create_levels(struct pt **out, const struct pt_engine *engine, unsigned levels,
		     struct pt_worker *w)
{
	struct pt *pt = aligned_alloc(alignof(struct pt), sizeof(*pt));
	struct pt_table *root;

	if (!pt)
		return -ENOMEM;
	memset(pt, 0, sizeof(*pt));
	pt->engine = engine;
	/* relaxed: the number only has to be new. */
	pt->id = at_add(&last_id, 1, relaxed) + 1;
	root = table_alloc(pt, w, levels - 1);
	if (!root) {
		free(pt);
		return -ENOMEM;
	}
	lock_init(&pt->lock, engine->sync);
	qspin_init(&pt->grow_lock);
	at_init(&pt->top, top_word(root, levels - 1));
	*out = pt;
	return 0;
}

int pt_create(struct pt **out, const struct pt_engine *engine, struct pt_worker *w)
{
	return pt_create_levels(out, engine, PT_LEVEL_FIRST + 1, w);
}

/*
 * Append the tables that `table` points to. In a damaged table one may be reached twice: it is freed
 * once; or be free already, or another table's by now: it is left alone.
 */
static void collect_children(const struct pt_format *f, struct page_list *list,
			     struct pt_table *table, unsigned level, uint32_t owner, uint32_t mark)
{
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		uint64_t entry = entry_load(&table->e[i]);
		struct page_desc *child;

		if (!f->is_table(entry, level))
			continue;
		child = page_desc(f->child(entry));
		if (child->state != PAGE_LIVE || child->owner != owner || child->mark == mark)
			continue;
		child->mark = mark;
		page_list_add(list, child);
	}
}

void pt_destroy(struct pt *pt, struct pt_worker *w)
{
	struct page_list all = { 0 };
	struct page_desc *next;
	uint32_t mark = pt_new_mark();
	uint64_t top = top_load(pt);

	page_list_add(&all, page_desc(top_root(top)));
	all.head->mark = mark;
	all.head->level = (uint8_t)top_level(top);
	for (struct page_desc *d = all.head; d; d = d->next)
		collect_children(pt->engine->f, &all, d->page, d->level, pt->id, mark);
	for (struct page_desc *d = all.head; d; d = next) {
		next = d->next;
		table_free(w, d->page);
	}
	if (!strcmp(pt->engine->sync, "pthread"))
		pmutex_destroy(&pt->lock.pmutex);
	free(pt);
}

int pt_prebuild(struct pt *pt, struct pt_worker *w, uint64_t iova, uint64_t bytes)
{
	uint64_t last = iova + bytes - 1, step = UINT64_C(1) << entry_lg2(1);
	const struct pt_format *f = pt->engine->f;

	if (strcmp(pt->engine->sync, "limit") || !bytes)
		return 0;
	if (last < iova || !top_spans(PT_LEVEL_FIRST, last))
		return -ERANGE;
	for (iova &= -step; iova <= last; iova += step) {
		struct pt_table *table = top_root(top_load(pt));

		for (unsigned level = PT_LEVEL_FIRST; level; level--) {
			pt_entry *slot = entry_slot(table, level, iova);
			struct pt_table *child = f->child(entry_load(slot));

			if (!child) {
				child = table_alloc(pt, w, level - 1);
				if (!child)
					return -ENOMEM;
				entry_put(slot, f->table(child, level));
				w->n.installs++;
			}
			table = child;
		}
	}
	return 0;
}

uint64_t pt_engine_sizes(const struct pt_engine *engine)
{
	return engine->f->sizes;
}

unsigned pt_engine_levels_max(const struct pt_engine *engine)
{
	return engine->f->levels_max;
}

bool pt_engine_grows(const struct pt_engine *engine)
{
	return engine->f->grows;
}

const struct pt_engine *pt_engine_of(const struct pt *pt)
{
	return pt->engine;
}

uint32_t pt_id(const struct pt *pt)
{
	return pt->id;
}

unsigned pt_levels(const struct pt *pt)
{
	/* relaxed: only the number is used. */
	return top_level(at_load(&pt->top, relaxed)) + 1;
}
