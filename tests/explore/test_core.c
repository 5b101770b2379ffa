/*
 * test_core.c - the explorer against programs whose outcomes are known: what C11 allows is found, what
 * it forbids is not. The memory model alone is on trial here, so the programs are as small as they come.
 */
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "sys/atomic.h"

static _Atomic(uint32_t) x, y, z;
static unsigned a, b, c, d;
static unsigned plain;
/* Outcomes seen, as four digits: a, b, c, d. */
static bool seen[10000];

static void begin(void)
{
	at_init(&x, 0);
	at_init(&y, 0);
	at_init(&z, 0);
	a = b = c = d = plain = 0;
}

static void end(void)
{
	seen[a * 1000 + b * 100 + c * 10 + d] = true;
}

/* ---- message passing ---- */

#define MESSAGE(name, store_order, load_order)                                                     \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			a = at_load(&y, load_order);                                               \
			b = at_load(&x, relaxed);                                                  \
		} else {                                                                           \
			at_store(&x, 1, relaxed);                                                  \
			at_store(&y, 1, store_order);                                              \
		}                                                                                  \
	}
MESSAGE(message, release, acquire)
MESSAGE(message_no_release, relaxed, acquire)
MESSAGE(message_no_acquire, release, relaxed)

/* ... past a read-modify-write that orders nothing itself, and past a store */
#define CHAIN(name, step)                                                                          \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id == 0) {                                                                     \
			at_store(&x, 1, relaxed);                                                  \
			at_store(&y, 1, release);                                                  \
		} else if (id == 1) {                                                              \
			if (at_load(&y, relaxed) == 1)                                             \
				step;                                                              \
		} else {                                                                           \
			a = at_load(&y, acquire);                                                  \
			b = at_load(&x, relaxed);                                                  \
		}                                                                                  \
	}
CHAIN(chain_rmw, at_add(&y, 1, relaxed))
CHAIN(chain_store, at_store(&y, 2, relaxed))

/* ---- store buffering, Dekker ---- */

#define BUFFER(name, order_store, order_load)                                                      \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			at_store(&y, 1, order_store);                                              \
			b = at_load(&x, order_load);                                               \
		} else {                                                                           \
			at_store(&x, 1, order_store);                                              \
			a = at_load(&y, order_load);                                               \
		}                                                                                  \
	}
BUFFER(buffer, release, acquire)
BUFFER(buffer_seq_cst, seq_cst, seq_cst)

/* As grace_online() has it: both meet in a read-modify-write of one word. */
static void dekker_rmw(unsigned id)
{
	if (id) {
		at_store(&y, 1, relaxed);
		at_add(&z, 1, acq_rel);
		b = at_load(&x, relaxed);
	} else {
		at_store(&x, 1, relaxed);
		at_add(&z, 1, acq_rel);
		a = at_load(&y, relaxed);
	}
}

/* ---- coherence ---- */

static void read_read(unsigned id)
{
	if (id) {
		a = at_load(&x, relaxed);
		b = at_load(&x, relaxed);
	} else {
		at_store(&x, 1, relaxed);
		at_store(&x, 2, relaxed);
	}
}

/* Who has synchronised with a reader reads nothing older than it did. */
static void read_read_across(unsigned id)
{
	if (id == 0) {
		at_store(&x, 1, relaxed);
	} else if (id == 1) {
		a = at_load(&x, relaxed);
		at_store(&y, 1, release);
	} else {
		b = at_load(&y, acquire);
		c = at_load(&x, relaxed);
	}
}

static void write_read(unsigned id)
{
	if (id) {
		at_store(&x, 2, relaxed);
		a = at_load(&x, relaxed);
	} else {
		at_store(&x, 1, relaxed);
	}
}

/* Independent reads of independent writes: not multi-copy atomic without seq_cst. */
static void independent(unsigned id)
{
	switch (id) {
	case 0: at_store(&x, 1, release); break;
	case 1: at_store(&y, 1, release); break;
	case 2:
		a = at_load(&x, acquire);
		b = at_load(&y, acquire);
		break;
	default:
		c = at_load(&y, acquire);
		d = at_load(&x, acquire);
	}
}

