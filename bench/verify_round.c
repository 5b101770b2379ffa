/* verify_round.c - a round of threads from a fresh table to the audit, and rounds until time is up. */
#include <stdlib.h>
#include <string.h>

#include "bench/runner.h"
#include "bench/verify_evidence.h"
#include "bench/verify_threads.h"
#include "pt/lab.h"
#include "sys/clock.h"

#ifdef IOPT_SANITIZED
#define OPS 120u
#else
#define OPS 500u
#endif
#define ROUND_NS 100000000u /* a round ends early on a machine that is too slow for it */
#define STARVED_EVERY 8u
#define LEAVES 256u         /* of a device's IOTLB */
#define TABLES 64u

static int make_units(struct verify_round *r)
{
	/* leaves and tables: as much as some devices have; what is forgotten stays for long */
	struct unit_config config = { .leaves = LEAVES, .tables = TABLES, .seed = r->seed };

	alive_init(&r->alive, r->pt);
	config.walker = (struct walker){
		.format = strcmp(r->job->engine->format, "vtdss") ? WALK_AMDV1 : WALK_VTDSS,
		.alive = alive_ask,
		.ctx = &r->alive,
	};
	for (unsigned i = 0; i < r->devices; i++) {
		struct verify_thread *t = &r->thread[r->nthreads - r->devices + i];

		t->unit = unit_create(&config);
		if (!t->unit)
			return -1;
		domain_attach(&r->domain, t->unit);
	}
	return 0;
}

/* Most rounds have pages in plenty; in some they end, in some the n-th is not to be had. */
static int make_pages(struct verify_round *r, struct verify_random *random, struct err *err)
{
	struct pool_config config = { .poison = true };

	r->starved = verify_below(random, STARVED_EVERY) == 0;
	r->pages = r->pool;
	if (r->starved && verify_below(random, 2))
		config.limit_pages = 4 + verify_below(random, 100);
	else
		config.fail_at = 2 + verify_below(random, 60);
	if (r->starved && pool_create(&r->pages, &config, err))
		return err->code;
	for (unsigned i = 0; i < r->nthreads; i++) {
		struct verify_thread *t = &r->thread[i];

		t->d.w.pages = r->starved ? pool_cache_create(r->pages, 0) : t->cache;
		if (!t->d.w.pages)
			return err_set(err, EXIT_NO_RESOURCE, "no memory for table pages");
	}
	return 0;
}

static void make_threads(struct verify_round *r)
{
	for (unsigned i = 0; i < r->nthreads; i++) {
		struct verify_thread *t = &r->thread[i];

		memset(&t->d, 0, sizeof(t->d));
		t->d.w.id = i;
		t->round = r;
		t->id = i;
		t->random = verify_random_from(r->seed * VERIFY_THREADS_MAX * 2 + i);
		t->lookups = t->translations = t->operations = t->refused = 0;
		t->found = (struct verify_outcome){ 0 };
		t->met = 0;
		t->unit = NULL;
		at_init(&t->at, 0);
	}
}

static int begin(struct verify_round *r, uint64_t seed, struct err *err)
{
	struct verify_random random = verify_random_from(seed);
	bool grows = pt_engine_grows(r->job->engine), often;

	r->seed = seed;
	r->brief = verify_below(&random, 2);
	r->ops = r->brief ? OPS / 16 : OPS;
	r->busy_lg2 = r->brief || !verify_below(&random, 3) ? 8 : 2;
	/* some as they come, some with stops here and there, some with many */
	r->shake = verify_below(&random, 3) ? r->job->shake : 0;
	often = verify_below(&random, 2); /* drawn in any case: what follows does not depend on --shake */
	if (r->shake > 16 && often)
		r->shake /= 4;
	r->until_ns = clock_monotonic_ns() + ROUND_NS;
	make_threads(r);
	if (make_pages(r, &random, err))
		return err->code;
	if (grows)
		r->levels = verify_below(&random, 4) ? 3 : 4 + (unsigned)verify_below(&random, 2);
	else
		r->levels = 4 + (unsigned)verify_below(&random, 2);
	verify_cells_deal(r, &random);
	at_init(&r->met, 0);
	at_init(&r->done, 0);
	at_init(&r->stop, 0);
	r->grace = grace_create(r->writers + r->readers);
	if (!r->grace || pt_create_levels(&r->pt, r->job->engine, r->levels, &r->thread[0].d.w))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a page table");
	for (unsigned i = 0; i < r->writers + r->readers; i++)
		r->thread[i].d.grace = grace_worker(r->grace, i);
	domain_init(&r->domain, r->pt, r->run);
	if (make_units(r))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a device");
	return 0;
}

