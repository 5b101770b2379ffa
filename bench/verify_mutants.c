/*
 * verify_mutants.c - the matrix: which layer notices which bug, and that none of them cries wolf. Every
 * cell is a child process; layer by layer, the cheap ones first; every layer looks at every bug, also
 * where another has caught it, so that the matrix shows what each is worth.
 */
#include "bench/verify_mutants.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/runner.h"
#include "bench/screen.h"
#include "bench/signals.h"
#include "bench/terminal.h"
#include "bench/verify_child.h"
#include "sys/clock.h"
#include "sys/topology.h"

#define AT_ONCE_MAX 64u
#define LOOK_NS 2000000
#define THREADS 4u
#define SHAKE 8u
/* What all layers have missed is looked for once more, so many times as long, and at least so long. */
#define AGAIN 10u
#define AGAIN_NS UINT64_C(5000000000)

/* A cell under way. */
struct seat {
	struct verify_child child; /* pid 0: free */
	struct verify_job job;
	struct verify_cell *cell;
	struct verify_row *row;
	bool alone;                /* nothing else beside it */
};

/* All cells once, or those of the bugs that were missed again. */
struct pass {
	struct verify_matrix *m;
	struct seat seat[AT_ONCE_MAX];
	unsigned *cpu, each; /* so many for each seat, one after the other */
	bool own_cpus, again;
	size_t at, end; /* cells: layer by layer, of each all rows */
};

bool verify_layer_built(const struct verify_matrix *m, enum verify_layer layer)
{
	return (layer != VERIFY_EXPLORER && layer != VERIFY_TSAN) || m->program[layer][0];
}

static void find_program(struct verify_matrix *m, enum verify_layer layer, const char *asked)
{
	if (asked)
		snprintf(m->program[layer], PATH_MAX, "%s", asked);
	else
		verify_program_find(layer, m->program[layer], PATH_MAX);
}

static struct verify_row *add_row(struct verify_matrix *m, const char *name,
				  const struct pt_engine *engine, enum pt_mutant mutant)
{
	struct verify_row *row = &m->row[m->n++];

	snprintf(row->name, sizeof(row->name), "%s", name);
	row->job = (struct verify_job){ .engine = engine, .mutant = mutant,
					.threads = m->threads,
					.duration_ns = m->options->seconds_each_ns,
					.seed = m->options->seed, .shake = SHAKE };
	return row;
}

static int add_rows(struct verify_matrix *m, struct err *err)
{
	const char *only = m->options->only;
	size_t engines = 0;

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		engines++;
	m->row = calloc(MUTANTS + engines + 1, sizeof(*m->row));
	if (!m->row)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the matrix");
	for (unsigned i = MUTANT_NONE + 1; i < MUTANTS; i++)
		if (!only || !strcmp(only, pt_mutants[i].name))
			add_row(m, pt_mutants[i].name, pt_engine_find(pt_mutants[i].engine),
				(enum pt_mutant)i);
	m->nmutants = m->n;
	if (only)
		return m->n ? 0 : err_set(err, EXIT_USAGE, "--break %s: no such bug", only);
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->ruler)
			add_row(m, short_name(e), e, MUTANT_NONE);
	if (m->program[VERIFY_EXPLORER][0])
		add_row(m, "explorer's scenarios", NULL, MUTANT_NONE);
	return 0;
}

/* A bug is for every layer; the explorer has no engine but those of its scenarios, others need one. */
static bool to_be_looked_at(const struct pass *p, size_t at)
{
	const struct verify_row *row = &p->m->row[at % p->m->n];
	enum verify_layer layer = (enum verify_layer)(at / p->m->n);

	if (!verify_layer_built(p->m, layer))
		return false;
	if (p->again && (row->caught || row->job.mutant == MUTANT_NONE))
		return false;
	if (row->job.mutant != MUTANT_NONE)
		return true;
	if (layer == VERIFY_TSAN && row->job.engine && row->job.engine->single)
		return false;
	return (layer == VERIFY_EXPLORER) == !row->job.engine;
}

/* Threads that spin in a line crawl when others want their CPUs. */
static bool wants_to_be_alone(const struct pass *p, size_t at)
{
	const struct pt_engine *e = p->m->row[at % p->m->n].job.engine;

	return e && at / p->m->n != VERIFY_SEQUENCE && at / p->m->n != VERIFY_EXPLORER && pt_engine_in_line(e);
}

static int sit_down(struct pass *p, struct seat *s, size_t at, struct err *err)
{
	enum verify_layer layer = (enum verify_layer)(at / p->m->n);
	const char *program = p->m->program[layer];
	struct verify_task task = { .layer = layer, .job = &s->job,
				    .program = *program ? program : NULL };

	s->row = &p->m->row[at % p->m->n];
	s->cell = &s->row->cell[layer];
	s->alone = wants_to_be_alone(p, at);
	s->job = s->row->job;
	if (p->again) {
		s->job.duration_ns *= AGAIN;
		if (s->job.duration_ns < AGAIN_NS)
			s->job.duration_ns = AGAIN_NS;
	}
	if (p->own_cpus && !s->alone) {
		task.cpu = p->cpu + (size_t)(s - p->seat) * p->each;
		task.ncpus = p->each;
	}
	return verify_child_start(&s->child, &task, err);
}

