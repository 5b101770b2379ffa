/*
 * test_oracle.c - every engine against a slow and obvious model: random operations of all kinds and
 * sizes at addresses where something changes, with few and with many pages, every entry compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "model.h"

#define OPS_MAX 40
#define PAST 8u

struct bench {
	struct model model;
	struct pt *pt;
	struct pt_worker w;
	struct pool *pool;
	uint64_t seed, random;
	unsigned step;
	uint64_t seen; /* entries the scan has shown */
	bool broken;   /* the model has an incomplete contiguous page */
	struct pt_op op, past[PAST];
};

static uint64_t next_random(struct bench *b)
{
	/* xorshift64* */
	b->random ^= b->random >> 12;
	b->random ^= b->random << 25;
	b->random ^= b->random >> 27;
	return b->random * 0x2545f4914f6cdd1d;
}

static uint64_t below(struct bench *b, uint64_t n)
{
	return next_random(b) % n;
}

static void wrong(struct bench *b, const char *what, uint64_t want, uint64_t got)
{
	const struct pt_op *op = &b->op;

	print_error("%s seed %llu step %u, kind %u iova 0x%llx pa 0x%llx size 2^%u count %u prot %u: "
		    "%s: want 0x%llx got 0x%llx\n",
		    pt_engine_of(b->pt)->name, (unsigned long long)b->seed, b->step, op->kind,
		    (unsigned long long)op->iova, (unsigned long long)op->pa, op->size_lg2, op->count,
		    op->prot, what, (unsigned long long)want, (unsigned long long)got);
	fail();
}

static void same(struct bench *b, const char *what, uint64_t want, uint64_t got)
{
	if (want != got)
		wrong(b, what, want, got);
}

static void see_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		      uint64_t value, bool is_table)
{
	struct bench *b = ctx;
	struct model_entry *e;
	uint64_t index = 0;

	for (unsigned i = 0; i < depth; i++)
		index = index << 9 | path[i];
	e = model_get(&b->model, level, index);
	if (!e)
		wrong(b, "entry that should not be", 0, value);
	same(b, "kind of entry", e->table, is_table);
	if (is_table)
		value &= ~UINT64_C(0x000ffffffffff000);
	same(b, "entry", model_encode(&b->model, e), value);
	b->seen++;
}

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct bench *b = ctx;
	unsigned level = level_of(leaf->size_lg2);
	uint64_t n = UINT64_C(1) << (leaf->size_lg2 - shift(level));
	uint64_t first = leaf->iova >> shift(level);
	bool found = false;

	for (uint64_t i = first; i < first + n; i++) {
		struct model_entry *e = model_get(&b->model, level, i);

		found |= e && !e->table && e->pa == leaf->pa && e->size_lg2 == leaf->size_lg2 &&
			 e->prot == leaf->prot;
	}
	same(b, "leaf", true, found);
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct bench *b = ctx;

	if (!b->broken) {
		print_error("%s\n", evidence);
		wrong(b, "flaw", 0, 1);
	}
}

static void compare(struct bench *b)
{
	struct pt_scan scan = { .entry = see_entry, .leaf = see_leaf, .flaw = see_flaw, .ctx = b };

	b->seen = 0;
	b->broken = model_broken(&b->model);
	pt_scan(b->pt, &scan);
	same(b, "entries", b->model.entries, b->seen);
	same(b, "a broken group is a flaw", b->broken, scan.flaws > 0);
	same(b, "levels", b->model.top + 1, pt_levels(b->pt));
	same(b, "table entries", scan.tables - 1, scan.table_entries);
	same(b, "ledger", b->w.n.allocated, b->w.n.freed + b->w.n.retired + scan.tables);
}

static void free_gathered(struct bench *b)
{
	struct page_desc *next;
	uint64_t n = 0;

	for (struct page_desc *d = b->w.gather.head; d; d = next, n++) {
		next = d->next;
		page_free(b->w.pages, d->page);
	}
	same(b, "gathered", n, b->w.gather.n);
	b->w.gather = (struct page_list){ 0 };
}

/* Near a border where an index or the level of the root changes, or where it was before. */
static uint64_t random_address(struct bench *b)
{
	static const unsigned borders[] = { 0, 21, 30, 39, 48, 57, 64 };
	unsigned lg2 = borders[below(b, 7)];
	uint64_t border = lg2 == 0 || lg2 == 64 ? 0 : UINT64_C(1) << lg2;

	if (!below(b, 3))
		lg2 = 12 + (unsigned)below(b, 40);
	else
		lg2 = 12 + (unsigned)below(b, 12);
	return border + ((below(b, 16) - 8) << lg2);
}

/* On, in or just before what an earlier operation touched. */
static uint64_t past_address(struct bench *b)
{
	const struct pt_op *op = &b->past[below(b, PAST)];
	uint64_t bytes = (uint64_t)op->count << op->size_lg2;

	switch (below(b, 4)) {
	case 0:
		return op->iova;
	case 1:
		return op->iova & -(UINT64_C(1) << shift(1 + (unsigned)below(b, 3)));
	case 2:
		return op->iova + bytes - (bytes ? 1 + below(b, bytes < 8 ? bytes : 8) : 0);
	}
	return op->iova + (bytes ? below(b, bytes) : 0);
}

static unsigned random_size(struct bench *b)
{
	static const unsigned usual[] = { 12, 12, 12, 13, 16, 20, 21, 22, 29, 30 };
	unsigned lg2 = 12 + (unsigned)below(b, 40);

	if (b->model.vtdss)
		return 12 + 9 * (unsigned)(below(b, 5) / 2);
	switch (below(b, 4)) {
	case 0:
		break;
	case 1:
		/* A little larger or smaller than before. */
		lg2 = b->past[below(b, PAST)].size_lg2 + (unsigned)below(b, 4) - 2;
		lg2 = lg2 < 12 || lg2 > 51 ? 12 : lg2;
		break;
	default:
		lg2 = usual[below(b, 10)];
	}
	return lg2 == 39 ? 38 : lg2;
}

