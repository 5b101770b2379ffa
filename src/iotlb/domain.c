/*
 * domain.c - the four steps of domain.h, and what a driver has to know for them: which range of IOVA an
 * operation has changed.
 *
 * An engine does not tell what stood there before. The domain looks, before the operation, with the
 * walker: the range is the caller's, so what it finds stays until the engine gets there. Engines of
 * the modern body never overwrite a page, and take from an unmap only pages that begin in it; for
 * them the answer is in op->result.
 */
#include "iotlb/domain.h"

#include <errno.h>
#include <string.h>

#include "pt/lab.h"
#include "pt/mutant.h"
#include "pt/pt.h"

/* The walker's way of writing the table's root and level. */
static iotlb_dte dte_now(const struct domain *d)
{
	uint64_t top = top_load(d->pt);

	return iotlb_dte_of((uint64_t)(uintptr_t)top_root(top), top_level(top) + 1);
}

static unsigned dte_levels(iotlb_dte dte)
{
	return dte >> 9 & 7;
}

/* First and last byte. */
struct range {
	uint64_t first, last;
	bool any;
};

static void range_add(struct range *r, uint64_t first, uint64_t last)
{
	r->first = r->any && r->first < first ? r->first : first;
	r->last = r->any && r->last > last ? r->last : last;
	r->any = true;
}

static bool is_map(const struct pt_op *op)
{
	return op->kind == PT_MAP || op->kind == PT_MAP_RANGE;
}

/* The last byte of what is asked for; false: the engine refuses it. */
static bool asked(const struct domain *d, const struct pt_op *op, uint64_t *last)
{
	uint64_t more;

	if (op->size_lg2 > 63 || !(pt_engine_sizes(d->engine) >> op->size_lg2 & 1) || !op->count)
		return false;
	more = (((uint64_t)op->count - 1) << op->size_lg2) + ((UINT64_C(1) << op->size_lg2) - 1);
	*last = op->iova + more;
	return (uint64_t)op->count - 1 <= (UINT64_MAX - op->iova) >> op->size_lg2 && *last >= op->iova;
}

/* All pages that have a byte in [first, last], as a device would find them. */
static struct range pages_in(const struct domain *d, uint64_t first, uint64_t last)
{
	struct walker w = { .format = strcmp(d->engine->format, "vtdss") ? WALK_AMDV1 : WALK_VTDSS };
	struct range found = { .any = false };
	uint64_t iova = first;

	do {
		struct walk_result r = walk_from_dte(&w, dte_now(d), iova, 0);
		uint64_t span;

		if (r.end == WALK_ABSENT && !r.steps)
			break; /* above the top */
		if (r.end == WALK_HIT) {
			span = UINT64_C(1) << r.size_lg2;
			range_add(&found, iova & -span, iova | (span - 1));
		} else {
			span = UINT64_C(1) << (12 + 9 * r.level);
		}
		iova = (iova & -span) + span;
	} while (iova && iova - 1 < last);
	return found;
}

/*
 * Before the operation: pages it will overwrite, and those that it will take although they begin
 * before it. Not the modern body's way (above).
 */
static struct range look_before(const struct domain *d, const struct pt_op *op)
{
	bool modern = !strcmp(d->engine->body, "modern");
	uint64_t last;

	if (modern || !d->units || !asked(d, op, &last))
		return (struct range){ .any = false };
	return pages_in(d, op->iova, last);
}

/* After it: the range in which a device may remember what is no longer so. */
static struct range range_changed(const struct domain *d, const struct pt_op *op,
				  const struct range *before, bool retired)
{
	struct range changed = { .any = false };
	uint64_t last;

	if (op->err == EINVAL || op->err == ERANGE || !asked(d, op, &last))
		return changed;
	if (is_map(op)) {
		/* What was mapped before a failure was mapped for a while, if it has been undone. */
		if (!before->any && !retired && !op->err)
			return changed;
		range_add(&changed, op->iova, last);
	} else {
		/* The last page goes as a whole: more than was asked for (B20). All 2^64 read as 0. */
		if (op->result)
			range_add(&changed, op->iova, op->iova + op->result - 1);
		else if (!op->iova && last == UINT64_MAX)
			range_add(&changed, 0, last);
		if (pt_mutant_on == MUTANT_B20_SHORT_FLUSH) {
			changed.last = last;
			return changed;
		}
	}
	if (changed.any && before->any)
		range_add(&changed, before->first, before->last);
	return changed;
}

/* The units of a domain answer one after the other, all working at once. */
struct tickets {
	uint64_t of[DOMAIN_UNITS_MAX];
};

static struct tickets complete(struct domain *d)
{
	struct tickets t = { .of = { 0 } };

	for (unsigned i = 0; i < d->units; i++)
		t.of[i] = unit_complete(d->unit[i]);
	return t;
}

static void await(struct domain *d, struct domain_worker *w, const struct tickets *t)
{
	for (unsigned i = 0; i < d->units; i++)
		unit_wait(d->unit[i], t->of[i]);
	w->waits++;
}

/*
 * Step 2. Whoever finds a root that is not known to be known tells of it and waits, even where another
 * has written the entry in memory before: that one's command may not be in the ring yet.
 */