/* Each stores to both: the orders of the two locations need not agree. */
#define CROSS(name, order_second)                                                                  \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			at_store(&y, 1, relaxed);                                                  \
			at_store(&x, 2, order_second);                                             \
		} else {                                                                           \
			at_store(&x, 1, relaxed);                                                  \
			at_store(&y, 2, order_second);                                             \
		}                                                                                  \
	}
CROSS(cross, release)

static void cross_end(void)
{
	a = at_load(&x, relaxed);
	b = at_load(&y, relaxed);
	end();
}

/* A store does not come between a read-modify-write and what that has read. */
static void store_rmw(unsigned id)
{
	if (id)
		a = 1 + at_add(&x, 2, relaxed);
	else
		at_store(&x, 5, relaxed);
}

static void store_rmw_end(void)
{
	b = at_load(&x, relaxed);
	end();
}

/* Two read-modify-writes never read the same. */
static void counting(unsigned id)
{
	unsigned got = at_add(&x, 1, relaxed);

	*(id ? &b : &a) = got;
}

/* ---- failures ---- */

#define PLAIN(name, order_store, order_load)                                                       \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			if (!at_load(&y, order_load))                                              \
				return;                                                            \
			ex_reading(&plain, "plain");                                               \
			b = plain;                                                                 \
		} else {                                                                           \
			ex_writing(&plain, "plain");                                               \
			plain = 1;                                                                 \
			at_store(&y, 1, order_store);                                              \
		}                                                                                  \
	}
PLAIN(plain_ordered, release, acquire)
PLAIN(plain_race, relaxed, acquire)

/* The store comes before the write that it should cover. */
static void plain_late(unsigned id)
{
	if (id) {
		if (!at_load(&y, acquire))
			return;
		ex_reading(&plain, "plain");
	} else {
		at_store(&y, 1, release);
		ex_writing(&plain, "plain");
	}
}

/* Sleeps when it found nothing; who wakes looks first whether anybody sleeps. */
static void lost_wakeup(unsigned id)
{
	if (id) {
		if (at_load(&x, acquire))
			return;
		at_store(&y, 1, release);
		while (!at_load(&z, acquire))
			ex_yield();
	} else {
		at_store(&x, 1, release);
		if (at_load(&y, acquire))
			at_store(&z, 1, release);
	}
}

static void two_spinners(unsigned id)
{
	_Atomic(uint32_t) *other = id ? &x : &y;

	while (!at_load(other, acquire))
		ex_yield();
	at_store(id ? &y : &x, 1, release);
}

static void no_end(unsigned id)
{
	(void)id;
	for (;;)
		at_add(&x, 1, relaxed);
}

static void handed_over(unsigned id)
{
	if (id)
		at_store(&x, 1, release);
	else
		while (!at_load(&x, acquire))
			ex_yield();
}

/* ---- pages ---- */

static _Alignas(4096) char page[4096];
static _Atomic(uint64_t) *const word = (_Atomic(uint64_t) *)page;

#define PUBLISH(name, order_store, order_load)                                                     \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			if (at_load(&x, order_load))                                               \
				a = (unsigned)at_load(word, relaxed);                              \
		} else {                                                                           \
			memset(page, 0, sizeof(page));                                             \
			ex_page_born(page, sizeof(page));                                          \
			at_store(&x, 1, order_store);                                              \
		}                                                                                  \
	}
PUBLISH(publish, release, acquire)
PUBLISH(publish_relaxed, relaxed, acquire)

#define RETIRE(name, order_store, order_load)                                                      \
	static void name(unsigned id)                                                              \
	{                                                                                          \
		if (id) {                                                                          \
			a = (unsigned)at_load(word, relaxed);                                      \
			at_store(&x, 1, order_store);                                              \
		} else {                                                                           \
			while (!at_load(&x, order_load))                                           \
				ex_yield();                                                        \
			ex_page_gone(page, sizeof(page));                                          \
		}                                                                                  \
	}
RETIRE(retire, release, acquire)
RETIRE(retire_relaxed, relaxed, acquire)

static void begin_page(void)
{
	begin();
	memset(page, 0, sizeof(page));
	ex_page_born(page, sizeof(page));
}

void ex_pages_reset(void)
{
}

/* ---- what must come of it ---- */

struct expected {
	const char *name;
	unsigned threads;
	void (*thread)(unsigned id);
	const char *outcomes;  /* all there are, four digits each */
	const char *failure;   /* or part of the message of one */
	void (*setup)(void), (*finish)(void);
};

