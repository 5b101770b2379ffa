#include "bench/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_LIMIT (1ull << 53)

void put_json(struct node o, const char *key, json_t *value)
{
	if (json_object_set_new(o.json, key, value))
		*o.failed = true;
}

static void add_json(struct node array, json_t *value)
{
	if (json_array_append_new(array.json, value))
		*array.failed = true;
}

static json_t *make_u64(uint64_t v)
{
	if (v > EXACT_LIMIT)
		return json_sprintf("%" PRIu64, v);
	return json_integer((json_int_t)v);
}

/* An argument or file name need not be UTF-8; what is not ASCII in one of those becomes '?'. */
static json_t *make_text(const char *v)
{
	json_t *text = json_string(v);
	char *copy;

	if (text)
		return text;
	copy = strdup(v);
	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	text = json_string(copy);
	free(copy);
	return text;
}

void put_u64(struct node o, const char *key, uint64_t v)
{
	put_json(o, key, make_u64(v));
}

void put_real(struct node o, const char *key, double v)
{
	put_json(o, key, isfinite(v) ? json_real(v) : json_null());
}

void put_bool(struct node o, const char *key, bool v)
{
	put_json(o, key, json_boolean(v));
}

void put_text(struct node o, const char *key, const char *v)
{
	put_json(o, key, make_text(v));
}

void put_fact(struct node o, const char *key, const char *v)
{
	put_json(o, key, v && *v ? make_text(v) : json_null());
}

void put_null(struct node o, const char *key)
{
	put_json(o, key, json_null());
}

void put_u64s(struct node o, const char *key, const uint64_t *v, size_t n)
{
	struct node array = put_array(o, key);

	for (size_t i = 0; i < n; i++)
		add_u64(array, v[i]);
}

void put_reals(struct node o, const char *key, const double *v, size_t n)
{
	struct node array = put_array(o, key);

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array.json, isfinite(v[i]) ? json_real(v[i]) : json_null()))
			*array.failed = true;
}

/* The parent owns it. A NULL one is legal: jansson refuses to fill it, which is remembered. */
static struct node nested(struct node parent, json_t *json)
{
	return (struct node){ json, parent.failed };
}

struct node put_object(struct node o, const char *key)
{
	json_t *json = json_object();

	put_json(o, key, json);
	return nested(o, json);
}

struct node put_array(struct node o, const char *key)
{
	json_t *json = json_array();

	put_json(o, key, json);
	return nested(o, json);
}

struct node add_object(struct node array)
{
	json_t *json = json_object();

	add_json(array, json);
	return nested(array, json);
}

void add_u64(struct node array, uint64_t v)
{
	add_json(array, make_u64(v));
}

void add_text(struct node array, const char *v)
{
	add_json(array, make_text(v));
}

int write_document(struct node root, unsigned digits, FILE *out)
{
	bool failed = *root.failed ||
		      json_dumpf(root.json, out, JSON_INDENT(1) | JSON_REAL_PRECISION(digits));

	json_decref(root.json);
	return failed || fputc('\n', out) == EOF || fflush(out) || ferror(out) ? -1 : 0;
}
