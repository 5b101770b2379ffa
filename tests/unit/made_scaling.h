/*
 * made_scaling.h - a sweep made by hand on two nodes of four cores with two hyperthreads each: the
 * eight cores are CPUs 0 to 7, their second hyperthreads 8 to 15.
 */
#pragma once

#include "bench/scaling.h"
#include "made_result.h"

#define WIDE_CPUS 16u

static const struct pt_engine made_limit = { .name = "amdv1/limit", .format = "amdv1", .sync = "limit",
					      .body = "ruler", .ruler = true };

static inline const struct topology *wide_topology(void)
{
	static struct topo_cpu cpus[WIDE_CPUS];
	static struct topo_node nodes[2] = { { .os = 0, .memory_bytes = 1ull << 32, .cpus = 8 },
					     { .os = 1, .memory_bytes = 1ull << 32, .cpus = 8 } };
	static unsigned distance[] = { 10, 20, 20, 10 };
	static const struct topology wide = {
		.this_system = true, .ncpus = WIDE_CPUS, .nnodes = 2, .npackages = 2, .nl3 = 2,
		.ncores = 8, .nallowed = WIDE_CPUS, .smt = 2, .cpus = cpus, .nodes = nodes,
		.distance = distance,
	};

	for (unsigned i = 0; i < WIDE_CPUS; i++)
		cpus[i] = (struct topo_cpu){ .os = i, .core = i % 8, .smt = i / 8, .l3 = i % 8 / 4,
					     .package = i % 8 / 4, .node = i % 8 / 4, .allowed = true };
	return &wide;
}

/*
 * n slices of `rate` operations a second: all engines of a group drift together, by 40 %, and each has
 * `noise` of its own.
 */
static inline struct case_result *made_rates(struct result *r, unsigned group, int engine,
					     unsigned threads, double rate, size_t n, double noise)
{
	struct case_result *c = made_case(r, group, engine == NULL_RULER ? NULL_RULER : engine, threads,
					  0);
	const char *name = c->engine->name;

	if (engine == NULL_RULER) /* stands for limit here */
		c->engine = &made_limit;
	name = c->engine->name;
	snprintf(c->case_id, sizeof(c->case_id), "private/%s/t%u/4K/b1/think0ns/compact/local/alloc",
		 strchr(name, '/') + 1, threads);
	c->section = 0;
	for (unsigned i = 0; i < threads; i++) {
		c->workers[i].cpu = c->workers[i].cpu_asked = i % WIDE_CPUS;
		c->workers[i].node = i % 8 / 4;
		c->nodes_used = c->workers[i].node ? 2 : c->nodes_used;
	}
	made_slices(c, n, 1e9 * threads / (2 * rate));
	for (size_t i = 0; i < n; i++)
		c->slices[i].ops_per_s *= (1 + 0.4 * (double)i / (double)n) *
					  (1 + noise * ((double)(i * 7 % 5) - 2));
	return c;
}

/*
 * Counts 1 to 16, and 32 on 16 CPUs. The machine: each thread slows the others by 2 % of one, and a
 * hyperthread adds a third of a core. lockless keeps up with it; mutex follows the law with sigma 0.8,
 * kappa 0.02; modern lockless loses 3 % a doubling.
 */
static inline double machine_rate(unsigned threads)
{
	double cores = threads <= 8 ? threads : 8 + (fmin(threads, 16) - 8) / 3;

	return 100e6 * cores / (1 + 0.02 * (cores - 1));
}

static inline struct result made_scaling(void)
{
	static const unsigned counts[] = { 1, 2, 4, 8, 16, 32 };
	const struct usl_fit mutex = { .gamma = 30e6, .sigma = 0.8, .kappa = 0.02 };
	struct result r = made_result();

	r.topo = wide_topology();
	made_job.preset_default = false;
	made_job.out[0] = '\0';
	for (unsigned g = 0; g < 6; g++) {
		double machine = machine_rate(counts[g]);

		made_counters(made_rates(&r, g, LOCKLESS_2019, counts[g], 0.4 * machine, 24, 0.004), 7);
		made_rates(&r, g, MUTEX_2019, counts[g], usl_rate(&mutex, counts[g]), 24, 0.01);
		made_rates(&r, g, LOCKLESS, counts[g], 0.8 * machine * pow(0.97, g), 24, 0.008);
		made_rates(&r, g, NULL_RULER, counts[g], machine, 24, 0);
	}
	return r;
}
