/*
 * The device's walker sees of every engine's tables what the audit and the engine's own lookups see.
 */
#include "made_domain.h"
#include "made_random.h"

#include "pt/pt.h"

#define BOTH (PT_READ | PT_WRITE)

struct seen {
	const struct walker *walker;
	iotlb_dte dte;
	uint64_t random, leaves;
};

static void check_byte(const struct seen *s, const struct pt_leaf *leaf, uint64_t offset)
{
	struct walk_result r = walk_from_dte(s->walker, s->dte, leaf->iova + offset, leaf->prot);

	assert_int_equal(r.end, WALK_HIT);
	assert_int_equal(r.pa, leaf->pa + offset);
	assert_int_equal(r.size_lg2, leaf->size_lg2);
	assert_int_equal(r.prot, leaf->prot);
	if (leaf->prot != BOTH) {
		r = walk_from_dte(s->walker, s->dte, leaf->iova + offset, BOTH);
		assert_int_equal(r.end, WALK_DENIED);
		assert_int_equal(r.prot, leaf->prot);
	}
}

static void check_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct seen *s = ctx;
	uint64_t mask = (UINT64_C(1) << leaf->size_lg2) - 1;

	check_byte(s, leaf, 0);
	check_byte(s, leaf, mask);
	for (unsigned i = 0; i < 8; i++) /* other replicas */
		check_byte(s, leaf, made_random(&s->random) & mask);
	s->leaves++;
}

/* Small ones more often: a page of 2^51 leaves little room for others. */
static unsigned pick_size(const struct pt_engine *e, uint64_t *random)
{
	uint64_t sizes = pt_engine_sizes(e);
	unsigned lg2;

	do
		lg2 = 12 + (unsigned)(made_random(random) % 40 >> made_random(random) % 4);
	while (!(sizes >> lg2 & 1));
	return lg2;
}

/* A place of any height, so that tables of all levels are built. */
static uint64_t pick_place(unsigned levels, uint64_t *random)
{
	unsigned width = levels == 6 ? 64 : 12 + 9 * levels;

	return made_random(random) >> (64 - width) >> made_random(random) % (width - 12);
}

#define OPS 150u

/*
 * The modern body refuses to overwrite, others would leave groups of replicas with gaps, which is not
 * what is looked at here: their ranges do not overlap, and are unmapped as they were mapped.
 */
static void random_op(struct made *m, unsigned levels, struct pt_op *done, unsigned *n,
		      uint64_t *random)
{
	unsigned lg2 = pick_size(m->engine, random);
	uint64_t size = UINT64_C(1) << lg2;
	struct pt_op op = { .iova = pick_place(levels, random) & -size,
			    .pa = made_random(random) >> 12 & -size,
			    .size_lg2 = (uint8_t)lg2, .count = 1 + made_random(random) % 3,
			    .prot = 1 + made_random(random) % 3 };

	op.kind = made_random(random) % 4 ? PT_MAP : made_random(random) % 5;
	if (strcmp(m->engine->body, "modern") && op.kind != PT_LOOKUP) {
		bool map = op.kind == PT_MAP || op.kind == PT_MAP_RANGE;
		uint64_t last = op.iova + (size * op.count - 1);

		for (unsigned i = 0; map && i < *n; i++)
			if (op.iova < done[i].iova + ((uint64_t)done[i].count << done[i].size_lg2) &&
			    done[i].iova <= last)
				return;
		if (!map && !*n)
			return;
		if (map)
			done[*n] = op;
		else
			op = done[*n - 1];
		op.kind = map ? PT_MAP : PT_UNMAP;
		*n = map ? *n + 1 : *n - 1;
	}
	m->engine->run(m->pt, &m->w[0].w, &op, 1);
}

static void compare_lookups(struct made *m, struct seen *s, unsigned levels)
{
	for (unsigned i = 0; i < 300; i++) {
		struct pt_op op = { .iova = pick_place(levels, &s->random), .count = 1,
				    .size_lg2 = 12, .kind = PT_LOOKUP };
		struct walk_result r = walk_from_dte(s->walker, s->dte, op.iova, 0);

		m->engine->run(m->pt, &m->w[0].w, &op, 1);
		assert_int_equal(r.end, op.err ? WALK_ABSENT : WALK_HIT);
		assert_int_equal(r.pa, op.result);
	}
}

/* The number of pages compared. */
static uint64_t sees_tables(const struct pt_engine *e, unsigned levels, uint64_t random)
{
	struct made *m = made_setup(e, pt_engine_grows(e) ? 3 : levels, 0, 0);
	struct walker walker = { .format = strcmp(e->format, "vtdss") ? WALK_AMDV1 : WALK_VTDSS,
				 .alive = alive_ask, .ctx = &m->alive };
	struct seen s = { .walker = &walker, .random = random };
	struct pt_scan scan = { .leaf = check_leaf, .ctx = &s };
	struct pt_op done[OPS];
	unsigned n = 0;
	uint64_t top;

	for (unsigned i = 0; i < OPS; i++)
		random_op(m, levels, done, &n, &random);
	top = top_load(m->pt);
	s.dte = iotlb_dte_of((uint64_t)(uintptr_t)top_root(top), top_level(top) + 1);
	pt_scan(m->pt, &scan);
	assert_int_equal(scan.flaws, 0);
	compare_lookups(m, &s, levels);
	made_teardown(m);
	return s.leaves;
}

#ifdef IOPT_SANITIZED
#define SEEDS 1u
#else
#define SEEDS 3u
#endif

static void sees_what_the_audit_sees(void **state)
{
	(void)state;
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		uint64_t leaves = 0;

		for (unsigned levels = 3; !e->ruler && levels <= pt_engine_levels_max(e); levels++)
			for (uint64_t seed = 1; seed <= SEEDS; seed++)
				leaves += sees_tables(e, levels, seed * 0x9e3779b97f4a7c15);
		assert_true(e->ruler || leaves > 50 * SEEDS);
	}
}

/* What the pool answers about a table. */
static void pool_says(void **state)
{
	struct made *m = made_setup(pt_engine_find("lockless"), 3, 0, 0);
	void *live = page_alloc(m->w[0].w.pages, pt_id(m->pt));
	void *other = page_alloc(m->w[0].w.pages, pt_id(m->pt) + 1);
	uint64_t address = (uint64_t)(uintptr_t)live;

	(void)state;
	page_desc(live)->level = 1;
	assert_null(alive_ask(&m->alive, address, 1));
	assert_non_null(strstr(alive_ask(&m->alive, address, 0), "another level"));
	assert_non_null(strstr(alive_ask(&m->alive, (uint64_t)(uintptr_t)other, 0), "another owner"));
	assert_non_null(strstr(alive_ask(&m->alive, 0, 0), "no memory"));
	assert_non_null(strstr(alive_ask(&m->alive, 0x1000, 0), "no memory"));
	assert_non_null(strstr(alive_ask(&m->alive, UINT64_C(1) << 50, 0), "no memory"));
#ifndef IOPT_SANITIZED
	/* the pages of descriptors; and a page that was given back, which a sanitizer takes care of */
	assert_non_null(strstr(alive_ask(&m->alive, address & -POOL_CHUNK_BYTES, 0), "not a page"));
	page_free(m->w[0].w.pages, live);
	assert_non_null(strstr(alive_ask(&m->alive, address, 1), "free"));
	live = page_alloc(m->w[0].w.pages, pt_id(m->pt));
#endif
	page_free(m->w[0].w.pages, live);
	page_free(m->w[0].w.pages, other);
	made_teardown(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_what_the_audit_sees),
		cmocka_unit_test(pool_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
