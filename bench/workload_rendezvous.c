/*
 * workload_rendezvous.c - `rendezvous`: all workers are released together at every new leaf table
 * and each maps a page of it. Arrival is forced: it shows that the machine can race and what the
 * worst case costs, never a rate. Only the time from release to done counts.
 */
#include <stdlib.h>

#include "bench/lane.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define BASE (1ull << 30)

/* Two barriers a round: `start` releases, `end` lets worker 0 read everybody's stamp. */
struct meeting {
	struct barrier start, end;
	struct {
		alignas(CACHE_ALIGN) uint64_t released;
	} stamp[];
};

static unsigned entries(const struct group *g)
{
	return 512u >> (g->page_lg2 - 12) % 9;
}

static int check(const struct group *g, struct err *err)
{
	if (g->threads > entries(g))
		return err_set(err, EXIT_USAGE, "rendezvous: %u threads, but a leaf table of this page "
			       "size has %u pages", g->threads, entries(g));
	if (g->round << 9 > (1ull << 50) >> g->page_lg2)
		return err_set(err, EXIT_USAGE, "rendezvous: --round %lu of this page size does not "
			       "fit the address space", (unsigned long)g->round);
	return 0;
}

static uint64_t reach(const struct group *g)
{
	return BASE + (g->round * entries(g) << g->page_lg2) - 1;
}

static int prepare(struct group_run *run, struct err *err)
{
	unsigned n = run->g->threads;
	struct meeting *m;

	m = aligned_alloc(CACHE_ALIGN, sizeof(*m) + n * sizeof(m->stamp[0]));
	if (!m)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u workers to meet", n);
	barrier_init(&m->start, n);
	barrier_init(&m->end, n);
	run->shared = m;
	return 0;
}

static void release(struct group_run *run)
{
	free(run->shared);
}

static struct pt_op page_of(const struct group *g, uint64_t table, unsigned worker)
{
	uint64_t iova = BASE + ((table * entries(g) + worker) << g->page_lg2);

	return (struct pt_op){ .iova = iova, .pa = pa_of(iova), .count = 1, .kind = PT_MAP,
			       .size_lg2 = (uint8_t)g->page_lg2, .prot = PT_READ | PT_WRITE };
}

static uint64_t skew(const struct meeting *m, unsigned n)
{
	uint64_t first = m->stamp[0].released, last = first;

	for (unsigned i = 1; i < n; i++) {
		if (m->stamp[i].released < first)
			first = m->stamp[i].released;
		if (m->stamp[i].released > last)
			last = m->stamp[i].released;
	}
	return last - first;
}

static void slice(struct lane *lane)
{
	struct meeting *m = lane->group->shared;
	const struct group *g = lane_group(lane);
	struct tally *t = &lane->tally;

	t->start = clock_now();
	for (uint64_t table = 0; table < lane->group->round; table++) {
		struct pt_op op = page_of(g, table, lane->worker);

		barrier_wait(&m->start);
		m->stamp[lane->worker].released = clock_now();
		lane_single(lane, &op);
		barrier_wait(&m->end);
		if (lane->worker == 0) {
			t->skew += skew(m, g->threads);
			t->rounds++;
		}
	}
	t->stop = clock_now();
	lane_finish(lane);
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct group *g = lane_group(lane);
	int error = 0;

	for (uint64_t table = 0; table < lane->group->round && !error; table++) {
		struct pt_op op = page_of(g, table, lane->worker);

		error = expect_add(out, &(struct extent){ .iova = op.iova, .pa = op.pa,
							  .bytes = 1ull << g->page_lg2,
							  .size_lg2 = op.size_lg2, .prot = op.prot });
	}
	return error;
}

const struct workload workload_rendezvous = {
	.name = "rendezvous",
	.help = "forced: a barrier releases all workers together at each new table; not a rate",
	.cold = true, .forced = true, .singly = true, .min_threads = 2, .check = check,
	.reach = reach, .prepare = prepare, .release = release, .slice = slice,
	.expect = expect,
};
