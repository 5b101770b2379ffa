/* Tables for spreadsheets and data frames. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/csv.h"
#include "bench/lock_stat.h"
#include "bench/write.h"
#include "bench/write_csv.h"

static void identity(struct csv *csv, const struct case_result *c)
{
	text(csv, "case_id", c->case_id);
	text(csv, "engine", c->engine->name);
	text(csv, "format", c->engine->format);
	text(csv, "sync", c->engine->sync);
	text(csv, "body", c->engine->body);
	text(csv, "workload", c->workload);
	flag(csv, "forced", c->forced);
	flag(csv, "counterfactual", case_counterfactual(c));
	u64(csv, "threads", c->threads);
	u64(csv, "nodes_used", c->nodes_used);
	if (c->mix.n)
		text(csv, "page_size", "");
	else
		u64(csv, "page_size", c->page_bytes);
	u64(csv, "batch", c->batch);
	u64(csv, "think_ns", c->think_ns);
	text(csv, "place", c->place);
	text(csv, "mem", c->mem);
	text(csv, "zero", c->zero);
	text(csv, "share", c->share);
	text(csv, "range", c->range);
	flag(csv, "disjoint", c->disjoint);
}

static void speed(struct csv *csv, const struct case_result *c)
{
	char name[32];

	u64(csv, "ops", c->ops);
	u64(csv, "pages_done", c->pages_done);
	u64(csv, "elapsed_ns", c->elapsed_ns);
	interval(csv, "ops_per_s", &c->ops_per_s);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(name, sizeof(name), "%s_ns_per_op", op_kind_name[kind]);
		real(csv, name, c->ns_per_op[kind]);
		snprintf(name, sizeof(name), "%s_ns_per_page", op_kind_name[kind]);
		real(csv, name, c->ns_per_page[kind]);
	}
	real(csv, "busy_ns_per_op", c->busy_ns_per_op);
	real(csv, "wait_ns_per_op", c->wait_ns_per_op);
	for (int kind = 0; kind < OP_KINDS; kind++)
		csv_percentiles(csv, op_kind_name[kind], case_withheld(c) ? NULL : c->latency[kind]);
	real(csv, "longest_wait_ns", c->longest_wait_ns);
}

static void pages(struct csv *csv, const struct page_ledger *p)
{
	char name[32];

	u64(csv, "pages_allocated", p->allocated);
	u64(csv, "pages_freed", p->freed);
	u64(csv, "pages_reachable", p->reachable);
	u64(csv, "pages_spare", p->spare);
	u64(csv, "pages_retired", p->retired);
	u64(csv, "pages_lost", p->lost);
	u64(csv, "pages_wasted", p->wasted);
	u64(csv, "pages_wasted_install", p->wasted_install);
	u64(csv, "pages_wasted_growth", p->wasted_growth);
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++) {
		snprintf(name, sizeof(name), "pages_wasted_level_%u", level);
		u64(csv, name, p->wasted_by_level[level]);
	}
	u64(csv, "pages_recycled", p->recycled);
	real(csv, "pages_peak", p->peak ? (double)p->peak : NAN);
	real(csv, "pages_on_asked_node", p->on_asked_node);
}

static void counters(struct csv *csv, const struct counters_result *c)
{
	char name[48];

	for (int i = 0; i < PERF_COUNTS; i++) {
		snprintf(name, sizeof(name), "%s_per_op", perf_count_name[i]);
		real(csv, name, counters_any(c) ? c->per_op[i] : NAN);
	}
	real(csv, "counters_running_share", c->running_share);
}

static void rest(struct csv *csv, const struct case_result *c)
{
	const struct waste_result *w = &c->waste;
	const struct overlap_result *v = &c->overlap;
	struct lock_column lock[LOCK_COLUMNS_MAX];
	char sizes[MIX_TEXT_MAX];

	u64(csv, "waste_tables", w->tables);
	u64(csv, "waste_lost", case_lost(c));
	interval(csv, "waste_per_table", &w->per_table);
	real(csv, "waste_per_allocated", w->per_allocated);
	real(csv, "waste_per_map", w->per_map);
	real(csv, "waste_ns_per_map", w->ns_per_map);
	real(csv, "waste_window_ns", w->window_ns);
	real(csv, "waste_skew_ns", w->skew_ns);
	real(csv, "waste_overlap", w->overlap);
	real(csv, "jain", c->jain);
	real(csv, "min_max", c->min_max);
	text(csv, "verified", c->verified == VERIFIED_NULL ? "" :
			      c->verified == VERIFIED_YES ? "true" : "false");
	real(csv, "overlap_ranges", v->ranges ? (double)v->ranges : NAN);
	real(csv, "overlap_one_writer", v->ranges ? (double)v->one_writer : NAN);
	real(csv, "overlap_mixed_chunks", v->ranges ? (double)v->mixed_chunks : NAN);
	real(csv, "overlap_torn_leaf", v->ranges ? (double)v->torn_leaf : NAN);
	real(csv, "overlap_absent", v->ranges ? (double)v->absent : NAN);
	real(csv, "overlap_leaked_tables", v->ranges ? (double)v->leaked_tables : NAN);
	text(csv, "walk", c->engine->walk);
	for (unsigned i = 0, n = lock_columns(c, lock); i < n; i++)
		real(csv, lock[i].name, lock[i].value);
	text(csv, "page_sizes", page_mix_show(sizes, sizeof(sizes), &c->mix, c->page_bytes));
	text(csv, "order", c->order);
	text(csv, "speed", c->events ? speed_name(c->speed) : "");
	text(csv, "page_source", c->source);
}

/* Of a failed audit: empty. */
static void worked_out(struct csv *csv, const char *name, const struct case_result *c, uint64_t v)
{
	if (case_withheld(c))
		text(csv, name, "");
	else
		u64(csv, name, v);
}

