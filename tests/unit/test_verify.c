/*
 * test_verify.c - the layers of `iopt verify`: clean engines are clean, planted bugs are caught; and what
 * a reader may conclude from a shadow word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench/verify_child.h"
#include "bench/verify_shadow.h"
#include "mem/pool.h"
#include "sys/clock.h"

#ifdef IOPT_SANITIZED
#define EACH_NS 400000000u
#else
#define EACH_NS 150000000u
#endif
#define BUG_NS UINT64_C(20000000000) /* it ends when the bug is caught, mostly at once */

static const struct pt_engine *const *engines(void)
{
	static const struct pt_engine *three[4];

	three[0] = pt_engine_find("lockless");
	three[1] = pt_engine_find("mutex-2019");
	three[2] = pt_engine_find("lockless-intel");
	return three;
}

static void clean(verify_layer_fn *layer, bool translates)
{
	for (const struct pt_engine *const *e = engines(); *e; e++) {
		const struct verify_job job = { .engine = *e, .threads = 2, .duration_ns = EACH_NS,
						.seed = 1, .shake = 64 };
		struct verify_outcome out;
		struct err err = { 0 };

		if (layer(&job, &out, &err))
			fail_msg("%s", err.text);
		if (out.caught)
			fail_msg("%s: %s %s", (*e)->name, out.oracle, out.evidence);
		assert_true(out.rounds >= 1);
		assert_true(out.operations > 0);
		assert_true(out.lookups > 0);
		assert_int_equal(out.translations > 0, translates);
		assert_true(out.elapsed_ns > 0);
	}
}

static void test_sequence_clean(void **state)
{
	(void)state;
	clean(verify_sequence, false);
}

static void test_race_clean(void **state)
{
	(void)state;
	clean(verify_race, false);
}

static void test_device_clean(void **state)
{
	(void)state;
	clean(verify_device, true);
}

/* One thread in all is what some engines want: they are verified all the same. */
static void test_single(void **state)
{
	const struct verify_job job = { .engine = pt_engine_find("none"), .threads = 4,
					.duration_ns = 20000000, .seed = 3 };
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(verify_race(&job, &out, &err), 0);
	assert_false(out.caught);
	assert_int_equal(verify_device(&job, &out, &err), 0);
	assert_false(out.caught);
}

#ifndef IOPT_SANITIZED
static void caught(enum verify_layer layer, enum pt_mutant mutant)
{
	const struct verify_job job = { .engine = pt_engine_find(pt_mutants[mutant].engine),
					.mutant = mutant, .threads = 2, .duration_ns = BUG_NS, .seed = 100,
					.shake = 64 };
	struct verify_outcome out;
	struct err err = { 0 };

	if (verify_child(layer, &job, &out, &err))
		fail_msg("%s", err.text);
	if (!out.caught)
		fail_msg("%s: not caught by %s in %llu rounds", pt_mutants[mutant].name,
			 verify_layer_name[layer], (unsigned long long)out.rounds);
	/* whatever noticed first: an answer, the audit, a crash or a hang */
	assert_non_null(strstr(out.evidence, "round of seed"));
	assert_non_null(strstr(out.evidence, pt_mutants[mutant].name));
}

static void test_sequence_catches(void **state)
{
	(void)state;
	caught(VERIFY_SEQUENCE, MUTANT_B7_ENDLESS_GROWTH); /* memory fails while the root grows */
	caught(VERIFY_SEQUENCE, MUTANT_B11_STALE_REPLICAS);
	caught(VERIFY_SEQUENCE, MUTANT_B14_HOLES);
	caught(VERIFY_SEQUENCE, MUTANT_NOT_ZEROED);
}

static void test_race_catches(void **state)
{
	(void)state;
	caught(VERIFY_RACE, MUTANT_B1_UNLOCKED_GROWTH);
	caught(VERIFY_RACE, MUTANT_LOSER_KEEPS_OWN);
	caught(VERIFY_RACE, MUTANT_B16_FREE_AT_ONCE);
	caught(VERIFY_RACE, MUTANT_EARLY_UNLOCK);
}

static void test_device_catches(void **state)
{
	(void)state;
	caught(VERIFY_DEVICE, MUTANT_B19_WALK_CACHE);
	caught(VERIFY_DEVICE, MUTANT_B20_SHORT_FLUSH);
	caught(VERIFY_DEVICE, MUTANT_B22_ONE_LESS);
}
#endif

/* A cell of one writer, in the hands of the test. */
static struct shadow_cell made_cell(void)
{
	static _Atomic(uint64_t) words[16];
	static uint64_t payload[SHADOW_VERSIONS + 1];
	static uint8_t lg2[16];
	static uint16_t mapped[16];

	for (unsigned i = 0; i < 16; i++)
		at_store(&words[i], 0, relaxed); /* one thread */
	memset(lg2, 0, sizeof(lg2));
	memset(mapped, 0, sizeof(mapped));
	return (struct shadow_cell){ .iova = 0x100000, .id = 5, .owner = 1, .unit_lg2 = 12, .units = 16,
				     .word = words, .payload = payload, .lg2 = lg2, .mapped = mapped };
}

static void map_unit(struct shadow_cell *c, unsigned unit, bool map)
{
	unsigned version = shadow_begin(c, unit, 1, 7);

	c->lg2[unit] = map ? 12 : 0;
	c->mapped[unit] = (uint16_t)version;
	shadow_end(c, unit, 1);
}

