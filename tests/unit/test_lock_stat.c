/*
 * What observed engines count, on sequences made by hand whose counts are known: nobody waits, k
 * workers wait for a holder that sleeps, tables go in and out one by one, several workers race.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pt/pt.h"

#define WORKERS 3u

struct worker {
	struct pt_worker w;
	struct pt_observation o;
	pthread_t thread;
	struct scene *scene;
	struct pt_op *ops;
	size_t n;
};

struct scene {
	const struct pt_engine *engine, *observed;
	struct pool *pool;
	struct pt *pt;
	pthread_barrier_t start;
	struct worker worker[WORKERS];
};

static struct scene *setup(const struct pt_engine *engine)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct scene *s = aligned_alloc(CACHE_ALIGN, sizeof(*s));
	struct err err;

	assert_non_null(s);
	memset(s, 0, sizeof(*s));
	s->engine = engine;
	s->observed = pt_engine_observed(engine);
	assert_non_null(s->observed);
	assert_string_equal(s->observed->name, engine->name);
	assert_true(s->observed->run != engine->run);
	assert_int_equal(pool_create(&s->pool, &config, &err), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		s->worker[i].scene = s;
		s->worker[i].w.id = i;
		s->worker[i].w.pages = pool_cache_create(s->pool, 0);
		s->worker[i].w.observed = &s->worker[i].o;
		s->worker[i].o.node = i; /* each on a node of its own */
	}
	pthread_barrier_init(&s->start, NULL, WORKERS);
	assert_int_equal(pt_create(&s->pt, engine, &s->worker[0].w), 0);
	return s;
}

static void teardown(struct scene *s)
{
	for (unsigned i = 0; i < WORKERS; i++)
		for (struct page_desc *d = s->worker[i].w.gather.head, *next; d; d = next) {
			next = d->next;
			table_free(&s->worker[i].w, d->page);
		}
	pt_destroy(s->pt, &s->worker[0].w);
	for (unsigned i = 0; i < WORKERS; i++)
		pool_cache_destroy(s->worker[i].w.pages);
	assert_int_equal(pool_stats(s->pool).allocated, pool_stats(s->pool).freed);
	pool_destroy(s->pool);
	pthread_barrier_destroy(&s->start);
	free(s);
}

static struct scene *scene_of(const char *engine)
{
	return setup(pt_engine_find(engine));
}

/* By worker 0, who is alone. */
static void do_one(struct scene *s, enum pt_kind kind, uint64_t iova, unsigned lg2, uint32_t count)
{
	struct pt_op op = { .kind = (uint8_t)kind, .iova = iova, .pa = iova % (UINT64_C(1) << 40),
			    .count = count, .size_lg2 = (uint8_t)lg2, .prot = 3 };

	s->observed->run(s->pt, &s->worker[0].w, &op, 1);
	assert_int_equal(op.err, 0);
}

static bool takes_a_lock(const struct pt_engine *e)
{
	return strncmp(e->sync, "lockless", 8) && strcmp(e->sync, "none");
}

static void cas_is(const struct scene *s, enum pt_cas kind, uint64_t tried, uint64_t lost)
{
	assert_int_equal(s->worker[0].o.cas[kind].tried, tried);
	assert_int_equal(s->worker[0].o.cas[kind].lost, lost);
}

/* ---- one thread ---- */

static void test_alone_nobody_waits(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		struct pt_observation *o;
		struct scene *s;

		if (e->ruler) {
			assert_null(pt_engine_observed(e));
			continue;
		}
		s = setup(e);
		o = &s->worker[0].o;
		for (uint64_t i = 0; i < 100; i++)
			do_one(s, PT_MAP, i << 12, 12, 1);
		for (uint64_t i = 0; i < 50; i++)
			do_one(s, PT_LOOKUP, i << 12, 12, 1);
		for (uint64_t i = 0; i < 100; i++)
			do_one(s, PT_UNMAP, i << 12, 12, 1);
		assert_int_equal(o->ops, 250);
		assert_int_equal(o->acquired, takes_a_lock(e) ? 200 : 0);
		assert_int_equal(o->contended | o->handoffs | o->across | o->spins | o->sleeps, 0);
		assert_int_equal(o->wait.n, 0);
		if (takes_a_lock(e))
			assert_in_range(o->hold.n, 200 / (2 * PT_HOLD_EVERY), 200);
		else
			assert_int_equal(o->hold.n, 0);
		teardown(s);
	}
}

