/*
 * schedule.c - who goes on, and every other choice of a schedule.
 *
 * A thread that runs on needs no choice; to stop it where it could go on is a preemption, and counts
 * against the bound. One that blocks, yields or ends gives way for nothing. A yielded thread is not
 * run again before another one has stored something, or ended (the fairness without which a spin loop
 * has schedules without end; Musuvathi and Qadeer, "Fair stateless model checking", PLDI 2008).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ALL UINT64_MAX

struct run ex_run;
struct decider ex_decider;

uint64_t ex_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- choices ---- */

void ex_choice_add(struct choice choice)
{
	struct decider *d = &ex_decider;

	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 1024;
		d->list = realloc(d->list, d->room * sizeof(*d->list));
		if (!d->list)
			abort();
	}
	d->list[d->n++] = choice;
	d->next = d->n;
}

static unsigned nth_bit(uint64_t bits, unsigned n)
{
	while (n--)
		bits &= bits - 1;
	return (unsigned)__builtin_ctzll(bits);
}

static unsigned by_priority(uint64_t options)
{
	unsigned best = nth_bit(options, 0);

	for (unsigned t = 0; t < EX_THREADS_MAX; t++)
		if (options >> t & 1 && ex_run.thread[t].priority > ex_run.thread[best].priority)
			best = t;
	return best;
}

static unsigned by_chance(enum choice_kind kind, uint64_t options, unsigned normal, uint64_t cost)
{
	struct decider *d = &ex_decider;
	uint64_t r = ex_random(&d->rng);

	if (kind == CHOOSE_THREAD)
		return by_priority(options);
	if (cost && r % 100 >= d->stale_percent)
		return normal;
	return nth_bit(options, (unsigned)((r >> 8) % (unsigned)__builtin_popcountll(options)));
}

/* What the list says of this decision, if anything. */
static bool decided(enum choice_kind kind, uint64_t options, uint64_t index, unsigned *value)
{
	struct decider *d = &ex_decider;
	const struct choice *c = &d->list[d->next];

	if (d->next == d->n || c->index != index)
		return false;
	d->next++;
	if (c->kind != kind || !(options >> c->value & 1)) {
		d->strayed = true;
		return false;
	}
	*value = c->value;
	return true;
}

unsigned ex_decide(enum choice_kind kind, uint64_t options, unsigned normal, uint64_t cost)
{
	struct decider *d = &ex_decider;
	uint64_t index = d->index++, may = options;
	unsigned value = normal;

	if (!(options & (options - 1)))
		return nth_bit(options, 0);
	cost &= ~(UINT64_C(1) << normal);
	if (!decided(kind, options, index, &value) && d->next == d->n) {
		if (d->by == BY_CHANCE)
			value = by_chance(kind, options, normal, cost);
		if (d->spent >= d->budget)
			may &= ~cost;
		may &= ~(UINT64_C(1) << value);
		if (d->by == BY_DFS ? may : value != normal)
			ex_choice_add((struct choice){ .index = index, .kind = (uint8_t)kind,
						       .value = (uint8_t)value,
						       .usual = value == normal, .todo = may });
	}
	d->spent += cost >> value & 1;
	return value;
}

unsigned ex_choose(unsigned n, const char *what)
{
	unsigned value = ex_decide(CHOOSE_DATA, n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX, 0, 0);

	ex_trace(NULL, "choose: %s: %u of %u", what, value, n);
	return value;
}

void ex_decider_begin(void)
{
	struct decider *d = &ex_decider;

	d->next = d->index = d->spent = d->points = 0;
	d->strayed = false;
}

/* ---- who runs ---- */

static uint64_t others_stores(const struct thread *t)
{
	return ex_run.stores - t->stores;
}

static bool may_run(const struct thread *t)
{
	switch (t->state) {
	case READY: return true;
	case YIELDED: return t->anyway || others_stores(t) != t->seen_stores;
	default: return false;
	}
}

static uint64_t who_may_run(void)
{
	uint64_t who = 0;

	for (unsigned t = 0; t < ex_run.threads; t++)
		who |= (uint64_t)may_run(&ex_run.thread[t]) << t;
	return who;
}

static void nobody_may_run(void)
{
	static const char *const state[] = { "can run", "spins", "sleeps", "has ended" };
	char text[400];
	size_t n = 0;

	for (unsigned id = 0; id < ex_run.threads && n < sizeof(text); id++) {
		const struct thread *t = &ex_run.thread[id];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sthread %u %s", id ? ", " : "", id,
				      state[t->state]);
		if (t->state != ENDED && t->site && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, " in %s, %s:%d",
					      t->site->function, ex_base_name(t->site->file),
					      t->site->line);
	}
	ex_fail("deadlock: %s", text);
}

static void resume(unsigned from, unsigned to)
{
	struct thread *t = &ex_run.thread[to];

	if (t->state == YIELDED) {
		t->yields += !t->passes;
		t->passes = false;
		t->anyway = false;
		t->seen_stores = others_stores(t);
	}
	t->state = READY;
	if (from != to)
		ex_switch(from, to);
}

/* The next one after `from`, in turn. */
static unsigned in_turn(uint64_t who, unsigned from)
{
	for (unsigned i = 1; i <= ex_run.threads; i++)
		if (who >> (from + i) % ex_run.threads & 1)
			return (from + i) % ex_run.threads;
	return from;
}

/*
 * The running thread cannot go on, or does not want to. Another one than the next in turn is free after
 * one that blocks, and counts as a preemption after one that yields: two that poll would give each other
 * way in endless variations.
 */
