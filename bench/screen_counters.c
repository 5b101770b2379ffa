/* Hardware counters on the screen: a line about them, and a line for each group of a run of one's own. */
#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/counters.h"
#include "bench/screen.h"

static const char *const unit[PERF_COUNTS] = { "cycles", "instructions", "LLC misses", "remote" };

static void add_events(struct flow *flow, const struct counters_result *c)
{
	for (int i = 0; i < PERF_COUNTS; i++)
		if (c->event[i][0])
			flow_add(flow, "%s", c->event[i]);
}

/* Word by word: reasons with their remedies are long. */
static void add_words(struct flow *flow, const char *text)
{
	char copy[sizeof(((struct counters_result *)0)->why)], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")))
		flow_add(flow, "%s", word);
}

void screen_counters(const struct screen *s)
{
	const struct counters_result *any = NULL, *none = NULL;
	double share = NAN;
	struct flow flow;

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct counters_result *c = &s->r->cases[i].counters;

		if (case_withheld(&s->r->cases[i]))
			continue;
		if (counters_any(c)) {
			any = any ? any : c;
			share = fmin(share, c->running_share); /* of a number and NaN the number */
		} else if (c->why[0] && !none && strcmp(c->why, COUNTERS_NOT_ASKED)) {
			none = c;
		}
	}
	if (!any && !none)
		return;
	flow = flow_begin(s, "counters: ", any ? ", " : " ");
	if (any) {
		add_events(&flow, any);
		flow_add(&flow, "in user space, %.0f %% of the time counted", 100 * share);
	} else {
		add_words(&flow, "none,");
		add_words(&flow, none->why);
	}
	flow_end(&flow);
}

static void add_case(struct flow *flow, const struct case_result *c)
{
	char text[160] = "", number[24];
	size_t used = 0;

	for (int i = 0; i < PERF_COUNTS; i++)
		if (isfinite(c->counters.per_op[i]) && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s",
						 used ? ", " : "",
						 show_number(number, sizeof(number),
							     c->counters.per_op[i]), unit[i]);
	flow_add(flow, "%s %s", short_name(c->engine), used ? text : "-");
}

void screen_group_counters(const struct screen *s, unsigned group)
{
	struct flow flow;
	bool begun = false;

	for (size_t i = 0; i < s->r->ncases; i++) {
		const struct case_result *c = &s->r->cases[i];

		if (c->group != group || !counters_any(&c->counters))
			continue;
		if (!begun)
			flow = flow_begin(s, "     counters an op  ", " | ");
		begun = true;
		add_case(&flow, c);
	}
	if (begun)
		flow_end(&flow);
}
