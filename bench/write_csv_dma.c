/* The DMA path's columns of summary.csv: empty in other workloads, those of the model with --flush none. */
#include "bench/analyse.h"
#include "bench/csv.h"

static void count(struct csv *csv, const char *name, bool known, uint64_t v)
{
	real(csv, name, known ? (double)v : NAN);
}

static void histogram(struct csv *csv, const char *name, const struct histogram *h)
{
	char column[48];
	bool any = h && h->n;

	snprintf(column, sizeof(column), "%s_p50", name);
	real(csv, column, any ? (double)hist_quantile(h, 0.5) : NAN);
	snprintf(column, sizeof(column), "%s_max", name);
	real(csv, column, any ? (double)h->max : NAN);
}

static void identity(struct csv *csv, const struct dma_result *d)
{
	text(csv, "iova", d->iova);
	count(csv, "iova_window", d->iova_window, d->iova_window);
	text(csv, "buffers", d->buffers);
	text(csv, "flush", d->flush);
	count(csv, "flush_ns", dma_flushes(d), d->flush_ns);
	text(csv, "flush_lock", !dma_flushes(d) ? "" : flush_lock_name(d->flush_lock));
}

static void counts(struct csv *csv, const struct dma_result *d)
{
	const struct iova_count *i = &d->iova_n;
	const struct flush_count *f = &d->flush_n;
	bool flushes = dma_flushes(d);

	count(csv, "iova_allocated", d->asked, i->allocated);
	count(csv, "iova_freed", d->asked, i->freed);
	count(csv, "iova_pages_allocated", d->asked, i->pages_allocated);
	count(csv, "iova_pages_freed", d->asked, i->pages_freed);
	count(csv, "iova_failed", d->asked, i->failed);
	count(csv, "iova_beyond_window", d->asked, i->beyond_window);
	count(csv, "iova_shared", d->asked, i->shared);
	count(csv, "iova_steps", d->asked, i->steps);
	count(csv, "iova_refills", d->asked, i->refills);
	count(csv, "iova_prepared_bytes", d->asked, i->prepared_bytes);
	count(csv, "iova_cached_pages", d->asked, d->iova_cached_pages);
	count(csv, "flush_unmaps", flushes, f->unmaps);
	count(csv, "flush_commands", flushes, f->commands);
	count(csv, "flush_waits", flushes, f->waits);
	count(csv, "flush_full", flushes, f->full);
	count(csv, "flush_timer", flushes, f->timer);
	count(csv, "flush_spun_ns", flushes, f->spun_ns);
	count(csv, "flush_queued_peak", flushes, f->queued_peak);
}

static void census(struct csv *csv, const struct census *n)
{
	static const char *const cpus[CENSUS_CPUS] = { "1", "2", "3", "4_or_more" };
	bool taken = n->maps;
	char name[48];

	count(csv, "census_maps", taken, n->maps);
	count(csv, "census_pages", taken, n->pages);
	count(csv, "census_migrations", taken, n->migrations);
	count(csv, "census_tables", taken, n->tables);
	count(csv, "census_lines", taken, n->lines);
	for (unsigned i = 0; i < CENSUS_CPUS; i++) {
		snprintf(name, sizeof(name), "census_tables_by_%s", cpus[i]);
		count(csv, name, taken, n->tables_by[i]);
		snprintf(name, sizeof(name), "census_lines_by_%s", cpus[i]);
		count(csv, name, taken, n->lines_by[i]);
	}
	real(csv, "census_cpus_per_table", taken ? n->cpus_per_table : NAN);
	real(csv, "census_cpus_per_line", taken ? n->cpus_per_line : NAN);
}

void csv_dma(struct csv *csv, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	bool known = d->asked && !case_withheld(c);

	identity(csv, d);
	interval(csv, "dma_parts_ns", &d->parts_ns);
	interval(csv, "dma_whole_ns", &d->whole_ns);
	real(csv, "dma_whole_map_ns", known ? d->whole_map_ns : NAN);
	real(csv, "dma_whole_unmap_ns", known ? d->whole_unmap_ns : NAN);
	interval(csv, "dma_whole_by_parts", &d->whole_by_parts);
	interval(csv, "dma_table_ns", &d->table_ns);
	interval(csv, "unmap_table_share", &d->unmap_table_share);
	interval(csv, "amdahl", &d->amdahl);
	counts(csv, d);
	histogram(csv, "stale_ns", known ? d->stale : NULL);
	histogram(csv, "ring_depth", known ? d->depth : NULL);
	census(csv, &d->census);
}
