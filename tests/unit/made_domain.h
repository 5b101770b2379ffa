/*
 * made_domain.h - a table of any engine with workers, a grace period and devices, for tests of src/iotlb.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four headers that it needs */
#include <cmocka.h>

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
