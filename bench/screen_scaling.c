/* What threads gain: efficiency by thread count, and the scalability law. */
#include <math.h>
#include <string.h>

#include "bench/scaling.h"
#include "bench/screen.h"

#define COUNTS_MAX 32u
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
	flow = flow_begin(s, "       USL ", ", ");
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

/* The thread counts of all series of a name: those of its columns, each with what begins there. */
struct counts {
	unsigned n, threads[COUNTS_MAX];
	char title[COUNTS_MAX][48];
};

static void add_count(struct counts *counts, const struct scaling_point *p)
{
	unsigned at = counts->n;
	char *title;
	size_t used;

	for (unsigned k = 0; k < counts->n; k++)
		if (counts->threads[k] == p->threads)
			return;
	if (counts->n == COUNTS_MAX)
		return;
	for (; at && counts->threads[at - 1] > p->threads; at--) {
		counts->threads[at] = counts->threads[at - 1];
		memcpy(counts->title[at], counts->title[at - 1], sizeof(counts->title[at]));
	}
	counts->n++;
	counts->threads[at] = p->threads;
	title = counts->title[at];
	used = (size_t)snprintf(title, sizeof(counts->title[at]), "%u", p->threads);
	for (int i = 0; i < SCALING_MARKS; i++)
		if (p->marks & 1u << i && used < sizeof(counts->title[at]))
			used += (size_t)snprintf(title + used, sizeof(counts->title[at]) - used, " ^%s",
						 scaling_mark_short[i]);
}

static void put_engine(const struct screen *s, struct columns *t, const struct counts *counts,
		       const struct scaling *series)
{
	char text[48];

	columns_row(t);
	columns_cell(t, "%s", row_name(s, engine_of(s, series)));
	for (unsigned k = 0; k < counts->n; k++) {
		size_t p = 0;

		while (p < series->n && series->points[p].threads != counts->threads[k])
			p++;
		columns_cell(t, "%s", p == series->n ? "" :
			     show_efficiency(text, sizeof(text), &series->points[p].efficiency));
	}
}

/* The engines of one name, a column for each thread count. */
static void print_series(const struct screen *s, const char *name)
{
	const struct result *r = s->r;
	struct column column[COUNTS_MAX + 1] = { { .title = "threads", .least = 19 } };
	struct counts counts = { .n = 0 };
	struct columns t;
	struct screen below;

	for (size_t j = 0; j < r->nscaling; j++)
		for (size_t p = 0; p < r->scaling[j].n && !strcmp(r->scaling[j].name, name); p++)
			add_count(&counts, &r->scaling[j].points[p]);
	for (unsigned k = 0; k < counts.n; k++)
		column[1 + k] = (struct column){ .title = counts.title[k] };
	t = screen_columns(s, column, counts.n + 1, 5);
	for (size_t j = 0; j < r->nscaling; j++) {
		if (strcmp(r->scaling[j].name, name))
			continue;
		put_engine(s, &t, &counts, &r->scaling[j]);
		below = screen_below(s, &t);
		if (!r->scaling[j].against_limit)
			screen_words(&below, "       ", "against itself");
		print_law(&below, &r->scaling[j]);
	}
	columns_end(&t);
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
			screen_words(s, "     ", "USL not identifiable: %s", r->scaling[i].why);
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
		screen_words(s, "     ", "first to use: ^node2 a second node, ^smt a second hyperthread of a core, "
			     "^over a CPU twice");
	for (size_t i = 0; i < r->nscaling; i++) {
		if (named_before(r, i))
			continue;
		screen_words(s, "   ", "%s", r->scaling[i].name);
		print_series(s, r->scaling[i].name);
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
			flow = flow_begin(s, "   scaling  ", " ");
			flow_add(&flow, "gain from %u to %u threads over limit's:",
				 series->points[0].threads, at->threads);
		}
		first = first ? first : series;
		add_name(&flow, engine_of(s, series),
			 show_efficiency(text, sizeof(text), &at->efficiency));
		flow.separator = ", "; /* behind the colon there was none */
	}
	if (!first)
		return;
	flow_end(&flow);
	print_law_line(s, first);
}
