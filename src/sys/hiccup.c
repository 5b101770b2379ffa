#include "sys/hiccup.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "sys/headroom.h"
#include "sys/host.h"

struct prober {
	pthread_t thread;
	struct hiccup_cpu *out;
	uint64_t duration_ns;
};

static void add_up(struct hiccup_cpu *c)
{
	for (uint32_t b = 0; b < HIST_BUCKETS; b++) {
		double mid = ((double)hist_bucket_low(b) + (double)hist_bucket_high(b)) / 2;

		c->lost_ns += (double)c->gaps.count[b] * mid;
		if (hist_bucket_low(b) >= CHECK_LONG_NS)
			c->long_gaps += c->gaps.count[b];
	}
	c->lost_ns += (double)c->gaps.overflow * (double)((uint64_t)1 << HIST_MAX_LG2);
	c->long_gaps += c->gaps.overflow;
}

static void *probe_one(void *arg)
{
	struct prober *p = arg;
	uint64_t start;
	int rc = pin_self(p->out->cpu);

	if (rc) {
		p->out->error = -rc;
		return NULL;
	}
	/* touched before it is written to in the loop: a first touch is a gap of our own making */
	memset(&p->out->gaps, 0, sizeof(p->out->gaps));
	start = clock_monotonic_ns();
	host_hiccups(&p->out->gaps, p->duration_ns);
	p->out->duration_ns = clock_monotonic_ns() - start;
	add_up(p->out);
	return NULL;
}

void hiccup_probe(const unsigned *cpus, unsigned n, uint64_t duration_ns, struct hiccup_cpu *out)
{
	struct prober *probers = calloc(n, sizeof(*probers));
	bool room = probers && headroom_threads(n);
	int rc;

	for (unsigned i = 0; i < n; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		out[i].cpu = cpus[i];
		out[i].error = ENOMEM;
		if (!room)
			continue;
		out[i].error = 0; /* from here on the thread's */
		probers[i].out = &out[i];
		probers[i].duration_ns = duration_ns;
		rc = pthread_create(&probers[i].thread, NULL, probe_one, &probers[i]);
		if (rc) {
			out[i].error = rc;
			probers[i].out = NULL;
		}
	}
	for (unsigned i = 0; room && i < n; i++)
		if (probers[i].out)
			pthread_join(probers[i].thread, NULL);
	free(probers);
}

void hiccup_sum(const struct hiccup_cpu *cpus, unsigned n, uint64_t duration_ns,
		struct check_probe *probe)
{
	probe->seconds = (double)duration_ns / 1e9;
	probe->cpus = n;
	for (unsigned i = 0; i < n; i++) {
		const struct hiccup_cpu *c = &cpus[i];
		double share = c->duration_ns ? c->lost_ns / (double)c->duration_ns : 0;

		if (c->error) {
			probe->failed++;
			continue;
		}
		if (c->long_gaps > probe->long_gaps) {
			probe->long_gaps = c->long_gaps;
			probe->long_cpu = c->cpu;
		}
		if (share > probe->lost_share) {
			probe->lost_share = share;
			probe->lost_cpu = c->cpu;
		}
		if (c->gaps.n && c->gaps.max > probe->worst_ns)
			probe->worst_ns = c->gaps.max;
	}
}
