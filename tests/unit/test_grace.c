/*
 * Grace periods: no page is freed while anybody may still hold it, and all are freed in the end.
 *
 * page_free() is this file's own: it overwrites the page with poison (plainly, so that
 * ThreadSanitizer checks the order between the last reader and the free) and counts. The planted
 * bug skips the grace period: then the readers must find poison.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "mem/grace.h"

#define WORDS 16
#define POISON 0xdeadu
#define WORKERS 4
#define SLOTS 8

struct leaf {
	struct page_desc desc;
	bool freed;
	unsigned must_see; /* bit per worker that has to be quiescent or offline first */
	uint64_t word[WORDS];
};

struct pool_cache {
	struct leaf *reuse; /* freed leaves, linked through desc.next */
	size_t freed;
	size_t early;       /* freed although must_see was not empty */
};

void page_free(struct pool_cache *cache, void *page)
{
	struct leaf *leaf = page;

	assert_false(leaf->freed);
	leaf->freed = true;
	cache->early += leaf->must_see != 0;
	cache->freed++;
	for (unsigned i = 0; i < WORDS; i++)
		leaf->word[i] = POISON;
	leaf->desc.next = cache->reuse ? &cache->reuse->desc : NULL;
	cache->reuse = leaf;
}

static struct leaf *leaf_new(struct pool_cache *cache, uint64_t stamp)
{
	struct leaf *leaf = cache->reuse;

	if (leaf)
		cache->reuse = (struct leaf *)leaf->desc.next;
	else
		leaf = malloc(sizeof(*leaf));
	assert_non_null(leaf);
	*leaf = (struct leaf){ .desc.page = leaf };
	for (unsigned i = 0; i < WORDS; i++)
		leaf->word[i] = stamp;
	return leaf;
}

static void cache_empty(struct pool_cache *cache)
{
	while (cache->reuse) {
		struct leaf *leaf = cache->reuse;

		cache->reuse = (struct leaf *)leaf->desc.next;
		free(leaf);
	}
}

static size_t retire_one(struct grace_worker *w, struct leaf *leaf, struct pool_cache *cache)
{
	struct page_list list = { 0 };
	size_t freed;

	page_list_add(&list, &leaf->desc);
	freed = grace_retire(w, &list, cache);
	assert_int_equal(list.n, 0);
	assert_null(list.head);
	assert_null(list.tail);
	return freed;
}

/* Turns long enough for any number of advances, were they allowed. */
static size_t turns(struct grace_worker *w, struct pool_cache *cache)
{
	size_t freed = 0;

	for (unsigned i = 0; i < 20; i++) {
		grace_quiescent(w);
		freed += grace_poll(w, cache);
	}
	return freed;
}

static void online_worker_holds_pages_back(void **state)
{
	struct grace *g = grace_create(2);
	struct grace_worker *a = grace_worker(g, 0), *b = grace_worker(g, 1);
	struct pool_cache cache = { 0 };

	(void)state;
	grace_online(a);
	grace_online(b);
	retire_one(a, leaf_new(&cache, 1), &cache);
	assert_int_equal(turns(a, &cache), 0);
	assert_int_equal(grace_pending(a), 1);
	/* b must pass several quiescent states; a alone cannot replace them */
	for (unsigned i = 0; i < 3 && grace_pending(a); i++) {
		grace_quiescent(b);
		turns(a, &cache);
	}
	assert_int_equal(grace_pending(a), 0);
	assert_int_equal(cache.freed, 1);
	grace_offline(a);
	grace_offline(b);
	grace_destroy(g);
	cache_empty(&cache);
}

static void offline_worker_does_not_block(void **state)
{
	struct grace *g = grace_create(20); /* more than one scan step */
	struct grace_worker *a = grace_worker(g, 0), *b = grace_worker(g, 19);
	struct pool_cache cache = { 0 };

	(void)state;
	grace_online(a);
	grace_online(b);
	retire_one(a, leaf_new(&cache, 1), &cache);
	assert_int_equal(turns(a, &cache), 0);
	grace_offline(b);
	assert_int_equal(turns(a, &cache), 1);
	/* coming back holds back what is retired from now on */
	grace_online(b);
	retire_one(a, leaf_new(&cache, 2), &cache);
	assert_int_equal(turns(a, &cache), 0);
	grace_offline(b);
	assert_int_equal(turns(a, &cache), 1);
	grace_offline(a);
	grace_destroy(g);
	cache_empty(&cache);
}

