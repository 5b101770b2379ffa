/* verify_audit.c - the end of a round: every leaf, every page, every entry (O1, O2, O4). */
#include <inttypes.h>

#include "bench/verify_evidence.h"
#include "bench/verify_threads.h"

struct auditor {
	struct verify_round *r;
	struct verify_outcome *out;
	uint64_t leaves; /* of cells, as they should be */
};

static void see_leaf(void *ctx, const struct pt_leaf *leaf)
{
	struct auditor *a = ctx;
	struct shadow_cell *c = verify_cell_at(a->r, leaf->iova);
	unsigned unit = c ? (unsigned)((leaf->iova - c->iova) >> c->unit_lg2) : 0;
	char path[64], text[96];
	uint64_t want;

	verify_path(path, sizeof(path), pt_levels(a->r->pt), leaf->iova);
	if (!c || !c->lg2[unit]) {
		if (!verify_caught(a->out, "O1", "a leaf where nothing is mapped: iova 0x%" PRIx64
				   ", entry %s", leaf->iova, path))
			return;
	} else {
		want = shadow_pa(c, c->mapped[unit], leaf->iova - c->iova);
		a->leaves++;
		if (leaf->pa == want && leaf->size_lg2 == c->lg2[unit] &&
		    leaf->prot == shadow_prot(c->mapped[unit]))
			return;
		if (!verify_caught(a->out, "O1", "a leaf: iova 0x%" PRIx64 ", entry %s: expected pa 0x%"
				   PRIx64 ", size 2^%u, prot %u", leaf->iova, path, want, c->lg2[unit],
				   shadow_prot(c->mapped[unit])))
			return;
	}
	verify_add(a->out, "found pa 0x%" PRIx64 ", size 2^%u, prot %u: %s", leaf->pa, leaf->size_lg2,
		   leaf->prot,
		   shadow_pa_text(text, sizeof(text), leaf->pa, a->r->cell, a->r->ncells));
}

static void see_flaw(void *ctx, const char *evidence)
{
	struct auditor *a = ctx;

	verify_caught(a->out, "O4", "a flaw of the table: %s", evidence);
}

/* Every page that its owner has mapped, looked up: the scan has seen no stray one, so none may lack. */
static uint64_t look_for_lost(struct auditor *a, const struct shadow_cell *c)
{
	char path[64];
	uint64_t leaves = 0;

	for (unsigned i = 0; i < c->units; i += c->lg2[i] ? 1u << (c->lg2[i] - c->unit_lg2) : 1) {
		uint64_t offset = (uint64_t)i << c->unit_lg2, want;
		struct pt_op op = { .kind = PT_LOOKUP, .iova = c->iova + offset };

		if (!c->lg2[i])
			continue;
		leaves++;
		if (a->out->caught)
			continue;
		want = shadow_pa(c, c->mapped[i], offset);
		a->r->run->run(a->r->pt, &a->r->thread[0].d.w, &op, 1);
		if (op.err || op.result != want)
			verify_caught(a->out, "O1", "a mapping is lost: iova 0x%" PRIx64 ", entry %s, cell %u "
				      "of worker %u: expected 0x%" PRIx64 ", found 0x%" PRIx64, op.iova,
				      verify_path(path, sizeof(path), pt_levels(a->r->pt), op.iova), c->id,
				      c->owner, want, op.result);
	}
	return leaves;
}

static void same(struct verify_outcome *out, const char *oracle, const char *what, uint64_t want,
		 uint64_t got)
{
	if (want != got)
		verify_caught(out, oracle, "%s: expected %" PRIu64 ", found %" PRIu64, what, want, got);
}

static void look_at_pages(struct verify_round *r, uint64_t tables, struct verify_outcome *out)
{
	uint64_t allocated = 0, freed = 0, retired = 0, wasted = 0, growths = 0;
	struct pool_stats stats = pool_stats(r->pages);

	for (unsigned t = 0; t < r->writers; t++) {
		const struct pt_count *n = &r->thread[t].d.w.n;

		allocated += n->allocated;
		freed += n->freed;
		retired += n->retired;
		wasted += n->wasted_growth;
		growths += n->growths;
		for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
			wasted += n->wasted_install[l];
	}
	same(out, "O2", "pages allocated (freed + retired + reachable)", freed + retired + tables, allocated);
	if (!r->starved) /* a growth that ends half way gives pages back as well */
		same(out, "O2", "pages given back (lost installs and growths)", wasted, freed);
	if (!r->starved)
		same(out, "O4", "levels of the table", verify_cells_levels(r), pt_levels(r->pt));
	same(out, "O4", "levels that workers say they have added", pt_levels(r->pt) - r->levels, growths);
	same(out, "O2", "live pages of the pool (reachable)", tables, stats.allocated - stats.freed);
}

void verify_audit(struct verify_round *r, struct verify_outcome *out)
{
	struct auditor a = { .r = r, .out = out };
	struct pt_scan scan = { .leaf = see_leaf, .flaw = see_flaw, .ctx = &a };
	uint64_t leaves = 0;

	pt_scan(r->pt, &scan);
	for (unsigned i = 0; i < r->ncells; i++)
		leaves += look_for_lost(&a, &r->cell[i]);
	if (leaves != a.leaves)
		verify_caught(out, "O1", "leaves: expected %" PRIu64 ", found %" PRIu64, leaves, a.leaves);
	look_at_pages(r, scan.tables, out);
}
