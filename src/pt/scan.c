/*
 * scan.c - read a whole table at rest, as hardware would, and say what is illegal in it.
 *
 * Decoded from the AMD IOMMU specification (48882, section 2.2.3) once more, on purpose without a
 * line of the engines' format code: an error there must not hide itself here.
 */
#include <inttypes.h>
#include <stdio.h>

#include "pt/pt.h"
#include "pt/table.h"

enum entry_kind { EMPTY, TABLE, LEAF, ILLEGAL };

struct decoded {
	enum entry_kind kind;
	const char *why;   /* ILLEGAL */
	uint64_t address;  /* of the page or table */
	unsigned size_lg2; /* LEAF */
	unsigned replicas;
	uint8_t prot;
};

struct scanner {
	struct pt *pt;
	struct pt_scan *scan;
	uint32_t mark;
	unsigned path[PT_LEVELS_MAX];
};

/* Bits 1-8 are ignored or set by hardware, 59 is an attribute, 63 is ignored. */
static const uint64_t reserved_leaf = UINT64_C(0x7f) << 52;
static const uint64_t reserved_table = UINT64_C(0x1ff) << 52;

static struct decoded illegal(const char *why)
{
	return (struct decoded){ .kind = ILLEGAL, .why = why };
}

/* A leaf whose size is in its address field: one above the lowest zero bit. */
static struct decoded decode_sized(uint64_t address, unsigned level, uint8_t prot)
{
	unsigned lg2 = 13, own = 12 + 9 * level;

	while (lg2 < 53 && (address >> (lg2 - 1) & 1))
		lg2++;
	if (lg2 <= own || lg2 >= own + 9)
		return illegal("page size does not belong to this level");
	if (lg2 > 51)
		return illegal("page larger than 2^51");
	return (struct decoded){ .kind = LEAF,
				 .address = address >> lg2 << lg2,
				 .size_lg2 = lg2,
				 .replicas = 1u << (lg2 - own),
				 .prot = prot };
}

static struct decoded decode(uint64_t entry, unsigned level)
{
	unsigned next = entry >> 9 & 7;
	uint64_t address = entry & 0xffffffffff000;
	uint8_t prot = entry >> 61 & 3;

	if (!entry)
		return (struct decoded){ .kind = EMPTY };
	if (!(entry & 1))
		return illegal("not present, yet not zero");
	if (next >= 1 && next <= 6) {
		if (next != level)
			return illegal("next level is not one below");
		if (entry & reserved_table)
			return illegal("reserved bits in a table pointer");
		if (prot != 3)
			return illegal("table pointer without read and write");
		return (struct decoded){ .kind = TABLE, .address = address };
	}
	if (entry & reserved_leaf)
		return illegal("reserved bits in a leaf");
	if (!prot)
		return illegal("leaf without permission");
	if (level == 5)
		return illegal("leaf at the highest level");
	if (next == 7)
		return decode_sized(address, level, prot);
	if (level == 3)
		return illegal("512 GiB page");
	if (address & ((UINT64_C(1) << (12 + 9 * level)) - 1))
		return illegal("page not aligned to its size");
	return (struct decoded){ .kind = LEAF,
				 .address = address,
				 .size_lg2 = 12 + 9 * level,
				 .replicas = 1,
				 .prot = prot };
}

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
		struct decoded d = decode(entry, level);
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
	struct scanner s = { .pt = pt, .scan = scan, .mark = pt_new_mark() };
	uint64_t top = top_load(pt);

	scan->tables = scan->leaves = scan->leaf_entries = scan->table_entries = scan->flaws = 0;
	if (claim_page(&s, 0, top, top_root(top), top_level(top)))
		scan_table(&s, top_root(top), top_level(top), 0);
}
