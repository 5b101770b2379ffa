/* verify_cells.c - who owns what in a round: neighbours in leaf tables, 2M cells, 1G cells. */
#include <stdlib.h>
#include <string.h>

#include "bench/verify_threads.h"

#define SMALL_UNITS 16u       /* 64K: 32 of them share a leaf table */
#define SMALL_PER_TABLE 32u
#define SMALL_BYTES UINT64_C(0x10000)
#define LARGE_BYTES UINT64_C(0x200000)
#define HUGE_BYTES (UINT64_C(1) << 30)
#define HUGE_CELLS_MAX 256u   /* they would reach the next region */

/* Low, far above, behind each growth of the root, and the very top. */
static const uint64_t bases[VERIFY_REGIONS] = {
	0, UINT64_C(1) << 36, UINT64_C(1) << 39, UINT64_C(1) << 48, UINT64_C(1) << 57,
	-(UINT64_C(1) << 31),
};

/* The same below 2^48, where a table of four levels ends and does not grow. */
static const uint64_t bases_fixed[VERIFY_REGIONS] = {
	0, UINT64_C(1) << 36, UINT64_C(1) << 39, UINT64_C(5) << 39, UINT64_C(3) << 45,
	(UINT64_C(1) << 48) - (UINT64_C(1) << 31),
};

/* A whole number of leaf tables, at least one cell for each writer. */
static unsigned small_cells(const struct verify_round *r, unsigned tables)
{
	unsigned least = (r->writers + SMALL_PER_TABLE - 1) / SMALL_PER_TABLE;

	return (tables > least ? tables : least) * SMALL_PER_TABLE;
}

static unsigned large_cells(const struct verify_round *r)
{
	return r->writers > 16 ? r->writers : 3 * r->writers;
}

#define SMALL_TABLES_MAX 4u

bool verify_cells_reserve(struct verify_round *r)
{
	size_t small = VERIFY_REGIONS * small_cells(r, SMALL_TABLES_MAX);
	size_t large = VERIFY_REGIONS * large_cells(r) + r->writers;

	r->ncells_max = (unsigned)(small + large);
	r->units_max = small * SMALL_UNITS + large * SHADOW_UNITS;
	r->cell = calloc(r->ncells_max, sizeof(*r->cell));
	r->words = calloc(r->units_max, sizeof(*r->words));
	r->lg2 = calloc(r->units_max, sizeof(*r->lg2));
	r->mapped = calloc(r->units_max, sizeof(*r->mapped));
	r->owned = calloc(r->ncells_max, sizeof(*r->owned));
	r->payload = calloc((size_t)r->ncells_max * (SHADOW_VERSIONS + 1), sizeof(*r->payload));
	return r->cell && r->payload && r->words && r->lg2 && r->mapped && r->owned && r->ncells_max <= SHADOW_CELLS;
}

static void add_cell(struct verify_round *r, uint64_t iova, unsigned owner, unsigned unit_lg2,
		     unsigned units)
{
	r->cell[r->ncells] = (struct shadow_cell){
		.iova = iova,
		.id = r->ncells,
		.owner = owner,
		.unit_lg2 = unit_lg2,
		.units = units,
		.word = &r->words[r->units],
		.lg2 = &r->lg2[r->units],
		.mapped = &r->mapped[r->units],
		.payload = &r->payload[(size_t)r->ncells * (SHADOW_VERSIONS + 1)],
	};
	r->units += units;
	r->ncells++;
}

/* One leaf table or more dealt out in cells of 64K, then cells of 2M, in one region cells of 1G. */
static void deal_region(struct verify_round *r, unsigned region, uint64_t at, unsigned tables)
{
	unsigned small = small_cells(r, tables), large = r->brief ? 0 : large_cells(r);
	uint64_t huge;

	for (unsigned i = 0; i < small; i++)
		add_cell(r, at + i * SMALL_BYTES, i % r->writers, 12, SMALL_UNITS);
	at += small * SMALL_BYTES;
	for (unsigned i = 0; i < large; i++)
		add_cell(r, at + i * LARGE_BYTES, i % r->writers, 12, SHADOW_UNITS);
	huge = (at + large * LARGE_BYTES + HUGE_BYTES - 1) & -HUGE_BYTES;
	for (unsigned i = 0; region == 1 && large && i < r->writers && i < HUGE_CELLS_MAX; i++)
		add_cell(r, huge + i * HUGE_BYTES, i, 21, SHADOW_UNITS);
}

/* Each writer's own cells, in the order of the address space. */
static void list_owned(struct verify_round *r)
{
	unsigned *next = r->owned;

	for (unsigned t = 0; t < r->writers; t++) {
		r->thread[t].cells = next;
		for (unsigned i = 0; i < r->ncells; i++)
			if (r->cell[i].owner == t)
				*next++ = i;
		r->thread[t].ncells = (unsigned)(next - r->thread[t].cells);
	}
}

/* Large ones where it has some: there tables come and go. */
static void choose_favourites(const struct verify_round *r, struct verify_thread *t)
{
	for (unsigned i = 0; i < VERIFY_FAVOURITES; i++)
		for (unsigned tries = 0; tries < 8; tries++) {
			t->favourite[i] = t->cells[verify_below(&t->random, t->ncells)];
			if (r->cell[t->favourite[i]].units == SHADOW_UNITS)
				break;
		}
}

void verify_cells_deal(struct verify_round *r, struct verify_random *random)
{
	const uint64_t *at = pt_engine_grows(r->job->engine) ? bases : bases_fixed;
	unsigned tables = r->brief ? 1 : 1 + (unsigned)verify_below(random, SMALL_TABLES_MAX);

	memset(r->words, 0, r->units * sizeof(*r->words));
	memset(r->lg2, 0, r->units * sizeof(*r->lg2));
	memset(r->mapped, 0, r->units * sizeof(*r->mapped));
	r->ncells = 0;
	r->units = 0;
	r->regions = 2 + (unsigned)verify_below(random, VERIFY_REGIONS - 1);
	for (unsigned g = 0; g < r->regions; g++) {
		deal_region(r, g, at[g], tables);
		r->region_end[g] = r->ncells;
	}
	list_owned(r);
	for (unsigned t = 0; t < r->writers; t++)
		choose_favourites(r, &r->thread[t]);
}

unsigned verify_cells_levels(const struct verify_round *r)
{
	uint64_t last = r->cell[r->ncells - 1].iova; /* rising, and no cell crosses a border of levels */
	unsigned levels = r->levels;

	while (levels < 6 && last >> (12 + 9 * levels))
		levels++;
	return levels;
}

struct shadow_cell *verify_cell_at(const struct verify_round *r, uint64_t iova)
{
	unsigned low = 0, high = r->ncells; /* the last that begins at or before it */

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (r->cell[middle].iova <= iova)
			low = middle;
		else
			high = middle;
	}
	if ((iova - r->cell[low].iova) >> r->cell[low].unit_lg2 >= r->cell[low].units)
		return NULL;
	return &r->cell[low];
}
