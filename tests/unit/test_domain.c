/*
 * A driver's domain with devices: nothing wrong is seen while workers and devices run at once; and each
 * bug that can be switched on, step by step, beside the same steps without it.
 */
#include "made_domain.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "pt/mutant.h"
#include "pt/pt.h"

#define MIB2 (UINT64_C(1) << 21)

static const struct pt_engine *engine_named(const char *name)
{
	const struct pt_engine *e = pt_engine_find(name);

	assert_non_null(e);
	return e;
}

static struct pt_op op_of(enum pt_kind kind, uint64_t iova, uint64_t pa, unsigned lg2, unsigned count)
{
	return (struct pt_op){ .iova = iova, .pa = pa, .count = count, .kind = (uint8_t)kind,
			       .size_lg2 = (uint8_t)lg2, .prot = PT_READ | PT_WRITE };
}

/* --- one operation, the devices obeying beside it --- */

struct beside {
	struct made *m;
	unsigned worker;
	struct pt_op *op;
	_Atomic(uint32_t) done;
};

static void *run_beside(void *arg)
{
	struct beside *b = arg;

	domain_run(&b->m->d, &b->m->w[b->worker], b->op);
	/* release: pairs with the load in run_op */
	at_store(&b->done, 1, release);
	return NULL;
}

static void run_op(struct made *m, unsigned worker, struct pt_op op)
{
	struct beside b = { .m = m, .worker = worker, .op = &op };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_beside, &b), 0);
	while (!at_load(&b.done, acquire)) {
		for (unsigned i = 0; i < m->d.units; i++)
			unit_obey(m->unit[i]);
		sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(op.err, 0);
}

static void map(struct made *m, unsigned worker, uint64_t iova, uint64_t pa, unsigned lg2,
		unsigned count)
{
	run_op(m, worker, op_of(PT_MAP, iova, pa, lg2, count));
}

static void unmap(struct made *m, unsigned worker, uint64_t iova, unsigned lg2, unsigned count)
{
	run_op(m, worker, op_of(PT_UNMAP, iova, 0, lg2, count));
}

static enum walk_end sees(struct made *m, unsigned unit, uint64_t iova)
{
	return unit_translate(m->unit[unit], iova, PT_READ).end;
}

/* Everybody has been quiescent often enough: what is retired is freed. */
static void let_grace_pass(struct made *m)
{
	for (unsigned turn = 0; turn < 8; turn++) {
		for (unsigned i = 0; i < MADE_WORKERS; i++)
			grace_online(m->w[i].grace);
		for (unsigned i = 0; i < MADE_WORKERS; i++)
			grace_quiescent(m->w[i].grace);
		for (unsigned i = 0; i < MADE_WORKERS; i++)
			grace_poll(m->w[i].grace, m->w[i].w.pages);
		for (unsigned i = 0; i < MADE_WORKERS; i++)
			grace_offline(m->w[i].grace);
	}
	assert_int_equal(grace_pending(m->w[0].grace), 0);
}

static void switch_on(enum pt_mutant mutant)
{
	pt_mutant_on = mutant;
}

/* --- what the protocol promises, and what is missing when a step is --- */

static void an_unmapped_page_is_forgotten(void **state)
{
	struct made *m = made_setup(engine_named("lockless"), 3, 2, 64);

	(void)state;
	map(m, 0, 0x1000, 0x7000, 12, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(unit_translate(m->unit[i], 0x1234, PT_READ).pa, 0x7234);
		assert_int_equal(unit_translate(m->unit[i], 0x1234, PT_READ).pa, 0x7234);
		assert_int_equal(unit_stats(m->unit[i]).found, 1);
	}
	unmap(m, 0, 0x1000, 12, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sees(m, i, 0x1234), WALK_ABSENT);
	assert_int_equal(m->w[0].flushes, 1);
	assert_int_equal(m->w[0].waits, 1);
	made_teardown(m);
}

/* B5: unmap returns, tables are freed, and the command is still in the ring. */
static void b5_not_waited_for(void **state)
{
	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);
		struct pt_op all = op_of(PT_UNMAP, 0, 0, 12, 512);

		map(m, 0, 0, 0x40000000, 12, 512);
		assert_int_equal(sees(m, 0, 0x5000), WALK_HIT);
		switch_on(broken ? MUTANT_B5_NO_WAIT : MUTANT_NONE);
		if (broken)
			domain_run(&m->d, &m->w[0], &all);
		else
			unmap(m, 0, 0, 12, 512);
		switch_on(MUTANT_NONE);
		assert_int_equal(m->w[0].w.n.retired, 1);
		assert_int_equal(sees(m, 0, 0x5000), broken ? WALK_HIT : WALK_ABSENT);
		let_grace_pass(m);
