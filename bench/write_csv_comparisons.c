/* comparisons.csv: a row per comparison of two cases. */
#include "bench/analyse.h"
#include "bench/csv.h"
#include "bench/write.h"

static void row(struct csv *csv, const struct comparison *cmp, const struct case_result *a,
		const struct case_result *b)
{
	text(csv, "a", a->case_id);
	text(csv, "b", b->case_id);
	text(csv, "differs", cmp->differs);
	text(csv, "metric", cmp->metric);
	real(csv, "ratio", cmp->ratio.mid);
	real(csv, "lo", cmp->ratio.valid ? cmp->ratio.lo : NAN);
	real(csv, "hi", cmp->ratio.valid ? cmp->ratio.hi : NAN);
	interval(csv, "added_ns", &cmp->added_ns);
	u64(csv, "pairs", cmp->pairs);
	real(csv, "p", cmp->p);
	real(csv, "p_holm", cmp->p_holm);
	real(csv, "margin", cmp->margin);
	flag(csv, "counterfactual", case_counterfactual(a) || case_counterfactual(b));
	text(csv, "verdict", stat_verdict_name(cmp->verdict));
	end_row(csv);
	csv->header = false;
}

int write_comparisons_csv(const struct result *r, FILE *out)
{
	static const struct pt_engine no_engine = { .name = "" };
	static const struct case_result no_case = { .engine = &no_engine };
	static const struct comparison none = { .pairs = 0 };
	struct csv csv = { .out = out, .header = true };

	row(&csv, &none, &no_case, &no_case);
	for (size_t i = 0; i < r->ncomparisons; i++)
		row(&csv, &r->comparisons[i], &r->cases[r->comparisons[i].a],
		    &r->cases[r->comparisons[i].b]);
	return end_file(&csv);
}
