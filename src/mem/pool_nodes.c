/* pool_nodes.c - on which node live pages really are. */
#include "mem/pool.h"

#include <numa.h>

#define MOVE_BATCH 512u

struct where {
	void *pages[MOVE_BATCH];
	const struct page_desc *descs[MOVE_BATCH];
	unsigned n;
	bool refused;
	void (*fn)(void *ctx, const struct page_desc *page, unsigned os_node);
	void *ctx;
};

/* move_pages without target nodes moves nothing: it tells where each page is. */
static void ask_where(struct where *w)
{
	int status[MOVE_BATCH];

	if (w->n && numa_move_pages(0, w->n, w->pages, NULL, status, 0))
		w->refused = true;
	for (unsigned i = 0; !w->refused && i < w->n; i++)
		if (status[i] >= 0 && status[i] < (int)POOL_NODES_MAX)
			w->fn(w->ctx, w->descs[i], (unsigned)status[i]);
	w->n = 0;
}

static void collect(void *ctx, struct page_desc *page)
{
	struct where *w = ctx;

	w->descs[w->n] = page;
	w->pages[w->n++] = page->page;
	if (w->n == MOVE_BATCH)
		ask_where(w);
}

bool pool_where(struct pool *pool, uint32_t owner,
		void (*fn)(void *ctx, const struct page_desc *page, unsigned os_node), void *ctx)
{
	struct where w = { .fn = fn, .ctx = ctx };

	if (numa_available() < 0)
		return false;
	pool_each(pool, owner, collect, &w);
	ask_where(&w);
	return !w.refused;
}
