/*
 * The locks: one thread at a time inside (plain arithmetic there, so that ThreadSanitizer checks
 * the order too), nobody forgotten, and a kmutex that spins while the owner runs, sleeps while it
 * does not, and hands over to a sleeper that asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "pt/lock.h"
#include "sys/atomic.h" /* IOPT_SANITIZED */

_Static_assert(sizeof(struct lock_node) == 64 && _Alignof(struct lock_node) == 64, "one line");
_Static_assert(sizeof(struct ticket_lock) == 8, "two counters");
_Static_assert(sizeof(struct mcs_lock) == 8, "a tail");
_Static_assert(sizeof(struct qspin_lock) == 16, "a word and a tail");
_Static_assert(offsetof(struct kmutex_lock, owner) == 0, "the owner word leads");
_Static_assert(sizeof(union pt_lock) <= 48, "shares a line with level and root");

#define THREADS_MAX 8
#define WATCHDOG_S 100
#define SPIN_NS 400000000u

struct kind {
	const char *name;
	void (*init)(union pt_lock *l);
	void (*acquire)(union pt_lock *l, struct lock_node *node);
	void (*release)(union pt_lock *l, struct lock_node *node);
	bool sleeps;
};

#define WRAP(kind) \
	static void kind##_in(union pt_lock *l) { kind##_init(&l->kind); } \
	static void kind##_acq(union pt_lock *l, struct lock_node *n) { kind##_acquire(&l->kind, n); } \
	static void kind##_rel(union pt_lock *l, struct lock_node *n) { kind##_release(&l->kind, n); }
WRAP(kmutex)
WRAP(qspin)
WRAP(ticket)
WRAP(mcs)
WRAP(pmutex)

static const struct kind kinds[] = {
	{ "kmutex", kmutex_in, kmutex_acq, kmutex_rel, true },
	{ "pmutex", pmutex_in, pmutex_acq, pmutex_rel, true },
	{ "qspin", qspin_in, qspin_acq, qspin_rel, false },
	{ "ticket", ticket_in, ticket_acq, ticket_rel, false },
	{ "mcs", mcs_in, mcs_acq, mcs_rel, false },
};
enum { KMUTEX, PMUTEX, KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* ---- helpers ---- */

static unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* Bind the calling thread to the nth CPU that it may use. */
static void pin(unsigned nth)
{
	cpu_set_t may, one;

	if (sched_getaffinity(0, sizeof(may), &may))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &may) && nth-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			return;
		}
}

