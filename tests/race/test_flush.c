/*
 * Several workers invalidate at once: each range comes back exactly once and to whom it belongs, with
 * its tables, and not before a flush that began after it was queued.
 *
 * The last is judged from outside, by stamps around calls. A call during which its worker queued commands
 * is a flush; it began at least latency_ns before that call ended, and was over at least latency_ns
 * after the call began. For every range there has to be one that may have begun after the unmap was called
 * and may have been over when the range was taken.
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
#define FLUSHES 4096u
#define LATENCY_NS 20000u /* lazy: flushes that are under way while others queue */

struct span {
	uint64_t begin, end;
};

struct hand {
	struct flush *f;
	unsigned id, ranges;
	struct page_desc *table;  /* one for every range with an odd number */
	unsigned char *back;      /* by range: how often it came back */
	struct span *life;        /* by range: unmap called, taken */
	struct span *flush;       /* calls that flushed */
	unsigned flushes;
	uint64_t now, later, foreign, tables, twice;
	pthread_t thread;
};

static void came_back(struct hand *h, const struct flush_range *r)
{
	if (r->iova >> 40 != h->id + 1u || r->pages != 1 + r->tag % 7)
		h->foreign++;
	else
		h->back[r->tag]++;
	h->life[r->tag].end = clock_now_fenced();
}

/* `begin`: when the call began that has just ended. */
static void note_flush(struct hand *h, const struct flush_worker *w, uint64_t commands, uint64_t begin)
{
	if (w->n.commands != commands && h->flushes < FLUSHES)
		h->flush[h->flushes++] = (struct span){ begin, clock_now_fenced() };
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
		uint64_t commands = w->n.commands, begin = clock_now_fenced();

		n = flush_take(w, out, 16, &list);
		note_flush(h, w, commands, begin);
		for (size_t i = 0; i < n; i++)
			came_back(h, &out[i]);
		h->later += n;
	} while (n == 16);
	count_tables(h, &list);
}

static void unmap(struct hand *h, struct flush_worker *w, unsigned i)
{
	struct flush_range r = { (h->id + 1ull) << 40 | (uint64_t)i << 12, 1 + i % 7, i };
	uint64_t commands = w->n.commands, begin = clock_now_fenced();
	struct page_list list = { 0 };
	bool clean;

	if (i % 2)
		page_list_add(&list, &h->table[i]);
	h->life[i].begin = begin;
	clean = flush_unmap(w, r, &list);
	note_flush(h, w, commands, begin);
	if (clean) {
		came_back(h, &r);
		count_tables(h, &list);
		h->now++;
	} else {
		assert_int_equal(list.n, 0);
		take(h, w);
	}
}

static void drain(struct hand *h, struct flush_worker *w)
{
	uint64_t commands = w->n.commands, begin = clock_now_fenced();

	flush_drain(w);
	note_flush(h, w, commands, begin);
	take(h, w);
}

static void *work(void *arg)
{
	struct hand *h = arg;
	struct flush_worker *w = flush_worker(h->f, h->id);

	for (unsigned i = 0; i < h->ranges; i++) {
		unmap(h, w, i);
		if (i % 100 == 25 * h->id)
			drain(h, w);
	}
	drain(h, w);
	return NULL;
}

static bool may_be_clean(const struct hand *hand, unsigned workers, const struct span *life)
{
	uint64_t latency = clock_ticks(LATENCY_NS);

	for (unsigned i = 0; i < workers; i++)
		for (unsigned k = 0; k < hand[i].flushes; k++)
			if (hand[i].flush[k].end - latency > life->begin &&
			    hand[i].flush[k].begin + latency < life->end)
				return true;
	return false;
}

static unsigned early(const struct hand *hand, unsigned workers)
{
	unsigned n = 0;

	for (unsigned i = 0; i < workers; i++)
		for (unsigned k = 0; k < hand[i].ranges; k++)
			n += !may_be_clean(hand, workers, &hand[i].life[k]);
	return n;
}

/*
 * The lock is first come, first served: who waits for it and is preempted stops the others for the rest
 * of their slices. So few workers and few ranges where there is a queue at the lock.
 */
static void hand_begin(struct hand *h, struct flush *f, unsigned id, unsigned ranges)
{
	*h = (struct hand){ .f = f, .id = id, .ranges = ranges };
	h->table = calloc(RANGES, sizeof(*h->table));
	h->back = calloc(RANGES, sizeof(*h->back));
	h->life = calloc(RANGES, sizeof(*h->life));
	h->flush = calloc(FLUSHES, sizeof(*h->flush));
	assert_true(h->table && h->back && h->life && h->flush);
	assert_int_equal(pthread_create(&h->thread, NULL, work, h), 0);
}

static void hand_judge(const struct hand *h)
{
	assert_int_equal(h->foreign, 0);
	assert_int_equal(h->twice, 0);
	assert_int_equal(h->now + h->later, h->ranges);
	for (unsigned k = 0; k < h->ranges; k++)
		assert_int_equal(h->back[k], 1);
	assert_int_equal(h->tables, h->ranges / 2);
	assert_int_equal(flush_pending(flush_worker(h->f, h->id)), 0);
}

static void together(struct flush_config config, unsigned workers, unsigned ranges)
{
	struct hand hand[WORKERS];
	struct flush *f;

	config.workers = workers;
	assert_int_equal(flush_create(&f, &config), 0);
	for (unsigned i = 0; i < workers; i++)
		hand_begin(&hand[i], f, i, ranges);
	for (unsigned i = 0; i < workers; i++) {
		pthread_join(hand[i].thread, NULL);
		hand_judge(&hand[i]);
	}
	if (config.kind == FLUSH_LAZY)
		assert_int_equal(early(hand, workers), 0);
	for (unsigned i = 0; i < workers; i++) {
		if (config.kind == FLUSH_STRICT)
			assert_int_equal(hand[i].now, ranges);
		free(hand[i].table);
		free(hand[i].back);
		free(hand[i].life);
		free(hand[i].flush);
	}
	flush_destroy(f);
}

static void strict_together(void **state)
{
	struct flush_config config = { .kind = FLUSH_STRICT, .lock = FLUSH_LOCK_QUEUE, .latency_ns = 200,
				       .command_ns = 20 };

	(void)state;
	together(config, 2, 1000);
	config.lock = FLUSH_LOCK_HELD;
	together(config, 2, 100);
	config.lock = FLUSH_LOCK_NONE;
	together(config, WORKERS, RANGES);
}

static void lazy_together(void **state)
{
	struct flush_config config = { .kind = FLUSH_LAZY, .latency_ns = LATENCY_NS,
				       .command_ns = 500 };

	(void)state;
	together(config, WORKERS, RANGES);
	config.lock = FLUSH_LOCK_NONE;
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
