/*
 * verify_history.c - few pages, all threads at once, every call recorded with its time, and then the
 * whole history judged (linear.h).
 *
 * Writers own cells: a page in a leaf table that they share, and a leaf table's whole span, which they
 * map page by page, all at once or as one large page. Everybody looks up everybody's pages. A round is a
 * fresh table, so that tables are installed, the root grows, and tables are replaced and retired while
 * others stand in them. What is mapped names its owner, its cell and how manieth mapping it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crew.h"
#include "bench/linear.h"
#include "bench/runner.h"
#include "bench/verify_evidence.h"
#include "iotlb/domain.h"
#include "pt/lab.h"
#include "stat/stat.h"
#include "sys/clock.h"

#define WRITERS_MAX 15u         /* owners have four bits of a value */
#define THREADS_MAX (2 * WRITERS_MAX)
#define REGIONS 2u              /* of a round */
#define CELLS (2 * REGIONS)     /* of a writer */
#define HOT_MAX 3u              /* recorded pages of a cell */
#define EVENTS 2048u            /* of a thread and round */
#define OPS 256u
#define SPAN_LG2 21u
/*
 * By how much clocks of two CPUs may differ and pass clock_check_cpus(): a stamp that travels with a
 * cache line is never too early by less than its way takes, some 300 ns between packages.
 */
#define UNSEEN_NS 500

/* Where tables and levels are shared: behind each growth of the root, and where it does not grow. */
static const uint64_t growing[] = { UINT64_C(1) << 30, UINT64_C(1) << 39, UINT64_C(1) << 48,
				    UINT64_C(1) << 57, -(UINT64_C(1) << 30) };
static const uint64_t fixed[] = { UINT64_C(1) << 30, UINT64_C(1) << 39, UINT64_C(1) << 48,
				  UINT64_C(3) << 54, (UINT64_C(1) << 57) - (UINT64_C(1) << 30) };
#define PLACES (sizeof(growing) / sizeof(growing[0]))

struct cell {
	uint64_t iova;
	bool table;           /* a table's span; else one page */
	uint64_t hot[HOT_MAX]; /* offsets of the recorded pages */
	unsigned nhot;
	uint64_t serial;
	struct pt_op mapped;  /* count 0: nothing is */
};

struct history;

struct worker {
	struct domain_worker d;
	struct history *h;
	struct cell cell[CELLS]; /* of a writer */
	struct linear_log log;
	uint64_t rng, lookups, operations;
	struct pt_op failed;     /* the first operation with a result it must not have; count 0: none */
};

struct history {
	const struct verify_job *job;
	struct verify_outcome *out;
	struct domain domain; /* without devices: it hands on what is retired */
	struct pt *pt;
	uint64_t seed;        /* of the round */
	struct pool *pool;
	struct grace *grace;
	struct crew *crew;
	pthread_barrier_t start;
	unsigned writers, threads; /* the rest are readers */
	bool spins; /* in a line: where threads outnumber CPUs a lock handed over may wait for a time slice */
	uint64_t slack, until;
	struct worker *worker;
};

static bool has_size(const struct history *h, unsigned lg2)
{
	return pt_engine_sizes(h->job->engine) >> lg2 & 1;
}

static void record(struct worker *w, uint64_t iova, uint64_t from, uint64_t to, uint64_t value,
		   bool write)
{
	if (w->log.n == w->log.max) {
		w->log.dropped++;
		return;
	}
	w->log.event[w->log.n++] = (struct linear_event){
		.page = iova >> 12, .from = from, .to = to, .value = value,
		.thread = w->d.w.id, .write = write };
}

static void look_up(struct worker *w, const struct cell *c)
{
	struct pt_op op = { .iova = c->iova + c->hot[stat_below(&w->rng, c->nhot)], .kind = PT_LOOKUP,
			    .count = 1, .size_lg2 = 12 };
	uint64_t from = clock_now_fenced();

	domain_run(&w->h->domain, &w->d, &op);
	record(w, op.iova, from, clock_now_fenced(), op.err ? LINEAR_ABSENT : op.result >> 12, false);
	w->lookups++;
}

