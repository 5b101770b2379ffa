/*
 * One IOMMU by itself: the copy of its device table entry, and its command ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "iotlb/unit.h"
#include "pt/engine.h"

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

struct queueing {
	struct iotlb_unit *u;
	_Atomic(uint32_t) done;
};

static void *queue_some(void *arg)
{
	struct queueing *q = arg;

	for (unsigned i = 0; i < 1000; i++)
		unit_invalidate(q->u, i, 12, false);
	/* release: pairs with the loads below */
	at_store(&q->done, 1, release);
	return NULL;
}

/* More commands than the ring holds: nothing is written over what has not been obeyed. */
static void nothing_is_overwritten(void **state)
{
	struct unit_config config = { .leaves = 0 };
	struct queueing q = { .u = unit_create(&config) };
	unsigned n = 0;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, queue_some, &q);
	for (unsigned i = 0; i < 1000; i++) {
		sched_yield();
		assert_false(at_load(&q.done, acquire));
	}
	while (n < 1000) {
		n += unit_obey(q.u);
		sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(unit_obey(q.u), 0);
	unit_destroy(q.u);
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
		cmocka_unit_test(a_unit_goes_by_its_copy),
		cmocka_unit_test(completion_comes_in_order),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(a_full_ring_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
