#include "bench/churn.h"

#include <string.h>

#include "bench/lane.h"
#include "stat/stat.h"

#define BLOCK_LG2 21u
#define RANGE_PAGES 8u
#define PAGES_64K 16u
#define EXCURSION_SLOTS 32u

enum block_kind { BLOCK_4K, BLOCK_64K, BLOCK_2M, BLOCK_RANGES, BLOCK_KINDS };

static const struct {
	uint32_t slots, first; /* first: slots of the kinds before it */
	uint8_t slot_lg2, page_lg2;
} kinds[BLOCK_KINDS] = {
	[BLOCK_4K] = { .slots = 512, .first = 0, .slot_lg2 = 12, .page_lg2 = 12 },
	[BLOCK_64K] = { .slots = 32, .first = 512, .slot_lg2 = 16, .page_lg2 = 12 },
	[BLOCK_2M] = { .slots = 1, .first = 544, .slot_lg2 = 21, .page_lg2 = 21 },
	[BLOCK_RANGES] = { .slots = 64, .first = 545, .slot_lg2 = 15, .page_lg2 = 12 },
};
#define SLOTS_OF_ALL_KINDS (CHURN_SLOTS / (CHURN_BLOCKS / BLOCK_KINDS))

static uint32_t slot_of(uint32_t block, uint32_t i)
{
	return block / BLOCK_KINDS * SLOTS_OF_ALL_KINDS + kinds[block % BLOCK_KINDS].first + i;
}

static enum block_kind kind_of(uint32_t slot)
{
	uint32_t i = slot % SLOTS_OF_ALL_KINDS;
	unsigned kind = BLOCK_4K;

	while (kind + 1 < BLOCK_KINDS && i >= kinds[kind + 1].first)
		kind++;
	return (enum block_kind)kind;
}

static uint64_t slot_iova(const struct churn *c, uint32_t slot)
{
	enum block_kind kind = kind_of(slot);
	uint64_t block = slot / SLOTS_OF_ALL_KINDS * BLOCK_KINDS + kind;
	uint64_t i = slot % SLOTS_OF_ALL_KINDS - kinds[kind].first;

	return c->base + (block << BLOCK_LG2) + (i << kinds[kind].slot_lg2);
}

/* All three permissions occur, so that a mixed-up one is seen. */
static uint8_t prot_of(const struct churn *c, uint64_t iova)
{
	return (uint8_t)(1 + stat_mix(iova ^ c->salt) % 3);
}

/* The operation that maps or unmaps `pages` pages of a slot. */
static struct pt_op slot_op(const struct churn *c, uint32_t slot, uint8_t pages, bool map)
{
	enum block_kind kind = kind_of(slot);
	bool range = kind == BLOCK_RANGES || kind == BLOCK_64K;
	struct pt_op op = { .iova = slot_iova(c, slot), .count = pages,
			    .size_lg2 = kinds[kind].page_lg2 };

	/* A range ends where its window ends: odd starts, so pages of several sizes. */
	if (kind == BLOCK_RANGES)
		op.iova += (uint64_t)(RANGE_PAGES - pages) << 12;
	if (map) {
		op.kind = range ? PT_MAP_RANGE : PT_MAP;
		op.pa = pa_of(op.iova);
		op.prot = prot_of(c, op.iova);
	} else {
		op.kind = range ? PT_UNMAP_RANGE : PT_UNMAP;
	}
	return op;
}

static struct pt_op unmap_slot(struct churn *c, uint32_t slot)
{
	struct pt_op op = slot_op(c, slot, c->pages[slot], false);

	c->pages[slot] = 0;
	c->mapped--;
	return op;
}

static struct pt_op map_slot(struct churn *c, uint32_t slot, uint8_t pages)
{
	c->pages[slot] = pages;
	c->mapped++;
	return slot_op(c, slot, pages, true);
}

/* Any byte of what the slot has mapped. */
static struct pt_op look_up_slot(const struct churn *c, uint32_t slot, uint64_t *rng)
{
	struct pt_op op = slot_op(c, slot, c->pages[slot], false);

	op.iova += stat_below(rng, (uint64_t)op.count << op.size_lg2);
	op.kind = PT_LOOKUP;
	op.size_lg2 = 12;
	op.count = 1;
	return op;
}

static uint8_t random_pages(uint32_t slot, uint64_t *rng)
{
	switch (kind_of(slot)) {
	case BLOCK_RANGES:
		return (uint8_t)(1 + stat_below(rng, RANGE_PAGES));
	case BLOCK_64K:
		return PAGES_64K;
	default:
		return 1;
	}
}

