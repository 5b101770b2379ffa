#include "bench/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* [from, to), sorted, neither overlapping nor touching: IOVAs unmapped later in the trace. */
struct span {
	uint64_t from, to;
};

struct span_set {
	struct span *v;
	size_t n, cap;
};

/* Make room for one more; `size` bytes each. */
static int grow(void **v, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 64;
	void *grown;

	if (n < *cap)
		return 0;
	grown = realloc(*v, more * size);
	if (!grown)
		return -ENOMEM;
	*v = grown;
	*cap = more;
	return 0;
}

/* The first span that ends at or behind `iova`. */
static size_t span_find(const struct span_set *set, uint64_t iova)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (set->v[mid].to < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int span_add(struct span_set *set, uint64_t from, uint64_t to)
{
	size_t first = span_find(set, from), end = first;

	for (; end < set->n && set->v[end].from <= to; end++) {
		if (set->v[end].from < from)
			from = set->v[end].from;
		if (set->v[end].to > to)
			to = set->v[end].to;
	}
	if (end == first) {
		if (grow((void **)&set->v, set->n, &set->cap, sizeof(*set->v)))
			return -ENOMEM;
		memmove(set->v + first + 1, set->v + first, (set->n - first) * sizeof(*set->v));
		set->n++;
	} else {
		memmove(set->v + first + 1, set->v + end, (set->n - end) * sizeof(*set->v));
		set->n -= end - first - 1;
	}
	set->v[first] = (struct span){ from, to };
	return 0;
}

static int left_add(struct replay_left *left, uint32_t event, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	if (grow((void **)&left->v, left->n, &left->cap, sizeof(*left->v)))
		return -ENOMEM;
	left->v[left->n++] = (struct replay_piece){ event, from, to - from };
	return 0;
}

/* What a map leaves between the spans that are unmapped after it. */
static int left_of_map(struct replay_left *left, uint32_t event, uint64_t from, uint64_t to,
		       const struct span_set *gone)
{
	int error = 0;

	for (size_t i = span_find(gone, from); i < gone->n && gone->v[i].from < to && !error; i++) {
		error = left_add(left, event, from, gone->v[i].from);
		from = gone->v[i].to;
	}
	return error ? error : left_add(left, event, from, to);
}

/*
 * Backwards: a map survives where no later event unmaps it. That a page is mapped again in between
 * needs no care, in a legal trace an unmap comes before it.
 */
int replay_left_build(struct replay_left *left, const struct trace *t)
{
	struct span_set gone = { 0 };
	int error = 0;

	memset(left, 0, sizeof(*left));
	for (size_t i = t->n; i-- > 0 && !error;) {
		const struct trace_event *e = &t->events[i];

		if (e->kind == TRACE_UNMAP)
			error = span_add(&gone, e->iova, e->iova + e->bytes);
		else
			error = left_of_map(left, (uint32_t)i, e->iova, e->iova + e->bytes, &gone);
	}
	free(gone.v);
	if (error) {
		free(left->v);
		*left = (struct replay_left){ .n = 0 };
	}
	return error;
}
