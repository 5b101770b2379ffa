/*
 * mix.h - who does what in a group: kinds of operations (`--ratio`), readers beside writers
 * (`--readers`). Pure; any thread.
 */
#pragma once

#include "bench/plan.h"
#include "bench/ratio.h"

struct case_result;

/* What was asked for, or the workload's own mix; all 0 where the workload has none. */
struct ratio group_ratio(const struct group *g);
/* Of the threads, the last so many only look up. */
unsigned group_readers(const struct group *g);
/* Of the queue, or of a worker's ring: what was asked for, or the workload's own. */
uint64_t group_depth(const struct group *g);
/* Is there a writer left? EXIT_USAGE. */
int check_readers(const struct group *g, struct err *err);

/* For workloads that unmap whatever they map: does --ratio agree? EXIT_USAGE. */
int check_balanced(const struct group *g, struct err *err);

/* For workloads whose pages and calls are what they are: --page-size, --batch as usual? EXIT_USAGE. */
int check_own_pages(const struct group *g, struct err *err);

static inline unsigned group_writers(const struct group *g)
{
	return g->threads - group_readers(g);
}

/* The mix as fields of a case. Its part of the case's id, "" when all is as usual, into `id`. */
void case_mix(struct case_result *c, const struct group *g, char *id, size_t size);
