#include "bench/layout.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/lane.h"
#include "bench/units.h"

#define TABLE_ENTRIES 512u
#define ROOT_ENTRY (1ull << 30) /* what an entry of a 3-level root spans */

/* The pages of one size: a whole number of leaf tables, of which there are --tables. */
struct part {
	unsigned lg2;
	uint64_t offset;      /* in the worker's region */
	uint32_t per_table;   /* operations in one leaf table */
	uint32_t ops;         /* of them in the set */
};

struct layout {
	const struct group *g;
	unsigned n;
	struct part part[MIX_MAX];
	uint64_t region;      /* bytes of one worker, whole leaf tables */
	unsigned shared_lg2;  /* l2, l1: what an entry of the shared tables spans; else 0 */
	unsigned deal;        /* l2, l1: entries of each shared table that a worker has */
};

static unsigned leaf_level(unsigned lg2)
{
	return (lg2 - 12) / 9;
}

/* log2 of what a leaf table spans. */
static unsigned table_lg2(unsigned lg2)
{
	return 12 + 9 * (leaf_level(lg2) + 1);
}

/* Pages in a leaf table: its entries, less the replicas of a contiguous leaf. */
static unsigned pages_per_table(unsigned lg2)
{
	return TABLE_ENTRIES >> (lg2 - 12) % 9;
}

/* Pages of one table that belong to one worker. */
static unsigned share_of_table(const struct group *g, unsigned lg2)
{
	unsigned pages = pages_per_table(lg2), each = pages / g->threads;

	if (g->share != SHARE_TABLE && g->share != SHARE_LINE)
		return pages;
	return g->share == SHARE_TABLE && each >= 8 ? each & ~7u : each;
}

/* Level of the lowest table that workers share in --share l2 and l1; 0 elsewhere. */
static unsigned shared_level(const struct group *g)
{
	return g->share == SHARE_L2 ? 2 : g->share == SHARE_L1 ? 1 : 0;
}

/* Larger sizes first, so that each part begins where a leaf table of its size may. */
static void place_parts(struct layout *l)
{
	unsigned largest = 0;

	for (unsigned level = 6; level--;)
		for (unsigned i = 0; i < l->n; i++) {
			struct part *p = &l->part[i];

			if (leaf_level(p->lg2) != level)
				continue;
			p->offset = l->region;
			l->region += l->g->tables << table_lg2(p->lg2);
			largest = table_lg2(p->lg2) > largest ? table_lg2(p->lg2) : largest;
		}
	l->region = (l->region + ((1ull << largest) - 1)) >> largest << largest;
}

/*
 * As many operations as there is room for: all pages of the size that has the least for its weight,
 * and of the others what is in proportion.
 */
static void weigh_parts(struct layout *l)
{
	const struct page_mix *mix = &l->g->mix;
	unsigned scarce = 0;
	uint64_t room[MIX_MAX];

	for (unsigned i = 0; i < l->n; i++) {
		room[i] = l->part[i].per_table * l->g->tables;
		if (room[i] * mix->weight[scarce] < room[scarce] * mix->weight[i])
			scarce = i;
	}
	for (unsigned i = 0; i < l->n; i++)
		l->part[i].ops = (uint32_t)((room[scarce] * mix->weight[i] + mix->weight[scarce] / 2) /
					    mix->weight[scarce]);
}

static struct layout layout_of(const struct group *g)
{
	struct layout l = { .g = g, .n = g->mix.n ? g->mix.n : 1 };

	for (unsigned i = 0; i < l.n; i++) {
		struct part *p = &l.part[i];

		p->lg2 = g->mix.n ? g->mix.lg2[i] : g->page_lg2;
		p->per_table = (uint32_t)(share_of_table(g, p->lg2) / g->batch);
		p->ops = p->per_table * (uint32_t)g->tables;
	}
	if (g->mix.n)
		weigh_parts(&l);
	place_parts(&l);
	if (shared_level(g)) {
		l.shared_lg2 = 12 + 9 * shared_level(g);
		l.deal = TABLE_ENTRIES / g->threads;
	}
	return l;
}

/* IOVA span of a worker's region: whole entries of a 3-level root, so that only that is shared. */
static uint64_t span(const struct layout *l)
{
	return (l->region + (ROOT_ENTRY - 1)) & ~(ROOT_ENTRY - 1);
}