/* The modern body locks once a call, that of 2019 once a page mapped and once a chunk unmapped. */
static void test_calls_and_chunks(void **state)
{
	struct scene *modern = scene_of("mutex"), *old = scene_of("spin-2019");

	(void)state;
	do_one(modern, PT_MAP, 0x1000, 12, 8);
	do_one(modern, PT_UNMAP_RANGE, 0x1000, 12, 8);
	assert_int_equal(modern->worker[0].o.acquired, 2);
	do_one(old, PT_MAP, 0x1000, 12, 8);
	assert_int_equal(old->worker[0].o.acquired, 8);
	do_one(old, PT_UNMAP_RANGE, 0x1000, 12, 8); /* chunks of 4K, 8K, 16K, 4K */
	assert_int_equal(old->worker[0].o.acquired, 12);
	teardown(modern);
	teardown(old);
}

static void test_swaps_by_purpose(void **state)
{
	struct scene *s = scene_of("lockless");

	(void)state;
	do_one(s, PT_MAP, 0x40000000, 12, 512); /* two tables go in */
	cas_is(s, CAS_INSTALL, 2, 0);
	do_one(s, PT_UNMAP, 0x40000000, 12, 512); /* the covered one goes out */
	cas_is(s, CAS_UNLINK, 1, 0);
	do_one(s, PT_MAP, UINT64_C(1) << 48, 12, 1); /* two levels grow in one swap */
	cas_is(s, CAS_TOP, 1, 0);
	cas_is(s, CAS_CLEAR, 0, 0);
	teardown(s);

	s = scene_of("mutex");
	do_one(s, PT_MAP, UINT64_C(1) << 48, 12, 1);
	cas_is(s, CAS_INSTALL, 0, 0); /* a lock keeps others out: plain stores */
	cas_is(s, CAS_TOP, 0, 0);
	teardown(s);

	s = scene_of("mutex-2019");
	do_one(s, PT_MAP, 0x40000000, 12, 1);
	cas_is(s, CAS_INSTALL, 2, 0);
	cas_is(s, CAS_CLEAR, 1, 0);
	do_one(s, PT_MAP, 0x40010000, 16, 1); /* one for each of 16 replicas */
	cas_is(s, CAS_CLEAR, 17, 0);
	assert_int_equal(s->worker[0].o.grow_acquired, 0);
	do_one(s, PT_MAP, UINT64_C(1) << 48, 12, 1); /* two levels, one by one, under the spinlock */
	assert_int_equal(s->worker[0].o.grow_acquired, 2);
	assert_int_equal(s->worker[0].o.grow_contended, 0);
	assert_int_equal(s->worker[0].o.acquired, 3);
	cas_is(s, CAS_TOP, 0, 0);
	teardown(s);

	s = scene_of("lockless-2019-plain");
	do_one(s, PT_MAP, 0x40000000, 12, 1);
	cas_is(s, CAS_CLEAR, 0, 0);
	teardown(s);
}

/* ---- a holder that sleeps ---- */

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

static void plain_acquire(struct pt *pt, struct lock_node *node)
{
	const char *sync = pt_engine_of(pt)->sync;

	if (!strcmp(sync, "mutex"))
		kmutex_acquire(&pt->lock.kmutex, node);
	else if (!strcmp(sync, "spin"))
		qspin_acquire(&pt->lock.qspin, node);
	else if (!strcmp(sync, "ticket"))
		ticket_acquire(&pt->lock.ticket, node);
	else if (!strcmp(sync, "mcs"))
		mcs_acquire(&pt->lock.mcs, node);
	else
		pmutex_acquire(&pt->lock.pmutex, node);
}

static void plain_release(struct pt *pt, struct lock_node *node)
{
	const char *sync = pt_engine_of(pt)->sync;

	if (!strcmp(sync, "mutex"))
		kmutex_release(&pt->lock.kmutex, node);
	else if (!strcmp(sync, "spin"))
		qspin_release(&pt->lock.qspin, node);
	else if (!strcmp(sync, "ticket"))
		ticket_release(&pt->lock.ticket, node);
	else if (!strcmp(sync, "mcs"))
		mcs_release(&pt->lock.mcs, node);
	else
		pmutex_release(&pt->lock.pmutex, node);
}

/* Workers in the kmutex's list of sleepers. */
static unsigned sleepers(struct kmutex_lock *l)
{
	unsigned n = 0;

	/* acquire and release: as guard_lock() and guard_unlock() do (L14) */
	while (at_xchg(&l->guard, 1, acquire))
		sched_yield();
	if (l->last) {
		n = 1;
		for (struct lock_node *x = l->last->sleeper; x != l->last; x = x->sleeper)
			n++;
	}
	at_store(&l->guard, 0, release);
	return n;
}