#ifndef IOPT_SANITIZED /* which would end the test here */
		assert_int_equal(sees(m, 0, 0x6000), broken ? WALK_FREED : WALK_ABSENT);
#endif
		unit_obey(m->unit[0]);
		assert_int_equal(sees(m, 0, 0x5000), WALK_ABSENT);
		made_teardown(m);
	}
}

/* B19: the leaf goes from the cache, the table stays in it. */
static void b19_walk_cache(void **state)
{
	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);

		map(m, 0, 0, 0x40000000, 12, 512);
		assert_int_equal(sees(m, 0, 0x5000), WALK_HIT);
		switch_on(broken ? MUTANT_B19_WALK_CACHE : MUTANT_NONE);
		unmap(m, 0, 0, 12, 512);
		assert_int_equal(sees(m, 0, 0x5000), WALK_ABSENT);
		/* another table now, which the device does not find through the old one */
		map(m, 0, 0x5000, 0x40000000, 12, 1);
		assert_int_equal(sees(m, 0, 0x5000), broken ? WALK_ABSENT : WALK_HIT);
		switch_on(MUTANT_NONE);
		let_grace_pass(m);
#ifndef IOPT_SANITIZED
		assert_int_equal(sees(m, 0, 0x5000), broken ? WALK_FREED : WALK_HIT);
#endif
		made_teardown(m);
	}
}

/* B6: one worker has published a root and not told yet; another maps below it and returns. */
static void b6_others_below_a_new_root(void **state)
{
	const uint64_t high = UINT64_C(1) << 40;

	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct made *m = made_setup(engine_named("lockless"), 3, 2, 64);
		struct pt_op first = op_of(PT_MAP, high, 0x40000000, 12, 1);

		assert_int_equal(sees(m, 0, high), WALK_ABSENT);
		m->engine->run(m->pt, &m->w[0].w, &first, 1);
		assert_int_equal(pt_levels(m->pt), 4);
		switch_on(broken ? MUTANT_B6_LATE_ROOT : MUTANT_NONE);
		map(m, 1, high + 0x1000, 0x50000000, 12, 1);
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(sees(m, i, high + 0x1000), broken ? WALK_ABSENT : WALK_HIT);
		assert_int_equal(m->w[1].waits, !broken);
		/* who grows tells, even so */
		map(m, 1, UINT64_C(1) << 50, 0x60000000, 12, 1);
		assert_int_equal(sees(m, 0, UINT64_C(1) << 50), WALK_HIT);
		switch_on(MUTANT_NONE);
		made_teardown(m);
	}
}

/* The same with the genuine protocol and a worker that comes while the first one waits. */
static void who_finds_a_new_root_waits_too(void **state)
{
	const uint64_t high = UINT64_C(1) << 40;
	struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);
	struct pt_op op[2] = { op_of(PT_MAP, high, 0x40000000, 12, 1),
			       op_of(PT_MAP, high + 0x1000, 0x50000000, 12, 1) };
	struct beside b[2] = { { .m = m, .worker = 0, .op = &op[0] },
			       { .m = m, .worker = 1, .op = &op[1] } };
	pthread_t thread[2];

	(void)state;
	assert_int_equal(sees(m, 0, high), WALK_ABSENT);
	for (unsigned i = 0; i < 2; i++) {
		pthread_create(&thread[i], NULL, run_beside, &b[i]);
		while (pt_levels(m->pt) < 4)
			sched_yield();
	}
	for (unsigned i = 0; i < 1000; i++) {
		sched_yield();
		assert_false(at_load(&b[0].done, acquire) || at_load(&b[1].done, acquire));
	}
	while (!at_load(&b[0].done, acquire) || !at_load(&b[1].done, acquire))
		if (!unit_obey(m->unit[0]))
			sched_yield();
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(sees(m, 0, high), WALK_HIT);
	assert_int_equal(sees(m, 0, high + 0x1000), WALK_HIT);
	made_teardown(m);
}

