/*
 * grace.h - when a retired page may be freed: quiescent-state reclamation (QSBR) in C11 atomics.
 *
 * A worker is online while it may hold pointers into a table. Between two run() calls it holds
 * none and says so with grace_quiescent(); at a barrier, asleep or in another engine's slice it is
 * offline. A page retired at epoch e is freed once every worker has been quiescent or offline since.
 * Nobody ever waits. Source: Hart et al., "Performance of memory reclamation for lockless
 * synchronization", JPDC 2007.
 *
 * Each worker calls with its own struct grace_worker; all calls may run beside each other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mem/pool.h"
#include "sys/atomic.h"

/* Pages linked through their descriptors' `next`, in the order they were retired. */
struct page_list {
	struct page_desc *head, *tail;
	size_t n;
};

static inline void page_list_add(struct page_list *list, struct page_desc *page)
{
	page->next = NULL;
	if (list->tail)
		list->tail->next = page;
	else
		list->head = page;
	list->tail = page;
	list->n++;
}

struct grace;
struct grace_worker;

struct grace *grace_create(unsigned workers);
/* All workers offline. Pages still in limbo must have been drained. */
void grace_destroy(struct grace *grace);
/* Worker `id` in [0, workers). The memory belongs to grace. */
struct grace_worker *grace_worker(struct grace *grace, unsigned id);

void grace_online(struct grace_worker *w);
void grace_offline(struct grace_worker *w);
/* No pointers held right now; also moves the epoch on. Online workers only. */
void grace_quiescent(struct grace_worker *w);

/*
 * Take over `list` (left empty): its pages are freed into `cache` once ripe. Returns the number of
 * pages freed now, older ones included.
 */
size_t grace_retire(struct grace_worker *w, struct page_list *list, struct pool_cache *cache);
/* Free what is ripe. Returns the number of pages freed. */
size_t grace_poll(struct grace_worker *w, struct pool_cache *cache);
/* Pages of this worker that wait. */
size_t grace_pending(const struct grace_worker *w);
/* All workers offline: free everything this worker retired. Returns the number of pages. */
size_t grace_drain(struct grace_worker *w, struct pool_cache *cache);
