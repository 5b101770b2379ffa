/*
 * Invalidation, a model: the command ring against its clock, strict and lazy against a log of what was
 * unmapped, flushed and taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include "iotlb/flush_ring.h"
#include "made_random.h"
#include "sys/clock.h"

#define SECOND UINT64_C(1000000000)
#define WORKERS 3u

static struct flush *made(struct flush_config config)
{
	struct flush *f;

	if (!config.workers)
		config.workers = 1;
	assert_int_equal(flush_create(&f, &config), 0);
	return f;
}

/* ---- the ring ---- */

struct made_ring {
	struct flush_ring *ring;
	struct flush_source source;
	struct flush_count n;
	struct histogram *depth;
};

static void ring_begin(struct made_ring *m, struct flush_config config)
{
	memset(m, 0, sizeof(*m));
	m->ring = aligned_alloc(CACHE_ALIGN, sizeof(*m->ring));
	m->depth = calloc(1, sizeof(*m->depth));
	assert_non_null(m->ring);
	assert_non_null(m->depth);
	flush_ring_init(m->ring, &config);
	m->source.n = &m->n;
	m->source.depth = m->depth;
}

static void ring_end(struct made_ring *m)
{
	free(m->ring);
	free(m->depth);
}

static uint64_t queue(struct made_ring *m, unsigned n)
{
	static const struct flush_command c[4] = { { { 1, 2 } }, { { 3, 4 } }, { { 5, 6 } }, { { 7, 8 } } };

	return flush_ring_queue(m->ring, &m->source, c, n);
}

static void commands_wait_for_each_other(void **state)
{
	struct made_ring m;

	(void)state;
	for (unsigned lockless = 0; lockless < 2; lockless++) {
		uint64_t command, before, first;

		ring_begin(&m, (struct flush_config){ .lock = lockless ? FLUSH_LOCK_NONE : FLUSH_LOCK_QUEUE, .command_ns = 100 * SECOND,
						      .latency_ns = 7 * SECOND });
		command = clock_ticks(100.0 * SECOND);
		before = clock_now();
		first = queue(&m, 1);
		assert_true(first - before >= command + clock_ticks(7.0 * SECOND));
		for (unsigned i = 1; i < 50; i++)
			assert_int_equal(queue(&m, 1), first + i * command);
		assert_int_equal(queue(&m, 3), first + 52 * command);
		/* one by one: 0, 1, … 52 before each */
		assert_int_equal(m.n.commands, 53);
		assert_int_equal(m.depth->n, 53);
		for (unsigned i = 0; i < 53; i++)
			assert_int_equal(m.depth->count[hist_bucket(i)], 1);
		assert_int_equal(m.n.spun_ns, 0);
		/* the last three, as they were given */
		assert_int_equal(at_load(&m.ring->slot[50].word[1], relaxed), 2);
		assert_int_equal(at_load(&m.ring->slot[52].word[0], relaxed), 5);
		ring_end(&m);
	}
}

/* A device that has been idle begins when the command comes, not when it was through. */
static void an_idle_device_begins_now(void **state)
{
	struct made_ring m;
	uint64_t now;

	(void)state;
	ring_begin(&m, (struct flush_config){ .command_ns = 1000 });
	flush_ring_wait(&m.source, queue(&m, 1));
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	now = clock_now();
	assert_true(queue(&m, 1) >= now + clock_ticks(1000));
	assert_int_equal(m.depth->max, 0);
	ring_end(&m);
}

/* Never more than its slots: who comes then waits until the device is through with enough of them. */
static void a_full_ring_has_no_room(void **state)
{
	struct made_ring m;

	(void)state;
	for (unsigned lockless = 0; lockless < 2; lockless++) {
		uint64_t lap = clock_ticks(20000) * FLUSH_RING;

		ring_begin(&m, (struct flush_config){ .lock = lockless ? FLUSH_LOCK_NONE : FLUSH_LOCK_QUEUE, .command_ns = 20000 });
		for (unsigned i = 0; i < 3 * FLUSH_RING; i += 4)
			assert_true(queue(&m, 4) <= clock_now() + lap);
		assert_true(m.depth->max < FLUSH_RING + 4);
		assert_int_equal(m.n.commands, 3 * FLUSH_RING);
		ring_end(&m);
	}
}

/* ---- none, strict ---- */

