/*
 * The DMA path by itself: parts leave what the whole leaves, an operation that fails leaves nothing, all
 * engines get the same sequence, tables held by a lazy queue are accounted for; and what its audit is for:
 * an allocator that gives a range away too early, a queue that nobody flushes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/audit.h"
#include "bench/tables.h"
#include "open_dma.h"

#define BUFFERS 40u
#define SEQUENCE 4096u

static struct page_mix sizes; /* of the groups' buffers; n 0: the workload's own */

static void open_engines(struct open *o, const struct workload *w, unsigned threads,
			 const struct iova_kind *iova, enum flush_kind flush, const char *const names[4])
{
	const struct group shape = { .workload = w, .threads = threads, .iova = iova, .flush = flush, .depth = 48,
				     .buffers = sizes };

	open_shape(o, &shape, names);
}

static void open_group(struct open *o, const struct workload *w, unsigned threads, const struct iova_kind *iova,
		       enum flush_kind flush)
{
	static const char *const names[4] = { "lockless", "lockless-2019", "vtdss/mutex", "null" };

	open_engines(o, w, threads, iova, flush, names);
}

/* ---- what is in a table ---- */

struct leaves {
	size_t n;
	struct pt_leaf v[8192];
};

static void note_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct leaves *l = ctx;

	assert_true(l->n < sizeof(l->v) / sizeof(l->v[0]));
	l->v[l->n++] = *leaf;
}

static uint64_t scan(struct open *o, unsigned e, struct leaves *l)
{
	struct pt_scan s = { .leaf = note_leaf, .ctx = l };

	l->n = 0;
	pt_scan(o->run->engines[e].pt, &s);
	return s.tables;
}

/* ---- parts and whole ---- */

static const uint8_t list[] = { 3, 1, 8, 2, 2, 7 }; /* 23 pages */

/* Ranges, a scatter list, and one of 2M. */
static void make_buffers(struct dma_buffer *v, struct dma_buffer **of)
{
	static const uint32_t pages[] = { 1, 2, 16, 23, 5, 512, 64, 1 };

	for (unsigned i = 0; i < BUFFERS; i++) {
		v[i] = (struct dma_buffer){ .pages = pages[i % 8], .fixed = dma_fixed(0, BUFFERS, 2 << 20, i) };
		if (v[i].pages == 23) {
			v[i].list = list;
			v[i].pieces = sizeof(list);
			v[i].size_lg2 = 12;
		}
		of[i] = &v[i];
	}
}

/* The same buffers on an engine twice, once whole and once in parts: the same leaves, the same counts. */
static void check_parts(const struct iova_kind *iova, enum flush_kind flush)
{
	static struct leaves whole, parts;
	struct dma_buffer v[2][BUFFERS], *of[2][BUFFERS];
	static const char *const twice[4] = { "lockless", "lockless", "mutex", "null" };
	struct open o;

	open_engines(&o, find("ring"), 1, iova, flush, twice);
	for (unsigned e = 0; e < 2; e++) {
		struct dma_lane *d = lane_of(&o, e, 0);

		make_buffers(v[e], of[e]);
		grace_online(d->lane->grace);
		d->split = e;
		dma_map_stretch(d, of[e], BUFFERS, true);
		dma_unmap_stretch(d, of[e], BUFFERS / 2, true);
		dma_map_stretch(d, of[e], BUFFERS / 4, true);
		assert_int_equal(d->lane->tally.failed, 0);
		assert_int_equal(d->lane->tally.ops, BUFFERS * 7 / 4);
		assert_int_equal(d->lane->tally.phase[DMA_FREE].ops, e ? BUFFERS / 2 : 0);
		assert_int_equal(d->lane->tally.timed_ops[OP_MAP], e ? 0 : BUFFERS * 5 / 4);
		grace_offline(d->lane->grace);
	}
	assert_int_equal(o.run->engines[0].lanes[0]->tally.pages, o.run->engines[1].lanes[0]->tally.pages);
	for (unsigned i = 0; i < BUFFERS; i++) {
		assert_int_equal(v[0][i].iova, v[1][i].iova);
		assert_int_equal(!v[0][i].iova, i >= BUFFERS / 4 && i < BUFFERS / 2);
	}
	scan(&o, 0, &whole);
	scan(&o, 1, &parts);
	assert_true(whole.n > BUFFERS);
	assert_int_equal(whole.n, parts.n);
	for (size_t i = 0; i < whole.n; i++) {
		assert_int_equal(whole.v[i].iova, parts.v[i].iova);
		assert_int_equal(whole.v[i].pa, parts.v[i].pa);
		assert_int_equal(whole.v[i].size_lg2, parts.v[i].size_lg2);
	}
	for (unsigned e = 0; e < 2; e++) {
		struct dma_lane *d = lane_of(&o, e, 0);

		grace_online(d->lane->grace);
		dma_unmap_stretch(d, of[e], BUFFERS, true); /* some are not mapped: nothing */
		assert_int_equal(d->lane->tally.failed, 0);
		grace_offline(d->lane->grace);
	}
	close_group(&o);
}

