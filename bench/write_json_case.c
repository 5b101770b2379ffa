/* One case as JSON. */
#include "bench/write_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/plan.h"
#include "bench/series.h"

static struct node put_summary(struct node o, const char *key, const struct histogram *h)
{
	o = put_object(o, key);
	put_u64(o, "n", h->n);
	put_u64(o, "min", h->min);
	put_percentiles(o, h);
	put_u64(o, "max", h->max);
	put_u64(o, "overflow", h->overflow);
	return o;
}

void put_counts(struct node o, const char *key, const struct histogram *h)
{
	if (h && h->n)
		put_summary(o, key, h);
	else
		put_null(o, key);
}

void put_histogram(struct node o, const char *key, const struct histogram *h)
{
	if (h && h->n)
		put_buckets(put_summary(o, key, h), h);
	else
		put_null(o, key);
}

/* A mix has no one size. */
static void put_page_sizes(struct node o, const struct case_result *c)
{
	unsigned n = c->mix.n ? c->mix.n : 1;
	struct node sizes;

	if (c->mix.n)
		put_null(o, "page_size");
	else
		put_u64(o, "page_size", c->page_bytes);
	sizes = put_array(o, "page_sizes");
	for (unsigned i = 0; i < n; i++) {
		struct node size = add_object(sizes);

		put_u64(size, "bytes", c->mix.n ? 1ull << c->mix.lg2[i] : c->page_bytes);
		put_u64(size, "weight", c->mix.n ? c->mix.weight[i] : 1);
	}
}

static void put_identity(struct node o, const struct case_result *c)
{
	put_text(o, "case_id", c->case_id);
	put_u64(o, "group", c->group);
	put_u64(o, "section", c->section);
	put_text(o, "engine", c->engine->name);
	put_fact(o, "format", c->engine->format);
	put_fact(o, "sync", c->engine->sync);
	put_text(o, "body", c->engine->body);
	put_fact(o, "walk", c->engine->walk ? c->engine->walk : "");
	put_text(o, "workload", c->workload);
	put_bool(o, "forced", c->forced);
	put_bool(o, "cold", c->cold);
	put_bool(o, "unowned", c->unowned);
	put_bool(o, "counterfactual", case_counterfactual(c));
	put_u64(o, "threads", c->threads);
	put_u64(o, "nodes_used", c->nodes_used);
	put_page_sizes(o, c);
	put_u64(o, "batch", c->batch);
	put_u64(o, "think_ns", c->think_ns);
	put_text(o, "place", c->place);
	put_text(o, "smt", c->smt);
	put_bool(o, "oversubscribed", c->oversubscribed);
	put_text(o, "mem", c->mem);
	put_text(o, "zero", c->zero);
	put_fact(o, "page_source", c->source);
	put_fact(o, "share", c->share);
	put_fact(o, "order", c->order);
	put_fact(o, "range", c->range);
	put_bool(o, "disjoint", c->disjoint);
	put_bool(o, "again", c->again);
	put_fact(o, "handicap", c->handicap);
	put_fact(o, "ratio", c->ratio);
	put_u64(o, "readers", c->readers);
	if (c->depth)
		put_u64(o, "depth", c->depth);
	else
		put_null(o, "depth");
	if (c->tables)
		put_u64(o, "tables", c->tables);
	else
		put_null(o, "tables");
	if (c->round)
		put_u64(o, "round", c->round);
	else
		put_null(o, "round");
	if (c->levels)
		put_u64(o, "levels", c->levels);
	else
		put_null(o, "levels");
	if (c->levels_end)
		put_u64(o, "levels_end", c->levels_end);
	else
		put_null(o, "levels_end");
}

static void put_speed(struct node o, const struct case_result *c)
{
	char key[32];

	put_u64(o, "ops", c->ops);
	put_u64(o, "pages_done", c->pages_done);
	put_u64(o, "elapsed_ns", c->elapsed_ns);
	put_interval(o, "ops_per_s", &c->ops_per_s);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(key, sizeof(key), "%s_ns_per_op", op_kind_name[kind]);
		put_real(o, key, c->ns_per_op[kind]);
		snprintf(key, sizeof(key), "%s_ns_per_page", op_kind_name[kind]);
		put_real(o, key, c->ns_per_page[kind]);
	}
	put_real(o, "busy_ns_per_op", c->busy_ns_per_op);
	put_real(o, "wait_ns_per_op", c->wait_ns_per_op);
}

static void put_latency(struct node o, const struct case_result *c)
{
	struct node latency = put_object(o, "latency_ns");

	for (int kind = 0; kind < OP_KINDS; kind++)
		put_latency_histogram(latency, op_kind_name[kind],
				      case_withheld(c) ? NULL : c->latency[kind]);
	put_u64(o, "sample_every", c->sample_every);
	put_u64(o, "disturbed_samples", c->disturbed);
	put_real(o, "longest_wait_ns", c->longest_wait_ns);
}

