/* gate.c - may the two be compared, what does each row say, and what do all of them together. */
#include "bench/gate.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>

#include "bench/gate_parts.h"

const char *const gate_metric_name[GATE_METRICS] = { "throughput", "p50", "p99", "p999", "waste" };
const char *const gate_verdict_name[] = { "OK", "IMPROVED", "REGRESSED", "INCONCLUSIVE", "-" };

void gate_options_default(struct gate_options *o)
{
	*o = (struct gate_options){
		.gated = { [GATE_THROUGHPUT] = true, [GATE_P99] = true, [GATE_WASTE] = true },
		.min_effect = { 0.03, 0.10, 0.10, 0.25, 0.25 },
		.absolute = { 0, 20, 20, 20, 0.05 },
		.looks = 1,
		.seed = 1,
	};
	for (unsigned m = 0; m < GATE_METRICS; m++)
		o->floor[m] = NAN;
}

struct stat_margin gate_margin(const struct gate_options *o, const char *case_id,
			       enum gate_metric metric, bool *floored)
{
	struct stat_margin margin = { o->min_effect[metric], o->absolute[metric],
				      metric == GATE_THROUGHPUT };

	for (size_t i = 0; i < o->nthresholds; i++) {
		const struct gate_threshold *t = &o->thresholds[i];

		if (t->metric != metric || fnmatch(t->glob, case_id, 0) != 0)
			continue;
		margin.relative = isnan(t->relative) ? margin.relative : t->relative;
		margin.absolute = isnan(t->absolute) ? margin.absolute : t->absolute;
	}
	*floored = o->floor[metric] > margin.relative; /* not so of NaN */
	if (*floored)
		margin.relative = o->floor[metric];
	return margin;
}

/* ---- may they be compared? */

/* What came to light about the files of the two sides. */
struct trust {
	bool audit_failed, pinning, incomplete;
	bool failed; /* no memory */
};

static void look_at_file(struct gate *g, const struct stored *s, const char *side, struct trust *t)
{
	if (s->lost_pinning || s->clock_stepped_back) {
		t->pinning = true;
		t->failed |= gate_note(g, "%s: %s: measure again", side, s->lost_pinning
				       ? "a worker did not stay pinned to its CPU"
				       : "the clock stepped back");
	}
	if (!s->complete) {
		t->incomplete = true;
		t->failed |= gate_note(g, "%s was interrupted (\"complete\": false): finish it with "
				       "`iopt run --resume`, or --force", side);
	}
	for (size_t i = 0; i < s->ncases; i++) {
		const struct stored_case *c = &s->cases[i];

		if (c->verified == VERIFIED_NO) {
			t->audit_failed = true;
			t->failed |= gate_note(g, "%s: the audit failed: %.200s", side, c->id);
		}
		if (c->handicap && *c->handicap)
			t->failed |= gate_note(g, "%s was made worse on purpose: --handicap %s", side,
					       c->handicap);
	}
}

/* Every file against BASE's first. */
static void compare_hosts(struct gate *g, const struct gate_side *side, const struct gate_options *o,
			  struct trust *t)
{
	enum fingerprint_scope scope = o->design == GATE_FILES ? FINGERPRINT_ALL : FINGERPRINT_HOST;
	char text[sizeof(*g->differs)];

	for (size_t i = 0; g->base && i < side->n; i++)
		for (unsigned k = 0; fingerprint_differs(&g->base->host, &side->files[i]->host, scope, k,
							 text, sizeof(text)); k++)
			t->failed |= gate_differ(g, text);
}

static void note_calibration(struct gate *g, const struct gate_options *o, struct trust *t)
{
	bool known = false;

	for (unsigned m = 0; m < GATE_METRICS; m++)
		known |= o->gated[m] && !isnan(o->floor[m]);
	if (!known)
		t->failed |= gate_note(g, "not calibrated: margins are the minimum effects, whatever "
				       "identical code differs by on this machine (`iopt doctor "
				       "--calibrate` measures that)");
}

static size_t draws(const struct gate_side *side)
{
	size_t most = 0;

	for (size_t i = 0; i < side->n; i++)
		most += side->files[i]->processes;
	return most;
}

static struct trust look(struct gate *g, const struct gate_side *a, const struct gate_side *b,
			 const struct gate_options *o)
{
	struct trust t = { 0 };

	for (size_t i = 0; i < a->n; i++)
		look_at_file(g, a->files[i], "BASE", &t);
	for (size_t i = 0; i < b->n; i++)
		look_at_file(g, b->files[i], "NEW", &t);
	compare_hosts(g, a, o, &t);
	compare_hosts(g, b, o, &t);
	if (draws(a) != draws(b))
		t.failed |= gate_note(g, "BASE has %zu processes, NEW %zu: the others have no partner",
				      draws(a), draws(b));
	note_calibration(g, o, &t);
	t.failed |= gate_pass_on_warnings(g, a, b) != 0;
	return t;
}

