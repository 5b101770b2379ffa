/*
 * scan.c - read a whole table at rest, as hardware would, and say what is illegal in it. Entries
 * are decoded by decode.h's functions, never by the engines'.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pt/decode.h"
#include "pt/pt.h"
#include "pt/table.h"

struct scanner {
	struct pt *pt;
	struct pt_scan *scan;
	pt_decode *decode;
	uint32_t mark;
	unsigned path[PT_LEVELS_MAX];
};

/* path[depth) leads to the entry. */
static void flaw(struct scanner *s, unsigned depth, uint64_t value, const char *what)
{
	char text[256], *p = text, *end = text + sizeof(text);

	s->scan->flaws++;
	if (!s->scan->flaw)
		return;
	p += snprintf(p, (size_t)(end - p), "entry");
	for (unsigned i = 0; i < depth; i++)
		p += snprintf(p, (size_t)(end - p), "%c%u", i ? '/' : ' ', s->path[i]);
	snprintf(p, (size_t)(end - p), " = 0x%016" PRIx64 ": %s", value, what);
	s->scan->flaw(s->scan->ctx, text);
}

static uint64_t iova_of(const struct scanner *s, unsigned depth)
{
	unsigned level = top_level(top_load(s->pt));
	uint64_t iova = 0;

	for (unsigned i = 0; i < depth; i++)
		iova |= (uint64_t)s->path[i] << (12 + 9 * (level - i));
	return iova;
}

/* Report a page at the first of its entries that is there; a missing or different one is a flaw. */
static void scan_leaf(struct scanner *s, struct pt_table *table, unsigned depth,
		      const struct decoded *d, uint64_t entry)
{
	unsigned index = s->path[depth - 1], first = index & ~(d->replicas - 1), same = 0;

	s->scan->leaf_entries++;
	for (unsigned i = first; i < first + d->replicas; i++) {
		/* relaxed: at rest, ordered by whatever stopped the workers. */
		bool equal = at_load(&table->e[i], relaxed) == entry;

		if (equal && i < index)
			return;
		same += equal;
	}
	s->scan->leaves++;
	if (same != d->replicas)
		flaw(s, depth, entry, "replicas are missing or differ");
	if (s->scan->leaf) {
		uint64_t iova = iova_of(s, depth) >> d->size_lg2 << d->size_lg2;
		struct pt_leaf leaf = { .iova = iova,
					.pa = d->address,
					.size_lg2 = (uint8_t)d->size_lg2,
					.prot = d->prot };

		s->scan->leaf(s->scan->ctx, &leaf);
	}
}

/* Is this page what a table at `level` of this tree should be, seen for the first time? */
static bool claim_page(struct scanner *s, unsigned depth, uint64_t value, void *page,
		       unsigned level)
{
	struct page_desc *d = page_desc(page);

	if (d->mark == s->mark) {
		flaw(s, depth, value, "table is reachable twice");
		return false;
	}
	d->mark = s->mark;
	s->scan->tables++;
	if (d->state != PAGE_LIVE)
		flaw(s, depth, value, "table lies in a page that is free");
	else if (d->owner != s->pt->id)
		flaw(s, depth, value, "table lies in a page of another owner");
	else if (d->level != level)
		flaw(s, depth, value, "table lies in a page of another level");
	return true;
}

static void scan_table(struct scanner *s, struct pt_table *table, unsigned level, unsigned depth)
{
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		/* relaxed: at rest, as above. */
		uint64_t entry = at_load(&table->e[i], relaxed);
		struct decoded d = s->decode(entry, level);
		struct pt_table *child = (struct pt_table *)(uintptr_t)d.address;

		if (d.kind == EMPTY)
			continue;
		s->path[depth] = i;
		if (level == 5 && i >= 128)
			flaw(s, depth + 1, entry, "entry above 2^64");
		if (d.kind == ILLEGAL)
			flaw(s, depth + 1, entry, d.why);
		if (s->scan->entry)
			s->scan->entry(s->scan->ctx, level, s->path, depth + 1, entry,
				       d.kind == TABLE);
		if (d.kind == LEAF)
			scan_leaf(s, table, depth + 1, &d, entry);
		if (d.kind != TABLE)
			continue;
		s->scan->table_entries++;
		if (claim_page(s, depth + 1, entry, child, level - 1))
			scan_table(s, child, level - 1, depth + 1);
	}
}

void pt_scan(struct pt *pt, struct pt_scan *scan)
{
	bool intel = !strcmp(pt_engine_of(pt)->format, "vtdss");
	struct scanner s = { .pt = pt, .scan = scan, .mark = pt_new_mark(),
			     .decode = intel ? decode_vtdss : decode_amdv1 };
	uint64_t top = top_load(pt);

	scan->tables = scan->leaves = scan->leaf_entries = scan->table_entries = scan->flaws = 0;
	if (claim_page(&s, 0, top, top_root(top), top_level(top)))
		scan_table(&s, top_root(top), top_level(top), 0);
}