static void put_pages(struct node o, const struct page_ledger *p, unsigned nodes)
{
	o = put_object(o, "pages");
	put_u64(o, "allocated", p->allocated);
	put_u64(o, "freed", p->freed);
	put_u64(o, "reachable", p->reachable);
	put_u64(o, "spare", p->spare);
	put_u64(o, "retired", p->retired);
	put_u64(o, "lost", p->lost);
	put_u64(o, "wasted", p->wasted);
	put_u64(o, "wasted_install", p->wasted_install);
	put_u64(o, "wasted_growth", p->wasted_growth);
	put_u64s(o, "wasted_by_level", p->wasted_by_level, PT_LEVELS_MAX);
	put_u64(o, "recycled", p->recycled);
	if (p->peak)
		put_u64(o, "peak", p->peak);
	else
		put_null(o, "peak");
	if (p->nodes_known)
		put_u64s(o, "by_node", p->by_node, nodes);
	else
		put_null(o, "by_node");
	put_real(o, "on_asked_node", p->on_asked_node);
}

static void put_verified(struct node o, const struct case_result *c)
{
	struct node fairness = put_object(o, "fairness"), evidence;

	put_real(fairness, "jain", c->jain);
	put_real(fairness, "min_max", c->min_max);
	if (c->verified == VERIFIED_NULL)
		put_null(o, "verified");
	else
		put_bool(o, "verified", c->verified == VERIFIED_YES);
	evidence = put_array(o, "evidence");
	for (unsigned i = 0; i < c->nevidence; i++)
		add_text(evidence, c->evidence[i]);
}

static void put_workers(struct node o, const struct case_result *c, unsigned nodes)
{
	struct node array = put_array(o, "workers");

	for (unsigned i = 0; c->workers && i < c->threads; i++) {
		const struct worker_result *w = &c->workers[i];
		struct node worker = add_object(array);

		put_u64(worker, "cpu_asked", w->cpu_asked);
		put_u64(worker, "cpu", w->cpu);
		put_u64(worker, "node", w->node);
		if (w->memory == MEMORY_ANY)
			put_null(worker, "memory_node");
		else
			put_u64(worker, "memory_node", w->memory);
		put_bool(worker, "moved", w->moved);
		put_bool(worker, "unpinned", w->unpinned);
		put_u64(worker, "ops", w->ops);
		put_real(worker, "elapsed_ns", case_withheld(c) ? NAN : w->elapsed_ns);
		/* where the trace or a barrier deals out operations a worker has no rate of its own */
		put_real(worker, "ops_per_s", isnan(c->jain) ? NAN : 1e9 * (double)w->ops / w->elapsed_ns);
		put_u64s(worker, "table_pages_by_node", w->pages_by_node, nodes);
	}
}

static void put_overlap(struct node o, const struct overlap_result *v)
{
	if (!v->ranges) {
		put_null(o, "overlap");
		return;
	}
	o = put_object(o, "overlap");
	put_u64(o, "ranges", v->ranges);
	put_u64(o, "one_writer", v->one_writer);
	put_real(o, "one_writer_share", (double)v->one_writer / (double)v->ranges);
	put_u64(o, "mixed_chunks", v->mixed_chunks);
	put_u64(o, "torn_leaf", v->torn_leaf);
	put_u64(o, "absent", v->absent);
	put_u64(o, "leaked_tables", v->leaked_tables);
}

static void put_replay(struct node o, const struct case_result *c)
{
	if (!c->events) {
		put_null(o, "replay");
		return;
	}
	o = put_object(o, "replay");
	put_u64(o, "events", c->events);
	put_u64(o, "events_skipped", c->events_skipped);
	put_text(o, "speed", speed_name(c->speed));
	if (c->speed == SPEED_MAX) {
		put_null(o, "segment_ns");
		put_null(o, "late_ns");
	} else {
		put_u64(o, "segment_ns", c->segment_ns);
		put_latency_histogram(o, "late_ns", case_withheld(c) ? NULL : c->pace.lag);
	}
}

static void put_phases(struct node o, const struct case_result *c)
{
	struct node array;

	put_interval(o, "readers_cost_ns", &c->readers_cost_ns);
	if (!c->phases[0].name) {
		put_null(o, "phases");
		return;
	}
	array = put_array(o, "phases");
	for (unsigned k = 0; k < PHASES_MAX && c->phases[k].name; k++) {
		const struct phase_result *p = &c->phases[k];
		struct node phase = add_object(array);

		put_text(phase, "name", p->name);
		put_u64(phase, "ops", p->ops);
		put_real(phase, "ns_per_op", p->ns_per_op);
		put_u64(phase, "retired", p->retired);
		put_real(phase, "retired_per_op", p->ops ? (double)p->retired / (double)p->ops : NAN);
	}
}