/*
 * l2, l1: the region is cut into what one entry of a shared table spans, and of each shared table
 * a worker has `deal` entries side by side. The first one lies behind the first entry of the level
 * above: 512 GiB makes a root of level 3, whose entry 1 is the level 2 table that all share.
 */
static uint64_t dealt(const struct layout *l, unsigned worker, uint64_t offset)
{
	uint64_t entry = offset >> l->shared_lg2, within = offset & ((1ull << l->shared_lg2) - 1);
	uint64_t table = 1 + entry / l->deal, index = (uint64_t)worker * l->deal + entry % l->deal;

	return ((table * TABLE_ENTRIES + index) << l->shared_lg2) + within;
}

/* Of a page, counted from the start of the part; the part's tables are the worker's own. */
static uint64_t own_iova(const struct layout *l, unsigned worker, const struct part *p, uint64_t page)
{
	uint64_t offset = p->offset + (page << p->lg2);

	return l->deal ? dealt(l, worker, offset) : span(l) * (1 + worker) + offset;
}

/* Of the worker's operation number `i` on pages of this size, in the order of addresses. */
static uint64_t iova_of(const struct layout *l, unsigned worker, const struct part *p, uint32_t i)
{
	const struct group *g = l->g;
	uint64_t start = (uint64_t)(i / p->per_table) * pages_per_table(p->lg2);
	uint64_t page = (uint64_t)(i % p->per_table) * g->batch;

	if (g->share == SHARE_TABLE)
		return span(l) + ((start + (uint64_t)worker * share_of_table(g, p->lg2) + page) << p->lg2);
	if (g->share == SHARE_LINE)
		return span(l) + ((start + page * g->threads + worker) << p->lg2);
	return own_iova(l, worker, p, start + page);
}

static int check_size(const struct group *g, unsigned lg2, struct err *err)
{
	unsigned each = share_of_table(g, lg2), shared = shared_level(g);
	const char *name = g->workload->name;
	char page[16];

	show_bytes(page, sizeof(page), 1ull << lg2);
	if (each < g->batch)
		return err_set(err, EXIT_USAGE, "%s: a leaf table of %s pages has %u for each of %u "
			       "threads, less than --batch %lu", name, page, each, g->threads,
			       (unsigned long)g->batch);
	/* pages of 256T and more: a leaf table spans more than all output addresses */
	if (lg2 >= 48 && g->batch > 1 &&
	    (g->batch & (g->batch - 1) || g->batch << lg2 > 1ull << (PA_BITS - 1)))
		return err_set(err, EXIT_USAGE, "%s: --batch %lu of this page size: output addresses "
			       "have %u bits; use a smaller power of two", name,
			       (unsigned long)g->batch, PA_BITS);
	if (shared && leaf_level(lg2) >= shared)
		return err_set(err, EXIT_USAGE, "%s: --share %s: pages of %s lie in tables of level %u; "
			       "share a table above them, or the table itself with --workload adjacent",
			       name, share_name(g->share), page, leaf_level(lg2));
	if (g->tables * pages_per_table(lg2) > (1ull << (g->mix.n ? 59 : 62)) >> lg2)
		return err_set(err, EXIT_USAGE, "%s: --tables %lu of %s pages do not fit the address "
			       "space", name, (unsigned long)g->tables, page);
	return 0;
}

static int check_mix(const struct group *g, const struct layout *l, struct err *err)
{
	char page[16];

	for (unsigned i = 0; i < l->n; i++)
		if (!l->part[i].ops)
			return err_set(err, EXIT_USAGE, "%s: --page-size: %s has so little weight that "
				       "not one operation is left for it in --tables %lu; raise either",
				       g->workload->name,
				       show_bytes(page, sizeof(page), 1ull << l->part[i].lg2),
				       (unsigned long)g->tables);
	return 0;
}

