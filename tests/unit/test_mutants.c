/*
 * Each planted bug of the page table (pt/mutant.h) that one thread can show, by the shortest sequence
 * that shows it. Races too: at a labelled point of one operation another worker's whole operation
 * happens, on the same thread. Without the bug the same sequence goes right.
 *
 * Not here: missing orders, which no run on one thread (or on x86-64) shows, and the bugs of the flush.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem/pool.h"
#include "pt/engine.h"
#include "pt/lab.h"
#include "pt/mutant.h"

#define K UINT64_C(0x1000)
#define M (UINT64_C(1) << 20)
#define G (UINT64_C(1) << 30)
#define T (UINT64_C(1) << 40)
#define ROUNDS_MAX 1000u

struct bench {
	const struct pt_engine *engine; /* the laboratory's */
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w[2];
	char wrong[200]; /* the first thing that was; "" */
};

/* What the second worker does while the first stands at a label, once; or afterwards. */
static struct {
	struct bench *b;
	const char *label;
	bool kept_out; /* by a lock */
	struct pt_op op;
} meanwhile;

/* Where a loop without an end is left. */
static jmp_buf out_of_loop;
static unsigned rounds;

static void check(struct bench *b, const char *what, uint64_t want, uint64_t got)
{
	if (want != got && !b->wrong[0])
		snprintf(b->wrong, sizeof(b->wrong), "%s: %#llx, not %#llx", what,
			 (unsigned long long)got, (unsigned long long)want);
}

static struct pt_op run(struct bench *b, unsigned worker, struct pt_op op)
{
	b->engine->run(b->pt, &b->w[worker], &op, 1);
	return op;
}

static struct pt_op to_map(uint64_t iova, uint64_t pa, unsigned size_lg2)
{
	return (struct pt_op){ .kind = PT_MAP, .iova = iova, .pa = pa, .count = 1,
			       .size_lg2 = (uint8_t)size_lg2, .prot = PT_READ | PT_WRITE };
}

static void map(struct bench *b, uint64_t iova, uint64_t pa, unsigned size_lg2)
{
	check(b, "map's error", 0, run(b, 0, to_map(iova, pa, size_lg2)).err);
}

static void translates(struct bench *b, const char *what, uint64_t iova, uint64_t pa)
{
	struct pt_op op = run(b, 0, (struct pt_op){ .kind = PT_LOOKUP, .iova = iova });

	check(b, what, pa, op.err ? UINT64_MAX : op.result);
}

static void faults(struct bench *b, const char *what, uint64_t iova)
{
	translates(b, what, iova, UINT64_MAX);
}

/* In place of the library's: no chance here. */
void lab_stop(const char *label)
{
	if (!strcmp(label, "growth: root too low") && ++rounds == ROUNDS_MAX)
		longjmp(out_of_loop, 1);
	if (meanwhile.kept_out || !meanwhile.label || strcmp(label, meanwhile.label))
		return;
	meanwhile.label = NULL;
	check(meanwhile.b, "the other's error", 0, run(meanwhile.b, 1, meanwhile.op).err);
}

void lab_shake(uint64_t seed, unsigned one_in)
{
	(void)seed;
	(void)one_in;
}

static void others_meanwhile(struct bench *b, const char *label, struct pt_op op)
{
	meanwhile.b = b;
	meanwhile.label = label;
	meanwhile.op = op;
}

/* What could not happen at its label, for a lock kept it out or nobody came by, happens now. */
static void others_at_last(void)
{
	meanwhile.kept_out = false;
	if (meanwhile.label)
		lab_stop(meanwhile.label);
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct bench *b = ctx;

	if (!b->wrong[0])
		snprintf(b->wrong, sizeof(b->wrong), "flaw: %s", evidence);
}

/* At the end: the whole table, and every page accounted for. */
static void audit(struct bench *b, uint64_t leaves)
{
	struct pt_scan scan = { .flaw = see_flaw, .ctx = b };
	const struct pt_count *one = &b->w[0].n, *two = &b->w[1].n;

	pt_scan(b->pt, &scan);
	check(b, "leaves", leaves, scan.leaves);
	check(b, "pages allocated", one->freed + one->retired + two->freed + two->retired + scan.tables,
	      one->allocated + two->allocated);
}

/*
 * B1. Two workers find the root too low. The first has put its new root there, and is about to count
 * the level; the second comes and adds a level of its own to that. Then the first counts, too.
 */
static void growth_unlocked(struct bench *b)
{
	others_meanwhile(b, "growth: new root, old level", to_map(513 * G, 2 * M, 12));
	map(b, 512 * G, M, 12);
	others_at_last();
	check(b, "levels", 4, pt_levels(b->pt));
	audit(b, 2);
}

/* B2. The second grows the table while the first waits for the lock. */
static void growth_unseen(struct bench *b)
{
	others_meanwhile(b, "growth: page allocated, lock not taken", to_map(513 * G, 2 * M, 12));
	map(b, 512 * G, M, 12);
	others_at_last();
	check(b, "levels", 4, pt_levels(b->pt));
	audit(b, 2);
}

