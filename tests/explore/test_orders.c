/*
 * test_orders.c - is every memory order in the explored sources there for a reason, and would the
 * explorer notice if it were not? Each acquire and each release that the scenarios reach is left out, one
 * at a time, and they are explored until one fails. Those that go unnoticed are listed here, with the
 * reason; one that is not listed fails the test, and so does one that is listed and noticed.
 *
 * explore_test_orders NAME…: with scenarios whose names begin so. Without: locks by those of locks, grace
 * periods and the flush queue by theirs, and tables by a few of tables.
 */
#include <stdio.h>
#include <string.h>

#include "scenarios.h"
#include "sys/atomic.h"

#define TRIALS_MAX 512u
#define SCHEDULES_MAX 30000u
#define KNOWN_MAX 500u /* of each scenario, for what is not expected to be noticed */

struct known {
	const char *file, *function, *does, *text;
	int what;
	const char *why;
};

#define GUARD "it guards plain data, which ThreadSanitizer watches; what the lock guards comes with L1"
#define FARTHER "leaving the queue in the middle needs more than these schedules: argument only"

#define RING "a slot of the ring is used again after 256 commands, more than any scenario has"
#define NUMBER "nothing is read through it: only which of two roots is the taller counts"
#define SEEN "what the devices remember is their own, and comes to them by the ring"
static const struct known known[] = {
	{ "sync.h", "publish_top_cas", "cas", "&pt->top", EX_LOSE_FAILURE,
	  "who lost reads the word again before it walks, and what it publishes continues the release" },
	{ "entry.h", "entry_take", "cas", "slot", EX_LOSE_ACQUIRE,
	  "a range is handed over with all that its owners before have built in it" },
	{ "grace.c", "advance", "cas", "&grace->epoch", EX_LOSE_ACQUIRE,
	  "the load of the epoch in the next quiescent state acquires the same" },
	{ "grace.c", "grace_online", "store", "&w->seen", EX_LOSE_RELEASE,
	  "the next advance but one acquires the read-modify-write of the epoch that follows" },
	{ "lock_qspin.c", "leave", "store", "&next->state", EX_LOSE_RELEASE, "the data come with L6" },
	{ "lock_qspin.c", "qspin_acquire_slow", "load", "&node->state", EX_LOSE_ACQUIRE,
	  "the data come with L6" },
	{ "lock_kmutex.c", "leave_head", "store", "&next->state", EX_LOSE_RELEASE,
	  "the data come with L1" },
	{ "lock_kmutex.c", "join", "load", "&node->state", EX_LOSE_ACQUIRE, "the data come with L1" },
	{ "lock_kmutex.c", "leave_middle", "load", "&node->state", EX_LOSE_ACQUIRE,
	  "the data come with L1" },
	{ "lock_kmutex.c", "take", "load", "&l->owner", EX_LOSE_ACQUIRE,
	  "who is handed the lock takes the guard next, which the giver has let go (L14)" },
	{ "lock_kmutex.c", "guard_lock", "update", "&l->guard", EX_LOSE_ACQUIRE, GUARD },
	{ "lock_kmutex.c", "guard_unlock", "store", "&l->guard", EX_LOSE_RELEASE, GUARD },
	{ "lock_kmutex.c", "join", "load", "&node->prev", EX_LOSE_ACQUIRE, FARTHER },
	{ "lock_kmutex.c", "leave_middle", "load", "&node->prev", EX_LOSE_ACQUIRE, FARTHER },
	{ "lock_kmutex.c", "leave_middle", "cas", "&prev->next", EX_LOSE_ACQUIRE, FARTHER },
	{ "lock_kmutex.c", "leave_middle", "cas", "&prev->next", EX_LOSE_RELEASE, FARTHER },
	{ "lock_kmutex.c", "cut_behind", "cas", "&l->spinners", EX_LOSE_ACQUIRE, FARTHER },
	{ "lock_kmutex.c", "cut_behind", "cas", "&l->spinners", EX_LOSE_RELEASE, FARTHER },
	{ "unit.c", "unit_obey", "store", "&u->head", EX_LOSE_RELEASE, RING },
	{ "unit.c", "lock_ring", "load", "&u->head", EX_LOSE_ACQUIRE, RING },
	{ "unit.c", "unit_set_dte", "load", "&u->dte", EX_LOSE_ACQUIRE, NUMBER },
	{ "unit.c", "unit_set_dte", "cas", "&u->dte", EX_LOSE_ACQUIRE, NUMBER },
	{ "unit.c", "unit_set_dte", "cas", "&u->dte", EX_LOSE_FAILURE, NUMBER },
	{ "domain.c", "tell_root", "load", "&d->dte_seen", EX_LOSE_ACQUIRE, SEEN },
	{ "domain.c", "tell_root", "cas", "&d->dte_seen", EX_LOSE_ACQUIRE, SEEN },
	{ "domain.c", "tell_root", "cas", "&d->dte_seen", EX_LOSE_RELEASE, SEEN },
	{ "domain.c", "tell_root", "cas", "&d->dte_seen", EX_LOSE_FAILURE, SEEN },
};

struct trial {
	struct ex_weakening w;
	const char *function, *does;
	uint64_t reached; /* by scenarios, a bit each, modulo 64 */
};

