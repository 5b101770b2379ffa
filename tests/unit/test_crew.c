/* The barrier lets nobody through early; the crew runs everybody, once per call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/barrier.h"
#include "bench/crew.h"

#define WORKERS 5
#define ROUNDS 400

struct shared {
	struct barrier barrier;
	_Atomic uint32_t arrived, early;
	_Atomic uint32_t calls[WORKERS];
	bool broken; /* plant: worker 0 does not wait */
};

/* Everybody must have arrived in this round before anybody is past the barrier. */
static void rounds(void *arg, unsigned worker)
{
	struct shared *s = arg;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		at_add(&s->arrived, 1, relaxed);
		if (!s->broken || worker)
			barrier_wait(&s->barrier);
		if (at_load(&s->arrived, relaxed) < (round + 1) * WORKERS)
			at_add(&s->early, 1, relaxed);
		if (!s->broken || worker)
			barrier_wait(&s->barrier); /* so that nobody starts the next round meanwhile */
	}
}

static void run_rounds(struct shared *s, uint32_t waiting)
{
	struct err err = { 0 };
	struct crew *crew;

	barrier_init(&s->barrier, waiting);
	assert_int_equal(crew_create(&crew, WORKERS, NULL, &err), 0);
	crew_run(crew, rounds, s);
	crew_destroy(crew);
}

static void test_barrier_holds(void **state)
{
	struct shared s = { .broken = false };

	(void)state;
	run_rounds(&s, WORKERS);
	assert_int_equal(at_load(&s.early, relaxed), 0);
	assert_int_equal(at_load(&s.arrived, relaxed), WORKERS * ROUNDS);
}

/* The check above notices a barrier that somebody walks around. */
static void test_check_bites(void **state)
{
	struct shared s = { .broken = true };

	(void)state;
	run_rounds(&s, WORKERS - 1);
	assert_int_not_equal(at_load(&s.early, relaxed), 0);
}

static void count_call(void *arg, unsigned worker)
{
	at_add(&((struct shared *)arg)->calls[worker], 1, relaxed);
}

static void test_crew_runs_everybody_once(void **state)
{
	struct shared s = { .broken = false };
	struct err err = { 0 };
	struct crew *crew;

	(void)state;
	assert_int_equal(crew_create(&crew, WORKERS, NULL, &err), 0);
	for (uint32_t i = 1; i <= 100; i++) {
		crew_run(crew, count_call, &s);
		for (unsigned w = 0; w < WORKERS; w++)
			assert_int_equal(at_load(&s.calls[w], relaxed), i);
	}
	crew_destroy(crew);
}

static void test_cannot_pin(void **state)
{
	unsigned cpus[1] = { 100000 };
	struct err err = { 0 };
	struct crew *crew;

	(void)state;
	assert_int_equal(crew_create(&crew, 1, cpus, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "100000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_barrier_holds),
		cmocka_unit_test(test_check_bites),
		cmocka_unit_test(test_crew_runs_everybody_once),
		cmocka_unit_test(test_cannot_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
