/* made_dma.h - groups of the DMA path made by hand, beside made_result.h's. */
#pragma once

#include "bench/dma.h"
#include "made_result.h"

#define MADE_BUFFERS 1000u /* of a slice, each mapped and unmapped, half of them part by part */

/* ns of a buffer: its parts, and what a whole map and a whole unmap cost beyond them. */
struct made_parts {
	double part[DMA_PARTS];
	double beyond;
};

/* Slices drift: in slice i everything takes i % 3 percent more. */
static inline void made_dma_slices(struct case_result *c, size_t n, const struct made_parts *parts)
{
	static const char *const names[] = DMA_PHASES;
	double map = parts->part[DMA_ALLOC] + parts->part[DMA_MAP] + parts->beyond;
	double unmap = parts->part[DMA_UNMAP] + parts->part[DMA_INVALIDATE] + parts->part[DMA_FREE] +
		       parts->beyond;

	made_slices(c, n, (map + unmap) / 2);
	for (unsigned k = 0; k < DMA_PARTS; k++)
		c->phases[k].name = names[k];
	for (size_t i = 0; i < n; i++) {
		double drift = 1 + (double)(i % 3) / 100;
		struct slice *s = &c->slices[i];

		for (unsigned k = 0; k < DMA_PARTS; k++) {
			s->phase_ops[k] = MADE_BUFFERS / 2;
			s->phase_ns[k] = MADE_BUFFERS / 2 * parts->part[k] * drift;
		}
		for (unsigned kind = OP_MAP; kind <= OP_UNMAP; kind++) {
			s->timed_ops[kind] = s->timed_pages[kind] = MADE_BUFFERS / 2;
			s->timed_ns[kind] = MADE_BUFFERS / 2 * (kind == OP_MAP ? map : unmap) * drift;
		}
	}
}

static inline struct case_result *made_dma(struct result *r, unsigned group, int engine, const char *iova,
					   const char *flush, const struct made_parts *parts)
{
	struct case_result *c = made_case(r, group, engine, 2, 0);
	struct dma_result *d = &c->dma;

	c->section = 0;
	strcpy(c->workload, "ring");
	snprintf(c->case_id + strlen(c->case_id), sizeof(c->case_id) - strlen(c->case_id), "/%s/%s", iova,
		 flush);
	c->depth = 256;
	*d = (struct dma_result){
		.asked = true, .iova_window = 1ull << 32,
		.iova_n = { .allocated = 20000, .freed = 19000, .pages_allocated = 40000, .pages_freed = 38000,
			    .shared = 390, .steps = 1560, .refills = 300, .beyond_window = 12 },
		.iova_cached_pages = 254,
		.census = { .maps = 10000, .pages = 20000, .tables = 40, .lines = 2000,
			    .tables_by = { 10, 30 }, .lines_by = { 1900, 100 }, .migrations = 250,
			    .cpus_per_table = 1.75, .cpus_per_line = 1.05 },
	};
	snprintf(d->iova, sizeof(d->iova), "%s", iova);
	snprintf(d->flush, sizeof(d->flush), "%s", flush);
	made_dma_slices(c, 12, parts);
	if (!strcmp(flush, "none"))
		return c;
	d->flush_ns = 1000;
	d->flush_n = (struct flush_count){ .unmaps = 19000, .commands = 19000, .waits = 19000,
					   .spun_ns = 20000000 };
	d->stale = calloc(1, sizeof(*d->stale));
	d->depth = calloc(1, sizeof(*d->depth));
	assert(d->stale && d->depth);
	for (unsigned i = 0; i < 19000; i++) {
		hist_record(d->stale, i % 100 ? 1100 : 5000);
		hist_record(d->depth, i % 2);
	}
	return c;
}

/* ring: nothing invalidated with two allocators, one of them eager; then strictly; one audit failed. */
static inline struct result made_dma_path(void)
{
	static const struct made_parts lockless = { { 10, 20, 15, 1, 9 }, 0.5 };
	static const struct made_parts mutex = { { 10, 60, 50, 1, 9 }, -1 };
	static const struct made_parts null = { { 10, 1, 1, 1, 9 }, 0.5 };
	static const struct made_parts strict = { { 10, 20, 30, 961, 9 }, 2 };
	struct result r = made_result();
	struct case_result *c;

	made_job.preset_default = false;
	made_dma(&r, 0, LOCKLESS_2019, "rcache", "none", &lockless);
	made_dma(&r, 0, MUTEX_2019, "rcache", "none", &mutex);
	made_dma(&r, 0, NULL_RULER, "rcache", "none", &null);
	c = made_dma(&r, 1, LOCKLESS_2019, "eager", "none", &lockless);
	c->dma.iova_n.prepared_bytes = 64ull << 20;
	c->pages.peak = 68;
	made_dma(&r, 2, LOCKLESS_2019, "rcache", "strict", &strict);
	made_dma(&r, 2, MUTEX_2019, "rcache", "strict", &strict);
	c = made_dma(&r, 3, LOCKLESS_2019, "rcache", "lazy", &lockless);
	c->dma.flush_n = (struct flush_count){ .unmaps = 19000, .commands = 80, .waits = 80, .full = 70,
					       .timer = 10, .queued_peak = 255 };
	c->dma.flush_lock = FLUSH_LOCK_NONE;
	c = made_dma(&r, 3, MUTEX_2019, "rcache", "lazy", &mutex);
	c->verified = VERIFIED_NO;
	c->nevidence = 1;
	strcpy(c->evidence[0], "0x7000 expected at 0x1000, found nothing");
	return r;
}
