#include "bench/json_at.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTED_MAX 8 /* deepest field that is asked for */

struct json_at json_at_document(const json_t *json, const char *file, struct err *err)
{
	return (struct json_at){ .json = json, .file = file, .err = err };
}

/* ASCII's, and C1 in UTF-8: both can steer a terminal. */
static bool is_control(const unsigned char *c)
{
	return *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f);
}

char *json_at_plain(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; c && *c; c++) {
		if (!is_control((const unsigned char *)c))
			continue;
		if ((unsigned char)*c == 0xc2)
			*c++ = '?';
		*c = '?';
	}
	return copy;
}

const char *json_at_name(const struct json_at *o, const char *key, char *text, size_t size)
{
	const struct json_at *way[NESTED_MAX];
	size_t n = 0, used = 0;

	text[0] = '\0';
	for (; o && o->up && n < NESTED_MAX; o = o->up)
		way[n++] = o;
	while (n-- && used < size) {
		const char *dot = used ? "." : "";

		if (way[n]->key)
			used += (size_t)snprintf(text + used, size - used, "%s%s", dot, way[n]->key);
		else
			used += (size_t)snprintf(text + used, size - used, "[%zu]", way[n]->index);
	}
	if (key && used < size)
		snprintf(text + used, size - used, "%s%s", used ? "." : "", key);
	return text;
}

/* What stands there instead. */
static void show_value(const json_t *v, char *text, size_t size)
{
	char *plain;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		snprintf(text, size, "an object");
		return;
	case JSON_ARRAY:
		snprintf(text, size, "an array");
		return;
	case JSON_STRING:
		plain = json_at_plain(json_string_value(v));
		snprintf(text, size, "\"%.40s\"", plain ? plain : "");
		free(plain);
		return;
	case JSON_INTEGER:
		snprintf(text, size, "%lld", (long long)json_integer_value(v));
		return;
	case JSON_REAL:
		snprintf(text, size, "%.15g", json_real_value(v));
		return;
	default:
		snprintf(text, size, "%s", json_is_null(v) ? "null" : json_is_true(v) ? "true" : "false");
	}
}

int json_at_bad(const struct json_at *o, const char *key, const char *want)
{
	const json_t *v = key ? json_object_get(o->json, key) : o->json;
	char name[160], value[64];

	json_at_name(o, key, name, sizeof(name));
	if (!v)
		return err_set(o->err, EXIT_BAD_DATA, "%.200s: %s is missing: want %s", o->file, name,
			       want);
	show_value(v, value, sizeof(value));
	return err_set(o->err, EXIT_BAD_DATA, "%.200s: %s: want %s, not %s", o->file, name, want, value);
}

/* NULL: not known. */
static const json_t *field(const struct json_at *o, const char *key)
{
	const json_t *v = o->json ? json_object_get(o->json, key) : NULL;

	return json_is_null(v) ? NULL : v;
}

int json_at_object(const struct json_at *o, const char *key, struct json_at *child)
{
	const json_t *v = field(o, key);

	*child = (struct json_at){ .up = o, .key = key, .json = v, .file = o->file, .err = o->err };
	return v && !json_is_object(v) ? json_at_bad(o, key, "an object") : 0;
}

int json_at_array(const struct json_at *o, const char *key, struct json_at *child, size_t *n)
{
	const json_t *v = field(o, key);

	*child = (struct json_at){ .up = o, .key = key, .json = v, .file = o->file, .err = o->err };
	*n = json_array_size(v);
	return v && !json_is_array(v) ? json_at_bad(o, key, "an array") : 0;
}

int json_at_element(const struct json_at *array, size_t i, struct json_at *child)
{
	*child = (struct json_at){ .up = array, .index = i, .file = array->file, .err = array->err,
				   .json = json_array_get(array->json, i) };
	return json_is_object(child->json) ? 0 : json_at_bad(child, NULL, "an object");
}

int json_at_text(const struct json_at *o, const char *key, const char *unknown, char **out)
{
	const json_t *v = field(o, key);
	char *copy;

	if (v ? !json_is_string(v) : !unknown)
		return json_at_bad(o, key, "a text");
	copy = json_at_plain(v ? json_string_value(v) : unknown);
	if (!copy)
		return err_set(o->err, EXIT_NO_RESOURCE, "no memory to read %.300s", o->file);
	free(*out);
	*out = copy;
	return 0;
}

int json_at_bool(const struct json_at *o, const char *key, bool *out)
{
	const json_t *v = field(o, key);

	if (!v)
		return 0;
	if (!json_is_boolean(v))
		return json_at_bad(o, key, "true or false");
	*out = json_is_true(v);
	return 0;
}

/* All of the text is decimal digits, and few enough. */
static bool digits(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

int json_at_count(const struct json_at *o, const char *key, uint64_t max, uint64_t *out)
{
	const json_t *v = field(o, key);
	char want[64];
	uint64_t count = 0;
	bool good;

	if (!v)
		return 0;
	if (json_is_integer(v)) {
		good = json_integer_value(v) >= 0;
		count = (uint64_t)json_integer_value(v);
	} else {
		good = json_is_string(v) && digits(json_string_value(v), &count);
	}
	if (!good || count > max) {
		snprintf(want, sizeof(want), max == UINT64_MAX ? "a whole number of at least 0" :
			 "a whole number in 0..%llu", (unsigned long long)max);
		return json_at_bad(o, key, want);
	}
	*out = count;
	return 0;
}

int json_at_u32(const struct json_at *o, const char *key, uint32_t *out)
{
	uint64_t v = *out;
	int rc = json_at_count(o, key, UINT32_MAX, &v);

	*out = (uint32_t)v;
	return rc;
}

int json_at_real(const struct json_at *o, const char *key, double *out)
{
	const json_t *v = field(o, key);
	double x;

	if (!v)
		return 0;
	x = json_number_value(v);
	if (!json_is_number(v) || !(x >= 0 && x <= JSON_AT_REAL_MAX))
		return json_at_bad(o, key, "a number of at least 0, at most 1e30, or null");
	*out = x > 1 / JSON_AT_REAL_MAX ? x : 0;
	return 0;
}
