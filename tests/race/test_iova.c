/*
 * Allocators under threads: never two owners for a page, by a map that no allocator knows. Sizes are
 * mixed, and every other range is freed by another worker than the one that got it. The window is
 * small, so that it runs full and the space beyond it is used as well.
 *
 * With more threads than CPUs a queued spinlock waits for waiters that do not run, so a thread does
 * what it can in its time.
 */
#include "../unit/made_owners.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the headers that it needs */
#include <cmocka.h>

#include <pthread.h>

#include "../unit/made_random.h"
#include "sys/clock.h"

#define THREADS 8u
#define TIME_NS 100000000u
#define OPS_MIN 10u /* however long they take */
#define LIVE 16u  /* ranges that a thread holds at most */
#define BOXES 16u
#define WINDOW_LG2 22u
#ifdef IOPT_SANITIZED
#define OPS 4000u /* of each thread */
#else
#define OPS 20000u
#endif

struct range {
	uint64_t iova;
	uint32_t pages, who; /* who got it */
};

struct scene {
	struct iova *allocator;
	struct owners owners;
	unsigned threads;
	bool one_way; /* even workers allocate, odd ones free */
	uint64_t until;
	/* a range on its way to another worker: page << 24 | pages << 8 | who; 0: none */
	alignas(CACHE_ALIGN) _Atomic uint64_t box[BOXES];
};

struct hand {
	struct scene *s;
	struct iova_worker *w;
	unsigned id, n;
	uint64_t random;
	uint64_t pages, none; /* got less freed; calls that found no room */
	struct range live[LIVE];
};

static uint32_t some_size(uint64_t random)
{
	static const uint32_t sizes[] = { 1, 1, 1, 1, 1, 2, 2, 3, 4, 7, 8, 16, 17, 32, 33, 64, 100, 512 };

	return sizes[random % (sizeof(sizes) / sizeof(sizes[0]))];
}

static void get_one(struct hand *h, uint64_t random)
{
	uint32_t pages = some_size(random >> 8);
	uint64_t iova = iova_alloc(h->w, pages, 0);

	if (iova == IOVA_NONE) {
		h->none++;
		return;
	}
	owners_take(&h->s->owners, h->id, iova, pages);
	h->live[h->n++] = (struct range){ iova, pages, h->id };
}

static void free_range(struct hand *h, struct range r)
{
	if (!r.iova)
		return;
	owners_give(&h->s->owners, r.who, r.iova, r.pages);
	iova_free(h->w, r.iova, r.pages);
}

/* Leave this one for whoever comes next, and have what lay there. */
static struct range swapped(struct hand *h, struct range r, uint64_t random)
{
	uint64_t packed = r.iova >> IOVA_PAGE_LG2 << 24 | (uint64_t)r.pages << 8 | r.who;

	/* release: what we did with the range; acquire: what its owner did */
	packed = at_xchg(&h->s->box[random % BOXES], packed, acq_rel);
	return (struct range){ packed >> 24 << IOVA_PAGE_LG2, packed >> 8 & 0xffff, packed & 0xff };
}

/* As a network driver's two sides: ranges pile up where they are freed, and are missing elsewhere. */
static void pass_one(struct hand *h, uint64_t random)
{
	struct range none = { 0 };

	if (h->id % 2)
		free_range(h, swapped(h, none, random));
	else if (!h->n)
		get_one(h, random & 0xff); /* a page */
	else
		free_range(h, swapped(h, h->live[--h->n], random));
}

static void *work(void *arg)
{
	struct hand *h = arg;

	for (unsigned i = 0; i < OPS && (i < OPS_MIN || clock_monotonic_ns() < h->s->until); i++) {
		uint64_t random = made_random(&h->random);

		if (h->s->one_way) {
			pass_one(h, random);
			continue;
		}
		if (!h->n || (h->n < LIVE && random & 1)) {
			get_one(h, random);
			continue;
		}
		unsigned at = (unsigned)(random >> 8) % h->n;
		struct range r = h->live[at];

		h->live[at] = h->live[--h->n];
		free_range(h, random & 2 ? swapped(h, r, random >> 32) : r);
	}
	return NULL;
}

