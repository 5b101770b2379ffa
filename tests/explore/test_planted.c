/*
 * test_planted.c - linked with a source in which a bug was planted (CMakeLists.txt): some of
 * PLANTED_SCENARIOS must fail. With the clean one, none.
 */
#include <stdio.h>
#include <string.h>

#include "scenarios.h"

int main(int argc, char **argv)
{
	bool clean = argc > 1 && !strcmp(argv[1], "clean"), caught = false;

	for (const struct ex_scenario *s = PLANTED_SCENARIOS; s->name && !caught; s++) {
		struct ex_options o = { .mode = "dfs", .preemptions = s->preemptions, .quiet = !clean };
		struct ex_outcome out;

		ex_explore(s, &o, &out);
		printf("%s: %llu schedules %s\n", s->name, (unsigned long long)out.schedules, out.message);
		caught = out.caught;
	}
	return caught == clean;
}
