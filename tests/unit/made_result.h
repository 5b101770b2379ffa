/*
 * made_result.h - a result made by hand, for the tests of what reads results: two CPUs, one node,
 * numbers chosen so that every figure can be worked out on paper.
 */
#pragma once

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/write.h"

static const struct pt_engine made_engines[] = {
	{ .name = "amdv1/lockless-2019", .format = "amdv1", .sync = "lockless", .body = "2019" },
	{ .name = "amdv1/mutex-2019", .format = "amdv1", .sync = "mutex", .body = "2019" },
	{ .name = "amdv1/spin-2019", .format = "amdv1", .sync = "spin", .body = "2019" },
	{ .name = "amdv1/lockless", .format = "amdv1", .sync = "lockless", .body = "modern" },
	{ .name = "amdv1/mutex", .format = "amdv1", .sync = "mutex", .body = "modern" },
	{ .name = "amdv1/spin", .format = "amdv1", .sync = "spin", .body = "modern" },
	{ .name = "null", .format = "null", .sync = "null", .body = "ruler", .ruler = true },
};

enum { LOCKLESS_2019, MUTEX_2019, SPIN_2019, LOCKLESS, MUTEX, SPIN, NULL_RULER };

static struct topo_cpu made_cpus[] = { { .os = 0, .allowed = true },
				       { .os = 1, .core = 1, .allowed = true } };
static struct topo_node made_nodes[] = { { .os = 0, .memory_bytes = 4ull << 30, .cpus = 2 } };
static unsigned made_distance[] = { 10 };
static const struct topology made_topology = {
	.this_system = true, .ncpus = 2, .nnodes = 1, .npackages = 1, .nl3 = 1, .ncores = 2,
	.nallowed = 2, .smt = 1, .cpus = made_cpus, .nodes = made_nodes, .distance = made_distance,
};
static char *made_argv[] = { (char *)"iopt", (char *)"run", (char *)"--seed=7" };
static struct options made_job;

static inline struct result made_result(void)
{
	struct result r = {
		.complete = true, .argc = 3, .argv = made_argv, .jobs = &made_job, .njobs = 1,
		.seed = 7, .processes = 1, .topo = &made_topology, .started_utc = "2026-01-02T03:04:05Z",
		.ruler = { .clock = { .source = "tsc", .ns_per_tick = 0.5, .step_ns = 10, .pair_ns = 24 },
			   .elapsed_s = 58, .peak_rss_bytes = 1 << 20 },
		.host = { .hostname = "host", .kernel = "6.1.0", .arch = "x86_64",
			  .cpu_model = "AMD EPYC 7763 64-Core Processor", .version = "0.1.0",
			  .commit = "1a2b3c4", .jemalloc = "5.3.0", .hwloc = "2.9.0", .smt = 1,
			  .numa_balancing = -1, .load1 = 0.1, .memory_bytes = 4ull << 30 },
	};

	options_default(&made_job);
	made_job.preset_default = true;
	made_job.seed = 7;
	made_job.processes = 1;
	strcpy(made_job.out, "iopt-out/1");
	return r;
}

/* A case of `private` without slices; clean, balanced. */
static inline struct case_result *made_case(struct result *r, unsigned group, int engine,
					    unsigned threads, uint64_t think_ns)
{
	struct case_result *c;

	r->cases = realloc(r->cases, (r->ncases + 1) * sizeof(*r->cases));
	assert(r->cases);
	c = &r->cases[r->ncases++];
	*c = (struct case_result){
		.group = group, .section = 1, .engine = &made_engines[engine], .workload = "private",
		.threads = threads, .nodes_used = 1, .page_bytes = 4096, .batch = 1,
		.think_ns = think_ns, .place = "compact", .smt = "last", .mem = "local",
		.zero = "alloc",
		.share = "root", .jain = 1, .min_max = 1, .longest_wait_ns = 5000,
		.verified = made_engines[engine].ruler ? VERIFIED_NULL : VERIFIED_YES,
		.pages = { .allocated = 40, .freed = 4, .reachable = 30, .spare = 6, .peak = 36,
			   .nodes_known = true, .by_node = { 30 }, .on_asked_node = 1 },
	};
	snprintf(c->case_id, sizeof(c->case_id), "g%u/%s/t%u/think%llu", group,
		 made_engines[engine].name, threads, (unsigned long long)think_ns);
	c->workers = calloc(threads, sizeof(*c->workers));
	assert(c->workers);
	for (unsigned i = 0; i < threads; i++)
		c->workers[i] = (struct worker_result){ .cpu_asked = i, .cpu = i, .ops = 500,
							.pages_by_node = { 15 } };
	return c;
}

