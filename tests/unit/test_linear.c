/*
 * Linearizability of recorded histories: by hand, against a search through all sequences, and large.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/linear.h"
#include "stat/stat.h"
#include "sys/clock.h"

#define ABSENT LINEAR_ABSENT
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static struct linear_event put(uint64_t from, uint64_t to, uint64_t value)
{
	return (struct linear_event){ .page = 7, .from = from, .to = to, .value = value, .write = true };
}

static struct linear_event get(uint64_t from, uint64_t to, uint64_t value)
{
	return (struct linear_event){ .page = 7, .from = from, .to = to, .value = value, .thread = 1 };
}

static struct linear_verdict judge(struct linear_event *e, size_t n, uint64_t slack)
{
	struct linear_log log = { .event = e, .n = n, .max = n };
	struct linear_verdict v;
	struct err err = { 0 };

	assert_int_equal(linear_check(&log, 1, slack, &v, &err), 0);
	return v;
}

#define JUDGE(slack, ...)                                                                           \
	judge((struct linear_event[]){ __VA_ARGS__ },                                               \
	      sizeof((struct linear_event[]){ __VA_ARGS__ }) / sizeof(struct linear_event), slack)

static void test_good(void **state)
{
	struct linear_verdict v;

	(void)state;
	v = judge(NULL, 0, 0);
	assert_true(v.ok);
	assert_int_equal(v.events, 0);
	assert_true(JUDGE(0, get(1, 2, ABSENT)).ok);
	v = JUDGE(0, put(10, 20, 1), get(5, 12, ABSENT), get(11, 12, 1), get(13, 30, 1), get(21, 22, 1),
		  put(40, 50, ABSENT), get(45, 46, 1), get(45, 60, ABSENT), get(51, 52, ABSENT));
	assert_true(v.ok);
	assert_int_equal(v.events, 9);
	assert_int_equal(v.pages, 1);
	assert_int_equal(v.writes, 2);
	assert_int_equal(v.reads, 7);
	assert_int_equal(v.overlapping, 5);
	/* one that lasts may see any of the writes beside it */
	for (uint64_t value = 1; value <= 3; value++)
		assert_true(JUDGE(0, put(10, 20, 1), put(30, 40, 2), put(50, 60, 3),
				  get(25, 55, value)).ok);
	/* lookups beside each other may see things in either order */
	assert_true(JUDGE(0, put(10, 50, 1), get(20, 30, 1), get(25, 40, ABSENT)).ok);
	/* absent, mapped, absent again: one after the other they may see all of that */
	assert_true(JUDGE(0, put(10, 20, 1), put(30, 40, ABSENT), get(15, 16, ABSENT), get(17, 32, 1),
			  get(33, 34, ABSENT)).ok);
}

static void test_bad(void **state)
{
	struct linear_verdict v;

	(void)state;
	/* stale */
	v = JUDGE(0, put(10, 20, 1), put(30, 40, 2), get(41, 50, 1));
	assert_false(v.ok);
	assert_false(v.other_is_read);
	assert_int_equal(v.read.from, 41);
	assert_int_equal(v.before.value, 2);
	assert_int_equal(v.other.value, 1);
	/* lost: mapped, and yet not there */
	v = JUDGE(0, put(10, 20, 1), get(21, 22, ABSENT));
	assert_false(v.ok);
	assert_int_equal(v.before.value, 1);
	/* of the future */
	v = JUDGE(0, get(1, 5, 1), put(10, 20, 1));
	assert_false(v.ok);
	assert_int_equal(v.before.value, ABSENT);
	assert_int_equal(v.other.from, 10);
	/* stray */
	v = JUDGE(0, put(10, 20, 1), get(21, 22, 9), put(30, 40, 2));
	assert_false(v.ok);
	assert_int_equal(v.before.value, 1);
	/* after an unmap has returned */
	assert_false(JUDGE(0, put(10, 20, 1), put(30, 40, ABSENT), get(50, 60, 1)).ok);
	/* the first of many */
	v = JUDGE(0, put(10, 20, 1), get(70, 80, 3), get(50, 60, 3), get(90, 91, 3));
	assert_false(v.ok);
	assert_int_equal(v.read.from, 50);
}

static void test_inversion(void **state)
{
	struct linear_verdict v;

	(void)state;
	v = JUDGE(0, put(10, 50, 1), get(20, 30, 1), get(35, 40, ABSENT));
	assert_false(v.ok);
	assert_true(v.other_is_read);
	assert_int_equal(v.read.from, 35);
	assert_int_equal(v.other.from, 20);
	assert_int_equal(v.before.value, ABSENT);
	/* beside each other it is none */
	assert_true(JUDGE(0, put(10, 50, 1), get(20, 36, 1), get(35, 40, ABSENT)).ok);
	/* the same value twice: the earlier lookup need not have seen the later write */
	assert_true(JUDGE(0, put(10, 20, 1), put(30, 90, 2), put(100, 190, 1), get(25, 110, 1),
			  get(120, 130, 2)).ok);
}