static unsigned gcd(unsigned a, unsigned b)
{
	return b ? gcd(b, a % b) : a;
}

void churn_init(struct churn *c, uint64_t base, uint64_t salt, struct ratio ratio)
{
	memset(c, 0, sizeof(*c));
	c->base = base;
	c->salt = salt;
	c->ratio = ratio;
}

static size_t bring_to(struct churn *c, uint32_t slot, uint8_t pages, struct pt_op *ops)
{
	size_t n = 0;

	if (c->pages[slot] == pages)
		return 0;
	if (c->pages[slot])
		ops[n++] = unmap_slot(c, slot);
	if (pages)
		ops[n++] = map_slot(c, slot, pages);
	return n;
}

size_t churn_arrange(struct churn *c, uint64_t key, uint32_t *slot, struct pt_op *ops, size_t max)
{
	unsigned common = gcd(c->ratio.map, c->ratio.unmap);
	unsigned map = c->ratio.map / common, unmap = c->ratio.unmap / common;
	size_t n = 0;

	for (; *slot < CHURN_SLOTS && n + 2 <= max; ++*slot) {
		uint64_t rng = stat_mix(key + *slot);
		bool mapped = stat_below(&rng, map + unmap) >= unmap;

		n += bring_to(c, *slot, mapped ? random_pages(*slot, &rng) : 0, ops + n);
	}
	return n;
}

size_t churn_empty(struct churn *c, uint32_t *slot, struct pt_op *ops, size_t max)
{
	size_t n = 0;

	for (; *slot < CHURN_SLOTS && n + 2 <= max; ++*slot)
		n += bring_to(c, *slot, 0, ops + n);
	return n;
}

void churn_draw(struct churn *c, uint64_t *rng, struct pt_op *ops, size_t n)
{
	unsigned map = c->ratio.map, lookup = c->ratio.lookup, mapped = c->ratio.unmap + lookup;
	unsigned most = map > mapped ? map : mapped; /* of what a slot in either state allows */

	for (size_t i = 0; i < n;) {
		uint32_t block = (uint32_t)stat_below(rng, CHURN_BLOCKS);
		uint32_t slots = kinds[block % BLOCK_KINDS].slots;
		uint32_t slot = slot_of(block, (uint32_t)stat_below(rng, slots));
		unsigned draw = (unsigned)stat_below(rng, most);

		if (c->pages[slot] && draw < mapped)
			ops[i++] = draw < lookup ? look_up_slot(c, slot, rng) : unmap_slot(c, slot);
		else if (!c->pages[slot] && draw >= most - map)
			ops[i++] = map_slot(c, slot, random_pages(slot, rng));
	}
}

size_t churn_excursion(struct churn *c, uint64_t *rng, struct pt_op *ops)
{
	uint32_t first = (uint32_t)stat_below(rng, CHURN_SLOTS - EXCURSION_SLOTS + 1);
	unsigned lookups = c->ratio.lookup * (c->ratio.map + c->ratio.unmap);
	unsigned due = 0, a_slot = c->ratio.unmap * c->ratio.unmap;
	uint8_t before[EXCURSION_SLOTS];
	size_t n = 0;

	memcpy(before, c->pages + first, sizeof(before));
	for (uint32_t i = 0; i < EXCURSION_SLOTS; i++)
		n += bring_to(c, first + i, before[i] ? 0 : random_pages(first + i, rng), ops + n);
	/* unmap / (map + unmap) of them are mapped now: so many lookups of each make the ratio */
	for (uint32_t i = 0; i < EXCURSION_SLOTS; i++)
		for (due += c->pages[first + i] ? lookups : 0; due >= a_slot; due -= a_slot)
			if (n < CHURN_EXCURSION_MAX - EXCURSION_SLOTS)
				ops[n++] = look_up_slot(c, first + i, rng);
	for (uint32_t i = 0; i < EXCURSION_SLOTS; i++)
		n += bring_to(c, first + i, before[i], ops + n);
	return n;
}

size_t churn_wrong_lookups(const struct pt_op *ops, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += ops[i].kind == PT_LOOKUP && !ops[i].err && ops[i].result != pa_of(ops[i].iova);
	return wrong;
}

bool churn_extent(const struct churn *c, uint32_t slot, struct extent *out)
{
	struct pt_op op;

	if (!c->pages[slot])
		return false;
	op = slot_op(c, slot, c->pages[slot], true);
	*out = (struct extent){ .iova = op.iova, .pa = op.pa, .prot = op.prot,
				.bytes = (uint64_t)op.count << op.size_lg2,
				.size_lg2 = op.kind == PT_MAP_RANGE ? 0 : op.size_lg2 };
	return true;
}
