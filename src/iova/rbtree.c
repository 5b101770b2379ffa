/*
 * rbtree.c - ranges in a red-black tree by address, under one spinlock.
 *
 * The tree is <sys/tree.h> of the BSDs. Two things keep a search short. For the window and for the
 * space above it the tree remembers from where the last range was taken: the next search begins below
 * that. And a size that did not fit into the window is not looked for there again before something in
 * the window came back. What the first cannot know are gaps that opened above the place it remembers
 * and were passed over for their size: a search that found nothing goes there once, from the limit.
 */
#include "iova/rbtree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/sys/tree.h>

#include "iova/kinds.h"

/* Pages [lo, end) are taken. A line of its own: neighbours in memory are no neighbours in the tree. */
struct tree_range {
	alignas(64) uint64_t lo;
	uint64_t end;
	RB_ENTRY(tree_range) link;
};

struct block {
	struct block *next;
	struct tree_range v[63];
};

RB_HEAD(ranges, tree_range);

struct iova_tree {
	alignas(CACHE_ALIGN) struct qspin_lock lock;
	struct ranges taken;          /* and `end`, the last */
	struct tree_range *start[2];  /* by part: a search begins below this one */
	uint64_t limit[2];            /* by part, in pages */
	uint64_t too_large;           /* so many pages did not fit into the window */
	struct tree_range **spare;    /* nodes that no worker keeps */
	unsigned nspare, nodes;       /* … and there is room for all of them */
	struct block *blocks;
	struct tree_range end;        /* [limit of the space, …): nobody's */
};

