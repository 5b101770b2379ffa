/* Ranges that go from worker to worker: what comes along with them, and whether all come back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/ring.h"
#include "iova/iova.h"
#include "stat/stat.h"

#define PAGE (1ull << IOVA_PAGE_LG2)
#define WORKERS 2u
#define SPACE_LG2 22u
#define PAGES (1u << (SPACE_LG2 - IOVA_PAGE_LG2))
#ifdef IOPT_SANITIZED
#define TURNS 1500u
#define CLAIMS 300u
#else
#define TURNS 4000u
#define CLAIMS 3000u
#endif
#define MANY 10 /* times that, where nobody waits for a lock whose owner does not run */
#define HELD 24u

/* One kind under test. Memory that its owners write without atomics: a stale look is a data race. */
static struct iova *a;
static uint64_t tag[PAGES];       /* of who owns the page; 0: nobody */
static unsigned char built[PAGES]; /* by prepare() */
static _Atomic uint32_t building, errors, done;
static struct ring *rings[WORKERS]; /* ranges for worker i to free: first page << 16 | pages */
static pthread_barrier_t gate;
static unsigned turns; /* of each worker */

static void expect(bool good)
{
	if (!good)
		at_add(&errors, 1, relaxed);
}

static int build(void *ctx, uint64_t iova, uint64_t bytes)
{
	(void)ctx;
	expect(!at_xchg(&building, 1, relaxed));
	for (uint64_t page = iova / PAGE; page < (iova + bytes) / PAGE; page++) {
		expect(!tag[page]); /* before anybody has it */
		built[page] = 1;
	}
	expect(at_xchg(&building, 0, relaxed) == 1);
	return 0;
}

/* 0: no room. */
static uint32_t take(struct iova_worker *w, uint64_t pages, uint64_t mine)
{
	uint64_t first = iova_alloc(w, pages, IOVA_NONE) / PAGE;

	if (!first)
		return 0;
	pages = iova_rounded(pages);
	for (uint64_t i = first; i < first + pages; i++) {
		expect(!tag[i]);
		expect(!w->kind->eager || built[i]);
		tag[i] = mine;
	}
	return (uint32_t)(first << 16 | pages);
}

static void give(struct iova_worker *w, uint32_t range)
{
	uint32_t first = range >> 16, pages = range & 0xffff;
	uint64_t mine = tag[first];

	for (uint32_t i = first; i < first + pages; i++) {
		expect(mine && tag[i] == mine);
		tag[i] = 0;
	}
	iova_free(w, first * PAGE, pages);
}

/* Takes, and hands every second range to the next worker, who frees it. */
static void *pass_on(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	struct iova_worker *w = iova_worker(a, id);
	struct ring *in = rings[id], *out = rings[(id + 1) % WORKERS];
	uint32_t held[HELD] = { 0 }, range;
	uint64_t rng = id + 1;

	pthread_barrier_wait(&gate);
	for (unsigned turn = 0; turn < turns; turn++) {
		uint32_t *slot = &held[stat_below(&rng, HELD)];
		uint64_t pages = 1ull << stat_below(&rng, 6);

		if (*slot && (stat_below(&rng, 2) || !ring_push(out, slot, 1)))
			give(w, *slot);
		*slot = take(w, stat_below(&rng, 16) ? pages : 33 + stat_below(&rng, 100), ((uint64_t)turn << 2) + id + 1);
		while (ring_pop(in, &range, 1))
			give(w, range);
	}
	for (unsigned i = 0; i < HELD; i++)
		if (held[i])
			give(w, held[i]);
	pthread_barrier_wait(&gate);
	while (ring_pop(in, &range, 1))
		give(w, range);
	return NULL;
}

static void run(void *(*work)(void *), unsigned each)
{
	pthread_t t[WORKERS];

	turns = each;
	pthread_barrier_init(&gate, NULL, WORKERS);
	for (uintptr_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, work, (void *)i), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&gate);
	assert_int_equal(at_load(&errors, relaxed), 0);
}

