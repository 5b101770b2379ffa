/*
 * probe.c CPU,CPU,… - the pool and the engines, driven from threads pinned to those CPUs; every page
 * is looked up by its address with get_mempolicy(2), so nothing iopt says of itself is believed.
 *
 * Prints a JSON object. `race`, by engine: all workers map into the same new leaf tables at once.
 * `live` are the pages each worker has in the tree, `again` those of them, and of as many taken from
 * the pool afterwards as the worker lost, that had been handed out before. `foreign`: each worker
 * frees pages of the one before it; `again` are those that come back to a worker. Counts are by node.
 */
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/barrier.h"
#include "bench/crew.h"
#include "pt/engine.h"

#define WORKERS_MAX 64u
#define NODES_MAX 16u
#define ROUNDS 100u  /* leaf tables raced for at a time, */
#define BATCHES 50u  /* so often at most, */
#define LOST 8u      /* until so many races were lost */
#define PAGES 450u   /* freed by another worker; no multiple of a batch */
#define AGAIN 650u   /* taken then: more, so that nothing stays hidden at the bottom of a batch */
#define LEAF_TABLE_BYTES (UINT64_C(1) << 21)

struct worker {
	struct pt_worker pt;
	unsigned cpu, node;     /* as the kernel tells (getcpu) */
	uint64_t lost;
	uint64_t live[NODES_MAX], again[NODES_MAX];
	void *pages[AGAIN];
};

struct probe {
	unsigned n;
	unsigned cpus[WORKERS_MAX];
	struct crew *crew;
	struct barrier barrier;
	struct pool *pool;
	struct pt *pt;
	uint64_t raced;         /* leaf tables so far */
	struct worker *workers;
};

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "probe: %s\n", what);
	exit(1);
}

static unsigned node_of(void *page)
{
	int node = -1;

	if (get_mempolicy(&node, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR))
		fail("get_mempolicy is refused");
	if (node < 0 || node >= (int)NODES_MAX)
		fail("a page is on no node");
	return (unsigned)node;
}

static void open_worker(void *arg, unsigned id)
{
	struct probe *p = arg;
	struct worker *w = &p->workers[id];

	memset(w, 0, sizeof(*w));
	if (getcpu(&w->cpu, &w->node))
		fail("getcpu is refused");
	w->pt.id = id;
	w->pt.pages = pool_cache_create(p->pool, w->node);
	if (!w->pt.pages)
		fail("no memory for a cache");
}

static void close_worker(void *arg, unsigned id)
{
	struct probe *p = arg;

	pool_cache_destroy(p->workers[id].pt.pages);
}

static void open_pool(struct probe *p)
{
	struct pool_config config = { .mem = POOL_MEM_LOCAL };
	struct err err;

	if (pool_create(&p->pool, &config, &err))
		fail(err.text);
	crew_run(p->crew, open_worker, p);
}

static void close_pool(struct probe *p)
{
	crew_run(p->crew, close_worker, p);
	pool_destroy(p->pool);
}

/* Worker by worker a page of one leaf table, all at once, table after table. */
static void map_together(void *arg, unsigned id)
{
	struct probe *p = arg;
	struct pt_worker *w = &p->workers[id].pt;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct pt_op op = { .iova = (p->raced + round) * LEAF_TABLE_BYTES + id * PAGE_BYTES,
				    .pa = PAGE_BYTES, .count = 1, .kind = PT_MAP, .size_lg2 = 12,
				    .prot = PT_READ | PT_WRITE };

		barrier_wait(&p->barrier);
		if (pt_engine_of(p->pt)->run(p->pt, w, &op, 1) != 1)
			fail("a page was not mapped");
	}
}

/* Worker by worker, so far. */
static uint64_t count_lost(struct probe *p)
{
	uint64_t sum = 0;

	for (unsigned id = 0; id < p->n; id++) {
		struct worker *w = &p->workers[id];

		w->lost = 0;
		for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
			w->lost += w->pt.n.wasted_install[level];
		sum += w->lost;
	}
	return sum;
}

