/*
 * Several workers invalidate at once: each range comes back exactly once and to whom it belongs, with
 * its tables, and not before a flush that began after it was queued.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iotlb/flush.h"
#include "sys/clock.h"

#define WORKERS 4u
#define RANGES 4000u /* of each worker, at most */

struct hand {
	struct flush *f;
	unsigned id, ranges;
	struct page_desc *table;  /* one for every range with an odd number */
	unsigned char *back;      /* by range: how often it came back */
	uint64_t now, later, foreign, tables, twice;
	pthread_t thread;
};

static void came_back(struct hand *h, const struct flush_range *r)
{
	if (r->iova >> 40 != h->id + 1u || r->pages != 1 + r->tag % 7)
		h->foreign++;
	else
		h->back[r->tag]++;
}

static void count_tables(struct hand *h, const struct page_list *list)
{
	for (struct page_desc *d = list->head; d; d = d->next) {
		h->tables++;
		h->twice += d->mark++ != 0;
	}
}

static void take(struct hand *h, struct flush_worker *w)
{
	struct flush_range out[16];
	struct page_list list = { 0 };
	size_t n;

	do {
		n = flush_take(w, out, 16, &list);
		for (size_t i = 0; i < n; i++)
			came_back(h, &out[i]);
		h->later += n;
	} while (n == 16);
	count_tables(h, &list);
}

static void *work(void *arg)
{
	struct hand *h = arg;
	struct flush_worker *w = flush_worker(h->f, h->id);

	for (unsigned i = 0; i < h->ranges; i++) {
		struct flush_range r = { (h->id + 1ull) << 40 | (uint64_t)i << 12, 1 + i % 7, i };
		struct page_list list = { 0 };

		if (i % 2)
			page_list_add(&list, &h->table[i]);
		if (flush_unmap(w, r, &list)) {
			came_back(h, &r);
			count_tables(h, &list);
			h->now++;
		} else {
			assert_int_equal(list.n, 0);
			take(h, w);
		}
	}
	flush_drain(w);
	take(h, w);
	return NULL;
}

/*
 * The lock is first come, first served: who waits for it and is preempted stops the others for the rest
 * of their slices. So few workers and few ranges where there is a queue at the lock.
 */
static void together(struct flush_config config, unsigned workers, unsigned ranges)
{
	struct hand hand[WORKERS];

	memset(hand, 0, sizeof(hand));
	config.workers = workers;
	assert_int_equal(flush_create(&hand[0].f, &config), 0);
	for (unsigned i = 0; i < workers; i++) {
		hand[i].f = hand[0].f;
		hand[i].id = i;
		hand[i].ranges = ranges;
		hand[i].table = calloc(RANGES, sizeof(struct page_desc));
		hand[i].back = calloc(RANGES, 1);
		assert_non_null(hand[i].table);
		assert_non_null(hand[i].back);
		assert_int_equal(pthread_create(&hand[i].thread, NULL, work, &hand[i]), 0);
	}
	for (unsigned i = 0; i < workers; i++) {
		struct hand *h = &hand[i];

		pthread_join(h->thread, NULL);
		assert_int_equal(h->foreign, 0);
		assert_int_equal(h->twice, 0);
		assert_int_equal(h->now + h->later, ranges);
		for (unsigned k = 0; k < ranges; k++)
			assert_int_equal(h->back[k], 1);
		assert_int_equal(h->tables, ranges / 2);
		if (config.kind == FLUSH_STRICT)
			assert_int_equal(h->now, ranges);
		assert_int_equal(flush_pending(flush_worker(h->f, i)), 0);
		free(h->table);
		free(h->back);
	}
	flush_destroy(hand[0].f);
}

static void strict_together(void **state)
{
	struct flush_config config = { .kind = FLUSH_STRICT, .latency_ns = 200, .command_ns = 20 };

	(void)state;
	together(config, 2, 1000);
	config.held = true;
	together(config, 2, 100);
	config.held = false;
	config.lockless = true;
	together(config, WORKERS, RANGES);
}

static void lazy_together(void **state)
{
	struct flush_config config = { .kind = FLUSH_LAZY, .latency_ns = 200, .command_ns = 20 };

	(void)state;
	together(config, WORKERS, RANGES);
	config.lockless = true;
	together(config, WORKERS, RANGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_together),
		cmocka_unit_test(lazy_together),
	};

	clock_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
