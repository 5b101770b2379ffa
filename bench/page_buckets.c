/*
 * Distributions of no more buckets than a chart can show. Those of this program are left as they are
 * (1.6 % a bucket; the richest seen have some 650); others' may have tens of thousands. Neighbours are
 * merged while together they are narrower than so many percent, and as many percent as it takes: the
 * merged bucket reaches from the lowest to the highest of them, and its count is their sum.
 */
#include <string.h>

#include "bench/page.h"

struct buckets {
	const json_t *low, *high, *count;
	size_t n;
};

static json_int_t at(const json_t *array, size_t i)
{
	return json_integer_value(json_array_get(array, i));
}

/* Columns of whole numbers, one length, in order, none negative, and together no more than a sum holds? */
static bool are_sound(const struct buckets *b)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (!json_is_integer(json_array_get(b->low, i)) || !json_is_integer(json_array_get(b->high, i)) ||
		    !json_is_integer(json_array_get(b->count, i)))
			return false;
		if (at(b->low, i) < 0 || at(b->low, i) > at(b->high, i) || at(b->count, i) < 0 ||
		    (i && at(b->high, i - 1) >= at(b->low, i)) ||
		    __builtin_add_overflow(sum, at(b->count, i), &sum))
			return false;
	}
	return json_array_size(b->high) == b->n && json_array_size(b->count) == b->n;
}

/* The bucket after those that are merged with the i-th. */
static size_t end_of(const struct buckets *b, size_t i, double ratio)
{
	double end = ((double)at(b->low, i) + 1) * ratio;

	for (i++; i < b->n && (double)at(b->high, i) + 1 <= end; i++)
		continue;
	return i;
}

static size_t merged(const struct buckets *b, double ratio)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i = end_of(b, i, ratio))
		n++;
	return n;
}

/* NULL: no memory. */
static json_t *merge(const struct buckets *b, double ratio)
{
	json_t *low = json_array(), *high = json_array(), *count = json_array();
	bool failed = false;

	for (size_t i = 0, end; i < b->n; i = end) {
		json_int_t sum = 0;

		end = end_of(b, i, ratio);
		for (size_t k = i; k < end; k++)
			sum += at(b->count, k);
		failed |= json_array_append_new(low, json_integer(at(b->low, i))) ||
			  json_array_append_new(high, json_integer(at(b->high, end - 1))) ||
			  json_array_append_new(count, json_integer(sum));
	}
	if (!failed)
		return json_pack("{s:o, s:o, s:o}", "low_ns", low, "high_ns", high, "count", count);
	json_decref(low);
	json_decref(high);
	json_decref(count);
	return NULL;
}

/* Of `owner`, which has a `histogram`. */
static int thin(json_t *owner, const json_t *histogram, size_t most)
{
	struct buckets b = { json_object_get(histogram, "low_ns"), json_object_get(histogram, "high_ns"),
			     json_object_get(histogram, "count"), 0 };
	double ratio = 1 + 1.0 / 64;

	b.n = json_array_size(b.low);
	if (b.n <= most && json_array_size(b.high) <= most && json_array_size(b.count) <= most)
		return 0;
	if (!are_sound(&b)) /* the page has the percentiles still */
		return json_object_del(owner, "histogram");
	while (merged(&b, ratio) > most)
		ratio = 1 + 2 * (ratio - 1);
	return json_object_set_new(owner, "histogram", merge(&b, ratio));
}

int page_merge_buckets(json_t *v, size_t most)
{
	json_t *histogram = json_object_get(v, "histogram"), *child;
	const char *key;
	size_t i;

	if (json_is_object(histogram) && thin(v, histogram, most))
		return -1;
	json_object_foreach(v, key, child)
		if (page_merge_buckets(child, most))
			return -1;
	json_array_foreach(v, i, child)
		if (page_merge_buckets(child, most))
			return -1;
	return 0;
}
