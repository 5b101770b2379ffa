/* The operations of `churn`: legal, steady, and the same for the same start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/churn.h"
#include "bench/lane.h"

#define BASE (3ull << 30)
#define PAGES (CHURN_BLOCKS * 512u)

/* What a table would hold: for each 4K page of the region, where its mapping starts, or 0. */
struct model {
	uint64_t first[PAGES];
	uint32_t kinds[5], live;
};

static uint64_t bytes_of(const struct pt_op *op)
{
	return (uint64_t)op->count << op->size_lg2;
}

static uint32_t page_of(uint64_t iova)
{
	assert_true(iova >= BASE && iova - BASE < (uint64_t)PAGES << 12);
	return (uint32_t)((iova - BASE) >> 12);
}

static void model_apply(struct model *m, struct pt_op *op)
{
	bool map = op->kind == PT_MAP || op->kind == PT_MAP_RANGE;

	m->kinds[op->kind]++;
	op->err = 0;
	if (op->kind == PT_LOOKUP) {
		assert_true(m->first[page_of(op->iova)] != 0);
		op->result = pa_of(op->iova);
		return;
	}
	if (map) {
		assert_in_range(op->prot, 1, 3);
		assert_true(op->pa == pa_of(op->iova));
	}
	if (op->kind == PT_MAP)
		assert_true((op->iova & (bytes_of(op) - 1)) == 0);
	for (uint64_t at = 0; at < bytes_of(op); at += 4096) {
		uint64_t *first = &m->first[page_of(op->iova + at)];

		assert_true(*first == (map ? 0 : op->iova));
		*first = map ? op->iova : 0;
		m->live += map ? 1 : -1u;
	}
	/* What is unmapped ends where it was mapped to. */
	if (!map && page_of(op->iova) + bytes_of(op) / 4096 < PAGES)
		assert_true(m->first[page_of(op->iova) + bytes_of(op) / 4096] != op->iova);
}

static void apply_all(struct model *m, struct pt_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		model_apply(m, &ops[i]);
}

static void arrange(struct churn *c, struct model *m, uint64_t key)
{
	struct pt_op ops[64];
	size_t n;

	for (uint32_t slot = 0; slot < CHURN_SLOTS;) {
		n = churn_arrange(c, key, &slot, ops, 64);
		apply_all(m, ops, n);
	}
}

static struct churn *fresh_of(struct model **m, struct ratio ratio)
{
	struct churn *c = malloc(sizeof(*c));

	*m = calloc(1, sizeof(**m));
	assert_non_null(c);
	assert_non_null(*m);
	churn_init(c, BASE, 7, ratio);
	return c;
}

static struct churn *fresh(struct model **m)
{
	return fresh_of(m, (struct ratio){ 2, 2, 1 });
}

static void check_fill(const struct churn *c)
{
	assert_in_range(c->mapped, CHURN_SLOTS * 45 / 100, CHURN_SLOTS * 55 / 100);
}

static void is_legal_and_steady(void **state)
{
	static struct pt_op ops[STRETCH_MAX];
	struct model *m;
	struct churn *c = fresh(&m);
	uint64_t rng = 1;
	uint32_t total = 0;

	(void)state;
	arrange(c, m, 42);
	check_fill(c);
	memset(m->kinds, 0, sizeof(m->kinds));
	for (int i = 0; i < 400; i++) {
		churn_draw(c, &rng, ops, STRETCH_MAX);
		apply_all(m, ops, STRETCH_MAX);
		check_fill(c);
	}
	for (int i = 0; i < 5; i++)
		total += m->kinds[i];
	assert_int_equal(total, 400 * STRETCH_MAX);
	/* Two maps and two unmaps to a lookup. */
	assert_in_range(m->kinds[PT_LOOKUP], total * 18 / 100, total * 22 / 100);
	assert_in_range(m->kinds[PT_MAP] + m->kinds[PT_MAP_RANGE], total * 38 / 100,
			total * 42 / 100);
	assert_true(m->kinds[PT_MAP_RANGE] > total / 20 && m->kinds[PT_UNMAP_RANGE] > total / 20);
	free(c);
	free(m);
}

