/* A case's pages in vain as JSON. */
#include "bench/write_json.h"

#include "bench/analyse.h"

static void put_growth(struct node o, const struct waste_result *w)
{
	o = put_object(o, "growth");
	put_u64(o, "growths", w->growths);
	put_u64(o, "lost", w->in_vain.lost_growth);
	put_interval(o, "per_growth", &w->per_growth);
}

static void put_in_vain(struct node o, const struct in_vain *v)
{
	o = put_object(o, "in_vain");
	put_u64(o, "lost_installs", v->lost_installs);
	put_u64(o, "lost_growth", v->lost_growth);
	put_u64(o, "handed_back", v->handed_back);
	put_u64(o, "recycled", v->recycled);
	put_u64(o, "zeroed_bytes", v->zeroed_bytes);
	put_u64(o, "losers_timed", v->timed);
	put_real(o, "loser_ns", v->loser_ns);
	put_real(o, "ns", v->ns);
}

static void put_model(struct node o, const struct case_result *c)
{
	static const char *const names[] = {
		[ARRIVAL_UNKNOWN] = "", [ARRIVAL_LOCKSTEP] = "lockstep", [ARRIVAL_FILL] = "fill",
		[ARRIVAL_AT_ONCE] = "at_once",
	};
	const struct waste_model *m = &c->waste.model;

	o = put_object(o, "model");
	put_fact(o, "arrival", names[c->arrival]);
	put_real(o, "ceiling", m->ceiling);
	put_interval(o, "omega", &m->omega);
	put_real(o, "by_gaps", m->by_gaps);
	put_real(o, "op_ns", m->op_ns);
	put_u64(o, "meetings", m->meetings);
	put_histogram(o, "gap_ns", case_withheld(c) ? NULL : c->gap);
}

void put_waste(struct node o, const struct case_result *c)
{
	const struct waste_result *w = &c->waste;

	o = put_object(o, "waste");
	put_u64(o, "tables", w->tables);
	put_u64(o, "lost", case_lost(c));
	put_interval(o, "per_table", &w->per_table);
	put_real(o, "per_allocated", w->per_allocated);
	put_real(o, "per_map", w->per_map);
	put_real(o, "ns_per_map", w->ns_per_map);
	put_real(o, "window_ns", w->window_ns);
	put_u64(o, "windows", w->windows);
	put_real(o, "skew_ns", w->skew_ns);
	put_real(o, "overlap", w->overlap);
	if (case_withheld(c)) { /* nothing was worked out */
		put_null(o, "growth");
		put_null(o, "in_vain");
	} else {
		put_growth(o, w);
		put_in_vain(o, &w->in_vain);
	}
	put_model(o, c);
}
