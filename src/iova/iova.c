/* iova.c - the table of allocators, and what they have in common. */
#include "iova/iova.h"

#include <errno.h>
#include <string.h>

#include "iova/kinds.h"

#define WINDOW_MIN (1ull << 20)
#define WINDOW_MAX (1ull << 32)

const struct iova_kind *const iova_kinds[] = {
	&iova_fixed, &iova_rbtree, &iova_rcache, &iova_percpu, &iova_bitmap, &iova_eager, NULL,
};

const struct iova_kind *iova_kind_find(const char *name)
{
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		if (!strcmp((*k)->name, name))
			return *k;
	return NULL;
}

static bool sound(const struct iova_config *c)
{
	uint64_t window = c->window_bytes;

	if (!c->workers || window < WINDOW_MIN || window > WINDOW_MAX || window & (window - 1))
		return false;
	return c->space_lg2 <= 64 && (c->space_lg2 == 64 || window <= 1ull << c->space_lg2);
}

int iova_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	return sound(config) ? kind->create(out, kind, config) : -EINVAL;
}

void iova_destroy(struct iova *a)
{
	if (a)
		a->kind->destroy(a);
}

uint64_t iova_capacity(const struct iova_kind *kind, const struct iova_config *config)
{
	if (kind->capacity)
		return kind->capacity(config);
	return config->space_lg2 < 64 ? 1ull << config->space_lg2 : UINT64_MAX;
}

uint64_t iova_bytes(const struct iova_kind *kind, const struct iova_config *config, uint64_t ranges,
		    uint64_t pages)
{
	return kind->bytes ? kind->bytes(config, ranges, iova_rounded(pages)) : 0;
}

struct iova_worker *iova_worker(struct iova *a, unsigned id)
{
	return a->kind->worker(a, id);
}

uint64_t iova_cached(struct iova *a)
{
	return a->kind->cached ? a->kind->cached(a) : 0;
}

void iova_drain(struct iova *a)
{
	if (a->kind->drain)
		a->kind->drain(a);
}
