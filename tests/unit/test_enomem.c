/*
 * The k-th allocation of a table page fails, for every k of a run and every engine: the operation
 * says ENOMEM and has done what it says, a range is mapped whole or not at all, no page is lost,
 * and the operation done again leaves what it would have left. Two threads: a sample of the k.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/pool.h"
#include "pt/engine.h"

#define K UINT64_C(0x1000)
#define M (UINT64_C(1) << 20)
#define G (UINT64_C(1) << 30)
#define LEAVES_MAX 8192u
#define K_MAX 1000u

/* Sizes that every format has. The addresses of an owner begin at `base`. */
static const struct pt_op script[] = {
	{ .kind = PT_MAP, .iova = K, .pa = 7 * K, .size_lg2 = 12, .count = 3, .prot = 3 },
	{ .kind = PT_MAP, .iova = 4 * M, .pa = 8 * M, .size_lg2 = 21, .count = 2, .prot = 1 },
	/* small pages, a large one, small pages: a table more on either side */
	{ .kind = PT_MAP_RANGE, .iova = G - 2 * M - 3 * K, .pa = 4 * G - 2 * M - 3 * K, .size_lg2 = 12,
	  .count = 512 + 3 + 512 + 5, .prot = 3 },
	/* across three leaf tables */
	{ .kind = PT_MAP, .iova = 2 * G - 2 * K, .pa = 2 * G, .size_lg2 = 12, .count = 2 + 512 + 3,
	  .prot = 3 },
	{ .kind = PT_LOOKUP, .iova = 2 * G + 17 },
	{ .kind = PT_UNMAP, .iova = 2 * G - 2 * K, .size_lg2 = 12, .count = 2 + 512 + 3 },
	{ .kind = PT_MAP, .iova = 2 * G - 2 * K, .pa = 3 * G, .size_lg2 = 12, .count = 2 + 512 + 3,
	  .prot = 2 },
	{ .kind = PT_UNMAP_RANGE, .iova = G - 2 * M - 3 * K, .size_lg2 = 12, .count = 512 + 3 },
	{ .kind = PT_MAP_RANGE, .iova = 5 * G - K, .pa = 6 * G - K, .size_lg2 = 12,
	  .count = 1 + 512 * 5 + 1, .prot = 3 },
	/* a large page over a table that has been emptied page by page */
	{ .kind = PT_MAP, .iova = 64 * M, .pa = 64 * M, .size_lg2 = 12, .count = 512, .prot = 3 },
	{ .kind = PT_UNMAP, .iova = 64 * M, .size_lg2 = 12, .count = 256 },
	{ .kind = PT_UNMAP, .iova = 65 * M, .size_lg2 = 12, .count = 256 },
	{ .kind = PT_MAP, .iova = 64 * M, .pa = 32 * M, .size_lg2 = 21, .count = 1, .prot = 3 },
	/* beyond three levels, and (where there are so many) two more at once */
	{ .kind = PT_MAP, .iova = 600 * G, .pa = K, .size_lg2 = 12, .count = 2, .prot = 3 },
	{ .kind = PT_MAP, .iova = UINT64_C(1) << 58, .pa = K, .size_lg2 = 12, .count = 2, .prot = 3 },
	{ .kind = PT_MAP_RANGE, .iova = UINT64_C(1) << 50, .pa = 0, .size_lg2 = 12, .count = 513,
	  .prot = 3 },
};

#define NOPS (sizeof(script) / sizeof(script[0]))
#define SPREAD (256 * M) /* between the owners: the tables above leaf tables are shared */

struct leaves {
	unsigned n;
	struct pt_leaf v[LEAVES_MAX];
};

struct owner {
	struct bench *b;
	unsigned id;
	struct pt_worker w;
	unsigned failures;        /* operations that said ENOMEM */
	uint8_t err[NOPS];        /* of each operation, in the end */
	uint64_t result[NOPS];
	bool wrong;
	pthread_t thread;
};

struct bench {
	const struct pt_engine *engine;
	uint64_t fail_at;
	struct pool *pool;
	struct pt *pt;
	unsigned nowners;
	struct owner owner[2];
	struct leaves leaves;
};

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct leaves *l = ctx;

	assert_true(l->n < LEAVES_MAX);
	l->v[l->n++] = *leaf;
}