/* What the worker gave back lies on top of its cache: take as many as it lost. */
static void take_again(void *arg, unsigned id)
{
	struct probe *p = arg;
	struct worker *w = &p->workers[id];

	for (uint64_t i = 0; i < w->lost && i < PAGES; i++) {
		void *page = page_alloc(w->pt.pages, UINT32_MAX);

		if (page_desc(page)->generation > 1)
			w->again[node_of(page)]++;
		w->pages[i] = page;
	}
	for (uint64_t i = 0; i < w->lost && i < PAGES; i++)
		page_free(w->pt.pages, w->pages[i]);
}

static void count_live(void *arg, struct page_desc *page)
{
	struct probe *p = arg;
	struct worker *w = &p->workers[page->worker];
	unsigned node = node_of(page->page);

	w->live[node]++;
	if (page->generation > 1)
		w->again[node]++;
}

static void print_nodes(const char *name, const uint64_t *by_node)
{
	printf(", \"%s\": {", name);
	for (unsigned node = 0, n = 0; node < NODES_MAX; node++)
		if (by_node[node])
			printf("%s\"%u\": %lu", n++ ? ", " : "", node, (unsigned long)by_node[node]);
	printf("}");
}

static void print_workers(const struct probe *p, const char *name)
{
	printf("\"%s\": [", name);
	for (unsigned id = 0; id < p->n; id++) {
		const struct worker *w = &p->workers[id];

		printf("%s\n  {\"cpu\": %u, \"node\": %u, \"lost\": %lu", id ? "," : "", w->cpu,
		       w->node, (unsigned long)w->lost);
		print_nodes("live", w->live);
		print_nodes("again", w->again);
		printf("}");
	}
	printf("]");
}

static void race(struct probe *p, const char *engine)
{
	open_pool(p);
	if (pt_create(&p->pt, pt_engine_find(engine), &p->workers[0].pt))
		fail("no memory for a table");
	p->raced = 0;
	for (unsigned batch = 0; batch < BATCHES && count_lost(p) < LOST; batch++) {
		crew_run(p->crew, map_together, p);
		p->raced += ROUNDS;
	}
	pool_each(p->pool, pt_id(p->pt), count_live, p);
	crew_run(p->crew, take_again, p);
	print_workers(p, engine);
	pt_destroy(p->pt, &p->workers[0].pt);
	close_pool(p);
}

static void free_neighbours(void *arg, unsigned id)
{
	struct probe *p = arg;
	struct worker *w = &p->workers[id], *before = &p->workers[(id + p->n - 1) % p->n];

	for (unsigned i = 0; i < PAGES; i++)
		w->pages[i] = page_alloc(w->pt.pages, UINT32_MAX);
	barrier_wait(&p->barrier);
	for (unsigned i = 0; i < PAGES; i++)
		page_free(w->pt.pages, before->pages[i]);
	barrier_wait(&p->barrier);
	for (unsigned i = 0; i < AGAIN; i++) {
		w->pages[i] = page_alloc(w->pt.pages, UINT32_MAX);
		(page_desc(w->pages[i])->generation > 1 ? w->again : w->live)[node_of(w->pages[i])]++;
	}
	for (unsigned i = 0; i < AGAIN; i++)
		page_free(w->pt.pages, w->pages[i]);
}

static void foreign(struct probe *p)
{
	open_pool(p);
	crew_run(p->crew, free_neighbours, p);
	print_workers(p, "foreign");
	close_pool(p);
}

int main(int argc, char **argv)
{
	struct probe p = { 0 };
	struct err err;

	for (char *word = strtok(argc > 1 ? argv[1] : "", ","); word && p.n < WORKERS_MAX;
	     word = strtok(NULL, ","))
		p.cpus[p.n++] = (unsigned)strtoul(word, NULL, 10);
	p.workers = aligned_alloc(alignof(struct worker), WORKERS_MAX * sizeof(p.workers[0]));
	barrier_init(&p.barrier, p.n);
	if (!p.n || !p.workers || crew_create(&p.crew, p.n, p.cpus, &err))
		fail("usage: probe CPU,CPU,…");
	printf("{");
	race(&p, "amdv1/lockless-2019");
	printf(",\n");
	race(&p, "amdv1/lockless");
	printf(",\n");
	foreign(&p);
	printf("}\n");
	crew_destroy(p.crew);
	free(p.workers);
	return 0;
}
