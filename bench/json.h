/*
 * json.h - building a JSON document with jansson when a hundred fields in a row may each fail for
 * lack of memory: failures are remembered and asked for once, at the end. Main thread.
 *
 * Numbers that are not numbers become null. Integers beyond 2^53 become decimal strings, so that
 * no reader rounds them (RFC 8259, section 6).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* An object or array under construction; what is nested in it shares `failed`. */
struct node {
	json_t *json;
	bool *failed;
};

void put_json(struct node o, const char *key, json_t *value); /* steals value; NULL is a failure */
void put_u64(struct node o, const char *key, uint64_t v);
void put_real(struct node o, const char *key, double v);
void put_bool(struct node o, const char *key, bool v);
void put_text(struct node o, const char *key, const char *v);
/* "" becomes null: a fact that is not known. */
void put_fact(struct node o, const char *key, const char *v);
void put_null(struct node o, const char *key);
void put_u64s(struct node o, const char *key, const uint64_t *v, size_t n);
void put_reals(struct node o, const char *key, const double *v, size_t n);
struct node put_object(struct node o, const char *key);
struct node put_array(struct node o, const char *key);
struct node add_object(struct node array);
void add_u64(struct node array, uint64_t v);
void add_text(struct node array, const char *v);
/* Write the document that `root` is, reals with so many digits, and free it. 0; -1: not all was written. */
int write_document(struct node root, unsigned digits, FILE *out);