static void drain_frees_everything(void **state)
{
	struct grace *g = grace_create(2);
	struct grace_worker *a = grace_worker(g, 0), *b = grace_worker(g, 1);
	struct pool_cache cache = { 0 };
	struct page_list empty = { 0 };

	(void)state;
	grace_online(a);
	grace_online(b);
	for (unsigned i = 0; i < 7; i++) {
		retire_one(a, leaf_new(&cache, i), &cache);
		grace_quiescent(a);
	}
	assert_int_equal(grace_retire(a, &empty, &cache), 0);
	assert_int_equal(grace_pending(a), 7);
	grace_offline(a);
	grace_offline(b);
	/* retiring while offline is allowed, too */
	retire_one(b, leaf_new(&cache, 9), &cache);
	assert_int_equal(grace_drain(a, &cache), 7);
	assert_int_equal(grace_drain(b, &cache), 1);
	assert_int_equal(cache.freed, 8);
	grace_destroy(g);
	cache_empty(&cache);
}

/*
 * Random calls of four workers from one thread, against the definition: a page may be freed once
 * every worker that was online when it was retired has been quiescent or offline since.
 */
struct model {
	struct grace *g;
	bool online[WORKERS];
	struct leaf *waiting[4096];
	size_t n;
	struct pool_cache cache;
};

static void model_passed(struct model *m, unsigned who)
{
	for (size_t i = 0; i < m->n; i++)
		m->waiting[i]->must_see &= ~(1u << who);
}

static void model_retire(struct model *m, unsigned who)
{
	struct leaf *leaf = leaf_new(&m->cache, 1);

	for (unsigned i = 0; i < WORKERS; i++)
		leaf->must_see |= (unsigned)m->online[i] << i;
	m->waiting[m->n++] = leaf;
	retire_one(grace_worker(m->g, who), leaf, &m->cache);
}

static void model_forget_freed(struct model *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!m->waiting[i]->freed)
			m->waiting[kept++] = m->waiting[i];
	m->n = kept;
	cache_empty(&m->cache);
}

static void model_step(struct model *m, unsigned who, unsigned what)
{
	struct grace_worker *w = grace_worker(m->g, who);

	if (what == 0) {
		if (m->online[who]) {
			model_passed(m, who);
			grace_offline(w);
		} else {
			grace_online(w);
		}
		m->online[who] = !m->online[who];
	} else if (what < 4 && m->n < 4000) {
		model_retire(m, who);
	} else if (m->online[who]) {
		model_passed(m, who);
		grace_quiescent(w);
	}
	grace_poll(w, &m->cache);
}

static void frees_match_the_definition(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	unsigned seed = 1;

	(void)state;
	assert_non_null(m);
	m->g = grace_create(WORKERS);
	for (unsigned i = 0; i < 100000; i++) {
		seed = seed * 1664525u + 1013904223u;
		model_step(m, seed >> 30, (seed >> 24) % 16);
		assert_int_equal(m->cache.early, 0);
		model_forget_freed(m);
	}
	assert_true(m->cache.freed > 5000);
	for (unsigned i = 0; i < WORKERS; i++)
		grace_offline(grace_worker(m->g, i));
	model_passed(m, 0), model_passed(m, 1), model_passed(m, 2), model_passed(m, 3);
	for (unsigned i = 0; i < WORKERS; i++)
		grace_drain(grace_worker(m->g, i), &m->cache);
	model_forget_freed(m);
	assert_int_equal(m->n, 0);
	grace_destroy(m->g);
	free(m);
}

/* ---- threads ---- */

struct stress {
	struct grace *g;
	_Atomic(struct leaf *) slot[SLOTS];
	_Atomic unsigned turn; /* of the planted bug's script */
	unsigned rounds;
	bool skip_grace; /* the planted bug */
};

struct actor {
	struct stress *s;
	unsigned id;
	size_t bad, reads;
	struct pool_cache cache;
};

/* True: all words of the page are the same stamp, and no poison. */
static bool leaf_intact(const struct leaf *leaf)
{
	uint64_t first = leaf->word[0];

	for (unsigned i = 0; i < WORDS; i++)
		if (leaf->word[i] != first || leaf->word[i] == POISON)
			return false;
	return true;
}

static void read_some(struct actor *a, unsigned *seed)
{
	for (unsigned i = 0; i < 8; i++) {
		struct leaf *leaf;

		*seed = *seed * 1664525u + 1013904223u;
		/* acquire: pairs with the writer's exchange */
		leaf = at_load(&a->s->slot[(*seed >> 20) % SLOTS], acquire);
		if ((*seed >> 28) == 0)
			sched_yield();
		a->bad += !leaf_intact(leaf);
		a->reads++;
	}
}