/* Carry it out; what it did to each recorded page of the cell. */
static void change(struct worker *w, const struct cell *c, struct pt_op *op)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, from = clock_now_fenced(), to;

	domain_run(&w->h->domain, &w->d, op);
	to = clock_now_fenced();
	for (unsigned i = 0; i < c->nhot; i++) {
		uint64_t at = c->iova + c->hot[i] - op->iova;

		if (at < bytes)
			record(w, op->iova + at, from, to,
			       op->kind == PT_MAP ? (op->pa + at) >> 12 : LINEAR_ABSENT, true);
	}
	w->operations++;
	if ((op->err || op->result != bytes) && !w->failed.count)
		w->failed = *op;
}

/* One recorded page, some around it, all of the span, or the span as one page. */
static struct pt_op map_of(struct worker *w, struct cell *c)
{
	struct pt_op op = { .iova = c->iova, .count = 1, .kind = PT_MAP, .size_lg2 = 12,
			    .prot = PT_READ | PT_WRITE };
	uint64_t at = c->hot[stat_below(&w->rng, c->nhot)];

	op.pa = ((uint64_t)w->d.w.id + 1) << 48 | (uint64_t)(c - w->cell) << 42 |
		(c->serial++ & 0x1fffff) << SPAN_LG2;
	if (!c->table) {
		op.iova += at;
	} else {
		switch (stat_below(&w->rng, 4)) {
		case 0:
			op.iova += at;
			break;
		case 1:
			op.size_lg2 = has_size(w->h, 16) ? 16 : 12;
			op.iova += at & -(UINT64_C(1) << op.size_lg2);
			break;
		case 2:
			op.count = w->h->spins ? 8 : 512;
			break;
		default:
			op.size_lg2 = SPAN_LG2;
		}
	}
	op.pa += op.iova - c->iova;
	return op;
}

static void write_once(struct worker *w)
{
	struct cell *c = &w->cell[stat_below(&w->rng, CELLS)];
	struct pt_op op;

	if (!c->mapped.count) {
		op = c->mapped = map_of(w, c);
	} else {
		op = c->mapped;
		op.kind = PT_UNMAP;
		c->mapped.count = 0;
	}
	change(w, c, &op);
}

static void work(void *arg, unsigned id)
{
	struct history *h = arg;
	struct worker *w = &h->worker[id];
	bool writer = id < h->writers;
	unsigned ops = h->spins ? OPS / 8 : OPS;

	w->rng = stat_mix(h->seed * THREADS_MAX + id);
	lab_shake(w->rng, h->job->shake);
	pthread_barrier_wait(&h->start);
	grace_online(w->d.grace);
	for (unsigned i = 0; i < ops && w->log.n + HOT_MAX < w->log.max && clock_now() < h->until; i++) {
		const struct worker *of = &h->worker[stat_below(&w->rng, h->writers)];

		if (writer)
			write_once(w);
		if (!writer || i % 4 == 0)
			look_up(w, &of->cell[stat_below(&w->rng, CELLS)]);
		grace_quiescent(w->d.grace);
	}
	grace_offline(w->d.grace);
	lab_shake(0, 0);
}

/* Cells of the round: low, where roots of all heights look, and behind one of the growths. */
static void deal(struct history *h)
{
	const uint64_t *place = pt_engine_grows(h->job->engine) ? growing : fixed;
	uint64_t base[REGIONS] = { 0, place[h->seed % PLACES] };

	for (unsigned i = 0; i < h->writers; i++) {
		struct worker *w = &h->worker[i];

		for (unsigned r = 0; r < REGIONS; r++) {
			w->cell[2 * r] = (struct cell){ .iova = base[r] + i * 4096u, .nhot = 1 };
			w->cell[2 * r + 1] = (struct cell){
				.iova = base[r] + ((uint64_t)(i + 1) << SPAN_LG2), .table = true,
				.hot = { 0, 0x3000, 511 * 4096 }, .nhot = HOT_MAX };
		}
	}
}

static void judge_results(struct history *h)
{
	char text[100];

	for (unsigned i = 0; i < h->writers; i++) {
		const struct pt_op *op = &h->worker[i].failed;

		if (op->count)
			verify_caught(h->out, "O1", "thread %u: %s: %" PRIu64 " bytes%s%s", i,
				      verify_op_text(text, sizeof(text), op), op->result,
				      op->err ? ", " : "", op->err ? strerrorname_np(op->err) : "");
	}
}

