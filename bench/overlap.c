#include "bench/overlap.h"

#include <stdbool.h>
#include <string.h>

#define REGION (1ull << 30) /* an entry of a 3-level root: owners of regions share only that */
#define NOWHERE UINT64_MAX

/*
 * AMD I/O Virtualization Technology (IOMMU) Specification, 48882, section 2.2.3: PTE fields. Leaves
 * of vtdss have their address in the same bits and never all of 11:9 (snoop, ignored, dirty), so
 * they read as what they are, leaves of the size of their level.
 */
#define ADDRESS 0x000ffffffffff000ull
#define NEXT_LEVEL_SHIFT 9
#define SIZE_IN_ADDRESS 7u

static const struct {
	uint64_t bytes, stride;
} ranges[] = {
	[RANGE_64K] = { .bytes = 1 << 16, .stride = 1 << 16 },
	[RANGE_3X4K] = { .bytes = 3 << 12, .stride = 1 << 14 },
	[RANGE_4K_OVER_2M] = { .bytes = 1 << 21, .stride = 1 << 21 },
	[RANGE_MAP_UNMAP] = { .bytes = 1 << 16, .stride = 1 << 16 },
};

static uint64_t region_bytes(const struct overlap_layout *l)
{
	return (l->ranges * ranges[l->kind].stride + REGION - 1) & ~(REGION - 1);
}

uint64_t overlap_iova(const struct overlap_layout *l, unsigned owner, uint64_t range)
{
	return l->base + owner * region_bytes(l) + range * ranges[l->kind].stride;
}

static unsigned leaf_lg2(const struct overlap_entry *e)
{
	if ((e->value >> NEXT_LEVEL_SHIFT & 7) != SIZE_IN_ADDRESS)
		return 12 + 9 * e->level;
	/* One above the lowest zero of the address field; bit 52 ends it. */
	return 1 + (unsigned)__builtin_ctzll((~e->value & ADDRESS) | 1ull << 52);
}

static unsigned writer_of(const struct overlap_entry *e)
{
	return (unsigned)(e->value >> 40 & 4095);
}

/* Entries of the page that begins at v[0], or 0 when its replicas do not belong together. */
static size_t whole_page(const struct overlap_entry *v, size_t n, unsigned lg2)
{
	unsigned level = v[0].level, step_lg2 = 12 + 9 * level;
	size_t replicas;

	if (lg2 < step_lg2 || lg2 >= step_lg2 + 9 || v[0].iova & ((1ull << lg2) - 1))
		return 0;
	replicas = (size_t)1 << (lg2 - step_lg2);
	if (replicas > n)
		return 0;
	for (size_t i = 1; i < replicas; i++)
		if (v[i].value != v[0].value || v[i].level != level ||
		    v[i].iova != v[0].iova + ((uint64_t)i << step_lg2))
			return 0;
	return replicas;
}

/* What one writer's operations leave when nobody else is there. */
static uint64_t whole_work(enum range_kind kind, unsigned writer)
{
	if (kind == RANGE_4K_OVER_2M && writer != 1)
		return 1 << 12;
	return ranges[kind].bytes;
}

enum overlap_class overlap_classify(enum range_kind kind, const struct overlap_entry *v, size_t n)
{
	uint64_t covered = 0;
	bool several = false;

	if (!n)
		return OVERLAP_ABSENT;
	for (size_t i = 0, entries; i < n; i += entries) {
		unsigned lg2 = leaf_lg2(&v[i]);

		entries = whole_page(v + i, n - i, lg2);
		if (!entries)
			return OVERLAP_TORN_LEAF;
		several |= writer_of(&v[i]) != writer_of(&v[0]);
		covered += 1ull << lg2;
	}
	return !several && covered == whole_work(kind, writer_of(&v[0])) ? OVERLAP_ONE_WRITER
								       : OVERLAP_MIXED_CHUNKS;
}

void overlap_begin(struct overlap_sorter *s, const struct overlap_layout *l)
{
	memset(s, 0, sizeof(*s));
	s->layout = *l;
	s->at = NOWHERE;
}

static void close_range(struct overlap_sorter *s)
{
	if (s->at == NOWHERE)
		return;
	s->seen++;
	switch (overlap_classify(s->layout.kind, s->v, s->n)) {
	case OVERLAP_ONE_WRITER:
		s->sum.one_writer++;
		break;
	case OVERLAP_MIXED_CHUNKS:
		s->sum.mixed_chunks++;
		break;
	case OVERLAP_TORN_LEAF:
		s->sum.torn_leaf++;
		break;
	case OVERLAP_ABSENT: /* not with an entry */
		break;
	}
	s->at = NOWHERE;
	s->n = 0;
}

/* Number of the range an address is in, over all owners; NOWHERE. */
static uint64_t range_at(const struct overlap_layout *l, uint64_t iova)
{
	uint64_t offset = iova - l->base, owner, range;

	if (iova < l->base)
		return NOWHERE;
	owner = offset / region_bytes(l);
	offset %= region_bytes(l);
	range = offset / ranges[l->kind].stride;
	if (owner >= l->owners || range >= l->ranges ||
	    offset % ranges[l->kind].stride >= ranges[l->kind].bytes)
		return NOWHERE;
	return owner * l->ranges + range;
}

void overlap_add(struct overlap_sorter *s, const struct overlap_entry *entry)
{
	uint64_t at = range_at(&s->layout, entry->iova);

	if (at != s->at)
		close_range(s);
	if (at == NOWHERE) {
		s->outside++;
		return;
	}
	s->at = at;
	s->v[s->n++] = *entry;
}

void overlap_end(struct overlap_sorter *s)
{
	close_range(s);
	s->sum.ranges = s->layout.ranges * s->layout.owners;
	s->sum.absent = s->sum.ranges - s->seen;
}
