/* census.c - what workers mapped, written down while they do it and counted afterwards. */
#include "bench/census.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crew.h"
#include "bench/group.h"
#include "bench/runner.h"

#define POSITION (3ull << 62) /* of the slices: no others have it */
#define LEVELS 6u
#define LEVEL_SHIFT 60u       /* of a key: its level; below it the number of the entry, line or table */
#define LINE_LG2 3u           /* entries in a line */
#define TABLE_LG2 9u

/* ---- writing down ---- */

struct census_log *census_log_create(struct census_order *order)
{
	struct census_log *log = malloc(sizeof(*log));

	if (log) {
		memset(log, 0, sizeof(*log)); /* all of it is there before the first map */
		log->order = order;
	}
	return log;
}

/* Entries next to each other in one table. */
struct run {
	unsigned level;
	uint64_t first, n;
};

/* The next such run of a range, which becomes shorter by it; as PT_MAP_RANGE would map it. */
static struct run take_run(struct census_map *m)
{
	unsigned level = m->size_lg2 ? (m->size_lg2 - 12u) / 9 : 0;
	struct run r;

	while (!m->size_lg2 && level + 1 < LEVELS && !(m->page & ((1ull << 9 * (level + 1)) - 1)) &&
	       m->pages >> 9 * (level + 1))
		level++;
	r = (struct run){ level, m->page >> 9 * level, m->pages >> 9 * level };
	if (r.n > 512 - r.first % 512)
		r.n = 512 - r.first % 512;
	if (!r.n) /* a page larger than its range: one entry */
		r.n = 1;
	m->page += r.n << 9 * level;
	m->pages -= m->pages < r.n << 9 * level ? m->pages : (uint32_t)(r.n << 9 * level);
	return r;
}

void census_note(struct lane *lane, uint64_t iova, uint32_t pages, unsigned size_lg2)
{
	struct census_log *log = lane->census;
	struct census_map m = { .page = iova >> 12, .pages = pages, .size_lg2 = (uint8_t)size_lg2 };

	if (log->n == CENSUS_MAX || log->entries >= CENSUS_ENTRIES)
		return;
	/*
	 * relaxed: of two owners of a page the second got it, through the allocator, after the first
	 * had been here, and so takes a later number of this one word
	 */
	m.order = at_add(&log->order->next, 1, relaxed);
	log->v[log->n++] = m;
	while (m.pages)
		log->entries += take_run(&m).n;
}

/* ---- counting ---- */

