/*
 * The laboratory without a bug: its engines do what the genuine ones do, alone and held up at a
 * stop now and then; and the list of bugs names engines that are there, and have their twins.
 */
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mem/pool.h"
#include "pt/engine.h"
#include "pt/lab.h"
#include "pt/mutant.h"

#define K UINT64_C(0x1000)
#define G (UINT64_C(1) << 30)
#define OPS 400u
#define SHAKEN_OPS 100u
#define WORKERS 3u

struct bench {
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w[WORKERS];
};

struct digest {
	uint64_t sum, leaves;
};

static uint64_t draw(uint64_t *random)
{
	/* xorshift64* */
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * 0x2545f4914f6cdd1d;
}

/* Any kind and size around two borders of the tree, all in one worker's gigabytes. */
static struct pt_op any_op(const struct pt_engine *engine, uint64_t *random, unsigned worker)
{
	static const uint8_t sizes[] = { 12, 12, 12, 16, 21, 21, 22 };
	uint8_t lg2 = sizes[draw(random) % sizeof(sizes)];
	struct pt_op op = { .kind = (uint8_t)(draw(random) % 5), .count = 1 + draw(random) % 3,
			    .prot = PT_READ };

	op.size_lg2 = pt_engine_sizes(engine) >> lg2 & 1 ? lg2 : 12;
	op.iova = worker * 8 * G + (draw(random) & 1 ? G : 0) + draw(random) % 24 * K * 512;
	if (!(draw(random) & 3) && pt_engine_grows(engine))
		op.iova += 512 * G;
	op.iova += op.size_lg2 == 12 ? draw(random) % 16 * K : 0;
	op.iova &= -(UINT64_C(1) << op.size_lg2);
	op.pa = op.iova;
	return op;
}

static void open_bench(struct bench *b, const struct pt_engine *engine)
{
	struct pool_config config = { 0 };
	struct err err;

	memset(b, 0, sizeof(*b));
	assert_int_equal(pool_create(&b->pool, &config, &err), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		b->w[i].id = i;
		b->w[i].pages = pool_cache_create(b->pool, 0);
		assert_non_null(b->w[i].pages);
	}
	assert_int_equal(pt_create(&b->pt, engine, &b->w[0]), 0);
}

static void close_bench(struct bench *b)
{
	struct page_desc *next;

	pt_destroy(b->pt, &b->w[0]);
	for (unsigned i = 0; i < WORKERS; i++) {
		for (struct page_desc *d = b->w[i].gather.head; d; d = next) {
			next = d->next;
			page_free(b->w[i].pages, d->page);
		}
		pool_cache_destroy(b->w[i].pages);
	}
	assert_int_equal(pool_stats(b->pool).allocated, pool_stats(b->pool).freed);
	pool_destroy(b->pool);
}

static void add_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct digest *d = ctx;

	d->sum = (d->sum ^ leaf->iova ^ leaf->pa << 1 ^ leaf->size_lg2) * UINT64_C(0x100000001b3);
	d->leaves++;
}

/* All leaves, in order; every page must be accounted for. */
static struct digest look(struct bench *b)
{
	struct digest d = { 0 };
	struct pt_scan scan = { .leaf = add_leaf, .ctx = &d };
	uint64_t pages = 0;

	pt_scan(b->pt, &scan);
	for (unsigned i = 0; i < WORKERS; i++)
		pages += b->w[i].n.allocated - b->w[i].n.freed - b->w[i].n.retired;
	assert_int_equal(pages, scan.tables);
	return d;
}

