#include "mem/shelf.h"

#include <errno.h>

int shelf_reserve(struct shelf *shelf, struct depot *depot, size_t pages)
{
	size_t have = shelf->loaded.n + shelf->spare.n + shelf->ahead.n;

	while (have + shelf->stock.n * BATCH_PAGES < pages) {
		struct batch b = depot_take_full(depot);

		if (!b.n)
			return -ENOMEM;
		batch_list_push(&shelf->stock, b);
	}
	return 0;
}

void shelf_clear(struct shelf *shelf, struct depot *depot)
{
	depot_give(depot, &shelf->loaded);
	depot_give(depot, &shelf->spare);
	depot_give(depot, &shelf->ahead);
	while (shelf->stock.n) {
		struct batch b = batch_list_pop(&shelf->stock);

		depot_give(depot, &b);
	}
}