/*
 * n slices in half rounds of two, of 1000 operations a worker, half of them maps; each costs its
 * worker `ns` of its own and `ns` beside it, so a worker does 1e9 / (2 * ns) a second.
 */
static inline void made_slices(struct case_result *c, size_t n, double ns)
{
	c->slices = calloc(n + 1, sizeof(*c->slices));
	assert(c->slices);
	c->nslices = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t ops = 1000 * c->threads;

		c->slices[i] = (struct slice){
			.round = (uint32_t)(i / 2), .half = i % 2, .position = ~0ull - i,
			.ops = ops, .pages = ops, .elapsed_ns = (uint64_t)(2000 * ns),
			.ops_per_s = (double)c->threads * 1e9 / (2 * ns),
			.kind_ops = { ops / 2, ops / 2, 0 },
			.timed_ops = { ops / 2, ops / 2, 0 }, .timed_pages = { ops / 2, ops / 2, 0 },
			.timed_ns = { (double)ops / 2 * ns * 1.5, (double)ops / 2 * ns * 0.5, 0 },
			.busy_ns = (double)ops * ns, .busy_ops = ops,
		};
	}
}

static inline void made_latency(struct case_result *c, enum op_kind kind, uint64_t n, uint64_t ns,
			 uint64_t slow, uint64_t slow_ns)
{
	struct histogram *h = calloc(1, sizeof(*h));

	assert(h);
	while (n--)
		hist_record(h, ns);
	while (slow--)
		hist_record(h, slow_ns);
	c->latency[kind] = h;
	c->sample_every = 64;
}

static inline void made_window(struct case_result *c, uint64_t n, uint64_t ns)
{
	c->window = calloc(1, sizeof(*c->window));
	assert(c->window);
	while (n--)
		hist_record(c->window, ns);
}

/* The cold side: tables built and lost in each of n slices. */
static inline void made_cold(struct case_result *c, unsigned section, const char *workload,
			     size_t n, uint64_t tables, uint64_t lost)
{
	c->section = section;
	c->cold = true;
	snprintf(c->workload, sizeof(c->workload), "%s", workload);
	made_slices(c, n, 100);
	for (size_t i = 0; i < n; i++) {
		memset(c->slices[i].timed_ops, 0, sizeof(c->slices[i].timed_ops));
		if (strncmp(workload, "replay", 6))
			c->slices[i].kind_ops[OP_MAP] = c->slices[i].ops;
		c->slices[i].tables = tables;
		c->slices[i].lost_install = lost;
		c->slices[i].skew_ns = 40;
	}
	c->pages.allocated = n * (tables + lost);
	c->pages.freed = n * lost;
	c->pages.reachable = n * tables;
	c->pages.spare = 0;
	c->pages.wasted = c->pages.wasted_install = c->pages.wasted_by_level[0] = n * lost;
}

static inline void made_lock_group(struct result *r, unsigned group, unsigned threads,
				   uint64_t think_ns, const double ns[4])
{
	static const int engines[] = { LOCKLESS_2019, MUTEX_2019, SPIN_2019, LOCKLESS };

	for (size_t i = 0; i < 4; i++) {
		struct case_result *c = made_case(r, group, engines[i], threads, think_ns);

		made_slices(c, 12, ns[i]);
		/* enough for p99.9, not for p99.99; lockless below what the clock can tell */
		made_latency(c, OP_MAP, 19900, (uint64_t)(ns[i] * 2), 100, (uint64_t)(ns[i] * 1000));
		c->longest_wait_ns = ns[i] * 1e5;
		c->jain = engines[i] == MUTEX_2019 ? 0.91 : 1;
	}
	made_slices(made_case(r, group, NULL_RULER, threads, think_ns), 12, 0.5);
}