static int by_address(const struct tree_range *a, const struct tree_range *b)
{
	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* RB_GENERATE_STATIC says __unused, which glibc's headers do not leave to it */
RB_GENERATE_INTERNAL(ranges, tree_range, link, by_address, static __attribute__((unused)))

int tree_create(struct iova_tree **out, const struct iova_config *config)
{
	struct iova_tree *t = aligned_alloc(CACHE_ALIGN, sizeof(*t));

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	qspin_init(&t->lock);
	RB_INIT(&t->taken);
	t->limit[TREE_WINDOW] = config->window_bytes >> IOVA_PAGE_LG2;
	t->limit[TREE_SPACE] = 1ull << (config->space_lg2 - IOVA_PAGE_LG2);
	t->too_large = UINT64_MAX;
	t->end.lo = t->limit[TREE_SPACE];
	t->end.end = UINT64_MAX;
	RB_INSERT(ranges, &t->taken, &t->end);
	t->start[TREE_WINDOW] = t->start[TREE_SPACE] = &t->end;
	*out = t;
	return 0;
}

void tree_destroy(struct iova_tree *t)
{
	for (struct block *b = t->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(t->spare);
	free(t);
}

void tree_worker_init(struct tree_worker *w, struct iova_count *n)
{
	memset(w, 0, sizeof(*w));
	w->n = n;
}

void tree_lock(struct iova_tree *t, struct tree_worker *w)
{
	qspin_acquire(&t->lock, &w->node); /* L6 */
}

void tree_unlock(struct iova_tree *t, struct tree_worker *w)
{
	qspin_release(&t->lock, &w->node); /* L6 */
}

/* ---- memory for nodes; lock held ---- */

static bool add_block(struct iova_tree *t)
{
	struct block *b = aligned_alloc(alignof(struct block), sizeof(*b));
	size_t more = sizeof(b->v) / sizeof(b->v[0]);
	struct tree_range **spare = b ? realloc(t->spare, (t->nodes + more) * sizeof(struct tree_range *)) : NULL;

	if (!spare) {
		free(b);
		return false;
	}
	b->next = t->blocks;
	t->blocks = b;
	t->spare = spare;
	t->nodes += (unsigned)more;
	for (size_t i = 0; i < more; i++)
		t->spare[t->nspare++] = &b->v[i];
	return true;
}

/* NULL: no memory. */
static struct tree_range *node_get(struct iova_tree *t, struct tree_worker *w)
{
	if (!w->nidle) {
		if (!t->nspare && !add_block(t))
			return NULL;
		w->nidle = t->nspare < TREE_NODES ? t->nspare : TREE_NODES;
		t->nspare -= w->nidle;
		memcpy(w->idle, t->spare + t->nspare, w->nidle * sizeof(w->idle[0]));
	}
	return w->idle[--w->nidle];
}

/* The older half goes to the others, when there is no room. */
static void node_put(struct iova_tree *t, struct tree_worker *w, struct tree_range *r)
{
	if (w->nidle == 2 * TREE_NODES) {
		memcpy(t->spare + t->nspare, w->idle, TREE_NODES * sizeof(w->idle[0]));
		t->nspare += TREE_NODES;
		w->nidle -= TREE_NODES;
		memmove(w->idle, w->idle + TREE_NODES, TREE_NODES * sizeof(w->idle[0]));
	}
	w->idle[w->nidle++] = r;
}

/* ---- ranges; lock held ---- */

/* Of [floor, limit) the highest place for so many pages in a gap below `above`: a page, or 0. */
static uint64_t search(struct tree_worker *w, struct tree_range *above, uint64_t floor, uint64_t limit,
		       uint64_t pages)
{
	uint64_t mask = ~(iova_alignment(pages) - 1);

	for (;;) {
		struct tree_range *below = RB_PREV(ranges, , above);
		uint64_t low = below && below->end > floor ? below->end : floor;
		uint64_t high = above->lo < limit ? above->lo : limit;

		w->n->steps++;
		if (high >= low + pages && ((high - pages) & mask) >= low)
			return (high - pages) & mask;
		if (!below || below->lo <= floor)
			return 0;
		above = below;
	}
}

/* The lowest range that does not lie wholly below this page. */
static struct tree_range *at_limit(struct iova_tree *t, struct tree_worker *w, uint64_t page)
{
	struct tree_range *r = RB_ROOT(&t->taken), *found = &t->end;

	while (r) {
		w->n->steps++;
		if (r->end > page) {
			found = r;
			r = RB_LEFT(r, link);
		} else {
			r = RB_RIGHT(r, link);
		}
	}
	return found;
}

uint64_t tree_take(struct iova_tree *t, struct tree_worker *w, enum tree_part part, uint64_t pages)
{
	uint64_t limit = t->limit[part], passed = t->start[part]->end, lo;
	struct tree_range *r;

	if (part == TREE_WINDOW && pages >= t->too_large)
		return IOVA_NONE;
	lo = search(w, t->start[part], 1, limit, pages);
	if (!lo && passed < limit)
		lo = search(w, at_limit(t, w, limit), passed, limit, pages);
	if (!lo && part == TREE_WINDOW)
		t->too_large = pages;
	r = lo ? node_get(t, w) : NULL;
	if (!r)
		return IOVA_NONE;
	r->lo = lo;
	r->end = lo + pages;
	RB_INSERT(ranges, &t->taken, r);
	t->start[r->end <= t->limit[TREE_WINDOW] ? TREE_WINDOW : TREE_SPACE] = r;
	return lo << IOVA_PAGE_LG2;
}

void tree_give(struct iova_tree *t, struct tree_worker *w, uint64_t iova)
{
	struct tree_range key = { .lo = iova >> IOVA_PAGE_LG2 };
	struct tree_range *r = RB_FIND(ranges, &t->taken, &key);
	bool window;

	if (!r || r == &t->end)
		return;
	window = r->end <= t->limit[TREE_WINDOW];
	if (window)
		t->too_large = UINT64_MAX;
	/* what is free now lies above the place, or is the place */
	for (unsigned part = 0; part < 2; part++)
		if (r == t->start[part] || (window == (part == TREE_WINDOW) && r->lo >= t->start[part]->lo))
			t->start[part] = RB_NEXT(ranges, , r);
	RB_REMOVE(ranges, &t->taken, r);
	node_put(t, w, r);
}

uint64_t tree_alloc(struct iova_tree *t, struct tree_worker *w, enum tree_part part, uint64_t pages)
{
	uint64_t iova;

	tree_lock(t, w);
	iova = tree_take(t, w, part, pages);
	tree_unlock(t, w);
	return iova;
}

void tree_free(struct iova_tree *t, struct tree_worker *w, uint64_t iova)
{
	tree_lock(t, w);
	tree_give(t, w, iova);
	tree_unlock(t, w);
}

/* ---- the tree by itself, as an allocator ---- */

struct rbtree_worker {
	struct iova_worker head;
	struct rbtree *of;
	struct tree_worker tree;
};

struct rbtree {
	struct iova head;
	struct iova_tree *tree;
	struct rbtree_worker workers[];
};

static int rbtree_create(struct iova **out, const struct iova_kind *kind, const struct iova_config *config)
{
	struct rbtree *a = aligned_alloc(CACHE_ALIGN, sizeof(*a) + config->workers * sizeof(a->workers[0]));
	int error = a ? tree_create(&a->tree, config) : -ENOMEM;

	if (error) {
		free(a);
		return error;
	}
	a->head = (struct iova){ kind, *config };
	for (unsigned i = 0; i < config->workers; i++) {
		iova_worker_init(&a->workers[i].head, kind);
		a->workers[i].of = a;
		tree_worker_init(&a->workers[i].tree, &a->workers[i].head.n);
	}
	*out = &a->head;
	return 0;
}

static void rbtree_destroy(struct iova *head)
{
	struct rbtree *a = (struct rbtree *)head;

	tree_destroy(a->tree);
	free(a);
}

static struct iova_worker *rbtree_worker(struct iova *head, unsigned id)
{
	return &((struct rbtree *)head)->workers[id].head;
}

/* Twice under the lock when the window is full, as in the kernel. */
static uint64_t rbtree_alloc(struct iova_worker *head, uint64_t pages, uint64_t fixed)
{
	struct rbtree_worker *w = (struct rbtree_worker *)head;
	struct rbtree *a = w->of;
	uint64_t iova = tree_alloc(a->tree, &w->tree, TREE_WINDOW, pages);

	(void)fixed;
	if (iova == IOVA_NONE)
		iova = tree_alloc(a->tree, &w->tree, TREE_SPACE, pages);
	head->n.shared++;
	return iova_counted(head, &a->head.config, iova, pages);
}

static void rbtree_free(struct iova_worker *head, uint64_t iova, uint64_t pages)
{
	struct rbtree_worker *w = (struct rbtree_worker *)head;

	tree_free(w->of->tree, &w->tree, iova);
	head->n.shared++;
	iova_count_free(head, pages);
}

uint64_t tree_bytes(const struct iova_config *config, uint64_t ranges)
{
	uint64_t nodes = ranges + 2ull * TREE_NODES * config->workers;

	return (nodes / 63 + 1) * sizeof(struct block) + 2 * nodes * sizeof(struct tree_range *);
}

static uint64_t rbtree_bytes(const struct iova_config *config, uint64_t ranges, uint64_t pages)
{
	(void)pages;
	return tree_bytes(config, ranges);
}

const struct iova_kind iova_rbtree = {
	.name = "rbtree", .help = "a tree of ranges under one spinlock, from the top down",
	.create = rbtree_create, .destroy = rbtree_destroy, .worker = rbtree_worker,
	.bytes = rbtree_bytes, .alloc = rbtree_alloc, .free = rbtree_free,
};
