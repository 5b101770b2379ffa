/*
 * verify_history.c - few pages, all threads at once, every call recorded with its time, and then the
 * whole history judged (linear.h).
 *
 * The threads are those of verify_threads.h. Writers own cells: a page in a leaf table that they share,
 * and a leaf table's whole span, which they map page by page, all at once or as one large page.
 * Everybody looks up everybody's pages. A round is a fresh table: all begin with a map behind a growth of
 * the root, and tables are installed, replaced and retired while others stand in them. What is mapped
 * names its owner, its cell and how manieth mapping it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/linear.h"
#include "bench/runner.h"
#include "bench/verify_evidence.h"
#include "bench/verify_threads.h"
#include "pt/lab.h"
#include "sys/clock.h"

#define REGIONS 2u              /* of a round */
#define CELLS (2 * REGIONS)     /* of a writer */
#define HOT_MAX 3u              /* recorded pages of a cell */
#define EVENTS 1024u            /* of a thread and round */
#define OPS 128u
#define SPAN_LG2 21u
/*
 * By how much clocks of two CPUs may differ and pass clock_check_cpus(): a stamp that travels with a
 * cache line is never too early by less than its way takes, some 300 ns between packages.
 */
#define UNSEEN_NS 500

/* Where tables and levels are shared: behind each growth of the root, and where it does not grow. */
static const uint64_t growing[] = { UINT64_C(4) << 30, UINT64_C(1) << 39, UINT64_C(1) << 48,
				    UINT64_C(1) << 57, -(UINT64_C(1) << 31) };
static const uint64_t fixed[] = { UINT64_C(4) << 30, UINT64_C(1) << 39, UINT64_C(5) << 39,
				  UINT64_C(3) << 45, (UINT64_C(1) << 48) - (UINT64_C(1) << 31) };
#define PLACES (sizeof(growing) / sizeof(growing[0]))

struct cell {
	uint64_t iova;
	bool table;            /* a table's span; else one page */
	uint64_t hot[HOT_MAX]; /* offsets of the recorded pages */
	unsigned nhot;
	uint64_t serial;
	struct pt_op mapped;   /* count 0: nothing is */
};

struct history;

/* Beside a verify_thread. */
struct recorder {
	struct verify_thread *t;
	struct history *h;
	struct cell cell[CELLS]; /* of a writer */
	struct linear_log log;
	uint64_t last;           /* address of what it has mapped */
	struct pt_op failed;     /* the first operation with a result it must not have; count 0: none */
};

struct history {
	struct verify_round *round;
	struct recorder *recorder;
	struct linear_log *logs; /* of all of them, to be judged */
	unsigned ops;
	bool spins; /* pt_engine_in_line() */
	uint64_t slack, until;
};

/* There is room: work() ends before there is none for what an operation and a lookup record. */
static void record(struct recorder *w, uint64_t iova, uint64_t from, uint64_t to, uint64_t value,
		   bool write)
{
	w->log.event[w->log.n++] = (struct linear_event){
		.page = iova >> 12, .from = from, .to = to, .value = value,
		.thread = w->t->id, .write = write };
}

static void look_up(struct recorder *w, const struct cell *c)
{
	struct pt_op op = { .iova = c->iova + c->hot[verify_below(&w->t->random, c->nhot)],
			    .kind = PT_LOOKUP, .count = 1, .size_lg2 = 12 };
	uint64_t from = clock_now_fenced();

	domain_run(&w->h->round->domain, &w->t->d, &op);
	record(w, op.iova, from, clock_now_fenced(), op.err ? LINEAR_ABSENT : op.result >> 12, false);
	w->t->lookups++;
}

/* Carry it out; what it did to each recorded page of the cell. */
static void change(struct recorder *w, const struct cell *c, struct pt_op *op)
{
	uint64_t bytes = (uint64_t)op->count << op->size_lg2, from = clock_now_fenced(), to;

	domain_run(&w->h->round->domain, &w->t->d, op);
	to = clock_now_fenced();
	for (unsigned i = 0; i < c->nhot; i++) {
		uint64_t at = c->iova + c->hot[i] - op->iova;

		if (at < bytes)
			record(w, op->iova + at, from, to,
			       op->kind == PT_MAP ? (op->pa + at) >> 12 : LINEAR_ABSENT, true);
	}
	w->t->operations++;
	if (w->last < op->iova + bytes - 1)
		w->last = op->iova + bytes - 1;
	if ((op->err || op->result != bytes) && !w->failed.count)
		w->failed = *op;
}

