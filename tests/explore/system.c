/*
 * system.c - what explored sources ask of the kernel and of the C library: futex, CPU clocks, pthread
 * mutexes, memory; and the labelled points of the laboratory (pt/lab.h).
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "internal.h"
#include "pt/lab.h"
#include "shadow.h"
#include "sys/clock.h"

#define HEAP_BYTES (16u << 20)

/* ---- futex ---- */

/*
 * The kernel compares and sleeps in one, and a wake-up comes before or after that. It orders nothing
 * between the two: what must be visible is the caller's business.
 */
static long futex_wait(uint32_t *word, uint32_t expected)
{
	EX_SITE(site, "wait", "the futex", EX_relaxed, EX_relaxed);
	uint32_t found = (uint32_t)ex_rmw(word, sizeof(*word), EX_OR, 0, &site);

	if (found != expected) {
		errno = EAGAIN;
		return -1;
	}
	ex_trace(NULL, "falls asleep");
	ex_block(word);
	ex_trace(NULL, "is awake");
	return 0;
}

static long futex_wake(uint32_t *word, uint32_t most)
{
	unsigned woken;

	if (ex_self() != ALONE)
		ex_point_at(true);
	woken = ex_wake(word, most);
	ex_trace(NULL, "futex wake: %u woken", woken);
	return (long)woken;
}

long ex_syscall(long number, ...)
{
	va_list args;
	uint32_t *word, value;
	int op;

	if (number != SYS_futex)
		ex_fail("system call %ld: the explorer knows futex only", number);
	va_start(args, number);
	word = va_arg(args, uint32_t *);
	op = va_arg(args, int);
	value = (uint32_t)va_arg(args, int);
	va_end(args);
	switch (op) {
	case FUTEX_WAIT_PRIVATE: return futex_wait(word, value);
	case FUTEX_WAKE_PRIVATE: return futex_wake(word, value);
	default: ex_fail("futex operation %d is not known here", op);
	}
}

/* ---- clocks ---- */

/* A thread's clock is known by its number. */
int ex_getcpuclockid(pthread_t thread, clockid_t *out)
{
	(void)thread;
	*out = (clockid_t)(2 + ex_self());
	return 0;
}

/*
 * Another thread's CPU clock: between two questions it has gone on, or stood still.
 */
int ex_clock_gettime(clockid_t clock, struct timespec *out)
{
	unsigned who = (unsigned)clock - 2, self = ex_self();
	uint64_t *told;

	*out = (struct timespec){ 0 };
	if (self == ALONE || who >= EX_THREADS_MAX)
		return 0;
	told = &ex_run.thread[self].clock_told[who];
	if (*told && ex_decide(CHOOSE_CLOCK, 3, 0, 0))
		ex_trace(NULL, "is told that thread %u did not run", who);
	else
		++*told;
	out->tv_nsec = (long)*told;
	return 0;
}

/* Nothing is timed here. */
bool clock_use_cycles;
struct clock_facts clock_facts;

int ex_sched_yield(void)
{
	return 0;
}

/* ---- pthread mutex: its first word, 0 or 1 ---- */

int ex_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	(void)attr;
	memset(m, 0, sizeof(*m));
	return 0;
}

int ex_mutex_destroy(pthread_mutex_t *m)
{
	(void)m;
	return 0;
}

int ex_mutex_trylock(pthread_mutex_t *m)
{
	EX_SITE(site, "cas", "the mutex", EX_acquire, EX_relaxed);
	uint32_t open = 0;

	return ex_cas(m, sizeof(open), &open, 1, false, &site) ? 0 : EBUSY;
}

int ex_mutex_lock(pthread_mutex_t *m)
{
	while (ex_mutex_trylock(m))
		ex_block(m);
	return 0;
}

int ex_mutex_unlock(pthread_mutex_t *m)
{
	EX_SITE(site, "store", "the mutex", EX_release, EX_relaxed);

	ex_store(m, sizeof(uint32_t), 0, &site);
	ex_wake(m, 1);
	return 0;
}

/* ---- memory: taken back when the schedule ends ---- */

static _Alignas(4096) char heap[HEAP_BYTES];
static size_t heap_used;

void ex_heap_reset(void)
{
	heap_used = 0;
}

void *ex_aligned_alloc(size_t align, size_t bytes)
{
	size_t at = (heap_used + align - 1) & ~(align - 1);

	if (at + bytes > HEAP_BYTES)
		ex_fail("more than %u MiB of memory: raise HEAP_BYTES", HEAP_BYTES >> 20);
	heap_used = at + bytes;
	return heap + at;
}

void *ex_malloc(size_t bytes)
{
	return ex_aligned_alloc(16, bytes);
}

void *ex_calloc(size_t n, size_t bytes)
{
	return memset(ex_malloc(n * bytes), 0, n * bytes);
}

void ex_free(void *p)
{
	(void)p;
}

/* ---- the laboratory ---- */

void (*ex_labelled)(const char *label);

void lab_stop(const char *label)
{
	ex_trace(NULL, "at %s", label);
	if (ex_labelled)
		ex_labelled(label);
}