static const struct expected expected[] = {
	{ "message", 2, message, "0000 0100 1100", NULL, NULL, NULL },
	{ "message, no release", 2, message_no_release, "0000 0100 1000 1100", NULL, NULL, NULL },
	{ "message, no acquire", 2, message_no_acquire, "0000 0100 1000 1100", NULL, NULL, NULL },
	{ "chain, rmw", 3, chain_rmw, "0000 0100 1100 2100", NULL, NULL, NULL },
	{ "chain, store", 3, chain_store, "0000 0100 1100 2000 2100", NULL, NULL, NULL },
	{ "buffer", 2, buffer, "0000 0100 1000 1100", NULL, NULL, NULL },
	{ "buffer, seq_cst", 2, buffer_seq_cst, "0100 1000 1100", NULL, NULL, NULL },
	{ "dekker, rmw", 2, dekker_rmw, "0100 1000 1100", NULL, NULL, NULL },
	{ "read-read", 2, read_read, "0000 0100 0200 1100 1200 2200", NULL, NULL, NULL },
	{ "read-read across", 3, read_read_across,
	  "0000 0010 0100 0110 1000 1010 1110", NULL, NULL, NULL },
	{ "write-read", 2, write_read, "1000 2000", NULL, NULL, NULL },
	{ "independent reads", 4, independent,
	  "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111", NULL, NULL, NULL },
	{ "cross", 2, cross, "1100 1200 2100 2200", NULL, NULL, cross_end },
	{ "store and rmw", 2, store_rmw, "1500 6700", NULL, NULL, store_rmw_end },
	{ "counting", 2, counting, "0100 1000", NULL, NULL, NULL },
	{ "plain, ordered", 2, plain_ordered, "0000 0100", NULL, NULL, NULL },
	{ "plain, race", 2, plain_race, NULL, "reads plain, but that thread 0 wrote it", NULL, NULL },
	{ "plain, too late", 2, plain_late, NULL, "reads plain, but that thread 0 wrote it", NULL, NULL },
	{ "lost wake-up", 2, lost_wakeup, NULL, "deadlock: thread 0 has ended, thread 1 spins", NULL, NULL },
	{ "two spinners", 2, two_spinners, NULL, "deadlock: thread 0 spins", NULL, NULL },
	{ "no end", 2, no_end, NULL, "nobody gets on", NULL, NULL },
	{ "handed over", 2, handed_over, "0000", NULL, NULL, NULL },
	{ "publish", 2, publish, "0000", NULL, NULL, NULL },
	{ "publish, relaxed", 2, publish_relaxed, NULL, "touches page 0, but that it was zeroed", NULL, NULL },
	{ "retire", 2, retire, "0000", NULL, begin_page, NULL },
	{ "retire, relaxed", 2, retire_relaxed, NULL, "is freed, but that thread 1 touched it",
	  begin_page, NULL },
};

#define STEPS 1000u

static unsigned wrong;

static void complain(const struct expected *e, const char *what, const char *more)
{
	printf("%s: %s%s\n", e->name, what, more);
	wrong++;
}

static void check_outcomes(const struct expected *e)
{
	for (unsigned n = 0; n < 10000; n++) {
		char digits[5];

		snprintf(digits, sizeof(digits), "%04u", n);
		if (seen[n] != !!strstr(e->outcomes, digits))
			complain(e, seen[n] ? "must not be: " : "was not found: ", digits);
	}
}

/* What failed fails again from its choices, and says the same. */
static void check_failure(const struct expected *e, const struct ex_scenario *s,
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

static void try(const struct expected *e, const char *mode)
{
	struct ex_scenario s = { .name = e->name, .threads = e->threads, .thread = e->thread,
				 .setup = e->setup ? e->setup : begin, .finish = e->finish ? e->finish : end };
	struct ex_options options = { .mode = mode, .preemptions = 4, .quiet = true, .depth = 4,
				      .schedules = mode[0] == 'p' ? 20000 : 0, .seed = 1,
				      .steps = STEPS };
	struct ex_outcome out;

	memset(seen, 0, sizeof(seen));
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
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		try(&expected[i], "dfs");
		try(&expected[i], "pct");
	}
	return wrong != 0;
}