static void waste(struct csv *csv, const struct case_result *c)
{
	const struct waste_result *w = &c->waste;

	worked_out(csv, "waste_growths", c, w->growths);
	interval(csv, "waste_per_growth", &w->per_growth);
	worked_out(csv, "waste_lost_installs", c, w->in_vain.lost_installs);
	worked_out(csv, "waste_lost_growth", c, w->in_vain.lost_growth);
	worked_out(csv, "waste_handed_back", c, w->in_vain.handed_back);
	worked_out(csv, "waste_recycled", c, w->in_vain.recycled);
	worked_out(csv, "waste_zeroed_bytes", c, w->in_vain.zeroed_bytes);
	real(csv, "waste_loser_ns", w->in_vain.loser_ns);
	real(csv, "waste_in_vain_ns", w->in_vain.ns);
	real(csv, "waste_ceiling", w->model.ceiling);
	interval(csv, "waste_omega", &w->model.omega);
	real(csv, "waste_by_gaps", w->model.by_gaps);
	real(csv, "waste_op_ns", w->model.op_ns);
	u64(csv, "waste_meetings", w->model.meetings);
}

#define PHASES_FIRST 4u /* there were no more of them at first */

static void phase_columns(struct csv *csv, const struct case_result *c, unsigned from, unsigned to)
{
	char name[40];

	for (unsigned k = from; k < to; k++) {
		const struct phase_result *p = &c->phases[k];

		snprintf(name, sizeof(name), "phase_%u", k);
		text(csv, name, p->name);
		snprintf(name, sizeof(name), "phase_%u_ops", k);
		real(csv, name, p->name ? (double)p->ops : NAN);
		snprintf(name, sizeof(name), "phase_%u_ns_per_op", k);
		real(csv, name, p->name ? p->ns_per_op : NAN);
		snprintf(name, sizeof(name), "phase_%u_retired", k);
		real(csv, name, p->name ? (double)p->retired : NAN);
	}
}

