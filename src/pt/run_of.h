/*
 * run_of.h - runs of neighbouring entries of one table, all owned by the caller: looked at, written
 * and cleared eight (a cache line) at a time.
 *
 * Every replica of a contiguous page is stored with release: a lookup or device may read any one of
 * them, and must then see what the owner wrote before. (A final release alone would cover the last
 * replica only.)
 */
#pragma once

#include "pt/format.h"

#define LINE 8u

ALWAYS_INLINE uint64_t line_any(pt_entry *slot)
{
	return entry_peek(&slot[0]) | entry_peek(&slot[1]) | entry_peek(&slot[2]) |
	       entry_peek(&slot[3]) | entry_peek(&slot[4]) | entry_peek(&slot[5]) |
	       entry_peek(&slot[6]) | entry_peek(&slot[7]);
}

/* Written out, as all of these are: gcc does not unroll a loop over a line at -O2. */
ALWAYS_INLINE bool line_all_single(const struct pt_format *f, pt_entry *slot, unsigned level)
{
	uint64_t a = entry_peek(&slot[0]), b = entry_peek(&slot[1]);
	uint64_t c = entry_peek(&slot[2]), d = entry_peek(&slot[3]);
	uint64_t all = (a & b) & (c & d), any = (a | b) | (c | d);

	a = entry_peek(&slot[4]), b = entry_peek(&slot[5]);
	c = entry_peek(&slot[6]), d = entry_peek(&slot[7]);
	all &= (a & b) & (c & d);
	any |= (a | b) | (c | d);
	return f->all_single(all, any, level);
}

ALWAYS_INLINE void line_fill(pt_entry *slot, uint64_t leaf, uint64_t step)
{
	entry_leaf(&slot[0], leaf);
	entry_leaf(&slot[1], leaf + step);
	entry_leaf(&slot[2], leaf + 2 * step);
	entry_leaf(&slot[3], leaf + 3 * step);
	entry_leaf(&slot[4], leaf + 4 * step);
	entry_leaf(&slot[5], leaf + 5 * step);
	entry_leaf(&slot[6], leaf + 6 * step);
	entry_leaf(&slot[7], leaf + 7 * step);
}

ALWAYS_INLINE void line_clear(pt_entry *slot)
{
	entry_clear(&slot[0]);
	entry_clear(&slot[1]);
	entry_clear(&slot[2]);
	entry_clear(&slot[3]);
	entry_clear(&slot[4]);
	entry_clear(&slot[5]);
	entry_clear(&slot[6]);
	entry_clear(&slot[7]);
}

/* Are these n entries empty? */
ALWAYS_INLINE bool run_empty(pt_entry *slot, unsigned n)
{
	unsigned i = 0;

	for (; i + LINE <= n; i += LINE)
		if (line_any(&slot[i]))
			return false;
	for (; i < n; i++)
		if (entry_peek(&slot[i]))
			return false;
	return true;
}

/* leaf, leaf + step, … into n entries. */
ALWAYS_INLINE void run_fill(pt_entry *slot, unsigned n, uint64_t leaf, uint64_t step)
{
	unsigned i = 0;

	for (; i + LINE <= n; i += LINE, leaf += LINE * step) {
		line_fill(&slot[i], leaf, step);
		lab_point("leaf: some written, not all");
	}
	for (; i < n; i++, leaf += step) {
		entry_leaf(&slot[i], leaf);
		lab_point("leaf: some written, not all");
	}
}

ALWAYS_INLINE void run_clear(pt_entry *slot, unsigned n)
{
	unsigned i = 0;

	for (; i + LINE <= n; i += LINE)
		line_clear(&slot[i]);
	for (; i < n; i++)
		entry_clear(&slot[i]);
}

/* Leaves without replicas into up to n entries; the number stored before one that is not empty. */
ALWAYS_INLINE unsigned run_fill_empty(pt_entry *slot, unsigned n, uint64_t leaf, uint64_t step)
{
	unsigned i = 0;

	for (; i + LINE <= n && !line_any(&slot[i]); i += LINE, leaf += LINE * step)
		line_fill(&slot[i], leaf, step);
	for (; i < n && !entry_peek(&slot[i]); i++, leaf += step)
		entry_leaf(&slot[i], leaf);
	return i;
}

/* Clear up to n leaves without replicas of a table at `level`; the number before anything else. */
ALWAYS_INLINE unsigned run_clear_single(const struct pt_format *f, pt_entry *slot, unsigned n,
					unsigned level)
{
	unsigned i = 0;

	for (; i + LINE <= n && line_all_single(f, &slot[i], level); i += LINE)
		line_clear(&slot[i]);
	for (; i < n; i++) {
		uint64_t entry = entry_peek(&slot[i]);

		if (!f->all_single(entry, entry, level))
			break;
		entry_clear(&slot[i]);
	}
	return i;
}
