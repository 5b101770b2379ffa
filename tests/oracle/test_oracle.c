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

static void play(const struct pt_engine *engine, uint64_t seed, uint64_t limit, uint64_t fail_at)
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
}

static void test_engine(void **state)
{
	const struct pt_engine *engine = *state;
	/* a sibling's body is that of its elder but for the walk over several pages */
	uint64_t seeds = engine->sibling ? SEEDS / 6 : SEEDS;

	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(engine, seed, seed % 3 ? 0 : 2 + seed % 41, seed % 3 == 1 ? 2 + seed % 29 : 0);
}

int main(void)
{
	struct CMUnitTest tests[32];
	size_t n = 0;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler)
			tests[n++] = (struct CMUnitTest){ e->name, test_engine, NULL, NULL,
							  (void *)(uintptr_t)e };
	return _cmocka_run_group_tests("oracle", tests, n, NULL, NULL);
}
