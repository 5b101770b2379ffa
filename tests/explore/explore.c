/*
 * explore.c - which schedule is next.
 *
 * dfs: first all schedules without a preemption, then with one, and so on, so that a failure comes with
 * as few as it can. Only accesses to locations that two threads touch, one of them writing, are points
 * where others may come first: elsewhere nobody could tell. Which those are is not known beforehand.
 * They are collected over all schedules, some random ones to begin with; a bound at which one more is
 * found is begun again. At the end no schedule has shown another, and so none exists within the bound:
 * the first conflict elsewhere would show in an equivalent schedule that was run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

#define DEPTH 3u
#define WARM_UP 200u

struct search {
	const struct ex_scenario *scenario;
	const struct ex_options *options;
	struct ex_outcome *out;
	struct timespec began;
	uint64_t steps_max;
	bool stop;
};

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + 1e-9 * (double)(now.tv_nsec - began->tv_nsec);
}

static bool enough(const struct search *s)
{
	const struct ex_options *o = s->options;

	if (o->schedules && s->out->schedules >= o->schedules)
		return true;
	return o->seconds && s->out->schedules % 64 == 0 &&
	       seconds_since(&s->began) >= (double)o->seconds;
}

/* ---- a failure ---- */

/* Choices that are not what would have been done anyway: "after so many decisions, kind, value". */
static bool write_choices(char *buf, size_t bytes)
{
	const struct decider *d = &ex_decider;
	uint64_t at = 0;
	size_t n = 0;

	buf[0] = 0;
	for (size_t i = 0; i < d->n; i++) {
		const struct choice *c = &d->list[i];

		n += (size_t)snprintf(buf + n, bytes - n, "%s%llu%c%u", i ? "." : "",
				      (unsigned long long)(c->index - at), c->kind, c->value);
		at = c->index;
		if (n + 32 > bytes)
			return false;
	}
	if (!n)
		snprintf(buf, bytes, "-");
	return true;
}

static bool read_choices(const char *text)
{
	struct decider *d = &ex_decider;
	uint64_t at = 0;

	d->n = 0;
	for (; *text && *text != '-'; text += *text == '.') {
		char *end;
		struct choice c = { .index = at += strtoull(text, &end, 10), .kind = (uint8_t)*end };

		if (end == text || !*end)
			return false;
		text = end + 1;
		c.value = (uint8_t)strtoul(text, &end, 10);
		if (end == text || (*end && *end != '.'))
			return false;
		text = end;
		ex_choice_add(c);
	}
	return true;
}

/* Run what is in the list; others as they would be anyway. */
static bool run_list(const struct search *s)
{
	ex_decider.by = BY_DEFAULT;
	ex_decider.budget = 0;
	return ex_run_once(s->scenario, s->steps_max);
}

/* One choice after the other is left out, as long as it fails in the same way. */
static void shorten(const struct search *s)
{
	struct decider *d = &ex_decider;

	for (size_t i = d->n; i-- > 0 && d->n < 200;) {
		struct choice kept = d->list[i];

		memmove(&d->list[i], &d->list[i + 1], (d->n - i - 1) * sizeof(kept));
		d->n--;
		if (!run_list(s) && !d->strayed && d->next == d->n)
			continue;
		memmove(&d->list[i + 1], &d->list[i], (d->n - i) * sizeof(kept));
		d->list[i] = kept;
		d->n++;
	}
}

static void report(struct search *s, const char *how)
{
	struct ex_outcome *out = s->out;
	char again[sizeof(out->replay) + 256];
	const char *command = s->options->command;
	bool whole;

	out->caught = true;
	whole = write_choices(out->replay, sizeof(out->replay));
	ex_tracing = true;
	if (run_list(s))
		snprintf(ex_run.message, sizeof(ex_run.message),
			 "the scenario is not deterministic: it failed, and not when run again");
	ex_tracing = false;
	snprintf(out->message, sizeof(out->message), "%s", ex_run.message);
	if (whole)
		snprintf(again, sizeof(again), "%s%s --replay %s", command ? command : "explore --scenario ",
			 command ? "" : s->scenario->name, out->replay);
	else
		snprintf(again, sizeof(again), "the same command: too many choices to print");
	if (!s->options->quiet)
		ex_trace_print(how, again);
	s->stop = true;
}

/* What dfs had still to try, and what is the default anyway, is no part of a failure. */
static void keep_executed(void)
{
	struct decider *d = &ex_decider;
	size_t n = 0;

	for (size_t i = 0; i < d->next; i++)
		if (!d->list[i].usual)
			d->list[n++] = d->list[i];
	d->n = n;
}

/* ---- dfs ---- */

/* The next one in the list. False: all done. */
static bool backtrack(void)
{
	struct decider *d = &ex_decider;

	while (d->n && !d->list[d->n - 1].todo)
		d->n--;
	if (!d->n)
		return false;
	d->list[d->n - 1].value = (uint8_t)__builtin_ctzll(d->list[d->n - 1].todo);
	d->list[d->n - 1].todo &= d->list[d->n - 1].todo - 1;
	d->list[d->n - 1].usual = false;
	return true;
}

