/*
 * main.c - the program `explore`: scenarios of the explored sources, by name, with a bug switched on or
 * without; bounded for tests, for as long as one likes by hand.
 *
 * bench/verify_mutants.c reads the last line of --break.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "pt/mutant.h"
#include "sys/err.h"

struct request {
	struct ex_options o;
	const char *scenario; /* "all", a name, or the part of names before the slash */
	enum pt_mutant mutant;
	const char *weaken;
	bool list;
	bool glance; /* a little of each scenario, in the time it takes */
};

struct total {
	uint64_t schedules, steps;
	double seconds;
	unsigned scenarios;
};

static const char help[] =
	"usage: explore [options]\n"
	"\n"
	"Runs page tables, locks and grace periods under every schedule of some threads, one after the\n"
	"other, with the memory model of C11 instead of this machine's.\n"
	"\n"
	"  --scenario NAME     one scenario, or all whose names begin with NAME/ (default: all)\n"
	"  --break MUTANT      with this bug; ends when it has been caught\n"
	"  --mode dfs|pct      all schedules within a bound, or random priorities (default: dfs)\n"
	"  --preemptions N     dfs: at most so many preemptions (default: the scenario's own, or 2)\n"
	"  --depth D           pct: finds bugs that need D - 1 switches at the right place (default: 3)\n"
	"  --schedules N       at most so many of each scenario; 0: no bound (default: 0; pct: 10000)\n"
	"  --seconds S         at most so long in all, shared among the scenarios; 0: no bound (default)\n"
	"  --seed N            pct: seed of the first schedule, the next are N + 1, N + 2, … (default: 1)\n"
	"  --weaken FILE:LINE:ORDER  leave out the acquire or release written there, or the acquire of a\n"
	"                      compare-exchange that fails (failure): grace.c:138:acquire\n"
	"  --replay CHOICES    one schedule, as a failure printed it\n"
	"  --list              the scenarios and the bugs\n"
	"\n"
	"Exit code: 0 nothing found, 13 something found, 64 usage.\n"
	"\n"
	"example: explore --break b16-free-at-once --scenario replace\n";

static void usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("explore: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; see explore --help\n", stderr);
	exit(EXIT_USAGE);
}

static uint64_t number(const char *flag, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < least || n > most)
		usage_error("--%s %s: want a number from %" PRIu64 " to %" PRIu64, flag, text, least,
			    most);
	return n;
}

enum { SCENARIO = 1, BREAK, MODE, PREEMPTIONS, DEPTH, SCHEDULES, SECONDS, SEED, REPLAY, WEAKEN, LIST,
       HELP };

static const struct option options[] = {
	{ "scenario", required_argument, NULL, SCENARIO },
	{ "break", required_argument, NULL, BREAK },
	{ "mode", required_argument, NULL, MODE },
	{ "preemptions", required_argument, NULL, PREEMPTIONS },
	{ "depth", required_argument, NULL, DEPTH },
	{ "schedules", required_argument, NULL, SCHEDULES },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "seed", required_argument, NULL, SEED },
	{ "replay", required_argument, NULL, REPLAY },
	{ "weaken", required_argument, NULL, WEAKEN },
	{ "list", no_argument, NULL, LIST },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

#define BY_SCENARIO (~0u) /* preemptions: each scenario's own */

/* "grace.c:138:acquire" */
static void weaken(const char *text)
{
	static const char *const what[] = { "acquire", "release", "failure" };
	static char file[64];
	struct ex_weakening w = { .file = file };
	char part[16] = "";
	unsigned i = 0;

	if (sscanf(text, "%63[^:]:%d:%15s", file, &w.line, part) == 3)
		while (i < 3 && strcmp(part, what[i]))
			i++;
	if (!*part || i == 3)
		usage_error("--weaken %s: want FILE:LINE:acquire, release, or failure (of a "
			    "compare-exchange)", text);
	w.what = i;
	ex_weaken(&w);
}

