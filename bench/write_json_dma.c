/* The DMA path as JSON: what a job asks for, what a case came to. */
#include "bench/write_json.h"

#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/option_dma.h"

void put_job_dma(struct node o, const struct options *j)
{
	struct node array = put_array(o, "iova");
	char text[40];

	for (size_t i = 0; i < j->niovas; i++)
		add_text(array, j->iovas[i]->name);
	put_u64(o, "iova_window", j->iova_window);
	array = put_array(o, "buffers");
	for (size_t i = 0; i < j->buffers.n; i++)
		add_text(array, kind_buffer.show(NULL, &j->buffers.v[i], text, sizeof(text)));
	array = put_array(o, "flush");
	for (size_t i = 0; i < j->nflushes; i++)
		add_text(array, flush_name(j->flushes[i]));
	put_u64(o, "flush_ns", j->flush_ns);
	put_text(o, "flush_lock", flush_lock_name(j->flush_lock));
}

static void put_allocator(struct node o, const struct dma_result *d)
{
	const struct iova_count *n = &d->iova_n;

	o = put_object(o, "allocator");
	put_u64(o, "allocated", n->allocated);
	put_u64(o, "freed", n->freed);
	put_u64(o, "pages_allocated", n->pages_allocated);
	put_u64(o, "pages_freed", n->pages_freed);
	put_u64(o, "failed", n->failed);
	put_u64(o, "beyond_window", n->beyond_window);
	put_u64(o, "shared", n->shared);
	put_real(o, "shared_share", dma_shared_share(d));
	put_u64(o, "steps", n->steps);
	put_real(o, "steps_per_shared", quotient((double)n->steps, n->shared));
	put_u64(o, "refills", n->refills);
	put_u64(o, "prepared_bytes", n->prepared_bytes);
	put_u64(o, "cached_pages", d->iova_cached_pages);
}

static void put_invalidation(struct node o, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;
	const struct flush_count *n = &d->flush_n;

	if (!d->stale) {
		put_null(o, "invalidation");
		return;
	}
	o = put_object(o, "invalidation");
	put_u64(o, "unmaps", n->unmaps);
	put_u64(o, "commands", n->commands);
	put_real(o, "commands_per_unmap", quotient((double)n->commands, n->unmaps));
	put_u64(o, "waits", n->waits);
	put_u64(o, "full", n->full);
	put_u64(o, "timer", n->timer);
	put_u64(o, "spun_ns", n->spun_ns);
	put_u64(o, "queued_peak", n->queued_peak);
	put_histogram(o, "stale_ns", case_withheld(c) ? NULL : d->stale);
	put_counts(o, "ring_depth", case_withheld(c) ? NULL : d->depth);
}

static void put_census(struct node o, const struct census *n)
{
	if (!n->maps) {
		put_null(o, "census");
		return;
	}
	o = put_object(o, "census");
	put_u64(o, "maps", n->maps);
	put_u64(o, "pages", n->pages);
	put_u64(o, "migrations", n->migrations);
	put_real(o, "migrations_share", quotient((double)n->migrations, n->maps));
	put_u64(o, "tables", n->tables);
	put_u64s(o, "tables_by_cpus", n->tables_by, CENSUS_CPUS);
	put_real(o, "cpus_per_table", n->cpus_per_table);
	put_real(o, "tables_shared", census_shared(n->tables_by, n->tables));
	put_u64(o, "lines", n->lines);
	put_u64s(o, "lines_by_cpus", n->lines_by, CENSUS_CPUS);
	put_real(o, "cpus_per_line", n->cpus_per_line);
	put_real(o, "lines_shared", census_shared(n->lines_by, n->lines));
}

void put_dma(struct node o, const struct case_result *c)
{
	const struct dma_result *d = &c->dma;

	if (!d->asked) {
		put_null(o, "dma");
		return;
	}
	o = put_object(o, "dma");
	put_text(o, "iova", d->iova);
	put_real(o, "iova_window", d->iova_window ? (double)d->iova_window : NAN);
	put_real(o, "direction", d->one_buffer ? (double)d->direction : NAN);
	if (d->one_buffer)
		put_bool(o, "sg", d->scatter);
	else
		put_null(o, "sg");
	put_fact(o, "buffers", d->buffers);
	put_text(o, "flush", d->flush);
	put_real(o, "flush_ns", dma_flushes(d) ? (double)d->flush_ns : NAN);
	put_fact(o, "flush_lock", !dma_flushes(d) ? "" : flush_lock_name(d->flush_lock));
	put_interval(o, "parts_ns", &d->parts_ns);
	put_interval(o, "whole_ns", &d->whole_ns);
	put_real(o, "whole_map_ns", d->whole_map_ns);
	put_real(o, "whole_unmap_ns", d->whole_unmap_ns);
	put_interval(o, "whole_by_parts", &d->whole_by_parts);
	put_interval(o, "table_ns", &d->table_ns);
	put_interval(o, "unmap_table_share", &d->unmap_table_share);
	put_interval(o, "amdahl", &d->amdahl);
	put_allocator(o, d);
	put_invalidation(o, c);
	put_census(o, &d->census);
}