static void replace_one(struct actor *a, struct grace_worker *w, unsigned seed)
{
	struct leaf *leaf = leaf_new(&a->cache, seed | 1u << 31);

	/* acq_rel: release publishes the words, acquire takes over those of the old leaf */
	leaf = at_xchg(&a->s->slot[(seed >> 20) % SLOTS], leaf, acq_rel);
	retire_one(w, leaf, &a->cache);
}

static void *stress_actor(void *arg)
{
	struct actor *a = arg;
	struct grace_worker *w = grace_worker(a->s->g, a->id);
	unsigned seed = a->id + 1;

	grace_online(w);
	for (unsigned i = 0; i < a->s->rounds; i++) {
		read_some(a, &seed);
		if (a->id < 2)
			replace_one(a, w, seed);
		if (seed >> 27 == 1) {
			grace_offline(w);
			sched_yield();
			grace_online(w);
		} else {
			grace_quiescent(w);
		}
	}
	grace_offline(w);
	return NULL;
}

static void stress_with(unsigned threads, unsigned rounds)
{
	struct stress s = { .g = grace_create(threads), .rounds = rounds };
	struct actor actor[WORKERS];
	pthread_t thread[WORKERS];
	size_t freed = 0;

	memset(actor, 0, sizeof(actor));
	for (unsigned i = 0; i < SLOTS; i++)
		at_init(&s.slot[i], leaf_new(&actor[0].cache, i));
	for (unsigned i = 0; i < threads; i++) {
		actor[i].s = &s;
		actor[i].id = i;
		assert_int_equal(pthread_create(&thread[i], NULL, stress_actor, &actor[i]), 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < threads; i++) {
		assert_int_equal(actor[i].bad, 0);
		freed += actor[i].cache.freed;
	}
	/* the grace periods did end while the threads ran */
	assert_true(freed > 0);
	for (unsigned i = 0; i < threads; i++)
		freed += grace_drain(grace_worker(s.g, i), &actor[i].cache);
	assert_int_equal(freed, 2 * rounds);
	for (unsigned i = 0; i < SLOTS; i++)
		free(at_load(&s.slot[i], relaxed));
	for (unsigned i = 0; i < threads; i++)
		cache_empty(&actor[i].cache);
	grace_destroy(s.g);
}

static void readers_never_see_poison(void **state)
{
	(void)state;
	stress_with(2, 20000);
	stress_with(3, 20000);
	stress_with(4, 20000);
}

/* A reader that holds a leaf while the writer takes it away, in lockstep. */
static void wait_turn(struct stress *s, unsigned turn)
{
	while (at_load(&s->turn, acquire) != turn)
		sched_yield();
}

static void *scripted_reader(void *arg)
{
	struct actor *a = arg;
	struct grace_worker *w = grace_worker(a->s->g, 1);
	struct leaf *leaf;

	grace_online(w);
	leaf = at_load(&a->s->slot[0], acquire);
	at_store(&a->s->turn, 1, release);
	wait_turn(a->s, 2);
	a->bad += !leaf_intact(leaf);
	grace_offline(w);
	return NULL;
}

/* Returns the number of times the reader found poison. */
static size_t scripted(bool skip_grace)
{
	struct stress s = { .g = grace_create(2), .skip_grace = skip_grace };
	struct actor reader = { .s = &s };
	struct pool_cache cache = { 0 };
	struct grace_worker *w = grace_worker(s.g, 0);
	pthread_t thread;
	struct leaf *old;

	at_init(&s.slot[0], leaf_new(&cache, 1));
	assert_int_equal(pthread_create(&thread, NULL, scripted_reader, &reader), 0);
	grace_online(w);
	wait_turn(&s, 1);
	old = at_xchg(&s.slot[0], leaf_new(&cache, 2), acq_rel);
	if (s.skip_grace)
		page_free(&cache, old);
	else
		retire_one(w, old, &cache);
	turns(w, &cache);
	at_store(&s.turn, 2, release);
	pthread_join(thread, NULL);
	grace_offline(w);
	grace_drain(w, &cache);
	assert_int_equal(cache.freed, 1);
	free(at_load(&s.slot[0], relaxed));
	cache_empty(&cache);
	grace_destroy(s.g);
	return reader.bad;
}

static void skipped_grace_is_caught(void **state)
{
	(void)state;
	assert_int_equal(scripted(false), 0);
	assert_int_equal(scripted(true), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(online_worker_holds_pages_back),
		cmocka_unit_test(offline_worker_does_not_block),
		cmocka_unit_test(drain_frees_everything),
		cmocka_unit_test(frees_match_the_definition),
		cmocka_unit_test(readers_never_see_poison),
		cmocka_unit_test(skipped_grace_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