/* Ten bits of it are the owner's, and never 0. */
static uint64_t pa_of(struct recorder *w, struct cell *c)
{
	return ((uint64_t)w->t->id % 1023 + 1) << 42 | (uint64_t)(c - w->cell) << 40 |
	       (c->serial++ & 0x7ffff) << SPAN_LG2;
}

/* One recorded page, some around it, all of the span, or the span as one page. */
static struct pt_op map_of(struct recorder *w, struct cell *c)
{
	struct pt_op op = { .iova = c->iova, .pa = pa_of(w, c), .count = 1, .kind = PT_MAP,
			    .size_lg2 = 12, .prot = PT_READ | PT_WRITE };
	uint64_t at = c->hot[verify_below(&w->t->random, c->nhot)];

	switch (c->table ? verify_below(&w->t->random, 4) : 0) {
	case 0:
		op.iova += at;
		break;
	case 1:
		if (pt_engine_sizes(w->h->round->run) >> 16 & 1)
			op.size_lg2 = 16;
		op.iova += at & -(UINT64_C(1) << op.size_lg2);
		break;
	case 2:
		op.count = w->h->spins ? 8 : 512;
		break;
	default:
		op.size_lg2 = SPAN_LG2;
	}
	op.pa += op.iova - c->iova;
	return op;
}

static void write_at(struct recorder *w, struct cell *c)
{
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
	struct verify_round *r = h->round;
	struct recorder *w = &h->recorder[id];
	struct verify_random *random = &w->t->random;
	bool writer = id < r->writers;

	lab_shake(r->seed * VERIFY_THREADS_MAX * 2 + id, r->job->shake);
	verify_meet(r, r->nthreads);
	grace_online(w->t->d.grace);
	if (writer) /* all of them find the root too low */
		write_at(w, &w->cell[CELLS - 2]);
	for (unsigned i = 0; i < h->ops && w->log.n + HOT_MAX < w->log.max && clock_now() < h->until; i++) {
		struct recorder *of = &h->recorder[verify_below(random, r->writers)];

		if (writer)
			write_at(w, &w->cell[verify_below(random, CELLS)]);
		if (!writer || i % 4 == 0)
			look_up(w, &of->cell[verify_below(random, CELLS)]);
		grace_quiescent(w->t->d.grace);
	}
	grace_offline(w->t->d.grace);
	lab_shake(0, 0);
}

/* Cells of the round: low, where roots of all heights look, and behind one of the growths. */
static void deal(struct history *h)
{
	const uint64_t *place = pt_engine_grows(h->round->run) ? growing : fixed;
	uint64_t base[REGIONS] = { 0, place[h->round->seed % PLACES] };

	for (unsigned i = 0; i < h->round->writers; i++) {
		struct cell *c = h->recorder[i].cell;

		for (unsigned k = 0; k < REGIONS; k++) {
			c[2 * k] = (struct cell){ .iova = base[k] + i * 4096u, .nhot = 1 };
			c[2 * k + 1] = (struct cell){
				.iova = base[k] + ((uint64_t)(i + 1) << SPAN_LG2), .table = true,
				.hot = { 0, 0x3000, 511 * 4096 }, .nhot = HOT_MAX };
		}
	}
}

static void judge_results(const struct history *h, struct verify_outcome *out)
{
	char text[100];

	for (unsigned i = 0; i < h->round->writers; i++) {
		const struct pt_op *op = &h->recorder[i].failed;

		if (op->count)
			verify_caught(out, "O1", "thread %u: %s: %" PRIu64 " bytes%s%s", i,
				      verify_op_text(text, sizeof(text), op), op->result,
				      op->err ? ", " : "", op->err ? strerrorname_np(op->err) : "");
	}
}

/* A root that spans the highest address, and no higher: who grew it twice has waited for nothing. */
static void judge_height(const struct history *h, struct verify_outcome *out)
{
	unsigned levels = 3, found = pt_levels(h->round->pt);
	uint64_t last = 0;

	if (!pt_engine_grows(h->round->run))
		return;
	for (unsigned i = 0; i < h->round->writers; i++)
		last = h->recorder[i].last > last ? h->recorder[i].last : last;
	while (levels < PT_LEVELS_MAX && last >> (12 + 9 * levels))
		levels++;
	if (found != levels)
		verify_caught(out, "O4", "%u levels, where %u span the highest address, 0x%" PRIx64, found,
			      levels, last);
}