static void set_option(struct request *r, int option, const char *text)
{
	switch (option) {
	case SCENARIO:
		r->scenario = text;
		break;
	case BREAK:
		r->mutant = pt_mutant_find(text);
		if (!r->mutant)
			usage_error("--break %s: no such bug", text);
		break;
	case MODE:
		if (strcmp(text, "dfs") && strcmp(text, "pct"))
			usage_error("--mode %s: want dfs or pct", text);
		r->o.mode = text;
		break;
	case PREEMPTIONS:
		r->o.preemptions = (unsigned)number("preemptions", text, 0, 64);
		break;
	case DEPTH:
		r->o.depth = (unsigned)number("depth", text, 1, 64);
		break;
	case SCHEDULES:
		r->o.schedules = number("schedules", text, 0, UINT64_MAX);
		break;
	case SECONDS:
		r->o.seconds = (double)number("seconds", text, 0, UINT32_MAX);
		break;
	case SEED:
		r->o.seed = number("seed", text, 0, UINT64_MAX);
		break;
	case REPLAY:
		r->o.replay = text;
		break;
	case WEAKEN:
		weaken(text);
		r->weaken = text;
		break;
	case LIST:
		r->list = true;
		break;
	case HELP:
		fputs(help, stdout);
		exit(EXIT_FINE);
	default: /* getopt_long has said why */
		usage_error("nothing was explored");
	}
}

static void parse(struct request *r, int argc, char **argv)
{
	bool schedules = false;
	int option;

	*r = (struct request){ .scenario = "all", .o = { .mode = "dfs", .preemptions = BY_SCENARIO,
							 .depth = 3, .seed = 1 } };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		set_option(r, option, optarg);
		schedules |= option == SCHEDULES || option == SECONDS;
	}
	if (optind < argc)
		usage_error("%s: not an option", argv[optind]);
	if (!strcmp(r->o.mode, "pct") && !schedules)
		r->o.schedules = 10000;
}

/* Does `name` stand for this scenario? A name, or all of it before a slash. */
static bool named(const struct ex_scenario *s, const char *name)
{
	size_t n = strlen(name);

	return !strcmp(name, "all") || (!strncmp(s->name, name, n) && (!s->name[n] || s->name[n] == '/'));
}

/* Is this a scenario on the engine that shows the bug? */
static bool on_engine(const struct ex_scenario *s, const char *engine)
{
	const char *slash = strchr(s->name, '/');

	return slash && !strcmp(slash + 1, engine);
}

/*
 * The scenarios asked for, one after the other; with a bug switched on, those on its engine first.
 * NULL when `i` is beyond the last.
 */
static const struct ex_scenario *chosen(const struct request *r, unsigned i)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (const struct ex_scenario *const *table = ex_scenarios; *table; table++) {
			for (const struct ex_scenario *s = *table; s->name; s++) {
				bool first = !r->mutant || on_engine(s, pt_mutants[r->mutant].engine);

				if (named(s, r->scenario) && first == !pass && !i--)
					return s;
			}
		}
	}
	return NULL;
}

static void list(void)
{
	puts("scenarios:");
	for (const struct ex_scenario *const *table = ex_scenarios; *table; table++)
		for (const struct ex_scenario *s = *table; s->name; s++)
			printf("  %-34s %u threads  %s\n", s->name, s->threads, s->help);
	puts("bugs for --break:");
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
		printf("  %-34s on %-14s %s\n", pt_mutants[m].name, pt_mutants[m].engine,
		       pt_mutants[m].help);
}

/* "complete within 2 preemptions", "bounded", … */
static const char *extent(const struct ex_options *o, const struct ex_outcome *out, char *text, size_t n)
{
	unsigned within = out->complete ? o->preemptions : out->begun - 1;

	if (o->replay)
		snprintf(text, n, "replayed");
	else if (!strcmp(o->mode, "pct"))
		snprintf(text, n, "random, depth %u, seeds %" PRIu64 " and up", o->depth, o->seed);
	else if (!out->complete && !out->begun)
		snprintf(text, n, "bounded");
	else
		snprintf(text, n, "complete within %u preemption%s%s", within, within == 1 ? "" : "s",
			 out->complete ? "" : ", bounded");
	return text;
}

