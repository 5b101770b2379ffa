/*
 * Tables for spreadsheets and data frames: RFC 4180 (CRLF, fields quoted where they must be), the
 * header from the same list of columns as the rows. A null is an empty field; '.' is the decimal
 * point because the program never leaves the C locale.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/write.h"

/* header: the first pass over the columns writes names, the others values. */
struct csv {
	FILE *out;
	bool header, begun;
};

static void field(struct csv *csv, const char *text)
{
	if (csv->begun)
		fputc(',', csv->out);
	csv->begun = true;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, csv->out);
		return;
	}
	fputc('"', csv->out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', csv->out);
		fputc(*text, csv->out);
	}
	fputc('"', csv->out);
}

static void end_row(struct csv *csv)
{
	fputs("\r\n", csv->out);
	csv->begun = false;
}

static int end_file(struct csv *csv)
{
	return fflush(csv->out) || ferror(csv->out) ? -1 : 0;
}

static void text(struct csv *csv, const char *name, const char *v)
{
	field(csv, csv->header ? name : v ? v : "");
}

static void u64(struct csv *csv, const char *name, uint64_t v)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	field(csv, csv->header ? name : digits);
}

static void real(struct csv *csv, const char *name, double v)
{
	char digits[40] = "";

	if (isfinite(v))
		snprintf(digits, sizeof(digits), "%.12g", v);
	field(csv, csv->header ? name : digits);
}

static void flag(struct csv *csv, const char *name, bool v)
{
	field(csv, csv->header ? name : v ? "true" : "false");
}

static void interval(struct csv *csv, const char *name, const struct interval *i)
{
	char lo[64], hi[64];

	snprintf(lo, sizeof(lo), "%s_lo", name);
	snprintf(hi, sizeof(hi), "%s_hi", name);
	real(csv, name, i->n || i->valid ? i->mid : NAN);
	real(csv, lo, i->valid ? i->lo : NAN);
	real(csv, hi, i->valid ? i->hi : NAN);
}

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

static void percentiles(struct csv *csv, const char *op, const struct histogram *h)
{
	static const struct {
		const char *name;
		double q;
	} wanted[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 },
		{ "p9999", 0.9999 },
	};
	char name[48];
	bool any = h && h->n;

	snprintf(name, sizeof(name), "%s_n", op);
	u64(csv, name, any ? h->n : 0);
	snprintf(name, sizeof(name), "%s_min_ns", op);
	real(csv, name, any ? (double)h->min : NAN);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(name, sizeof(name), "%s_%s_ns", op, wanted[i].name);
		real(csv, name, any && hist_supports(h, wanted[i].q)
					? (double)hist_quantile(h, wanted[i].q) : NAN);
	}
	snprintf(name, sizeof(name), "%s_max_ns", op);
	real(csv, name, any ? (double)h->max : NAN);
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
		percentiles(csv, op_kind_name[kind], case_withheld(c) ? NULL : c->latency[kind]);
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
	u64(csv, "pages_peak", p->peak);
	real(csv, "pages_on_asked_node", p->on_asked_node);
}

static void rest(struct csv *csv, const struct case_result *c)
{
	const struct waste_result *w = &c->waste;
	const struct overlap_result *v = &c->overlap;

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
	real(csv, "levels", c->levels ? c->levels : NAN);
	real(csv, "levels_end", c->levels_end ? c->levels_end : NAN);
	real(csv, "refused", strcmp(c->engine->body, "intel") ? NAN : (double)c->refused);
}

/* Columns are named by a case of no content: names do not depend on it. */
static const struct pt_engine no_engine = { .name = "", .format = "", .sync = "", .body = "" };
static const struct case_result no_case = { .engine = &no_engine };

static void summary_row(struct csv *csv, const struct case_result *c)
{
	identity(csv, c);
	speed(csv, c);
	pages(csv, &c->pages);
	rest(csv, c);
	end_row(csv);
	csv->header = false;
}

int write_summary_csv(const struct result *r, FILE *out)
{
	struct csv csv = { .out = out, .header = true };

	summary_row(&csv, &no_case);
	for (size_t i = 0; i < r->ncases; i++)
		summary_row(&csv, &r->cases[i]);
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

static void buckets(struct csv *csv, const struct case_result *c, int kind)
{
	const struct histogram *h = c->latency[kind];

	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		if (h->count[b])
			bucket_row(csv, c->case_id, op_kind_name[kind], hist_bucket_low(b),
				   hist_bucket_high(b), h->count[b]);
	if (h->overflow) /* one bucket from where the others end to the largest value seen */
		bucket_row(csv, c->case_id, op_kind_name[kind], 1ull << HIST_MAX_LG2, h->max,
			   h->overflow);
}

int write_latency_csv(const struct result *r, FILE *out)
{
	struct csv csv = { .out = out, .header = true };

	bucket_row(&csv, "", "", 0, 0, 0);
	for (size_t i = 0; i < r->ncases; i++)
		for (int kind = 0; kind < OP_KINDS; kind++)
			if (r->cases[i].latency[kind] && !case_withheld(&r->cases[i]))
				buckets(&csv, &r->cases[i], kind);
	return end_file(&csv);
}