static void give_way(bool yields)
{
	unsigned self = ex_run.self;
	uint64_t who = who_may_run();
	unsigned normal = in_turn(who, self);

	if (!who)
		nobody_may_run();
	/* one that yields comes last, whatever its priority */
	if (ex_decider.by == BY_CHANCE && who & (who - 1))
		who &= ~(UINT64_C(1) << self);
	resume(self, ex_decide(CHOOSE_THREAD, who, normal, yields ? ALL : 0));
}

/* pct: at d - 1 points whoever runs falls behind all others. */
static void change_point(void)
{
	struct decider *d = &ex_decider;

	d->points++;
	for (unsigned i = 0; i < d->changes; i++)
		if (d->change[i] == d->points)
			ex_run.thread[ex_run.self].priority = i;
}

void ex_point_at(bool shared)
{
	unsigned self = ex_run.self, to;
	struct thread *t = &ex_run.thread[self];

	if (++ex_run.steps > ex_run.steps_max)
		ex_fail("nobody gets on: %llu steps", (unsigned long long)ex_run.steps_max);
	/* a replay has its choices wherever they were made, and knows nothing of what is shared */
	if (shared || ex_decider.by == BY_DEFAULT) {
		change_point();
		to = ex_decide(CHOOSE_THREAD, who_may_run(), self, ALL);
		if (to != self)
			resume(self, to);
	} else {
		ex_decide(CHOOSE_THREAD, UINT64_C(1) << self, self, ALL);
	}
	t->now.of[self]++;
}

void ex_point(const char *what)
{
	if (ex_run.self == ALONE)
		return;
	ex_point_at(true);
	ex_trace(NULL, "%s", what);
}

void ex_relax(struct ex_site *site)
{
	struct thread *t = &ex_run.thread[ex_run.self];

	if (++ex_run.steps > ex_run.steps_max)
		ex_fail("nobody gets on: %llu steps", (unsigned long long)ex_run.steps_max);
	if (ex_run.self == ALONE)
		return;
	if (*site->function) /* else it is where it was last */
		t->site = site;
	t->state = YIELDED;
	ex_trace(*site->function ? site : NULL, "gives way until another thread has stored something");
	give_way(true);
}

void ex_yield(void)
{
	static struct ex_site site = { .function = "" };

	ex_relax(&site);
}

void ex_pass(void)
{
	if (ex_run.self != ALONE)
		ex_run.thread[ex_run.self].anyway = ex_run.thread[ex_run.self].passes = true;
	ex_yield();
}

void ex_block(const void *on)
{
	struct thread *t = &ex_run.thread[ex_run.self];

	if (ex_run.self == ALONE)
		ex_fail("sleeps though it is alone");
	t->state = BLOCKED;
	t->waits_on = on;
	give_way(false);
}

unsigned ex_wake(const void *on, unsigned most)
{
	unsigned n = 0;

	for (unsigned t = 0; t < ex_run.threads && n < most; t++)
		if (ex_run.thread[t].state == BLOCKED && ex_run.thread[t].waits_on == on) {
			ex_run.thread[t].state = READY;
			n++;
		}
	return n;
}

void ex_thread_over(unsigned id)
{
	uint64_t who;

	ex_run.thread[id].state = ENDED;
	ex_run.stores++;
	ex_run.thread[id].stores++; /* not news to itself */
	who = who_may_run();
	if (who)
		resume(id, ex_decide(CHOOSE_THREAD, who, in_turn(who, id), 0));
	for (unsigned t = 0; t < ex_run.threads; t++)
		if (ex_run.thread[t].state != ENDED)
			nobody_may_run();
	ex_switch(id, ALONE);
	abort();
}

unsigned ex_self(void)
{
	return ex_run.self;
}

/* ---- one schedule ---- */

static void fail(const char *fmt, va_list args)
{
	vsnprintf(ex_run.message, sizeof(ex_run.message), fmt, args);
	ex_run.failed = true;
	ex_switch(ex_run.self, ALONE);
	abort();
}

void ex_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(fmt, args);
	va_end(args);
	abort();
}

static void threads_run(void)
{
	uint64_t all = (UINT64_C(1) << ex_run.threads) - 1;

	if (!_setjmp(ex_alone))
		resume(ALONE, ex_decide(CHOOSE_THREAD, all, 0, 0));
}

/* Above those of the change points; by chance, a random order. */
static void draw_priorities(void)
{
	for (unsigned t = 0; t < ex_run.threads; t++) {
		unsigned other = (unsigned)(ex_random(&ex_decider.rng) % (t + 1));

		ex_run.thread[t].priority = ex_run.thread[other].priority;
		ex_run.thread[other].priority = t + 8;
	}
}

bool ex_run_once(const struct ex_scenario *scenario, uint64_t steps_max)
{
	uint64_t reaching = ex_run.reaching;

	ex_run = (struct run){ .reaching = reaching, .scenario = scenario, .self = ALONE,
			       .threads = scenario->threads, .steps_max = steps_max };
	ex_decider_begin();
	draw_priorities();
	ex_trace_reset();
	ex_memory_reset();
	ex_page_reset();
	ex_heap_reset();
	ex_labelled = NULL;
	ex_pages_reset();
	ex_coroutines_prepare(ex_run.threads);
	if (!_setjmp(ex_alone)) {
		if (scenario->setup)
			scenario->setup();
		threads_run();
		if (!ex_run.failed && !_setjmp(ex_alone) && scenario->finish)
			scenario->finish();
	}
	if (ex_run.failed)
		ex_coroutines_abandon();
	return !ex_run.failed;
}
