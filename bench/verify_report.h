/*
 * verify_report.h - what `iopt verify` did and found, part by part: a table and the evidence, or JSON.
 * Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/json.h"
#include "bench/terminal.h"
#include "bench/verify.h"

/* One layer on one engine. */
struct verify_part {
	struct verify_job job;
	enum verify_layer layer;
	struct verify_outcome out;
	bool done;
};

struct verify_report {
	struct verify_part *part;
	size_t n;
	uint64_t seed, elapsed_ns;
	unsigned threads, shake;
	enum pt_mutant mutant;
	bool interrupted;
};

/* Parts that came to their end. */
size_t verify_report_done(const struct verify_report *r);
/* Parts in which something was caught. */
size_t verify_report_caught(const struct verify_report *r);
/* A row a part, the evidence, and last a line that says "clean" or what was caught. */
void verify_report_print(const struct verify_report *r, FILE *out, struct terminal terminal);
/* What was done and caught, and who ran, as numbers; null where nobody could tell. */
void verify_put_outcome(struct node o, const struct verify_outcome *out);
/* All of it as JSON (docs/stress.schema.json). 0, or -1: it cannot be written. */
int verify_report_json(const struct verify_report *r, FILE *out);
