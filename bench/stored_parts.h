/*
 * stored_parts.h - what the sources of stored.h share and nobody else needs.
 */
#pragma once

#include "bench/json_at.h"
#include "bench/stored.h"

/*
 * All of a file, of which an object of JSON may come; plain or gzip. *bytes from malloc. EXIT_BAD_DATA,
 * EXIT_NO_RESOURCE.
 */
int stored_load(char **bytes, size_t *n, const char *path, struct err *err);

/* Fill *h, which is zero, from the document; freed also after an error. */
int stored_host_read(struct stored_host *h, const struct json_at *root);
void stored_host_free(struct stored_host *h);

/* Fill *c, which is zero, from its object; freed also after an error. */
int stored_case_read(struct stored_case *c, const struct json_at *at, unsigned processes);
void stored_case_free(struct stored_case *c);
/*
 * c->slices and c->draws from the arrays of the same names, in order of process, round and half.
 * Slices give each draw its rate, times and counts; its latency is in draws[], or the case's own
 * where that is one process's.
 */
int stored_draws_read(struct stored_case *c, const struct json_at *at, unsigned processes);
/* Order of process, round and half, for sorting and finding. */
int stored_by_turn(const struct stored_slice *a, const struct stored_slice *b);
/* Each case's ruler, and its draws in units of that. -1: no memory. */
int stored_steady(struct stored *s);
