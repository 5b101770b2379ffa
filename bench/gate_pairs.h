/* gate_pairs.h - draws of both sides of a case become pairs, and pairs a test. Of the gate alone. */
#pragma once

#include "bench/gate.h"

/* The k-th process of BASE's i-th file with the k-th of NEW's. */
struct drawn {
	const struct stored_draw *a, *b;
};

/* One case under construction. */
struct maker {
	struct gate *g;
	const struct gate_side *side[2];
	const struct gate_options *o;
	const struct stored_case *a, *b;
	struct drawn *drawn;      /* n of them; room for as much scratch */
	struct stat_pair *pairs;
	struct stat_count_pair *counts;
	double *scratch;
	size_t n, room;
	bool failed; /* no memory */
};

/* m->drawn of this case; false: no memory, and m->failed. */
bool gate_pair_draws(struct maker *m, const char *id);
/* Into m->pairs, where both sides have a figure; returns how many. steady: in units of the ruler. */
size_t gate_gather(struct maker *m, enum gate_metric metric, enum op_kind kind, bool steady);
/* Of one side (0, 1) of m->pairs[0..n); NaN: of none. */
double gate_median(struct maker *m, size_t n, unsigned side);
/* The same data, the same verdict, whatever other cases there are. */
uint64_t gate_seed(const struct maker *m, enum gate_metric metric, enum op_kind kind);
void gate_test_pairs(struct maker *m, size_t n, const struct gate_row *row, struct stat_test *out);
void gate_pairs_free(struct maker *m);