static void work(void *arg, unsigned id)
{
	struct verify_round *r = arg;
	struct verify_thread *t = &r->thread[id];

	lab_shake(r->seed * VERIFY_THREADS_MAX * 2 + id, r->shake);
	if (id < r->writers)
		verify_write(t);
	else if (id < r->writers + r->readers)
		verify_read(t);
	else
		verify_translate(t);
}

static void gather(struct verify_round *r, struct verify_outcome *out)
{
	for (unsigned i = 0; i < r->nthreads; i++) {
		const struct verify_thread *t = &r->thread[i];

		out->operations += t->operations;
		out->refused += t->refused;
		out->lookups += t->lookups;
		out->translations += t->translations;
		if (t->found.caught && !out->caught) {
			out->caught = true;
			memcpy(out->oracle, t->found.oracle, sizeof(out->oracle));
			memcpy(out->evidence, t->found.evidence, sizeof(out->evidence));
		}
	}
}

static void end(struct verify_round *r, struct verify_outcome *out)
{
	struct pool_stats stats;

	pt_destroy(r->pt, &r->thread[0].d.w);
	stats = pool_stats(r->pages);
	if (stats.allocated != stats.freed)
		verify_caught(out, "O2", "live pages of the pool when the table has gone: %llu",
			      (unsigned long long)(stats.allocated - stats.freed));
	for (unsigned i = 0; i < r->nthreads; i++) {
		if (r->thread[i].unit)
			unit_destroy(r->thread[i].unit);
		if (r->starved)
			pool_cache_destroy(r->thread[i].d.w.pages);
	}
	if (r->starved)
		pool_destroy(r->pages);
	grace_destroy(r->grace);
}

int verify_round_run(struct verify_round *r, uint64_t seed, struct verify_outcome *out,
		     struct err *err)
{
	out->rounds++;
	if (begin(r, seed, err))
		return err->code;
	crew_run(r->crew, work, r);
	gather(r, out);
	for (unsigned i = 0; i < r->writers + r->readers && !out->caught; i++)
		grace_drain(r->thread[i].d.grace, r->thread[i].d.w.pages);
	if (!out->caught)
		verify_audit(r, out);
	if (!out->caught)
		end(r, out);
	if (out->caught)
		verify_again(out, r->job, r->layer, seed);
	return 0;
}

int verify_rounds(const struct verify_job *job, enum verify_layer layer, struct verify_outcome *out,
		  struct err *err)
{
	uint64_t began = clock_monotonic_ns(), seed = job->seed;
	struct verify_round *r;
	int rc;

	*out = (struct verify_outcome){ 0 };
	rc = verify_round_open(&r, job, layer, err);
	if (rc)
		return rc;
	verify_round_threads(r, out);
	pt_mutant_on = job->mutant;
	do {
		rc = verify_round_run(r, seed++, out, err);
		/* relaxed: a flag, nothing rides on it */
	} while (!rc && !out->caught && clock_monotonic_ns() - began < job->duration_ns &&
		 !at_load(&run_interrupted, relaxed));
	pt_mutant_on = MUTANT_NONE;
	verify_round_close(r, out->caught || rc);
	out->elapsed_ns = clock_monotonic_ns() - began;
	return rc;
}
