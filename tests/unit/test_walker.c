/*
 * The device's walker: sees of every engine's tables what the audit and the engine's own lookups see,
 * and treats entries that no engine writes as the specifications say.
 */
#include "made_domain.h"
#include "made_random.h"

#include "pt/pt.h"

#define READ PT_READ
#define WRITE PT_WRITE
#define BOTH (PT_READ | PT_WRITE)

/* --- tables of the engines --- */

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

/* --- entries by hand --- */

#define PR UINT64_C(1)
#define NL(n) ((uint64_t)(n) << 9)
#define IR (UINT64_C(1) << 61)
#define IW (UINT64_C(1) << 62)
#define FC (UINT64_C(1) << 60)

static _Alignas(4096) _Atomic(uint64_t) table[6][512]; /* [i] is used at level i */

static uint64_t at(unsigned i)
{
	return (uint64_t)(uintptr_t)table[i];
}

static void put(unsigned level, unsigned index, uint64_t entry)
{
	at_store(&table[level][index], entry, relaxed);
}

static const struct walker amd = { .format = WALK_AMDV1 }, intel = { .format = WALK_VTDSS };

/* Tables 5 to 0, linked through their entries 0. */
static void chain(void)
{
	memset(table, 0, sizeof(table));
	for (unsigned level = 5; level; level--)
		put(level, 0, at(level - 1) | PR | NL(level) | IR | IW);
}

/* What the walk makes of an entry in slot `index` of a table at `level`. */
static struct walk_result amd_says(unsigned level, unsigned index, uint64_t entry)
{
	chain();
	put(level, index, entry);
	return walk_from_dte(&amd, iotlb_dte_of(at(5), 6), (uint64_t)index << (12 + 9 * level), READ);
}

/*
 * The address field of a page at 0 by its size, as listed in the specification's table of page size
 * encodings; 0: the level's own size, next level 0.
 */
static const struct {
	unsigned lg2;
	uint64_t field;
} encodings[] = {
	{ 12, 0 }, { 13, 0x0 }, { 14, 0x1000 }, { 15, 0x3000 }, { 16, 0x7000 }, { 17, 0xf000 },
	{ 18, 0x1f000 }, { 19, 0x3f000 }, { 20, 0x7f000 }, { 21, 0 }, { 22, 0x1ff000 },
	{ 23, 0x3ff000 }, { 24, 0x7ff000 }, { 25, 0xfff000 }, { 26, 0x1fff000 }, { 27, 0x3fff000 },
	{ 28, 0x7fff000 }, { 29, 0xffff000 }, { 30, 0 }, { 31, 0x3ffff000 }, { 32, 0x7ffff000 },
	{ 33, 0xfffff000 }, { 34, 0x1fffff000 }, { 35, 0x3fffff000 }, { 36, 0x7fffff000 },
	{ 37, 0xffffff000 }, { 38, 0x1ffffff000 }, { 40, 0x7ffffff000 }, { 41, 0xfffffff000 },
	{ 42, 0x1fffffff000 }, { 43, 0x3fffffff000 }, { 44, 0x7fffffff000 }, { 45, 0xffffffff000 },
	{ 46, 0x1ffffffff000 }, { 47, 0x3ffffffff000 }, { 48, 0 }, { 49, 0xfffffffff000 },
	{ 50, 0x1fffffffff000 }, { 51, 0x3fffffffff000 },
};

static void amd_reads_every_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
		unsigned lg2 = encodings[i].lg2, level = (lg2 - 12) / 9;
		uint64_t pa = UINT64_C(0xfedcba9876543) << 12 & 0xffffffffff000;
		uint64_t entry = PR | IR | encodings[i].field;
		struct walk_result r;

		pa = pa >> lg2 << lg2;
		entry |= pa | ((lg2 - 12) % 9 ? NL(7) : 0) | FC;
		r = amd_says(level, level == 5 ? 3 : 7, entry); /* slot 7: some replica */
		assert_int_equal(r.end, WALK_HIT);
		assert_int_equal(r.size_lg2, lg2);
		assert_int_equal(r.pa, pa | (UINT64_C(7) << (12 + 9 * level) &
					     ((UINT64_C(1) << lg2) - 1)));
		assert_int_equal(r.prot, READ);
		assert_int_equal(r.steps, 6 - level);
		assert_int_equal(r.level, level);
		assert_int_equal(r.entry, entry);
	}
}

