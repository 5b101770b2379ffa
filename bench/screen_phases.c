/* screen_phases.c - the parts of a workload that are told apart, in a line below the case's row. */
#include "bench/analyse.h"
#include "bench/screen.h"
#include "bench/units.h"

static void add_phase(struct flow *flow, const struct phase_result *p)
{
	char text[48];

	if (!p->ops)
		return;
	show_ns(text, sizeof(text), p->ns_per_op);
	if (p->retired)
		flow_add(flow, "%s %s, retires %.3g", p->name, text, (double)p->retired / (double)p->ops);
	else
		flow_add(flow, "%s %s", p->name, text);
}

void screen_phases(const struct screen *s, const struct case_result *c)
{
	bool cost = c->readers_cost_ns.n, waits = !c->cold && c->wait_ns_per_op > 0; /* else section 2 */
	struct flow flow;
	char text[64];

	if (case_withheld(c) || c->engine->ruler || (!c->phases[0].name && !waits))
		return;
	flow = flow_begin(s, "       ", "; ");
	for (unsigned k = 0; k < PHASES_MAX && c->phases[k].name; k++)
		add_phase(&flow, &c->phases[k]);
	if (cost)
		flow_add(&flow, "readers cost %s", show_added(text, sizeof(text), &c->readers_cost_ns));
	if (waits)
		flow_add(&flow, "waiting for others %s an op, left out",
			 show_ns(text, sizeof(text), c->wait_ns_per_op));
	flow_end(&flow);
}