/* Are workers 0 to i in the lock's slow path, in this order? */
static bool waits(struct scene *s, unsigned i)
{
	const char *sync = s->engine->sync;
	union pt_lock *l = &s->pt->lock;
	uintptr_t queue;

	if (!strcmp(sync, "mutex"))
		return sleepers(&l->kmutex) == i + 1;
	if (!strcmp(sync, "ticket"))
		return at_load(&l->ticket.next, relaxed) - at_load(&l->ticket.now, relaxed) == i + 2;
	if (!strcmp(sync, "mcs"))
		return at_load(&l->mcs.tail, relaxed) == &s->worker[i].w.node;
	queue = at_load(&l->qspin.queue, relaxed);
	return i ? (queue & ~QSPIN_PENDING) == (uintptr_t)&s->worker[i].w.node : queue != 0;
}

static void *run_ops(void *arg)
{
	struct worker *me = arg;

	me->scene->observed->run(me->scene->pt, &me->w, me->ops, me->n);
	return NULL;
}

/* k workers come while somebody sleeps inside: k contended, k - 1 from one to the next. */
static void k_wait(const char *engine, unsigned k)
{
	struct scene *s = scene_of(engine);
	struct lock_node holder = { .sleeper = NULL };
	struct pt_op op[WORKERS];
	uint64_t spins = 0, sleeps = 0, handoffs = 0, across = 0;

	plain_acquire(s->pt, &holder);
	for (unsigned i = 0; i < k; i++) {
		op[i] = (struct pt_op){ .kind = PT_MAP, .iova = (uint64_t)i << 30, .count = 1,
					.size_lg2 = 12, .prot = 3 };
		s->worker[i].ops = &op[i];
		s->worker[i].n = 1;
		assert_int_equal(pthread_create(&s->worker[i].thread, NULL, run_ops, &s->worker[i]), 0);
		while (!waits(s, i))
			nap();
	}
	plain_release(s->pt, &holder);
	for (unsigned i = 0; i < k; i++) {
		const struct pt_observation *o = &s->worker[i].o;

		pthread_join(s->worker[i].thread, NULL);
		assert_int_equal(op[i].err, 0);
		assert_int_equal(o->acquired, 1);
		assert_int_equal(o->contended, 1);
		assert_int_equal(o->wait.n, 1);
		assert_int_equal(o->hold.n, 1);
		spins += o->spins;
		sleeps += o->sleeps;
		handoffs += o->handoffs;
		across += o->across;
	}
	assert_int_equal(handoffs, k - 1);
	assert_int_equal(across, k - 1);
	assert_true(spins > 0);
	if (!strcmp(s->engine->sync, "mutex"))
		assert_true(sleeps >= k); /* they were seen on its list; once woken they may sleep again */
	else
		assert_int_equal(sleeps, 0);
	teardown(s);
}

static void test_k_wait_for_a_sleeper(void **state)
{
	static const char *const engines[] = { "mutex", "spin", "ticket", "mcs", "mutex-2019" };

	(void)state;
	for (size_t e = 0; e < sizeof(engines) / sizeof(engines[0]); e++)
		for (unsigned k = 1; k <= WORKERS; k++)
			k_wait(engines[e], k);
}

/* glibc's tells nobody who waits: try until somebody came in time. */
static void test_glibc_is_told_apart(void **state)
{
	bool seen = false;

	(void)state;
	for (unsigned tries = 0; tries < 1000 && !seen; tries++) {
		struct scene *s = scene_of("pthread-2019");
		struct pt_op op = { .kind = PT_MAP, .count = 1, .size_lg2 = 12, .prot = 3 };

		s->worker[1].ops = &op;
		s->worker[1].n = 1;
		plain_acquire(s->pt, NULL);
		assert_int_equal(pthread_create(&s->worker[1].thread, NULL, run_ops, &s->worker[1]), 0);
		nap();
		plain_release(s->pt, NULL);
		pthread_join(s->worker[1].thread, NULL);
		seen = s->worker[1].o.contended == 1 && s->worker[1].o.wait.n == 1;
		assert_int_equal(s->worker[1].o.acquired, 1);
		teardown(s);
	}
	assert_true(seen);
}

/* ---- several at once ---- */

#define ROUNDS 40u
#define PAGES 64u

/* All map a page of their own in every table of a fresh root, in the same order. */
static void *race(void *arg)
{
	struct worker *me = arg;
	struct scene *s = me->scene;

	for (uint64_t i = 0; i < PAGES; i++) {
		struct pt_op op = { .kind = PT_MAP, .iova = i << 21 | (uint64_t)me->w.id << 12,
				    .count = 1, .size_lg2 = 12, .prot = 3 };

		if (i == PAGES / 2) /* then the table grows */
			op.iova |= UINT64_C(1) << 48;
		if (i % 8 == 0)
			pthread_barrier_wait(&s->start);
		s->observed->run(s->pt, &me->w, &op, 1);
		op.kind = PT_UNMAP;
		s->observed->run(s->pt, &me->w, &op, 1);
	}
	return NULL;
}

