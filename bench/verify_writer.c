/* verify_writer.c - what an owner does in its cells, and what it knows of them. */
#include <errno.h>
#include <string.h>

#include "bench/verify_evidence.h"
#include "bench/verify_threads.h"
#include "sys/clock.h"

#define QUIET_EVERY 8u /* operations between quiescent states, and looks at the clock */

/* What is tried, and what has to come of it. */
struct attempt {
	struct verify_thread *t;
	struct shadow_cell *c;
	struct pt_op op;
	unsigned first, n; /* units */
	unsigned version;
};

static unsigned below(struct verify_thread *t, uint64_t n)
{
	return (unsigned)verify_below(&t->random, n);
}

static bool has_size(const struct verify_thread *t, unsigned lg2)
{
	return lg2 < 64 && (pt_engine_sizes(t->round->job->engine) >> lg2 & 1);
}

static void wrong(struct attempt *a, const char *what, uint64_t want)
{
	const struct pt_op *op = &a->op;
	char text[96], path[64];

	if (!verify_caught(&a->t->found, "O1", "%s: expected 0x%llx, found 0x%llx (errno %u)", what,
			   (unsigned long long)want, (unsigned long long)op->result, op->err))
		return;
	verify_add(&a->t->found, "iova 0x%llx, entry %s, by its owner, worker %u: %s",
		   (unsigned long long)op->iova,
		   verify_path(path, sizeof(path), pt_levels(a->t->round->pt), op->iova), a->t->id,
		   verify_op_text(text, sizeof(text), op));
	at_store(&a->t->round->stop, 1, relaxed); /* a flag; the evidence is read after the join */
}

static void run(struct attempt *a)
{
	domain_run(&a->t->round->domain, &a->t->d, &a->op);
	a->t->operations++;
	a->t->refused += a->op.err == ENOMEM;
}

static bool out_of_memory(const struct attempt *a)
{
	return a->op.err == ENOMEM && a->t->round->starved;
}

/* Units [first, first + n) hold pages of 1 << lg2 bytes from this version on; 0: nothing. */
static void hold(struct attempt *a, unsigned first, unsigned n, unsigned lg2)
{
	memset(&a->c->lg2[first], (int)lg2, n);
	for (unsigned i = first; i < first + n; i++)
		a->c->mapped[i] = (uint16_t)a->version;
}

static bool is_empty(const struct shadow_cell *c, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (c->lg2[i])
			return false;
	return true;
}

/* Does it lie on whole pages that are no larger? */
static bool covers_smaller(const struct shadow_cell *c, unsigned first, unsigned n, unsigned lg2)
{
	for (unsigned i = first; i < first + n; i++)
		if (c->lg2[i] > lg2)
			return false;
	return true;
}

static void prepare(struct attempt *a, uint8_t kind, unsigned lg2, uint32_t count)
{
	uint64_t offset = (uint64_t)a->first << a->c->unit_lg2;

	a->version = a->c->version + 1;
	a->op = (struct pt_op){ .kind = kind, .iova = a->c->iova + offset, .count = count,
				.pa = shadow_pa(a->c, a->version, offset), .size_lg2 = (uint8_t)lg2,
				.prot = shadow_prot(a->version) };
}

/* One page where one is: who writes a leaf only once refuses it, and nothing may change. */
static void map_refused(struct attempt *a)
{
	run(a);
	if (a->op.result || (a->op.err != EADDRINUSE && !out_of_memory(a)))
		wrong(a, "map over a page, bytes", 0);
}

static void map_over(struct attempt *a, unsigned lg2)
{
	const char *body = a->t->round->job->engine->body;
	bool smaller = covers_smaller(a->c, a->first, a->n, lg2);

	if (!strcmp(body, "modern") || (!strcmp(body, "intel") && (lg2 == 12 || !smaller))) {
		map_refused(a);
		return;
	}
	if (!smaller)
		return;
	shadow_begin(a->c, a->first, a->n, a->t->round->seed);
	run(a);
	if (!out_of_memory(a)) {
		if (a->op.result != UINT64_C(1) << lg2)
			wrong(a, "map in place of others, bytes", UINT64_C(1) << lg2);
		hold(a, a->first, a->n, lg2);
	}
	shadow_end(a->c, a->first, a->n);
}

