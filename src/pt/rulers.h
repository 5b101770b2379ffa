/*
 * rulers.h - floors to measure against, not engines: `null` does nothing, `limit` is the cheapest
 * conceivable hot path.
 */
#pragma once

#include "pt/format.h"
#include "pt/pt.h"

ALWAYS_INLINE size_t null_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	(void)pt;
	(void)w;
	(void)ops;
	return n;
}

/*
 * Decode the operation, three dependent loads in a ready 3-level table (the root, two pointers),
 * one store, the result. No check of anything: 4K pages below 512 GiB whose tables pt_prebuild()
 * has made. relaxed: that tree was complete before this slice began, and never changes.
 */
ALWAYS_INLINE size_t limit_run(const struct pt_format *f, struct pt *pt, struct pt_op *ops,
			       size_t n)
{
	for (struct pt_op *op = ops; op < ops + n; op++) {
		struct pt_table *root = top_root(at_load(&pt->top, relaxed));
		uint64_t middle = entry_peek(entry_slot(root, 2, op->iova));
		uint64_t low = entry_peek(entry_slot(f->child(middle), 1, op->iova));
		pt_entry *slot = entry_slot(f->child(low), 0, op->iova);
		uint64_t result = PAGE_BYTES;

		if (op->kind == PT_MAP)
			entry_leaf(slot, f->leaf(op->pa, PT_PAGE_LG2, op->prot));
		else if (op->kind == PT_UNMAP)
			entry_clear(slot);
		else
			result = f->leaf_pa(entry_peek(slot), PT_PAGE_LG2) | op->iova % PAGE_BYTES;
		op->result = result;
		op->err = 0;
	}
	return n;
}
