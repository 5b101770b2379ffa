/* iova_names.c - the names of the allocators where src/iova does not define them. */
#include <string.h>

#include "iova/iova.h"

__attribute__((weak)) const struct iova_kind iova_kinds[] = {
	{ .name = "fixed", .help = "nobody allocates: each buffer has its own place" },
	{ .name = "rbtree", .help = "a tree of ranges behind one lock, from the top down" },
	{ .name = "rcache", .help = "the tree behind magazines of each CPU and a depot" },
	{ .name = "eager", .help = "rcache; a refill builds the tables of what it brings" },
	{ .name = "percpu", .help = "an arena for each worker" },
	{ .name = "bitmap", .help = "a lock-free bitmap" },
	{ .name = NULL },
};

__attribute__((weak)) const struct iova_kind *iova_kind_find(const char *name)
{
	for (const struct iova_kind *k = iova_kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}