static void test_parts_leave_what_the_whole_leaves(void **state)
{
	(void)state;
	for (const struct iova_kind *const *kind = iova_kinds; *kind; kind++)
		for (unsigned f = FLUSH_NONE; f <= FLUSH_STRICT; f++)
			check_parts(*kind, (enum flush_kind)f);
	check_parts(iova_kinds[0], FLUSH_LAZY); /* elsewhere when a range comes back is the clock's business */
}

/* ---- failure ---- */

static uint64_t fail_at, calls;
static size_t (*real_run)(struct pt *, struct pt_worker *, struct pt_op *, size_t);

static size_t failing_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	bool map = ops[0].kind == PT_MAP || ops[0].kind == PT_MAP_RANGE;

	if (map && ++calls == fail_at) {
		ops[0].err = ENOMEM;
		ops[0].result = 0;
		return 0;
	}
	return real_run(pt, w, ops, n);
}

/* Every map of the list fails once, whole and in parts: no leaf, no range stays behind. */
static void test_failure_leaves_nothing(void **state)
{
	static struct leaves left;

	(void)state;
	for (unsigned split = 0; split < 2; split++)
		for (fail_at = 1; fail_at <= sizeof(list) + 1; fail_at++) {
			struct dma_buffer v[2] = {
				{ .pages = 23, .list = list, .pieces = sizeof(list), .size_lg2 = 12 },
				{ .pages = 16 } };
			struct dma_buffer *of[2] = { &v[0], &v[1] };
			struct dma_lane *d;
			struct open o;

			open_group(&o, find("ring"), 1, iova_kind_find("rbtree"), FLUSH_NONE);
			d = lane_of(&o, 0, 0);
			real_run = d->lane->run;
			d->lane->run = failing_run;
			calls = 0;
			d->split = split;
			grace_online(d->lane->grace);
			dma_map_stretch(d, of, 2, true);
			assert_int_equal(!v[0].iova, fail_at <= sizeof(list));
			assert_int_equal(!v[1].iova, fail_at > sizeof(list));
			assert_int_equal(d->lane->tally.failed, 1);
			assert_true(d->lane->tally.no_memory);
			dma_unmap_stretch(d, of, 2, true);
			grace_offline(d->lane->grace);
			assert_int_equal(d->lane->tally.failed, 1);
			assert_int_equal(d->iova->n.pages_allocated, d->iova->n.pages_freed);
			scan(&o, 0, &left);
			assert_int_equal(left.n, 0);
			close_group(&o);
		}
}

static uint64_t none_alloc(struct iova_worker *w, uint64_t pages, uint64_t fixed)
{
	(void)pages;
	(void)fixed;
	w->n.failed++;
	return IOVA_NONE;
}

static void test_no_range(void **state)
{
	struct iova_kind kind = *iova_kind_find("rbtree");

	(void)state;
	kind.alloc = none_alloc;
	for (unsigned split = 0; split < 2; split++) {
		struct dma_buffer v[BUFFERS], *of[BUFFERS];
		struct dma_lane *d;
		struct open o;

		open_group(&o, find("ring"), 1, &kind, FLUSH_NONE);
		d = lane_of(&o, 0, 0);
		d->iova->kind = &kind;
		d->split = split;
		make_buffers(v, of);
		grace_online(d->lane->grace);
		dma_map_stretch(d, of, BUFFERS, true);
		dma_unmap_stretch(d, of, BUFFERS, true);
		grace_offline(d->lane->grace);
		assert_int_equal(d->lane->tally.failed, 0);
		assert_true(d->lane->tally.no_room && !d->lane->tally.no_memory);
		close_group(&o);
	}
}

