/* Which CPUs a matrix has, on machines that are made up; and the matrix of two CPUs, where there are two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "sys/clock.h"
#include "sys/transfer.h"

#define PATIENT_NS 5000000000u /* others may be building on these CPUs */

static struct topology *load(const char *spec)
{
	struct topology *t = NULL;
	struct err err;

	assert_int_equal(topology_load(&t, spec, &err), 0);
	return t;
}

static unsigned chosen(const char *spec, bool all, unsigned cpu[512])
{
	struct topology *t = load(spec);
	unsigned n = transfer_choose(t, all, cpu);

	topology_free(t);
	return n;
}

static void test_choose(void **state)
{
	unsigned cpu[512];

	(void)state;
	assert_int_equal(chosen("pack:1 core:8 pu:2", false, cpu), 16);
	assert_int_equal(chosen("pack:1 core:16 pu:2", false, cpu), 16); /* one of each core */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(cpu[i], 2 * i);
	assert_int_equal(chosen("2 pack:2 l3:8 core:4 pu:2", false, cpu), 16); /* of 32 caches */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(cpu[i], 16 * i);
	assert_int_equal(chosen("pack:2 l3:5 core:4 pu:2", false, cpu), 10); /* one of each cache */
	assert_int_equal(cpu[9], 72);
	assert_int_equal(chosen("2 pack:2 l3:8 core:4 pu:2", true, cpu), 256);
	assert_int_equal(cpu[255], 255);
}

/* Those that are not ours are left out. */
static void test_allowed(void **state)
{
	struct topology *t = load("pack:1 core:4 pu:1");
	unsigned cpu[4];

	(void)state;
	t->cpus[1].allowed = false;
	t->nallowed--;
	assert_int_equal(transfer_choose(t, false, cpu), 3);
	assert_int_equal(cpu[1], 2);
	topology_free(t);
}

static void test_two_cpus(void **state)
{
	struct topology *t = load(NULL);
	struct transfer_matrix m;
	struct err err;
	unsigned *cpu = calloc(t->nallowed, sizeof(*cpu)), n = 0;

	(void)state;
	assert_non_null(cpu);
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].allowed)
			cpu[n++] = t->cpus[i].os;
	clock_init();
	assert_int_equal(transfer_measure(cpu, n < 2 ? n : 2, PATIENT_NS, &m, &err), 0);
	assert_int_equal(m.cpu[0], cpu[0]);
	assert_true(isnan(m.round_trip_ns[0]));
	if (n >= 2) {
		assert_int_equal(m.unanswered, 0);
		assert_true(isnan(m.round_trip_ns[3]));
		assert_true(m.round_trip_ns[1] == m.round_trip_ns[2]);
		/* two misses at least, and not the length of a time slice */
		assert_true(m.round_trip_ns[1] > 5 && m.round_trip_ns[1] < 1e6);
	}
	transfer_free(&m);
	free(cpu);
	topology_free(t);
}

/* A CPU that is not there, and no time at all: null, not a figure, and no waiting for ever. */
static void test_no_answer(void **state)
{
	struct topology *t = load(NULL);
	unsigned cpu[2] = { 0, 1u << 20 };
	struct transfer_matrix m;
	struct err err;

	(void)state;
	for (unsigned i = 0; i < t->ncpus; i++)
		if (t->cpus[i].allowed)
			cpu[0] = t->cpus[i].os;
	clock_init();
	for (int i = 0; i < 2; i++) {
		uint64_t start = clock_monotonic_ns();

		assert_int_equal(transfer_measure(cpu, 2, 2000000, &m, &err), 0);
		assert_int_equal(m.unanswered, 1);
		assert_true(isnan(m.round_trip_ns[1]) && isnan(m.round_trip_ns[2]));
		assert_true(clock_monotonic_ns() - start < 5000000000u);
		transfer_free(&m);
		cpu[1] = cpu[0];
		cpu[0] = 1u << 20;
	}
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_two_cpus),
		cmocka_unit_test(test_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
