/* What threads gain: efficiency by thread count, and the scalability law. */
#include <math.h>
#include <string.h>

#include "bench/scaling.h"
#include "bench/screen.h"

#define MISFIT_SHOWN 0.05 /* a law that misses a point by more says so */

static const struct case_result *case_at(const struct screen *s, const struct scaling *series, size_t p)
{
	return &s->r->cases[series->points[p].c];
}

static const struct pt_engine *engine_of(const struct screen *s, const struct scaling *series)
{
	return case_at(s, series, 0)->engine;
}

/* "0.98 [0.96 1.01]"; without bounds of the reference, and of few slices; "-" of shared CPUs */
static char *show_efficiency(char *buf, size_t size, const struct interval *i)
{
	int d = i->mid < 0.095 ? 3 : 2;

	if (!isfinite(i->mid))
		snprintf(buf, size, "-");
	else if (i->valid)
		snprintf(buf, size, "%.*f [%.*f %.*f]", d, i->mid, d, i->lo, d, i->hi);
	else
		snprintf(buf, size, "%.*f", d, i->mid);
	return buf;
}

/* "64 ^node2 0.80 [0.78 0.82]" */
static void add_point(struct flow *flow, const struct scaling_point *p)
{
	char marks[32] = "", text[48];
	size_t used = 0;

	for (int i = 0; i < SCALING_MARKS; i++)
		if (p->marks & 1u << i)
			used += (size_t)snprintf(marks + used, sizeof(marks) - used, " ^%s",
						 scaling_mark_short[i]);
	flow_add(flow, "%u%s %s", p->threads, marks,
		 show_efficiency(text, sizeof(text), &p->efficiency));
}

/* What is left of zero after rounding is zero. */
static double cleaned(double v)
{
	return fabs(v) < 1e-9 ? 0 : v;
}

/* "0.05 [0.04 0.061]" */
static char *show_coefficient(char *buf, size_t size, const struct interval *i)
{
	snprintf(buf, size, "%.2g [%.2g %.2g]", cleaned(i->mid), cleaned(i->lo), cleaned(i->hi));
	return buf;
}

static void print_law(const struct screen *s, const struct scaling *series)
{
	const struct usl *usl = &series->usl;
	char text[64];
	struct flow flow;

	if (!series->identifiable)
		return;
	flow = flow_begin(s, "                         USL ", ", ");
	flow_add(&flow, "sigma %s%s", show_coefficient(text, sizeof(text), &usl->sigma),
		 usl->fit.sigma_held ? " held at 0" : "");
	flow_add(&flow, "kappa %s%s", show_coefficient(text, sizeof(text), &usl->kappa),
		 usl->fit.kappa_held ? " held at 0" : "");
	if (usl->peak_kind == USL_PEAK_TOLD)
		flow_add(&flow, "peak %.3g threads [%.3g %.3g]", usl->peak.mid, usl->peak.lo,
			 usl->peak.hi);
	else
		flow_add(&flow, "%s %.0f threads", usl->peak_kind == USL_PEAK_BEYOND
			 ? "no peak up to" : "a peak cannot be told up to", usl->reach);
	if (usl->fit.misfit > MISFIT_SHOWN)
		flow_add(&flow, "misses a point by %.0f %%", 100 * usl->fit.misfit);
	if (series->hyperthreads)
		flow_add(&flow, "hyperthreads included");
	flow_end(&flow);
}

static void print_engine(const struct screen *s, const struct scaling *series)
{
	char lead[48];
	struct flow flow;

	snprintf(lead, sizeof(lead), "     %-19.40s ", short_name(engine_of(s, series)));
	flow = flow_begin(s, lead, " | ");
	for (size_t p = 0; p < series->n; p++)
		add_point(&flow, &series->points[p]);
	if (!series->against_limit)
		flow_add(&flow, "against itself");
	flow_end(&flow);
	print_law(s, series);
}

