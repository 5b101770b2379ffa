/*
 * verify_sequence.h - one thread, random operations of all kinds and sizes at addresses where
 * something changes, held against the model (model.h) one by one: results, pages, every entry of the
 * table now and then. `iopt verify` plays the laboratory's engines, tests/oracle the measured ones.
 */
#pragma once

#include "bench/model.h"
#include "bench/verify_evidence.h"
#include "bench/verify_random.h"

#define SEQUENCE_PAST 8u

struct sequence_case {
	const struct pt_engine *engine, *run; /* creates the table; carries operations out */
	uint64_t seed;
	uint64_t limit_pages, fail_at;        /* of the pool; 0: none */
	unsigned ops;
};

/* What there is to choose an operation from. */
struct sequence_chooser {
	struct verify_random random;
	struct pt_op past[SEQUENCE_PAST];
	bool vtdss;
	unsigned levels; /* of the table, now */
};

/* A legal operation; result and err hold what no engine leaves there. */
struct pt_op sequence_choose(struct sequence_chooser *c);

/*
 * Play one case on a fresh table. What is caught goes to out, which counts the operations too.
 * *asked: pages the engine has asked for, the root included. 0, or EXIT_NO_RESOURCE in err.
 */
int sequence_play(const struct sequence_case *c, struct verify_outcome *out, uint64_t *asked,
		  struct err *err);
