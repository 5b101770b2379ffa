#include "bench/page_set.h"

#include <errno.h>
#include <stdlib.h>

#include "stat/stat.h"

#define ROOT_ENTRY (1ull << 30)

/* Pages of a leaf table: replicas of a contiguous leaf take entries too. */
static unsigned pages_per_table(const struct group *g)
{
	return 512u >> (g->page_lg2 - 12) % 9;
}

uint64_t page_set_bytes(const struct group *g)
{
	return (g->tables * pages_per_table(g)) << g->page_lg2;
}

uint64_t page_set_span(const struct group *g)
{
	return (page_set_bytes(g) + ROOT_ENTRY - 1) & ~(ROOT_ENTRY - 1);
}

uint64_t page_set_items(const struct group *g)
{
	return g->tables * (pages_per_table(g) / g->batch);
}

int page_set_check(const struct group *g, unsigned owners, struct err *err)
{
	const char *name = g->workload->name;

	if (pages_per_table(g) < g->batch)
		return err_set(err, EXIT_USAGE, "%s: a leaf table of this page size has %u pages, less "
			       "than --batch %lu", name, pages_per_table(g), (unsigned long)g->batch);
	if (g->page_lg2 >= 48)
		return err_set(err, EXIT_USAGE, "%s: --page-size: a leaf table of such pages spans more "
			       "than all output addresses; use 128T or less", name);
	if (g->tables * pages_per_table(g) > (1ull << 62) >> g->page_lg2 ||
	    page_set_span(g) > (1ull << 62) / (owners + 1))
		return err_set(err, EXIT_USAGE, "%s: --tables %lu of this page size for %u threads do "
			       "not fit the address space", name, (unsigned long)g->tables, g->threads);
	return 0;
}

uint64_t page_set_reach(const struct group *g, unsigned owners)
{
	uint64_t span = page_set_span(g);

	return span > UINT64_MAX / (owners + 1) ? UINT64_MAX : span * (owners + 1) - 1;
}

int page_set_open(struct page_set *set, const struct group *g, unsigned owner)
{
	uint32_t per_table = pages_per_table(g) / (uint32_t)g->batch;
	uint64_t rng = stat_mix(g->seed + owner);

	*set = (struct page_set){ .base = page_set_span(g) * (1 + owner),
				  .n = (uint32_t)page_set_items(g), .batch = (uint32_t)g->batch,
				  .page_lg2 = (uint8_t)g->page_lg2 };
	set->index = malloc(set->n * sizeof(set->index[0]));
	if (!set->index)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->n; i++)
		set->index[i] = i / per_table * pages_per_table(g) + i % per_table * set->batch;
	for (uint32_t i = set->n; i > 1; i--) { /* Fisher and Yates */
		uint32_t j = (uint32_t)stat_below(&rng, i), swap = set->index[i - 1];

		set->index[i - 1] = set->index[j];
		set->index[j] = swap;
	}
	return 0;
}

void page_set_close(struct page_set *set)
{
	free(set->index);
	set->index = NULL;
}

struct pt_op page_set_op(const struct page_set *set, uint32_t i, bool map)
{
	uint64_t iova = set->base + ((uint64_t)set->index[i] << set->page_lg2);
	struct pt_op op = { .iova = iova, .count = set->batch, .size_lg2 = set->page_lg2 };

	/* several pages are unmapped as one range, as iommu_unmap() does */
	op.kind = map ? PT_MAP : set->batch > 1 ? PT_UNMAP_RANGE : PT_UNMAP;
	if (map) {
		op.pa = pa_of(iova);
		op.prot = PT_READ | PT_WRITE;
	}
	return op;
}

void page_set_fill(const struct page_set *set, struct pt_op *ops, uint32_t at, uint32_t n, bool map)
{
	for (uint32_t i = 0; i < n; i++) {
		ops[i] = page_set_op(set, at, map);
		at = at + 1 == set->n ? 0 : at + 1;
	}
}

int page_set_expect(const struct page_set *set, uint32_t from, uint32_t to, struct expectation *out)
{
	int error = 0;

	for (uint32_t i = from; i < to && !error; i++) {
		struct pt_op op = page_set_op(set, i, true);

		error = expect_add(out, &(struct extent){
			.iova = op.iova, .pa = op.pa, .prot = op.prot, .size_lg2 = op.size_lg2,
			.bytes = (uint64_t)op.count << op.size_lg2 });
	}
	return error;
}