/* ---- each row */

/* Holm over all rows of the declared gate; one that has no p yet counts all the same. */
static int adjust(struct gate *g)
{
	double *p = calloc(2 * g->nrows + 1, sizeof(*p)), *adjusted;
	size_t n = 0;
	int rc;

	if (!p)
		return -1;
	adjusted = p + g->nrows;
	for (size_t i = 0; i < g->nrows; i++)
		if (g->rows[i].gated)
			p[n++] = g->rows[i].test.p;
	g->tests = n;
	rc = stat_holm(p, n, adjusted);
	for (size_t i = 0, k = 0; i < g->nrows; i++)
		if (g->rows[i].gated)
			g->rows[i].p_holm = adjusted[k++];
	free(p);
	return rc;
}

/*
 * One side after the other, and nothing that took turns with both: the machine's drift may be all
 * there is, and is a false alarm in 29 to 79 of 100 tries (docs/gate.md). Only what the machine is
 * known to differ by can vouch for a claim then. Counts of lost pages are no times.
 */
static bool may_be_drift(const struct gate_row *row, const struct gate_options *o)
{
	return o->design == GATE_FILES && !row->steady && row->metric != GATE_WASTE &&
	       isnan(o->floor[row->metric]);
}

static enum gate_verdict judge_row(struct gate_row *row, const struct gate *g,
				   const struct gate_options *o)
{
	enum stat_verdict v;

	if (!row->gated)
		return GATE_INFO;
	if (row->why[0] || row->pairs < STAT_UNITS_MIN)
		return GATE_INCONCLUSIVE;
	v = stat_judge(&row->test, &row->margin);
	if (v == STAT_SAME)
		return GATE_OK;
	if (v == STAT_UNSURE || !(row->p_holm <= g->alpha))
		return GATE_INCONCLUSIVE;
	if (may_be_drift(row, o)) {
		snprintf(row->why, sizeof(row->why), "may be the machine's drift: no ruler, not calibrated; "
			 "--old and --new, or iopt doctor --calibrate");
		return GATE_INCONCLUSIVE;
	}
	return v == STAT_WORSE ? GATE_REGRESSED : GATE_IMPROVED;
}

static int judge_rows(struct gate *g, const struct gate_options *o)
{
	if (adjust(g))
		return -1;
	for (size_t i = 0; i < g->nrows; i++) {
		struct gate_row *row = &g->rows[i];

		row->verdict = judge_row(row, g, o);
		g->pairs = row->pairs > g->pairs ? row->pairs : g->pairs;
		gate_explain(row, g, o);
	}
	return 0;
}

/* ---- the worst first */

static double badness(const struct gate_row *row)
{
	static const double rank[] = { [GATE_INFO] = 0, [GATE_OK] = 1, [GATE_IMPROVED] = 2,
				       [GATE_INCONCLUSIVE] = 3, [GATE_REGRESSED] = 4 };
	double far = row->verdict == GATE_REGRESSED ? fabs(log(row->test.ratio.mid)) : 0;

	return rank[row->verdict] + (isfinite(far) ? far / (1 + far) : 0);
}

struct spot {
	double of_case, of_row;
	size_t nth_case, nth;
};

static int by_badness(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->of_case != y->of_case)
		return x->of_case > y->of_case ? -1 : 1;
	if (x->nth_case != y->nth_case)
		return x->nth_case < y->nth_case ? -1 : 1;
	if (x->of_row != y->of_row)
		return x->of_row > y->of_row ? -1 : 1;
	return (x->nth > y->nth) - (x->nth < y->nth);
}

/* Rows of a case are neighbours. */
static void find_places(const struct gate *g, struct spot *places)
{
	for (size_t i = 0, end; i < g->nrows; i = end) {
		double worst = 0;

		for (end = i; end < g->nrows && g->rows[end].a == g->rows[i].a; end++)
			worst = fmax(worst, badness(&g->rows[end]));
		for (size_t k = i; k < end; k++)
			places[k] = (struct spot){ worst, badness(&g->rows[k]), i, k };
	}
}

static int sort_rows(struct gate *g)
{
	struct spot *places = calloc(g->nrows + 1, sizeof(*places));
	struct gate_row *sorted = calloc(g->nrows + 1, sizeof(*sorted));

	if (!places || !sorted) {
		free(places);
		free(sorted);
		return -1;
	}
	find_places(g, places);
	qsort(places, g->nrows, sizeof(*places), by_badness);
	for (size_t i = 0; i < g->nrows; i++)
		sorted[i] = g->rows[places[i].nth];
	free(places);
	free(g->rows);
	g->rows = sorted;
	return 0;
}