static void check_ratio(struct ratio ratio, double fill)
{
	static struct pt_op ops[STRETCH_MAX];
	struct model *m;
	struct churn *c = fresh_of(&m, ratio);
	double lookups = (double)ratio.lookup / ratio.unmap, maps, unmaps, mapped = 0;
	uint64_t rng = 3;

	arrange(c, m, 42);
	assert_true(c->mapped > (fill - 0.02) * CHURN_SLOTS && c->mapped < (fill + 0.02) * CHURN_SLOTS);
	memset(m->kinds, 0, sizeof(m->kinds));
	for (int i = 0; i < 400; i++) {
		churn_draw(c, &rng, ops, STRETCH_MAX);
		apply_all(m, ops, STRETCH_MAX);
		mapped += c->mapped / 400.0;
	}
	/* The steady state it started in; few slots are 2M pages, so not one by one. */
	assert_true(mapped > (fill - 0.03) * CHURN_SLOTS && mapped < (fill + 0.03) * CHURN_SLOTS);
	maps = m->kinds[PT_MAP] + m->kinds[PT_MAP_RANGE];
	unmaps = m->kinds[PT_UNMAP] + m->kinds[PT_UNMAP_RANGE];
	assert_true(maps > unmaps * 0.97 && maps < unmaps * 1.03);
	assert_true(m->kinds[PT_LOOKUP] >= unmaps * lookups * 0.97 &&
		    m->kinds[PT_LOOKUP] <= unmaps * lookups * 1.03);
	memset(m->kinds, 0, sizeof(m->kinds));
	for (int i = 0; i < 400; i++) {
		size_t n = churn_excursion(c, &rng, ops);

		assert_in_range(n, 64, CHURN_EXCURSION_MAX);
		apply_all(m, ops, n);
	}
	unmaps = m->kinds[PT_UNMAP] + m->kinds[PT_UNMAP_RANGE];
	assert_true(m->kinds[PT_LOOKUP] <= unmaps * lookups * 1.2);
	assert_true(lookups > 4 || m->kinds[PT_LOOKUP] >= unmaps * lookups * 0.8);
	free(c);
	free(m);
}

/* map / (map + unmap) of the slots mapped, lookup / unmap lookups to an unmap. */
static void keeps_any_ratio(void **state)
{
	(void)state;
	check_ratio((struct ratio){ 2, 2, 1 }, 0.5);
	check_ratio((struct ratio){ 1, 1, 0 }, 0.5);
	check_ratio((struct ratio){ 3, 1, 2 }, 0.75);
	check_ratio((struct ratio){ 1, 3, 1 }, 0.25);
	check_ratio((struct ratio){ 1, 1, 10 }, 0.5);
	check_ratio((struct ratio){ 9, 1, 1 }, 0.9);
}

static void uses_every_size(void **state)
{
	static struct pt_op ops[STRETCH_MAX];
	struct model *m;
	struct churn *c = fresh(&m);
	uint32_t sizes[64] = { 0 }, lengths[17] = { 0 };
	uint64_t rng = 5;

	(void)state;
	for (int i = 0; i < 20; i++) {
		churn_draw(c, &rng, ops, STRETCH_MAX);
		for (size_t j = 0; j < STRETCH_MAX; j++) {
			if (ops[j].kind == PT_MAP)
				sizes[ops[j].size_lg2]++;
			if (ops[j].kind == PT_MAP_RANGE)
				lengths[ops[j].count]++;
		}
	}
	assert_true(sizes[12] > 100 && lengths[16] > 100 && sizes[21] > 100);
	for (int i = 1; i <= 8; i++)
		assert_true(lengths[i] > 10);
	free(c);
	free(m);
}