static void none_is_clean_at_once(void **state)
{
	struct flush *f = made((struct flush_config){ .kind = FLUSH_NONE, .latency_ns = SECOND });
	struct flush_worker *w = flush_worker(f, 0);
	struct page_list list = { 0 };
	struct page_desc table = { 0 };
	struct flush_range out;

	(void)state;
	page_list_add(&list, &table);
	for (unsigned i = 0; i < 100; i++)
		assert_true(flush_unmap(w, (struct flush_range){ 4096, 1, 0 }, &list));
	assert_int_equal(list.n, 1);
	assert_int_equal(w->n.unmaps, 100);
	assert_int_equal(w->n.commands, 0);
	assert_int_equal(flush_take(w, &out, 1, &list), 0);
	flush_drain(w);
	flush_destroy(f);
}

static void strict_waits(void **state)
{
	static const struct flush_config variants[] = { { .lock = FLUSH_LOCK_QUEUE }, { .lock = FLUSH_LOCK_HELD }, { .lock = FLUSH_LOCK_NONE } };
	struct histogram *stale = calloc(1, sizeof(*stale)), *depth = calloc(1, sizeof(*depth));

	(void)state;
	assert_non_null(stale);
	assert_non_null(depth);
	for (unsigned v = 0; v < 3; v++) {
		struct flush_config config = variants[v];
		struct flush_worker *w;
		struct flush *f;

		memset(stale, 0, sizeof(*stale));
		memset(depth, 0, sizeof(*depth));
		config.kind = FLUSH_STRICT;
		config.latency_ns = 30000;
		config.command_ns = 5000;
		f = made(config);
		w = flush_worker(f, 0);
		w->stale = stale;
		w->depth = depth;
		for (unsigned i = 0; i < 20; i++) {
			uint64_t begun = clock_now(), took;
			struct page_list list = { 0 };

			assert_true(flush_unmap(w, (struct flush_range){ 4096, 1 + i, 0 }, &list));
			took = clock_now() - begun;
			/* two commands and the latency; rounded to ticks */
			assert_true(took >= clock_ticks(30000) + 2 * clock_ticks(5000));
		}
		assert_int_equal(w->n.commands, 40);
		assert_int_equal(w->n.waits, 20);
		assert_int_equal(stale->n, 20);
		assert_true(stale->min >= 39990);
		/* nobody else is there: the range's command finds the ring empty, the wait one command */
		assert_int_equal(depth->n, 40);
		assert_int_equal(depth->count[0], 20);
		assert_int_equal(depth->count[1], 20);
		assert_true(w->n.spun_ns > 0);
		assert_int_equal(flush_pending(w), 0);
		flush_destroy(f);
	}
	free(stale);
	free(depth);
}

/* 48882, 2.4.3: bit S, and ones below a zero for the size; bit 1: with the walk cache. */
static void a_command_covers_its_range(void **state)
{
	static const struct {
		uint64_t iova, pages, word;
	} rows[] = {
		{ 0x5000, 1, 0x5002 },
		{ 0x4000, 2, 0x4003 },       /* 8K */
		{ 0x5000, 2, 0x5003 },       /* 4000 to 7fff: 16K */
		{ 0x100000, 256, 0x17f003 }, /* 1M */
		{ 0xfffffffffffff000, 1, 0xfffffffffffff002 },
		{ 0, UINT64_C(1) << 52, 0x7ffffffffffff003 }, /* everything */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t last = rows[i].iova + ((rows[i].pages << 12) - 1);

		assert_int_equal(flush_command_range(rows[i].iova, last).word[1], rows[i].word);
	}
}

/* ---- lazy, against a log ---- */

#define LOG_MAX 20000u

/* What happened in which call; calls are numbered from 1. */
struct log {
	unsigned calls, flush;       /* flush: the last call in which a flush began */
	unsigned queued[LOG_MAX];    /* by range: the call that queued it */
	unsigned back[LOG_MAX];      /* the call it came back in; 0: not yet */
	unsigned ranges;
	const char *bad;
};

/*
 * A range is back in this call: for the first time, and a flush has begun in a later call than the one
 * that queued it (a call flushes before it queues).
 */
static void log_back(struct log *log, unsigned range)
{
	if (range >= log->ranges || !log->queued[range])
		log->bad = "was never queued";
	else if (log->back[range])
		log->bad = "came back twice";
	else if (log->flush <= log->queued[range])
		log->bad = "came back before a flush that began after it was queued";
	else
		log->back[range] = log->calls;
}

static void the_log_finds_what_is_wrong(void **state)
{
	struct log *log = calloc(1, sizeof(*log));

	(void)state;
	assert_non_null(log);
	log->ranges = 2;
	log->queued[0] = 3;
	log->calls = 5;
	log->flush = 3;
	log_back(log, 0);
	assert_string_equal(log->bad, "came back before a flush that began after it was queued");
	log->bad = NULL;
	log->flush = 4;
	log_back(log, 0);
	assert_null(log->bad);
	log_back(log, 0);
	assert_string_equal(log->bad, "came back twice");
	log_back(log, 1);
	assert_string_equal(log->bad, "was never queued");
	free(log);
}

