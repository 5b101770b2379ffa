/*
 * linear.c - linearizability of registers whose writes follow each other, as a search for places.
 *
 * Let w_1 … w_n be the writes of a page in their order, and w_0 that nothing was mapped before. A
 * lookup is given the place of a write whose value it returned. The history is linearizable if and
 * only if places can be found such that for every lookup r
 *   - r did not end before the write of its place began,
 *   - the write after its place had not ended before r began, and
 *   - r is not placed before a lookup that ended before r began ("new-old inversion").
 * Where they hold, writes in their order, each followed by the lookups of its place in the order of
 * their beginnings, is a legal sequence that respects who came before whom. The smallest places that
 * satisfy the second and third are found in one pass by beginnings; larger ones cannot satisfy the
 * first if those do not. Absence has many writes, hence a search by value and place. All of it is
 * sorting and bisection: n log n.
 */
#include "bench/linear.h"

#include <stdlib.h>

#define NOWHERE SIZE_MAX /* beyond every place */

/* What a value is looked up by, or what lookups are ordered by. */
struct key {
	uint64_t key;
	size_t at;
};

struct check {
	uint64_t slack;
	const struct linear_event **w, **r; /* of the page, by beginning */
	size_t nw, nr;
	uint64_t *ended;     /* by place: when this and all later writes had not ended yet */
	struct key *value;   /* places by value */
	struct key *order;   /* lookups by end */
	size_t *place;       /* of each lookup */
	struct linear_verdict *out;
};

/* What holds before anything is written. */
static const struct linear_event nothing = { .value = LINEAR_ABSENT, .write = true };

static const struct linear_event *write_at(const struct check *c, size_t place)
{
	return place ? c->w[place - 1] : &nothing;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Pages in turn, of each first the writes, then the lookups, by beginning. */
static int by_page(const void *a, const void *b)
{
	const struct linear_event *x = *(const struct linear_event *const *)a,
				  *y = *(const struct linear_event *const *)b;
	int order = compare(x->page, y->page);

	if (!order)
		order = compare(y->write, x->write);
	if (!order)
		order = compare(x->from, y->from);
	if (!order)
		order = compare(x->to, y->to);
	return order ? order : compare((uintptr_t)x, (uintptr_t)y); /* of one thread: as logged */
}

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = compare(x->key, y->key);

	return order ? order : compare(x->at, y->at);
}

