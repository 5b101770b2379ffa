#include "bench/runner.h"

#include <math.h>
#include <stdlib.h>

#include "bench/case.h"
#include "bench/census.h"
#include "bench/draws.h"
#include "bench/group.h"
#include "bench/lock_stat.h"
#include "bench/mix.h"
#include "bench/open_loop.h"
#include "bench/processes.h"
#include "bench/tables.h"

#define SLICE_MIN_NS 1000000u
#define HICCUPS_MIN_NS 20000000u
#define HICCUPS_MAX_NS 200000000u
#define PAIRS_WANTED 6u

_Atomic int run_interrupted;

static bool stopped(void)
{
	return at_load(&run_interrupted, relaxed); /* set by a signal handler; nothing else rides on it */
}

/* What a share of the plan is carried out for, and where it is. */
struct share {
	struct progress_now now;
	const struct progress *progress;
};

static void tell(const struct share *share, enum progress_event event)
{
	if (share->progress)
		share->progress->tell(share->progress->ctx, &share->now, event);
}

/* A B C D, then D C B A: every engine's slices see the same drift. */
static int half_round(struct group_run *run, struct share *share, uint32_t round, uint32_t half,
		      struct err *err)
{
	uint32_t process = share->now.process;
	unsigned n = run->g->nengines;

	for (unsigned i = 0; i < n && !stopped(); i++) {
		unsigned e = half ? n - 1 - i : i;
		uint64_t position = ((uint64_t)process << 32 | round) * 2 + half;
		struct slice s;

		if (slice_run(run, e, position, &s, err))
			return err->code;
		if (stopped())
			break; /* its think times were cut short */
		s.process = process;
		s.round = round;
		s.half = half;
		s.table = run->g->workload->cold ? 2 * round + half : run->table;
		s.at_ns = clock_monotonic_ns() - run->measuring_ns;
		if (case_add_slice(run->engines[e].result, &s))
			return err_set(err, EXIT_NO_RESOURCE, "no memory for slices");
		share->now.done = fmin((double)s.at_ns / (double)run->g->duration_ns, 1);
		tell(share, PROGRESS_SLICE);
	}
	return 0;
}

/* Of a group that wants so many operations and no more: are they done? At the end of a round. */
static bool enough(const struct group_run *run)
{
	const struct case_result *c = run->engines[0].result;
	uint64_t done = 0;

	for (size_t i = 0; i < c->nslices; i++)
		done += c->slices[i].ops;
	return run->g->ops_enough && done >= run->g->ops_enough * run->g->threads;
}

static int measure(struct group_run *run, struct share *share, struct err *err)
{
	uint64_t until = clock_monotonic_ns() + run->g->duration_ns;
	struct table_turns turns;

	if (run->g->workload->grows && tables_renew(run, err))
		return err->code;
	table_turns_begin(&turns, run);
	run->measuring_ns = clock_monotonic_ns();
	run->recording = true;
	for (uint32_t round = 0; !stopped(); round++) {
		for (uint32_t half = 0; half < 2; half++)
			if (half_round(run, share, round, half, err))
				return err->code;
		if (clock_monotonic_ns() >= until || enough(run))
			break;
		if (table_turns_next(&turns, run, round + 1, err))
			return err->code;
	}
	run->recording = false;
	return 0;
}

/* Among those who write: whoever only looks up has another rate. */
static void finish_fairness(struct engine_run *er, unsigned threads)
{
	double *rate = calloc(threads, sizeof(*rate)), lo = INFINITY, hi = 0;

	if (!rate)
		return;
	for (unsigned w = 0; w < threads; w++) {
		const struct lane *lane = er->lanes[w];

		rate[w] = lane->total_ticks ? (double)lane->total_ops / (double)lane->total_ticks : 0;
		lo = fmin(lo, rate[w]);
		hi = fmax(hi, rate[w]);
	}
	er->result->jain = stat_jain(rate, threads);
	er->result->min_max = hi > 0 ? lo / hi : NAN;
	free(rate);
}

/* The first worker is named; more would say the same. */
static void check_pinning(struct result *r, const struct worker_result *w, unsigned number)
{
	if (!w->moved && !w->unpinned)
		return;
	if (!r->lost_pinning)
		result_warn(r, "worker %u did not stay pinned to CPU %u: somebody changed its affinity, or "
			    "the CPU went offline", number, w->cpu_asked);
	r->lost_pinning = true;
}

/*
 * What the lanes hold goes into the case. Of a process that was interrupted before its first slice
 * nothing does, as nothing else of it is kept. 0 or -ENOMEM.
 */
static int finish_case(struct group_run *run, unsigned e, uint32_t process)
{
	struct engine_run *er = &run->engines[e];
	struct case_result *c = er->result;

	if (!c->nslices)
		return 0;
	for (unsigned w = 0; w < run->g->threads; w++) {
		for (unsigned k = 0; k < OP_KINDS; k++)
			hist_merge(c->latency[k], er->lanes[w]->latency[k]);
		if (c->pace.lag)
			open_loop_merge(c, er->lanes[w]);
		hist_merge(c->window, er->lanes[w]->window);
		hist_merge(c->vain, er->lanes[w]->vain);
		if (c->dma.stale) {
			hist_merge(c->dma.stale, er->lanes[w]->stale);
			hist_merge(c->dma.depth, er->lanes[w]->depth);
		}
		check_pinning(run->result, &c->workers[w], w);
	}
	if (!run->g->workload->singly) /* there the trace, or a barrier, deals out the operations */
		finish_fairness(er, group_writers(run->g));
	return draw_take(c, process);
}

