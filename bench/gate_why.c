/* gate_why.c - an inconclusive row says what would decide it; one that is not gated, why not. */
#include <math.h>
#include <string.h>

#include "bench/gate_parts.h"

__attribute__((format(printf, 2, 3))) static void say(struct gate_row *row, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row->why, sizeof(row->why), fmt, ap);
	va_end(ap);
}

static const char *pairs_flag(const struct gate_options *o)
{
	return o->design == GATE_BUILDS ? "--pairs" : "--processes";
}

static void explain_info(struct gate_row *row, const struct gate_options *o)
{
	if (row->a->is_ruler)
		say(row, "a ruler: the others are measured by it");
	else if (row->a->forced)
		say(row, "forced: arrival is not natural, so this is no gate metric");
	else if (row->a->unowned)
		say(row, "breaks the contract on purpose, so this is no gate metric");
	else if (!o->gated[row->metric])
		say(row, "not in --gate");
}

/*
 * How many pairs would bring the interval clear of the margin's edge, if it shrinks as it usually
 * does, by the square root of their number. 0: no telling.
 */
static double pairs_wanted(const struct gate_row *row)
{
	const struct interval *r = &row->test.ratio;
	double half = log(r->hi / r->lo) / 2;
	double off = fabs(fabs(log(r->mid)) - log1p(row->margin.relative));
	double wanted = (double)row->pairs * (half / off) * (half / off);

	return r->valid && isfinite(wanted) ? ceil(fmax(wanted, (double)row->pairs + 1)) : 0;
}

static void explain_width(struct gate_row *row, const struct gate_options *o)
{
	double wanted = pairs_wanted(row);

	if (!row->test.ratio.valid && row->metric == GATE_WASTE)
		say(row, "too few events to bound it: more tables, so a longer --duration");
	else if (log(row->test.ratio.hi / row->test.ratio.lo) > 6 * log1p(row->margin.relative))
		say(row, "the interval is far wider than the margin: longer processes (--duration), more of "
		    "them (%s), or a quieter machine", pairs_flag(o));
	else if (!wanted || wanted > 1000)
		say(row, "it lies at the edge of its margin: more pairs will hardly decide it");
	else
		say(row, "the interval crosses its margin: about %s %.0f would decide it", pairs_flag(o),
		    wanted);
}

static void explain_unsure(struct gate_row *row, const struct gate *g, const struct gate_options *o)
{
	size_t needed = stat_pairs_needed(g->alpha, g->tests);
	enum stat_verdict v = stat_judge(&row->test, &row->margin);

	if (needed < STAT_UNITS_MIN)
		needed = STAT_UNITS_MIN;
	if (row->pairs < STAT_UNITS_MIN)
		say(row, "%zu pair%s of processes; %zu more are needed: %s %zu", row->pairs,
		    row->pairs == 1 ? "" : "s", needed - row->pairs, pairs_flag(o), needed);
	else if (v != STAT_UNSURE && row->pairs < needed)
		say(row, "%zu pairs cannot show it in %zu tests: %s %zu, or fewer metrics in --gate",
		    row->pairs, g->tests, pairs_flag(o), needed);
	else if (v != STAT_UNSURE)
		say(row, "p %.2g, after Holm over %zu tests, is above %.2g: more pairs (%s)", row->p_holm,
		    g->tests, g->alpha, pairs_flag(o));
	else
		explain_width(row, o);
}

void gate_explain(struct gate_row *row, const struct gate *g, const struct gate_options *o)
{
	if (row->verdict == GATE_INFO)
		explain_info(row, o);
	else if (row->verdict == GATE_INCONCLUSIVE && !row->why[0])
		explain_unsure(row, g, o);
}