static int judge_history(struct history *h, struct err *err)
{
	struct linear_log logs[THREADS_MAX];
	struct linear_verdict v;
	char text[sizeof(h->out->evidence)] = "";
	FILE *f;

	for (unsigned i = 0; i < h->threads; i++)
		logs[i] = h->worker[i].log;
	if (linear_check(logs, h->threads, h->slack, &v, err))
		return err->code;
	if (v.ok)
		return 0;
	f = fmemopen(text, sizeof(text), "w");
	if (!f)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a witness");
	linear_explain(&v, f);
	fclose(f);
	if (*text) /* the last newline */
		text[strlen(text) - 1] = '\0';
	verify_caught(h->out, "history", "%s", text);
	return 0;
}

static int one_round(struct history *h, struct err *err)
{
	struct pt_worker *first = &h->worker[0].d.w;
	int code;

	if (pt_create_levels(&h->pt, h->job->engine, pt_engine_grows(h->job->engine) ? 3 : 5, first))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a table");
	domain_init(&h->domain, h->pt, pt_engine_lab(h->job->engine));
	h->seed = h->job->seed + h->out->rounds;
	deal(h);
	crew_run(h->crew, work, h);
	code = judge_history(h, err);
	judge_results(h);
	if (h->out->caught)
		verify_again(h->out, h->job, VERIFY_HISTORY, h->seed);
	for (unsigned i = 0; i < h->threads; i++) {
		struct worker *w = &h->worker[i];

		grace_retire(w->d.grace, &w->d.w.gather, w->d.w.pages);
		grace_drain(w->d.grace, w->d.w.pages);
		h->out->operations += w->operations;
		h->out->lookups += w->lookups;
		w->operations = w->lookups = 0;
		w->log.n = w->log.dropped = 0;
	}
	pt_destroy(h->pt, first);
	h->out->rounds++;
	return code;
}

static void close_history(struct history *h)
{
	for (unsigned i = 0; h->worker && i < h->threads; i++) {
		free(h->worker[i].log.event);
		if (h->worker[i].d.w.pages)
			pool_cache_destroy(h->worker[i].d.w.pages);
	}
	free(h->worker);
	if (h->crew)
		crew_destroy(h->crew);
	if (h->grace)
		grace_destroy(h->grace);
	if (h->pool)
		pool_destroy(h->pool);
	pthread_barrier_destroy(&h->start);
}

static int open_history(struct history *h, struct err *err)
{
	const struct pool_config config = { .zero = POOL_ZERO_ALLOC };

	pthread_barrier_init(&h->start, NULL, h->threads);
	h->worker = aligned_alloc(CACHE_ALIGN, h->threads * sizeof(*h->worker));
	if (h->worker)
		memset(h->worker, 0, h->threads * sizeof(*h->worker));
	h->grace = grace_create(h->threads);
	if (!h->worker || !h->grace)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads", h->threads);
	if (pool_create(&h->pool, &config, err))
		return err->code;
	for (unsigned i = 0; i < h->threads; i++) {
		struct worker *w = &h->worker[i];

		w->h = h;
		w->d.w.id = i;
		w->d.w.pages = pool_cache_create(h->pool, 0);
		w->d.grace = grace_worker(h->grace, i);
		w->log.max = EVENTS;
		w->log.event = calloc(EVENTS, sizeof(*w->log.event));
		if (!w->d.w.pages || !w->log.event)
			return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads", h->threads);
	}
	return crew_create(&h->crew, h->threads, NULL, err);
}

int verify_history(const struct verify_job *job, struct verify_outcome *out, struct err *err)
{
	struct history h = { .job = job, .out = out };
	uint64_t began = clock_monotonic_ns();
	int code;

	*out = (struct verify_outcome){ 0 };
	h.writers = job->engine->single ? 1 : job->threads < WRITERS_MAX ? job->threads : WRITERS_MAX;
	h.threads = job->engine->single ? 1 : 2 * h.writers;
	h.spins = !strcmp(job->engine->sync, "spin") || !strcmp(job->engine->sync, "ticket") ||
		  !strcmp(job->engine->sync, "mcs");
	h.until = clock_now() + clock_ticks((double)job->duration_ns);
	h.slack = clock_ticks(clock_facts.cross_cpu_ns + clock_facts.step_ns + UNSEEN_NS);
	code = open_history(&h, err);
	pt_mutant_on = job->mutant;
	do {
		if (!code)
			code = one_round(&h, err);
		out->elapsed_ns = clock_monotonic_ns() - began;
	} while (!code && !out->caught && out->elapsed_ns < job->duration_ns &&
		 !at_load(&run_interrupted, relaxed)); /* a flag, nothing rides on it */
	pt_mutant_on = MUTANT_NONE;
	close_history(&h);
	return code;
}
