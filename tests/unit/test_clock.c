#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/atomic.h"
#include "sys/clock.h"
#include "sys/clock_check.h"

static void facts_are_sane(void)
{
	assert_non_null(clock_facts.source);
	assert_true(clock_facts.ns_per_tick > 0.01 && clock_facts.ns_per_tick <= 1000);
	assert_true(clock_facts.step_ns > 0);
	assert_true(clock_facts.pair_ns > 0);
	assert_int_equal(clock_use_cycles, !clock_facts.why_not);
	assert_int_equal(clock_use_cycles, strcmp(clock_facts.source, "clock_gettime") != 0);
}

static void agrees_with_the_system(void)
{
	/* a quarter second of both: 1 % apart would be a wrong rate, not noise */
	for (int attempt = 0;; attempt++) {
		uint64_t ns = clock_monotonic_ns(), ticks = clock_now();
		double ours, theirs;

		while (clock_monotonic_ns() - ns < 50000000)
			;
		ours = clock_ns(clock_now() - ticks);
		theirs = (double)(clock_monotonic_ns() - ns);
		if (ours > 0.99 * theirs && ours < 1.01 * theirs)
			return;
		assert_true(attempt < 5); /* a stolen moment between the two readings */
	}
}

static void test_counter(void **state)
{
	cpu_set_t before, after;

	(void)state;
	unsetenv("IOPT_CLOCK");
	sched_getaffinity(0, sizeof(before), &before);
	clock_init();
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
	facts_are_sane();
	if (clock_use_cycles) {
		assert_true(clock_facts.drift_ppm <= 100);
		assert_true(clock_facts.cross_cpu_ns == 0);
	}
	agrees_with_the_system();
}

static void test_fallback(void **state)
{
	(void)state;
	setenv("IOPT_CLOCK", "clock_gettime", 1);
	clock_init();
	unsetenv("IOPT_CLOCK");
	assert_string_equal(clock_facts.source, "clock_gettime");
	assert_non_null(clock_facts.why_not);
	assert_true(clock_facts.ns_per_tick == 1);
	facts_are_sane();
	agrees_with_the_system();
}

static void test_ticks_and_ns(void **state)
{
	(void)state;
	clock_init();
	for (uint64_t t = 0; t < 1000000; t += 997)
		assert_int_equal(clock_ticks(clock_ns(t)), t);
}

static atomic_uint_fast64_t fake;

/* One counter for all, but the second CPU's copy lags. */
static uint64_t lagging(void)
{
	uint64_t now = at_add(&fake, 10, relaxed);

	return 1000000 + now - (sched_getcpu() == 1 ? 1000 : 0);
}

static uint64_t in_step(void)
{
	return at_add(&fake, 10, relaxed);
}

static void test_step_back_is_found(void **state)
{
	cpu_set_t set;

	(void)state;
	sched_getaffinity(0, sizeof(set), &set);
	assert_int_equal(clock_check_cpus(in_step), 0);
	if (!CPU_ISSET(0, &set) || !CPU_ISSET(1, &set))
		return;
	/* an overloaded machine may not let the two meet at once */
	for (int attempt = 0; attempt < 50; attempt++)
		if (clock_check_cpus(lagging) >= 900)
			return;
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_ticks_and_ns),
		cmocka_unit_test(test_step_back_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