static int judge_history(struct history *h, struct verify_outcome *out, struct err *err)
{
	char text[sizeof(out->evidence)] = "";
	struct linear_verdict v;
	FILE *f;

	for (unsigned i = 0; i < h->round->nthreads; i++)
		h->logs[i] = h->recorder[i].log;
	if (linear_check(h->logs, h->round->nthreads, h->slack, &v, err))
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
	verify_caught(out, "history", "%s", text);
	return 0;
}

static int begin(struct history *h, uint64_t seed, struct err *err)
{
	struct verify_round *r = h->round;

	r->seed = seed;
	r->levels = pt_engine_grows(r->run) ? 3 : 4;
	for (unsigned i = 0; i < r->nthreads; i++) {
		struct verify_thread *t = &r->thread[i];

		memset(&t->d, 0, sizeof(t->d));
		t->d.w.id = t->id = i;
		t->d.w.pages = t->cache;
		t->random = verify_random_from(seed * VERIFY_THREADS_MAX * 2 + i);
		h->recorder[i].log.n = h->recorder[i].last = 0;
	}
	r->grace = grace_create(r->nthreads);
	if (!r->grace || pt_create_levels(&r->pt, r->job->engine, r->levels, &r->thread[0].d.w))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a page table");
	for (unsigned i = 0; i < r->nthreads; i++)
		r->thread[i].d.grace = grace_worker(r->grace, i);
	domain_init(&r->domain, r->pt, r->run); /* without devices: it hands on what is retired */
	at_init(&r->met, 0);
	deal(h);
	return 0;
}

static int one_round(struct history *h, uint64_t seed, struct verify_outcome *out, struct err *err)
{
	struct verify_round *r = h->round;

	out->rounds++;
	if (begin(h, seed, err))
		return err->code;
	crew_run(r->crew, work, h);
	for (unsigned i = 0; i < r->nthreads; i++) {
		out->operations += r->thread[i].operations;
		out->lookups += r->thread[i].lookups;
		r->thread[i].operations = r->thread[i].lookups = 0;
	}
	if (judge_history(h, out, err))
		return err->code;
	judge_results(h, out);
	judge_height(h, out);
	if (out->caught) { /* the damaged table is left alone */
		verify_again(out, r->job, VERIFY_HISTORY, seed);
		return 0;
	}
	for (unsigned i = 0; i < r->nthreads; i++)
		grace_drain(r->thread[i].d.grace, r->thread[i].d.w.pages);
	pt_destroy(r->pt, &r->thread[0].d.w);
	grace_destroy(r->grace);
	return 0;
}

static int make_recorders(struct history *h, struct err *err)
{
	unsigned n = h->round->nthreads;
	bool enough;

	h->recorder = calloc(n, sizeof(*h->recorder));
	h->logs = calloc(n, sizeof(*h->logs));
	enough = h->recorder && h->logs;
	for (unsigned i = 0; i < n && enough; i++) {
		struct recorder *w = &h->recorder[i];

		w->t = &h->round->thread[i];
		w->h = h;
		w->log.max = EVENTS;
		w->log.event = calloc(EVENTS, sizeof(*w->log.event));
		enough = w->log.event;
	}
	return enough ? 0 : err_set(err, EXIT_NO_RESOURCE, "no memory for what %u threads record", n);
}

static void free_recorders(struct history *h)
{
	for (unsigned i = 0; h->recorder && i < h->round->nthreads; i++)
		free(h->recorder[i].log.event);
	free(h->recorder);
	free(h->logs);
}

int verify_history(const struct verify_job *job, struct verify_outcome *out, struct err *err)
{
	uint64_t began = clock_monotonic_ns(), seed = job->seed;
	struct history h = { 0 };
	int code;

	*out = (struct verify_outcome){ 0 };
	if (verify_round_open(&h.round, job, VERIFY_HISTORY, err))
		return err->code;
	verify_round_threads(h.round, out);
	h.spins = pt_engine_in_line(job->engine);
	h.ops = h.spins ? OPS / 8 : OPS;
	h.slack = clock_ticks(clock_facts.cross_cpu_ns + clock_facts.step_ns + UNSEEN_NS);
	h.until = clock_now() + clock_ticks((double)job->duration_ns);
	code = make_recorders(&h, err);
	pt_mutant_on = job->mutant;
	while (!code) {
		code = one_round(&h, seed++, out, err);
		/* relaxed: a flag, nothing rides on it */
		if (out->caught || clock_monotonic_ns() - began >= job->duration_ns ||
		    at_load(&run_interrupted, relaxed))
			break;
	}
	pt_mutant_on = MUTANT_NONE;
	free_recorders(&h);
	verify_round_close(h.round, out->caught || code);
	out->elapsed_ns = clock_monotonic_ns() - began;
	return code;
}
