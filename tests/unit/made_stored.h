/* Stored results made up in memory: cases with the draws that a test wants. */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stored.h"

static inline struct stored *made_stored(unsigned processes)
{
	struct stored *s = calloc(1, sizeof(*s));
	struct stored_host *h = &s->host;

	s->path = strdup("made/result.json");
	s->started_utc = strdup("2026-01-02T03:04:05Z");
	s->complete = true;
	s->processes = processes;
	h->hostname = strdup("box");
	h->kernel = strdup("Linux 6.1.0");
	h->cpu_model = strdup("EPYC 7763");
	h->microcode = strdup("0xa0");
	h->governor = strdup("performance");
	h->boost = strdup("on");
	h->smt = strdup("on");
	h->nodes = strdup("1");
	h->cpus = strdup("2");
	h->allocator = strdup("jemalloc 5.3.0");
	h->version = strdup("0.1.0");
	h->commit = strdup("abc1234");
	h->compiler = strdup("gcc 12");
	h->flags = strdup("-O2");
	return s;
}

/* A case without figures; valid until the next is made. */
static inline struct stored_case *made_stored_case(struct stored *s, const char *id,
						   const char *engine)
{
	struct stored_case *c;

	s->cases = realloc(s->cases, (s->ncases + 1) * sizeof(*s->cases));
	c = &s->cases[s->ncases++];
	memset(c, 0, sizeof(*c));
	c->id = strdup(id);
	c->engine = strdup(engine);
	c->workload = strdup("private");
	c->page_size = strdup("4K");
	c->place = strdup("compact");
	c->mem = strdup("local");
	c->handicap = strdup("");
	c->threads = 2;
	c->batch = 1;
	c->is_ruler = strstr(engine, "limit") != NULL;
	c->verified = c->is_ruler ? VERIFIED_NULL : VERIFIED_YES;
	c->ops_per_s = NAN;
	c->draws = calloc(s->processes, sizeof(*c->draws));
	c->ndraws = s->processes;
	for (unsigned p = 0; p < s->processes; p++) {
		struct stored_draw *d = &c->draws[p];

		d->process = p;
		d->ops_per_s = d->steady = NAN;
		for (int k = 0; k < OP_KINDS; k++) {
			d->ns_per_op[k] = d->latency[k].p50 = d->latency[k].p90 = NAN;
			d->latency[k].p99 = d->latency[k].p999 = d->latency[k].p9999 = NAN;
		}
	}
	return c;
}

/* Around 1, within +-size, each another; the same for the same seed. */
static inline double made_noise(uint64_t seed, unsigned i, double size)
{
	return 1 + size * ((double)(stat_mix(seed * 1000 + i) % 2001) / 1000 - 1);
}

/* Rates, and in units of a ruler that runs at 1e8 times the same luck. */
static inline void made_rates(struct stored_case *c, uint64_t seed, double rate, double luck)
{
	c->ops_per_s = rate;
	for (size_t p = 0; p < c->ndraws; p++) {
		double own = rate * made_noise(seed, (unsigned)p, 0.01);

		c->draws[p].ops_per_s = own * made_noise(seed + 77, (unsigned)p, luck);
		c->draws[p].steady = c->is_ruler ? NAN : own / 1e8;
	}
	if (!c->is_ruler)
		c->ruler = strdup("amdv1/limit");
}

static inline void made_ruler(struct stored *s, uint64_t seed, double rate, double luck)
{
	struct stored_case *c = made_stored_case(s, "private/limit", "amdv1/limit");

	made_rates(c, seed, rate, 0);
	for (size_t p = 0; p < c->ndraws; p++)
		c->draws[p].ops_per_s = rate * made_noise(seed + 77, (unsigned)p, luck);
}

static inline void made_p99(struct stored_case *c, uint64_t seed, double p99, uint64_t n)
{
	for (size_t p = 0; p < c->ndraws; p++) {
		c->draws[p].latency[OP_MAP].n = n;
		if (n >= 1000)
			c->draws[p].latency[OP_MAP].p99 = p99 * made_noise(seed, (unsigned)p, 0.02);
	}
}

static inline void made_waste(struct stored_case *c, uint64_t lost, double tables)
{
	c->cold = true;
	for (size_t p = 0; p < c->ndraws; p++) {
		c->draws[p].lost = lost;
		c->draws[p].tables = tables;
	}
}
