/*
 * json_at.h - reading a JSON document that somebody else may have written: each field is asked for
 * by name, kind and range, and what is wrong is told with its place, "cases[3].ops_per_s". The
 * counterpart of json.h. Main thread.
 *
 * A field that is absent or null is not known, which is no error: the value stays as it was. Below
 * an object that is not there, nothing is. Getters return 0, or EXIT_BAD_DATA (EXIT_NO_RESOURCE) with
 * err filled.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sys/err.h"

/* Larger numbers are no measurement; and what is made of two of these is still finite. */
#define JSON_AT_REAL_MAX 1e30

/* Where in the document; a chain on the stack of those who descend into it. */
struct json_at {
	const struct json_at *up; /* NULL: the document */
	const char *key;          /* NULL: an element, number `index` */
	size_t index;
	const json_t *json;       /* NULL: not there */
	const char *file;         /* for messages */
	struct err *err;
};

struct json_at json_at_document(const json_t *json, const char *file, struct err *err);
int json_at_object(const struct json_at *o, const char *key, struct json_at *child);
/* The array's elements, 0 of one that is not there. */
int json_at_array(const struct json_at *o, const char *key, struct json_at *child, size_t *n);
/* An element of an array that json_at_array() found; it must be an object. */
int json_at_element(const struct json_at *array, size_t i, struct json_at *child);

/*
 * A copy from malloc, `unknown` where there is none (NULL: it is an error); free what *out was.
 * Control characters become '?': the text may end on a terminal.
 */
int json_at_text(const struct json_at *o, const char *key, const char *unknown, char **out);
int json_at_bool(const struct json_at *o, const char *key, bool *out);
/* A whole number in 0..max; beyond 2^53 also as decimal digits. */
int json_at_count(const struct json_at *o, const char *key, uint64_t max, uint64_t *out);
int json_at_u32(const struct json_at *o, const char *key, uint32_t *out);
/* A number in 0..JSON_AT_REAL_MAX, what is not above 1/JSON_AT_REAL_MAX being 0. */
int json_at_real(const struct json_at *o, const char *key, double *out);

/* "FILE: cases[3].ops_per_s: want WANT, not "fast"". EXIT_BAD_DATA. */
int json_at_bad(const struct json_at *o, const char *key, const char *want);
/* "cases[3].slices[7].ops_per_s" of o, and key below it unless that is NULL. */
const char *json_at_name(const struct json_at *o, const char *key, char *text, size_t size);
/* A copy from malloc without control characters; NULL: no memory. */
char *json_at_plain(const char *text);