/* The last place whose write had ended for certain when r began. */
static size_t first_place(const struct check *c, const struct linear_event *r)
{
	size_t lo = 0, hi = c->nw; /* ended[] rises */

	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2;

		if (c->ended[mid] + c->slack < r->from)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* The last place whose write may have begun when r ended. */
static size_t last_place(const struct check *c, const struct linear_event *r)
{
	size_t lo = 0, hi = c->nw;

	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2;

		if (c->w[mid - 1]->from <= r->to + c->slack)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* Index into value[] of the first that is not before (value, place). */
static size_t bisect(const struct check *c, uint64_t value, size_t place)
{
	struct key want = { value, place };
	size_t lo = 0, hi = c->nw + 1;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_key(&c->value[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The first place of this value from `least` on; NOWHERE: none. */
static size_t place_of(const struct check *c, uint64_t value, size_t least)
{
	size_t i = bisect(c, value, least);

	return i <= c->nw && c->value[i].key == value ? c->value[i].at : NOWHERE;
}

/* The last one before `place`. */
static size_t place_before(const struct check *c, uint64_t value, size_t place)
{
	size_t i = bisect(c, value, place);

	return i && c->value[i - 1].key == value ? c->value[i - 1].at : NOWHERE;
}

/* Not linearizable. Of several findings the one that began first stays: what others follow from. */
static void found(struct check *c, const struct linear_event *read, const struct linear_event *before,
		  const struct linear_event *other)
{
	struct linear_verdict *v = c->out;

	if (!v->ok && v->read.from <= read->from)
		return;
	v->ok = false;
	v->read = *read;
	v->before = *before;
	v->other = *other;
	v->before.page = v->other.page = read->page;
	v->other_is_read = !other->write;
}

/* The witness of a lookup that fits nowhere between the places lo and hi. */
static void misplaced(struct check *c, const struct linear_event *r, size_t lo, size_t hi)
{
	size_t other = place_before(c, r->value, lo); /* stale */

	if (other == NOWHERE)
		other = place_of(c, r->value, hi + 1); /* of the future */
	if (other == NOWHERE) /* nobody ever wrote that: what could it have been? */
		other = lo < hi ? lo + 1 : lo;
	found(c, r, write_at(c, lo), write_at(c, other));
}

static void check_writes(struct check *c)
{
	uint64_t later = UINT64_MAX;

	for (size_t i = c->nw; i > 0; i--) {
		later = c->w[i - 1]->to < later ? c->w[i - 1]->to : later;
		c->ended[i] = later;
		c->value[i] = (struct key){ c->w[i - 1]->value, i };
	}
	c->value[0] = (struct key){ nothing.value, 0 };
	qsort(c->value, c->nw + 1, sizeof(c->value[0]), by_key);
	for (size_t i = 1; i < c->nw; i++) /* two owners at once */
		if (c->w[i]->from + c->slack < c->w[i - 1]->to)
			found(c, c->w[i], c->w[i - 1], c->w[i - 1]);
}

static void check_reads(struct check *c)
{
	const struct linear_event *newest = NULL;
	size_t seen = 0, ended = 0;

	for (size_t i = 0; i < c->nr; i++)
		c->order[i] = (struct key){ c->r[i]->to, i };
	qsort(c->order, c->nr, sizeof(c->order[0]), by_key);
	for (size_t i = 0; i < c->nr; i++) {
		const struct linear_event *r = c->r[i];
		size_t lo = first_place(c, r), hi = last_place(c, r), place;

		/* those ended before r began, so they have their places */
		for (; c->order[ended].key + c->slack < r->from; ended++) {
			size_t earlier = c->place[c->order[ended].at];

			if (earlier > seen) {
				seen = earlier;
				newest = c->r[c->order[ended].at];
			}
		}
		c->out->overlapping += hi > lo;
		place = place_of(c, r->value, seen > lo ? seen : lo);
		if (place > hi) {
			if (!newest || place_of(c, r->value, lo) > hi)
				misplaced(c, r, lo, hi);
			else
				found(c, r, write_at(c, lo), newest);
		}
		c->place[i] = place > hi ? lo : place; /* judge the others without it */
	}
}

static void check_page(struct check *c, const struct linear_event **event, size_t n)
{
	c->nw = 0;
	while (c->nw < n && event[c->nw]->write)
		c->nw++;
	c->w = event;
	c->r = event + c->nw;
	c->nr = n - c->nw;
	c->out->pages++;
	c->out->writes += c->nw;
	c->out->reads += c->nr;
	check_writes(c);
	check_reads(c);
}

static size_t gather(struct linear_log *logs, size_t n, const struct linear_event **event)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < logs[i].n; j++) {
			struct linear_event *e = &logs[i].event[j];

			if (e->to < e->from) /* the clock stepped back: it was somewhere around there */
				*e = (struct linear_event){ e->page, e->to, e->from, e->value, e->thread,
							    e->write };
			event[k++] = e;
		}
	return k;
}

int linear_check(struct linear_log *logs, size_t n, uint64_t slack_ticks, struct linear_verdict *out,
		 struct err *err)
{
	struct check c = { .slack = slack_ticks, .out = out };
	const struct linear_event **event;
	size_t total = 0, from, to;

	*out = (struct linear_verdict){ .ok = true };
	for (size_t i = 0; i < n; i++)
		total += logs[i].n;
	event = calloc(total + 1, sizeof(*event));
	c.ended = calloc(total + 1, sizeof(*c.ended));
	c.value = calloc(total + 1, sizeof(*c.value));
	c.order = calloc(total + 1, sizeof(*c.order));
	c.place = calloc(total + 1, sizeof(*c.place));
	if (!event || !c.ended || !c.value || !c.order || !c.place) {
		err_set(err, EXIT_NO_RESOURCE, "no memory to check a history of %zu events", total);
	} else {
		out->events = gather(logs, n, event);
		qsort(event, total, sizeof(*event), by_page);
		for (from = 0; from < total; from = to) {
			for (to = from + 1; to < total && event[to]->page == event[from]->page;)
				to++;
			check_page(&c, &event[from], to - from);
		}
		err->code = 0;
	}
	free(event);
	free(c.ended);
	free(c.value);
	free(c.order);
	free(c.place);
	return err->code;
}