static void put_map_benchmark(struct node o, const struct case_result *c)
{
	const struct map_benchmark_sums *s = &c->map_benchmark;

	if (!s->loops[OP_MAP] || case_withheld(c)) {
		put_null(o, "dma_map_benchmark");
		return;
	}
	o = put_object(o, "dma_map_benchmark");
	put_u64(o, "loops", s->loops[OP_MAP]);
	put_real(o, "map_us", map_benchmark_mean_us(s, OP_MAP));
	put_real(o, "map_sigma_us", map_benchmark_sigma_us(s, OP_MAP));
	put_real(o, "unmap_us", map_benchmark_mean_us(s, OP_UNMAP));
	put_real(o, "unmap_sigma_us", map_benchmark_sigma_us(s, OP_UNMAP));
}

static void put_kinds(struct node o, const char *suffix, const uint64_t *v)
{
	char key[32];

	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(key, sizeof(key), "%s_%s", op_kind_name[kind], suffix);
		put_u64(o, key, v[kind]);
	}
}

static void put_slice_phases(struct node o, const struct slice *s)
{
	if (!s->phase_ops[0]) {
		put_null(o, "phase_ops");
		put_null(o, "phase_ns");
		put_null(o, "phase_retired");
		return;
	}
	put_u64s(o, "phase_ops", s->phase_ops, PHASES_MAX);
	put_reals(o, "phase_ns", s->phase_ns, PHASES_MAX);
	put_u64s(o, "phase_retired", s->phase_retired, PHASES_MAX);
}

static void put_slice(struct node array, const struct slice *s, bool forced)
{
	struct node o = add_object(array);
	char key[32];

	put_u64(o, "process", s->process);
	put_u64(o, "round", s->round);
	put_u64(o, "half", s->half);
	put_u64(o, "table", s->table);
	put_u64(o, "position", s->position);
	put_u64(o, "at_ns", s->at_ns);
	put_u64(o, "live_pages", s->live_pages);
	put_u64(o, "ops", s->ops);
	put_u64(o, "pages", s->pages);
	put_u64(o, "elapsed_ns", s->elapsed_ns);
	put_real(o, "ops_per_s", s->ops_per_s);
	put_kinds(o, "ops", s->kind_ops);
	put_kinds(o, "timed_ops", s->timed_ops);
	put_kinds(o, "timed_pages", s->timed_pages);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(key, sizeof(key), "%s_timed_ns", op_kind_name[kind]);
		put_real(o, key, s->timed_ns[kind]);
	}
	put_real(o, "busy_ns", s->busy_ns);
	put_u64(o, "busy_ops", s->busy_ops);
	put_real(o, "wait_ns", s->wait_ns);
	put_slice_phases(o, s);
	put_u64(o, "tables", s->tables);
	put_u64(o, "lost_install", s->lost_install);
	put_u64(o, "lost_growth", s->lost_growth);
	put_u64(o, "growths", s->growths);
	put_real(o, "plain_ns", s->plain_ns);
	put_u64(o, "plain_ops", s->plain_ops);
	put_u64(o, "meetings", s->meetings);
	put_u64(o, "steal_ns", s->steal_ns);
	put_u64(o, "involuntary_switches", s->involuntary);
	put_u64(o, "voluntary_switches", s->voluntary);
	put_u64(o, "minor_faults", s->faults);
	put_u64(o, "migrations", s->migrations);
	put_real(o, "skew_ns", forced ? s->skew_ns : NAN);
	put_real(o, "overlap", forced ? s->overlap : NAN);
	put_slice_counters(o, &s->counters);
	put_slice_pace(o, s);
}

/* What the slices say of it, in short. */
static void put_live_pages(struct node o, const struct case_result *c)
{
	struct series s;

	if (!series_of(c, &s)) {
		put_null(o, "live_pages");
		return;
	}
	o = put_object(o, "live_pages");
	put_u64(o, "first", s.first);
	put_u64(o, "last", s.last);
	put_u64(o, "peak", s.peak);
}

void put_case(struct node array, const struct case_result *c, unsigned nodes)
{
	struct node o = add_object(array), slices;

	put_identity(o, c);
	put_speed(o, c);
	put_latency(o, c);
	put_pages(o, &c->pages, nodes);
	put_waste(o, c);
	put_verified(o, c);
	if (strcmp(c->engine->body, "intel"))
		put_null(o, "refused");
	else
		put_u64(o, "refused", c->refused);
	put_workers(o, c, nodes);
	put_overlap(o, &c->overlap);
	put_replay(o, c);
	put_counters(o, c);
	put_pace(o, c);
	put_map_benchmark(o, c);
	put_phases(o, c);
	put_dma(o, c);
	put_lock_stat(o, c);
	put_draws(o, c);
	put_live_pages(o, c);
	put_u64(o, "ops_per_slice", c->ops_per_slice);
	slices = put_array(o, "slices");
	for (size_t i = 0; i < c->nslices && !case_withheld(c); i++)
		put_slice(slices, &c->slices[i], c->forced);
}