/* Whatever was done before: the same key leads to the same operations. */
static void depends_on_the_key_alone(void **state)
{
	static struct pt_op a[STRETCH_MAX], b[STRETCH_MAX];
	struct model *m, *n;
	struct churn *c = fresh(&m), *d = fresh(&n);
	uint64_t rng = 11, other = 99;

	(void)state;
	arrange(d, n, 4711);
	churn_draw(d, &other, b, 300);
	apply_all(n, b, 300);
	arrange(c, m, 42);
	arrange(d, n, 42);
	assert_memory_equal(c->pages, d->pages, sizeof(c->pages));
	other = rng;
	churn_draw(c, &rng, a, STRETCH_MAX);
	churn_draw(d, &other, b, STRETCH_MAX);
	assert_memory_equal(a, b, sizeof(a));
	apply_all(m, a, STRETCH_MAX);
	apply_all(n, b, STRETCH_MAX);
	arrange(d, n, 43);
	arrange(c, m, 42);
	assert_memory_not_equal(c->pages, d->pages, sizeof(c->pages));
	free(c);
	free(d);
	free(m);
	free(n);
}

static void excursion_changes_nothing(void **state)
{
	struct pt_op ops[CHURN_EXCURSION_MAX];
	uint8_t before[CHURN_SLOTS];
	struct model *m;
	struct churn *c = fresh(&m);
	uint64_t rng = 3;

	(void)state;
	arrange(c, m, 42);
	memcpy(before, c->pages, sizeof(before));
	for (int i = 0; i < 2000; i++) {
		size_t n = churn_excursion(c, &rng, ops);

		assert_in_range(n, 64, CHURN_EXCURSION_MAX);
		apply_all(m, ops, n);
		assert_memory_equal(before, c->pages, sizeof(before));
	}
	assert_true(m->kinds[PT_LOOKUP] > 2000);
	free(c);
	free(m);
}

static void extents_are_what_is_live(void **state)
{
	static struct pt_op ops[STRETCH_MAX];
	struct model *m;
	struct churn *c = fresh(&m);
	struct extent x;
	uint64_t rng = 17, pages = 0;
	size_t n;

	(void)state;
	arrange(c, m, 1);
	churn_draw(c, &rng, ops, STRETCH_MAX);
	apply_all(m, ops, STRETCH_MAX);
	for (uint32_t slot = 0; slot < CHURN_SLOTS; slot++) {
		if (!churn_extent(c, slot, &x))
			continue;
		for (uint64_t at = 0; at < x.bytes; at += 4096)
			assert_true(m->first[page_of(x.iova + at)] == x.iova);
		assert_true(x.pa == pa_of(x.iova));
		pages += x.bytes / 4096;
	}
	assert_int_equal(pages, m->live);
	for (uint32_t slot = 0; slot < CHURN_SLOTS;) {
		n = churn_empty(c, &slot, ops, STRETCH_MAX);
		apply_all(m, ops, n);
	}
	assert_int_equal(m->live, 0);
	assert_int_equal(c->mapped, 0);
	free(c);
	free(m);
}

static void wrong_lookups_are_seen(void **state)
{
	struct pt_op ops[3] = {
		{ .kind = PT_LOOKUP, .iova = BASE + 5, .result = pa_of(BASE) + 5 },
		{ .kind = PT_LOOKUP, .iova = BASE, .result = pa_of(BASE) + 4096 },
		{ .kind = PT_LOOKUP, .iova = BASE, .err = 2 },
	};

	(void)state;
	assert_int_equal(churn_wrong_lookups(ops, 1), 0);
	assert_int_equal(churn_wrong_lookups(ops, 3), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_legal_and_steady),
		cmocka_unit_test(keeps_any_ratio),
		cmocka_unit_test(uses_every_size),
		cmocka_unit_test(depends_on_the_key_alone),
		cmocka_unit_test(excursion_changes_nothing),
		cmocka_unit_test(extents_are_what_is_live),
		cmocka_unit_test(wrong_lookups_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
