/* Percentiles and their intervals, and what each process found. */
#include <math.h>
#include <stdio.h>

#include "bench/analyse.h"
#include "bench/draws.h"
#include "bench/write_json.h"

void put_percentiles(struct node o, const struct histogram *h)
{
	for (unsigned i = 0; i < LATENCY_QUANTILES; i++)
		if (hist_supports(h, latency_quantile[i]))
			put_u64(o, latency_quantile_name[i], hist_quantile(h, latency_quantile[i]));
		else
			put_null(o, latency_quantile_name[i]);
}

static uint64_t bucket_low(const struct histogram *h, uint32_t bucket)
{
	(void)h;
	return hist_bucket_low(bucket);
}

static uint64_t bucket_high(const struct histogram *h, uint32_t bucket)
{
	(void)h;
	return hist_bucket_high(bucket);
}

static uint64_t bucket_count(const struct histogram *h, uint32_t bucket)
{
	return h->count[bucket];
}

/* Of the buckets in use; `last` is for what overflowed. */
static void put_column(struct node o, const char *key, const struct histogram *h,
		       uint64_t (*value)(const struct histogram *h, uint32_t bucket), uint64_t last)
{
	struct node array = put_array(o, key);

	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		if (h->count[b])
			add_u64(array, value(h, b));
	if (h->overflow)
		add_u64(array, last);
}

void put_buckets(struct node o, const struct histogram *h)
{
	o = put_object(o, "histogram");
	put_column(o, "low_ns", h, bucket_low, 1ull << HIST_MAX_LG2);
	put_column(o, "high_ns", h, bucket_high, h->max);
	put_column(o, "count", h, bucket_count, h->overflow);
}

void put_latency_histogram(struct node o, const char *key, const struct histogram *h)
{
	char lo[16], hi[16];

	if (!h || !h->n) {
		put_null(o, key);
		return;
	}
	o = put_object(o, key);
	put_u64(o, "n", h->n);
	put_u64(o, "min", h->min);
	put_percentiles(o, h);
	for (unsigned i = 0; i < LATENCY_QUANTILES; i++) {
		struct interval v = latency_interval(h, i);

		snprintf(lo, sizeof(lo), "%s_lo", latency_quantile_name[i]);
		snprintf(hi, sizeof(hi), "%s_hi", latency_quantile_name[i]);
		put_real(o, lo, v.valid ? v.lo : NAN);
		put_real(o, hi, v.valid ? v.hi : NAN);
	}
	put_u64(o, "max", h->max);
	put_u64(o, "overflow", h->overflow);
	put_buckets(o, h);
}

static void put_draw(struct node array, const struct draw *d)
{
	struct node o = add_object(array), latency;
	char key[32];

	put_u64(o, "process", d->process);
	put_u64(o, "slices", d->slices);
	put_real(o, "ops_per_s", d->ops_per_s);
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(key, sizeof(key), "%s_ns_per_op", op_kind_name[kind]);
		put_real(o, key, d->ns_per_op[kind]);
	}
	put_u64(o, "lost", d->lost);
	put_u64(o, "tables", d->tables);
	latency = put_object(o, "latency_ns");
	for (int kind = 0; kind < OP_KINDS; kind++) {
		struct node h;

		if (!d->latency[kind].n) {
			put_null(latency, op_kind_name[kind]);
			continue;
		}
		h = put_object(latency, op_kind_name[kind]);
		put_u64(h, "n", d->latency[kind].n);
		for (unsigned i = 0; i < LATENCY_QUANTILES; i++)
			put_real(h, latency_quantile_name[i], d->latency[kind].q[i]);
	}
}

void put_draws(struct node o, const struct case_result *c)
{
	struct node array = put_array(o, "draws");

	for (size_t i = 0; i < c->ndraws && !case_withheld(c); i++)
		put_draw(array, &c->draws[i]);
}