/* What the hooks say against what the engine counted itself. */
static void agrees(const struct scene *s)
{
	struct pt_count n = { .allocated = 0 };
	struct pt_observation *sum = calloc(1, sizeof(*sum) + CACHE_ALIGN);
	uint64_t wasted = 0;

	assert_non_null(sum);
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct pt_observation *o = &s->worker[i].o;

		n.installs += s->worker[i].w.n.installs;
		for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
			wasted += s->worker[i].w.n.wasted_install[l];
		for (unsigned k = 0; k < CAS_KINDS; k++) {
			sum->cas[k].tried += o->cas[k].tried;
			sum->cas[k].lost += o->cas[k].lost;
		}
		n.wasted_growth += s->worker[i].w.n.wasted_growth;
		assert_int_equal(o->ops, 2 * PAGES);
		assert_int_equal(o->acquired, takes_a_lock(s->engine) ? 2 * PAGES : 0);
		assert_int_equal(o->wait.n, o->contended);
		assert_true(o->contended <= o->acquired && o->handoffs <= o->acquired);
		assert_int_equal(o->across, o->handoffs); /* each worker on a node of its own */
		sum->handoffs += o->handoffs;
	}
	assert_int_equal(sum->cas[CAS_INSTALL].lost, wasted);
	if (!takes_a_lock(s->engine) || !strcmp(s->engine->body, "2019"))
		assert_int_equal(sum->cas[CAS_INSTALL].tried, n.installs + wasted);
	assert_int_equal(sum->cas[CAS_TOP].lost != 0, strcmp(s->engine->body, "2019") &&
						      n.wasted_growth);
	/* everybody had it, and others before: one hand-off less than workers at least */
	assert_true(!takes_a_lock(s->engine) || sum->handoffs >= WORKERS - 1);
	free(sum);
}

static void test_hooks_agree_with_the_engine(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		for (unsigned round = 0; round < ROUNDS && !e->ruler && !e->single; round++) {
			struct scene *s;

			if (round && takes_a_lock(e)) /* more than one is for those that can lose */
				break;
			s = setup(e);
			for (unsigned i = 0; i < WORKERS; i++)
				assert_int_equal(pthread_create(&s->worker[i].thread, NULL, race,
								&s->worker[i]), 0);
			for (unsigned i = 0; i < WORKERS; i++)
				pthread_join(s->worker[i].thread, NULL);
			agrees(s);
			teardown(s);
		}
}

/* ---- observed or not, the same engine ---- */

/* Sizes overlap in the script: the 2019 body leaves torn pages behind, the same ones each time. */
static uint64_t shape_of(struct pt *pt)
{
	struct pt_scan scan = { .leaf = NULL };

	pt_scan(pt, &scan);
	return scan.leaf_entries << 40 | scan.flaws << 20 | scan.tables;
}

static void test_observing_changes_nothing(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		uint64_t rng = 5;
		struct scene *s[2];

		if (e->ruler)
			continue;
		s[0] = setup(e);
		s[1] = setup(e);
		for (unsigned i = 0; i < 3000; i++) {
			struct pt_op op[2];

			rng = rng * 6364136223846793005u + 1442695040888963407u;
			op[0] = (struct pt_op){ .kind = (uint8_t)(rng >> 60) % 5, .size_lg2 = 12,
						.iova = (rng >> 20 & 0x3ff) << 12, .prot = 3,
						.count = 1 + (uint32_t)(rng >> 32 & 0x1f) };
			if (rng >> 57 & 1)
				op[0].size_lg2 = 16, op[0].iova &= ~UINT64_C(0xffff);
			op[0].pa = op[0].iova;
			op[1] = op[0];
			s[0]->engine->run(s[0]->pt, &s[0]->worker[0].w, &op[0], 1);
			s[1]->observed->run(s[1]->pt, &s[1]->worker[0].w, &op[1], 1);
			assert_memory_equal(&op[0], &op[1], sizeof(op[0]));
		}
		assert_memory_equal(&s[0]->worker[0].w.n, &s[1]->worker[0].w.n, sizeof(struct pt_count));
		assert_int_equal(shape_of(s[0]->pt), shape_of(s[1]->pt));
		teardown(s[0]);
		teardown(s[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone_nobody_waits),
		cmocka_unit_test(test_calls_and_chunks),
		cmocka_unit_test(test_swaps_by_purpose),
		cmocka_unit_test(test_k_wait_for_a_sleeper),
		cmocka_unit_test(test_glibc_is_told_apart),
		cmocka_unit_test(test_hooks_agree_with_the_engine),
		cmocka_unit_test(test_observing_changes_nothing),
	};

	return cmocka_run_group_tests_name("lock_stat", tests, NULL, NULL);
}
