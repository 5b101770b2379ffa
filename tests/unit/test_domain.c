/*
 * What a driver's domain makes devices forget, and that it makes them forget no more.
 */
#include "made_domain.h"

#include <errno.h>
#include <pthread.h>

#define MIB2 (UINT64_C(1) << 21)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unmapped_page_is_forgotten),
		cmocka_unit_test(a_page_that_begins_before),
		cmocka_unit_test(what_is_overwritten_is_flushed),
		cmocka_unit_test(an_undone_map_is_flushed),
		cmocka_unit_test(flushes_fit_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