static void see_flaw(void *ctx, const char *evidence)
{
	(void)ctx;
	fail_msg("%s", evidence);
}

/* What is in the table now; the number of tables. Flaws fail. */
static uint64_t look(struct bench *b, struct leaves *l)
{
	struct pt_scan scan = { .leaf = see_leaf, .flaw = see_flaw, .ctx = l };

	l->n = 0;
	pt_scan(b->pt, &scan);
	return scan.tables;
}

static bool same_leaves(const struct leaves *a, const struct leaves *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->v[i].iova != b->v[i].iova || a->v[i].pa != b->v[i].pa ||
		    a->v[i].size_lg2 != b->v[i].size_lg2 || a->v[i].prot != b->v[i].prot)
			return false;
	return true;
}

static uint64_t bytes_of(const struct pt_op *op)
{
	return (uint64_t)op->count << op->size_lg2;
}

/* ENOMEM: a range has left nothing, pages as many as it says; those are taken back. Alone: looked at. */
static void after_failure(struct owner *o, const struct pt_op *op, const struct leaves *before)
{
	static struct leaves now;
	struct bench *b = o->b;
	struct pt_op back = { .kind = PT_UNMAP, .iova = op->iova, .size_lg2 = op->size_lg2,
			      .count = (uint32_t)(op->result >> op->size_lg2) };

	o->failures++;
	o->wrong |= op->kind != PT_MAP && op->kind != PT_MAP_RANGE;
	o->wrong |= op->kind == PT_MAP_RANGE && op->result;
	o->wrong |= op->result >= bytes_of(op) || op->result & ((UINT64_C(1) << op->size_lg2) - 1);
	if (back.count)
		o->wrong |= b->engine->run(b->pt, &o->w, &back, 1) != 1 || back.result != op->result;
	if (before) {
		look(b, &now);
		o->wrong |= !same_leaves(before, &now);
	}
}

/* The whole script of one owner; what fails for want of memory is done again. */
static void *play(void *arg)
{
	static struct leaves before;
	struct owner *o = arg;
	struct bench *b = o->b;
	bool alone = b->nowners == 1;

	for (unsigned i = 0; i < NOPS; i++) {
		struct pt_op op = script[i];

		op.iova += o->id * SPREAD;
		op.pa += op.kind == PT_MAP || op.kind == PT_MAP_RANGE ? o->id * SPREAD : 0;
		if (alone && b->fail_at)
			look(b, &before);
		b->engine->run(b->pt, &o->w, &op, 1);
		if (op.err == ENOMEM) {
			after_failure(o, &op, alone ? &before : NULL);
			op.err = 0;
			op.result = 0;
			b->engine->run(b->pt, &o->w, &op, 1);
		}
		o->err[i] = op.err;
		o->result[i] = op.result;
	}
	return NULL;
}

/* Pages that were in the tree and left it: nobody walks any more. */
static void free_gathered(struct owner *o)
{
	struct page_desc *next;

	for (struct page_desc *d = o->w.gather.head; d; d = next) {
		next = d->next;
		page_free(o->w.pages, d->page);
	}
}

static void check_ledger(struct bench *b, uint64_t tables)
{
	uint64_t allocated = 0, freed = 0, retired = 0;

	for (unsigned i = 0; i < b->nowners; i++) {
		allocated += b->owner[i].w.n.allocated;
		freed += b->owner[i].w.n.freed;
		retired += b->owner[i].w.n.retired;
	}
	assert_int_equal(allocated, freed + retired + tables);
}

static void close_bench(struct bench *b)
{
	for (unsigned i = 0; i < b->nowners; i++) {
		free_gathered(&b->owner[i]);
		pool_cache_destroy(b->owner[i].w.pages);
	}
	assert_int_equal(pool_stats(b->pool).allocated, pool_stats(b->pool).freed);
	pool_destroy(b->pool);
}