static void test_two_writers(void **state)
{
	struct linear_verdict v = JUDGE(0, put(10, 20, 1), put(15, 30, 2));

	(void)state;
	assert_false(v.ok);
	assert_true(v.read.write);
	assert_int_equal(v.read.value, 2);
	assert_int_equal(v.before.value, 1);
	assert_true(JUDGE(5, put(10, 20, 1), put(15, 30, 2)).ok);
	assert_false(JUDGE(4, put(10, 20, 1), put(15, 30, 2)).ok);
	assert_true(JUDGE(0, put(10, 20, 1), put(20, 30, 2)).ok);
}

static void test_slack(void **state)
{
	(void)state;
	/* began 5 ticks after the write had ended: with clocks that far apart it may be beside it */
	for (uint64_t slack = 0; slack < 10; slack++) {
		assert_int_equal(JUDGE(slack, put(10, 20, 1), get(25, 30, ABSENT)).ok, slack >= 5);
		assert_int_equal(JUDGE(slack, get(10, 20, 1), put(25, 30, 1)).ok, slack >= 5);
		assert_int_equal(JUDGE(slack, put(1, 50, 1), get(10, 20, 1), get(25, 30, ABSENT)).ok,
				 slack >= 5);
	}
	/* stamps that step back within an operation */
	assert_true(JUDGE(0, put(20, 10, 1), get(30, 15, ABSENT)).ok);
}

/* The oracle: is there a sequence that respects who came before whom and is legal? */
struct search {
	struct linear_event *e;
	size_t n;
	uint64_t slack;
};

static bool precedes(const struct search *s, size_t a, size_t b)
{
	if (s->e[a].write && s->e[b].write) /* an owner's writes have an order */
		return s->e[a].from < s->e[b].from;
	return s->e[a].to + s->slack < s->e[b].from;
}

static bool search(const struct search *s, unsigned done, uint64_t value)
{
	if (done == (1u << s->n) - 1)
		return true;
	for (size_t i = 0; i < s->n; i++) {
		bool next = !(done >> i & 1);

		for (size_t j = 0; next && j < s->n; j++)
			next = done >> j & 1 || j == i || !precedes(s, j, i);
		if (next && (s->e[i].write || s->e[i].value == value) &&
		    search(s, done | 1u << i, s->e[i].write ? s->e[i].value : value))
			return true;
	}
	return false;
}

static uint64_t random_value(uint64_t *rng)
{
	uint64_t v = stat_below(rng, 3);

	return v ? v : ABSENT;
}

/* All stamps differ; writes follow each other. */
static size_t random_history(uint64_t *rng, struct linear_event *e)
{
	size_t writes = stat_below(rng, 4), reads = 1 + stat_below(rng, 4), n = 2 * (writes + reads);
	uint64_t time[16];

	for (size_t i = 0; i < n; i++)
		time[i] = (i ? time[i - 1] : 10) + 1 + stat_below(rng, 3);
	for (size_t i = 0; i < n; i++) { /* shuffle */
		size_t j = i + stat_below(rng, n - i);
		uint64_t t = time[i];

		time[i] = time[j];
		time[j] = t;
	}
	for (size_t i = 0; i < 2 * writes; i++) /* sort what belongs to the writes */
		for (size_t j = i + 1; j < 2 * writes; j++)
			if (time[j] < time[i]) {
				uint64_t t = time[i];

				time[i] = time[j];
				time[j] = t;
			}
	for (size_t i = 0; i < writes + reads; i++) {
		uint64_t a = time[2 * i], b = time[2 * i + 1];

		e[i] = (i < writes ? put : get)(a < b ? a : b, a < b ? b : a, random_value(rng));
	}
	return writes + reads;
}

static void test_against_search(void **state)
{
	uint64_t rng = 5;
	size_t bad = 0, inversions = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct linear_event e[8], copy[8];
		struct search s = { .e = e, .n = random_history(&rng, e), .slack = stat_below(&rng, 4) };
		bool want = search(&s, 0, ABSENT);
		struct linear_verdict v;

		memcpy(copy, e, sizeof(e));
		v = judge(copy, s.n, s.slack);
		bad += !v.ok;
		inversions += !v.ok && v.other_is_read;
		if (v.ok == want)
			continue;
		for (size_t k = 0; k < s.n; k++)
			print_error("%s [%u, %u] %d\n", e[k].write ? "put" : "get", (unsigned)e[k].from,
				    (unsigned)e[k].to, (int)e[k].value);
		fail_msg("history %u, slack %u: want %d, got %d", i, (unsigned)s.slack, want, v.ok);
	}
	/* both kinds, and enough of them, or this proves nothing */
	assert_in_range(bad, 10000, 90000);
	assert_in_range(inversions, 300, 90000);
}

/* Pages are independent: many small histories at once are as good as the worst of them. */
static void test_pages(void **state)
{
	uint64_t rng = 77;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct linear_event e[24];
		size_t n = 0;
		bool ok = true;

		for (uint64_t page = 0; page < 3; page++) {
			struct linear_event one[8];
			size_t k = random_history(&rng, one);

			for (size_t j = 0; j < k; j++) {
				one[j].page = page;
				e[n++] = one[j];
			}
			ok &= judge(one, k, 1).ok;
		}
		assert_int_equal(judge(e, n, 1).ok, ok);
		assert_int_equal(judge(e, n, 1).pages, 3);
	}
}

