#include "bench/verify_sequence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner.h"
#include "pt/lab.h"
#include "sys/clock.h"

#define OPS 40u
#define SCAN_EVERY 8u

struct player {
	const struct sequence_case *c;
	struct verify_outcome *out;
	struct model model;
	struct sequence_chooser chooser;
	struct pool *pool;
	struct pt *pt;
	struct pt_worker w;
	unsigned step;
	struct pt_op op;
	uint64_t seen; /* entries the scan has shown */
	bool broken;   /* the model has an incomplete contiguous page */
	struct player *left_before;
};

static void wrong(struct player *p, const char *oracle, const char *what, uint64_t iova,
		  uint64_t want, uint64_t got)
{
	char path[64], op[96];

	if (p->out->caught)
		return;
	verify_caught(p->out, oracle, "%s: expected 0x%" PRIx64 ", found 0x%" PRIx64, what, want, got);
	verify_add(p->out, "iova 0x%" PRIx64 ", entry %s, in or after step %u: %s, pa 0x%" PRIx64
		   ", prot %u", iova, verify_path(path, sizeof(path), pt_levels(p->pt), iova), p->step,
		   verify_op_text(op, sizeof(op), &p->op), p->op.pa, p->op.prot);
	if (p->c->fail_at)
		verify_add(p->out, "memory failed at the %" PRIu64 ". page asked for", p->c->fail_at);
	if (p->c->limit_pages)
		verify_add(p->out, "memory for %" PRIu64 " pages", p->c->limit_pages);
}

static void same(struct player *p, const char *oracle, const char *what, uint64_t want, uint64_t got)
{
	if (want != got)
		wrong(p, oracle, what, p->op.iova, want, got);
}

static void see_entry(void *ctx, unsigned level, const unsigned *path, unsigned depth,
		      uint64_t value, bool is_table)
{
	struct player *p = ctx;
	struct model_entry *e;
	uint64_t index = 0, iova;

	for (unsigned i = 0; i < depth; i++)
		index = index << 9 | path[i];
	iova = index << model_shift(level);
	p->seen++;
	e = model_get(&p->model, level, index);
	if (!e) {
		wrong(p, "O1", "an entry that should not be", iova, 0, value);
		return;
	}
	if (e->table != is_table)
		wrong(p, "O4", "a table (1) or not (0)", iova, e->table, is_table);
	if (is_table)
		value &= ~UINT64_C(0x000ffffffffff000);
	if (model_encode(&p->model, e) != value)
		wrong(p, "O1", "an entry", iova, model_encode(&p->model, e), value);
}

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct player *p = ctx;
	unsigned level = model_level_of(leaf->size_lg2);
	uint64_t n = UINT64_C(1) << (leaf->size_lg2 - model_shift(level));
	uint64_t first = leaf->iova >> model_shift(level);
	bool found = false;

	for (uint64_t i = first; i < first + n; i++) {
		struct model_entry *e = model_get(&p->model, level, i);

		found |= e && !e->table && e->pa == leaf->pa && e->size_lg2 == leaf->size_lg2 &&
			 e->prot == leaf->prot;
	}
	if (!found)
		wrong(p, "O1", "a leaf that should not be, its pa", leaf->iova, 0, leaf->pa);
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct player *p = ctx;

	if (p->broken || p->out->caught)
		return;
	wrong(p, "O4", "flaws of the table", p->op.iova, 0, 1);
	verify_add(p->out, "%s", evidence);
}

static void compare(struct player *p)
{
	struct pt_scan scan = { .entry = see_entry, .leaf = see_leaf, .flaw = see_flaw, .ctx = p };

	p->seen = 0;
	p->broken = model_broken(&p->model);
	pt_scan(p->pt, &scan);
	same(p, "O1", "entries in the table", p->model.entries, p->seen);
	same(p, "O4", "a contiguous page that lost a replica is a flaw", p->broken, scan.flaws > 0);
	same(p, "O4", "levels", p->model.top + 1, pt_levels(p->pt));
	same(p, "O2", "entries that point to tables", scan.tables - 1, scan.table_entries);
	same(p, "O2", "pages allocated (freed + retired + reachable)", p->w.n.allocated,
	     p->w.n.freed + p->w.n.retired + scan.tables);
}

static void free_gathered(struct player *p)
{
	struct page_desc *next;
	uint64_t n = 0;

	for (struct page_desc *d = p->w.gather.head; d && !p->out->caught; d = next, n++) {
		next = d->next;
		if (d->state != PAGE_LIVE)
			wrong(p, "O2", "a page that is retired is live", p->op.iova, PAGE_LIVE, d->state);
		else
			page_free(p->w.pages, d->page);
	}
	same(p, "O2", "pages in the gather list", p->w.gather.n, n);
	p->w.gather = (struct page_list){ 0 };
}

static unsigned first_levels(const struct sequence_case *c)
{
	/* Mostly 3; the others now and then, also where a table grows by itself. */
	if (c->seed % (pt_engine_grows(c->engine) ? 5 : 2))
		return 3;
	return 3 + (unsigned)(c->seed / 10 % (pt_engine_levels_max(c->engine) - 2));
}

