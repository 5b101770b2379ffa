/*
 * verify_evidence.h - what is kept of the first thing that was caught: which oracle, where, what was
 * expected and found, by which operation, and the command that repeats the round. Whoever catches
 * something tells it through one of these; the first wins. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/verify.h"

/* "0/17/511": the indices from the root of `levels` levels down to the 4K entry of an address. */
char *verify_path(char *text, size_t size, unsigned levels, uint64_t iova);
/* "unmap 3 x 64K at 0x…": kind, count, size, address. Returns text. */
char *verify_op_text(char *text, size_t size, const struct pt_op *op);

/* Caught: the oracle, and the first lines of the evidence. False, and nothing changed: so it was before. */
__attribute__((format(printf, 3, 4))) bool verify_caught(struct verify_outcome *out,
							  const char *oracle, const char *fmt, ...);
/* A line more. */
__attribute__((format(printf, 2, 3))) void verify_add(struct verify_outcome *out, const char *fmt,
						       ...);
/* Each line of it, indented. */
void verify_evidence_print(const char *evidence, FILE *out);
/* The last lines: engine, layer, seed of the round, and the command that begins with that round. */
void verify_again(struct verify_outcome *out, const struct verify_job *job, enum verify_layer layer,
		  uint64_t seed);
