/*
 * plan_twins.c - groups that do what an earlier one does, such as the sections of a job file that
 * hold a machine's drift against itself: their cases get names of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/case.h"
#include "bench/plan_default.h"

struct name {
	char id[sizeof(((struct case_result *)0)->case_id)];
	unsigned group;
};

static void name_cases(struct name *names, const struct group *g, unsigned index)
{
	struct case_result c;

	for (unsigned e = 0; e < g->nengines; e++) {
		case_identify(&c, g, index, e);
		memcpy(names[e].id, c.case_id, sizeof(names[e].id));
		names[e].group = index;
	}
}

/* One more than the latest group that has a case of one of these names, or 0. */
static unsigned repetition(const struct plan *plan, const struct name *known, size_t nknown,
			   const struct name *names, unsigned n)
{
	unsigned twin = 0;

	for (unsigned e = 0; e < n; e++)
		for (size_t k = 0; k < nknown; k++)
			if (plan->groups[known[k].group].twin >= twin &&
			    !strcmp(known[k].id, names[e].id))
				twin = plan->groups[known[k].group].twin + 1;
	return twin;
}

int plan_tell_twins(struct plan *plan, struct err *err)
{
	struct name *names = calloc(plan->ncases + 1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the names of the cases");
	for (size_t i = 0; i < plan->n; i++) {
		struct group *g = &plan->groups[i];

		name_cases(names + n, g, (unsigned)i);
		g->twin = repetition(plan, names, n, names + n, g->nengines);
		n += g->nengines;
	}
	free(names);
	return 0;
}
