/* lab.c - what a worker of the laboratory does at a labelled point: mostly nothing. */
#include "pt/lab.h"

#include <sched.h>
#include <time.h>

#include "sys/atomic.h"

static _Thread_local struct {
	uint64_t random;
	unsigned one_in;
} shake;

/* xorshift64 (Marsaglia, 2003); never 0 unless it began so. */
static uint64_t draw(void)
{
	shake.random ^= shake.random << 13;
	shake.random ^= shake.random >> 7;
	shake.random ^= shake.random << 17;
	return shake.random;
}

void lab_shake(uint64_t seed, unsigned one_in)
{
	/* seeds are often 1, 2, 3: spread over all bits, and not 0 */
	shake.random = (seed + 1) * 0x9e3779b97f4a7c15u;
	if (!shake.random)
		shake.random = 1;
	shake.one_in = one_in;
}

/*
 * Of 64 stops 48 spin up to 127 rounds, about as long as the window itself; 15 give the CPU away, for
 * where there are more workers than CPUs; one sleeps up to 8 us and what the timer adds, so that all
 * others pass.
 */
static void hold_up(uint64_t random)
{
	unsigned kind = random % 64;
	struct timespec nap = { .tv_nsec = (long)(1 + (random >> 6) % 8) * 1000 };

	if (kind == 0)
		nanosleep(&nap, NULL);
	else if (kind < 16)
		sched_yield();
	else
		for (unsigned i = (random >> 6) % 128; i; i--)
			cpu_relax();
}

void lab_stop(const char *label)
{
	uint64_t random;

	(void)label; /* for who stops by name: tests, and the explorer */
	if (!shake.one_in)
		return;
	random = draw();
	if ((random >> 32) % shake.one_in == 0)
		hold_up(random);
}