struct lazy {
	struct flush *f;
	struct flush_worker *w[WORKERS];
	struct histogram *stale;
	struct log log;
	struct page_desc table[LOG_MAX]; /* range i has i % 4 - 1 of them, at least 0: from 3 * i */
	uint64_t commands, now, taken, tables;
};

static unsigned tables_of(unsigned range)
{
	return range % 4 ? range % 4 - 1 : 0;
}

static struct lazy *lazy_begin(struct flush_config config)
{
	struct lazy *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->stale = calloc(1, sizeof(*l->stale));
	assert_non_null(l->stale);
	config.kind = FLUSH_LAZY;
	config.workers = WORKERS;
	l->f = made(config);
	for (unsigned i = 0; i < WORKERS; i++) {
		l->w[i] = flush_worker(l->f, i);
		l->w[i]->stale = l->stale;
	}
	return l;
}

/* After each call: a flush is two commands, whoever's. */
static void lazy_called(struct lazy *l)
{
	uint64_t commands = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		commands += l->w[i]->n.commands;
	assert_int_equal(commands % 2, 0);
	if (commands != l->commands)
		l->log.flush = l->log.calls;
	l->commands = commands;
}

static void lazy_tables(struct lazy *l, const struct page_list *list)
{
	const struct page_desc *d = list->head;
	size_t n = 0;

	for (; d; d = d->next, n++)
		l->table[d->mark].generation++;
	assert_int_equal(n, list->n);
	l->tables += n;
}

static void lazy_unmap(struct lazy *l, unsigned id)
{
	unsigned range = l->log.ranges++;
	struct page_list list = { 0 };

	assert_true(range < LOG_MAX / 3);
	for (unsigned i = 0; i < tables_of(range); i++) {
		l->table[3 * range + i].mark = 3 * range + i;
		page_list_add(&list, &l->table[3 * range + i]);
	}
	l->log.calls++;
	l->log.queued[range] = l->log.calls;
	if (flush_unmap(l->w[id], (struct flush_range){ (range + 1ull) << 12, 1, range }, &list)) {
		assert_int_equal(list.n, tables_of(range));
		l->log.queued[range]--; /* unmapped before this call: its own flush will do */
		lazy_called(l);
		lazy_tables(l, &list);
		log_back(&l->log, range);
		l->now++;
	} else {
		assert_int_equal(list.n, 0);
		assert_null(list.head);
		lazy_called(l);
	}
}

static size_t lazy_take(struct lazy *l, unsigned id, size_t max)
{
	struct flush_range out[FLUSH_QUEUE];
	struct page_list list = { 0 };
	size_t n;

	l->log.calls++;
	n = flush_take(l->w[id], out, max, &list);
	lazy_called(l);
	assert_true(n <= max);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(out[i].iova, (out[i].tag + 1ull) << 12);
		log_back(&l->log, out[i].tag);
	}
	lazy_tables(l, &list);
	l->taken += n;
	return n;
}

static void lazy_drain(struct lazy *l, unsigned id)
{
	l->log.calls++;
	flush_drain(l->w[id]);
	lazy_called(l);
}

/* Everything comes back, once, and every table with it. */
static void lazy_end(struct lazy *l)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		lazy_drain(l, i);
		lazy_take(l, i, FLUSH_QUEUE);
		assert_int_equal(flush_pending(l->w[i]), 0);
	}
	assert_null(l->log.bad);
	assert_int_equal(l->now + l->taken, l->log.ranges);
	for (unsigned r = 0; r < l->log.ranges; r++) {
		assert_int_not_equal(l->log.back[r], 0);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(l->table[3 * r + i].generation, i < tables_of(r));
	}
	flush_destroy(l->f);
	free(l->stale);
	free(l);
}

