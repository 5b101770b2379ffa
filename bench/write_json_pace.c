/* write_json_pace.c - the open loop of a case. */
#include <stdio.h>

#include "bench/analyse.h"
#include "bench/write_json.h"

void put_pace(struct node o, const struct case_result *c)
{
	const struct pace_result *p = &c->pace;
	bool shown = case_paced(c);
	struct node response;

	if (!p->asked_per_s) {
		put_null(o, "rate");
		return;
	}
	o = put_object(o, "rate");
	put_u64(o, "asked_per_s", p->asked_per_s);
	put_text(o, "pace", pace_name(p->kind));
	put_real(o, "achieved", p->achieved);
	put_real(o, "lag_growth", p->lag_growth);
	if (case_withheld(c))
		put_null(o, "saturated");
	else
		put_bool(o, "saturated", p->saturated);
	response = put_object(o, "response_ns");
	for (int kind = 0; kind < OP_KINDS; kind++)
		put_latency_histogram(response, op_kind_name[kind], shown ? p->response[kind] : NULL);
	put_latency_histogram(o, "lag_ns", shown ? p->lag : NULL);
}

void put_slice_pace(struct node o, const struct slice *s)
{
	put_u64(o, "paced_ops", s->paced_ops);
	put_u64(o, "backlog", s->backlog);
	put_u64(o, "lag_first_ns", s->lag_first_ns);
	put_u64(o, "lag_last_ns", s->lag_last_ns);
}