/* It is no verdict on an engine, and a ruler that mapped nothing is nobody's floor. */
static void test_no_room_ends_a_run(void **state)
{
	struct iova_kind kind = *iova_kind_find("rbtree");

	(void)state;
	kind.alloc = none_alloc;
	for (unsigned e = 0; e < 4; e += 3) {
		struct err err = { 0 };
		struct slice s;
		struct open o;

		open_group(&o, find("ring"), 1, &kind, FLUSH_NONE);
		lane_of(&o, e, 0)->iova->kind = &kind;
		assert_int_equal(slice_run(o.run, e, 1, &s, &err), EXIT_NO_RESOURCE);
		assert_non_null(strstr(err.text, "--iova rbtree found no room"));
		assert_int_equal(o.r->cases[e].nevidence, 0);
		close_group(&o);
	}
}

/* ---- the same sequence for all ---- */

struct sequence {
	size_t n;
	struct {
		uint64_t iova;
		uint32_t count;
		uint8_t kind;
	} v[SEQUENCE];
};

static struct sequence *noting;
static const struct lane *noted;

/* What the measured part does. */
static size_t noting_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	if (noted->tally.start && !noted->tally.stop && noting->n < SEQUENCE) {
		noting->v[noting->n].iova = ops[0].iova;
		noting->v[noting->n].count = ops[0].count;
		noting->v[noting->n++].kind = ops[0].kind;
	}
	return real_run(pt, w, ops, n);
}

static void note_slice(struct open *o, unsigned e, uint64_t position, struct sequence *s)
{
	struct lane *lane = o->run->engines[e].lanes[0];
	struct err err = { 0 };
	struct slice slice;

	s->n = 0;
	noting = s;
	noted = lane;
	real_run = lane->run;
	lane->run = noting_run;
	assert_int_equal(slice_run(o->run, e, position, &slice, &err), 0);
	lane->run = real_run;
	assert_true(s->n >= 1024);
}

static void check_sequence(const char *workload, const struct iova_kind *iova)
{
	static struct sequence first, second;
	struct open o;
	bool same = true;

	open_group(&o, find(workload), 1, iova, FLUSH_LAZY);
	note_slice(&o, 0, 5, &first);
	for (unsigned e = 1; e < 4; e++) {
		o.run->warmup *= 3; /* however long the lead-in was, and whatever came before */
		note_slice(&o, e, 9, &second);
		same &= first.n == second.n;
		for (size_t i = 0; same && i < first.n; i++)
			same &= first.v[i].count == second.v[i].count;
		note_slice(&o, e, 5, &second);
		assert_int_equal(first.n, second.n);
		for (size_t i = 0; i < first.n; i++) {
			assert_int_equal(first.v[i].count, second.v[i].count);
			assert_int_equal(first.v[i].kind, second.v[i].kind);
			if (iova == iova_kinds[0])
				assert_int_equal(first.v[i].iova, second.v[i].iova);
		}
	}
	assert_false(same); /* another position is another sequence */
	close_group(&o);
}

static void test_all_engines_do_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		check_sequence("ring", i ? iova_kind_find("rbtree") : iova_kinds[0]);
		check_sequence("storage", i ? iova_kind_find("rbtree") : iova_kinds[0]);
	}
}

/* ---- another table ---- */

/* An empty table has an empty allocator, the ruler's too; what the old ones counted is kept. */
static void test_another_table(void **state)
{
	struct err err = { 0 };
	struct slice s;
	struct open o;

	(void)state;
	open_group(&o, find("storage"), 2, iova_kind_find("rcache"), FLUSH_LAZY);
	for (unsigned e = 0; e < 4; e++) {
		assert_int_equal(slice_run(o.run, e, 1, &s, &err), 0);
		assert_true(lane_of(&o, e, 1)->iova->n.allocated > 1024 / 2);
	}
	assert_int_equal(tables_change(o.run, &err), 0);
	for (unsigned e = 0; e < 4; e++) {
		const struct dma_lane *d = lane_of(&o, e, 1);

		/* of those that are warmed, what a settled one has */
		assert_int_equal(d->iova->n.allocated, e == 3 ? 0 : o.g.depth);
		assert_int_equal(d->iova->n.freed, d->iova->n.allocated);
		assert_true(o.r->cases[e].dma.iova_n.allocated > 1024);
		assert_int_equal(o.r->cases[e].dma.iova_n.pages_allocated,
				 o.r->cases[e].dma.iova_n.pages_freed);
		assert_int_equal(o.r->cases[e].verified, e == 3 ? VERIFIED_NULL : VERIFIED_YES);
	}
	close_group(&o);
}

