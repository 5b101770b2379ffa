/*
 * test_race.c - threads with ranges of their own in shared tables: growth, neighbours' pages in one
 * leaf table, large pages over emptied tables, unmaps that cover tables, lookups in foreign ranges,
 * all under the grace period. Afterwards every leaf is where its owner put it and nothing else,
 * and every page is accounted for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem/grace.h"
#include "pt/engine.h"

#define THREADS_MAX 8u
#define REGIONS 6u
#define PAGES 512u /* of 4K in the largest cell */

#ifdef IOPT_SANITIZED
#define ROUNDS 8
#define OPS 300
#else
#define ROUNDS 48
#define OPS 2000
#endif

/* Where tables and levels are shared: low, a second table, and behind each growth of the root. */
static const uint64_t regions[REGIONS] = {
	0, UINT64_C(1) << 30, UINT64_C(1) << 39, UINT64_C(1) << 48, UINT64_C(1) << 57,
	-(UINT64_C(1) << 30),
};

/* The same below 2^57, where a table of five levels ends and does not grow. */
static const uint64_t regions_fixed[REGIONS] = {
	0, UINT64_C(1) << 30, UINT64_C(1) << 39, UINT64_C(1) << 48, UINT64_C(3) << 54,
	(UINT64_C(1) << 57) - (UINT64_C(1) << 30),
};

/* A range of one owner, and what is mapped in it. */
struct cell {
	uint64_t iova;
	unsigned pages;     /* 16: a part of a shared leaf table; 512: a leaf table's whole span */
	uint8_t lg2[PAGES]; /* size of the page that covers this one; 0: none */
};

#define CELLS_MAX (REGIONS * 32u)

struct worker {
	struct pt_worker w;
	struct race *race;
	struct grace_worker *grace;
	struct cell cells[CELLS_MAX];
	unsigned ncells;
	uint64_t random;
	uint64_t wrong, foreign_hits;
	char evidence[200];
};

struct race {
	const struct pt_engine *engine;
	struct pt *pt;
	struct pool *pool;
	struct grace *grace;
	unsigned threads, ops, levels;
	pthread_barrier_t start;
	struct worker *workers;
	uint64_t leaves;
};

static uint64_t next_random(struct worker *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * 0x2545f4914f6cdd1d;
}

static unsigned below(struct worker *w, unsigned n)
{
	return (unsigned)(next_random(w) % n);
}

/* Every address has one translation for all times, so that a foreign lookup can be judged. */
static uint64_t pa_of(uint64_t iova)
{
	return (iova ^ UINT64_C(0x555) << 39) & ((UINT64_C(1) << 52) - 1);
}

static void check(struct worker *w, const char *what, const struct pt_op *op, uint64_t want)
{
	if (op->result == want)
		return;
	if (!w->wrong++)
		snprintf(w->evidence, sizeof(w->evidence),
			 "%s: iova 0x%llx size 2^%u count %u: want 0x%llx got 0x%llx err %u", what,
			 (unsigned long long)op->iova, op->size_lg2, op->count,
			 (unsigned long long)want, (unsigned long long)op->result, op->err);
}

static void run(struct worker *w, struct pt_op *op)
{
	w->race->engine->run(w->race->pt, &w->w, op, 1);
}

static bool is_empty(const struct cell *c, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (c->lg2[i])
			return false;
	return true;
}

/* `n` pages of a size at a place that is free; where it is not, nothing may change. */
static void try_map(struct worker *w, struct cell *c, unsigned first, unsigned lg2, unsigned n)
{
	unsigned small = n << (lg2 - 12);
	const char *body = w->race->engine->body;
	bool empty = is_empty(c, first, small);
	/* Who refuses a leaf over another, and then changes nothing. */
	bool refuses = !strcmp(body, "modern") || (!strcmp(body, "intel") && lg2 == 12);
	struct pt_op op = { .kind = PT_MAP, .iova = c->iova + first * 4096ull, .count = n,
			    .size_lg2 = (uint8_t)lg2, .prot = PT_READ | PT_WRITE };

	if (!(pt_engine_sizes(w->race->engine) >> lg2 & 1))
		return;
	if (!empty && (!refuses || n > 1))
		return;
	op.pa = pa_of(op.iova);
	run(w, &op);
	check(w, "map", &op, empty ? small * 4096ull : 0);
	if (empty)
		memset(&c->lg2[first], (int)lg2, small);
}

