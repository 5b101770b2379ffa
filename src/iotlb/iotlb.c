/*
 * iotlb.c - two caches of the same kind: of leaves, keyed by page, and of tables, keyed by the range a
 * table spans. Sets of four, replaced at random, so that what was forgotten to be dropped is still
 * there at some later time, whatever the order of accesses.
 */
#include "iotlb/iotlb.h"

#include <stdlib.h>

#define WAYS 4u
#define SIZES 67u /* 0 to 66: the root of six levels would span 2^66 */

struct line {
	uint64_t iova;     /* of its first byte */
	uint64_t address;  /* of the page, or of the table */
	uint8_t size_lg2;  /* of the range it stands for; 0: a free line */
	uint8_t level;     /* where the leaf was found, or of the table */
	uint8_t prot;
};

struct cache {
	struct line *line;     /* WAYS to a set; NULL: no room */
	unsigned sets;         /* a power of two */
	unsigned count[SIZES]; /* lines of each size, so that only those are looked for */
};

struct iotlb {
	struct cache leaves, tables;
	uint64_t random;
	struct iotlb_stats stats;
};

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t mixed(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool cache_open(struct cache *c, unsigned room)
{
	if (!room)
		return true;
	for (c->sets = 1; c->sets * WAYS < room;)
		c->sets *= 2;
	c->line = calloc(c->sets, WAYS * sizeof(*c->line));
	return c->line;
}

struct iotlb *iotlb_create(unsigned leaves, unsigned tables, uint64_t seed)
{
	struct iotlb *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->random = seed;
	if (!cache_open(&t->leaves, leaves) || !cache_open(&t->tables, tables)) {
		iotlb_destroy(t);
		return NULL;
	}
	return t;
}

void iotlb_destroy(struct iotlb *t)
{
	if (!t)
		return;
	free(t->leaves.line);
	free(t->tables.line);
	free(t);
}

/* The first byte of the range of this size around iova; sizes may be 64 and more. */
static uint64_t base_of(uint64_t iova, unsigned size_lg2)
{
	return size_lg2 < 64 ? iova >> size_lg2 << size_lg2 : 0;
}

static struct line *set_of(const struct cache *c, uint64_t base, unsigned size_lg2)
{
	return &c->line[WAYS * (mixed(base + size_lg2) & (c->sets - 1))];
}

static struct line *cache_find(const struct cache *c, uint64_t iova, unsigned size_lg2)
{
	uint64_t base = base_of(iova, size_lg2);
	struct line *set;

	if (!c->count[size_lg2])
		return NULL;
	set = set_of(c, base, size_lg2);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].size_lg2 == size_lg2 && set[i].iova == base)
			return &set[i];
	return NULL;
}

static void cache_put(struct iotlb *t, struct cache *c, struct line line)
{
	struct line *set, *place;

	if (!c->line)
		return;
	place = cache_find(c, line.iova, line.size_lg2);
	set = set_of(c, line.iova, line.size_lg2);
	for (unsigned i = 0; !place && i < WAYS; i++)
		if (!set[i].size_lg2)
			place = &set[i];
	if (!place) {
		t->random += UINT64_C(0x9e3779b97f4a7c15);
		place = &set[mixed(t->random) % WAYS];
	}
	if (place->size_lg2)
		c->count[place->size_lg2]--;
	c->count[line.size_lg2]++;
	*place = line;
}

void iotlb_fill(struct iotlb *t, uint64_t iova, const struct walk_result *walk)
{
	uint64_t offset = iova - base_of(iova, walk->size_lg2);

	cache_put(t, &t->leaves, (struct line){ .iova = iova - offset,
						.address = walk->pa - offset,
						.size_lg2 = (uint8_t)walk->size_lg2,
						.level = (uint8_t)walk->level,
						.prot = walk->prot });
	for (unsigned i = 0; i < walk->steps; i++) {
		const struct walk_step *s = &walk->step[i];
		unsigned span_lg2 = 12 + 9 * (s->level + 1);

		cache_put(t, &t->tables, (struct line){ .iova = base_of(iova, span_lg2),
							.address = s->table,
							.size_lg2 = (uint8_t)span_lg2,
							.level = (uint8_t)s->level,
							.prot = s->prot });
	}
	t->stats.filled++;
}

bool iotlb_find(struct iotlb *t, uint64_t iova, struct walk_result *out)
{
	for (unsigned size_lg2 = 12; size_lg2 < SIZES; size_lg2++) {
		const struct line *line = cache_find(&t->leaves, iova, size_lg2);

		if (!line)
			continue;
		*out = (struct walk_result){ .end = WALK_HIT,
					     .pa = line->address + (iova - line->iova),
					     .size_lg2 = line->size_lg2,
					     .prot = line->prot,
					     .level = line->level };
		t->stats.found++;
		return true;
	}
	t->stats.missed++;
	return false;
}

bool iotlb_find_table(struct iotlb *t, uint64_t iova, struct walk_step *out)
{
	for (unsigned level = 0; level < WALK_LEVELS_MAX; level++) {
		const struct line *line = cache_find(&t->tables, iova, 12 + 9 * (level + 1));

		if (!line)
			continue;
		*out = (struct walk_step){
			.table = line->address, .level = line->level, .prot = line->prot
		};
		return true;
	}
	return false;
}

/* Lines that lie inside the range of 1 << size_lg2 bytes at base. */
static void cache_drop(struct iotlb *t, struct cache *c, uint64_t base, unsigned size_lg2)
{
	for (unsigned i = 0; i < c->sets * WAYS; i++) {
		struct line *line = &c->line[i];

		if (!line->size_lg2 || line->size_lg2 > size_lg2 ||
		    base_of(line->iova, size_lg2) != base)
			continue;
		c->count[line->size_lg2]--;
		line->size_lg2 = 0;
		t->stats.dropped++;
	}
}

void iotlb_drop(struct iotlb *t, uint64_t iova, unsigned size_lg2, bool pde)
{
	if (size_lg2 >= 64)
		size_lg2 = SIZES - 1; /* everything, be it the root of six levels */
	cache_drop(t, &t->leaves, base_of(iova, size_lg2), size_lg2);
	if (pde)
		cache_drop(t, &t->tables, base_of(iova, size_lg2), size_lg2);
}

struct iotlb_stats iotlb_stats(const struct iotlb *t)
{
	return t->stats;
}
