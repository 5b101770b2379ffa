/*
 * cursor.h - a position in a table that moves forward without starting over from the root.
 */
#pragma once

#include "pt/kit.h"

struct pt_cursor {
	struct pt_table *path[PT_LEVELS_MAX]; /* by level, valid from `level` up to `top` */
	unsigned level, top;
	uint64_t at;                          /* the address path[level] was reached for */
};

ALWAYS_INLINE void cursor_begin(struct pt_cursor *c, uint64_t top, uint64_t iova)
{
	c->top = c->level = top_level(top);
	c->path[c->top] = top_root(top);
	c->at = iova;
}

/* Up to the lowest table of the path that spans iova, at `level` or above it. */
ALWAYS_INLINE void cursor_climb(struct pt_cursor *c, uint64_t iova, unsigned level)
{
	uint64_t moved = c->at ^ iova;

	if (c->level < level)
		c->level = level;
	while (c->level < c->top && moved >> entry_lg2(c->level + 1))
		c->level++;
	c->at = iova;
}

/* To the table at `level` that spans iova; missing ones are built. 0, -ENOMEM or -EADDRINUSE. */
ALWAYS_INLINE int cursor_seek(const struct pt_kit *k, struct pt *pt, struct pt_worker *w,
			      struct pt_cursor *c, uint64_t iova, unsigned level)
{
	if (k->rewalk)
		cursor_begin(c, top_load(pt), iova);
	else
		cursor_climb(c, iova, level);
	while (c->level > level) {
		pt_entry *slot = entry_slot(c->path[c->level], c->level, iova);
		uint64_t entry = entry_load(slot);

		if (!entry && pt_install(k, pt, w, slot, &entry, c->level))
			return -ENOMEM;
		if (!k->f->is_table(entry, c->level))
			return -EADDRINUSE;
		lab_point("walk: pointer read, table not yet");
		c->path[--c->level] = k->f->child(entry);
	}
	return 0;
}
