/* write_csv_latency.c - percentiles as columns. */
#include "bench/analyse.h"
#include "bench/draws.h"
#include "bench/write_csv.h"

void csv_percentiles(struct csv *csv, const char *op, const struct histogram *h)
{
	char name[48];
	bool any = h && h->n;

	snprintf(name, sizeof(name), "%s_n", op);
	u64(csv, name, any ? h->n : 0);
	snprintf(name, sizeof(name), "%s_min_ns", op);
	real(csv, name, any ? (double)h->min : NAN);
	for (unsigned i = 0; i < LATENCY_QUANTILES; i++) {
		snprintf(name, sizeof(name), "%s_%s_ns", op, latency_quantile_name[i]);
		real(csv, name, any && hist_supports(h, latency_quantile[i])
					? (double)hist_quantile(h, latency_quantile[i]) : NAN);
	}
	snprintf(name, sizeof(name), "%s_max_ns", op);
	real(csv, name, any ? (double)h->max : NAN);
}

void csv_quantile_bounds(struct csv *csv, const struct case_result *c)
{
	static const struct interval none;
	char name[48];

	for (int kind = 0; kind < OP_KINDS; kind++)
		for (unsigned i = 0; i < LATENCY_QUANTILES; i++) {
			const struct histogram *h = case_withheld(c) ? NULL : c->latency[kind];
			struct interval v = h ? latency_interval(h, i) : none;

			snprintf(name, sizeof(name), "%s_%s_ns_lo", op_kind_name[kind],
				 latency_quantile_name[i]);
			real(csv, name, v.valid ? v.lo : NAN);
			snprintf(name, sizeof(name), "%s_%s_ns_hi", op_kind_name[kind],
				 latency_quantile_name[i]);
			real(csv, name, v.valid ? v.hi : NAN);
		}
}
