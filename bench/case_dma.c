#include "bench/case_dma.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/option_dma.h"
#include "bench/units.h"
#include "bench/workload_rows.h"

void case_dma_identify(struct case_result *c, const struct group *g)
{
	struct dma_result *d = &c->dma;

	if (!g->workload->dma)
		return;
	d->asked = true;
	d->by_page = g->workload->by_page;
	snprintf(d->iova, sizeof(d->iova), "%s", g->iova->name);
	snprintf(d->flush, sizeof(d->flush), "%s", flush_name(g->flush));
	d->iova_window = g->iova == iova_kinds[0] ? 0 : g->iova_window;
	buffers_show(d->buffers, sizeof(d->buffers), &g->buffers);
	d->one_buffer = g->workload == &workload_one_buffer;
	d->direction = g->direction;
	d->scatter = g->scatter;
	if (g->flush == FLUSH_NONE)
		return;
	d->flush_ns = g->flush_ns;
	d->flush_lock = g->flush_lock;
}

/* More of a name: what comes before the value, and the value. */
static void add(char *text, size_t size, const char *before, const char *value)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", before, value);
}

void case_dma_name(char *text, size_t size, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	char value[24];

	if (!d->asked)
		return;
	if (strcmp(d->iova, option_find("iova")->def))
		add(text, size, "/", d->iova);
	if (d->iova_window && d->iova_window != IOVA_WINDOW_MAX)
		add(text, size, "/window", show_bytes(value, sizeof(value), d->iova_window));
	if (d->buffers[0])
		add(text, size, "/buffers", d->buffers);
	if (!dma_flushes(d))
		return;
	add(text, size, "/", d->flush);
	snprintf(value, sizeof(value), "%luns", (unsigned long)d->flush_ns);
	if (d->flush_ns != FLUSH_LATENCY_NS)
		add(text, size, "+", value);
	if (d->flush_lock != FLUSH_LOCK_HELD)
		add(text, size, "+lock-", flush_lock_name(d->flush_lock));
}

int case_dma_init(struct dma_result *d)
{
	const struct interval unknown = { .mid = NAN, .lo = NAN, .hi = NAN };

	d->parts_ns = d->whole_ns = d->whole_by_parts = d->table_ns = unknown;
	d->unmap_table_share = d->amdahl = unknown;
	d->whole_map_ns = d->whole_unmap_ns = NAN;
	d->census.cpus_per_table = d->census.cpus_per_line = NAN;
	if (!dma_flushes(d))
		return 0;
	d->stale = calloc(1, sizeof(*d->stale));
	d->depth = calloc(1, sizeof(*d->depth));
	return d->stale && d->depth ? 0 : -ENOMEM;
}

void case_dma_free(struct dma_result *d)
{
	free(d->stale);
	free(d->depth);
}

static void merge_iova(struct iova_count *into, const struct iova_count *from)
{
	into->allocated += from->allocated;
	into->freed += from->freed;
	into->pages_allocated += from->pages_allocated;
	into->pages_freed += from->pages_freed;
	into->failed += from->failed;
	into->beyond_window += from->beyond_window;
	into->shared += from->shared;
	into->steps += from->steps;
	into->refills += from->refills;
	into->prepared_bytes += from->prepared_bytes;
}

static void merge_flush(struct flush_count *into, const struct flush_count *from)
{
	into->unmaps += from->unmaps;
	into->commands += from->commands;
	into->waits += from->waits;
	into->full += from->full;
	into->timer += from->timer;
	into->spun_ns += from->spun_ns;
	if (from->queued_peak > into->queued_peak)
		into->queued_peak = from->queued_peak;
}

/* A mean over what two processes touched. */
static double mean_of(double a, uint64_t na, double b, uint64_t nb)
{
	if (!na || !nb)
		return na ? a : b;
	return (a * (double)na + b * (double)nb) / (double)(na + nb);
}

static void merge_census(struct census *into, const struct census *from)
{
	if (!from->maps)
		return;
	into->cpus_per_table = mean_of(into->cpus_per_table, into->tables, from->cpus_per_table,
				       from->tables);
	into->cpus_per_line = mean_of(into->cpus_per_line, into->lines, from->cpus_per_line, from->lines);
	into->maps += from->maps;
	into->pages += from->pages;
	into->tables += from->tables;
	into->lines += from->lines;
	into->migrations += from->migrations;
	for (unsigned i = 0; i < CENSUS_CPUS; i++) {
		into->tables_by[i] += from->tables_by[i];
		into->lines_by[i] += from->lines_by[i];
	}
}

void dma_count_add(struct dma_result *into, const struct iova_count *iova, const struct flush_count *flush)
{
	merge_iova(&into->iova_n, iova);
	merge_flush(&into->flush_n, flush);
}

void case_dma_merge(struct dma_result *into, const struct dma_result *from)
{
	dma_count_add(into, &from->iova_n, &from->flush_n);
	merge_census(&into->census, &from->census);
	into->iova_cached_pages = from->iova_cached_pages; /* at the end: the last one's */
}

void case_dma_axes(struct case_axis axes[CASE_DMA_AXES], const struct dma_result *a,
		   const struct dma_result *b)
{
	bool both = dma_flushes(a) && dma_flushes(b); /* else there is nothing to be slow, or locked */
	bool windows = a->iova_window && b->iova_window; /* else one of them allocates nothing */
	const struct case_axis v[CASE_DMA_AXES] = {
		{ "iova", strcmp(a->iova, b->iova) },
		{ "iova_window", windows && a->iova_window != b->iova_window },
		{ "direction", a->direction != b->direction },
		{ "sg", a->scatter != b->scatter },
		{ "buffers", strcmp(a->buffers, b->buffers) },
		{ "flush", strcmp(a->flush, b->flush) },
		{ "flush_ns", both && a->flush_ns != b->flush_ns },
		{ "flush_lock", both && a->flush_lock != b->flush_lock },
	};

	memcpy(axes, v, sizeof(v));
}