/* n pages of a size from unit `first` on; where something is, a single one. */
static void try_map(struct verify_thread *t, struct shadow_cell *c, unsigned first, unsigned lg2,
		    unsigned n)
{
	unsigned per = 1u << (lg2 - c->unit_lg2);
	struct attempt a = { .t = t, .c = c, .first = first, .n = n * per };
	uint64_t bytes = (uint64_t)n << lg2;

	if (!has_size(t, lg2))
		return;
	prepare(&a, PT_MAP, lg2, n);
	if (!is_empty(c, first, a.n)) {
		if (n == 1)
			map_over(&a, lg2);
		return;
	}
	shadow_begin(c, first, a.n, t->round->seed);
	run(&a);
	hold(&a, first, a.n, 0);
	if (a.op.result != bytes && !(out_of_memory(&a) && a.op.result < bytes))
		wrong(&a, "map, bytes", bytes);
	else
		hold(&a, first, (unsigned)(a.op.result >> c->unit_lg2), lg2);
	shadow_end(c, first, a.n);
}

/* The largest page that fits at a unit, with so many units left. */
static unsigned fitting(const struct attempt *a, unsigned unit, unsigned left)
{
	unsigned up = 9;

	while (up && (1u << up > left || unit & ((1u << up) - 1) || !has_size(a->t, a->c->unit_lg2 + up)))
		up--;
	return a->c->unit_lg2 + up;
}

/* All or nothing, in the largest pages that fit. */
static void try_map_range(struct verify_thread *t, struct shadow_cell *c, unsigned first, unsigned n)
{
	struct attempt a = { .t = t, .c = c, .first = first, .n = n };
	uint64_t bytes = (uint64_t)n << c->unit_lg2;

	if (!is_empty(c, first, n))
		return;
	prepare(&a, PT_MAP_RANGE, c->unit_lg2, n);
	shadow_begin(c, first, n, t->round->seed);
	run(&a);
	hold(&a, first, n, 0);
	if (a.op.result != bytes && !(out_of_memory(&a) && !a.op.result))
		wrong(&a, "map range, bytes", bytes);
	else if (a.op.result)
		for (unsigned i = first; i < first + n;) {
			unsigned lg2 = fitting(&a, i, first + n - i), per = 1u << (lg2 - c->unit_lg2);

			hold(&a, i, per, lg2);
			i += per;
		}
	shadow_end(c, first, n);
}

/* From a page's start over whole pages without a hole; the last goes as a whole if it is only begun. */
static void try_unmap(struct verify_thread *t, struct shadow_cell *c, unsigned first, unsigned most)
{
	struct attempt a = { .t = t, .c = c };
	unsigned end, last = 1;

	if (!c->lg2[first])
		return;
	first &= ~((1u << (c->lg2[first] - c->unit_lg2)) - 1);
	for (end = first; end < c->units && end - first < most && c->lg2[end]; end += last)
		last = 1u << (c->lg2[end] - c->unit_lg2);
	a.first = first;
	a.n = end - first;
	prepare(&a, below(t, 2) ? PT_UNMAP : PT_UNMAP_RANGE, c->unit_lg2,
		a.n - (below(t, 4) ? 0 : below(t, last)));
	shadow_begin(c, first, a.n, t->round->seed);
	run(&a);
	if (a.op.result != (uint64_t)a.n << c->unit_lg2)
		wrong(&a, "unmap, bytes", (uint64_t)a.n << c->unit_lg2);
	hold(&a, first, a.n, 0);
	shadow_end(c, first, a.n);
}

/* Some 4K pages in an empty unit of 2M, and away again: a table is left behind, or not. */
static void try_dust(struct verify_thread *t, struct shadow_cell *c, unsigned unit)
{
	struct attempt a = { .t = t, .c = c, .first = unit, .n = 1 };
	uint32_t n = 1 + below(t, 512);

	if (c->lg2[unit])
		return;
	prepare(&a, PT_MAP, 12, n);
	shadow_begin(c, unit, 1, t->round->seed);
	run(&a);
	if (a.op.result != n * 4096ull && !out_of_memory(&a))
		wrong(&a, "map, bytes", n * 4096ull);
	n = (uint32_t)(a.op.result / 4096);
	if (n) {
		a.op.kind = PT_UNMAP;
		a.op.count = n;
		run(&a);
		if (a.op.result != n * 4096ull)
			wrong(&a, "unmap, bytes", n * 4096ull);
	}
	hold(&a, unit, 1, 0);
	shadow_end(c, unit, 1);
}

