/* What a lock costs by threads, and how engines gain from threads, as JSON. */
#include "bench/write_json.h"

#include <math.h>

#include "bench/scaling.h"

/* 0: no such count. */
static void put_threads(struct node o, const char *key, unsigned threads)
{
	if (threads)
		put_u64(o, key, threads);
	else
		put_null(o, key);
}

void put_knees(struct node root, const struct result *r)
{
	struct node array = put_array(root, "knees");

	for (size_t i = 0; i < r->nknees; i++) {
		const struct knee *k = &r->knees[i];
		struct node o = add_object(array);

		put_text(o, "engine", k->engine->name);
		put_text(o, "baseline", k->baseline->name);
		put_u64(o, "think_ns", k->think_ns);
		put_u64(o, "below_5_percent_threads", k->below_5_percent);
		put_threads(o, "undecided_from_threads", k->undecided_from);
		put_threads(o, "from_5_percent_threads", k->costs_from);
		put_threads(o, "saturated_threads", k->saturated);
		put_u64(o, "measured_to_threads", k->measured_to);
		put_u64(o, "thread_counts", k->counts);
	}
}

static void put_point(struct node array, const struct result *r, const struct scaling_point *p)
{
	struct node o = add_object(array), marks;

	put_text(o, "case_id", r->cases[p->c].case_id);
	put_u64(o, "threads", p->threads);
	put_interval(o, "ops_per_s", &r->cases[p->c].ops_per_s);
	put_interval(o, "speedup", &p->speedup);
	put_interval(o, "of_limit", &p->of_limit);
	put_interval(o, "efficiency", &p->efficiency);
	marks = put_array(o, "marks");
	for (int i = 0; i < SCALING_MARKS; i++)
		if (p->marks & 1u << i)
			add_text(marks, scaling_mark_name[i]);
}

static const char *const peak_name[] = { "told", "beyond_reach", "unsure" };

static void put_law(struct node o, const struct scaling *s)
{
	struct interval peak = s->usl.peak;
	struct node held;

	o = put_object(o, "usl");
	put_bool(o, "identifiable", s->identifiable);
	put_fact(o, "reason", s->why);
	put_u64(o, "thread_counts", s->fitted);
	put_bool(o, "hyperthreads", s->hyperthreads);
	if (!peak.valid)
		peak = (struct interval){ .mid = NAN };
	put_interval(o, "gamma_ops_per_s", &s->usl.gamma);
	put_interval(o, "sigma", &s->usl.sigma);
	put_interval(o, "kappa", &s->usl.kappa);
	put_interval(o, "peak_threads", &peak);
	put_fact(o, "peak", s->identifiable ? peak_name[s->usl.peak_kind] : "");
	put_real(o, "peak_reach_threads", s->identifiable ? s->usl.reach : NAN);
	put_real(o, "misfit", s->identifiable ? s->usl.fit.misfit : NAN);
	held = put_array(o, "held_at_zero");
	if (s->usl.fit.sigma_held)
		add_text(held, "sigma");
	if (s->usl.fit.kappa_held)
		add_text(held, "kappa");
}

void put_scaling(struct node root, const struct result *r)
{
	struct node array = put_array(root, "scaling");

	for (size_t i = 0; i < r->nscaling; i++) {
		const struct scaling *s = &r->scaling[i];
		struct node o = add_object(array), points;

		put_text(o, "engine", r->cases[s->points[0].c].engine->name);
		put_text(o, "series", s->name);
		put_text(o, "against", s->against_limit ? "limit" : "own");
		put_u64(o, "reference_threads", s->points[0].threads);
		points = put_array(o, "points");
		for (size_t p = 0; p < s->n; p++)
			put_point(points, r, &s->points[p]);
		put_law(o, s);
	}
}