/* ---- all of them together */

static size_t count(const struct gate *g, enum gate_verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nrows; i++)
		n += g->rows[i].verdict == v;
	return n;
}

static void conclude_rows(struct gate *g)
{
	size_t worse = count(g, GATE_REGRESSED), unsure = count(g, GATE_INCONCLUSIVE);
	size_t better = count(g, GATE_IMPROVED);
	char ratio[64];

	g->verdict = worse ? GATE_REGRESSED : unsure ? GATE_INCONCLUSIVE : better ? GATE_IMPROVED : GATE_OK;
	g->code = worse ? EXIT_REGRESSED : unsure ? EXIT_INCONCLUSIVE : EXIT_FINE;
	if (worse)
		snprintf(g->summary, sizeof(g->summary), "%zu of %zu gated tests, %zu inconclusive; worst: "
			 "%s %s", worse, g->tests, unsure, g->rows[0].name,
			 gate_show_ratio(ratio, sizeof(ratio), &g->rows[0]));
	else if (unsure)
		snprintf(g->summary, sizeof(g->summary), "%zu of %zu gated tests undecided, none regressed",
			 unsure, g->tests);
	else if (better)
		snprintf(g->summary, sizeof(g->summary), "%zu of %zu gated tests; none is worse", better,
			 g->tests);
	else
		snprintf(g->summary, sizeof(g->summary), "%zu gated test%s: every interval lies inside its "
			 "margin", g->tests, g->tests == 1 ? "" : "s");
}

static void demote(struct gate *g)
{
	g->forced = true;
	for (size_t i = 0; i < g->nrows; i++) {
		g->rows[i].verdict = GATE_INFO;
		if (g->rows[i].gated)
			g->rows[i].why[0] = '\0';
	}
	snprintf(g->summary, sizeof(g->summary), "--force: they are not comparable, so nothing is judged "
		 "and the exit code is 0");
}

static void refuse(struct gate *g, int code, const char *why)
{
	g->code = code;
	g->verdict = GATE_INFO;
	snprintf(g->summary, sizeof(g->summary), "%s", why);
}

/* Of several the worst: 13 > 14 > 12 > 10 > 11. */
static void conclude(struct gate *g, const struct trust *t, const struct gate_options *o)
{
	bool comparable = g->base && g->new && !g->ndiffers && !t->incomplete;

	if (g->base && g->new && !comparable && o->force)
		demote(g);
	if (t->audit_failed)
		refuse(g, EXIT_VERIFY, "an audit failed: tables that are wrong have no speed");
	else if (t->pinning)
		refuse(g, EXIT_UNTRUSTED, "a measurement is not to be trusted");
	else if (!g->base || !g->new)
		refuse(g, EXIT_NOT_COMPARABLE, "nothing was measured");
	else if (!comparable && !o->force)
		refuse(g, EXIT_NOT_COMPARABLE, g->ndiffers
		       ? "not the same machine in the same state, or not the same way of building; --force "
			 "shows the figures as information"
		       : "an interrupted run; --force shows the figures as information");
	else if (o->strict && g->nmissing)
		refuse(g, EXIT_NOT_COMPARABLE, "--strict: what one side has the other lacks");
	else if (comparable && !g->tests)
		refuse(g, EXIT_NOT_COMPARABLE, g->nrows
		       ? "nothing to gate: forced cases and rulers are none, nor are metrics beside --gate"
		       : "nothing to gate: no case that both sides have");
	else if (comparable)
		conclude_rows(g);
}

int gate_judge(struct gate *out, const struct gate_side *a, const struct gate_side *b,
	       const struct gate_options *o, struct err *err)
{
	struct gate *g = out;
	struct trust t;

	*g = (struct gate){ .base = a->n ? a->files[0] : NULL, .new = b->n ? b->files[0] : NULL,
			    .verdict = GATE_INFO, .alpha = stat_look_alpha(o->looks ? o->looks : 1) };
	t = look(g, a, b, o);
	/* figures of two machines side by side are a temptation */
	if (!t.failed && ((!g->ndiffers && !t.incomplete) || o->force))
		t.failed = gate_make_rows(g, a, b, o) || judge_rows(g, o) || sort_rows(g);
	if (t.failed) {
		gate_free(g);
		return err_set(err, EXIT_NO_RESOURCE, "no memory to compare the results");
	}
	conclude(g, &t, o);
	return 0;
}
