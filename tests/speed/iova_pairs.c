/*
 * iova_pairs - what a pair of iova_alloc() and iova_free() costs, by allocator and threads: for
 * scripts/speed, which makes ratios of it. A line for each slice: kind, threads, nanoseconds a pair
 * (elapsed time by all pairs of all threads). Slices of all combinations take turns.
 *
 * A thread holds 16 ranges of a page: those it takes are in its magazines, in its arena, in its word.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "iova/iova.h"
#include "sys/clock.h"

#define THREADS 2u
#define HELD 16u
#define STRETCHES 4096u
#define TURNS 9

static const char *const kinds[] = { "rbtree", "rcache", "eager", "percpu", "bitmap" };
static pthread_barrier_t gate;
static _Atomic unsigned awake; /* a thread may leave the barrier long after another */

struct thread {
	alignas(CACHE_ALIGN) struct iova_worker *w;
	pthread_t id;
	unsigned cpu, of;
	uint64_t begin_ns, end_ns;
};

static void stretches(struct iova_worker *w, unsigned n)
{
	uint64_t held[HELD];

	while (n--) {
		for (unsigned i = 0; i < HELD; i++)
			held[i] = iova_alloc(w, 1, IOVA_NONE);
		for (unsigned i = 0; i < HELD; i++)
			iova_free(w, held[i], 1);
	}
}

static void *work(void *arg)
{
	struct thread *t = arg;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(t->cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
	stretches(t->w, STRETCHES / 8);
	pthread_barrier_wait(&gate);
	at_add(&awake, 1, relaxed); /* only a time */
	while (at_load(&awake, relaxed) < t->of)
		cpu_relax();
	t->begin_ns = clock_monotonic_ns();
	stretches(t->w, STRETCHES);
	t->end_ns = clock_monotonic_ns();
	return NULL;
}

static int slice(const char *name, const unsigned *cpus, unsigned threads)
{
	struct iova_config config = { .workers = threads, .window_bytes = 1ull << 32, .space_lg2 = 64 };
	struct thread t[THREADS];
	struct iova *a;
	uint64_t begin, end;
	int error = iova_create(&a, iova_kind_find(name), &config);

	if (error)
		return error;
	pthread_barrier_init(&gate, NULL, threads);
	at_store(&awake, 0, relaxed); /* nobody is there yet */
	for (unsigned i = 0; i < threads; i++) {
		t[i] = (struct thread){ .w = iova_worker(a, i), .cpu = cpus[i], .of = threads };
		if (pthread_create(&t[i].id, NULL, work, &t[i]))
			abort();
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i].id, NULL);
	begin = t[0].begin_ns;
	end = t[0].end_ns;
	for (unsigned i = 1; i < threads; i++) {
		begin = t[i].begin_ns < begin ? t[i].begin_ns : begin;
		end = t[i].end_ns > end ? t[i].end_ns : end;
	}
	printf("%s %u %.3f\n", name, threads,
	       (double)(end - begin) / ((double)threads * STRETCHES * HELD));
	pthread_barrier_destroy(&gate);
	iova_destroy(a);
	return 0;
}

/* The first CPUs that we may use: how many, up to THREADS. */
static unsigned usable(unsigned *cpus)
{
	unsigned n = 0;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && n < THREADS; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	return n;
}

int main(void)
{
	unsigned cpus[THREADS], n = usable(cpus);
	int error = 0;

	for (unsigned turn = 0; turn < TURNS; turn++)
		for (unsigned threads = 1; threads <= n; threads++)
			for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && !error; k++)
				error = slice(kinds[k], cpus, threads);
	return error ? 1 : 0;
}
