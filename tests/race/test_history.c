/*
 * Recorded histories of every engine are linearizable; with a bug switched on some are not, and the
 * witness says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/verify_child.h"
#include "sys/clock.h"

#define MS UINT64_C(1000000)

static int start(void **state)
{
	(void)state;
	clock_init();
	return 0;
}

static struct verify_outcome look(const char *engine, enum pt_mutant mutant, uint64_t ms)
{
	struct verify_job job = { .engine = pt_engine_find(engine), .mutant = mutant, .threads = 2,
				  .duration_ns = ms * MS, .seed = 1, .shake = 16 };
	struct verify_outcome out;
	struct err err = { 0 };

	if (verify_history(&job, &out, &err))
		fail_msg("%s: %s", engine, err.text);
	assert_int_equal(pt_mutant_on, MUTANT_NONE);
	return out;
}

static void test_clean(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		struct verify_outcome out;

		if (e->ruler)
			continue;
		out = look(e->name, MUTANT_NONE, e->sibling ? 20 : 100);
		if (out.caught)
			fail_msg("%s: %s: %s", e->name, out.oracle, out.evidence);
		assert_true(out.rounds > 0 && out.operations > 0 && out.lookups > 0);
	}
}

/* In children: what is broken may crash. Long enough for any machine; they end when they have it. */
static void test_broken(void **state)
{
	static const enum pt_mutant broken[] = { MUTANT_B2_NO_RECHECK, MUTANT_EARLY_UNLOCK,
						 MUTANT_WRONG_REPLICAS, MUTANT_NO_GRACE };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct verify_job job = { .engine = pt_engine_find(pt_mutants[broken[i]].engine),
					  .mutant = broken[i], .threads = 4,
					  .duration_ns = 20000 * MS, .seed = 1, .shake = 8 };
		struct verify_outcome out;
		struct err err = { 0 };

		if (verify_child(VERIFY_HISTORY, &job, &out, &err))
			fail_msg("%s: %s", pt_mutants[broken[i]].name, err.text);
		if (!out.caught || !out.evidence[0])
			fail_msg("%s: not caught", pt_mutants[broken[i]].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
