/* The queue between two workers: order, limits, and that what it carries is visible (TSan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "bench/ring.h"

static void is_first_in_first_out(void **state)
{
	uint32_t in[3] = { 7, 8, 9 }, out[3];
	struct ring *r = ring_create(5);

	(void)state;
	assert_non_null(r);
	assert_false(ring_pop(r, out, 1));
	for (uint32_t i = 0; i < 1000; i++) { /* many times round its 8 slots */
		for (uint32_t j = 0; j < 3; j++)
			in[j] = 3 * i + j;
		assert_true(ring_push(r, in, 3));
		assert_int_equal(ring_count(r), 3);
		assert_int_equal(ring_at(r, 2), 3 * i + 2);
		assert_true(ring_pop(r, out, 2));
		assert_true(ring_pop(r, out + 2, 1));
		assert_memory_equal(in, out, sizeof(in));
	}
	free(r);
}

/* It takes what was asked for, not what its slots would hold; a burst goes whole or not at all. */
static void is_full_where_it_says(void **state)
{
	uint32_t v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8];
	struct ring *r = ring_create(5);

	(void)state;
	assert_non_null(r);
	assert_false(ring_has_room(r, 6));
	assert_false(ring_push(r, v, 6));
	assert_true(ring_push(r, v, 4));
	assert_false(ring_push(r, v, 2));
	assert_int_equal(ring_count(r), 4);
	assert_true(ring_push(r, v, 1));
	assert_false(ring_has_room(r, 1));
	assert_false(ring_pop(r, out, 6));
	assert_true(ring_pop(r, out, 5));
	assert_true(ring_has_room(r, 5));
	free(r);
}

/* Indices run through 2^32. */
static void wraps(void **state)
{
	struct ring *r = ring_create(4);
	uint32_t v = 0, out;

	(void)state;
	assert_non_null(r);
	at_init(&r->tail, UINT32_MAX - 2);
	at_init(&r->head, UINT32_MAX - 2);
	r->head_seen = r->tail_seen = UINT32_MAX - 2;
	for (uint32_t i = 0; i < 8; i++) {
		v = i;
		assert_true(ring_push(r, &v, 1));
		assert_true(ring_pop(r, &out, 1));
		assert_int_equal(out, i);
	}
	free(r);
}

#define BOXES 64u
#define ROUNDS 20000u

/* Plain data that travels: ThreadSanitizer objects if ownership does not. */
static struct {
	struct ring *there, *back;
	uint64_t box[BOXES];
	uint64_t wrong;
} post;

static void wait_a_little(void)
{
	static _Thread_local unsigned spins;

	cpu_relax();
	if (++spins % 64 == 0)
		sched_yield();
}

static void *answer(void *arg)
{
	uint32_t box[2];

	(void)arg;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		while (!ring_pop(post.there, box, 2))
			wait_a_little();
		for (uint32_t j = 0; j < 2; j++) {
			post.wrong += post.box[box[j]] != 2 * i + j;
			post.box[box[j]] = ~(uint64_t)(2 * i + j);
		}
		while (!ring_push(post.back, box, 2))
			wait_a_little();
	}
	return NULL;
}

static void carries_what_it_stands_for(void **state)
{
	uint32_t free_box[BOXES], nfree = BOXES, sent = 0, came = 0, box[2];
	uint64_t wrong = 0;
	pthread_t other;

	(void)state;
	post.there = ring_create(6);
	post.back = ring_create(4);
	assert_non_null(post.there);
	assert_non_null(post.back);
	for (uint32_t i = 0; i < BOXES; i++)
		free_box[i] = i;
	assert_int_equal(pthread_create(&other, NULL, answer, NULL), 0);
	while (came < ROUNDS) {
		bool idle = true;

		if (sent < ROUNDS && nfree >= 2 && ring_has_room(post.there, 2)) {
			for (uint32_t j = 0; j < 2; j++) {
				box[j] = free_box[--nfree];
				post.box[box[j]] = 2 * sent + j;
			}
			assert_true(ring_push(post.there, box, 2));
			sent++;
			idle = false;
		}
		if (ring_pop(post.back, box, 2)) {
			for (uint32_t j = 0; j < 2; j++) {
				wrong += post.box[box[j]] != ~(uint64_t)(2 * came + j);
				free_box[nfree++] = box[j];
			}
			came++;
			idle = false;
		}
		if (idle)
			wait_a_little();
	}
	pthread_join(other, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(post.wrong, 0);
	assert_int_equal(nfree, BOXES);
	free(post.there);
	free(post.back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_first_in_first_out),
		cmocka_unit_test(is_full_where_it_says),
		cmocka_unit_test(wraps),
		cmocka_unit_test(carries_what_it_stands_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
