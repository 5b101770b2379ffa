/* series.csv: how live table pages, and the throughput, went over time; a row per slice. */
#include "bench/analyse.h"
#include "bench/csv.h"
#include "bench/write.h"

static void row(struct csv *csv, const struct case_result *c, const struct slice *s)
{
	text(csv, "case_id", c->case_id);
	text(csv, "engine", c->engine->name);
	text(csv, "workload", c->workload);
	u64(csv, "threads", c->threads);
	u64(csv, "process", s->process);
	u64(csv, "round", s->round);
	u64(csv, "half", s->half);
	u64(csv, "table", s->table);
	u64(csv, "at_ns", s->at_ns);
	u64(csv, "live_pages", s->live_pages);
	u64(csv, "ops", s->ops);
	u64(csv, "elapsed_ns", s->elapsed_ns);
	real(csv, "ops_per_s", s->ops_per_s);
	end_row(csv);
	csv->header = false;
}

int write_series_csv(const struct result *r, FILE *out)
{
	static const struct pt_engine no_engine = { .name = "" };
	static const struct case_result no_case = { .engine = &no_engine };
	static const struct slice none = { .ops = 0 };
	struct csv csv = { .out = out, .header = true };

	row(&csv, &no_case, &none);
	for (size_t i = 0; i < r->ncases; i++)
		for (size_t k = 0; k < r->cases[i].nslices && !case_withheld(&r->cases[i]); k++)
			row(&csv, &r->cases[i], &r->cases[i].slices[k]);
	return end_file(&csv);
}