/* Why there is no law, once for engines that share the reason. */
static void print_refusals(const struct screen *s, size_t first)
{
	const struct result *r = s->r;

	for (size_t i = first; i < r->nscaling; i++) {
		bool said = false;

		if (strcmp(r->scaling[i].name, r->scaling[first].name) || r->scaling[i].identifiable)
			continue;
		for (size_t j = first; j < i; j++)
			said |= !strcmp(r->scaling[j].name, r->scaling[first].name) &&
				!strcmp(r->scaling[j].why, r->scaling[i].why);
		if (!said)
			fprintf(s->out, "     USL not identifiable: %s\n", r->scaling[i].why);
	}
}

static bool named_before(const struct result *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(r->scaling[j].name, r->scaling[i].name))
			return true;
	return false;
}

void screen_scaling(const struct screen *s)
{
	const struct result *r = s->r;
	unsigned marked = 0;

	if (s->standard || !r->nscaling)
		return;
	screen_title(s, "   SCALING",
		     "threads, and the gain from them over limit's of the same slices");
	for (size_t i = 0; i < r->nscaling; i++)
		for (size_t p = 0; p < r->scaling[i].n; p++)
			marked |= r->scaling[i].points[p].marks;
	if (marked)
		fprintf(s->out, "     first to use: ^node2 a second node, ^smt a second hyperthread of a "
			"core, ^over a CPU twice\n");
	for (size_t i = 0; i < r->nscaling; i++) {
		if (named_before(r, i))
			continue;
		fprintf(s->out, "   %.97s\n", r->scaling[i].name);
		for (size_t j = i; j < r->nscaling; j++)
			if (!strcmp(r->scaling[j].name, r->scaling[i].name))
				print_engine(s, &r->scaling[j]);
		print_refusals(s, i);
	}
}

/* The largest count that does not share a CPU; 0: only the reference. */
static size_t largest(const struct scaling *series)
{
	size_t at = series->n - 1;

	while (at && series->points[at].uses & SCALING_OVER)
		at--;
	return at;
}

/* Of section 1, nothing between operations, against limit; the first series of these, by engines. */
static const struct scaling *in_line(const struct screen *s, size_t i, const struct scaling *first)
{
	const struct scaling *series = &s->r->scaling[i];
	const struct case_result *c = case_at(s, series, 0);

	if (screen_section(s, c) != 1 || c->think_ns || c->engine->ruler || !largest(series) ||
	    !series->against_limit || (first && strcmp(first->name, series->name)))
		return NULL;
	return series;
}

static void add_name(struct flow *flow, const struct pt_engine *e, const char *figures)
{
	flow_add(flow, "%s%s %s", strcmp(e->body, "2019") ? "modern " : "", e->sync, figures);
}

static void print_law_line(const struct screen *s, const struct scaling *first)
{
	struct flow flow;
	bool begun = false;

	for (size_t i = 0; i < s->r->nscaling; i++) {
		const struct scaling *series = in_line(s, i, first);
		char text[160], sigma[64], kappa[64];

		if (!series || !series->identifiable)
			continue;
		if (!begun)
			flow = flow_begin(s, "   USL      sigma, kappa: ", "; ");
		begun = true;
		snprintf(text, sizeof(text), "%s, %s",
			 show_coefficient(sigma, sizeof(sigma), &series->usl.sigma),
			 show_coefficient(kappa, sizeof(kappa), &series->usl.kappa));
		add_name(&flow, engine_of(s, series), text);
	}
	if (begun)
		flow_end(&flow);
}

/* What the most threads keep, engine by engine, in a line or two; and the law where there is one. */
void screen_scaling_line(const struct screen *s)
{
	const struct scaling *first = NULL;
	char text[48];
	struct flow flow;

	for (size_t i = 0; i < s->r->nscaling; i++) {
		const struct scaling *series = in_line(s, i, first);
		const struct scaling_point *at = series ? &series->points[largest(series)] : NULL;

		if (!series)
			continue;
		if (!first) {
			flow = flow_begin(s, "   scaling  ", ", ");
			flow_add(&flow, "gain from %u to %u threads over limit's: ",
				 series->points[0].threads, at->threads);
			flow.begun = false; /* what follows the colon needs no comma */
		}
		first = first ? first : series;
		add_name(&flow, engine_of(s, series),
			 show_efficiency(text, sizeof(text), &at->efficiency));
	}
	if (!first)
		return;
	flow_end(&flow);
	print_law_line(s, first);
}