/* Every page but the first is there to be had, by somebody. */
static void all_free(void)
{
	unsigned n = 0, none = 0;

	iova_drain(a);
	assert_int_equal(iova_cached(a), 0);
	for (unsigned i = 0; none < WORKERS; i = (i + 1) % WORKERS) {
		bool got = iova_alloc(iova_worker(a, i), 1, IOVA_NONE) != IOVA_NONE;

		none = got ? 0 : none + 1;
		n += got;
	}
	assert_int_equal(n, PAGES - 1);
}

static void create(const char *kind, uint64_t window_bytes, unsigned space_lg2)
{
	struct iova_config config = { WORKERS, window_bytes, space_lg2, build };

	memset(tag, 0, sizeof(tag));
	memset(built, 0, sizeof(built));
	at_store(&errors, 0, relaxed);
	assert_int_equal(iova_create(&a, iova_kind_find(kind), &config), 0);
}

static void pass_on_with(const char *kind, unsigned each)
{
	struct iova_count sum = { 0 };

	create(kind, 1ull << 20, SPACE_LG2);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_non_null(rings[i] = ring_create(64));
	run(pass_on, each);
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct iova_count *n = &iova_worker(a, i)->n;

		assert_int_equal(n->allocated + n->failed, turns);
		sum.allocated += n->allocated;
		sum.freed += n->freed;
		sum.pages_allocated += n->pages_allocated;
		sum.pages_freed += n->pages_freed;
		sum.shared += n->shared;
		sum.prepared_bytes += n->prepared_bytes;
		free(rings[i]);
	}
	assert_int_equal(sum.allocated, sum.freed);
	assert_int_equal(sum.pages_allocated, sum.pages_freed);
	assert_true(sum.shared > 0);
	assert_int_equal(!sum.prepared_bytes, strcmp(kind, "eager") != 0);
	all_free();
	iova_destroy(a);
}

static void test_rcache(void **state)
{
	(void)state;
	pass_on_with("rcache", TURNS);
}

static void test_eager(void **state)
{
	(void)state;
	pass_on_with("eager", TURNS);
}

static void test_percpu(void **state)
{
	(void)state;
	pass_on_with("percpu", MANY * TURNS);
}

static void test_bitmap(void **state)
{
	(void)state;
	pass_on_with("bitmap", MANY * TURNS);
}

/*
 * One takes the upper half, 4096 words from below, the other its highest word: a claim that looked good
 * fails at the end. Whoever has that word has tag[0].
 */
#define HALF_PAGES (1ull << 18)
#define TOP (2 * HALF_PAGES * PAGE)

static void *fight(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	struct iova_worker *w = iova_worker(a, id);
	uint64_t pages = id ? HALF_PAGES : 64, iova;

	pthread_barrier_wait(&gate);
	for (unsigned turn = 0; id ? turn < turns : !at_load(&done, relaxed); turn++) { /* only when to stop */
		iova = iova_alloc(w, pages, IOVA_NONE);
		if (iova + pages * PAGE == TOP) {
			expect(!tag[0]);
			tag[0] = id + 1;
			expect(tag[0] == id + 1);
			tag[0] = 0;
		}
		if (iova)
			iova_free(w, iova, pages);
	}
	at_store(&done, 1, relaxed);
	return NULL;
}

static void test_bitmap_roll_back(void **state)
{
	uint64_t n = 0;

	(void)state;
	create("bitmap", TOP, 31);
	run(fight, CLAIMS);
	while (iova_alloc(iova_worker(a, 0), 1, IOVA_NONE))
		n++;
	assert_int_equal(n, 2 * HALF_PAGES - 1);
	iova_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rcache), cmocka_unit_test(test_eager), cmocka_unit_test(test_percpu),
		cmocka_unit_test(test_bitmap), cmocka_unit_test(test_bitmap_roll_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
