/*
 * rbtree.h - the tree of ranges that are taken, and its lock; for the allocators that are built on it.
 *
 * A range is taken from the top: below the lowest range that was given out last, aligned, in the
 * window or in the whole space. How far up to begin is remembered for each of the two, and so is the
 * smallest size that did not fit into the window, until a range in the window is given back.
 *
 * Who may run beside whom: each worker with its own struct tree_worker; what says "lock held" only
 * between tree_lock() and tree_unlock() of the same worker. Creating and destroying: at rest.
 */
#pragma once

#include "iova/iova.h"
#include "pt/lock_qspin.h"

struct iova_tree;
struct tree_range;

#define TREE_NODES 32u /* that a worker takes from the others at once, or leaves to them */

/*
 * What a worker brings along: its place in the lock's queue, and memory for nodes, so that malloc is
 * not what is measured. `n` is the count of the struct iova_worker it belongs to.
 */
struct tree_worker {
	struct lock_node node;
	struct iova_count *n;    /* steps */
	unsigned nidle;
	struct tree_range *idle[2 * TREE_NODES]; /* nodes that are in no tree */
};

enum tree_part { TREE_WINDOW, TREE_SPACE };

/* config: window_bytes and space_lg2. 0 or -ENOMEM. */
int tree_create(struct iova_tree **out, const struct iova_config *config);
/* All nodes go with it, also those that a worker keeps. */
void tree_destroy(struct iova_tree *t);
void tree_worker_init(struct tree_worker *w, struct iova_count *n);

void tree_lock(struct iova_tree *t, struct tree_worker *w);
void tree_unlock(struct iova_tree *t, struct tree_worker *w);
/* Memory of nodes, so many of them in the tree and what workers keep; bytes. */
uint64_t tree_bytes(const struct iova_config *config, uint64_t ranges);
/* Lock held. A range of `pages` (rounded), aligned: its first address, or IOVA_NONE. */
uint64_t tree_take(struct iova_tree *t, struct tree_worker *w, enum tree_part part, uint64_t pages);
/* Lock held. A range as it was taken; one that nobody has taken is left alone. */
void tree_give(struct iova_tree *t, struct tree_worker *w, uint64_t iova);

/* The same with the lock taken and let go. */
uint64_t tree_alloc(struct iova_tree *t, struct tree_worker *w, enum tree_part part, uint64_t pages);
void tree_free(struct iova_tree *t, struct tree_worker *w, uint64_t iova);