static enum shadow_verdict judged(const struct shadow_cell *c, uint64_t before, bool hit, uint64_t pa)
{
	struct shadow_finding f = { .before = before, .after = shadow_load(c, 3), .offset = 0x3010,
				    .hit = hit, .pa = pa };

	return shadow_judge(c, &f);
}

static void test_judge_stable(void **state)
{
	struct shadow_cell c = made_cell();
	uint64_t absent = shadow_load(&c, 3), now;

	(void)state;
	assert_int_equal(judged(&c, absent, false, 0), SHADOW_FINE);
	assert_int_equal(judged(&c, absent, true, shadow_pa(&c, 1, 0x3010)), SHADOW_WRONG);
	map_unit(&c, 3, true);
	now = shadow_load(&c, 3);
	assert_int_equal(judged(&c, now, true, shadow_pa(&c, 1, 0x3010)), SHADOW_FINE);
	assert_int_equal(judged(&c, now, true, shadow_pa(&c, 1, 0x3011)), SHADOW_WRONG);
	assert_int_equal(judged(&c, now, true, shadow_pa(&c, 2, 0x3010)), SHADOW_WRONG);
	/* a lost mapping: its owner does not know, so the word stays as it is */
	assert_int_equal(judged(&c, now, false, 0), SHADOW_WRONG);
}

static void test_judge_changing(void **state)
{
	struct shadow_cell c = made_cell();
	uint64_t absent, mapped;

	(void)state;
	map_unit(&c, 3, true);
	mapped = shadow_load(&c, 3);
	map_unit(&c, 3, false);
	absent = shadow_load(&c, 3);
	map_unit(&c, 3, true);
	/* mapped, absent, mapped again while it was looked up */
	assert_int_equal(judged(&c, mapped, false, 0), SHADOW_EITHER);
	assert_int_equal(judged(&c, mapped, true, shadow_pa(&c, 1, 0x3010)), SHADOW_EITHER);
	assert_int_equal(judged(&c, mapped, true, shadow_pa(&c, 3, 0x3010)), SHADOW_EITHER);
	assert_int_equal(judged(&c, mapped, true, shadow_pa(&c, 4, 0x3010)), SHADOW_WRONG);
	assert_int_equal(judged(&c, mapped, true, shadow_pa(&c, 3, 0x4010)), SHADOW_WRONG);
	assert_int_equal(judged(&c, mapped, true, POOL_POISON & 0xffffffffff010), SHADOW_WRONG);
	/* absent before: what was unmapped by then is stale */
	assert_int_equal(judged(&c, absent, true, shadow_pa(&c, 1, 0x3010)), SHADOW_WRONG);
	assert_int_equal(judged(&c, absent, true, shadow_pa(&c, 3, 0x3010)), SHADOW_EITHER);
	/* no look before: any of its versions, no other */
	assert_int_equal(judged(&c, SHADOW_CHANGING, true, shadow_pa(&c, 1, 0x3010)), SHADOW_EITHER);
	assert_int_equal(judged(&c, SHADOW_CHANGING, true, shadow_pa(&c, 9, 0x3010)), SHADOW_WRONG);
}

static void test_payload(void **state)
{
	struct shadow_cell cells[6];

	(void)state;
	memset(cells, 0, sizeof(cells));
	cells[5] = made_cell();
	map_unit(&cells[5], 3, true);
	assert_true(shadow_payload_seen(cells, 6, shadow_pa(&cells[5], 1, 0x3010), 7));
	assert_false(shadow_payload_seen(cells, 6, shadow_pa(&cells[5], 1, 0x3010), 8));
	cells[5].payload[1]++;
	assert_false(shadow_payload_seen(cells, 6, shadow_pa(&cells[5], 1, 0x3010), 7));
}

#ifndef IOPT_SANITIZED /* there a look at a freed page is what the sanitizer is for */
static void test_poison(void **state)
{
	const struct pool_config config = { .poison = true };
	struct pool_config no = { .poison = true, .zero = POOL_ZERO_FREE };
	struct pool_cache *cache;
	struct pool *pool;
	struct err err;
	uint64_t *page;

	(void)state;
	assert_int_equal(pool_create(&pool, &config, &err), 0);
	cache = pool_cache_create(pool, 0);
	page = page_alloc(cache, 1);
	assert_non_null(page);
	assert_int_equal(page[0] | page[511], 0);
	page_free(cache, page);
	assert_true(page[0] == POOL_POISON && page[511] == POOL_POISON);
	page = page_alloc(cache, 1);
	assert_int_equal(page[0] | page[511], 0);
	page_free(cache, page);
	pool_cache_destroy(cache);
	pool_destroy(pool);
	assert_int_equal(pool_create(&pool, &no, &err), EXIT_USAGE);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_stable),
		cmocka_unit_test(test_judge_changing),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_sequence_clean),
		cmocka_unit_test(test_race_clean),
		cmocka_unit_test(test_device_clean),
		cmocka_unit_test(test_single),
#ifndef IOPT_SANITIZED
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_sequence_catches),
		cmocka_unit_test(test_race_catches),
		cmocka_unit_test(test_device_catches),
#endif
	};

	clock_init();
	return _cmocka_run_group_tests("verify", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
