/*
 * eager.c - rcache, but the tables of a range are built before anybody owns it.
 *
 * What no magazine has comes from the tree together with its neighbours: the range asked for and, for
 * sizes that go into magazines, a magazine full of those beside it, under one hold of the tree's lock.
 * Still under the lock the caller's prepare() builds the tables for all of them.
 *
 * Why nothing is allocated in vain. Tables are built by prepare() alone, one worker at a time: nobody
 * can lose a race that has one runner. And a map finds all its tables, because no range leaves the tree
 * without prepare(), and what lies in a magazine has been through it. Nor is a table built to be thrown
 * away: prepare() builds those that the range's leaves will lie in and none below a large leaf, where the
 * map would take it out of the tree again; how the range will be mapped, only the caller knows. An engine
 * that frees a table does so when one unmap, or a leaf that takes its place, covers all of it: then the
 * range was as large as the table, no magazine takes such a range, and its next owner gets it from the
 * tree. The exception: prepare() found no memory, and the map builds what is missing, as without it.
 *
 * What it costs: the lock is held while tables are allocated and zeroed; tables exist for up to 128
 * ranges of an order, for each worker, that nobody asked for yet (4 KiB in 2 MiB: `prepared_bytes`).
 */
#include "iova/rcache.h"

/* Lock held. Ranges below this one, as long as each touches the one before; how many. */
static unsigned take_below(struct rcache_worker *w, enum tree_part part, uint64_t pages, uint64_t iova,
			   uint64_t *below)
{
	struct iova_tree *tree = w->of->tree;
	unsigned n = 0;

	while (n < MAGAZINE_RANGES) {
		uint64_t next = tree_take(tree, &w->tree, part, pages);

		if (next == IOVA_NONE)
			break;
		if (next + (pages << IOVA_PAGE_LG2) != iova) {
			tree_give(tree, &w->tree, next);
			break;
		}
		below[n++] = iova = next;
	}
	return n;
}

static uint64_t eager_miss(struct rcache_worker *w, enum tree_part part, uint64_t pages)
{
	const struct iova_config *config = &w->of->head.config;
	uint64_t below[MAGAZINE_RANGES], iova, lowest;
	unsigned order = rcache_order(pages), n = 0;

	tree_lock(w->of->tree, &w->tree);
	iova = tree_take(w->of->tree, &w->tree, part, pages);
	if (iova != IOVA_NONE) {
		if (order < IOVA_ORDERS)
			n = take_below(w, part, pages, iova, below);
		lowest = n ? below[n - 1] : iova;
		if (config->prepare) {
			uint64_t bytes = (n + 1) * (pages << IOVA_PAGE_LG2);

			/* without memory the map will build what is missing */
			(void)config->prepare(w->head.ctx, lowest, bytes);
			w->head.n.prepared_bytes += bytes;
		}
	}
	tree_unlock(w->of->tree, &w->tree);
	w->head.n.refills += n > 0;
	while (n-- > 0) /* the highest is the next to be given out */
		if (!rcache_put(w, order, below[n]))
			tree_free(w->of->tree, &w->tree, below[n]);
	return iova;
}

static int eager_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	int error = rcache_create(out, kind, config);

	if (!error)
		((struct rcache *)*out)->miss = eager_miss;
	return error;
}

const struct iova_kind iova_eager = {
	.name = "eager", .eager = true,
	.help = "rcache that has the tables of a whole magazine built before it gives out a range of it",
	.create = eager_create, .destroy = rcache_destroy, .worker = rcache_worker,
	.alloc = rcache_alloc, .free = rcache_free, .cached = rcache_cached, .drain = rcache_drain,
	.bytes = rcache_bytes,
};