/* Everything from a page's start to a page's end without a hole. */
static void try_unmap(struct worker *w, struct cell *c, unsigned first, unsigned most)
{
	struct pt_op op = { .kind = below(w, 2) ? PT_UNMAP : PT_UNMAP_RANGE, .size_lg2 = 12 };
	unsigned end;

	if (!c->lg2[first])
		return;
	first &= ~((1u << (c->lg2[first] - 12)) - 1);
	for (end = first; end < c->pages && end - first < most && c->lg2[end];)
		end += 1u << (c->lg2[end] - 12);
	op.iova = c->iova + first * 4096ull;
	op.count = end - first;
	run(w, &op);
	check(w, "unmap", &op, (end - first) * 4096ull);
	memset(&c->lg2[first], 0, end - first);
}

static void random_step(struct worker *w)
{
	static const unsigned sizes[] = { 12, 12, 13, 16, 20, 21 };
	struct cell *c = &w->cells[below(w, w->ncells)];
	unsigned lg2 = sizes[below(w, c->pages == PAGES ? 6 : 4)], fit = c->pages >> (lg2 - 12);

	switch (below(w, 6)) {
	case 0: /* a whole table, in one call */
		try_map(w, c, 0, 12, c->pages);
		break;
	case 1:
		try_unmap(w, c, 0, c->pages);
		break;
	case 2:
		try_unmap(w, c, below(w, c->pages), 1 + below(w, 32));
		break;
	case 3: /* the largest page of the cell, over a table if one was emptied here */
		lg2 = c->pages == PAGES ? 21 : 16;
		try_map(w, c, 0, lg2, 1);
		break;
	default:
		try_map(w, c, below(w, fit) << (lg2 - 12), lg2, 1);
	}
}

/* Anybody's address: absent, or the one translation it can have. One's own: exactly known. */
static void random_lookup(struct worker *w)
{
	struct worker *owner = &w->race->workers[below(w, w->race->threads)];
	struct cell *c = &owner->cells[below(w, owner->ncells)];
	unsigned page = below(w, c->pages);
	struct pt_op op = { .kind = PT_LOOKUP, .iova = c->iova + page * 4096ull + 0x123 };

	run(w, &op);
	if (owner == w)
		check(w, "own lookup", &op, c->lg2[page] ? pa_of(op.iova) : 0);
	else if (!op.err)
		check(w, "foreign lookup", &op, pa_of(op.iova));
	w->foreign_hits += owner != w && !op.err;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(&w->race->start);
	grace_online(w->grace);
	for (unsigned i = 0; i < w->race->ops; i++) {
		random_step(w);
		random_lookup(w);
		if (i % 8 == 0) {
			grace_quiescent(w->grace);
			grace_retire(w->grace, &w->w.gather, w->w.pages);
		}
	}
	grace_quiescent(w->grace);
	grace_retire(w->grace, &w->w.gather, w->w.pages);
	grace_offline(w->grace);
	return NULL;
}

static void add_cell(struct worker *w, uint64_t iova, unsigned pages)
{
	assert_true(w->ncells < CELLS_MAX);
	w->cells[w->ncells++] = (struct cell){ .iova = iova, .pages = pages };
}

/* Each region: one leaf table dealt out in cells of 64K, then 2M cells in turn. */
static void deal_cells(struct race *r)
{
	for (unsigned g = 0; g < REGIONS; g++) {
		uint64_t at = pt_engine_grows(r->engine) ? regions[g] : regions_fixed[g];

		for (unsigned i = 0; i < 32; i++)
			add_cell(&r->workers[i % r->threads], at + i * 65536ull, 16);
		for (unsigned i = 0; i < 3 * r->threads; i++)
			add_cell(&r->workers[i % r->threads], at + (i + 1) * 0x200000ull, PAGES);
	}
}

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct race *r = ctx;

	r->leaves++;
	assert_int_equal(leaf->pa, pa_of(leaf->iova));
	assert_int_equal(leaf->prot, 3);
	for (unsigned t = 0; t < r->threads; t++)
		for (unsigned i = 0; i < r->workers[t].ncells; i++) {
			struct cell *c = &r->workers[t].cells[i];
			uint64_t page = (leaf->iova - c->iova) / 4096;

			if (page >= c->pages)
				continue;
			assert_int_equal(c->lg2[page], leaf->size_lg2);
			return;
		}
	fail_msg("stray leaf at 0x%llx", (unsigned long long)leaf->iova);
}

static void see_flaw(void *ctx, const char *evidence)
{
	(void)ctx;
	print_error("%s\n", evidence);
}

