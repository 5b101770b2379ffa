/*
 * verify_mutants.c - the matrix: which layer notices which bug, and that none of them cries wolf. Every
 * cell is a child process; layer by layer, the cheap ones first; every layer looks at every bug, also
 * where another has caught it, so that the matrix shows what each is worth.
 */
#include "bench/verify_mutants.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/runner.h"
#include "bench/screen.h"
#include "bench/signals.h"
#include "bench/verify_child.h"
#include "sys/clock.h"

#define AT_ONCE_MAX 64u
#define LOOK_NS 2000000

/* A cell under way. */
struct seat {
	struct verify_child child; /* pid 0: free */
	struct verify_cell *cell;
	struct verify_row *row;
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
					.threads = m->options->threads,
					.duration_ns = m->options->seconds_each_ns,
					.seed = m->options->seed, .shake = 16 };
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
	m->engines = m->n - m->nmutants;
	if (m->program[VERIFY_EXPLORER][0])
		add_row(m, "explorer's scenarios", NULL, MUTANT_NONE);
	return 0;
}

/* A bug is for every layer; the explorer has no engine but those of its scenarios, others need one. */
static bool to_be_looked_at(const struct verify_matrix *m, const struct verify_row *row,
			    enum verify_layer layer)
{
	if (!verify_layer_built(m, layer))
		return false;
	if (row->job.mutant != MUTANT_NONE)
		return true;
	if (layer == VERIFY_TSAN && row->job.engine && row->job.engine->single)
		return false;
	return (layer == VERIFY_EXPLORER) == !row->job.engine;
}

static int sit_down(struct verify_matrix *m, struct seat *s, struct verify_row *row,
		    enum verify_layer layer, struct err *err)
{
	const char *program = m->program[layer];
	struct verify_task task = { .layer = layer, .job = &row->job,
				    .program = *program ? program : NULL };

	s->row = row;
	s->cell = &row->cell[layer];
	return verify_child_start(&s->child, &task, err);
}

static int get_up(struct seat *s, struct err *err)
{
	int code = verify_child_reap(&s->child, &s->cell->out, err);

	s->cell->looked = !code;
	s->row->caught += s->cell->out.caught;
	return code;
}

static void progress(const struct verify_matrix *m, size_t at)
{
	size_t total = m->n * VERIFY_LAYERS;

	if (!isatty(STDERR_FILENO))
		return;
	if (at < total)
		fprintf(stderr, "\r\033[K%3zu %% %s: %s", 100 * at / total, verify_layer_name[at / m->n],
			m->row[at % m->n].name);
	else
		fputs("\r\033[K", stderr);
}

/* The next cell that is to be filled, from `at` on. */
static size_t next_cell(const struct verify_matrix *m, size_t at)
{
	size_t total = m->n * VERIFY_LAYERS;

	while (at < total && !to_be_looked_at(m, &m->row[at % m->n], (enum verify_layer)(at / m->n)))
		at++;
	return at;
}

/* Once round the seats: 0, or the first error; *busy: how many are taken. */
static int go_round(struct verify_matrix *m, struct seat *seat, size_t *at, unsigned *busy,
		    struct err *err)
{
	int code = 0;

	*busy = 0;
	for (unsigned i = 0; i < m->at_once && !code; i++) {
		if (seat[i].child.pid && verify_child_ended(&seat[i].child))
			code = get_up(&seat[i], err);
		if (!code && !seat[i].child.pid && *at < m->n * VERIFY_LAYERS) {
			progress(m, *at);
			code = sit_down(m, &seat[i], &m->row[*at % m->n],
					(enum verify_layer)(*at / m->n), err);
			*at = next_cell(m, *at + 1);
		}
		*busy += seat[i].child.pid != 0;
	}
	return code;
}

static int fill(struct verify_matrix *m, struct err *err)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	struct seat seat[AT_ONCE_MAX] = { 0 };
	size_t at = next_cell(m, 0);
	unsigned busy;
	int code;

	for (;;) {
		code = go_round(m, seat, &at, &busy, err);
		if (!code && at_load(&run_interrupted, relaxed)) /* a flag, nothing rides on it */
			code = err_set(err, EXIT_INTERRUPTED, "interrupted");
		if (code || !busy)
			break;
		nanosleep(&look, NULL);
	}
	for (unsigned i = 0; i < m->at_once; i++)
		if (seat[i].child.pid)
			verify_child_kill(&seat[i].child);
	progress(m, m->n * VERIFY_LAYERS);
	return code;
}

/* As many children as have CPUs for their writers, but two: most wait for each other anyway. */
static unsigned seats(unsigned threads)
{
	cpu_set_t set;
	unsigned cpus = sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
	unsigned n = cpus / (threads ? threads : 1);

	return n < 2 ? 2 : n < AT_ONCE_MAX ? n : AT_ONCE_MAX;
}

static void sum_up(struct verify_matrix *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->missed += i < m->nmutants && !m->row[i].caught;
		m->alarms += i >= m->nmutants && m->row[i].caught;
	}
}

int verify_mutants(const struct verify_matrix_options *options, struct err *err)
{
	struct verify_matrix *m = calloc(1, sizeof(*m));
	uint64_t began = clock_monotonic_ns();
	int code;

	if (!m)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the matrix");
	m->options = options;
	m->at_once = seats(options->threads);
	find_program(m, VERIFY_EXPLORER, options->explorer);
	find_program(m, VERIFY_TSAN, options->tsan);
	signals_catch();
	code = add_rows(m, err);
	if (!code)
		code = fill(m, err);
	if (!code) {
		m->elapsed_ns = clock_monotonic_ns() - began;
		sum_up(m);
		if (!options->json)
			verify_mutants_print(m, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
		else if (verify_mutants_json(m, stdout))
			code = err_set(err, EXIT_WRITE, "cannot write the JSON text");
		if (!code && (m->missed || m->alarms))
			code = EXIT_VERIFY;
	}
	free(m->row);
	free(m);
	return code;
}