/* What came after the first version; columns are only appended. */
static void phases(struct csv *csv, const struct case_result *c)
{
	text(csv, "ratio", c->ratio);
	u64(csv, "readers", c->readers);
	real(csv, "depth", c->depth ? (double)c->depth : NAN);
	interval(csv, "readers_cost_ns", &c->readers_cost_ns);
	phase_columns(csv, c, 0, PHASES_FIRST);
	real(csv, "levels", c->levels ? (double)c->levels : NAN);
	real(csv, "levels_end", c->levels_end ? (double)c->levels_end : NAN);
	real(csv, "refused", strcmp(c->engine->body, "intel") ? NAN : (double)c->refused);
}

/* Columns are named by a case of no content: names do not depend on it. */
static const struct pt_engine no_engine = { .name = "", .format = "", .sync = "", .body = "" };
static const struct case_result no_case = { .engine = &no_engine };

/* Columns are only appended: these came after the others. */
static void whereabouts(struct csv *csv, const struct case_result *c)
{
	text(csv, "smt", c->smt);
	flag(csv, "oversubscribed", c->oversubscribed);
}

static void sizes(struct csv *csv, const struct case_result *c)
{
	real(csv, "tables", c->tables ? (double)c->tables : NAN);
	real(csv, "round", c->round ? (double)c->round : NAN);
	text(csv, "handicap", c->handicap);
	flag(csv, "again", c->again);
}

static void summary_row(struct csv *csv, const struct case_result *c, double pair_ns)
{
	identity(csv, c);
	speed(csv, c);
	pages(csv, &c->pages);
	rest(csv, c);
	whereabouts(csv, c);
	counters(csv, &c->counters);
	waste(csv, c);
	phases(csv, c);
	sizes(csv, c);
	csv_quantile_bounds(csv, c);
	phase_columns(csv, c, PHASES_FIRST, PHASES_MAX);
	csv_dma(csv, c);
	csv_pace(csv, c);
	csv_map_benchmark(csv, c);
	real(csv, "pair_ns", pair_ns); /* of the machine, for whoever has this file alone */
	end_row(csv);
	csv->header = false;
}

int write_summary_csv(const struct result *r, FILE *out)
{
	struct csv csv = { .out = out, .header = true };

	summary_row(&csv, &no_case, NAN);
	for (size_t i = 0; i < r->ncases; i++)
		summary_row(&csv, &r->cases[i], r->ruler.clock.pair_ns);
	return end_file(&csv);
}

static void kinds(struct csv *csv, const char *suffix, const uint64_t *v)
{
	char name[32];

	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(name, sizeof(name), "%s_%s", op_kind_name[kind], suffix);
		u64(csv, name, v[kind]);
	}
}

static void slice_phases(struct csv *csv, const struct slice *s, unsigned from, unsigned to)
{
	char name[32];

	for (unsigned k = from; k < to; k++) {
		snprintf(name, sizeof(name), "phase_%u_ops", k);
		u64(csv, name, s->phase_ops[k]);
		snprintf(name, sizeof(name), "phase_%u_ns", k);
		real(csv, name, s->phase_ns[k]);
		snprintf(name, sizeof(name), "phase_%u_retired", k);
		u64(csv, name, s->phase_retired[k]);
	}
}