/* As the kernel's: 255 wait, the next unmap flushes and is queued behind them. */
static void a_full_queue_flushes(void **state)
{
	struct lazy *l = lazy_begin((struct flush_config){ .latency_ns = 1000 });

	(void)state;
	for (unsigned i = 0; i < FLUSH_QUEUE - 1; i++) {
		lazy_unmap(l, 0);
		if (!l->w[0]->n.timer) /* this machine may have stood still */
			assert_int_equal(lazy_take(l, 0, FLUSH_QUEUE), 0);
	}
	if (!l->w[0]->n.timer) {
		assert_int_equal(l->w[0]->n.commands, 0);
		assert_int_equal(flush_pending(l->w[0]), FLUSH_QUEUE - 1);
		lazy_unmap(l, 0);
		assert_int_equal(l->w[0]->n.full + l->w[0]->n.timer, 1);
		assert_int_equal(l->w[0]->n.commands, 2);
		assert_int_equal(l->w[0]->n.waits, 1);
		assert_int_equal(l->stale->n, FLUSH_QUEUE - 1);
		assert_int_equal(lazy_take(l, 0, 100), 100);
		assert_int_equal(lazy_take(l, 0, FLUSH_QUEUE), FLUSH_QUEUE - 101);
		assert_int_equal(flush_pending(l->w[0]), 1);
		assert_int_equal(l->w[0]->n.queued_peak, FLUSH_QUEUE - 1);
	}
	lazy_end(l);
}

/* Another worker's flush makes clean what was queued before it, and nothing else. */
static void any_flush_will_do(void **state)
{
	struct lazy *l = lazy_begin((struct flush_config){ .latency_ns = 1000 });

	(void)state;
	lazy_unmap(l, 0);
	lazy_unmap(l, 1);
	lazy_drain(l, 1);
	lazy_unmap(l, 0);
	assert_true(lazy_take(l, 0, FLUSH_QUEUE) == 1 || l->w[0]->n.timer);
	assert_true(flush_pending(l->w[0]) == 1 || l->w[0]->n.timer);
	assert_int_equal(lazy_take(l, 1, FLUSH_QUEUE), 1);
	/* a drain is not recorded, what it makes clean for others is */
	assert_true(l->stale->n == 1 || l->w[0]->n.timer);
	lazy_end(l);
}

static void the_timer_is_looked_at(void **state)
{
	struct lazy *l = lazy_begin((struct flush_config){ .latency_ns = 1000 });
	uint64_t begun = clock_now();

	(void)state;
	lazy_unmap(l, 0);
	while (!lazy_take(l, 0, 1))
		assert_int_equal(l->w[0]->n.timer, 0);
	assert_true(clock_now() - begun >= clock_ticks(FLUSH_TIMER_NS));
	assert_int_equal(l->w[0]->n.timer, 1);
	assert_true(l->stale->min >= FLUSH_TIMER_NS - 10);
	/* by an unmap, too */
	lazy_unmap(l, 0);
	nanosleep(&(struct timespec){ .tv_nsec = FLUSH_TIMER_NS + 1000 }, NULL);
	lazy_unmap(l, 0);
	assert_int_equal(l->w[0]->n.timer, 2);
	assert_int_equal(l->w[0]->n.full, 0);
	lazy_end(l);
}

/* Nobody takes: all slots are full of clean ranges, and a flush is made for one alone. */
static void nobody_takes(void **state)
{
	struct lazy *l = lazy_begin((struct flush_config){ .latency_ns = 100 });

	(void)state;
	for (unsigned i = 0; i < FLUSH_QUEUE + 10; i++)
		lazy_unmap(l, 0);
	assert_int_equal(l->now, 10);
	assert_true(l->w[0]->n.full >= 10);
	assert_int_equal(lazy_take(l, 0, FLUSH_QUEUE), FLUSH_QUEUE);
	lazy_end(l);
}

static void random_calls_obey_the_log(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 9; seed++) {
		struct lazy *l = lazy_begin((struct flush_config){ .latency_ns = 100, .lock = seed % 2 ? FLUSH_LOCK_NONE : FLUSH_LOCK_QUEUE });
		uint64_t random = seed;

		while (l->log.ranges < LOG_MAX / 3) {
			uint64_t r = made_random(&random);
			unsigned id = (unsigned)(r % WORKERS);

			if (r >> 8 & 7)
				lazy_unmap(l, id);
			else if (r >> 11 & 63)
				lazy_take(l, id, 1 + (r >> 20) % FLUSH_QUEUE);
			else
				lazy_drain(l, id);
			assert_null(l->log.bad);
		}
		lazy_end(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_wait_for_each_other),
		cmocka_unit_test(an_idle_device_begins_now),
		cmocka_unit_test(a_full_ring_has_no_room),
		cmocka_unit_test(a_command_covers_its_range),
		cmocka_unit_test(none_is_clean_at_once),
		cmocka_unit_test(strict_waits),
		cmocka_unit_test(the_log_finds_what_is_wrong),
		cmocka_unit_test(a_full_queue_flushes),
		cmocka_unit_test(any_flush_will_do),
		cmocka_unit_test(the_timer_is_looked_at),
		cmocka_unit_test(nobody_takes),
		cmocka_unit_test(random_calls_obey_the_log),
	};

	clock_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
