/*
 * walker.c - the way down, whatever the format: device table entry, tables, page.
 */
#include "iotlb/walker.h"

#include <stddef.h>

#include "iotlb/walker_entry.h"

#define DTE_VALID (UINT64_C(1) << 0)
#define DTE_TABLE_VALID (UINT64_C(1) << 1)
#define DTE_READ (UINT64_C(1) << 61)
#define DTE_WRITE (UINT64_C(1) << 62)
#define DTE_RESERVED UINT64_C(0x9ff00000000001fc) /* guest translation, dirty bits: nobody asks for them */

static unsigned span_lg2(unsigned level)
{
	return 12 + 9 * (level + 1);
}

/* Bits of the address that the levels between `from` and `to` would have looked at. */
static uint64_t skipped(uint64_t iova, unsigned from, unsigned to)
{
	unsigned low = span_lg2(to), high = span_lg2(from - 1);

	return iova >> low & ((UINT64_C(1) << (high - low)) - 1);
}

static void end_at(struct walk_result *r, enum walk_end end, const char *why)
{
	r->end = end;
	r->why = why;
}

static const char *ask(const struct walker *w, const struct walk_step *at)
{
	return w->alive ? w->alive(w->ctx, at->table, at->level) : NULL;
}

/* The entry for iova in one table. False: a device may not look at this table. */
static bool read_entry(const struct walker *w, const struct walk_step *at, uint64_t iova,
		       struct walk_result *r)
{
	uint64_t index = iova >> (12 + 9 * at->level) & 511;
	const char *why = ask(w, at);

	r->level = at->level;
	if (!why) {
		/* P1, P3: acquire, pairs with entry_install, entry_put and entry_leaf */
		r->entry = at_load((_Atomic(uint64_t) *)(uintptr_t)(at->table + 8 * index), acquire);
		why = ask(w, at);
	}
	if (why)
		end_at(r, WALK_FREED, why);
	return !why;
}

static void arrive(struct walk_result *r, const struct walk_entry *e, uint64_t iova, uint8_t prot,
		   uint8_t wanted)
{
	uint64_t offset = iova & ((UINT64_C(1) << e->size_lg2) - 1);

	r->pa = e->address | offset;
	r->size_lg2 = e->size_lg2;
	r->prot = prot;
	if (wanted & ~prot)
		end_at(r, WALK_DENIED, "the entries do not permit the access");
	else
		end_at(r, WALK_HIT, NULL);
}

struct walk_result walk_from(const struct walker *w, const struct walk_step *at, uint64_t iova,
			     uint8_t wanted)
{
	struct walk_result r = { .end = WALK_ABSENT };
	struct walk_step here = *at;

	for (;;) {
		struct walk_entry e;

		r.step[r.steps++] = here;
		if (!read_entry(w, &here, iova, &r))
			return r;
		e = w->format == WALK_AMDV1 ? walk_amdv1(r.entry, here.level) :
					      walk_vtdss(r.entry, here.level);
		here.prot &= e.prot;
		switch (e.says) {
		case SAYS_ABSENT:
			end_at(&r, WALK_ABSENT, "the entry is not present");
			return r;
		case SAYS_ILLEGAL:
			end_at(&r, WALK_ILLEGAL, e.why);
			return r;
		case SAYS_PAGE:
			arrive(&r, &e, iova, here.prot, wanted);
			return r;
		case SAYS_TABLE:
			break;
		}
		/* Levels may be left out; what they would have looked at must be zero then (2.2.3). */
		if (e.level + 1 < here.level && skipped(iova, here.level, e.level)) {
			end_at(&r, WALK_ABSENT, "address bits of a level left out are not zero");
			return r;
		}
		here.table = e.address;
		here.level = e.level;
	}
}

struct walk_result walk_from_dte(const struct walker *w, iotlb_dte dte, uint64_t iova, uint8_t wanted)
{
	unsigned levels = dte >> 9 & 7;
	const char *why = w->format == WALK_AMDV1 ? walk_amdv1_levels(levels) :
						    walk_vtdss_levels(levels);
	struct walk_result r = { .end = WALK_ABSENT, .entry = dte };
	struct walk_step root = { .table = dte >> 12 << 24 >> 12, .level = levels - 1 };

	if (!(dte & DTE_VALID) || !(dte & DTE_TABLE_VALID)) {
		end_at(&r, WALK_ABSENT, "the device table entry is not valid");
		return r;
	}
	if (!why && dte & DTE_RESERVED)
		why = "reserved bits of the device table entry are set";
	if (why) {
		end_at(&r, WALK_ILLEGAL, why);
		return r;
	}
	r.level = root.level;
	if (levels < 6 && iova >> span_lg2(root.level)) {
		end_at(&r, WALK_ABSENT, "the address is above what the table spans");
		return r;
	}
	root.prot = (uint8_t)((dte & DTE_READ ? WALK_READ : 0) | (dte & DTE_WRITE ? WALK_WRITE : 0));
	return walk_from(w, &root, iova, wanted);
}

iotlb_dte iotlb_dte_of(uint64_t root, unsigned levels)
{
	return root | (uint64_t)levels << 9 | DTE_VALID | DTE_TABLE_VALID | DTE_READ | DTE_WRITE;
}
