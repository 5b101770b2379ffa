#include "bench/audit.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The leaves of a table in IOVA order against the sorted extents. */
struct checker {
	const struct expectation *want;
	size_t at;          /* extent */
	uint64_t offset;    /* bytes of it already seen */
	struct case_result *c;
};

int expect_add(struct expectation *e, const struct extent *extent)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 1024;
		struct extent *v = realloc(e->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		e->v = v;
		e->cap = cap;
	}
	e->v[e->n++] = *extent;
	return 0;
}

int expect_op(struct expectation *e, const struct pt_op *op)
{
	return expect_add(e, &(struct extent){ .iova = op->iova, .pa = op->pa,
					       .bytes = (uint64_t)op->count << op->size_lg2,
					       .size_lg2 = op->size_lg2, .prot = op->prot });
}

void audit_fail(struct case_result *c, const char *fmt, ...)
{
	va_list ap;

	c->verified = VERIFIED_NO;
	if (c->nevidence == sizeof(c->evidence) / sizeof(c->evidence[0]))
		return;
	va_start(ap, fmt);
	vsnprintf(c->evidence[c->nevidence++], sizeof(c->evidence[0]), fmt, ap);
	va_end(ap);
}

static int by_iova(const void *a, const void *b)
{
	uint64_t x = ((const struct extent *)a)->iova, y = ((const struct extent *)b)->iova;

	return x < y ? -1 : x > y;
}

/* Everything expected below `iova` that has not been seen is missing. */
static void skip_to(struct checker *k, uint64_t iova)
{
	while (k->at < k->want->n) {
		const struct extent *x = &k->want->v[k->at];
		uint64_t end = x->iova + (x->bytes - 1), from = x->iova + k->offset;

		if (from >= iova)
			return;
		audit_fail(k->c, "missing leaf: iova 0x%lx was mapped to pa 0x%lx and is not there",
			   (unsigned long)from, (unsigned long)(x->pa + k->offset));
		if (iova <= end) {
			k->offset = iova - x->iova;
			return;
		}
		k->at++;
		k->offset = 0;
	}
}

static void check_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct checker *k = ctx;
	uint64_t bytes = 1ull << leaf->size_lg2;
	const struct extent *x;

	skip_to(k, leaf->iova);
	x = k->at < k->want->n ? &k->want->v[k->at] : NULL;
	if (!x || leaf->iova < x->iova || leaf->iova - x->iova > x->bytes - bytes) {
		audit_fail(k->c, "stray leaf: iova 0x%lx -> pa 0x%lx, %lu bytes, nobody mapped it",
			   (unsigned long)leaf->iova, (unsigned long)leaf->pa, (unsigned long)bytes);
		return;
	}
	if (leaf->pa != x->pa + (leaf->iova - x->iova))
		audit_fail(k->c, "wrong pa: iova 0x%lx -> 0x%lx, mapped to 0x%lx",
			   (unsigned long)leaf->iova, (unsigned long)leaf->pa,
			   (unsigned long)(x->pa + (leaf->iova - x->iova)));
	if (leaf->prot != x->prot)
		audit_fail(k->c, "wrong permission: iova 0x%lx has %u, mapped with %u",
			   (unsigned long)leaf->iova, leaf->prot, x->prot);
	if (x->size_lg2 && leaf->size_lg2 != x->size_lg2)
		audit_fail(k->c, "wrong size: iova 0x%lx is a leaf of 2^%u, mapped with 2^%u",
			   (unsigned long)leaf->iova, leaf->size_lg2, x->size_lg2);
	k->offset = leaf->iova - x->iova + bytes;
	if (k->offset == x->bytes) {
		k->at++;
		k->offset = 0;
	}
}

static void note_flaw(void *ctx, const char *evidence)
{
	struct checker *k = ctx;

	audit_fail(k->c, "%s", evidence);
}

static void count_page(void *ctx, struct page_desc *page)
{
	(void)page;
	++*(uint64_t *)ctx;
}

/* Pages in vain, from the workers' counters. */
static void count_waste(const struct engine_run *er, unsigned threads)
{
	struct case_result *c = er->result;
	struct page_ledger *sum = &c->pages;

	for (unsigned w = 0; w < threads; w++) {
		const struct pt_count *n = &er->lanes[w]->pw.n;

		c->waste.tables += n->installs;
		c->refused += n->refused;
		sum->wasted_growth += n->wasted_growth;
		sum->wasted += n->wasted_growth;
		for (unsigned l = 0; l < PT_LEVELS_MAX; l++) {
			sum->wasted_by_level[l] += n->wasted_install[l];
			sum->wasted_install += n->wasted_install[l];
			sum->wasted += n->wasted_install[l];
		}
	}
}

/* Pages of one audit: where the kernel says they are, and whether the policy wanted them there. */
struct located {
	const struct group_run *run;
	struct case_result *c;
	uint64_t pages, as_asked;
};

