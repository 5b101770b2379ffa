/* scaling.csv: a row per engine, series and thread count; the law's coefficients on each of its rows. */
#include "bench/csv.h"
#include "bench/scaling.h"
#include "bench/write.h"

static void marks(struct csv *csv, unsigned set)
{
	char names[64] = "";
	size_t used = 0;

	for (int i = 0; i < SCALING_MARKS; i++)
		if (set & 1u << i)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? " " : "", scaling_mark_name[i]);
	text(csv, "marks", names);
}

static void row(struct csv *csv, const struct scaling *s, const struct scaling_point *p,
		const struct case_result *c)
{
	struct interval peak = s->usl.peak;

	text(csv, "engine", c->engine->name);
	text(csv, "series", s->name);
	text(csv, "case_id", c->case_id);
	u64(csv, "threads", p->threads);
	interval(csv, "ops_per_s", &c->ops_per_s);
	interval(csv, "speedup", &p->speedup);
	interval(csv, "of_limit", &p->of_limit);
	interval(csv, "efficiency", &p->efficiency);
	text(csv, "against", s->against_limit ? "limit" : "own");
	marks(csv, p->marks);
	flag(csv, "usl_identifiable", s->identifiable);
	interval(csv, "usl_gamma_ops_per_s", &s->usl.gamma);
	interval(csv, "usl_sigma", &s->usl.sigma);
	interval(csv, "usl_kappa", &s->usl.kappa);
	peak.n = peak.valid ? peak.n : 0;
	interval(csv, "usl_peak_threads", &peak);
	end_row(csv);
	csv->header = false;
}

int write_scaling_csv(const struct result *r, FILE *out)
{
	static const struct pt_engine no_engine = { .name = "" };
	static const struct case_result no_case = { .engine = &no_engine };
	static const struct scaling none = { .n = 0 };
	static const struct scaling_point nowhere = { .threads = 0 };
	struct csv csv = { .out = out, .header = true };

	row(&csv, &none, &nowhere, &no_case);
	for (size_t i = 0; i < r->nscaling; i++)
		for (size_t p = 0; p < r->scaling[i].n; p++)
			row(&csv, &r->scaling[i], &r->scaling[i].points[p],
			    &r->cases[r->scaling[i].points[p].c]);
	return end_file(&csv);
}