static void random_op(struct bench *b)
{
	struct pt_op *op = &b->op;
	uint64_t page, room;

	*op = (struct pt_op){ .kind = (uint8_t)below(b, 5), .size_lg2 = (uint8_t)random_size(b),
			      .prot = (uint8_t)(1 + below(b, 3)) };
	if (op->kind >= PT_MAP_RANGE && below(b, 2))
		op->size_lg2 = 12;
	page = UINT64_C(1) << op->size_lg2;
	op->iova = (below(b, 3) ? past_address(b) : random_address(b)) & -page;
	if (b->model.vtdss && below(b, 8)) /* mostly below the top, which does not grow */
		op->iova &= (UINT64_C(1) << shift(b->model.top + 1)) - 1;
	op->pa = (below(b, 4) ? below(b, UINT64_C(1) << 52) : op->iova) & -page &
		 ((UINT64_C(1) << 52) - 1);
	if (op->kind >= PT_MAP_RANGE && below(b, 2))
		op->pa = (op->pa & -(UINT64_C(1) << 30)) | (op->iova & ((UINT64_C(1) << 30) - 1));
	op->count = 1 + (uint32_t)below(b, below(b, 4) ? 3 : 1100);
	if (op->size_lg2 - shift(level_of(op->size_lg2)) > 3 || op->kind == PT_LOOKUP)
		op->count = 1 + op->count % 20;
	/* Cut what does not fit into 64 bits or the output addresses. */
	room = -page - op->iova;
	if (op->count - 1 > room >> op->size_lg2)
		op->count = (uint32_t)(room >> op->size_lg2) + 1;
	room = (UINT64_C(1) << 52) - page - op->pa;
	if (op->kind != PT_UNMAP && op->kind != PT_UNMAP_RANGE && op->count - 1 > room >> op->size_lg2)
		op->count = (uint32_t)(room >> op->size_lg2) + 1;
	if (op->kind == PT_LOOKUP)
		op->iova += below(b, page);
	if (op->kind == PT_UNMAP && op->count > 1 && !below(b, 8)) {
		op->iova += below(b, page >> 12) << 12;
		op->count--;
	}
	b->past[below(b, PAST)] = *op;
	op->result = 0xdead;
	op->err = 0xee;
}

static void setup(struct bench *b, const struct pt_engine *engine, uint64_t seed, uint64_t limit)
{
	const struct pool_config config = { .limit_pages = limit };
	unsigned levels = 3;
	struct err err;

	*b = (struct bench){ .seed = seed, .random = seed * 0x9e3779b97f4a7c15u | 1 };
	assert_int_equal(pool_create(&b->pool, &config, &err), 0);
	b->w.pages = pool_cache_create(b->pool, 0);
	/* Mostly 3; the others now and then, also where a table grows by itself. */
	if (seed % (pt_engine_grows(engine) ? 5 : 2) == 0)
		levels += (unsigned)(seed / 10 % (pt_engine_levels_max(engine) - 2));
	assert_int_equal(pt_create_levels(&b->pt, engine, levels, &b->w), 0);
	b->model.classic = !strcmp(engine->body, "2019");
	b->model.intel = !strcmp(engine->body, "intel");
	b->model.vtdss = !strcmp(engine->format, "vtdss");
	b->model.sizes = pt_engine_sizes(engine);
	b->model.top = levels - 1;
	b->model.allocated = 1;
	b->model.spare = limit ? limit - 1 : UINT64_MAX / 2;
}

static void teardown(struct bench *b)
{
	pt_destroy(b->pt, &b->w);
	assert_int_equal(b->w.n.allocated, b->w.n.freed + b->w.n.retired);
	model_free(&b->model);
	pool_cache_destroy(b->w.pages);
	assert_int_equal(pool_stats(b->pool).allocated, pool_stats(b->pool).freed);
	pool_destroy(b->pool);
}

static void play(struct bench *b, const struct pt_engine *engine, uint64_t seed, uint64_t limit)
{
	struct pt_op want;
	size_t fine;

	setup(b, engine, seed, limit);
	for (b->step = 0; b->step < OPS_MAX; b->step++) {
		random_op(b);
		want = b->op;
		model_run(&b->model, &want);
		fine = engine->run(b->pt, &b->w, &b->op, 1);
		same(b, "err", want.err, b->op.err);
		same(b, "result", want.result, b->op.result);
		same(b, "count of successes", !want.err, fine);
		same(b, "pages allocated less freed", b->model.allocated,
		     b->w.n.allocated - b->w.n.freed);
		same(b, "pages retired", b->model.retired, b->w.n.retired);
		same(b, "leaves refused", b->model.refused, b->w.n.refused);
		free_gathered(b);
		if (!below(b, 8))
			compare(b);
	}
	compare(b);
	teardown(b);
}

#ifdef IOPT_SANITIZED
#define SEEDS 60
#else
#define SEEDS 1000
#endif

static void test_engine(void **state)
{
	const struct pt_engine *engine = *state;
	/* a sibling's body is that of its elder but for the walk over several pages */
	uint64_t seeds = engine->sibling ? SEEDS / 6 : SEEDS;
	struct bench *b = malloc(sizeof(*b));

	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(b, engine, seed, seed % 3 ? 0 : 2 + seed % 41);
	free(b);
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