/* Times this thread gave up the CPU by itself. */
static long gave_up(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void compute(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		cpu_relax();
}

static void work(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		cpu_relax();
}

static void nap(long us)
{
	struct timespec ts = { .tv_nsec = us * 1000 };

	nanosleep(&ts, NULL);
}

/* ---- a crowd of threads on one lock ---- */

struct crowd {
	const struct kind *kind;
	union pt_lock lock;
	pthread_barrier_t start;
	unsigned threads, rounds;
	uint64_t until_ns;   /* stop early then; 0: never */
	bool yields;         /* leave the CPU inside the lock, so that others come and queue */
	unsigned nap_every;  /* sleep inside the lock every so many rounds; 0: never */
	unsigned in, out;    /* cpu_relax() calls inside and outside the lock */
	bool one_cpu, spread; /* bind all to the first CPU, or each to its own */
	unsigned long count, sum; /* by the lock */
	unsigned long done;       /* by the lock: rounds as the threads counted them */
	long gave_up;             /* by the lock */
};

struct member {
	struct lock_node node;
	struct crowd *c;
	unsigned id;
};

static void *member_run(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->c;
	unsigned i;
	long before;

	if (c->one_cpu || c->spread)
		pin(c->one_cpu ? 0 : m->id);
	pthread_barrier_wait(&c->start);
	before = gave_up();
	for (i = 0; i < c->rounds && !(c->until_ns && now_ns() > c->until_ns); i++) {
		c->kind->acquire(&c->lock, &m->node);
		c->count++;
		c->sum += c->count;
		if (c->nap_every && c->count % c->nap_every == 0)
			nap(20);
		if (c->yields)
			sched_yield();
		work(c->in);
		c->kind->release(&c->lock, &m->node);
		work(c->out);
	}
	before = gave_up() - before;
	c->kind->acquire(&c->lock, &m->node);
	c->gave_up += before;
	c->done += i;
	c->kind->release(&c->lock, &m->node);
	return NULL;
}

/* At rest nothing is left behind: no flag, no spinner, no sleeper. */
static void kmutex_is_clean(struct kmutex_lock *l)
{
	assert_int_equal(at_load(&l->owner, relaxed), 0);
	assert_null(at_load(&l->spinners, relaxed));
	assert_null(l->last);
	assert_int_equal(at_load(&l->guard, relaxed), 0);
}

static void crowd_run(struct crowd *c)
{
	struct member member[THREADS_MAX];
	pthread_t thread[THREADS_MAX];
	unsigned long n;

	memset(member, 0, sizeof(member));
	c->kind->init(&c->lock);
	pthread_barrier_init(&c->start, NULL, c->threads);
	alarm(WATCHDOG_S); /* a lost wake-up ends in SIGALRM */
	for (unsigned i = 0; i < c->threads; i++) {
		member[i].c = c;
		member[i].id = i;
		assert_int_equal(pthread_create(&thread[i], NULL, member_run, &member[i]), 0);
	}
	for (unsigned i = 0; i < c->threads; i++)
		pthread_join(thread[i], NULL);
	alarm(0);
	pthread_barrier_destroy(&c->start);
	n = c->done;
	assert_true(n > 0);
	assert_int_equal(c->count, n);
	assert_int_equal(c->sum, n * (n + 1) / 2);
	if (c->kind == &kinds[KMUTEX])
		kmutex_is_clean(&c->lock.kmutex);
}

static void one_at_a_time(void **state)
{
	static const unsigned threads[] = { 1, 2, 3, 4, 8 };

	(void)state;
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned t = 0; t < sizeof(threads) / sizeof(threads[0]); t++) {
			/* a spinlock with more threads than CPUs moves on by time slices */
			bool spins = !kinds[k].sleeps;
			struct crowd c = { .kind = &kinds[k],
					   .threads = threads[t],
					   .rounds = 50000,
					   .yields = spins && threads[t] > cpus(),
					   .until_ns = spins ? now_ns() + SPIN_NS : 0 };

			crowd_run(&c);
		}
}

/* Holders fall asleep all the time: sleepers, hand-offs, spinners that give up. */
static void nobody_is_forgotten(void **state)
{
	struct crowd often = { .kind = &kinds[KMUTEX], .threads = 8, .rounds = 500, .nap_every = 1 };
	struct crowd some = { .kind = &kinds[KMUTEX], .threads = 4, .rounds = 20000,
			      .nap_every = 50, .in = 3 };
	struct crowd pair = { .kind = &kinds[KMUTEX], .threads = 2, .rounds = 4000,
			      .nap_every = 2 };
	struct crowd one_cpu = { .kind = &kinds[KMUTEX], .threads = 8, .rounds = 2000,
				 .nap_every = 7, .one_cpu = true };

	(void)state;
	crowd_run(&often);
	crowd_run(&some);
	crowd_run(&pair);
	crowd_run(&one_cpu);
	assert_true(often.gave_up > often.rounds);
}

/* About a microsecond inside, half of one outside; each thread on a CPU of its own. */
static long switches(unsigned kind)
{
	struct crowd c = { .kind = &kinds[kind], .threads = 2, .rounds = 50000, .in = 20, .out = 10,
			   .spread = true };
	uint64_t begin = now_ns();

	crowd_run(&c);
	print_message("  %s: %ld switches in %lu operations, %.0f ns each\n", kinds[kind].name,
		      c.gave_up, c.count, (double)(now_ns() - begin) / (double)c.count);
	return c.gave_up;
}

static void short_sections_do_not_sleep(void **state)
{
	long ours = 0, theirs = 0;

	(void)state;
	if (cpus() < 2) {
		print_message("one CPU: cannot compare spinning with sleeping\n");
		skip();
	}
	for (unsigned i = 0; i < 3; i++) {
		ours += switches(KMUTEX);
		theirs += switches(PMUTEX);
	}
	if (theirs < 50) {
		print_message("the C library's mutex hardly slept: nothing to compare with\n");
		skip();
	}
#ifdef IOPT_SANITIZED /* a section is ten times as long, and a time slice is not */
	assert_true(ours < theirs);
#else
	assert_true(ours < theirs / 5);
#endif
}

/* ---- owner that runs, owner that sleeps ---- */

enum { IDLE, HELD, COMING, DONE };

struct duel {
	struct kmutex_lock lock;
	_Atomic unsigned phase;
	unsigned rounds;
	bool owner_sleeps;
	long gave_up;
};