#define LARGE 1000000u
#define LARGE_PAGES 5u

/* Four readers beside an owner, in time steps of one operation each; every lookup sees what is there. */
static void large_history(struct linear_log *logs)
{
	uint64_t rng = 3, value[LARGE_PAGES], t = 1000, serial = 0;

	for (size_t i = 0; i < LARGE_PAGES; i++)
		value[i] = ABSENT;
	for (size_t i = 0; i < LARGE / 5; i++, t += 100) {
		uint64_t page = stat_below(&rng, LARGE_PAGES), old = value[page];
		struct linear_event *e = &logs[0].event[logs[0].n++];

		value[page] = old == ABSENT ? ++serial : ABSENT;
		*e = put(t, t + 60, value[page]);
		e->page = page;
		for (unsigned r = 1; r < 5; r++) {
			uint64_t of = stat_below(&rng, LARGE_PAGES);
			bool early = stat_below(&rng, 2);

			e = &logs[r].event[logs[r].n++];
			*e = get(t + 20 * early, t + (early ? 40 : 90), of == page && early ? old : value[of]);
			e->page = of;
			e->thread = r;
		}
	}
}

static void test_large(void **state)
{
	struct linear_log logs[5] = { 0 };
	struct linear_verdict v;
	struct err err = { 0 };
	struct linear_event *e;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		logs[i].max = LARGE / 5;
		logs[i].event = calloc(logs[i].max, sizeof(*logs[i].event));
		assert_non_null(logs[i].event);
	}
	large_history(logs);
	assert_int_equal(linear_check(logs, 5, 0, &v, &err), 0);
	assert_true(v.ok);
	assert_int_equal(v.events, LARGE);
	assert_int_equal(v.pages, LARGE_PAGES);
	assert_true(v.overlapping > LARGE / 10);
	/* one stale lookup among them */
	e = &logs[3].event[123456];
	while (e->value == ABSENT || e->value < 100)
		e++;
	e->value -= 20;
	assert_int_equal(linear_check(logs, 5, 0, &v, &err), 0);
	assert_false(v.ok);
	assert_int_equal(v.read.from, e->from);
	assert_int_equal(v.read.thread, 3);
	for (unsigned i = 0; i < 5; i++)
		free(logs[i].event);
}

static void expect_words(const struct linear_verdict *v, const char *want)
{
	char text[1000] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	linear_explain(v, f);
	fclose(f);
	assert_string_equal(text, want);
}

static void test_words(void **state)
{
	struct linear_verdict v;

	(void)state;
	v = JUDGE(0, put(10, 20, 1), put(30, 40, 2), get(41, 50, 1));
	expect_words(&v, "iova 0x7000: a lookup returned what had been replaced before it began\n"
			 "  before:  [20 ns, 30 ns] thread 0 mapped: pa 0x2000\n"
			 "  its own: [0 ns, 10 ns] thread 0 mapped: pa 0x1000\n"
			 "  lookup:  [31 ns, 40 ns] thread 1 looked up: pa 0x1000\n");
	v = JUDGE(0, put(10, 50, 1), get(20, 30, 1), get(35, 40, ABSENT));
	expect_words(&v, "iova 0x7000: a lookup went back behind what an earlier one had seen\n"
			 "  before:  nothing was mapped there before the history began\n"
			 "  earlier: [0 ns, 10 ns] thread 1 looked up: pa 0x1000\n"
			 "  lookup:  [15 ns, 20 ns] thread 1 looked up: absent\n");
	v = JUDGE(0, put(10, 20, 1), put(15, 30, 2));
	expect_words(&v, "iova 0x7000: two writers at once: a page has one owner\n"
			 "  first:   [0 ns, 10 ns] thread 0 mapped: pa 0x1000\n"
			 "  second:  [5 ns, 20 ns] thread 0 mapped: pa 0x2000\n");
	v = JUDGE(0, put(10, 20, 1), get(30, 40, ABSENT));
	expect_words(&v, "iova 0x7000: a lookup found nothing where something was mapped\n"
			 "  before:  [0 ns, 10 ns] thread 0 mapped: pa 0x1000\n"
			 "  its own: nothing was mapped there before the history began\n"
			 "  lookup:  [20 ns, 30 ns] thread 1 looked up: absent\n");
	v = JUDGE(0, put(10, 20, 1), get(15, 16, 1));
	expect_words(&v, "linearizable: 1 lookups of 1 pages beside 1 writes, 1 of them overlapped one\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	    cmocka_unit_test(test_bad),
		cmocka_unit_test(test_inversion),   cmocka_unit_test(test_two_writers),
		cmocka_unit_test(test_slack),	    cmocka_unit_test(test_against_search),
		cmocka_unit_test(test_pages),	    cmocka_unit_test(test_large),
		cmocka_unit_test(test_words),
	};

	clock_facts.ns_per_tick = 1; /* the words are in nanoseconds */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