static int get_up(struct seat *s, struct err *err)
{
	uint64_t before_ns = s->cell->out.elapsed_ns;
	int code = verify_child_reap(&s->child, &s->cell->out, err);

	s->cell->out.elapsed_ns += before_ns;
	s->cell->looked = !code;
	s->row->begun |= s->cell->looked;
	s->row->caught += s->cell->out.caught;
	return code;
}

static void progress(const struct pass *p)
{
	if (!terminal_redraws(stderr))
		return;
	fputs("\r\033[K", stderr);
	if (p->at < p->end)
		fprintf(stderr, "%s%3zu %% %s: %s", p->again ? "again " : "", 100 * p->at / p->end,
			verify_layer_name[p->at / p->m->n], p->m->row[p->at % p->m->n].name);
}

static unsigned busy(const struct pass *p, bool *alone)
{
	unsigned n = 0;

	*alone = false;
	for (unsigned i = 0; i < p->m->at_once; i++)
		if (p->seat[i].child.pid) {
			n++;
			*alone |= p->seat[i].alone;
		}
	return n;
}

/* Once round the seats: 0, or the first error. */
static int go_round(struct pass *p, struct err *err)
{
	bool alone;

	for (unsigned i = 0; i < p->m->at_once; i++) {
		struct seat *s = &p->seat[i];

		if (s->child.pid && verify_child_ended(&s->child) && get_up(s, err))
			return err->code;
		while (p->at < p->end && !to_be_looked_at(p, p->at))
			p->at++;
		if (s->child.pid || p->at == p->end)
			continue;
		if (busy(p, &alone) && (alone || wants_to_be_alone(p, p->at)))
			continue;
		progress(p);
		if (sit_down(p, s, p->at++, err))
			return err->code;
	}
	return 0;
}

static int fill(struct pass *p, struct err *err)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	bool alone;
	int code;

	for (;;) {
		code = go_round(p, err);
		if (!code && at_load(&run_interrupted, relaxed)) /* a flag, nothing rides on it */
			code = err_set(err, EXIT_INTERRUPTED, "interrupted");
		if (code || !busy(p, &alone))
			break;
		nanosleep(&look, NULL);
	}
	for (unsigned i = 0; i < p->m->at_once; i++)
		if (p->seat[i].child.pid)
			verify_child_kill(&p->seat[i].child);
	progress(p);
	return code;
}

/*
 * Children at a time: as many as have CPUs of their own for the writers and one more thread. On a small
 * machine two: most of their threads wait for each other anyway.
 */
static int lay_seats(struct pass *p, struct err *err)
{
	struct topology *topo;
	unsigned n = 0;

	if (topology_load(&topo, NULL, err))
		return err->code;
	p->each = p->m->threads + 1;
	p->m->at_once = topology_within_quota(topo, topo->nallowed) / p->each;
	if (p->m->at_once > AT_ONCE_MAX)
		p->m->at_once = AT_ONCE_MAX;
	p->own_cpus = p->m->at_once >= 2;
	if (!p->own_cpus)
		p->m->at_once = 2;
	p->cpu = calloc(topo->nallowed, sizeof(*p->cpu));
	for (unsigned i = 0; p->cpu && i < topo->ncpus; i++)
		if (topo->cpus[i].allowed)
			p->cpu[n++] = topo->cpus[i].os;
	topology_free(topo);
	return p->cpu ? 0 : err_set(err, EXIT_NO_RESOURCE, "no memory for a list of CPUs");
}

static int fill_all(struct verify_matrix *m, struct err *err)
{
	struct pass *p = calloc(1, sizeof(*p));
	int code;

	if (!p)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the matrix");
	p->m = m;
	p->end = m->n * VERIFY_LAYERS;
	code = lay_seats(p, err);
	if (!code)
		code = fill(p, err);
	p->at = 0;
	p->again = true;
	if (!code)
		code = fill(p, err);
	free(p->cpu);
	free(p);
	return code;
}

static void sum_up(struct verify_matrix *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->missed += i < m->nmutants && m->complete && !m->row[i].caught;
		m->alarms += i >= m->nmutants && m->row[i].caught;
		m->engines += i >= m->nmutants && m->row[i].begun && m->row[i].job.engine;
	}
}

/* What is done is told, whatever ended it: `code`, or what came of the telling and of the rows. */
static int tell(struct verify_matrix *m, int code, struct err *err)
{
	m->complete = !code;
	sum_up(m);
	if (!m->options->json)
		verify_mutants_print(m, stdout, terminal_of(stdout));
	else if (verify_mutants_json(m, stdout))
		return err_set(err, EXIT_WRITE, "cannot write the JSON text");
	return m->missed || m->alarms ? EXIT_VERIFY : code;
}

int verify_mutants(const struct verify_matrix_options *options, struct err *err)
{
	struct verify_matrix *m = calloc(1, sizeof(*m));
	uint64_t began = clock_monotonic_ns();
	int code;

	if (!m)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the matrix");
	m->options = options;
	m->threads = options->threads ? options->threads : THREADS;
	find_program(m, VERIFY_EXPLORER, options->explorer);
	find_program(m, VERIFY_TSAN, options->tsan);
	clock_init(); /* the children inherit it */
	signals_catch();
	code = add_rows(m, err);
	if (!code) {
		code = fill_all(m, err);
		m->elapsed_ns = clock_monotonic_ns() - began;
		code = tell(m, code, err);
	}
	free(m->row);
	free(m);
	return code;
}
