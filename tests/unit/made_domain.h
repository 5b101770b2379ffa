/*
 * made_domain.h - a table of any engine with workers, a grace period and devices, and operations with
 * the devices obeying beside them, for tests of src/iotlb.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four headers that it needs */
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "iotlb/alive.h"
#include "iotlb/domain.h"

#define MADE_WORKERS 2u
#define MADE_UNITS 2u

struct made {
	const struct pt_engine *engine;
	struct pool *pool;
	struct grace *grace;
	struct pt *pt;
	struct alive alive;
	struct iotlb_unit *unit[MADE_UNITS];
	struct domain d;
	struct domain_worker w[MADE_WORKERS];
};

/* leaves: room of the IOTLBs, for tables too. Workers are offline. */
static struct made *made_setup(const struct pt_engine *engine, unsigned levels, unsigned units,
			       unsigned leaves)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };
	struct made *m = aligned_alloc(CACHE_ALIGN, sizeof(*m));
	struct err err;

	assert_non_null(m);
	memset(m, 0, sizeof(*m));
	m->engine = engine;
	assert_int_equal(pool_create(&m->pool, &config, &err), 0);
	m->grace = grace_create(MADE_WORKERS);
	for (unsigned i = 0; i < MADE_WORKERS; i++) {
		m->w[i].w.id = i;
		m->w[i].w.pages = pool_cache_create(m->pool, 0);
		m->w[i].grace = grace_worker(m->grace, i);
	}
	assert_int_equal(pt_create_levels(&m->pt, engine, levels, &m->w[0].w), 0);
	alive_init(&m->alive, m->pt);
	domain_init(&m->d, m->pt, engine);
	for (unsigned i = 0; i < units; i++) {
		struct unit_config unit = { .walker = { .format = strcmp(engine->format, "vtdss") ?
								  WALK_AMDV1 : WALK_VTDSS,
							.alive = alive_ask, .ctx = &m->alive },
					    .leaves = leaves, .tables = leaves, .seed = i + 1 };

		m->unit[i] = unit_create(&unit);
		assert_non_null(m->unit[i]);
		domain_attach(&m->d, m->unit[i]);
	}
	return m;
}

/* Workers are offline. Every page must have come back. */
static void made_teardown(struct made *m)
{
	for (unsigned i = 0; i < MADE_WORKERS; i++)
		grace_drain(m->w[i].grace, m->w[i].w.pages);
	grace_destroy(m->grace);
	for (unsigned i = 0; i < MADE_WORKERS; i++)
		for (struct page_desc *d = m->w[i].w.gather.head, *next; d; d = next) {
			next = d->next;
			page_free(m->w[i].w.pages, d->page);
		}
	pt_destroy(m->pt, &m->w[0].w);
	for (unsigned i = 0; i < MADE_WORKERS; i++)
		pool_cache_destroy(m->w[i].w.pages);
	assert_int_equal(pool_stats(m->pool).allocated, pool_stats(m->pool).freed);
	pool_destroy(m->pool);
	for (unsigned i = 0; i < MADE_UNITS; i++)
		unit_destroy(m->unit[i]);
	free(m);
}

static inline const struct pt_engine *engine_named(const char *name)
{
	const struct pt_engine *e = pt_engine_find(name);

	assert_non_null(e);
	return e;
}

static inline struct pt_op op_of(enum pt_kind kind, uint64_t iova, uint64_t pa, unsigned lg2,
				 unsigned count)
{
	return (struct pt_op){ .iova = iova, .pa = pa, .count = count, .kind = (uint8_t)kind,
			       .size_lg2 = (uint8_t)lg2, .prot = PT_READ | PT_WRITE };
}

/* Carry out an operation on a thread of its own while the caller is the devices. */
struct beside {
	struct made *m;
	unsigned worker;
	struct pt_op *op;
	_Atomic(uint32_t) done;
};

static inline void *run_beside(void *arg)
{
	struct beside *b = arg;

	domain_run(&b->m->d, &b->m->w[b->worker], b->op);
	/* release: pairs with the load in run_op */
	at_store(&b->done, 1, release);
	return NULL;
}

static inline void run_op(struct made *m, unsigned worker, struct pt_op op)
{
	struct beside b = { .m = m, .worker = worker, .op = &op };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_beside, &b), 0);
	while (!at_load(&b.done, acquire)) {
		for (unsigned i = 0; i < m->d.units; i++)
			unit_obey(m->unit[i]);
		sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(op.err, 0);
}

static inline void map(struct made *m, unsigned worker, uint64_t iova, uint64_t pa, unsigned lg2,
		       unsigned count)
{
	run_op(m, worker, op_of(PT_MAP, iova, pa, lg2, count));
}

static inline void unmap(struct made *m, unsigned worker, uint64_t iova, unsigned lg2, unsigned count)
{
	run_op(m, worker, op_of(PT_UNMAP, iova, 0, lg2, count));
}

/* At rest: what a device finds. */
static inline enum walk_end sees(struct made *m, unsigned unit, uint64_t iova)
{
	return unit_translate(m->unit[unit], iova, PT_READ).end;
}
