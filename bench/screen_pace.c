/* screen_pace.c - the open loop, in lines below the case's row. */
#include <string.h>

#include "bench/analyse.h"
#include "bench/screen.h"

static char *tail(char *buf, size_t size, const struct histogram *h, double pair_ns)
{
	char part[3][24];

	show_quantile(part[0], sizeof(part[0]), h, 0.5, pair_ns);
	show_quantile(part[1], sizeof(part[1]), h, 0.99, pair_ns);
	show_quantile(part[2], sizeof(part[2]), h, 0.999, pair_ns);
	snprintf(buf, size, "%s/%s/%s", part[0], part[1], part[2]);
	return buf;
}

/* Could not even the harness keep this schedule, here and now? */
static bool null_saturated(const struct result *r, unsigned group)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].group == group && !strcmp(r->cases[i].engine->sync, "null"))
			return r->cases[i].pace.saturated;
	return false;
}

void screen_pace(const struct screen *s, const struct case_result *c)
{
	const struct pace_result *p = &c->pace;
	double pair_ns = s->r->ruler.clock.pair_ns;
	char service[80], response[80];
	struct flow flow;

	if (!p->asked_per_s || case_withheld(c))
		return;
	flow = flow_begin(s, "       ", "; ");
	if (p->saturated) {
		flow_add(&flow, "saturated: achieved %.3g %% of asked, lag grows %.3g us per ms", 100 * p->achieved,
			 1000 * p->lag_growth);
		if (!c->engine->ruler && null_saturated(s->r, c->group))
			flow_add(&flow, "so is null: the machine's limit");
		flow_end(&flow);
		return;
	}
	flow_add(&flow, "achieved %.4g %% of asked", 100 * p->achieved);
	for (int kind = 0; kind < OP_KINDS; kind++)
		if (p->response[kind]->n)
			flow_add(&flow, "%s p50/p99/p99.9 service %s, response %s", op_kind_name[kind],
				 tail(service, sizeof(service), c->latency[kind], pair_ns),
				 tail(response, sizeof(response), p->response[kind], pair_ns));
	flow_add(&flow, "lag p99 %s", show_quantile(service, sizeof(service), p->lag, 0.99, 0));
	flow_end(&flow);
}