static void expect(struct walk_result r, enum walk_end end, const char *word)
{
	assert_int_equal(r.end, end);
	if (word) {
		assert_non_null(r.why);
		if (!strstr(r.why, word))
			fail_msg("\"%s\" does not say \"%s\"", r.why, word);
	}
}

static void amd_refuses(void **state)
{
	uint64_t page = PR | IR | IW | 0x40000000, link = at(0) | PR | IR | IW;

	(void)state;
	expect(amd_says(0, 1, 0), WALK_ABSENT, "not present");
	expect(amd_says(0, 1, page & ~PR), WALK_ABSENT, "not present");
	/* a page's size and its level */
	expect(amd_says(1, 1, page | NL(7) | 0x1000), WALK_ILLEGAL, "no larger");
	expect(amd_says(0, 1, page | NL(7) | 0xff000), WALK_ILLEGAL, "as large as a whole table");
	expect(amd_says(1, 1, page | NL(7) | 0x3ffff000), WALK_ILLEGAL, "as large as a whole table");
	expect(amd_says(4, 1, PR | IR | NL(7) | 0x7ffffffffff000 >> 3), WALK_ILLEGAL, NULL);
	expect(amd_says(4, 1, PR | IR | NL(7) | 0xffffffffff000), WALK_ILLEGAL, "2^51");
	expect(amd_says(3, 1, PR | IR), WALK_ILLEGAL, "512 GiB");
	expect(amd_says(5, 1, PR | IR), WALK_ILLEGAL, "highest level");
	expect(amd_says(5, 1, PR | IR | NL(7)), WALK_ILLEGAL, "highest level");
	expect(amd_says(1, 1, page | 0x1000), WALK_ILLEGAL, "aligned");
	/* reserved bits */
	for (unsigned bit = 52; bit <= 60; bit++) {
		bool attribute = bit >= 59;

		expect(amd_says(0, 1, page | UINT64_C(1) << bit), attribute ? WALK_HIT : WALK_ILLEGAL,
		       attribute ? NULL : "reserved");
		expect(amd_says(1, 1, link | NL(1) | UINT64_C(1) << bit), WALK_ILLEGAL, "reserved");
	}
	/* bits that are ignored, or the hardware's */
	expect(amd_says(0, 1, page | 0x1fe | UINT64_C(1) << 63), WALK_HIT, NULL);
	/* next level: never the same or above */
	for (unsigned level = 0; level < 6; level++)
		for (unsigned next = level + 1; next <= 6; next++)
			expect(amd_says(level, 1, link | NL(next)), WALK_ILLEGAL, "not below");
	expect(amd_says(1, 1, PR | IR | NL(1)), WALK_ILLEGAL, "address 0");
}

/* From the root, level 5, straight to a table of pages: what lies between must be zero. */
static void amd_skips_levels(void **state)
{
	iotlb_dte dte = iotlb_dte_of(at(5), 6);
	uint64_t high = UINT64_C(3) << 57;

	(void)state;
	chain();
	put(5, 3, at(0) | PR | NL(1) | IR | IW);
	put(0, 9, 0x1234000 | PR | IR);
	expect(walk_from_dte(&amd, dte, high | 0x9042, READ), WALK_HIT, NULL);
	assert_int_equal(walk_from_dte(&amd, dte, high | 0x9042, READ).pa, 0x1234042);
	assert_int_equal(walk_from_dte(&amd, dte, high | 0x9042, READ).steps, 2);
	for (unsigned bit = 21; bit < 57; bit++)
		expect(walk_from_dte(&amd, dte, high | UINT64_C(1) << bit | 0x9042, READ), WALK_ABSENT,
		       "left out");
	expect(walk_from_dte(&amd, dte, high | 0x8042, READ), WALK_ABSENT, "not present");
}