static bool met[sizeof(known) / sizeof(known[0])]; /* rows that stand for an order of the sources */
static struct trial trial[TRIALS_MAX];
static unsigned trials;
static char **names;

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool chosen(const struct ex_scenario *s)
{
	static char *usual[] = { "lock-", "grace/", "flush/", "install/", "lookup/", "payload/",
				 "grow-same/", "replace/", "device-covering/", "device-over/",
				 "device-heights/", NULL };

	for (char **name = *names ? names : usual; *name; name++)
		if (begins(s->name, *name))
			return true;
	return false;
}

/* Is an order of this file a matter for that scenario? */
static bool concerns(const char *file, const struct ex_scenario *s)
{
	if (*names)
		return true;
	if (begins(file, "lock_"))
		return begins(s->name, "lock-");
	if (begins(file, "grace."))
		return begins(s->name, "grace/");
	if (begins(file, "flush"))
		return begins(s->name, "flush/");
	return !begins(s->name, "lock-") && !begins(s->name, "grace/") && !begins(s->name, "flush/");
}

/* The n-th of those chosen, or NULL. */
static const struct ex_scenario *scenario_nth(unsigned n)
{
	for (const struct ex_scenario *const *table = ex_scenarios; *table; table++)
		for (const struct ex_scenario *s = *table; s->name; s++)
			if (chosen(s) && !n--)
				return s;
	return NULL;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static void add(const struct ex_site *s, int what)
{
	struct ex_weakening w = { base_name(s->file), s->line, s->text, what };
	unsigned i = 0;

	while (i < trials && (strcmp(trial[i].w.file, w.file) || trial[i].w.line != w.line ||
			      strcmp(trial[i].w.text, w.text) || trial[i].w.what != w.what))
		i++;
	if (i == TRIALS_MAX)
		return;
	if (i == trials)
		trial[trials++] = (struct trial){ .w = w, .function = s->function,
						.does = s->does };
	trial[i].reached |= s->reached;
}

/* What is not the explorer's own has a place in src/. */
static void add_site(const struct ex_site *s)
{
	if (strstr(s->file, "/tests/"))
		return;
	if (s->written == EX_acquire || s->written >= EX_acq_rel)
		add(s, EX_LOSE_ACQUIRE);
	if (s->written >= EX_release)
		add(s, EX_LOSE_RELEASE);
	if (s->written_lost == EX_acquire && s->written != EX_acquire)
		add(s, EX_LOSE_FAILURE);
}

/* As the sources stand no scenario fails. */
static unsigned collect(void)
{
	struct ex_options o = { .mode = "dfs", .preemptions = 2, .schedules = SCHEDULES_MAX / 6 };
	const struct ex_scenario *s;
	struct ex_outcome out;
	unsigned failed = 0;

	for (unsigned n = 0; (s = scenario_nth(n)); n++) {
		ex_reaching(UINT64_C(1) << n % 64);
		ex_explore(s, &o, &out);
		failed += out.caught;
	}
	for (const struct ex_site *site = ex_sites(); site; site = site->next)
		add_site(site);
	return failed;
}

static const struct known *known_of(const struct trial *t)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].file, t->w.file) && !strcmp(known[i].function, t->function) &&
		    !strcmp(known[i].does, t->does) && !strcmp(known[i].text, t->w.text) &&
		    known[i].what == (int)t->w.what) {
			met[i] = true;
			return &known[i];
		}
	return NULL;
}

static bool noticed(const struct trial *t, uint64_t schedules_max, char *text, size_t bytes)
{
	const struct ex_scenario *s;
	struct ex_outcome out;
	uint64_t schedules = 0;

	ex_weaken(&t->w);
	for (unsigned bound = 0; bound <= 3; bound++)
		for (unsigned n = 0; (s = scenario_nth(n)); n++) {
			struct ex_options o = { .mode = "dfs", .preemptions = bound, .quiet = true,
						.schedules = schedules_max };

			if (!(t->reached >> n % 64 & 1) || !concerns(t->w.file, s) ||
			    bound > (s->preemptions ? s->preemptions : 2))
				continue;
			ex_explore(s, &o, &out);
			schedules += out.schedules;
			if (!out.caught)
				continue;
			snprintf(text, bytes, "%s, %u preemptions, %llu schedules: %s", s->name, bound,
				 (unsigned long long)schedules, out.message);
			return true;
		}
	snprintf(text, bytes, "not noticed in %llu schedules", (unsigned long long)schedules);
	return false;
}

/* False: not as expected. */
static bool try(const struct trial *t)
{
	static const char *const what[] = { "acquire", "release", "acquire of failure" };
	const struct known *k = known_of(t);
	char text[700];
	bool caught = noticed(t, k ? KNOWN_MAX : SCHEDULES_MAX, text, sizeof(text));

	printf("%s%s:%d %s, %s %s without %s: %s%s%s\n", caught == !k ? "" : "WRONG: ", t->w.file, t->w.line,
	       t->function, t->does, t->w.text, what[t->w.what], text, k ? "; known: " : "", k ? k->why : "");
	return caught == !k;
}

int main(int argc, char **argv)
{
	unsigned wrong;

	names = argv + 1;
	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	wrong = collect();
	for (unsigned i = 0; i < trials; i++)
		wrong += !try(&trial[i]);
	for (size_t i = 0; !*names && i < sizeof(known) / sizeof(known[0]); i++) {
		if (!met[i])
			printf("WRONG: known, but no such order: %s %s %s\n", known[i].file, known[i].function,
			       known[i].text);
		wrong += !met[i];
	}
	ex_weaken(NULL);
	printf("%u orders left out, one at a time; %u not as expected\n", trials, wrong);
	return !trials || wrong;
}
