/* shelf.h - a cache's pages of one node, and their way from and to the depot. Private to the pool. */
#pragma once

#include "mem/depot.h"

struct shelf {
	struct batch loaded;      /* allocations and frees happen here */
	struct batch spare;       /* empty or full: a swing around a batch's edge costs no lock */
	struct batch ahead;       /* zeroed already */
	struct batch_list stock;  /* reserved: used before the depot is asked */
};

/* Make the shelf hold at least so many pages. 0 or -ENOMEM. */
int shelf_reserve(struct shelf *shelf, struct depot *depot, size_t pages);
/* Hand all of its pages back. */
void shelf_clear(struct shelf *shelf, struct depot *depot);