static void slice_row(struct csv *csv, const struct case_result *c, const struct slice *s)
{
	char name[32];

	text(csv, "case_id", c->case_id);
	u64(csv, "process", s->process);
	u64(csv, "round", s->round);
	u64(csv, "half", s->half);
	u64(csv, "position", s->position);
	u64(csv, "ops", s->ops);
	u64(csv, "pages", s->pages);
	u64(csv, "elapsed_ns", s->elapsed_ns);
	real(csv, "ops_per_s", s->ops_per_s);
	kinds(csv, "ops", s->kind_ops);
	kinds(csv, "timed_ops", s->timed_ops);
	kinds(csv, "timed_pages", s->timed_pages);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(name, sizeof(name), "%s_timed_ns", op_kind_name[kind]);
		real(csv, name, s->timed_ns[kind]);
	}
	real(csv, "busy_ns", s->busy_ns);
	u64(csv, "busy_ops", s->busy_ops);
	real(csv, "wait_ns", s->wait_ns);
	u64(csv, "tables", s->tables);
	u64(csv, "lost_install", s->lost_install);
	u64(csv, "lost_growth", s->lost_growth);
	u64(csv, "steal_ns", s->steal_ns);
	u64(csv, "involuntary_switches", s->involuntary);
	u64(csv, "voluntary_switches", s->voluntary);
	u64(csv, "minor_faults", s->faults);
	u64(csv, "migrations", s->migrations);
	real(csv, "skew_ns", c->forced ? s->skew_ns : NAN);
	real(csv, "overlap", c->forced ? s->overlap : NAN);
	for (int i = 0; i < PERF_COUNTS; i++)
		real(csv, perf_count_name[i], s->counters.mask & 1u << i ? s->counters.count[i] : NAN);
	u64(csv, "growths", s->growths);
	real(csv, "plain_ns", s->plain_ns);
	u64(csv, "plain_ops", s->plain_ops);
	u64(csv, "meetings", s->meetings);
	slice_phases(csv, s, 0, PHASES_FIRST);
	u64(csv, "table", s->table);
	u64(csv, "at_ns", s->at_ns);
	u64(csv, "live_pages", s->live_pages);
	slice_phases(csv, s, PHASES_FIRST, PHASES_MAX);
	csv_slice_pace(csv, s);
	end_row(csv);
	csv->header = false;
}

int write_slices_csv(const struct result *r, FILE *out)
{
	struct csv csv = { .out = out, .header = true };
	const struct slice none = { 0 };

	slice_row(&csv, &no_case, &none);
	for (size_t i = 0; i < r->ncases; i++)
		for (size_t j = 0; j < r->cases[i].nslices && !case_withheld(&r->cases[i]); j++)
			slice_row(&csv, &r->cases[i], &r->cases[i].slices[j]);
	return end_file(&csv);
}

static void bucket_row(struct csv *csv, const char *id, const char *op, uint64_t low, uint64_t high,
		       uint64_t count)
{
	text(csv, "case_id", id);
	text(csv, "op", op);
	u64(csv, "low_ns", low);
	u64(csv, "high_ns", high);
	u64(csv, "count", count);
	end_row(csv);
	csv->header = false;
}

static void buckets(struct csv *csv, const struct case_result *c, const char *op, const struct histogram *h)
{
	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		if (h->count[b])
			bucket_row(csv, c->case_id, op, hist_bucket_low(b),
				   hist_bucket_high(b), h->count[b]);
	if (h->overflow) /* one bucket from where the others end to the largest value seen */
		bucket_row(csv, c->case_id, op, 1ull << HIST_MAX_LG2, h->max,
			   h->overflow);
}

int write_latency_csv(const struct result *r, FILE *out)
{
	struct csv csv = { .out = out, .header = true };

	bucket_row(&csv, "", "", 0, 0, 0);
	for (size_t i = 0; i < r->ncases; i++)
		for (int kind = 0; kind < OP_KINDS; kind++)
			if (r->cases[i].latency[kind] && !case_withheld(&r->cases[i]))
				buckets(&csv, &r->cases[i], op_kind_name[kind], r->cases[i].latency[kind]);
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];
		char op[32];

		for (int kind = 0; kind < OP_KINDS && case_paced(c); kind++) {
			snprintf(op, sizeof(op), "%s_response", op_kind_name[kind]);
			buckets(&csv, c, op, c->pace.response[kind]);
		}
		if (case_paced(c))
			buckets(&csv, c, "lag", c->pace.lag);
		if (c->speed != SPEED_MAX && !case_withheld(c))
			buckets(&csv, c, "late", c->pace.lag);
	}
	return end_file(&csv);
}