/* A cell changes over: what is in it goes, or all of it is mapped, one way or another. */
static void turn_over(struct verify_thread *t, struct shadow_cell *c)
{
	bool large = c->units == SHADOW_UNITS;

	if (!is_empty(c, 0, c->units)) {
		for (unsigned i = 0; i < c->units && c->version < SHADOW_VERSIONS; i++)
			try_unmap(t, c, i, c->units);
		return;
	}
	switch (below(t, 3)) {
	case 0: /* a whole table, in one call */
		try_map(t, c, 0, c->unit_lg2, c->units);
		break;
	case 1: /* one page, over a table that was emptied here */
		try_map(t, c, 0, c->unit_lg2 + (large ? 9 : 4), 1);
		break;
	default:
		try_map_range(t, c, 0, c->units);
	}
}

static void random_step(struct verify_thread *t)
{
	static const uint8_t above[] = { 0, 0, 1, 4, 8, 9 }; /* log2 of units to a page */
	unsigned id = below(t, 2) ? t->favourite[below(t, VERIFY_FAVOURITES)] :
				    t->cells[below(t, t->ncells)];
	struct shadow_cell *c = &t->round->cell[id];
	bool large = c->units == SHADOW_UNITS;
	unsigned up = above[below(t, large ? 6 : 4)], first;

	if (c->version >= SHADOW_VERSIONS)
		return; /* its output addresses are used up */
	at_store(&t->at, id, relaxed); /* where others may look, nothing more */
	switch (below(t, 8)) {
	case 0:
	case 1:
	case 2:
		turn_over(t, c);
		break;
	case 3:
		try_unmap(t, c, below(t, c->units), 1 + below(t, 32));
		break;
	case 4:
		first = below(t, c->units);
		try_map_range(t, c, first, 1 + below(t, c->units - first));
		break;
	case 5:
		if (c->unit_lg2 > 12)
			try_dust(t, c, below(t, c->units));
		break;
	default: /* where a page is, it is tried all the same */
		try_map(t, c, below(t, c->units >> up) << up, c->unit_lg2 + up, 1);
	}
}

/* Everybody into the same fresh tables, at once; region by region, so that the root grows between. */
static void rendezvous(struct verify_thread *t, unsigned region)
{
	struct verify_round *r = t->round;
	unsigned begin = region ? r->region_end[region - 1] : 0;

	grace_offline(t->d.grace);
	verify_meet(r, ++t->met * r->writers);
	grace_online(t->d.grace);
	for (unsigned i = 0; i < t->ncells; i++) {
		struct shadow_cell *c = &r->cell[t->cells[i]];

		if (c->id < begin || c->id >= r->region_end[region] || c->units == SHADOW_UNITS)
			continue;
		at_store(&t->at, c->id, relaxed); /* as above */
		try_map(t, c, 0, 12, 1 + below(t, c->units));
	}
	verify_lookup(t);
}

/* Regions in an order that all writers draw alike: the root grows by one level, or by three at once. */
static void rendezvous_all(struct verify_thread *t)
{
	struct verify_random order = verify_random_from(t->round->seed);
	unsigned at[VERIFY_REGIONS];

	for (unsigned g = 0; g < t->round->regions; g++) {
		unsigned with = (unsigned)verify_below(&order, g + 1);

		at[g] = at[with];
		at[with] = g;
	}
	for (unsigned g = 0; g < t->round->regions; g++)
		rendezvous(t, at[g]);
}

void verify_write(struct verify_thread *t)
{
	struct verify_round *r = t->round;

	grace_online(t->d.grace);
	rendezvous_all(t);
	for (unsigned i = 0; i < r->ops && !at_load(&r->stop, relaxed); i++) { /* a flag, as above */
		random_step(t);
		verify_lookup(t);
		if (i % QUIET_EVERY)
			continue;
		grace_quiescent(t->d.grace);
		grace_poll(t->d.grace, t->d.w.pages);
		if (clock_monotonic_ns() > r->until_ns)
			at_store(&r->stop, 1, relaxed); /* as above */
	}
	grace_quiescent(t->d.grace);
	grace_offline(t->d.grace);
	at_add(&r->done, 1, relaxed); /* only counted; what was done is seen after the join */
}