/* B20: 4K are asked for, the 2M page goes, and 4K are flushed. */
static void b20_short_flush(void **state)
{
	static const char *const names[] = { "lockless-2019", "lockless", "lockless-intel" };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bool broken = i % 2;
		struct made *m = made_setup(engine_named(names[i / 2]), 3, 1, 64);

		map(m, 0, MIB2, 0x40000000, 21, 1);
		assert_int_equal(sees(m, 0, MIB2 + 0x5000), WALK_HIT);
		switch_on(broken ? MUTANT_B20_SHORT_FLUSH : MUTANT_NONE);
		unmap(m, 0, MIB2, 12, 1);
		assert_int_equal(sees(m, 0, MIB2 + 0x5000), broken ? WALK_HIT : WALK_ABSENT);
		switch_on(MUTANT_NONE);
		made_teardown(m);
	}
}

/* The 2019 body also takes a page that begins before what was asked for. */
static void a_page_that_begins_before(void **state)
{
	struct made *m = made_setup(engine_named("lockless-2019"), 3, 1, 64);

	(void)state;
	map(m, 0, 0x40000, 0x80000, 16, 1);
	assert_int_equal(sees(m, 0, 0x41000), WALK_HIT);
	unmap(m, 0, 0x43000, 12, 1);
	assert_int_equal(sees(m, 0, 0x41000), WALK_ABSENT);
	assert_int_equal(sees(m, 0, 0x4f000), WALK_ABSENT);
	made_teardown(m);
}

/* B22: of several pages the last is forgotten; of a large one, all. */
static void b22_one_less(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool broken = i % 2, large = i / 2;
		struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);
		uint64_t last = large ? MIB2 : 0x3000;

		map(m, 0, large ? MIB2 : 0x1000, 0x40000000, large ? 21 : 12, large ? 1 : 3);
		assert_int_equal(sees(m, 0, last), WALK_HIT);
		switch_on(broken ? MUTANT_B22_ONE_LESS : MUTANT_NONE);
		unmap(m, 0, large ? MIB2 : 0x1000, large ? 21 : 12, large ? 1 : 3);
		assert_int_equal(sees(m, 0, last), broken ? WALK_HIT : WALK_ABSENT);
		assert_int_equal(large || sees(m, 0, 0x2000) == WALK_ABSENT, true);
		switch_on(MUTANT_NONE);
		made_teardown(m);
	}
}

/*
 * B4: while the first worker replaces a table, the second replaces another, flushes and clears the
 * flag of both. The engine of the first calls the second in the middle.
 */
static struct made *b4;

static size_t run_and_let_another(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	size_t done = b4->engine->run(pt, w, ops, n);

	if (w->id == 0) {
		struct pt_op other = op_of(PT_MAP, 2 * MIB2, 0x20000000, 21, 1);

		domain_run(&b4->d, &b4->w[1], &other);
	}
	return done;
}

static void b4_shared_flag(void **state)
{
	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct made *m = made_setup(engine_named("lockless-2019"), 3, 1, 64);
		struct pt_engine pausing = *m->engine;

		b4 = m;
		for (unsigned i = 0; i < 2; i++) {
			map(m, i, (i + 1) * MIB2, 0x40000000 + i * MIB2, 12, 512);
			assert_int_equal(sees(m, 0, (i + 1) * MIB2 + 0x5000), WALK_HIT);
		}
		switch_on(broken ? MUTANT_B4_SHARED_FLAG : MUTANT_NONE);
		pausing.run = run_and_let_another;
		m->d.engine = &pausing;
		map(m, 0, MIB2, 0x10000000, 21, 1);
		m->d.engine = m->engine;
		switch_on(MUTANT_NONE);
		assert_int_equal(m->w[0].w.n.retired, 1);
		assert_int_equal(m->w[1].w.n.retired, 1);
		assert_int_equal(unit_translate(m->unit[0], 2 * MIB2 + 0x5000, PT_READ).pa, 0x20005000);
		assert_int_equal(unit_translate(m->unit[0], MIB2 + 0x5000, PT_READ).pa,
				 broken ? 0x40005000 : 0x10005000);
		let_grace_pass(m);
#ifndef IOPT_SANITIZED
		assert_int_equal(sees(m, 0, MIB2 + 0x6000), broken ? WALK_FREED : WALK_HIT);
#endif
		made_teardown(m);
	}
}

