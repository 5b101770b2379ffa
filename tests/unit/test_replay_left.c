/* Replay: what is left mapped, and the order between workers, on traces of a few events. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/replay.h"

#define K 4096ull

static void check_left(struct trace_event *events, size_t n, const struct replay_piece *want,
		       size_t nwant)
{
	struct trace t = { .events = events, .n = n };
	struct replay_left left;

	assert_int_equal(replay_left_build(&left, &t), 0);
	assert_int_equal(left.n, nwant);
	for (size_t i = 0; i < nwant; i++) {
		assert_int_equal(left.v[i].event, want[i].event);
		assert_int_equal(left.v[i].iova, want[i].iova);
		assert_int_equal(left.v[i].bytes, want[i].bytes);
	}
	free(left.v);
}

static void nothing_left(void **state)
{
	struct trace_event events[] = {
		{ .kind = TRACE_MAP, .iova = 8 * K, .bytes = K },
		{ .kind = TRACE_MAP, .iova = 9 * K, .bytes = 2 * K },
		{ .kind = TRACE_UNMAP, .iova = 8 * K, .bytes = 3 * K },
	};

	(void)state;
	check_left(events, 0, NULL, 0);
	check_left(events, 3, NULL, 0);
}

static void maps_that_stay(void **state)
{
	struct trace_event events[] = {
		{ .kind = TRACE_MAP, .iova = 8 * K, .bytes = K },
		{ .kind = TRACE_UNMAP, .iova = 8 * K, .bytes = K },
		{ .kind = TRACE_MAP, .iova = 7 * K, .bytes = K },
		{ .kind = TRACE_MAP, .iova = 8 * K, .bytes = K },
		{ .kind = TRACE_MAP, .iova = 9 * K, .bytes = K },
		{ .kind = TRACE_UNMAP, .iova = 9 * K, .bytes = K },
	};
	struct replay_piece want[] = { { 3, 8 * K, K }, { 2, 7 * K, K } };

	(void)state;
	check_left(events, 6, want, 2);
}

static void a_map_in_pieces(void **state)
{
	struct trace_event events[] = {
		{ .kind = TRACE_MAP, .iova = 16 * K, .bytes = 16 * K },
		{ .kind = TRACE_UNMAP, .iova = 18 * K, .bytes = 2 * K },
		{ .kind = TRACE_MAP, .iova = 19 * K, .bytes = K },
		{ .kind = TRACE_UNMAP, .iova = 30 * K, .bytes = 2 * K },
		{ .kind = TRACE_UNMAP, .iova = 24 * K, .bytes = K },
		{ .kind = TRACE_UNMAP, .iova = 25 * K, .bytes = K },
	};
	struct replay_piece want[] = { { 2, 19 * K, K }, { 0, 16 * K, 2 * K }, { 0, 20 * K, 4 * K },
				       { 0, 26 * K, 4 * K } };

	(void)state;
	check_left(events, 6, want, 4);
}

/* Random legal traces against one owner per page. */
static void random_traces(void **state)
{
	enum { PAGES = 64, EVENTS = 400 };
	struct trace_event *events = malloc(EVENTS * sizeof(*events));
	unsigned seed = 1;

	(void)state;
	assert_non_null(events);
	for (int round = 0; round < 200; round++) {
		int owner[PAGES], found = 0, live = 0;
		struct replay_left left;
		size_t n = 0;

		for (int i = 0; i < PAGES; i++)
			owner[i] = -1;
		while (n < EVENTS) {
			int first = rand_r(&seed) % PAGES, pages = 1 + rand_r(&seed) % 8;
			bool map = owner[first] < 0;

			if (first + pages > PAGES)
				pages = PAGES - first;
			for (int i = 0; map && i < pages; i++)
				if (owner[first + i] >= 0)
					pages = i;
			for (int i = 0; i < pages; i++)
				owner[first + i] = map ? (int)n : -1;
			events[n++] = (struct trace_event){ .kind = map ? TRACE_MAP : TRACE_UNMAP,
							    .iova = (uint64_t)first * K,
							    .bytes = (uint64_t)pages * K };
		}
		assert_int_equal(replay_left_build(&left, &(struct trace){ .events = events, .n = n }),
				 0);
		for (size_t i = 0; i < left.n; i++)
			for (uint64_t at = 0; at < left.v[i].bytes; at += K, found++)
				assert_int_equal(owner[(left.v[i].iova + at) / K], left.v[i].event);
		for (int i = 0; i < PAGES; i++)
			live += owner[i] >= 0;
		assert_int_equal(found, live);
		free(left.v);
	}
	free(events);
}

/* One page handed round: worker 0 maps, worker 1 unmaps, worker 0 maps, … */
#define TURNS 2000u

struct relay {
	struct replay_lane lanes[2];
	struct replay_progress progress[2];
	unsigned turn; /* plain: only the order of the replay protects it */
	unsigned wrong;
};

static void build_relay(struct relay *r)
{
	for (unsigned w = 0; w < 2; w++) {
		struct replay_lane *lane = &r->lanes[w];

		lane->steps = calloc(TURNS, sizeof(*lane->steps));
		lane->waits = calloc(TURNS, sizeof(*lane->waits));
		assert_true(lane->steps && lane->waits);
		lane->nsteps = TURNS;
		for (uint32_t i = 0; i < TURNS; i++) {
			lane->steps[i] = (struct replay_step){ .event = 2 * i + w, .watched = true };
			if (w == 0 && i == 0)
				continue;
			lane->steps[i].waits = (uint32_t)lane->nwaits;
			lane->steps[i].nwaits = 1;
			lane->waits[lane->nwaits++] = (struct replay_wait){
				.step = w ? i : i - 1, .worker = (uint16_t)!w };
		}
		at_init(&r->progress[w].steps, 0);
	}
}

struct runner {
	struct relay *relay;
	unsigned worker;
};

static void *run_lane(void *arg)
{
	const struct runner *me = arg;
	struct relay *r = me->relay;
	const struct replay_lane *lane = &r->lanes[me->worker];

	for (uint32_t i = 0; i < lane->nsteps; i++) {
		while (!replay_ready(lane, &lane->steps[i], r->progress))
			sched_yield();
		r->wrong += r->turn != lane->steps[i].event;
		r->turn++;
		replay_publish(&r->progress[me->worker], i + 1);
	}
	return NULL;
}

static void events_keep_their_order(void **state)
{
	struct relay *r = aligned_alloc(CACHE_ALIGN, sizeof(*r));
	struct runner runners[2] = { { r, 0 }, { r, 1 } };
	pthread_t threads[2];

	(void)state;
	assert_non_null(r);
	*r = (struct relay){ 0 };
	build_relay(r);
	assert_false(replay_ready(&r->lanes[1], &r->lanes[1].steps[0], r->progress));
	for (unsigned w = 0; w < 2; w++)
		assert_int_equal(pthread_create(&threads[w], NULL, run_lane, &runners[w]), 0);
	for (unsigned w = 0; w < 2; w++)
		pthread_join(threads[w], NULL);
	assert_int_equal(r->wrong, 0);
	assert_int_equal(r->turn, 2 * TURNS);
	for (unsigned w = 0; w < 2; w++) {
		free(r->lanes[w].steps);
		free(r->lanes[w].waits);
	}
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_left),
		cmocka_unit_test(maps_that_stay),
		cmocka_unit_test(a_map_in_pieces),
		cmocka_unit_test(random_traces),
		cmocka_unit_test(events_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