static void permissions_are_anded(void **state)
{
	static const uint64_t says[4] = { 0, IR, IW, IR | IW };

	(void)state;
	for (unsigned level = 0; level <= 6; level++) /* 6: the device table entry */
		for (unsigned p = 0; p < 4; p++) {
			iotlb_dte dte = iotlb_dte_of(at(5), 6);
			struct walk_result r;

			chain();
			put(0, 0, 0x5000 | PR | IR | IW);
			if (level < 6)
				put(level, 0, (at_load(&table[level][0], relaxed) & ~(IR | IW)) | says[p]);
			else
				dte = (dte & ~(IR | IW)) | says[p];
			for (uint8_t wanted = 0; wanted < 4; wanted++) {
				r = walk_from_dte(&amd, dte, 0, wanted);
				assert_int_equal(r.end, wanted & ~p ? WALK_DENIED : WALK_HIT);
				assert_int_equal(r.prot, p);
			}
		}
	chain();
	expect(walk_from_dte(&amd, iotlb_dte_of(at(5), 6), 0, BOTH), WALK_ABSENT, NULL);
}

static void device_table_entries(void **state)
{
	iotlb_dte good = iotlb_dte_of(at(2), 3);

	(void)state;
	chain();
	put(0, 0, 0x5000 | PR | IR | IW);
	expect(walk_from_dte(&amd, good, 0, READ), WALK_HIT, NULL);
	assert_int_equal(good, at(2) | 3 << 9 | 3 | IR | IW);
	expect(walk_from_dte(&amd, good & ~UINT64_C(1), 0, READ), WALK_ABSENT, "not valid");
	expect(walk_from_dte(&amd, good & ~UINT64_C(2), 0, READ), WALK_ABSENT, "not valid");
	expect(walk_from_dte(&amd, good & ~NL(7), 0, READ), WALK_ILLEGAL, "mode 0");
	expect(walk_from_dte(&amd, good | NL(7), 0, READ), WALK_ILLEGAL, "mode 7");
	expect(walk_from_dte(&amd, good | UINT64_C(1) << 55, 0, READ), WALK_ILLEGAL, "reserved");
	expect(walk_from_dte(&intel, iotlb_dte_of(at(5), 6), 0, READ), WALK_ILLEGAL, "width");
	expect(walk_from_dte(&intel, iotlb_dte_of(at(1), 2), 0, READ), WALK_ILLEGAL, "width");
	for (unsigned levels = 1; levels <= 5; levels++) {
		iotlb_dte dte = iotlb_dte_of(at(levels - 1), levels);
		uint64_t span = UINT64_C(1) << (12 + 9 * levels);

		put(levels - 1, 511, PR | IR | (levels > 3 ? NL(7) | 0x3ffff000 : 0));
		expect(walk_from_dte(&amd, dte, span, READ), WALK_ABSENT, "above");
		assert_int_equal(walk_from_dte(&amd, dte, span, READ).steps, 0);
		assert_int_equal(walk_from_dte(&amd, dte, span - 1, READ).steps, 1);
	}
}

/* --- second stage --- */

static struct walk_result intel_says(unsigned level, uint64_t entry)
{
	memset(table, 0, sizeof(table));
	for (unsigned l = 4; l; l--)
		put(l, 0, at(l - 1) | 3);
	put(level, 1, entry);
	return walk_from_dte(&intel, iotlb_dte_of(at(4), 5), (UINT64_C(1) << (12 + 9 * level)) | 5, READ);
}

