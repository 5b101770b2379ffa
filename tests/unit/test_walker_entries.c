/*
 * What the device's walker makes of entries by hand, most of which no engine writes: as the
 * specifications say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <string.h>

#include "iotlb/walker.h"
#include "pt/engine.h"

#define READ PT_READ
#define BOTH (PT_READ | PT_WRITE)

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

/* Tables that may not be looked at. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amd_reads_every_size),
		cmocka_unit_test(amd_refuses),
		cmocka_unit_test(amd_skips_levels),
		cmocka_unit_test(permissions_are_anded),
		cmocka_unit_test(device_table_entries),
		cmocka_unit_test(intel_entries),
		cmocka_unit_test(asks_before_and_after),
		cmocka_unit_test(goes_on_from_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
