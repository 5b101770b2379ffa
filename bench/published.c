/* published.c - the numbers, as they were posted. */
#include "bench/published.h"

/*
 * Single thread, 10,000 loops, first iteration discarded, one pair of ktime_get() around each call, not
 * subtracted. "avg new,old", then "min new,old".
 */
static const struct published_row amdv1_rows[] = {
	{ 12, 1, { 65, 64, 62, 61 }, { 76, 89, 71, 86 } },
	{ 13, 1, { 70, 66, 67, 62 }, { 79, 89, 75, 86 } },
	{ 14, 1, { 73, 69, 71, 65 }, { 78, 90, 74, 86 } },
	{ 15, 1, { 78, 75, 75, 71 }, { 82, 89, 74, 86 } },
	{ 16, 1, { 89, 89, 86, 84 }, { 79, 89, 74, 86 } },
	{ 17, 1, { 128, 121, 124, 112 }, { 81, 89, 77, 87 } },
	{ 18, 1, { 175, 175, 170, 163 }, { 90, 92, 87, 89 } },
	{ 19, 1, { 264, 306, 261, 279 }, { 91, 93, 88, 90 } },
	{ 20, 1, { 444, 525, 438, 489 }, { 96, 95, 91, 92 } },
	{ 21, 1, { 60, 62, 58, 59 }, { 72, 88, 68, 85 } },
	{ 12, 256, { 381, 1833, 367, 1795 }, { 372, 6583, 364, 6251 } },
	{ 21, 256, { 375, 1623, 356, 1555 }, { 398, 6032, 392, 5758 } },
	{ 30, 256, { 356, 1338, 349, 1277 }, { 396, 5665, 389, 5258 } },
};

static const struct published_row x86_64_rows[] = {
	{ 12, 1, { 71, 61, 66, 58 }, { 77, 71, 73, 68 } },
	{ 21, 1, { 66, 60, 61, 55 }, { 76, 70, 70, 66 } },
	{ 30, 1, { 59, 56, 56, 54 }, { 69, 66, 66, 63 } },
	{ 12, 256, { 392, 1360, 345, 1289 }, { 225, 899, 210, 870 } },
	{ 21, 256, { 383, 1159, 335, 1145 }, { 262, 722, 248, 710 } },
	{ 30, 256, { 378, 965, 331, 892 }, { 251, 643, 244, 634 } },
};

/* The cover letter has only the least, with the cost of iommu_pgsize() taken out. */
static const struct published_row vtd_rows[] = {
	{ 12, 1, { 0, 0, 53, 62 }, { 0, 0, 65, 82 } },
	{ 12, 256, { 0, 0, 332, 512 }, { 0, 0, 200, 315 } },
	{ 21, 256, { 0, 0, 336, 624 }, { 0, 0, 238, 342 } },
};

#define ROWS(v) v, sizeof(v) / sizeof((v)[0])
#define HARDWARE "i7-12700, gcc 13.3, kernel code, one thread, 2025"

const struct published_table published_generic_pt[] = {
	{ "AMDv1", "driver up to 6.18", "generic_pt",
	  "4-v8-d50aeee4481d+55efb-iommu_pt_jgg@nvidia.com", HARDWARE, ROWS(amdv1_rows) },
	{ "x86-64", "driver up to 6.18", "generic_pt",
	  "12-v8-d50aeee4481d+55efb-iommu_pt_jgg@nvidia.com", HARDWARE, ROWS(x86_64_rows) },
	{ "VT-d", "driver up to 6.18", "generic_pt",
	  "0-v8-d50aeee4481d+55efb-iommu_pt_jgg@nvidia.com", HARDWARE, ROWS(vtd_rows) },
	{ .name = NULL },
};

const struct published_row *published_find(const struct published_table *t, unsigned size_lg2,
					   uint64_t pages)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].size_lg2 == size_lg2 && t->rows[i].pages == pages)
			return &t->rows[i];
	return NULL;
}