/* A short run still wants pairs: shrink the slices until enough of them fit. */
static void fit_slices(struct group *g)
{
	uint64_t slices = (uint64_t)g->nengines * PAIRS_WANTED;
	uint64_t each = g->duration_ns / slices;

	if (each > g->slice_ns)
		return;
	g->slice_ns = each > SLICE_MIN_NS ? each : SLICE_MIN_NS;
	if (g->warmup_ns > g->slice_ns / 5)
		g->warmup_ns = g->slice_ns / 5;
}

/* Cold workloads are audited slice by slice. */
static int audit_all(struct group_run *run, bool count, struct err *err)
{
	int code = 0;

	for (unsigned e = 0; e < run->g->nengines && !code && !run->g->workload->cold; e++)
		code = group_audit(run, e, count, err);
	return code;
}

static int run_group(struct share *share, struct result *result, struct err *err)
{
	struct group g = share->now.plan->groups[share->now.group];
	struct group_run *run;
	int code;

	g.duration_ns /= share->now.processes;
	fit_slices(&g);
	if (group_open(&run, &g, result, share->now.first, err))
		return err->code;
	code = group_calibrate(run, err);
	if (!code)
		code = measure(run, share, err);
	if (!code)
		code = audit_all(run, true, err);
	for (unsigned e = 0; e < g.nengines; e++)
		if (finish_case(run, e, share->now.process) && !code)
			code = err_set(err, EXIT_NO_RESOURCE, "no memory for what a process found");
	/* last, so that nothing they do is in the figures; the ledger has been read as well */
	if (!code && g.workload->dma && !stopped())
		code = census_take(run, err) || audit_all(run, false, err) ? err->code : 0;
	if (!code && g.lock_stat && !stopped())
		code = lock_stat_measure(run, err) || audit_all(run, false, err) ? err->code : 0;
	group_close(run);
	return code;
}

int run_share(const struct plan *plan, uint32_t process, unsigned processes, struct result *result,
	      const struct progress *progress, struct checkpoint *kept, struct err *err)
{
	struct share share = { .now = { .plan = plan, .result = result, .process = process,
					.processes = processes }, .progress = progress };
	struct progress_now *now = &share.now;

	for (; now->group < plan->n && !stopped(); now->first += plan->groups[now->group++].nengines) {
		if (checkpoint_has(kept, process, now->group))
			continue;
		now->done = 0;
		tell(&share, PROGRESS_BEGINS);
		if (run_group(&share, result, err))
			return err->code;
		now->done = 1;
		if (!stopped())
			tell(&share, PROGRESS_ENDS);
		if (kept && !stopped())
			checkpoint_add(kept, process, now->group, now->first, result);
	}
	return 0;
}

int cases_init(const struct plan *plan, struct result *result)
{
	result->ncases = 0;
	result->cases = calloc(plan->ncases, sizeof(result->cases[0]));
	if (!result->cases)
		return -1;
	for (size_t i = 0; i < plan->n; i++)
		for (unsigned e = 0; e < plan->groups[i].nengines; e++)
			if (case_init(&result->cases[result->ncases++], &plan->groups[i], (unsigned)i, e,
				      result->topo))
				return -1;
	return 0;
}

/*
 * Idle hiccups of the CPU we are on: what the machine does to a loop that does nothing. A twentieth
 * of the run is enough for that, where a hundred short ones follow each other.
 */
static void measure_ruler(struct result *result, const struct plan *plan)
{
	double ns = plan->predicted_s * 1e9 / 20;

	result->ruler.clock = clock_facts;
	host_hiccups(&result->ruler.hiccups, ns < HICCUPS_MIN_NS ? HICCUPS_MIN_NS :
		     ns < HICCUPS_MAX_NS ? (uint64_t)ns : HICCUPS_MAX_NS);
}

int run_plan(const struct plan *plan, unsigned processes, struct result *result,
	     const struct progress *progress, struct checkpoint *kept, struct err *err)
{
	uint64_t started = clock_monotonic_ns(), steal = host_steal_ns();
	int code;

	result->processes = processes;
	if (cases_init(plan, result)) {
		result_drop_unmeasured(result);
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %zu cases", plan->ncases);
	}
	if (kept && checkpoint_load(kept, result, err))
		return err->code;
	measure_ruler(result, plan);
	if (processes > 1)
		code = run_in_processes(plan, processes, result, progress, kept, err);
	else
		code = run_share(plan, 0, 1, result, progress, kept, err);
	result->complete = !code && !stopped();
	if (!result->complete)
		result_drop_unmeasured(result);
	result->ruler.steal_ns = host_steal_ns() - steal;
	result->ruler.elapsed_s = (double)(clock_monotonic_ns() - started) / 1e9;
	result->ruler.peak_rss_bytes = host_peak_rss_bytes();
	return code;
}
