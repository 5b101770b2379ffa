/*
 * test_core.c - the explorer against programs whose outcomes are known: what C11 allows is found, what
 * it forbids is not. The memory model alone is on trial here, so the programs are as small as they come.
 */
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "litmus.h"

#define STEPS 1000u

static unsigned wrong;

static void complain(const struct litmus *e, const char *what, const char *more)
{
	printf("%s: %s%s\n", e->name, what, more);
	wrong++;
}

static void check_outcomes(const struct litmus *e)
{
	for (unsigned n = 0; n < 10000; n++) {
		char digits[5];

		snprintf(digits, sizeof(digits), "%04u", n);
		if (litmus_seen[n] != !!strstr(e->outcomes, digits))
			complain(e, litmus_seen[n] ? "must not be: " : "was not found: ", digits);
	}
}

/* What failed fails again from its choices, and says the same. */
static void check_failure(const struct litmus *e, const struct ex_scenario *s,
			  const struct ex_outcome *out)
{
	struct ex_options options = { .mode = "dfs", .replay = out->replay, .quiet = true,
				      .steps = STEPS };
	struct ex_outcome again;

	if (!out->caught || !strstr(out->message, e->failure)) {
		complain(e, "was not found: ", e->failure);
		return;
	}
	ex_explore(s, &options, &again);
	if (!again.caught || strcmp(again.message, out->message))
		complain(e, "was not found again by its choices: ", out->replay);
}

static void try(const struct litmus *e, const char *mode)
{
	struct ex_scenario s = { .name = e->name, .threads = e->threads, .thread = e->thread,
				 .setup = e->setup, .finish = e->finish };
	struct ex_options options = { .mode = mode, .preemptions = 4, .quiet = true, .depth = 4,
				      .schedules = mode[0] == 'p' ? 5000 : 0, .seed = 1,
				      .steps = STEPS };
	struct ex_outcome out;

	memset(litmus_seen, 0, sizeof(litmus_seen));
	ex_explore(&s, &options, &out);
	printf("%s %-22s %6llu schedules %s\n", mode, e->name, (unsigned long long)out.schedules,
	       out.caught ? out.message : "");
	if (e->failure)
		check_failure(e, &s, &out);
	else if (out.caught)
		complain(e, "failed: ", out.message);
	else if (mode[0] == 'd' && !out.complete)
		complain(e, "dfs is not complete", "");
	else
		check_outcomes(e);
}

int main(void)
{
	for (const struct litmus *e = litmus; e->name; e++) {
		try(e, "dfs");
		try(e, "pct");
	}
	return wrong != 0;
}