int layout_check(const struct group *g, struct err *err)
{
	const char *name = g->workload->name;
	struct layout l;
	uint64_t tables;

	if (g->share == SHARE_LINE && g->batch > 1)
		return err_set(err, EXIT_USAGE, "adjacent: --share line wants --batch 1");
	if (shared_level(g) && g->threads > TABLE_ENTRIES)
		return err_set(err, EXIT_USAGE, "%s: --share %s: a table has %u entries, fewer than %u "
			       "threads; use --share root", name, share_name(g->share), TABLE_ENTRIES,
			       g->threads);
	for (unsigned i = 0; i < (g->mix.n ? g->mix.n : 1u); i++)
		if (check_size(g, g->mix.n ? g->mix.lg2[i] : g->page_lg2, err))
			return err->code;
	l = layout_of(g);
	tables = l.deal ? 2 + (l.region >> l.shared_lg2) / l.deal : 0; /* shared, and the place before */
	if (tables ? tables > (1ull << 62) >> (l.shared_lg2 + 9)
		   : span(&l) > (1ull << 62) / (g->threads + 1))
		return err_set(err, EXIT_USAGE, "%s: --tables %lu of this page size for %u threads do "
			       "not fit the address space", name, (unsigned long)g->tables, g->threads);
	return check_mix(g, &l, err);
}

uint64_t layout_reach(const struct group *g)
{
	struct layout l = layout_of(g);
	bool own = g->share != SHARE_TABLE && g->share != SHARE_LINE;
	uint64_t most = UINT64_MAX, tables, spans = own ? g->threads + 1 : 2;

	if (!l.deal)
		return span(&l) > most / spans ? most : span(&l) * spans - 1;
	tables = 2 + ((l.region - 1) >> l.shared_lg2) / l.deal;
	return tables > most >> (l.shared_lg2 + 9) ? most : (tables << (l.shared_lg2 + 9)) - 1;
}

uint32_t layout_ops(const struct group *g)
{
	struct layout l = layout_of(g);
	uint32_t n = 0;

	for (unsigned i = 0; i < l.n; i++)
		n += l.part[i].ops;
	return n;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* v[0..n): the operations of a part that are in the set, in its order. */
static void choose(const struct group *g, const struct part *p, uint32_t *v, uint64_t *rng)
{
	uint32_t all = p->per_table * (uint32_t)g->tables;

	for (uint32_t i = 0; i < all; i++)
		v[i] = i;
	for (uint32_t i = all; i > 1; i--) {
		uint32_t j = (uint32_t)stat_below(rng, i), swap = v[i - 1];

		v[i - 1] = v[j];
		v[j] = swap;
	}
	if (g->order == ORDER_ASCENDING || g->order == ORDER_DESCENDING)
		qsort(v, p->ops, sizeof(v[0]), by_value);
	for (uint32_t i = 0; g->order == ORDER_DESCENDING && i < p->ops / 2; i++) {
		uint32_t swap = v[i];

		v[i] = v[p->ops - 1 - i];
		v[p->ops - 1 - i] = swap;
	}
}

/* place[0..n): which part each operation is of, every part as often as it has operations. */
static void deal_sizes(const struct layout *l, uint64_t *place, uint32_t n, uint64_t *rng)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < l->n; i++)
		for (uint32_t k = 0; k < l->part[i].ops; k++)
			place[at++] = i;
	for (uint32_t i = n; l->n > 1 && i > 1; i--) {
		uint32_t j = (uint32_t)stat_below(rng, i);
		uint64_t swap = place[i - 1];

		place[i - 1] = place[j];
		place[j] = swap;
	}
}

int layout_places(const struct group *g, unsigned worker, uint64_t *place)
{
	struct layout l = layout_of(g);
	uint64_t rng = stat_mix(g->seed + worker);
	uint32_t *v[MIX_MAX] = { NULL }, next[MIX_MAX] = { 0 }, n = layout_ops(g);
	int error = 0;

	for (unsigned i = 0; i < l.n && !error; i++) {
		v[i] = malloc(l.part[i].per_table * g->tables * sizeof(*v[i]));
		if (v[i])
			choose(g, &l.part[i], v[i], &rng);
		else
			error = -ENOMEM;
	}
	if (!error)
		deal_sizes(&l, place, n, &rng);
	for (uint32_t at = 0; !error && at < n; at++) {
		unsigned i = (unsigned)place[at];

		place[at] = iova_of(&l, worker, &l.part[i], v[i][next[i]++]) | l.part[i].lg2;
	}
	for (unsigned i = 0; i < l.n; i++)
		free(v[i]);
	return error;
}

uint64_t layout_table(const struct group *g, unsigned worker, uint32_t table)
{
	struct layout l = layout_of(g);

	return own_iova(&l, worker, &l.part[0], (uint64_t)table * pages_per_table(l.part[0].lg2));
}

uint64_t layout_table_bytes(const struct group *g)
{
	return 1ull << table_lg2(g->page_lg2);
}