/* ---- tables in a lazy queue ---- */

/* An unmap of 2M in 4K pages takes their table out: it waits with the range, and balances meanwhile. */
static void test_held_tables_balance(void **state)
{
	(void)state;
	for (unsigned flushed = 0; flushed < 2; flushed++) {
		struct dma_buffer b[8];
		struct dma_lane *d;
		struct lane *lane;
		struct open o;

		open_group(&o, find("ring"), 1, iova_kind_find("rbtree"), FLUSH_LAZY);
		d = lane_of(&o, 0, 0);
		lane = d->lane;
		grace_online(lane->grace);
		for (unsigned i = 0; i < 8; i++) {
			b[i] = (struct dma_buffer){ .pages = 512, .size_lg2 = 12 };
			assert_true(dma_map(d, &b[i]));
		}
		for (unsigned i = 0; i < 8; i++)
			dma_unmap(d, &b[i]);
		dma_count_odd(d);
		lane_rest(lane);
		grace_offline(lane->grace);
		assert_int_equal(lane->tally.failed, 0);
		assert_int_equal(flush_pending(d->flush), 8);
		assert_int_equal(lane->pw.n.retired - lane->ripened, 8);
		assert_int_equal(grace_pending(lane->grace), 0);
		assert_int_equal(d->iova->n.pages_freed, 0);
		assert_int_equal(audit_engine(o.run, 0, true, false), 0);
		assert_int_equal(o.r->cases[0].verified, VERIFIED_YES);
		if (flushed) {
			grace_online(lane->grace);
			dma_flush(d);
			grace_offline(lane->grace);
			assert_int_equal(flush_pending(d->flush), 0);
			assert_int_equal(d->iova->n.pages_freed, d->iova->n.pages_allocated);
			dma_audit_empty(o.run, 0);
		}
		assert_int_equal(o.r->cases[0].verified, VERIFIED_YES);
		/* without the flush the group closes like one that an error ended: every page comes back */
		group_close(o.run);
		assert_int_equal(o.r->cases[0].verified, VERIFIED_YES);
		result_free(o.r);
		free(o.r);
	}
}

/* ---- eager ---- */

static struct iova_config asked;

static int asking_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	asked = *config;
	return iova_kind_find("rbtree")->create(out, kind, config);
}

static int no_memory_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	(void)out;
	(void)kind;
	(void)config;
	return -ENOMEM;
}

/* What a prepare() is asked for is built, and stays built when nothing is mapped there. */
static void test_prepared_tables(void **state)
{
	struct iova_kind kind = *iova_kind_find("rbtree");
	static struct leaves left;

	(void)state;
	kind.create = asking_create;
	for (unsigned e = 0; e < 3; e++) {
		const uint64_t iova = (1ull << 30) - (3ull << 20) - 4096;
		struct dma_lane *d;
		struct open o;
		uint64_t before;

		open_group(&o, find("ring"), 1, &kind, FLUSH_NONE);
		d = lane_of(&o, e, 0);
		before = scan(&o, e, &left);
		/* the end of one leaf table, one whole, a page of a third, which hangs from another table */
		assert_int_equal(asked.prepare(d->iova->ctx, iova, (3ull << 20) + 8192), 0);
		assert_int_equal(scan(&o, e, &left), before + 3 + 2);
		assert_int_equal(left.n, 0);
		close_group(&o);
	}
}

/* Large leaves: no table is built that the map of the range would take out again. */
static void test_nothing_prepared_in_vain(void **state)
{
	static const char *const kinds[] = { "rcache", "eager" };
	uint64_t allocated[3][2];

	(void)state;
	for (unsigned lg2 = 21; lg2 <= 23; lg2++) { /* 8M: more than one leaf, and another table's share */
		sizes = (struct page_mix){ .n = 1, .lg2 = { lg2 }, .weight = { 1 } };
		for (unsigned k = 0; k < 2; k++) {
			struct open o;

			open_group(&o, find("bulk"), 2, iova_kind_find(kinds[k]), FLUSH_NONE);
			for (unsigned e = 0; e < 3; e++) {
				struct err err = { 0 };
				struct slice s;

				allocated[e][k] = 0;
				assert_int_equal(slice_run(o.run, e, 1, &s, &err), 0);
				for (unsigned w = 0; w < 2; w++) {
					const struct pt_count *n = &o.run->engines[e].lanes[w]->pw.n;

					assert_int_equal(n->retired, 0);
					allocated[e][k] += n->allocated - n->wasted_growth;
					for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
						allocated[e][k] -= n->wasted_install[l];
				}
			}
			close_group(&o);
		}
		for (unsigned e = 0; e < 3; e++)
			assert_int_equal(allocated[e][0], allocated[e][1]);
	}
	sizes.n = 0;
}