static uint64_t leaves_of(const struct worker *w)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < w->ncells; i++)
		for (unsigned p = 0; p < w->cells[i].pages; n++)
			for (p++; p < w->cells[i].pages; p++)
				if (!w->cells[i].lg2[p - 1] ||
				    p % (1u << (w->cells[i].lg2[p - 1] - 12)) == 0)
					break;
	for (unsigned i = 0; i < w->ncells; i++)
		for (unsigned p = 0; p < w->cells[i].pages; p++)
			n -= !w->cells[i].lg2[p];
	return n;
}

static void audit(struct race *r)
{
	struct pt_scan scan = { .leaf = see_leaf, .flaw = see_flaw, .ctx = r };
	uint64_t allocated = 0, freed = 0, retired = 0, wasted = 0, growths = 0, expected = 0;
	struct pool_stats stats = pool_stats(r->pool);

	r->leaves = 0;
	pt_scan(r->pt, &scan);
	assert_int_equal(scan.flaws, 0);
	for (unsigned t = 0; t < r->threads; t++) {
		struct pt_count *n = &r->workers[t].w.n;

		allocated += n->allocated;
		freed += n->freed;
		retired += n->retired;
		wasted += n->wasted_growth;
		growths += n->growths;
		for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
			wasted += n->wasted_install[l];
		expected += leaves_of(&r->workers[t]);
	}
	assert_int_equal(r->leaves, expected);
	assert_int_equal(allocated, freed + retired + scan.tables);
	/* Nothing but losers has been freed by the engine so far, and growth was counted once. */
	assert_int_equal(freed, wasted);
	assert_int_equal(growths, pt_levels(r->pt) - r->levels);
	/* All that was retired has gone home. */
	assert_int_equal(stats.allocated - stats.freed, scan.tables);
}

static void round_of(struct race *r, uint64_t seed)
{
	pthread_t thread[THREADS_MAX];

	pthread_barrier_init(&r->start, NULL, r->threads);
	r->grace = grace_create(r->threads);
	for (unsigned t = 0; t < r->threads; t++) {
		struct worker *w = &r->workers[t];

		memset(w, 0, sizeof(*w));
		w->race = r;
		w->random = (seed * THREADS_MAX + t + 1) * 0x9e3779b97f4a7c15u;
		w->w.id = t;
		w->w.pages = pool_cache_create(r->pool, 0);
		w->grace = grace_worker(r->grace, t);
	}
	r->levels = pt_engine_grows(r->engine) ? 3 : 5;
	assert_int_equal(pt_create_levels(&r->pt, r->engine, r->levels, &r->workers[0].w), 0);
	deal_cells(r);
	for (unsigned t = 0; t < r->threads; t++)
		assert_int_equal(pthread_create(&thread[t], NULL, work, &r->workers[t]), 0);
	for (unsigned t = 0; t < r->threads; t++)
		pthread_join(thread[t], NULL);
	for (unsigned t = 0; t < r->threads; t++) {
		struct worker *w = &r->workers[t];

		grace_drain(w->grace, w->w.pages);
		if (w->wrong)
			fail_msg("%s %u threads: %s", r->engine->name, r->threads, w->evidence);
	}
	audit(r);
	pt_destroy(r->pt, &r->workers[0].w);
	for (unsigned t = 0; t < r->threads; t++)
		pool_cache_destroy(r->workers[t].w.pages);
	grace_destroy(r->grace);
	pthread_barrier_destroy(&r->start);
	assert_int_equal(pool_stats(r->pool).allocated, pool_stats(r->pool).freed);
}

static void test_engine(void **state)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct race r = { .engine = *state };
	struct err err;

	r.workers = aligned_alloc(CACHE_ALIGN, THREADS_MAX * sizeof(*r.workers));
	assert_non_null(r.workers);
	assert_int_equal(pool_create(&r.pool, &config, &err), 0);
	for (unsigned i = 0; i < (r.engine->sibling ? ROUNDS / 4 : ROUNDS); i++) {
		static const unsigned threads[] = { 2, 4, 3, 8 };

		r.threads = pt_engine_in_line(r.engine) ? 2 : threads[i % 4];
		r.ops = pt_engine_in_line(r.engine) ? OPS / 8 : OPS;
		round_of(&r, i);
	}
	pool_destroy(r.pool);
	free(r.workers);
}

int main(void)
{
	struct CMUnitTest tests[32];
	size_t n = 0;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler && !e->single)
			tests[n++] = (struct CMUnitTest){ e->name, test_engine, NULL, NULL,
							  (void *)(uintptr_t)e };
	return _cmocka_run_group_tests("race", tests, n, NULL, NULL);
}
