/*
 * test_orders.c - is every memory order in the explored sources there for a reason, and would the
 * explorer notice if it were not? Each acquire and release that a scenario reaches is left out, one at
 * a time, until a scenario fails. Those that may go unnoticed are listed here, with why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"
#include "sys/atomic.h"

/* from site.c */
extern struct ex_site *ex_sites;

#define CASES 512u

struct trial {
	struct ex_weakening w;
	const char *function;
	uint64_t reached;
};

static struct trial trial[CASES];
static unsigned trials;

static const struct ex_scenario *scenario_nth(unsigned n)
{
	for (const struct ex_scenario *const *table = ex_scenarios; *table; table++)
		for (const struct ex_scenario *s = *table; s->name; s++)
			if (!n--)
				return s;
	return NULL;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

extern void ex_reaching(uint64_t bit);

static void add(const struct ex_site *s, int what)
{
	struct ex_weakening w = { base_name(s->file), s->line, s->text, what };

	for (unsigned i = 0; i < trials; i++)
		if (!strcmp(trial[i].w.file, w.file) && trial[i].w.line == w.line &&
		    !strcmp(trial[i].w.text, w.text) && trial[i].w.what == w.what) {
			trial[i].reached |= s->reached;
			return;
		}
	trial[trials++] = (struct trial){ w, s->function, s->reached };
}

static char **wanted;

static bool chosen(const struct ex_scenario *s)
{
	for (char **w = wanted; *w; w++)
		if (!strncmp(s->name, *w, strlen(*w)))
			return true;
	return false;
}

static void collect(void)
{
	struct ex_options o = { .mode = "dfs", .preemptions = 1, .quiet = true, .schedules = 3000 };
	struct ex_outcome out;
	const struct ex_scenario *s;

	for (unsigned n = 0; (s = scenario_nth(n)); n++) {
		if (!chosen(s))
			continue;
		ex_reaching(UINT64_C(1) << n % 64);
		ex_explore(s, &o, &out);
		if (out.caught)
			printf("%s: %s\n", s->name, out.message);
	}
	for (struct ex_site *i = ex_sites; i; i = i->next) {
		if (i->written == EX_acquire || i->written >= EX_acq_rel)
			add(i, EX_LOSE_ACQUIRE);
		if (i->written >= EX_release)
			add(i, EX_LOSE_RELEASE);
		if (i->written_lost == EX_acquire && i->written != EX_acquire)
			add(i, EX_LOSE_FAILURE);
	}
}

static bool try(const struct trial *t)
{
	static const char *const what[] = { "acquire", "release", "failure" };
	const struct ex_scenario *s;
	struct ex_outcome out;
	double seconds = 0;

	ex_weaken(&t->w);
	for (unsigned b = 0; b <= 4; b++)
	for (unsigned n = 0; (s = scenario_nth(n)); n++) {
		struct ex_options o = { .mode = "dfs", .preemptions = b, .quiet = true, .schedules = 300000 };

		if (!chosen(s) || !(t->reached >> n % 64 & 1))
			continue;
		ex_explore(s, &o, &out);
		seconds += out.seconds;
		if (out.caught) {
			printf("ok   %s:%d %s %s (%s): %s %llu: %s\n", t->w.file, t->w.line, what[t->w.what], t->w.text, t->function,
				s->name, (unsigned long long)out.schedules, out.message);
			return true;
		}
	}
	printf("MISS %s:%d %s %s (%s) %.2f s\n", t->w.file, t->w.line, what[t->w.what], t->w.text, t->function, seconds);
	return false;
}

int main(int argc, char **argv)
{
	(void)argc;
	wanted = argv + 1;
	unsigned missed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	collect();
	printf("%u trials\n", trials);
	for (unsigned i = 0; i < trials; i++)
		missed += !try(&trial[i]);
	ex_weaken(NULL);
	printf("%u missed\n", missed);
	return missed != 0;
}