/* Everything of one run, with the fail_at-th allocation failing; false: the table was not created. */
static bool run(struct bench *b, const struct pt_engine *engine, unsigned owners, uint64_t fail_at)
{
	struct pool_config config = { .fail_at = fail_at };
	struct err err;

	memset(b, 0, offsetof(struct bench, leaves));
	b->engine = engine;
	b->fail_at = fail_at;
	b->nowners = owners;
	assert_int_equal(pool_create(&b->pool, &config, &err), 0);
	for (unsigned i = 0; i < owners; i++) {
		b->owner[i].b = b;
		b->owner[i].id = b->owner[i].w.id = i;
		b->owner[i].w.pages = pool_cache_create(b->pool, 0);
	}
	if (pt_create(&b->pt, engine, &b->owner[0].w)) {
		assert_int_equal(fail_at, 1);
		close_bench(b);
		return false;
	}
	for (unsigned i = 1; i < owners; i++)
		assert_int_equal(pthread_create(&b->owner[i].thread, NULL, play, &b->owner[i]), 0);
	play(&b->owner[0]);
	for (unsigned i = 1; i < owners; i++)
		pthread_join(b->owner[i].thread, NULL);
	check_ledger(b, look(b, &b->leaves));
	pt_destroy(b->pt, &b->owner[0].w);
	check_ledger(b, 0);
	close_bench(b);
	return true;
}

static struct bench plain, failing; /* no failure; one */

/* Against the run in which nothing failed. */
static void compare(const struct pt_engine *engine, uint64_t k)
{
	for (unsigned o = 0; o < failing.nowners; o++) {
		if (failing.owner[o].wrong)
			fail_msg("%s, allocation %u: a failed operation left something",
				 engine->name, (unsigned)k);
		for (unsigned i = 0; i < NOPS; i++)
			if (failing.owner[o].err[i] != plain.owner[o].err[i] ||
			    failing.owner[o].result[i] != plain.owner[o].result[i])
				fail_msg("%s, allocation %u: operation %u of owner %u: error %u result %lu, "
					 "was %u %lu", engine->name, (unsigned)k, i, o,
					 failing.owner[o].err[i], (unsigned long)failing.owner[o].result[i],
					 plain.owner[o].err[i], (unsigned long)plain.owner[o].result[i]);
	}
	if (!same_leaves(&plain.leaves, &failing.leaves))
		fail_msg("%s, allocation %u: other leaves in the end", engine->name, (unsigned)k);
}

static void test_every_allocation(void **state)
{
	const struct pt_engine *engine = *state;
	uint64_t k = 1;

	assert_true(run(&plain, engine, 1, 0));
	assert_int_equal(plain.owner[0].failures, 0);
	assert_true(plain.leaves.n > 500);
	assert_false(run(&failing, engine, 1, 1));
	do {
		assert_true(++k < K_MAX);
		assert_true(run(&failing, engine, 1, k));
		assert_true(failing.owner[0].failures <= 1);
		compare(engine, k);
	} while (failing.owner[0].failures);
	assert_true(k > 15); /* root, and at least a table for most of the script's maps */
}

/* Both begin where nothing is; which of them meets the failure is chance. */
static void test_two_threads(void **state)
{
	const struct pt_engine *engine = *state;
	unsigned met = 0;

	if (engine->single)
		skip();
	assert_true(run(&plain, engine, 2, 0));
	for (uint64_t k = 2; k < 40; k += 3) {
		unsigned failures;

		assert_true(run(&failing, engine, 2, k));
		failures = failing.owner[0].failures + failing.owner[1].failures;
		assert_true(failures <= 1);
		met += failures;
		compare(engine, k);
	}
	assert_true(met > 3);
}

int main(void)
{
	struct CMUnitTest tests[128];
	size_t n = 0;

	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		void *engine = (void *)(uintptr_t)e;

		if (e->ruler)
			continue;
		assert(n + 2 <= sizeof(tests) / sizeof(tests[0]));
		tests[n++] = (struct CMUnitTest){ e->name, test_every_allocation, NULL, NULL, engine };
		tests[n++] = (struct CMUnitTest){ e->name, test_two_threads, NULL, NULL, engine };
	}
	return _cmocka_run_group_tests("enomem", tests, n, NULL, NULL);
}