struct keys {
	uint64_t *v;
	size_t n;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint64_t key_of(const struct run *r, uint64_t entry, unsigned lg2)
{
	return (uint64_t)r->level << LEVEL_SHIFT | entry >> lg2;
}

/* Sorted, each once. */
static void make_distinct(uint64_t *v, size_t *n)
{
	size_t kept = 0;

	qsort(v, *n, sizeof(v[0]), by_value);
	for (size_t i = 0; i < *n; i++)
		if (!i || v[i] != v[kept - 1])
			v[kept++] = v[i];
	*n = kept;
}

/* The lines, or tables, that each worker touched; one that k workers touched is there k times. */
static int collect_keys(struct keys *out, struct census_log *const *logs, unsigned workers, unsigned lg2)
{
	size_t room = 0;

	for (unsigned w = 0; w < workers; w++)
		room += logs[w]->entries;
	*out = (struct keys){ malloc((room + 1) * sizeof(out->v[0])), 0 };
	if (!out->v)
		return -ENOMEM;
	for (unsigned w = 0; w < workers; w++) {
		size_t own = 0;
		uint64_t *v = out->v + out->n;

		for (uint32_t i = 0; i < logs[w]->n; i++) {
			struct census_map m = logs[w]->v[i];

			while (m.pages) {
				struct run r = take_run(&m);
				uint64_t last = key_of(&r, r.first + r.n - 1, lg2);

				for (uint64_t key = key_of(&r, r.first, lg2); key <= last; key++)
					v[own++] = key;
			}
		}
		make_distinct(v, &own);
		out->n += own;
	}
	qsort(out->v, out->n, sizeof(out->v[0]), by_value);
	return 0;
}

/* By how many workers each is touched; leaves each once. */
static uint64_t count_keys(struct keys *k, uint64_t by[CENSUS_CPUS], double *mean)
{
	size_t all = k->n, kept = 0;

	for (size_t i = 0, next; i < all; i = next) {
		size_t workers;

		for (next = i + 1; next < all && k->v[next] == k->v[i]; next++)
			;
		workers = next - i;
		by[workers < CENSUS_CPUS ? workers - 1 : CENSUS_CPUS - 1]++;
		k->v[kept++] = k->v[i];
	}
	k->n = kept;
	*mean = kept ? (double)all / (double)kept : NAN;
	return kept;
}

/* This worker maps these entries: has another been the last to map one of them? */
static bool pass_on(const struct keys *lines, uint16_t *last, const struct run *r, uint16_t worker)
{
	uint64_t key = key_of(r, r->first, LINE_LG2);
	const uint64_t *at = bsearch(&key, lines->v, lines->n, sizeof(key), by_value);
	bool migrates = false;

	/* lines that lie one behind the other do so in the list, too */
	for (uint64_t e = r->first; at && e < r->first + r->n; e++) {
		uint16_t *who = &last[(size_t)(at - lines->v) * 8 + e % 8];

		migrates |= *who && *who != worker;
		*who = worker;
		at += e % 8 == 7;
	}
	return migrates;
}

struct event {
	const struct census_map *map;
	uint16_t worker; /* from 1 */
};

static int count_migrations(struct census *out, const struct keys *lines, struct census_log *const *logs,
			    unsigned workers)
{
	struct event *events = calloc(out->maps + 1, sizeof(*events));
	uint16_t *last = calloc(lines->n * 8 + 1, sizeof(*last));
	int error = events && last ? 0 : -ENOMEM;

	for (unsigned w = 0; w < workers && !error; w++)
		for (uint32_t i = 0; i < logs[w]->n; i++)
			events[logs[w]->v[i].order] = (struct event){ &logs[w]->v[i], (uint16_t)(w + 1) };
	for (uint64_t i = 0; i < out->maps && !error; i++) {
		struct census_map m = *events[i].map;
		bool migrates = false;

		while (m.pages) {
			struct run r = take_run(&m);

			migrates |= pass_on(lines, last, &r, events[i].worker);
		}
		out->migrations += migrates;
	}
	free(events);
	free(last);
	return error;
}

int census_count(struct census *out, struct census_log *const *logs, unsigned workers)
{
	struct keys lines = { 0 }, tables = { 0 };
	int error;

	*out = (struct census){ 0 };
	for (unsigned w = 0; w < workers; w++) {
		out->maps += logs[w]->n;
		for (uint32_t i = 0; i < logs[w]->n; i++)
			out->pages += logs[w]->v[i].pages;
	}
	error = collect_keys(&tables, logs, workers, TABLE_LG2);
	if (!error)
		error = collect_keys(&lines, logs, workers, LINE_LG2);
	if (!error) {
		out->tables = count_keys(&tables, out->tables_by, &out->cpus_per_table);
		out->lines = count_keys(&lines, out->lines_by, &out->cpus_per_line);
		error = count_migrations(out, &lines, logs, workers);
	}
	free(tables.v);
	free(lines.v);
	return error;
}

/* ---- a slice of its own ---- */

struct census_run {
	struct group_run *run;
	struct census_order order;
	struct census_log **logs; /* by worker */
};

/* On the worker's thread, so that it lies on its node. */
static void open_log(void *arg, unsigned w)
{
	struct census_run *c = arg;

	c->logs[w] = census_log_create(&c->order);
}

static bool open_logs(struct census_run *c)
{
	bool complete = true;

	at_store(&c->order.next, 0, relaxed); /* crew_run orders it */
	crew_run(c->run->crew, open_log, c);
	for (unsigned w = 0; w < c->run->g->threads; w++)
		complete &= c->logs[w] != NULL;
	return complete;
}

static void close_logs(struct census_run *c)
{
	for (unsigned w = 0; w < c->run->g->threads; w++) {
		free(c->logs[w]);
		c->logs[w] = NULL;
	}
}

static void write_down(struct census_run *c, unsigned e, bool on)
{
	for (unsigned w = 0; w < c->run->g->threads; w++)
		c->run->engines[e].lanes[w]->census = on ? c->logs[w] : NULL;
}

static int one_engine(struct census_run *c, unsigned e, struct err *err)
{
	struct group_run *run = c->run;
	struct slice slice;
	int code = 0;

	if (!open_logs(c)) {
		close_logs(c);
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a census of %u threads", run->g->threads);
	}
	write_down(c, e, true);
	code = slice_run(run, e, POSITION, &slice, err);
	write_down(c, e, false);
	/* relaxed: a signal's flag; a slice cut short is no census */
	if (!code && !at_load(&run_interrupted, relaxed) &&
	    census_count(&run->engines[e].result->dma.census, c->logs, run->g->threads))
		code = err_set(err, EXIT_NO_RESOURCE, "no memory to count a census");
	close_logs(c);
	return code;
}

int census_take(struct group_run *run, struct err *err)
{
	struct census_run c = { .run = run };
	int code = 0;

	if (!run->g->workload->dma || run->g->workload->cold)
		return 0;
	c.logs = calloc(run->g->threads, sizeof(struct census_log *));
	if (!c.logs)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a census");
	for (unsigned e = 0; e < run->g->nengines && !code; e++)
		if (!run->engines[e].engine.ruler)
			code = one_engine(&c, e, err);
	free(c.logs);
	return code;
}