static inline void made_overlap(struct result *r, unsigned group, int engine, const char *range,
				struct overlap_result overlap)
{
	struct case_result *c = made_case(r, group, engine, 2, 0);

	c->section = 3;
	c->unowned = true;
	c->verified = VERIFIED_NULL;
	strcpy(c->workload, "overlap");
	strcpy(c->range, range);
	made_slices(c, 4, 100);
	c->overlap = overlap;
}

/* What the default run of a machine with two CPUs looks like. */
static inline struct result made_whole(void)
{
	struct result r = made_result();
	struct case_result *c;

	result_warn(&r, "numa_balancing=1 moves pages while we measure: sysctl kernel.numa_balancing=0");
	result_warn(&r, "virtual machine (KVM): figures move with the neighbours; compare only within "
			"one run, or use bare metal");
	made_lock_group(&r, 0, 1, 0, (double[]){ 24, 62, 45, 11 });
	made_lock_group(&r, 1, 2, 0, (double[]){ 26, 16126, 15226, 12 });
	made_lock_group(&r, 2, 2, 1000, (double[]){ 29, 30, 2029, 13 });
	c = made_case(&r, 3, LOCKLESS_2019, 2, 0);
	made_cold(c, 2, "replay:nvme-amd-lazy", 8, 11, 0);
	c->events = 1234;
	c->events_skipped = 5;
	c->slices[0].wait_ns = 16e6;
	made_window(c, 88, 212);
	made_cold(made_case(&r, 3, MUTEX_2019, 2, 0), 2, "replay:nvme-amd-lazy", 8, 11, 0);
	r.cases[r.ncases - 1].events = 1234;
	c = made_case(&r, 4, LOCKLESS_2019, 2, 1000);
	made_cold(c, 2, "cursor", 8, 1024, 1384);
	made_window(c, 88, 212);
	made_cold(made_case(&r, 4, MUTEX_2019, 2, 1000), 2, "cursor", 8, 1024, 0);
	c = made_case(&r, 5, LOCKLESS_2019, 2, 0);
	made_cold(c, 2, "rendezvous", 8, 1024, 1000);
	c->forced = true;
	made_overlap(&r, 6, MUTEX_2019, "64K", (struct overlap_result){ 100000, 100000, 0, 0, 0, 0 });
	made_overlap(&r, 6, LOCKLESS_2019, "64K",
		     (struct overlap_result){ 100000, 93429, 0, 6571, 0, 0 });
	made_overlap(&r, 7, MUTEX_2019, "3x4K",
		     (struct overlap_result){ 100000, 91197, 8803, 0, 0, 0 });
	for (uint64_t i = 0; i < 120000; i++)
		hist_record(&r.ruler.hiccups, i < 119900 ? 300 : 3000);
	return r;
}

/* The same of an arbitrary sweep: no section of its own, one audit failed, little measured. */
static inline struct result made_sweep(void)
{
	struct result r = made_result();
	struct case_result *c;

	r.complete = false;
	r.lost_pinning = true;
	made_job.preset_default = false;
	made_job.out[0] = '\0';
	made_slices(made_case(&r, 0, LOCKLESS_2019, 2, 0), 3, 26);
	made_slices(made_case(&r, 0, MUTEX_2019, 2, 0), 3, 126);
	c = made_case(&r, 0, SPIN_2019, 2, 0);
	made_slices(c, 3, 100);
	c->verified = VERIFIED_NO;
	c->nevidence = 1;
	strcpy(c->evidence[0], "worker 1: 0x7000 expected at 0x1000, \"found\", nothing");
	made_slices(made_case(&r, 0, NULL_RULER, 2, 0), 3, 0.5);
	c = made_case(&r, 1, LOCKLESS_2019, 2, 0);
	made_slices(c, 8, 30);
	strcpy(c->place, "scatter");
	made_cold(made_case(&r, 2, LOCKLESS_2019, 1, 0), 0, "replay:x", 8, 3, 1);
	made_cold(made_case(&r, 2, MUTEX_2019, 1, 0), 0, "replay:x", 8, 3, 0);
	r.cases[5].pages.freed++; /* off by one */
	for (size_t i = 0; i < r.ncases; i++)
		r.cases[i].section = 0;
	r.cases[0].workers[1].moved = true;
	return r;
}