/* The same operations on a table of each: every result, every count, all leaves in the end. */
static void test_same_as_genuine(void **state)
{
	static struct bench one, two;
	const struct pt_engine *genuine = *state, *lab = pt_engine_lab(genuine);
	uint64_t random = 4711;
	struct digest d, e;

	assert_non_null(lab);
	assert_string_equal(lab->name, genuine->name);
	assert_ptr_not_equal(lab->run, genuine->run);
	open_bench(&one, genuine);
	open_bench(&two, genuine);
	lab_shake(1, 64);
	for (unsigned i = 0; i < OPS; i++) {
		struct pt_op op = any_op(genuine, &random, 0), same = op;

		genuine->run(one.pt, &one.w[0], &op, 1);
		lab->run(two.pt, &two.w[0], &same, 1);
		if (op.err != same.err || op.result != same.result)
			fail_msg("%s: operation %u, kind %u: error %u, not %u", genuine->name, i, op.kind,
				 same.err, op.err);
	}
	lab_shake(0, 0);
	assert_memory_equal(&one.w[0].n, &two.w[0].n, sizeof(one.w[0].n));
	d = look(&one);
	e = look(&two);
	assert_true(d.leaves > 20);
	assert_memory_equal(&d, &e, sizeof(d));
	close_bench(&one);
	close_bench(&two);
}

struct worker {
	struct bench *b;
	const struct pt_engine *engine;
	unsigned id;
	pthread_t thread;
};

static void *play(void *arg)
{
	struct worker *w = arg;
	uint64_t random = 99 + w->id;

	lab_shake(w->id, 16);
	for (unsigned i = 0; i < SHAKEN_OPS; i++) {
		struct pt_op op = any_op(w->engine, &random, w->id);

		w->engine->run(w->b->pt, &w->b->w[w->id], &op, 1);
	}
	return NULL;
}

/* Each with gigabytes of its own: what is there in the end is what one after the other leaves. */
static void shaken(struct bench *b, const struct pt_engine *engine, bool at_once)
{
	struct worker w[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){ .b = b, .engine = engine, .id = i };
		assert_int_equal(pthread_create(&w[i].thread, NULL, play, &w[i]), 0);
		if (!at_once)
			pthread_join(w[i].thread, NULL);
	}
	for (unsigned i = 0; i < WORKERS && at_once; i++)
		pthread_join(w[i].thread, NULL);
}

static void test_shaken_workers(void **state)
{
	static struct bench one, two;
	const struct pt_engine *genuine = *state;
	struct digest d, e;

	/* a stop under a queue lock on a busy CPU costs the others their whole time slices */
	if (genuine->single || pt_engine_in_line(genuine))
		skip();
	open_bench(&one, genuine);
	open_bench(&two, genuine);
	shaken(&one, genuine, false);
	shaken(&two, pt_engine_lab(genuine), true);
	d = look(&one);
	e = look(&two);
	assert_memory_equal(&d, &e, sizeof(d));
	close_bench(&one);
	close_bench(&two);
}

static void test_list_of_bugs(void **state)
{
	(void)state;
	assert_int_equal(pt_mutant_on, MUTANT_NONE);
	assert_null(pt_mutants[MUTANT_NONE].name);
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++) {
		const struct pt_engine *e = pt_engine_find(pt_mutants[m].engine);

		/* found by its name, and so the only one of that name */
		assert_int_equal(pt_mutant_find(pt_mutants[m].name), m);
		assert_true(strlen(pt_mutants[m].help) > 10);
		if (!e || !pt_engine_lab(e))
			fail_msg("%s: no engine %s", pt_mutants[m].name, pt_mutants[m].engine);
	}
	assert_int_equal(pt_mutant_find("b1"), MUTANT_NONE);
	assert_int_equal(pt_mutant_find(""), MUTANT_NONE);
}

static void test_rulers_have_none(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		assert_int_equal(!pt_engine_lab(e), e->ruler);
}

int main(void)
{
	struct CMUnitTest tests[64];
	size_t n = 0;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_list_of_bugs);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rulers_have_none);
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		void *engine = (void *)(uintptr_t)e;

		if (e->ruler)
			continue;
		assert(n + 2 <= sizeof(tests) / sizeof(tests[0]));
		tests[n++] = (struct CMUnitTest){ e->name, test_same_as_genuine, NULL, NULL, engine };
		tests[n++] = (struct CMUnitTest){ e->name, test_shaken_workers, NULL, NULL, engine };
	}
	return _cmocka_run_group_tests("lab", tests, n, NULL, NULL);
}