static void locate(void *ctx, const struct page_desc *page, unsigned os_node)
{
	struct located *l = ctx;

	if (page->worker >= l->c->threads)
		return; /* damaged on purpose */
	l->pages++;
	l->as_asked += os_node == l->c->workers[page->worker].memory;
	l->c->pages.by_node[os_node]++;
	l->c->workers[page->worker].pages_by_node[os_node]++;
}

/* Losers' pages, handed back out of turn, cost evenness. */
uint64_t audit_even_pages(const struct worker_result *w, unsigned nodes)
{
	uint64_t pages = 0, even = 0, share;

	for (unsigned i = 0; i < POOL_NODES_MAX; i++)
		pages += w->pages_by_node[i];
	share = (pages + nodes - 1) / nodes;
	for (unsigned i = 0; i < POOL_NODES_MAX; i++)
		even += w->pages_by_node[i] < share ? w->pages_by_node[i] : share;
	return even;
}

static uint64_t interleaved(const struct group_run *run, const struct case_result *c)
{
	unsigned nodes = 0;
	uint64_t even = 0;

	for (unsigned i = 0; i < run->topo->nnodes; i++)
		nodes += topology_has_memory(run->topo, i);
	for (unsigned w = 0; w < c->threads; w++)
		even += audit_even_pages(&c->workers[w], nodes ? nodes : 1);
	return even;
}

/* Of the last audit only: a cold workload's slices have a table each. */
static void locate_pages(struct group_run *run, unsigned e)
{
	struct engine_run *er = &run->engines[e];
	struct located l = { .run = run, .c = er->result };
	struct page_ledger *p = &er->result->pages;

	memset(p->by_node, 0, sizeof(p->by_node));
	for (unsigned w = 0; w < run->g->threads; w++)
		memset(l.c->workers[w].pages_by_node, 0, sizeof(l.c->workers[w].pages_by_node));
	p->nodes_known = pool_where(run->pool, pt_id(er->pt), locate, &l);
	if (run->g->mem.kind == POOL_MEM_INTERLEAVE)
		l.as_asked = interleaved(run, l.c);
	p->on_asked_node = p->nodes_known && l.pages ? (double)l.as_asked / (double)l.pages : NAN;
}

/* The ledger of design §7, from the workers' counters, the walk, and the pool's own page list. */
static void check_ledger(struct group_run *run, unsigned e, uint64_t reachable, bool count)
{
	struct engine_run *er = &run->engines[e];
	struct case_result *c = er->result;
	struct page_ledger now = { .reachable = reachable }, *sum = &c->pages;
	uint64_t live = 0;

	for (unsigned w = 0; w < run->g->threads; w++) {
		const struct lane *lane = er->lanes[w];

		now.allocated += lane->pw.n.allocated;
		now.freed += lane->pw.n.freed + lane->ripened;
		now.retired += lane->pw.n.retired - lane->ripened;
		now.peak += lane->peak;
	}
	pool_each(run->pool, pt_id(er->pt), count_page, &live);
	now.lost = live - now.reachable - now.retired;
	if (now.allocated != now.freed + live)
		audit_fail(c, "ledger: workers count %lu allocated and %lu freed, the pool has %lu live",
			   (unsigned long)now.allocated, (unsigned long)now.freed, (unsigned long)live);
	if (now.lost && !run->g->workload->unowned)
		audit_fail(c, "ledger: %ld pages are live but neither reachable nor retired",
			   (long)now.lost);
	if (!count)
		return;
	count_waste(er, run->g->threads);
	sum->allocated += now.allocated;
	sum->freed += now.freed;
	sum->reachable += now.reachable;
	sum->retired += now.retired;
	sum->lost += now.lost;
	/* a sum of each worker's own peak says nothing where one maps and another unmaps */
	if (now.peak > sum->peak && !run->g->workload->queue)
		sum->peak = now.peak;
	c->levels_end = pt_levels(er->pt);
	locate_pages(run, e);
}

int audit_engine(struct group_run *run, unsigned e, bool empty, bool count)
{
	struct engine_run *er = &run->engines[e];
	const struct workload *w = run->g->workload;
	struct expectation want = { 0 };
	struct checker k = { .want = &want, .c = er->result };
	struct pt_scan scan = { .leaf = w->unowned ? NULL : check_leaf,
				.flaw = w->unowned ? NULL : note_flaw, .ctx = &k };

	if (er->engine.ruler)
		return 0;
	for (unsigned i = 0; i < run->g->threads && !empty && w->expect; i++) {
		if (w->expect(er->lanes[i], &want)) {
			free(want.v);
			return -ENOMEM;
		}
	}
	if (want.n)
		qsort(want.v, want.n, sizeof(want.v[0]), by_iova);
	if (!w->unowned && er->result->verified == VERIFIED_NULL)
		er->result->verified = VERIFIED_YES;
	pt_scan(er->pt, &scan);
	if (!w->unowned)
		skip_to(&k, UINT64_MAX);
	check_ledger(run, e, scan.tables, count);
	free(want.v);
	return 0;
}
