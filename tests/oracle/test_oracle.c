/*
 * test_oracle.c - every engine, as it is measured, against a slow and obvious model (bench/model.h):
 * random operations of all kinds and sizes at addresses where something changes, with few and with
 * many pages, every entry compared. `iopt verify --layer sequence` does the same with seeds without end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/verify_sequence.h"

#define OPS_MAX 40

#ifdef IOPT_SANITIZED
#define SEEDS 60
#else
#define SEEDS 1000
#endif

/* Pages asked for. */
static uint64_t play(const struct pt_engine *engine, uint64_t seed, uint64_t limit, uint64_t fail_at)
{
	const struct sequence_case c = { .engine = engine, .run = engine, .seed = seed, .ops = OPS_MAX,
					 .limit_pages = limit, .fail_at = fail_at };
	struct verify_outcome out = { 0 };
	struct err err = { 0 };
	uint64_t asked;

	if (sequence_play(&c, &out, &asked, &err))
		fail_msg("%s", err.text);
	if (out.caught)
		fail_msg("%s seed %llu: %s %s", engine->name, (unsigned long long)seed, out.oracle,
			 out.evidence);
	assert_int_equal(out.operations, OPS_MAX);
	return asked;
}

static void test_engine(void **state)
{
	const struct pt_engine *engine = *state;
	/* a sibling's body is that of its elder but for the walk over several pages */
	uint64_t seeds = engine->sibling ? SEEDS / 6 : SEEDS;

	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(engine, seed, seed % 3 ? 0 : 2 + seed % 41, seed % 3 == 1 ? 2 + seed % 29 : 0);
}

/* A range whose pages want one level and whose end another; memory fails at each page in turn. */
static void test_growth_fails(void **state)
{
	static const uint64_t seeds[] = { 303783121, 900000024 };

	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]) && !e->ruler; i++) {
			uint64_t asked = play(e, seeds[i], 0, 0);

			for (uint64_t fail_at = 2; fail_at <= asked; fail_at++)
				play(e, seeds[i], 0, fail_at);
		}
}

/* An engine's name, or several as in `amdv1/ttas*`: only those. */
int main(int argc, char **argv)
{
	struct CMUnitTest tests[33] = { cmocka_unit_test(test_growth_fails) };
	size_t n = 1;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler)
			tests[n++] = (struct CMUnitTest){ e->name, test_engine, NULL, NULL,
							  (void *)(uintptr_t)e };
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("oracle", tests, n, NULL, NULL);
}
