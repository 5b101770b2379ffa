/*
 * Slices by columns: an eighth of the bytes, and as fast to read as a browser can. Where they are very
 * many, some are left out; those that lost time to other machines are what a reader looks for, so they
 * stay as long as they are not most of all.
 */
#include <string.h>

#include "bench/page.h"

static const char *const columns[] = {
	"process", "round", "half", "table", "at_ns", "live_pages", "elapsed_ns", "ops_per_s", "steal_ns",
	"involuntary_switches", "tables", "lost_install", "lost_growth",
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool is_stolen(const json_t *slice)
{
	return json_number_value(json_object_get(slice, "steal_ns")) > 0;
}

/* Of m in a row keep k, evenly: is the j-th one of them? */
static bool is_kept(size_t j, size_t k, size_t m)
{
	return (j + 1) * k / m > j * k / m;
}

/* The slices to show, at most `quota`; NULL: no memory. */
static json_t *choose(const json_t *slices, size_t quota)
{
	size_t n = json_array_size(slices), stolen = 0, j[2] = { 0 }, keep[2], of[2];
	json_t *chosen = json_array();

	for (size_t i = 0; i < n; i++)
		stolen += is_stolen(json_array_get(slices, i));
	of[0] = n - stolen;
	of[1] = stolen;
	keep[1] = quota > of[0] + quota / 2 ? quota - of[0] : quota / 2;
	if (keep[1] > stolen)
		keep[1] = stolen;
	keep[0] = quota - keep[1] < of[0] ? quota - keep[1] : of[0];
	for (size_t i = 0; chosen && i < n; i++) {
		json_t *slice = json_array_get(slices, i);
		bool kind = is_stolen(slice);

		if (is_kept(j[kind], keep[kind], of[kind]) && json_array_append(chosen, slice)) {
			json_decref(chosen);
			return NULL;
		}
		j[kind]++;
	}
	return chosen;
}

/* 0, also when no slice has it; -1: no memory. */
static int add_column(json_t *packed, const json_t *chosen, const char *name)
{
	json_t *column = json_array();
	bool any = false;
	int failed = !column;

	for (size_t i = 0; !failed && i < json_array_size(chosen); i++) {
		json_t *value = json_object_get(json_array_get(chosen, i), name);

		any |= value && !json_is_null(value);
		failed = value ? json_array_append(column, value)
			       : json_array_append_new(column, json_null());
	}
	if (!failed && any)
		return json_object_set_new(packed, name, column);
	json_decref(column);
	return failed ? -1 : 0;
}

/* NULL: no memory. */
static json_t *pack(const json_t *slices, size_t quota)
{
	size_t n = json_array_size(slices);
	json_t *chosen = choose(slices, quota < n ? quota : n), *packed = json_object();
	int failed = !chosen || !packed ||
		     json_object_set_new(packed, "n", json_integer((json_int_t)n)) ||
		     json_object_set_new(packed, "kept", json_integer((json_int_t)json_array_size(chosen)));

	for (size_t k = 0; !failed && k < COLUMNS; k++)
		failed = add_column(packed, chosen, columns[k]);
	json_decref(chosen);
	if (!failed)
		return packed;
	json_decref(packed);
	return NULL;
}

static size_t count(const struct page *p)
{
	size_t n = 0, k;
	json_t *c;

	for (size_t i = 0; i < p->n; i++)
		json_array_foreach(json_object_get(p->results[i].json, "cases"), k, c)
			n += json_array_size(json_object_get(c, "slices"));
	return n;
}

int page_pack_slices(struct page *p, size_t most)
{
	size_t all = count(p), k;
	json_t *c;

	for (size_t i = 0; i < p->n; i++)
		json_array_foreach(json_object_get(p->results[i].json, "cases"), k, c) {
			const json_t *slices = json_object_get(c, "slices");
			size_t n = json_array_size(slices);

			/* jansson refuses to set NULL, which pack() returns when there is no memory */
			if (json_object_set_new(c, "slices", pack(slices, all > most ? n * most / all : n)))
				return -1;
		}
	return 0;
}
