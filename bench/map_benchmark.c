#include "bench/map_benchmark.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char letter;
	int64_t min, max, def;
	size_t offset;
} rows[] = {
#define FIELD(name) offsetof(struct map_benchmark_args, name)
	{ 't', 1, 1024, 1, FIELD(threads) },
	{ 's', 1, 300, 2, FIELD(seconds) }, /* the tool has 20 */
	{ 'n', -1, 1023, -1, FIELD(node) },
	{ 'b', 20, 64, 32, FIELD(bits) },
	{ 'd', 0, 2, 0, FIELD(dir) },
	{ 'x', 0, 10000000, 0, FIELD(delay_ns) },
	{ 'g', 1, 1024, 1, FIELD(granule) },
	{ 'm', 0, 1, 0, FIELD(sg) },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int64_t *field(struct map_benchmark_args *a, size_t row)
{
	return (int64_t *)(void *)((char *)a + rows[row].offset);
}

static bool complain(char *why, size_t size, const char *word)
{
	size_t used = (size_t)snprintf(why, size, "%.40s: takes the options of the kernel's tool:", word);

	for (size_t i = 0; i < ROWS && used < size; i++)
		used += (size_t)snprintf(why + used, size - used, "%s -%c %ld..%ld", i ? "," : "", rows[i].letter,
					 (long)rows[i].min, (long)rows[i].max);
	return false;
}

/* "4", at text; *end behind it. False: no number, or not one of the row's. */
static bool number(const char *text, size_t row, int64_t *v, const char **end)
{
	char *stop;

	errno = 0;
	*v = strtoll(text, &stop, 10);
	*end = stop;
	return stop != text && !errno && (!*stop || *stop == ' ') && *v >= rows[row].min && *v <= rows[row].max;
}

bool map_benchmark_parse(const char *text, struct map_benchmark_args *out, char *why, size_t size)
{
	*out = (struct map_benchmark_args){ 0 };
	for (size_t i = 0; i < ROWS; i++)
		*field(out, i) = rows[i].def;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		const char *word = text;
		size_t i = 0;

		while (i < ROWS && (text[0] != '-' || text[1] != rows[i].letter))
			i++;
		if (i == ROWS)
			return complain(why, size, word);
		text += 2;
		text += strspn(text, " ");
		if (!number(text, i, field(out, i), &text))
			return complain(why, size, word);
		out->seconds_given |= rows[i].letter == 's';
		out->node_given |= rows[i].letter == 'n' && out->node >= 0;
	}
	return true;
}

char *map_benchmark_show(const struct map_benchmark_args *a, char *buf, size_t size)
{
	struct map_benchmark_args copy = *a;
	size_t used = 0;

	for (size_t i = 0; i < ROWS && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s-%c %ld", i ? " " : "", rows[i].letter,
					 (long)*field(&copy, i));
	return buf;
}

double map_benchmark_mean_us(const struct map_benchmark_sums *s, unsigned kind)
{
	uint64_t units;

	if (!s->loops[kind])
		return NAN;
	units = s->sum[kind] / s->loops[kind];
	return (double)units / 10;
}

double map_benchmark_sigma_us(const struct map_benchmark_sums *s, unsigned kind)
{
	uint64_t mean, variance;

	if (!s->loops[kind])
		return NAN;
	mean = s->sum[kind] / s->loops[kind];
	variance = s->squares[kind] / s->loops[kind] - mean * mean;
	return floor(sqrt((double)variance)) / 10;
}