static void intel_entries(void **state)
{
	const uint64_t ps = 0x80;

	(void)state;
	expect(intel_says(0, 0), WALK_ABSENT, NULL);
	expect(intel_says(0, 0x7ffff000 | 4 | ps), WALK_ABSENT, NULL); /* neither R nor W */
	expect(intel_says(0, 0x7ffff000 | 1), WALK_HIT, NULL);
	assert_int_equal(intel_says(0, 0x7ffff000 | 1).pa, 0x7ffff005);
	expect(intel_says(0, 0x7ffff000 | 2), WALK_DENIED, NULL);
	expect(intel_says(0, 0x7ffff000 | 1 | ps), WALK_HIT, NULL); /* ignored there */
	expect(intel_says(0, 0x7ffff000 | 1 | UINT64_C(0xfff) << 52), WALK_HIT, NULL);
	assert_int_equal(intel_says(1, 0x40000000 | 3 | ps).size_lg2, 21);
	assert_int_equal(intel_says(2, 0x40000000 | 3 | ps).size_lg2, 30);
	expect(intel_says(1, 0x40001000 | 3 | ps), WALK_ILLEGAL, "reserved");
	expect(intel_says(2, 0x40200000 | 3 | ps), WALK_ILLEGAL, "reserved");
	expect(intel_says(3, 3 | ps), WALK_ILLEGAL, "reserved");
	expect(intel_says(4, 3 | ps), WALK_ILLEGAL, "reserved");
	expect(intel_says(1, 3), WALK_ILLEGAL, "address 0");
	expect(intel_says(1, at(0) | 1), WALK_ABSENT, NULL);
	assert_int_equal(intel_says(1, at(0) | 1).steps, 5);
}

/* --- tables that may not be looked at --- */

struct asked {
	unsigned calls, refuse_at;
	struct walk_step step[16];
};

static const char *note(void *ctx, uint64_t address, unsigned level)
{
	struct asked *a = ctx;

	a->step[a->calls] = (struct walk_step){ .table = address, .level = level };
	return ++a->calls == a->refuse_at ? "refused" : NULL;
}

static void asks_before_and_after(void **state)
{
	struct asked a = { .calls = 0 };
	struct walker w = { .format = WALK_AMDV1, .alive = note, .ctx = &a };
	iotlb_dte dte = iotlb_dte_of(at(2), 3);

	(void)state;
	chain();
	put(0, 0, 0x5000 | PR | IR);
	expect(walk_from_dte(&w, dte, 0, READ), WALK_HIT, NULL);
	assert_int_equal(a.calls, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(a.step[i].table, at(2 - i / 2));
		assert_int_equal(a.step[i].level, 2 - i / 2);
	}
	for (unsigned i = 1; i <= 6; i++) {
		struct walk_result r;

		a = (struct asked){ .refuse_at = i };
		r = walk_from_dte(&w, dte, 0, READ);
		expect(r, WALK_FREED, "refused");
		assert_int_equal(r.level, 2 - (i - 1) / 2);
		assert_int_equal(a.calls, i);
	}
}

static void goes_on_from_a_table(void **state)
{
	struct walk_step from = { .table = at(1), .level = 1, .prot = READ };
	struct walk_result r;

	(void)state;
	chain();
	put(0, 4, 0x5000 | PR | IR | IW);
	r = walk_from(&amd, &from, UINT64_C(0xabc) << 30 | 0x4000, READ);
	expect(r, WALK_HIT, NULL);
	assert_int_equal(r.prot, READ); /* what stood above counts */
	assert_int_equal(r.steps, 2);
	assert_int_equal(r.step[0].table, at(1));
	assert_int_equal(r.step[1].table, at(0));
	assert_int_equal(r.step[1].prot, READ);
}

/* --- the pool's answer --- */

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
		cmocka_unit_test(sees_what_the_audit_sees), cmocka_unit_test(amd_reads_every_size),
		cmocka_unit_test(amd_refuses),		    cmocka_unit_test(amd_skips_levels),
		cmocka_unit_test(permissions_are_anded),    cmocka_unit_test(device_table_entries),
		cmocka_unit_test(intel_entries),	    cmocka_unit_test(asks_before_and_after),
		cmocka_unit_test(goes_on_from_a_table),	    cmocka_unit_test(pool_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