/* Without a grace period a table is freed under a worker that walks. */
static void no_grace(void **state)
{
	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);
		uint64_t freed;

		map(m, 0, 0, 0x40000000, 12, 512);
		grace_online(m->w[1].grace); /* and looks at the table */
		freed = pool_stats(m->pool).freed;
		switch_on(broken ? MUTANT_NO_GRACE : MUTANT_NONE);
		unmap(m, 0, 0, 12, 512);
		switch_on(MUTANT_NONE);
		assert_int_equal(pool_stats(m->pool).freed - freed, broken ? 1 : 0);
		assert_int_equal(grace_pending(m->w[0].grace), broken ? 0 : 1);
		grace_offline(m->w[1].grace);
		made_teardown(m);
	}
}

/* A map over a page (2019, Intel's large ones) makes devices forget all of the page that was there. */
static void what_is_overwritten_is_flushed(void **state)
{
	struct made *m = made_setup(engine_named("lockless-2019"), 3, 1, 64);

	(void)state;
	map(m, 0, 0x10000, 0x10000, 16, 1);
	assert_int_equal(sees(m, 0, 0x1f000), WALK_HIT);
	map(m, 0, 0x12000, 0x7000, 12, 1); /* one replica of sixteen */
	assert_int_equal(unit_translate(m->unit[0], 0x12000, PT_READ).pa, 0x7000);
	assert_int_equal(m->w[0].flushes, 1);
	map(m, 0, 2 * MIB2, 0x40000000, 22, 1);
	assert_int_equal(sees(m, 0, 2 * MIB2), WALK_HIT);
	map(m, 0, 3 * MIB2, 0x7000, 12, 1); /* a table in the place of a replica: both go */
	assert_int_equal(sees(m, 0, 2 * MIB2), WALK_ABSENT);
	assert_int_equal(unit_translate(m->unit[0], 3 * MIB2, PT_READ).pa, 0x7000);
	map(m, 0, 0x100000, 0x100000, 12, 1); /* nothing there: nothing to flush */
	assert_int_equal(m->w[0].flushes, 2);
	made_teardown(m);

	m = made_setup(engine_named("lockless-intel"), 3, 1, 64);
	map(m, 0, MIB2, 0x40000000, 21, 1);
	assert_int_equal(sees(m, 0, MIB2), WALK_HIT);
	map(m, 0, MIB2, 0x80000000, 21, 1);
	assert_int_equal(unit_translate(m->unit[0], MIB2, PT_READ).pa, 0x80000000);
	made_teardown(m);
}

/* All or nothing: what a device has seen of a map that failed in the end is forgotten. */
static void an_undone_map_is_flushed(void **state)
{
	struct made *m = made_setup(engine_named("lockless"), 3, 1, 64);
	struct pt_op op = op_of(PT_MAP_RANGE, 0, 0x40000000, 12, 0x201);
	struct beside b = { .m = m, .op = &op };
	pthread_t thread;

	(void)state;
	map(m, 0, MIB2, 0x7000, 12, 1);
	pthread_create(&thread, NULL, run_beside, &b);
	while (!at_load(&b.done, acquire))
		unit_obey(m->unit[0]);
	pthread_join(thread, NULL);
	assert_int_equal(op.err, EADDRINUSE);
	assert_int_equal(m->w[0].flushes, 1);
	assert_int_equal(sees(m, 0, 0), WALK_ABSENT);
	assert_int_equal(sees(m, 0, MIB2), WALK_HIT);
	made_teardown(m);
}

