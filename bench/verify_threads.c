#include "bench/verify_threads.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

#define SPINS 512u

/* What a round of a machine needs, read once: hwloc takes its time. Main thread. */
static struct topology *this_machine(struct err *err)
{
	static struct topology *topo;

	if (!topo && topology_load(&topo, NULL, err))
		return NULL;
	return topo;
}

void verify_meet(struct verify_round *r, unsigned all)
{
	unsigned spins = 0;

	at_add(&r->met, 1, relaxed); /* only when: nobody is to learn anything by it */
	while (at_load(&r->met, relaxed) < all) { /* as above */
		cpu_relax();
		if (++spins % SPINS == 0)
			sched_yield();
	}
}

static void choose_threads(struct verify_round *r, unsigned cpus)
{
	const struct pt_engine *e = r->job->engine;
	bool crowd = cpus >= 4;

	r->writers = r->job->threads ? r->job->threads : 1;
	if (r->writers > VERIFY_THREADS_MAX)
		r->writers = VERIFY_THREADS_MAX;
	if (pt_engine_in_line(e) && r->writers > (cpus > 2 ? cpus : 2))
		r->writers = cpus > 2 ? cpus : 2;
	if (e->single)
		r->writers = 1;
	if (r->layer == VERIFY_DEVICE)
		r->devices = crowd && !e->single ? 2 : 1;
	else
		r->readers = e->single || (pt_engine_in_line(e) && !crowd) ? 0 : 1 + r->writers / 8;
	r->nthreads = r->writers + r->readers + r->devices;
	r->crowded = r->nthreads > cpus;
}

static int pin(struct verify_round *r, struct err *err)
{
	struct topology *topo = this_machine(err);
	const struct place place = { .kind = PLACE_NODE_RR, .oversubscribe = true, .text = "node-rr" };
	struct err refused;

	if (!topo)
		return err->code;
	choose_threads(r, topology_within_quota(topo, topo->nallowed));
	r->thread = aligned_alloc(CACHE_ALIGN, r->nthreads * sizeof(*r->thread));
	r->cpus = calloc(r->nthreads, sizeof(*r->cpus));
	if (!r->thread || !r->cpus || !verify_cells_reserve(r))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads and their ranges",
			       r->nthreads);
	memset(r->thread, 0, r->nthreads * sizeof(*r->thread));
	if (!place_cpus(topo, &place, r->nthreads, r->cpus, &refused) &&
	    !crew_create(&r->crew, r->nthreads, r->cpus, &refused))
		return 0;
	/* a container that permits no pinning: what is right does not depend on it */
	free(r->cpus);
	r->cpus = NULL;
	return crew_create(&r->crew, r->nthreads, NULL, err);
}

static unsigned home_of(const struct verify_round *r, unsigned id)
{
	struct err unused;

	return r->cpus ? topology_cpu_memory(this_machine(&unused), r->cpus[id]) : 0;
}

/* Each on its own thread, so that its memory is near. */
static void make_cache(void *arg, unsigned id)
{
	struct verify_round *r = arg;

	r->thread[id].cache = pool_cache_create(r->pool, home_of(r, id));
}

int verify_round_open(struct verify_round **out, const struct verify_job *job, enum verify_layer layer,
		      struct err *err)
{
	const struct pool_config config = { .poison = true };
	struct verify_round *r = aligned_alloc(CACHE_ALIGN, sizeof(*r));

	if (!r)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a round of threads");
	memset(r, 0, sizeof(*r));
	r->job = job;
	r->layer = layer;
	r->run = pt_engine_lab(job->engine);
	if (pin(r, err) || pool_create(&r->pool, &config, err)) {
		verify_round_close(r, false);
		return err->code;
	}
	crew_run(r->crew, make_cache, r);
	for (unsigned i = 0; i < r->nthreads; i++)
		if (!r->thread[i].cache) {
			verify_round_close(r, false);
			return err_set(err, EXIT_NO_RESOURCE, "no memory for table pages");
		}
	*out = r;
	return 0;
}

void verify_round_threads(const struct verify_round *r, struct verify_outcome *out)
{
	out->writers = r->writers;
	out->readers = r->readers;
	out->devices = r->devices;
}

void verify_round_close(struct verify_round *r, bool caught)
{
	/* for leak checkers: a damaged table is not taken down, its pages are not given back */
	static struct verify_round *left;

	if (r->crew)
		crew_destroy(r->crew);
	r->crew = NULL;
	if (caught) {
		r->left_before = left;
		left = r;
		return;
	}
	for (unsigned i = 0; i < r->nthreads && r->pool && r->thread; i++)
		if (r->thread[i].cache)
			pool_cache_destroy(r->thread[i].cache);
	if (r->pool)
		pool_destroy(r->pool);
	free(r->owned);
	free(r->payload);
	free(r->mapped);
	free(r->lg2);
	free(r->words);
	free(r->cell);
	free(r->cpus);
	free(r->thread);
	free(r);
}
