/* pace.c - the schedule of an open loop, and how far behind it a worker is. */
#include "bench/pace.h"

#include <math.h>
#include <string.h>

#include "bench/runner.h"
#include "stat/stat.h"
#include "sys/atomic.h"
#include "sys/clock.h"

/* In (0, 1): neither end, for the logarithm. */
static double unit(uint64_t *rng)
{
	return ((double)(stat_rand(rng) >> 11) + 0.5) * 0x1p-53;
}

static double gap_of(struct pace *p)
{
	return p->kind == PACE_POISSON ? -log(unit(&p->rng)) * p->gap : p->gap;
}

void pace_start(struct pace *p, enum pace_kind kind, double ops_per_s, uint64_t seed, uint64_t now)
{
	*p = (struct pace){ .origin = now, .rng = seed, .kind = kind };
	if (ops_per_s <= 0)
		return;
	p->gap = 1e9 / ops_per_s / clock_facts.ns_per_tick;
	p->next = kind == PACE_POISSON ? gap_of(p) : unit(&p->rng) * p->gap;
}

void pace_spin(uint64_t until)
{
	/* relaxed: a signal's flag; a low rate must not make ^C wait */
	while (clock_now() < until && !at_load(&run_interrupted, relaxed))
		cpu_relax();
}

uint64_t pace_wait(struct pace *p)
{
	uint64_t due = pace_due(p);

	p->next += gap_of(p); /* from where it should have begun, and drawn before the wait, not after it */
	pace_spin(due);
	return due;
}

uint64_t pace_backlog(const struct pace *p, uint64_t now)
{
	uint64_t due = pace_due(p);

	return now < due ? 0 : 1 + (uint64_t)((double)(now - due) / p->gap);
}

static void widen(struct pace_lag *l)
{
	for (unsigned i = 0; i < PACE_BINS / 2; i++)
		l->sum[i] = l->sum[2 * i] + l->sum[2 * i + 1];
	memset(l->sum + PACE_BINS / 2, 0, sizeof(l->sum) / 2);
	l->width_lg2++;
}

void pace_lag_add(struct pace_lag *l, uint64_t ticks)
{
	if (l->n >> l->width_lg2 == PACE_BINS)
		widen(l);
	l->sum[l->n++ >> l->width_lg2] += ticks;
}

/* Of bins [from, to), the last of which may not be full. */
static double mean(const struct pace_lag *l, uint64_t from, uint64_t to)
{
	uint64_t end = to << l->width_lg2 < l->n ? to << l->width_lg2 : l->n;
	double sum = 0;

	for (uint64_t i = from; i < to; i++)
		sum += (double)l->sum[i];
	return sum / (double)(end - (from << l->width_lg2));
}

bool pace_lag_ends(const struct pace_lag *l, double *first, double *last)
{
	uint64_t width = 1ull << l->width_lg2, bins = (l->n + width - 1) >> l->width_lg2;
	uint64_t quarter = (bins + 2) / 4;

	if (l->n < 4)
		return false;
	*first = mean(l, 0, quarter);
	*last = mean(l, bins - quarter, bins);
	return true;
}