/* B3. Who maps has read level 2; the table grows; the root is the new one, taken for one at level 2. */
static void top_torn(struct bench *b)
{
	struct pt_op op = to_map(5 * G, M, 12);

	op.count = 2;
	others_meanwhile(b, "top: level read, root not yet", to_map(512 * G, 4 * M, 12));
	check(b, "map's error", 0, run(b, 0, op).err);
	others_at_last();
	translates(b, "the page just mapped", 5 * G, M);
	audit(b, 3);
}

/* B7. No page is left for a new root. */
static void growth_without_memory(struct bench *b)
{
	static struct pt_op op; /* as it was, when the loop is left */

	op = to_map(512 * G, M, 12);
	if (!setjmp(out_of_loop))
		op = run(b, 0, op);
	check(b, "error", ENOMEM, op.err);
	audit(b, 0);
}

/* B10. 4K into the middle of a 2M page. */
static void smaller_inside(struct bench *b)
{
	map(b, 0, 2 * M, 21);
	map(b, 3 * K, M, 12);
	translates(b, "the smaller page", 3 * K, M);
	faults(b, "the rest of the larger", 4 * K);
	audit(b, 1);
}

/* B11. 4K into the second half of a 4M page, which is two entries. */
static void smaller_inside_one_of_two(struct bench *b)
{
	map(b, 0, 4 * M, 22);
	map(b, 3 * M, 2 * M, 12);
	faults(b, "the other half", M);
	translates(b, "the smaller page", 3 * M, 2 * M);
	audit(b, 1);
}

/* B12. A page of 1T at 0: its first byte is below the old root, its last byte and its size are not. */
static void large_at_zero(struct bench *b)
{
	map(b, 0, T, 40);
	translates(b, "the middle", T / 2, T + T / 2);
	check(b, "levels", 4, pt_levels(b->pt));
	audit(b, 1);
}

/* B14. Nothing is mapped at 1G: what was unmapped there? And above the root, where does it go on? */
static void unmap_nothing(struct bench *b)
{
	struct pt_op hole = { .kind = PT_UNMAP, .iova = G, .count = 1, .size_lg2 = 12 }, above = hole;

	above.iova = T;
	map(b, 0, M, 12);
	check(b, "bytes unmapped in a hole", 0, run(b, 0, hole).result);
	run(b, 0, above);
	translates(b, "the page at 0", 0, M);
	audit(b, 1);
}

/* The same, but for what the second part does alone. */
static void unmap_above(struct bench *b)
{
	struct pt_op above = { .kind = PT_UNMAP, .iova = T, .count = 1, .size_lg2 = 12 };

	map(b, 0, M, 12);
	run(b, 0, above);
	translates(b, "the page at 0", 0, M);
	audit(b, 1);
}

/* B16. 2M over a table of 4K pages, in which somebody may walk: it is to be retired, not freed. */
static void larger_over(struct bench *b)
{
	map(b, 0, M, 12);
	map(b, 0, 2 * M, 21);
	check(b, "pages freed at once", 0, b->w[0].n.freed);
	check(b, "pages retired", 1, b->w[0].n.retired);
	audit(b, 1);
}

/* Both find the first entry of the root empty; the second is first. */
static void install_lost(struct bench *b)
{
	others_meanwhile(b, "install: entry read, table not yet in it", to_map(2 * M, 4 * M, 12));
	map(b, 0, M, 12);
	others_at_last();
	translates(b, "the loser's page", 0, M);
	translates(b, "the winner's page", 2 * M, 4 * M);
	audit(b, 2);
}

/* A new table has an entry that nobody wrote. */
static void neighbour(struct bench *b)
{
	map(b, 0, M, 12);
	faults(b, "the page beside", K);
	audit(b, 1);
}

/* 16 entries a page; and one that the general walk writes, into a table that was not there. */
static void replicas(struct bench *b)
{
	map(b, 0, M, 12);
	map(b, 16 * K, 2 * M, 16);
	translates(b, "the last 4K of 64K", 31 * K, 2 * M + 15 * K);
	map(b, 4 * M, 8 * M, 22);
	translates(b, "the second half of 4M", 6 * M, 10 * M);
	audit(b, 3);
}

