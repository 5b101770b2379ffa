#include "bench/page_mix.h"

#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "stat/stat.h"

static char *size_name(char *buf, size_t size, uint64_t value)
{
	return show_bytes(buf, size, 1ull << page_size_lg2(value));
}

static int check_weights(const uint64_t *values, size_t n, const char *option, const char *job,
			 struct err *err)
{
	char bare[16], weighted[16];

	for (size_t i = 1; i < n; i++) {
		bool has = page_size_weight(values[i]);

		if (has == !!page_size_weight(values[0]))
			continue;
		size_name(bare, sizeof(bare), values[has ? 0 : i]);
		size_name(weighted, sizeof(weighted), values[has ? i : 0]);
		return err_set(err, EXIT_USAGE, "%s--%s: %s has a weight and %s has none; give a "
			       "weight to each (a mix, such as 4K:60,2M:40)%s", job, option, weighted, bare,
			       strcmp(option, "page-size") ? "" : " or to none (a sweep)");
	}
	return 0;
}

int page_sizes_check(const uint64_t *values, size_t n, const char *option, const char *job,
		     struct err *err)
{
	char name[16];

	if (check_weights(values, n, option, job, err))
		return err->code;
	if (!n || !page_size_weight(values[0]))
		return 0;
	if (n < 2 || n > MIX_MAX)
		return err_set(err, EXIT_USAGE, "%s--%s: a mix has 2..%u sizes, this one %zu; a single "
			       "size is written without weight, such as %s", job, option, MIX_MAX, n,
			       size_name(name, sizeof(name), values[0]));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (page_size_lg2(values[i]) == page_size_lg2(values[j]))
				return err_set(err, EXIT_USAGE, "%s--%s: %s is in the mix twice; "
					       "add up its weights", job, option,
					       size_name(name, sizeof(name), values[i]));
	return 0;
}

struct page_mix page_mix_of(const uint64_t *values, size_t n)
{
	struct page_mix mix = { .n = 0 };

	for (size_t i = 0; i < n && i < MIX_MAX && page_size_weight(values[i]); i++) {
		mix.lg2[i] = (uint8_t)page_size_lg2(values[i]);
		mix.weight[i] = page_size_weight(values[i]);
		mix.n++;
	}
	return mix;
}

unsigned page_mix_draw(const struct page_mix *mix, uint64_t *rng)
{
	uint64_t total = 0, at;
	unsigned i = 0;

	for (unsigned k = 0; k < mix->n; k++)
		total += mix->weight[k];
	at = stat_below(rng, total);
	for (; at >= mix->weight[i]; i++)
		at -= mix->weight[i];
	return mix->lg2[i];
}

bool page_mix_equal(const struct page_mix *a, const struct page_mix *b)
{
	return a->n == b->n && !memcmp(a->lg2, b->lg2, sizeof(a->lg2)) &&
	       !memcmp(a->weight, b->weight, sizeof(a->weight));
}

char *page_mix_show(char *buf, size_t size, const struct page_mix *mix, uint64_t single_bytes)
{
	size_t used = 0;
	char name[16];

	if (!mix->n)
		return show_bytes(buf, size, single_bytes);
	for (unsigned i = 0; i < mix->n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s:%u", i ? "+" : "",
					 show_bytes(name, sizeof(name), 1ull << mix->lg2[i]),
					 mix->weight[i]);
	return buf;
}
