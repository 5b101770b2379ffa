#include "sys/clock_check.h"

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sys/atomic.h"
#include "sys/headroom.h"

#define BUDGET_NS 250000000u
#define PAIR_NS 4000000u /* per pair of CPUs; a busy one gets through fewer rounds */
#define ROUNDS 500
#define STRIDE 7919u /* a prime beyond any number of CPUs: visits each once, spread out */

/*
 * The turn passes with an even value to the partner, with an odd one back; `stamp` is what the
 * other must not undercut. One writer at a time, the one whose turn it is.
 */
struct relay {
	alignas(CACHE_ALIGN) atomic_uint_fast64_t turn;
	atomic_bool quit;
	uint64_t last;
	uint64_t back;
	uint64_t (*read)(void);
	int cpu;
};

/* Whoever has the turn: look at the clock, compare, hand over. */
static void take_turn(struct relay *r, uint64_t turn)
{
	uint64_t now = r->read();

	if (now < r->last && r->last - now > r->back)
		r->back = r->last - now;
	r->last = now;
	at_store(&r->turn, turn + 1, release); /* pairs with the acquire of the other's wait */
}

static bool pin(int cpu)
{
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	int rc = -1;

	if (set) {
		CPU_ZERO_S(size, set);
		CPU_SET_S(cpu, size, set);
		rc = sched_setaffinity(0, size, set);
		CPU_FREE(set);
	}
	return !rc;
}

static void *partner(void *arg)
{
	struct relay *r = arg;
	uint64_t turn = 1;

	if (!pin(r->cpu))
		return NULL; /* taken away meanwhile: the other side runs out of time */
	while (!at_load(&r->quit, relaxed)) { /* orders nothing: join does */
		if (at_load(&r->turn, acquire) != turn) { /* pairs with take_turn()'s release */
			cpu_relax();
			continue;
		}
		take_turn(r, turn);
		turn += 2;
	}
	return NULL;
}

static uint64_t check_pair(uint64_t (*stamp)(void), int cpu)
{
	struct relay r = { .read = stamp, .cpu = cpu };
	uint64_t deadline = clock_monotonic_ns() + PAIR_NS;
	uint64_t turn = 0;
	pthread_t thread;

	at_init(&r.turn, 0);
	at_init(&r.quit, false);
	if (!headroom_threads(1) || pthread_create(&thread, NULL, partner, &r))
		return 0;
	while (turn < 2 * ROUNDS && clock_monotonic_ns() < deadline) {
		if (at_load(&r.turn, acquire) != turn) { /* pairs with take_turn()'s release */
			cpu_relax();
			continue;
		}
		take_turn(&r, turn);
		turn += 2;
	}
	at_store(&r.quit, true, relaxed); /* orders nothing: join does */
	pthread_join(thread, NULL);
	return r.back;
}

/* The calling thread's CPUs, as an array. NULL: unknown. */
static int *allowed_cpus(unsigned *n)
{
	int max = 1024;
	int *cpus = NULL;

	for (*n = 0; max <= 65536 && !cpus; max *= 2) {
		size_t size = CPU_ALLOC_SIZE(max);
		cpu_set_t *set = CPU_ALLOC(max);

		if (set && !sched_getaffinity(0, size, set)) {
			cpus = calloc((size_t)CPU_COUNT_S(size, set) + 1, sizeof(*cpus));
			for (int cpu = 0; cpus && cpu < max; cpu++)
				if (CPU_ISSET_S(cpu, size, set))
					cpus[(*n)++] = cpu;
		}
		if (set)
			CPU_FREE(set);
	}
	return cpus;
}

static void unpin(const int *cpus, unsigned n)
{
	int max = cpus[n - 1] + 1;
	size_t size = CPU_ALLOC_SIZE(max);
	cpu_set_t *set = CPU_ALLOC(max);

	if (!set)
		return;
	CPU_ZERO_S(size, set);
	for (unsigned i = 0; i < n; i++)
		CPU_SET_S(cpus[i], size, set);
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
}

uint64_t clock_check_cpus(uint64_t (*stamp)(void))
{
	uint64_t deadline = clock_monotonic_ns() + BUDGET_NS;
	uint64_t back = 0;
	unsigned n;
	int *cpus = allowed_cpus(&n);

	if (cpus && n > 1 && pin(cpus[0])) {
		for (unsigned i = 0; i < n - 1 && clock_monotonic_ns() < deadline; i++) {
			uint64_t b = check_pair(stamp, cpus[1 + i * STRIDE % (n - 1)]);

			if (b > back)
				back = b;
		}
		unpin(cpus, n);
	}
	free(cpus);
	return back;
}
