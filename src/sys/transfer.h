/*
 * transfer.h - what it costs to move a cache line between two CPUs: two pinned threads take turns at
 * one word. The guest of a hypervisor may be told any topology; this is how far apart CPUs really are.
 * Outside measured stretches only; needs clock_init().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys/err.h"
#include "sys/topology.h"

struct transfer_matrix {
	unsigned n;
	unsigned *cpu;             /* OS numbers */
	double *round_trip_ns;     /* n x n, symmetric; NaN: on the diagonal, or no answer in time */
	unsigned unanswered;       /* pairs: a CPU busy with something else, or taken away */
};

#define TRANSFER_FEW 16u       /* CPUs of a matrix that is not asked to have all */
#define TRANSFER_PAIR_NS 20000000u /* at most for each pair; 1 ms is usual */

/*
 * The allowed CPUs in order of package, node, cache, core: all, or when they are more than
 * TRANSFER_FEW one of each core, of each last-level cache, or TRANSFER_FEW of them evenly. cpu[] has
 * room for t->nallowed; returns how many.
 */
unsigned transfer_choose(const struct topology *t, bool all, unsigned *cpu);

/*
 * Pair by pair: the median of 15 times 200 round trips. The word lies on the first CPU's node. A pair
 * has pair_ns at most, after which it is NaN unless a third of its rounds are done. EXIT_NO_RESOURCE.
 * *out is freed with transfer_free().
 */
int transfer_measure(const unsigned *cpus, unsigned n, uint64_t pair_ns,
		     struct transfer_matrix *out, struct err *err);
void transfer_free(struct transfer_matrix *m);