/* Ranges of any shape: nothing of them is remembered, what lies beside them is. */
static void flushes_fit_their_range(void **state)
{
	static const struct {
		uint64_t first;
		unsigned pages;
	} ranges[] = { { 0, 1 },   { 0, 512 }, { 1, 511 }, { 1, 510 },
		       { 3, 250 }, { 255, 2 }, { 0, 511 }, { 256, 256 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		struct made *m = made_setup(engine_named("lockless"), 3, 1, 4096);

		map(m, 0, 0, 0x40000000, 12, 512);
		for (uint64_t page = 0; page < 512; page++)
			assert_int_equal(sees(m, 0, page << 12), WALK_HIT);
		unmap(m, 0, ranges[i].first << 12, 12, ranges[i].pages);
		assert_int_equal(unit_stats(m->unit[0]).dropped,
				 ranges[i].pages + (ranges[i].pages == 512));
		for (uint64_t page = 0; page < 512; page++)
			assert_int_equal(sees(m, 0, page << 12), page - ranges[i].first <
					 ranges[i].pages ? WALK_ABSENT : WALK_HIT);
		assert_int_equal(unit_stats(m->unit[0]).found, 512 - ranges[i].pages);
		made_teardown(m);
	}
}

/* --- one unit by itself --- */

static void a_unit_goes_by_its_copy(void **state)
{
	static _Alignas(4096) _Atomic(uint64_t) table[4][512];
	struct unit_config config = { .walker = { .format = WALK_AMDV1 } };
	struct iotlb_unit *u = unit_create(&config);
	uint64_t root = (uint64_t)(uintptr_t)table[2], taller = (uint64_t)(uintptr_t)table[3];

	(void)state;
	for (unsigned level = 1; level < 4; level++)
		at_store(&table[level][0], (uint64_t)(uintptr_t)table[level - 1] | 1 | level << 9 |
			 UINT64_C(3) << 61, relaxed);
	at_store(&table[0][0], 0x5001 | UINT64_C(3) << 61, relaxed);
	at_store(&table[3][1], 1 | 7 << 9 | UINT64_C(3) << 61 | 0x7ffffff000, relaxed);
	assert_int_equal(unit_translate(u, 0, PT_READ).end, WALK_ABSENT);
	assert_true(unit_set_dte(u, iotlb_dte_of(root, 3)));
	assert_false(unit_set_dte(u, iotlb_dte_of(root, 3)));
	assert_int_equal(unit_translate(u, 0, PT_READ).pa, 0x5000);
	assert_true(unit_set_dte(u, iotlb_dte_of(taller, 4)));
	assert_false(unit_set_dte(u, iotlb_dte_of(root, 3))); /* the tallest stays */
	assert_int_equal(unit_translate(u, UINT64_C(1) << 39, PT_READ).end, WALK_ABSENT);
	assert_int_equal(unit_obey(u), 0);
	unit_invalidate_dte(u);
	assert_int_equal(unit_translate(u, UINT64_C(1) << 39, PT_READ).end, WALK_ABSENT);
	assert_int_equal(unit_obey(u), 1);
	assert_int_equal(unit_translate(u, UINT64_C(1) << 39, PT_READ).end, WALK_HIT);
	assert_int_equal(unit_stats(u).found, 0); /* nothing is cached */
	unit_destroy(u);
}

static void completion_comes_in_order(void **state)
{
	struct unit_config config = { .leaves = 4, .tables = 4 };
	struct iotlb_unit *u = unit_create(&config);
	uint64_t first, second;

	(void)state;
	unit_invalidate(u, 0, 12, true);
	first = unit_complete(u);
	unit_invalidate(u, 0, 12, true);
	second = unit_complete(u);
	assert_false(unit_completed(u, first));
	assert_int_equal(unit_obey(u), 4);
	assert_true(unit_completed(u, first) && unit_completed(u, second));
	assert_false(unit_completed(u, unit_complete(u)));
	unit_destroy(u);
}

static void *queue_many(void *arg)
{
	for (unsigned i = 0; i < 2000; i++)
		unit_wait(arg, unit_complete(arg));
	return NULL;
}

static void *queue_more(void *arg)
{
	for (unsigned i = 0; i < 20000; i++)
		unit_invalidate(arg, i, 12, false);
	return NULL;
}

/* Two producers, one of them faster than the device: the ring is full most of the time. */
static void a_full_ring_waits(void **state)
{
	struct unit_config config = { .leaves = 0 };
	struct iotlb_unit *u = unit_create(&config);
	pthread_t thread[2];
	unsigned n = 0;

	(void)state;
	pthread_create(&thread[0], NULL, queue_many, u);
	pthread_create(&thread[1], NULL, queue_more, u);
	while (n < 22000) {
		unsigned obeyed = unit_obey(u);

		n += obeyed;
		if (!obeyed)
			sched_yield();
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(unit_obey(u), 0);
	unit_destroy(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unmapped_page_is_forgotten),
		cmocka_unit_test(b5_not_waited_for),
		cmocka_unit_test(b19_walk_cache),
		cmocka_unit_test(b6_others_below_a_new_root),
		cmocka_unit_test(who_finds_a_new_root_waits_too),
		cmocka_unit_test(b20_short_flush),
		cmocka_unit_test(a_page_that_begins_before),
		cmocka_unit_test(b22_one_less),
		cmocka_unit_test(b4_shared_flag),
		cmocka_unit_test(no_grace),
		cmocka_unit_test(what_is_overwritten_is_flushed),
		cmocka_unit_test(an_undone_map_is_flushed),
		cmocka_unit_test(flushes_fit_their_range),
		cmocka_unit_test(a_unit_goes_by_its_copy),
		cmocka_unit_test(completion_comes_in_order),
		cmocka_unit_test(a_full_ring_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
