/*
 * model.h - a slow and obvious page table: a hash of entries, keyed by level and address.
 *
 * It knows the format from the specification (model_encode() is its own), both bodies of the AMD
 * driver from the README of tests/data/golden (the Intel driver's: model_intel.c), and how many pages
 * there are, so that -ENOMEM comes at the same page as in the engine. `iopt verify` and tests/oracle
 * hold engines against it. One thread uses a model.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pt/engine.h"

#define MODEL_BUCKETS 4096u

struct model_entry {
	struct model_entry *next;
	unsigned level;
	uint64_t index; /* iova >> model_shift(level) */
	bool table;
	uint64_t pa;    /* leaf: of the whole page */
	unsigned size_lg2, prot;
};

struct model {
	struct model_entry *buckets[MODEL_BUCKETS];
	bool classic, intel;
	bool vtdss;        /* the format; it does not grow */
	bool starved;      /* no memory for the model itself: nothing it says counts */
	uint64_t sizes;
	uint64_t refused;  /* intel: leaves not written */
	unsigned top;      /* level of the root */
	uint64_t entries;
	uint64_t allocated, retired;
	uint64_t spare;    /* pages that can still be allocated */
	uint64_t asked, fail_at; /* pages asked for; the fail_at-th is refused, once; 0: none */
	uint64_t limbo;    /* retired in this operation */
};

/*
 * Empty, as pt_create_levels() makes it. limit_pages, fail_at: as in struct pool_config, of a pool
 * that this table has to itself.
 */
void model_init(struct model *m, const struct pt_engine *engine, unsigned levels,
		uint64_t limit_pages, uint64_t fail_at);
void model_free(struct model *m);
/* Carry out one legal operation: fills result and err. */
void model_run(struct model *m, struct pt_op *op);
/* The entry at iova = index << model_shift(level), or NULL. */
struct model_entry *model_get(struct model *m, unsigned level, uint64_t index);
/* Its 64 bits, a table's without the address. AMD 48882, 2.2.3; VT-d, "Second-Stage Paging Entries". */
uint64_t model_encode(const struct model *m, const struct model_entry *e);
/* Has a contiguous page lost a replica to a smaller one? Legal for the body of 2019 alone. */
bool model_broken(struct model *m);

/* log2 of the bytes that an entry at `level` spans, and the level of a page size. */
unsigned model_shift(unsigned level);
unsigned model_level_of(unsigned size_lg2);