static const struct row {
	enum pt_mutant mutant;
	const char *engine;  /* NULL: the one it is listed with */
	void (*sequence)(struct bench *b);
	const char *wrong;   /* with the bug: how the first thing that is wrong begins */
	bool alone;          /* without the bug nobody else gets in at the label */
	unsigned pages;      /* as many as there are; 0: enough */
} rows[] = {
	{ MUTANT_B1_UNLOCKED_GROWTH, .sequence = growth_unlocked, .wrong = "levels: 0x5, not 0x4" },
	{ MUTANT_B2_NO_RECHECK, .sequence = growth_unseen, .wrong = "levels: 0x5, not 0x4" },
	{ MUTANT_B3_TORN_TOP, .sequence = top_torn, .wrong = "the page just mapped: 0xffffffffffffffff" },
	{ MUTANT_B7_ENDLESS_GROWTH, .sequence = growth_without_memory, .wrong = "error: 0", .pages = 1 },
	{ MUTANT_B10_NO_DOWNGRADE, .sequence = smaller_inside, .wrong = "map's error: 0xc," },
	{ MUTANT_B11_STALE_REPLICAS, .sequence = smaller_inside_one_of_two, .wrong = "the other half: 0x500000" },
	{ MUTANT_B12_LARGE_AT_ZERO, .sequence = large_at_zero, .wrong = "the middle: 0xffffffffffffffff" },
	{ MUTANT_B14_HOLES, .sequence = unmap_nothing, .wrong = "bytes unmapped in a hole: 0x40000000" },
	{ MUTANT_B14_HOLES, .sequence = unmap_above, .wrong = "the page at 0: 0xffffffffffffffff" },
	{ MUTANT_B16_FREE_AT_ONCE, .sequence = larger_over, .wrong = "pages freed at once: 0x1" },
	{ MUTANT_NOT_ZEROED, .sequence = neighbour, .wrong = "the page beside: 0" },
	{ MUTANT_LOSER_KEEPS_OWN, .sequence = install_lost, .wrong = "the loser's page: 0xffffffffffffffff" },
	/* the 2019 body reads the slot again, whoever won: all that is lost is the page */
	{ MUTANT_LOSER_KEEPS_OWN, "lockless-2019", install_lost, .wrong = "pages allocated: 0x5, not 0x4" },
	{ MUTANT_EARLY_UNLOCK, .sequence = install_lost, .wrong = "the winner's page: 0xffffffffffffffff",
	  .alone = true },
	{ MUTANT_WRONG_REPLICAS, .sequence = replicas, .wrong = "the last 4K of 64K: 0xffffffffffffffff" },
	{ MUTANT_WRONG_REPLICAS, "lockless-2019", replicas, .wrong = "the last 4K of 64K: 0xffffffffffffffff" },
};

static void play(struct bench *b, const struct row *row, enum pt_mutant mutant)
{
	const char *name = row->engine ? row->engine : pt_mutants[row->mutant].engine;
	const struct pt_engine *genuine = pt_engine_find(name);
	struct pool_config config = { .limit_pages = row->pages };
	struct err err;

	memset(b, 0, sizeof(*b));
	memset(&meanwhile, 0, sizeof(meanwhile));
	meanwhile.kept_out = row->alone && !mutant;
	rounds = 0;
	assert_non_null(genuine);
	b->engine = pt_engine_lab(genuine);
	assert_int_equal(pool_create(&b->pool, &config, &err), 0);
	for (unsigned i = 0; i < 2; i++) {
		b->w[i].id = i;
		b->w[i].pages = pool_cache_create(b->pool, 0);
		assert_non_null(b->w[i].pages);
	}
	assert_int_equal(pt_create(&b->pt, genuine, &b->w[0]), 0);
	pt_mutant_on = mutant;
	row->sequence(b);
	pt_mutant_on = MUTANT_NONE;
}

static void put_away(struct bench *b)
{
	struct page_desc *next;

	pt_destroy(b->pt, &b->w[0]);
	for (unsigned i = 0; i < 2; i++) {
		for (struct page_desc *d = b->w[i].gather.head; d; d = next) {
			next = d->next;
			page_free(b->w[i].pages, d->page);
		}
		pool_cache_destroy(b->w[i].pages);
	}
	pool_destroy(b->pool);
}

static void test_shown(void **state)
{
	static struct bench b;
	const struct row *row = *state;

	play(&b, row, MUTANT_NONE);
	if (b.wrong[0])
		fail_msg("without the bug: %s", b.wrong);
	put_away(&b);
	play(&b, row, row->mutant);
	if (strncmp(b.wrong, row->wrong, strlen(row->wrong)))
		fail_msg("with the bug: \"%s\", not \"%s…\"", b.wrong, row->wrong);
	put_away(&b);
}

/*
 * A page given back twice: who looks (a sanitizer, or the pool where assert() is on) ends the process;
 * otherwise it is handed out twice from now on, and the count of pages is wrong.
 */
static void test_double_free(void **state)
{
	static const struct row row = { .mutant = MUTANT_DOUBLE_FREE, .sequence = install_lost };
	static struct bench b;
	int status;
	pid_t child;

	(void)state;
	play(&b, &row, MUTANT_NONE);
	assert_string_equal(b.wrong, "");
	put_away(&b);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(STDERR_FILENO);
		play(&b, &row, MUTANT_DOUBLE_FREE);
		_exit(b.wrong[0] != '\0');
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0]) + 1];
	size_t n = 0;

	for (; n < sizeof(rows) / sizeof(rows[0]); n++)
		tests[n] = (struct CMUnitTest){ pt_mutants[rows[n].mutant].name, test_shown, NULL, NULL,
						(void *)(uintptr_t)&rows[n] };
	tests[n++] = (struct CMUnitTest){ "double-free", test_double_free, NULL, NULL, NULL };
	return _cmocka_run_group_tests("mutants", tests, n, NULL, NULL);
}
