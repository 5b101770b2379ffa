/* doctor_brief.c - what `run` says of the machine. */
#include "bench/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "bench/doctor_report.h"

void doctor_look(struct doctor_report *r, bool clock)
{
	struct check_input in = { &r->host, &r->facts, r->topo, clock ? &clock_facts : NULL,
				  r->probe_ns ? &r->probe : NULL };

	memset(r->count, 0, sizeof(r->count));
	for (size_t i = 0; i < nchecks; i++) {
		check_look(&checks[i], &in, &r->found[i]);
		r->count[r->found[i].verdict]++;
	}
}

/* Whoever calls has called clock_init(): `run` is about to measure. */
static struct doctor_report *look(const struct host_facts *facts, const struct topology *t)
{
	struct doctor_report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->host = *facts;
	r->topo = t;
	check_facts_read(&r->facts, t);
	doctor_look(r, true);
	return r;
}

/* The only complaint at length, or the names of all. */
static void tell(const struct doctor_report *r, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "doctor: ");
	for (size_t i = 0; i < nchecks; i++) {
		if (r->found[i].verdict != CHECK_COMPLAINT)
			continue;
		if (r->count[CHECK_COMPLAINT] == 1) {
			check_text(&checks[i], &r->found[i], text, size);
			return;
		}
		used = strlen(text);
		snprintf(text + used, size - used, "%s%s", used > strlen("doctor: ") ? ", " : "",
			 checks[i].name);
	}
	used = strlen(text);
	snprintf(text + used, size - used, " (`iopt doctor` has the remedies)");
}

bool doctor_advice(const struct host_facts *facts, const struct topology *t, char *text, size_t size,
		   char (*advice)[DOCTOR_TEXT], unsigned most, unsigned *n)
{
	struct doctor_report *r = look(facts, t);
	bool any = r && r->count[CHECK_COMPLAINT];

	*n = 0;
	if (any)
		tell(r, text, size);
	for (int verdict = CHECK_COMPLAINT; r && verdict >= CHECK_NOTE; verdict--)
		for (size_t i = 0; i < nchecks && *n < most; i++)
			if (r->found[i].verdict == (enum check_verdict)verdict)
				check_text(&checks[i], &r->found[i], advice[(*n)++], DOCTOR_TEXT);
	free(r);
	return any;
}

bool doctor_brief(const struct host_facts *facts, const struct topology *t, char *text, size_t size)
{
	unsigned n;

	return doctor_advice(facts, t, text, size, NULL, 0, &n);
}
