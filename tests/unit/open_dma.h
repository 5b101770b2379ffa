/*
 * open_dma.h - one group of the DMA path, opened and at rest: load_machine() and free_machine() around each
 * program, then its stretches and slices are the test's own doing.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/dma.h"
#include "bench/group.h"
#include "bench/processes.h"
#include "sys/clock.h"
#include "sys/topology.h"

static struct topology *topo;
static unsigned cpus[2];

static inline int load_machine(void **state)
{
	struct err err = { 0 };
	unsigned n = 0;

	(void)state;
	clock_init();
	if (topology_load(&topo, NULL, &err))
		return -1;
	for (unsigned i = 0; i < topo->ncpus && n < 2; i++)
		if (topo->cpus[i].allowed)
			cpus[n++] = topo->cpus[i].os;
	if (n == 1)
		cpus[1] = cpus[0];
	return 0;
}

static inline int free_machine(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

struct open {
	struct group g;
	struct result *r;
	struct group_run *run;
};

/* A group of the DMA path: what `shape` says, and for the rest what suits a test. */
static inline void open_shape(struct open *o, const struct group *shape, const char *const names[4])
{
	struct plan plan = { .groups = &o->g, .n = 1 };
	struct err err = { 0 };

	o->g = *shape;
	o->g.page_lg2 = 12;
	o->g.batch = 1;
	o->g.duration_ns = 10000000;
	o->g.seed = 3;
	o->g.slice_ns = 1000000;
	o->g.warmup_ns = 50000;
	o->g.sample = SAMPLE_NONE;
	o->g.nodes_used = 1;
	o->g.iova_window = 1 << 30;
	o->g.cpus = cpus;
	o->g.nengines = 4;
	for (unsigned e = 0; e < 4; e++)
		o->g.engines[e] = pt_engine_find(names[e]);
	plan.ncases = o->g.nengines;
	o->r = calloc(1, sizeof(*o->r));
	assert_non_null(o->r);
	o->r->topo = topo;
	assert_int_equal(cases_init(&plan, o->r), 0);
	assert_int_equal(group_open(&o->run, &o->g, o->r, 0, &err), 0);
	o->run->ops_per_worker = 1024;
}

static inline void close_group(struct open *o)
{
	group_close(o->run);
	result_free(o->r);
	free(o->r);
}

static inline const struct workload *find(const char *name)
{
	const char *argument;

	return workload_find(name, &argument);
}

static inline struct dma_lane *lane_of(struct open *o, unsigned e, unsigned w)
{
	struct dma_lane *d = o->run->engines[e].lanes[w]->own;

	o->run->engine = e;
	o->run->engine_is_ruler = o->run->engines[e].engine.ruler;
	return d;
}