/* The counts of all workers say that nothing is out. */
static void check_counts(const struct hand *hands, unsigned threads)
{
	uint64_t got = 0, freed = 0, pages_got = 0, pages_freed = 0;

	for (unsigned i = 0; i < threads; i++) {
		const struct iova_count *n = &hands[i].w->n;

		assert_int_equal(n->failed, hands[i].none);
		got += n->allocated;
		freed += n->freed;
		pages_got += n->pages_allocated;
		pages_freed += n->pages_freed;
	}
	assert_true(got > 0);
	assert_int_equal(got, freed);
	assert_int_equal(pages_got, pages_freed);
}

static void run_threads(struct scene *s, struct hand *hands)
{
	pthread_t threads[THREADS];

	s->until = s->threads > 1 ? clock_monotonic_ns() + TIME_NS : UINT64_MAX;
	for (unsigned i = 0; i < s->threads; i++) {
		hands[i] = (struct hand){ .s = s, .w = iova_worker(s->allocator, i), .id = i,
					  .random = 1000 + i };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &hands[i]), 0);
	}
	for (unsigned i = 0; i < s->threads; i++)
		pthread_join(threads[i], NULL);
	/* what is left: by one thread, which waits for nobody */
	for (unsigned i = 0; i < s->threads; i++)
		while (hands[i].n)
			free_range(&hands[i], hands[i].live[--hands[i].n]);
	for (unsigned i = 0; i < BOXES; i++)
		free_range(hands, swapped(hands, (struct range){ 0 }, i));
}

static void open_scene(struct scene *s, const struct iova_kind *kind, unsigned threads, unsigned space_lg2,
		       bool touch)
{
	unsigned window_lg2 = space_lg2 < WINDOW_LG2 ? space_lg2 : WINDOW_LG2;
	struct iova_config config = { .workers = threads, .window_bytes = 1ull << window_lg2,
				      .space_lg2 = space_lg2 };

	memset(s, 0, sizeof(*s));
	s->threads = threads;
	assert_int_equal(owners_init(&s->owners, 1ull << (space_lg2 - IOVA_PAGE_LG2), touch), 0);
	assert_int_equal(iova_create(&s->allocator, kind, &config), 0);
}

static void close_scene(struct scene *s)
{
	iova_destroy(s->allocator);
	owners_free(&s->owners);
}

static void never_two(const struct iova_kind *kind, unsigned threads, unsigned space_lg2, bool one_way)
{
	static struct hand hands[THREADS];
	static struct scene s;

	open_scene(&s, kind, threads, space_lg2, true);
	s.one_way = one_way;
	run_threads(&s, hands);
	if (s.owners.twice || s.owners.lost || s.owners.wrong)
		fail_msg("%s: %llu pages twice, %llu lost, %llu ranges wrong", kind->name,
			 (unsigned long long)s.owners.twice, (unsigned long long)s.owners.lost,
			 (unsigned long long)s.owners.wrong);
	check_counts(hands, threads);
	iova_drain(s.allocator);
	assert_int_equal(iova_cached(s.allocator), 0);
	/* all is free, so that a large range can be had, as large as a kind with arenas may have it */
	assert_true(iova_alloc(hands[0].w, s.owners.pages / 32, 0) != IOVA_NONE);
	close_scene(&s);
}

static void never_two_owners(void **state)
{
	(void)state;
	for (const struct iova_kind *const *k = iova_kinds + 1; *k; k++) { /* `fixed` owns nothing */
		never_two(*k, THREADS, 26, false);
		never_two(*k, 2, 26, false);
		never_two(*k, 4, 26, true);
		never_two(*k, 2, 20, false); /* the window is all there is: full most of the time */
	}
}

/* The map sees it: a range given out twice, and one that lies a page too low. */
static void a_wrong_allocator_is_caught(void **state)
{
	static struct hand hands[THREADS];
	static struct scene s;

	(void)state;
	open_scene(&s, &made_overlapping, 1, 26, false);
	run_threads(&s, hands);
	assert_true(s.owners.twice > 0);
	assert_true(s.owners.lost > 0);
	close_scene(&s);
	open_scene(&s, &made_crooked, 1, 26, false);
	run_threads(&s, hands);
	assert_true(s.owners.wrong > 0);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_two_owners),
		cmocka_unit_test(a_wrong_allocator_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