static void wait_phase(struct duel *d, unsigned phase)
{
	while (at_load(&d->phase, acquire) != phase)
		cpu_relax();
}

static void *duel_waiter(void *arg)
{
	struct duel *d = arg;
	struct lock_node node = { 0 };

	pin(1);
	for (unsigned i = 0; i < d->rounds; i++) {
		long before = gave_up();

		wait_phase(d, HELD);
		at_store(&d->phase, COMING, release);
		kmutex_acquire(&d->lock, &node);
		kmutex_release(&d->lock, &node);
		d->gave_up += gave_up() - before;
		at_store(&d->phase, IDLE, release);
	}
	return NULL;
}

/* How often the waiter gave up its CPU. */
static long duel(bool owner_sleeps, unsigned rounds)
{
	struct duel d = { .rounds = rounds, .owner_sleeps = owner_sleeps };
	struct lock_node node = { 0 };
	cpu_set_t before;
	pthread_t thread;

	kmutex_init(&d.lock);
	sched_getaffinity(0, sizeof(before), &before);
	assert_int_equal(pthread_create(&thread, NULL, duel_waiter, &d), 0);
	pin(0);
	for (unsigned i = 0; i < rounds; i++) {
		wait_phase(&d, IDLE);
		kmutex_acquire(&d.lock, &node);
		at_store(&d.phase, HELD, release);
		wait_phase(&d, COMING);
		if (owner_sleeps)
			nap(500);
		else
			compute(300000);
		kmutex_release(&d.lock, &node);
	}
	pthread_join(thread, NULL);
	sched_setaffinity(0, sizeof(before), &before);
	return d.gave_up;
}

static void spins_while_the_owner_runs(void **state)
{
	long running, sleeping;

	(void)state;
	if (cpus() < 2) {
		print_message("one CPU: the owner never runs while we do\n");
		skip();
	}
	alarm(WATCHDOG_S);
	running = duel(false, 200);
	sleeping = duel(true, 200);
	alarm(0);
	print_message("  waiter slept %ld times of 200 with a running owner, %ld with a sleeping one\n",
		      running, sleeping);
	/* owner and waiter may be preempted by strangers: not every time, but the rule */
	assert_true(sleeping > 150);
	assert_true(running < sleeping / 2);
}

/* ---- hand-off ---- */

struct greed {
	struct kmutex_lock lock;
	unsigned long got; /* by the lock: times the waiter had it */
	unsigned want;
	_Atomic bool done;
};

static void *starving_waiter(void *arg)
{
	struct greed *g = arg;
	struct lock_node node = { 0 };

	for (unsigned i = 0; i < g->want; i++) {
		kmutex_acquire(&g->lock, &node);
		g->got++;
		kmutex_release(&g->lock, &node);
		nap(100);
	}
	at_store(&g->done, true, release);
	return NULL;
}

/* The owner sleeps inside and takes the lock back at once: only a hand-off lets the waiter in. */
static void starving_waiter_is_handed_the_lock(void **state)
{
	struct greed g = { .want = 100 };
	struct lock_node node = { 0 };
	unsigned asked = 0, passed = 0, rounds = 0;
	pthread_t thread;

	(void)state;
	kmutex_init(&g.lock);
	kmutex_acquire(&g.lock, &node);
	alarm(WATCHDOG_S);
	assert_int_equal(pthread_create(&thread, NULL, starving_waiter, &g), 0);
	while (!at_load(&g.done, acquire) && rounds < 20000) {
		unsigned long before = g.got;
		bool handoff;

		nap(50);
		rounds++;
		/* asked for before this release: then it comes before our next acquire */
		handoff = at_load(&g.lock.owner, relaxed) & KMUTEX_HANDOFF;
		kmutex_release(&g.lock, &node);
		kmutex_acquire(&g.lock, &node);
		asked += handoff;
		passed += handoff && g.got == before;
	}
	kmutex_release(&g.lock, &node);
	pthread_join(thread, NULL);
	alarm(0);
	print_message("  %u rounds of the owner, %u hand-offs, waiter got it %lu times\n", rounds,
		      asked, g.got);
	assert_true(asked > 0);
	assert_int_equal(passed, 0);
	assert_true(rounds < 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(nobody_is_forgotten),
		cmocka_unit_test(short_sections_do_not_sleep),
		cmocka_unit_test(spins_while_the_owner_runs),
		cmocka_unit_test(starving_waiter_is_handed_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
