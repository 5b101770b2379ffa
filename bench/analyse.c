#include "bench/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/scaling.h"

bool engine_locks(const struct pt_engine *e)
{
	return !e->ruler && strncmp(e->sync, "lockless", 8) && strcmp(e->sync, "none");
}

bool case_counterfactual(const struct case_result *c)
{
	return !strncmp(c->workload, "replay", 6) && engine_locks(c->engine);
}

uint64_t case_lost(const struct case_result *c)
{
	uint64_t lost = 0;

	if (!c->cold)
		return c->pages.wasted;
	for (size_t i = 0; i < c->nslices; i++)
		lost += c->slices[i].lost_install + c->slices[i].lost_growth;
	return lost;
}

bool ledger_balances(const struct page_ledger *p)
{
	return p->allocated == p->freed + p->reachable + p->spare + p->retired + p->lost;
}

/* The measured part of a case in one slice; its averages are quotients of these sums. */
static struct slice add_up(const struct case_result *c)
{
	struct slice sum = { 0 };

	for (size_t i = 0; i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		sum.ops += s->ops;
		sum.pages += s->pages;
		sum.elapsed_ns += s->elapsed_ns;
		for (int kind = 0; kind < OP_KINDS; kind++) {
			sum.kind_ops[kind] += s->kind_ops[kind];
			sum.timed_ops[kind] += s->timed_ops[kind];
			sum.timed_pages[kind] += s->timed_pages[kind];
			sum.timed_ns[kind] += s->timed_ns[kind];
		}
		sum.busy_ns += s->busy_ns;
		sum.busy_ops += s->busy_ops;
		sum.wait_ns += s->wait_ns;
		sum.tables += s->tables;
		sum.growths += s->growths;
		sum.lost_install += s->lost_install;
		sum.lost_growth += s->lost_growth;
		sum.plain_ops += s->plain_ops;
		sum.meetings += s->meetings;
	}
	return sum;
}

static int fill_rate(struct case_result *c, uint64_t seed)
{
	double *rate = calloc(c->nslices + 1, sizeof(*rate));
	uint32_t *process = calloc(c->nslices + 1, sizeof(*process));
	size_t n = 0;
	int err = rate && process ? 0 : -1;

	for (size_t i = 0; !err && i < c->nslices; i++) {
		const struct slice *s = &c->slices[i];

		if (!(s->ops_per_s > 0))
			continue;
		rate[n] = s->ops_per_s;
		process[n++] = s->process;
	}
	if (!err && n)
		err = stat_series(rate, process, n, seed, &c->ops_per_s);
	if (!c->ops_per_s.valid)
		c->ops_per_s.lo = c->ops_per_s.hi = NAN;
	free(rate);
	free(process);
	return err;
}

static void withhold(struct case_result *c)
{
	c->ops_per_s = unknown_interval;
	for (int kind = 0; kind < OP_KINDS; kind++)
		c->ns_per_op[kind] = c->ns_per_page[kind] = NAN;
	c->busy_ns_per_op = c->wait_ns_per_op = c->longest_wait_ns = NAN;
	withhold_waste(c);
	c->jain = c->min_max = NAN;
	c->pace.achieved = c->pace.lag_growth = NAN;
}

static int fill_case(struct case_result *c, uint64_t seed)
{
	struct slice sum = add_up(c);

	c->ops = sum.ops;
	c->pages_done = sum.pages;
	c->elapsed_ns = sum.elapsed_ns;
	if (analyse_pace(c))
		return -1;
	if (case_withheld(c)) {
		withhold(c);
		return 0;
	}
	for (int kind = 0; kind < OP_KINDS; kind++) {
		c->ns_per_op[kind] = quotient(sum.timed_ns[kind], sum.timed_ops[kind]);
		c->ns_per_page[kind] = quotient(sum.timed_ns[kind], sum.timed_pages[kind]);
	}
	c->busy_ns_per_op = quotient(sum.busy_ns, sum.busy_ops);
	c->wait_ns_per_op = c->waits ? quotient(sum.wait_ns, sum.ops) : NAN;
	if (analyse_waste(c, &sum))
		return -1;
	c->ops_per_s = unknown_interval;
	return case_rateless(c) ? 0 : fill_rate(c, seed);
}

/* Nothing but the harness beside the engine: no think time, schedule, allocator, model or pair of stamps. */
static bool bare(const struct case_result *c)
{
	return !c->think_ns && !c->pace.asked_per_s && !c->dma.asked && !c->singly;
}

/* The harness's own cost: the null engine in the first case that shows nothing else. */
static void fill_ruler(struct result *r)
{
	r->ruler.null_ns = NAN;
	for (size_t i = 0; i < r->ncases && isnan(r->ruler.null_ns); i++)
		if (!strcmp(r->cases[i].engine->sync, "null") && bare(&r->cases[i]))
			r->ruler.null_ns = r->cases[i].busy_ns_per_op;
}

int analyse(struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++) {
		if (fill_case(&r->cases[i], r->seed))
			return -1;
		analyse_counters(&r->cases[i]);
	}
	fill_ruler(r);
	if (analyse_phases(r) || analyse_dma(r) || analyse_comparisons(r))
		return -1;
	if (analyse_knees(r))
		return -1;
	return analyse_scaling(r);
}

static void count_cpus(const struct case_result *c, struct audit_sum *sum)
{
	if (!c->workers || c->threads <= sum->cpus)
		return;
	sum->cpus = c->threads;
	sum->cpus_as_asked = 0;
	for (unsigned i = 0; i < c->threads; i++)
		if (c->workers[i].cpu == c->workers[i].cpu_asked && !c->workers[i].moved &&
		    !c->workers[i].unpinned)
			sum->cpus_as_asked++;
}

struct audit_sum audit_sum(const struct result *r)
{
	struct audit_sum sum = { 0 };
	double placed = 0, pages = 0;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		sum.audited += c->verified != VERIFIED_NULL;
		sum.clean += c->verified == VERIFIED_YES;
		sum.unbalanced += !ledger_balances(&c->pages);
		count_cpus(c, &sum);
		if (isfinite(c->pages.on_asked_node)) {
			placed += c->pages.on_asked_node * (double)c->pages.reachable;
			pages += (double)c->pages.reachable;
		}
	}
	sum.on_asked_node = pages > 0 ? placed / pages : NAN;
	return sum;
}