/* A table change that runs out of memory leaves lanes that know of no path. */
static void test_no_memory_for_another_path(void **state)
{
	struct iova_kind kind = *iova_kind_find("rbtree");
	struct err err = { 0 };
	struct slice s;
	struct open o;

	(void)state;
	open_group(&o, find("ring"), 2, &kind, FLUSH_LAZY);
	assert_int_equal(slice_run(o.run, 1, 1, &s, &err), 0);
	kind.create = no_memory_create;
	assert_int_equal(tables_change(o.run, &err), EXIT_NO_RESOURCE);
	for (unsigned w = 0; w < 2; w++)
		assert_null(lane_of(&o, 0, w)->flush);
	close_group(&o);
}

/* ---- what must be noticed ---- */

static const struct iova_kind *behind;

/* Gives the range back before it is unmapped: whoever asks next has it beside its owner. */
static uint64_t early_alloc(struct iova_worker *w, uint64_t pages, uint64_t fixed)
{
	uint64_t iova = behind->alloc(w, pages, fixed);

	if (pages == 16) /* one size, so that the rest of the sequence is sound */
		behind->free(w, iova, pages);
	return iova;
}

static void early_free(struct iova_worker *w, uint64_t iova, uint64_t pages)
{
	if (pages != 16)
		behind->free(w, iova, pages);
}

static struct iova_kind early_kind;

static int early_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	(void)kind;
	return behind->create(out, &early_kind, config);
}

static void test_a_range_given_away_early_is_noticed(void **state)
{
	(void)state;
	behind = iova_kind_find("rbtree");
	early_kind = *behind;
	early_kind.create = early_create;
	early_kind.alloc = early_alloc;
	early_kind.free = early_free;
	for (unsigned e = 0; e < 3; e++) {
		struct err err = { 0 };
		struct slice s;
		struct open o;

		open_group(&o, find("ring"), 2, &early_kind, FLUSH_NONE);
		assert_int_equal(slice_run(o.run, e, 1, &s, &err), 0);
		assert_int_equal(group_audit(o.run, e, true, &err), 0);
		assert_int_equal(o.r->cases[e].verified, VERIFIED_NO);
		close_group(&o);
	}
}

/* Unmaps everything, but leaves in the queue what an earlier unmap has put there. */
static void clear_but_not_flush(struct lane *lane)
{
	struct dma_lane *d = lane->own;

	d->flush->kind = FLUSH_NONE;
	find("ring")->clear(lane);
	d->flush->kind = FLUSH_LAZY;
}

static void test_ranges_left_in_a_queue_are_noticed(void **state)
{
	struct workload forgetful = *find("ring");
	struct err err = { 0 };
	struct slice s;
	struct open o;

	(void)state;
	open_group(&o, &forgetful, 2, iova_kind_find("rbtree"), FLUSH_LAZY);
	for (unsigned bug = 0; bug < 2; bug++) {
		if (bug)
			forgetful.clear = clear_but_not_flush;
		assert_int_equal(slice_run(o.run, 0, 1, &s, &err), 0);
		assert_int_equal(group_audit(o.run, 0, true, &err), 0);
		assert_int_equal(o.r->cases[0].verified, bug ? VERIFIED_NO : VERIFIED_YES);
	}
	assert_int_equal(o.r->cases[0].nevidence, 2); /* ranges wait, and the allocator misses them */
	close_group(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_leave_what_the_whole_leaves),
		cmocka_unit_test(test_failure_leaves_nothing),
		cmocka_unit_test(test_no_range),
		cmocka_unit_test(test_no_room_ends_a_run),
		cmocka_unit_test(test_all_engines_do_the_same),
		cmocka_unit_test(test_another_table),
		cmocka_unit_test(test_held_tables_balance),
		cmocka_unit_test(test_prepared_tables),
		cmocka_unit_test(test_nothing_prepared_in_vain),
		cmocka_unit_test(test_no_memory_for_another_path),
		cmocka_unit_test(test_a_range_given_away_early_is_noticed),
		cmocka_unit_test(test_ranges_left_in_a_queue_are_noticed),
	};

	return cmocka_run_group_tests(tests, load_machine, free_machine);
}
