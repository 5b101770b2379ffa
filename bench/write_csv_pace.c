/* write_csv_pace.c - columns of the open loop, and of the kernel's tool. */
#include "bench/analyse.h"
#include "bench/write_csv.h"

void csv_pace(struct csv *csv, const struct case_result *c)
{
	const struct pace_result *p = &c->pace;
	bool open = p->asked_per_s, shown = case_paced(c);
	char name[32];

	real(csv, "rate_per_s", open ? (double)p->asked_per_s : NAN);
	text(csv, "pace", open ? pace_name(p->kind) : "");
	real(csv, "rate_achieved", open ? p->achieved : NAN);
	real(csv, "rate_lag_growth", open ? p->lag_growth : NAN);
	text(csv, "rate_saturated", !open || case_withheld(c) ? "" : p->saturated ? "true" : "false");
	for (int kind = 0; kind < OP_KINDS; kind++) {
		snprintf(name, sizeof(name), "%s_response", op_kind_name[kind]);
		csv_percentiles(csv, name, shown ? p->response[kind] : NULL);
	}
	csv_percentiles(csv, "lag", shown ? p->lag : NULL);
}

void csv_map_benchmark(struct csv *csv, const struct case_result *c)
{
	static const struct map_benchmark_sums none;
	const struct map_benchmark_sums *s = case_withheld(c) ? &none : &c->map_benchmark;

	real(csv, "dma_map_benchmark_loops", s->loops[OP_MAP] ? (double)s->loops[OP_MAP] : NAN);
	real(csv, "dma_map_benchmark_map_us", map_benchmark_mean_us(s, OP_MAP));
	real(csv, "dma_map_benchmark_map_sigma_us", map_benchmark_sigma_us(s, OP_MAP));
	real(csv, "dma_map_benchmark_unmap_us", map_benchmark_mean_us(s, OP_UNMAP));
	real(csv, "dma_map_benchmark_unmap_sigma_us", map_benchmark_sigma_us(s, OP_UNMAP));
}

void csv_slice_pace(struct csv *csv, const struct slice *s)
{
	u64(csv, "paced_ops", s->paced_ops);
	u64(csv, "backlog", s->backlog);
	u64(csv, "lag_first_ns", s->lag_first_ns);
	u64(csv, "lag_last_ns", s->lag_last_ns);
}