/* Carry it out in both, and hold the results against each other. */
static void step(struct player *p)
{
	struct pt_op want;
	size_t fine;

	p->chooser.levels = p->model.top + 1;
	p->op = sequence_choose(&p->chooser);
	want = p->op;
	model_run(&p->model, &want);
	fine = p->c->run->run(p->pt, &p->w, &p->op, 1);
	same(p, "O1", "errno", want.err, p->op.err);
	same(p, "O1", "result", want.result, p->op.result);
	same(p, "O1", "operations without error", !want.err, fine);
	same(p, "O2", "pages allocated less those freed", p->model.allocated,
	     p->w.n.allocated - p->w.n.freed);
	same(p, "O2", "pages retired", p->model.retired, p->w.n.retired);
	same(p, "O1", "leaves refused", p->model.refused, p->w.n.refused);
	p->out->operations++;
	p->out->refused += p->op.err == ENOMEM;
	p->out->lookups += p->op.kind == PT_LOOKUP;
	if (!p->out->caught)
		free_gathered(p);
	if (!p->out->caught && !verify_below(&p->chooser.random, SCAN_EVERY))
		compare(p);
}

/* The table goes, and with it its pages, all of them. */
static void finish(struct player *p)
{
	struct pool_stats stats;

	pt_destroy(p->pt, &p->w);
	same(p, "O2", "pages that came back when the table went", p->w.n.allocated,
	     p->w.n.freed + p->w.n.retired);
	stats = pool_stats(p->pool);
	same(p, "O2", "pages that came back to the pool", stats.allocated, stats.freed);
}

static int open_table(struct player *p, uint64_t levels, struct err *err)
{
	const struct pool_config config = { .limit_pages = p->c->limit_pages, .fail_at = p->c->fail_at,
					    .poison = true };

	if (pool_create(&p->pool, &config, err))
		return err->code;
	p->w.pages = pool_cache_create(p->pool, 0);
	if (p->w.pages && !pt_create_levels(&p->pt, p->c->engine, (unsigned)levels, &p->w))
		return 0;
	if (p->w.pages)
		pool_cache_destroy(p->w.pages);
	pool_destroy(p->pool);
	return err_set(err, EXIT_NO_RESOURCE, "no memory for a page table");
}

static void close_pool(struct player *p)
{
	pool_cache_destroy(p->w.pages);
	pool_destroy(p->pool);
}

/* The end of a table. One in which something was caught may be damaged: it is left as it is. */
static void end(struct player *p)
{
	static struct player *left; /* for leak checkers */

	if (p->out->caught) {
		p->left_before = left;
		left = p;
		return;
	}
	if (p->pt)
		close_pool(p);
	model_free(&p->model);
	free(p);
}

int sequence_play(const struct sequence_case *c, struct verify_outcome *out, uint64_t *asked,
		  struct err *err)
{
	struct player *p = aligned_alloc(CACHE_ALIGN, (sizeof(*p) + CACHE_ALIGN - 1) / CACHE_ALIGN *
						      CACHE_ALIGN);
	unsigned levels = first_levels(c);
	int rc;

	if (!p)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a model of a page table");
	memset(p, 0, sizeof(*p));
	p->c = c;
	p->out = out;
	p->chooser = (struct sequence_chooser){ .random = verify_random_from(c->seed),
						.vtdss = !strcmp(c->engine->format, "vtdss") };
	model_init(&p->model, c->engine, levels, c->limit_pages, c->fail_at);
	rc = open_table(p, levels, err);
	if (!rc) {
		for (; p->step < c->ops && !out->caught; p->step++)
			step(p);
		if (!out->caught)
			compare(p);
		if (!out->caught) /* else it may be damaged, and is not walked again */
			finish(p);
		*asked = p->model.asked;
		if (p->model.starved)
			rc = err_set(err, EXIT_NO_RESOURCE, "no memory for the model of a page table");
	}
	end(p);
	return rc;
}

/* A seed: with memory in plenty, then with memory that fails at each page in turn, and that ends. */
static int round_of(const struct verify_job *job, uint64_t seed, uint64_t until_ns,
		    struct verify_outcome *out, struct err *err)
{
	struct sequence_case c = { .engine = job->engine, .run = pt_engine_lab(job->engine),
				   .seed = seed, .ops = OPS };
	uint64_t asked = 0, unused;
	int rc = sequence_play(&c, out, &asked, err);

	for (c.fail_at = 2; !rc && !out->caught && c.fail_at <= asked; c.fail_at++) {
		rc = sequence_play(&c, out, &unused, err);
		if (clock_monotonic_ns() > until_ns || at_load(&run_interrupted, relaxed))
			return rc; /* relaxed: a flag, nothing rides on it */
	}
	c.fail_at = 0;
	c.limit_pages = 2 + seed % 41;
	if (!rc && !out->caught)
		rc = sequence_play(&c, out, &unused, err);
	return rc;
}

int verify_sequence(const struct verify_job *job, struct verify_outcome *out, struct err *err)
{
	uint64_t began = clock_monotonic_ns(), until = began + job->duration_ns, seed = job->seed;
	int rc = 0;

	*out = (struct verify_outcome){ .writers = 1 };
	pt_mutant_on = job->mutant;
	lab_shake(job->seed, 0);
	do {
		out->rounds++;
		rc = round_of(job, seed, until, out, err);
		if (out->caught)
			verify_again(out, job, VERIFY_SEQUENCE, seed);
		seed++;
		/* relaxed: a flag, nothing rides on it */
	} while (!rc && !out->caught && clock_monotonic_ns() < until &&
		 !at_load(&run_interrupted, relaxed));
	pt_mutant_on = MUTANT_NONE;
	out->elapsed_ns = clock_monotonic_ns() - began;
	return rc;
}
