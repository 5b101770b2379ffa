/* plan_left_out.c - what a sweep names and a plan has not: told, never silent. */
#include <stdarg.h>
#include <string.h>

#include "bench/plan_default.h"

void plan_leave_out(struct plan *plan, const char *fmt, ...)
{
	char text[sizeof(plan->left_out[0])];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < plan->nleft_out && i < PLAN_LEFT_OUT_MAX; i++)
		if (!strcmp(plan->left_out[i], text))
			return;
	if (plan->nleft_out < PLAN_LEFT_OUT_MAX)
		memcpy(plan->left_out[plan->nleft_out], text, sizeof(text));
	plan->nleft_out++;
}

void plan_note_quota(struct plan *plan, const struct options *o, const struct topology *topo)
{
	unsigned cpus = place_capacity(topo, &o->places[0]), most = topology_within_quota(topo, cpus);

	if (!o->threads.n && most < cpus)
		plan_leave_out(plan, "more than %u thread%s: the control group grants %.1f CPUs: raise cpu.max, "
			       "or name more --threads", most, most == 1 ? "" : "s", topo->quota_cpus);
}

bool plan_left_out(const struct plan *plan, unsigned i, char *text, size_t size)
{
	if (i < plan->nleft_out && i < PLAN_LEFT_OUT_MAX)
		snprintf(text, size, "left out: %s", plan->left_out[i]);
	else if (i == PLAN_LEFT_OUT_MAX && plan->nleft_out > PLAN_LEFT_OUT_MAX)
		snprintf(text, size, "left out: more, %u times", plan->nleft_out - PLAN_LEFT_OUT_MAX);
	else
		return false;
	return true;
}

int plan_check_any(const struct plan *plan, size_t first, const struct options *o, struct err *err)
{
	if (plan->n > first)
		return 0;
	return err_set(err, EXIT_USAGE, "%s%s%snothing to measure: %s", *o->job ? "[" : "", o->job,
		       *o->job ? "] " : "", plan->nleft_out ? plan->left_out[0] : "no engine is left");
}
