/*
 * Each bug of src/iotlb that can be switched on, step by step, beside the same steps without it.
 */
#include "made_domain.h"

#include <pthread.h>
#include <sched.h>

#include "pt/mutant.h"
#include "pt/pt.h"

#define MIB2 (UINT64_C(1) << 21)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b5_not_waited_for),
		cmocka_unit_test(b19_walk_cache),
		cmocka_unit_test(b6_others_below_a_new_root),
		cmocka_unit_test(who_finds_a_new_root_waits_too),
		cmocka_unit_test(b20_short_flush),
		cmocka_unit_test(b22_one_less),
		cmocka_unit_test(b4_shared_flag),
		cmocka_unit_test(no_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