/* One scenario, with its line. True: caught. */
static bool explore(const struct request *r, const struct ex_scenario *s, double seconds,
		    struct total *total, struct ex_outcome *out)
{
	struct ex_options o = r->o;
	char text[80], again[256];

	if (o.preemptions == BY_SCENARIO)
		o.preemptions = s->preemptions ? s->preemptions : 2;
	o.seconds = seconds;
	snprintf(again, sizeof(again), "explore --scenario %s%s%s%s%s", s->name,
		 r->mutant ? " --break " : "", r->mutant ? pt_mutants[r->mutant].name : "",
		 r->weaken ? " --weaken " : "", r->weaken ? r->weaken : "");
	o.command = again;
	ex_explore(s, &o, out);
	total->scenarios++;
	total->schedules += out->schedules;
	total->steps += out->steps;
	total->seconds += out->seconds;
	printf("%-34s %9" PRIu64 " schedules %11" PRIu64 " steps %7.2f s  %s, %s\n", s->name, out->schedules,
	       out->steps, out->seconds, extent(&o, out, text, sizeof(text)),
	       out->caught ? "caught" : "clean");
	if (!out->caught)
		return false;
	printf("%s: %s\nreplay: %s --replay %s\n", s->name, out->message, again, out->replay);
	return true;
}

/* The last line: bench/verify_mutants.c reads it. */
static int conclude(const struct request *r, const struct total *total, unsigned caught,
		    const struct ex_scenario *by, const struct ex_outcome *out)
{
	if (caught && r->mutant)
		printf("caught %s after %" PRIu64 " schedules (%.2f s) by %s: %s\n",
		       pt_mutants[r->mutant].name, total->schedules, total->seconds, by->name,
		       out->message);
	else if (caught)
		printf("caught in %u of %u scenarios after %" PRIu64 " schedules (%.2f s)\n", caught,
		       total->scenarios, total->schedules, total->seconds);
	else
		printf("clean after %" PRIu64 " schedules (%.2f s)\n", total->schedules, total->seconds);
	return caught ? EXIT_VERIFY : EXIT_FINE;
}

/* The first n chosen, one after the other, to the first catch of a bug that is switched on. */
static unsigned explore_round(const struct request *r, unsigned n, struct total *total,
			      struct ex_outcome *out, const struct ex_scenario **s)
{
	unsigned caught = 0;

	for (unsigned i = 0; i < n && !(caught && r->mutant); i++) {
		/* What is left is shared by those to come. */
		double left = r->o.seconds - total->seconds, share = r->glance ? left : left / (n - i);

		if (r->o.seconds > 0 && left <= 0) {
			printf("%u scenarios were not reached: more --seconds, or a --scenario\n", n - i);
			break;
		}
		*s = chosen(r, i);
		caught += explore(r, *s, r->o.seconds > 0 ? share : 0, total, out);
		if (r->o.replay && !out->steps)
			usage_error("--replay %s: not understood", r->o.replay);
	}
	return caught;
}

#define FIRST_ROUND 300u

/*
 * All that were asked for. Which scenario shows a bug is not known, but whichever it is soon does: first
 * a little of each.
 */
static int explore_all(const struct request *r)
{
	static struct ex_outcome out;
	const struct ex_scenario *s = NULL;
	struct request first = *r;
	struct total total = { 0 };
	unsigned n = 0, caught = 0;

	while (chosen(r, n))
		n++;
	if (!n)
		usage_error("--scenario %s: no such scenario", r->scenario);
	if (r->o.replay && n > 1)
		usage_error("--replay is of one schedule: name its --scenario");
	first.o.schedules = FIRST_ROUND;
	first.glance = true;
	if (r->mutant && n > 1 && (!r->o.schedules || r->o.schedules > FIRST_ROUND))
		caught = explore_round(&first, n, &total, &out, &s);
	if (!caught)
		caught = explore_round(r, n, &total, &out, &s);
	return conclude(r, &total, caught, s, &out);
}

int main(int argc, char **argv)
{
	struct request r;

	parse(&r, argc, argv);
	if (r.list) {
		list();
		return EXIT_FINE;
	}
	pt_mutant_on = r.mutant;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return explore_all(&r);
}
