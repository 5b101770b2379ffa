/* verify_program.c - the layers that are programs of their own: the explorer, and iopt under TSan. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/verify_child.h"

#define SCHEDULES "300" /* of each scenario; a few seconds in all */

void verify_program_find(enum verify_layer layer, char *path, size_t size)
{
	const char *where = layer == VERIFY_EXPLORER ? "tests/explore/explore" : "../tsan/iopt";
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	path[0] = '\0';
	if (n < 0)
		return;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return;
	*slash = '\0';
	if (snprintf(path, size, "%s/%s", self, where) >= (int)size || access(path, X_OK))
		path[0] = '\0';
}

/*
 * As many schedules of every scenario, not so much time: what is caught does not depend on the machine,
 * and no scenario is left out.
 */
static void exec_explorer(const struct verify_task *t)
{
	const char *mutant = pt_mutants[t->job->mutant].name;

	if (mutant)
		execl(t->program, t->program, "--break", mutant, "--schedules", SCHEDULES, NULL);
	else
		execl(t->program, t->program, "--schedules", SCHEDULES, NULL);
}

static void exec_tsan(const struct verify_task *t, char *seconds)
{
	const char *mutant = pt_mutants[t->job->mutant].name, *options = getenv("TSAN_OPTIONS");
	char seed[24], threads[16], shake[16], first[512];

	/* the first report ends it: one is enough */
	snprintf(first, sizeof(first), "%s%shalt_on_error=1", options ? options : "", options ? ":" : "");
	setenv("TSAN_OPTIONS", first, 1);
	snprintf(seed, sizeof(seed), "%" PRIu64, t->job->seed);
	snprintf(threads, sizeof(threads), "%u", t->job->threads);
	snprintf(shake, sizeof(shake), "%u", t->job->shake);
	execl(t->program, t->program, "verify", "--layer", "race", "--engine", t->job->engine->name,
	      "--seconds", seconds, "--seed", seed, "--threads", threads, "--shake", shake,
	      mutant ? "--break" : NULL, mutant, NULL);
}

void verify_program_exec(const struct verify_task *task)
{
	uint64_t ns = task->job->duration_ns;
	char text[32];

	if (task->layer == VERIFY_EXPLORER) {
		exec_explorer(task);
	} else {
		snprintf(text, sizeof(text), "%" PRIu64 "ns", ns);
		exec_tsan(task, text);
	}
	perror(task->program);
}

/* "caught NAME after N schedules (S s) by SCENARIO: MESSAGE", "clean after N schedules (S s)". */
static void explorer_answer(const char *last, struct verify_outcome *out)
{
	const char *after = strstr(last, "after "), *by;
	double seconds = 0;

	if (after && sscanf(after, "after %" SCNu64 " schedules (%lf s)", &out->rounds, &seconds) == 2)
		out->elapsed_ns = (uint64_t)(seconds * 1e9);
	by = after ? strstr(after, " by ") : NULL;
	if (out->caught)
		snprintf(out->evidence, sizeof(out->evidence), "%s", by ? by + strlen(" by ") : last);
}

int verify_program_answer(const struct verify_task *task, int exit_code, const char *last,
			  struct verify_outcome *out, struct err *err)
{
	out->caught = exit_code == EXIT_VERIFY;
	if (exit_code != EXIT_VERIFY && exit_code != EXIT_FINE)
		return err_set(err, EXIT_INTERNAL, "%.200s: exit code %d: %.200s", task->program, exit_code,
			       last);
	if (task->layer == VERIFY_EXPLORER) {
		snprintf(out->oracle, sizeof(out->oracle), "%s", out->caught ? "schedule" : "");
		explorer_answer(last, out);
	} else if (out->caught) { /* not by TSan, but by the checks of the race */
		snprintf(out->oracle, sizeof(out->oracle), "stress");
		snprintf(out->evidence, sizeof(out->evidence), "%s", last);
	}
	return 0;
}