/* All schedules with at most so many preemptions. False: begin again, more is shared than was known. */
static bool dfs_bound(struct search *s, unsigned budget)
{
	uint64_t shared = ex_shared_count();
	char how[96];

	ex_decider.n = 0;
	do {
		ex_decider.by = BY_DFS;
		ex_decider.budget = budget;
		if (!ex_run_once(s->scenario, s->steps_max)) {
			keep_executed();
			s->out->schedules++;
			snprintf(how, sizeof(how), "dfs, schedule %llu, bound %u",
				 (unsigned long long)s->out->schedules, budget);
			shorten(s);
			report(s, how);
			return true;
		}
		s->out->schedules++;
		s->out->steps += ex_run.steps;
		if (ex_shared_count() != shared)
			return false;
		if (enough(s)) {
			s->stop = true;
			return true;
		}
	} while (backtrack());
	return true;
}

static void dfs(struct search *s)
{
	for (unsigned b = 0; b <= s->options->preemptions && !s->stop; b++) {
		s->out->begun = b;
		while (!dfs_bound(s, b))
			;
	}
	s->out->complete = !s->stop;
}

/* ---- pct ---- */

static bool pct_once(struct search *s, uint64_t seed, unsigned depth)
{
	static const unsigned stale[] = { 0, 10, 30, 60 };
	struct decider *d = &ex_decider;
	bool fine;

	d->n = 0;
	d->by = BY_CHANCE;
	d->rng = seed;
	d->stale_percent = stale[ex_random(&d->rng) % 4];
	d->changes = depth - 1 < 8 ? depth - 1 : 8;
	for (unsigned i = 0; i < d->changes; i++)
		d->change[i] = 1 + ex_random(&d->rng) % (d->points_max ? d->points_max : 100);
	fine = ex_run_once(s->scenario, s->steps_max);
	if (d->points > d->points_max)
		d->points_max = d->points;
	return fine;
}

static void pct(struct search *s)
{
	unsigned depth = s->options->depth ? s->options->depth : DEPTH;
	char how[96];

	for (uint64_t seed = s->options->seed; !s->stop; seed++) {
		bool fine = pct_once(s, seed, depth);

		s->out->schedules++;
		s->out->steps += ex_run.steps;
		if (!fine) {
			snprintf(how, sizeof(how), "pct, depth %u, seed %llu", depth,
				 (unsigned long long)seed);
			shorten(s);
			report(s, how);
		} else {
			s->stop = enough(s);
		}
	}
}

/* A failure of the warm-up, to be had again. */
struct warm {
	bool failed;
	uint64_t seed;
	unsigned points_max;
};

/* To see what is shared. A failure waits: dfs, if it finds it, has it with fewer preemptions. */
static struct warm warm_up(struct search *s)
{
	struct warm first = { .failed = false };

	for (uint64_t seed = 0; seed < WARM_UP; seed++) {
		unsigned points_max = ex_decider.points_max;

		if (!pct_once(s, seed, DEPTH) && !first.failed)
			first = (struct warm){ .failed = true, .seed = seed, .points_max = points_max };
	}
	return first;
}

/* What the warm-up had found, and dfs did not within its bounds. */
static void report_warm(struct search *s, const struct warm *w)
{
	ex_decider.points_max = w->points_max;
	if (pct_once(s, w->seed, DEPTH))
		return;
	shorten(s);
	report(s, "the warm-up, beyond the bound");
}

/* ---- replay ---- */

static void replay(struct search *s)
{
	s->out->schedules = 1;
	if (!read_choices(s->options->replay)) {
		fprintf(stderr, "explore: --replay wants choices as they were printed, not '%s'\n",
			s->options->replay);
		return;
	}
	if (run_list(s))
		fprintf(stderr, "explore: %s: these choices do not fail%s\n", s->scenario->name,
			ex_decider.strayed || ex_decider.next < ex_decider.n ?
			", and are not of this scenario, or of other sources" : "");
	else
		report(s, "replay");
	s->out->steps = ex_run.steps;
}

void ex_explore(const struct ex_scenario *scenario, const struct ex_options *options,
		struct ex_outcome *out)
{
	struct search s = { .scenario = scenario, .options = options, .out = out,
			    .steps_max = options->steps ? options->steps : EX_STEPS };

	*out = (struct ex_outcome){ 0 };
	clock_gettime(CLOCK_MONOTONIC, &s.began);
	ex_shared_forget();
	ex_decider.points_max = 0;
	if (options->replay) {
		replay(&s);
	} else {
		struct warm warm = warm_up(&s);

		if (strcmp(options->mode, "pct"))
			dfs(&s);
		else
			pct(&s);
		if (warm.failed && !out->caught)
			report_warm(&s, &warm);
	}
	out->seconds = seconds_since(&s.began);
}