static void tell_root(struct domain *d, struct domain_worker *w, uint64_t growths_before)
{
	iotlb_dte now = dte_now(d);
	/* D6: acquire, pairs with the compare-exchange below: the devices have obeyed */
	uint64_t seen = at_load(&d->dte_seen, acquire);
	struct tickets t;

	if (dte_levels(seen) >= dte_levels(now))
		return;
	if (pt_mutant_on == MUTANT_B6_LATE_ROOT && w->w.n.growths == growths_before)
		return;
	lab_stop("root: found taller, devices not told");
	for (unsigned i = 0; i < d->units; i++) {
		unit_set_dte(d->unit[i], now);
		unit_invalidate_dte(d->unit[i]);
	}
	t = complete(d);
	await(d, w, &t);
	while (dte_levels(seen) < dte_levels(now))
		/* D6: release, pairs with the load above: hands on that the devices have obeyed (D4);
		 * acquire on failure as above */
		if (at_cas(&d->dte_seen, &seen, now, acq_rel, acquire))
			break;
}

/*
 * Commands for [first, last]: aligned powers of two, the largest that fit. A page or a table inside the
 * range is one of those blocks or inside one, so each is covered by one command.
 */
static void invalidate(struct domain *d, uint64_t first, uint64_t last, bool pde)
{
	do {
		uint64_t left = last - first; /* one less than the bytes */
		unsigned size_lg2 = first ? (unsigned)__builtin_ctzll(first) : 64;

		if (left != UINT64_MAX && (size_lg2 == 64 || (UINT64_C(1) << size_lg2) - 1 > left))
			size_lg2 = 63 - (unsigned)__builtin_clzll(left + 1);
		for (unsigned i = 0; i < d->units; i++)
			unit_invalidate(d->unit[i], first, size_lg2, pde);
		if (size_lg2 == 64)
			return;
		first += UINT64_C(1) << size_lg2;
	} while (first && first - 1 < last);
}

/* Step 3. */
static void flush(struct domain *d, struct domain_worker *w, const struct range *r, bool retired)
{
	uint64_t last = r->last;
	struct tickets t;

	if (pt_mutant_on == MUTANT_B22_ONE_LESS && last - r->first >= PAGE_BYTES)
		last -= PAGE_BYTES;
	invalidate(d, r->first, last, retired && pt_mutant_on != MUTANT_B19_WALK_CACHE);
	lab_stop("flush: commands queued, not waited for");
	t = complete(d);
	w->flushes++;
	if (pt_mutant_on != MUTANT_B5_NO_WAIT)
		await(d, w, &t);
}

/*
 * B4, step 3 of the 2019 driver for maps: the flag is set when something is found in the way, a flush is
 * due if it is set, and clears it when done. In between another worker's flush, begun earlier, may
 * have ended and cleared it.
 */
static bool flag_says(struct domain *d)
{
	/* relaxed: as in the driver, an ordinary field that orders nothing */
	return at_load(&d->updated, relaxed);
}

static void flag_set(struct domain *d, bool due)
{
	/* relaxed: as above */
	at_store(&d->updated, due, relaxed);
}

/* Step 4. */
static void retire(struct domain_worker *w)
{
	struct page_desc *next;

	if (pt_mutant_on == MUTANT_NO_GRACE) {
		for (struct page_desc *page = w->w.gather.head; page; page = next) {
			next = page->next;
			page_free(w->w.pages, page->page);
		}
		w->w.gather = (struct page_list){ .head = NULL };
	} else if (w->grace) {
		grace_retire(w->grace, &w->w.gather, w->w.pages);
	}
}

void domain_run(struct domain *d, struct domain_worker *w, struct pt_op *op)
{
	uint64_t growths = w->w.n.growths, gathered = w->w.gather.n;
	bool old_way = pt_mutant_on == MUTANT_B4_SHARED_FLAG && is_map(op);
	struct range before, changed;
	bool retired;

	if (op->kind == PT_LOOKUP || !d->units) {
		d->engine->run(d->pt, &w->w, op, 1);
		retire(w);
		return;
	}
	before = look_before(d, op);
	if (old_way && before.any)
		flag_set(d, true);
	d->engine->run(d->pt, &w->w, op, 1);
	retired = w->w.gather.n > gathered;
	changed = range_changed(d, op, &before, retired);
	if (old_way && changed.any && !before.any)
		flag_set(d, true);
	lab_stop("domain: table changed, devices not told");
	tell_root(d, w, growths);
	if (changed.any && (!old_way || flag_says(d))) {
		flush(d, w, &changed, retired);
		if (old_way)
			flag_set(d, false);
	}
	retire(w);
}

void domain_init(struct domain *d, struct pt *pt, const struct pt_engine *engine)
{
	memset(d, 0, sizeof(*d));
	d->pt = pt;
	d->engine = engine;
	at_init(&d->dte_seen, 0);
	at_init(&d->updated, 0);
}

void domain_attach(struct domain *d, struct iotlb_unit *unit)
{
	iotlb_dte now = dte_now(d);

	/* The device reads a first entry by itself: nothing to invalidate. */
	unit_set_dte(unit, now);
	/* relaxed: at rest; whatever starts the workers hands it on */
	if (!d->units)
		at_store(&d->dte_seen, now, relaxed);
	d->unit[d->units++] = unit;
}
