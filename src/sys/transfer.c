#include "sys/transfer.h"

#include <math.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#include "stat/stat.h"
#include "sys/atomic.h"
#include "sys/clock.h"
#include "sys/headroom.h"

#define BATCHES 15u
#define ROUNDS 200u
#define PATIENCE 4096u /* turns of a waiting loop between two looks at the time */

/*
 * The turn is even: the leader's; odd: the partner's. It moves by one only, and only by whoever has
 * it. The line is alone; it lies on the leader's stack, so on the leader's node.
 */
struct ball {
	alignas(CACHE_ALIGN) atomic_uint_fast64_t turn;
	alignas(CACHE_ALIGN) atomic_bool quit;
	unsigned cpu;
};

struct pair {
	unsigned a, b; /* OS numbers */
	uint64_t pair_ns;
	double round_trip_ns;
};

/*
 * No cpu_relax() in either loop: on some CPUs it pauses for longer than a line takes.
 */
static void *partner(void *arg)
{
	struct ball *ball = arg;
	uint64_t mine = 1;

	if (pin_self(ball->cpu))
		return NULL; /* taken away meanwhile: the leader runs out of time */
	while (!at_load(&ball->quit, relaxed)) { /* orders nothing: join does */
		if (at_load(&ball->turn, relaxed) != mine) /* no data come with it */
			continue;
		at_store(&ball->turn, mine + 1, relaxed);
		mine += 2;
	}
	return NULL;
}

/* A round trip: we give the turn away and wait until it is back. False: too late. */
static bool round_trip(struct ball *ball, uint64_t *turn, uint64_t deadline)
{
	unsigned patience = PATIENCE;

	at_store(&ball->turn, *turn + 1, relaxed); /* no data go with it */
	*turn += 2;
	while (at_load(&ball->turn, relaxed) != *turn) {
		if (--patience)
			continue;
		if (clock_monotonic_ns() > deadline)
			return false;
		patience = PATIENCE;
	}
	return true;
}

static double play(struct ball *ball, uint64_t pair_ns)
{
	uint64_t deadline = clock_monotonic_ns() + pair_ns, turn = 0;
	double batch[BATCHES];
	unsigned n = 0;

	if (!round_trip(ball, &turn, deadline)) /* until the partner is there */
		return NAN;
	while (n < BATCHES) {
		uint64_t start = clock_now();
		unsigned k = 0;

		while (k < ROUNDS && round_trip(ball, &turn, deadline))
			k++;
		if (k < ROUNDS)
			break;
		batch[n++] = clock_ns(clock_now() - start) / ROUNDS;
	}
	return n >= BATCHES / 3 ? stat_median(batch, n) : NAN;
}

static void *lead(void *arg)
{
	struct pair *p = arg;
	struct ball ball = { .cpu = p->b };
	pthread_t thread;

	at_init(&ball.turn, 0);
	at_init(&ball.quit, false);
	if (pin_self(p->a) || pthread_create(&thread, NULL, partner, &ball))
		return NULL;
	p->round_trip_ns = play(&ball, p->pair_ns);
	at_store(&ball.quit, true, relaxed); /* orders nothing: join does */
	pthread_join(thread, NULL);
	return NULL;
}

int transfer_measure(const unsigned *cpus, unsigned n, uint64_t pair_ns,
		     struct transfer_matrix *out, struct err *err)
{
	*out = (struct transfer_matrix){ .n = n };
	out->cpu = calloc(n + 1, sizeof(*out->cpu));
	out->round_trip_ns = calloc((size_t)n * n + 1, sizeof(*out->round_trip_ns));
	if (!out->cpu || !out->round_trip_ns || !headroom_threads(2)) {
		transfer_free(out);
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a matrix of %u CPUs", n);
	}
	for (unsigned i = 0; i < n; i++) {
		out->cpu[i] = cpus[i];
		out->round_trip_ns[i * n + i] = NAN;
		for (unsigned j = i + 1; j < n; j++) {
			struct pair p = { cpus[i], cpus[j], pair_ns, NAN };
			pthread_t thread;

			if (!pthread_create(&thread, NULL, lead, &p))
				pthread_join(thread, NULL);
			out->unanswered += isnan(p.round_trip_ns);
			out->round_trip_ns[i * n + j] = p.round_trip_ns;
			out->round_trip_ns[j * n + i] = p.round_trip_ns;
		}
	}
	return 0;
}

void transfer_free(struct transfer_matrix *m)
{
	free(m->cpu);
	free(m->round_trip_ns);
	*m = (struct transfer_matrix){ 0 };
}

static int by_place(const void *a, const void *b)
{
	const struct topo_cpu *x = *(const struct topo_cpu *const *)a, *y = *(const struct topo_cpu *const *)b;
	const unsigned from[] = { x->package, x->node, x->l3, x->core, x->smt, x->os };
	const unsigned to[] = { y->package, y->node, y->l3, y->core, y->smt, y->os };

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (from[i] != to[i])
			return from[i] < to[i] ? -1 : 1;
	return 0;
}

static bool same_core(const struct topo_cpu *a, const struct topo_cpu *b)
{
	return a->core == b->core;
}

static bool same_l3(const struct topo_cpu *a, const struct topo_cpu *b)
{
	return a->l3 == b->l3;
}

/* Keep the first of each run of equals. */
static unsigned thin(const struct topo_cpu **cpu, unsigned n,
		     bool (*same)(const struct topo_cpu *, const struct topo_cpu *))
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!kept || !same(cpu[kept - 1], cpu[i]))
			cpu[kept++] = cpu[i];
	return kept;
}

unsigned transfer_choose(const struct topology *t, bool all, unsigned *os)
{
	const struct topo_cpu **cpu = calloc(t->nallowed + 1, sizeof(*cpu));
	unsigned n = 0, most;

	for (unsigned i = 0; cpu && i < t->ncpus; i++)
		if (t->cpus[i].allowed)
			cpu[n++] = &t->cpus[i];
	if (cpu)
		qsort(cpu, n, sizeof(*cpu), by_place);
	if (!all && n > TRANSFER_FEW)
		n = thin(cpu, n, same_core);
	if (!all && n > TRANSFER_FEW)
		n = thin(cpu, n, same_l3);
	most = all || n < TRANSFER_FEW ? n : TRANSFER_FEW;
	for (unsigned i = 0; i < most; i++)
		os[i] = cpu[(size_t)i * n / most]->os;
	free(cpu);
	return most;
}
