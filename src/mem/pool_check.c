/* pool_check.c - which policies go together: the same answer in every build. */
#include "mem/pool.h"

static const char *const names[] = {
	[POOL_SOURCE_POOL] = "pool", [POOL_SOURCE_ARENA] = "arena",
	[POOL_SOURCE_JEMALLOC] = "jemalloc", [POOL_SOURCE_MMAP] = "mmap",
};

int pool_check(const struct pool_config *config, struct err *err)
{
	const char *name = names[config->source];
	bool first_touch = config->source == POOL_SOURCE_JEMALLOC || config->source == POOL_SOURCE_MMAP;

	if (config->source != POOL_SOURCE_POOL && config->zero != POOL_ZERO_ALLOC)
		return err_set(err, EXIT_USAGE, "--page-source %s keeps no pages that could be zeroed "
			       "before they are asked for; use --zero alloc, or --page-source pool", name);
	if (first_touch && config->mem != POOL_MEM_LOCAL)
		return err_set(err, EXIT_USAGE, "--page-source %s puts a page where it is first touched; "
			       "use --mem local, or --page-source arena", name);
	if (config->poison && (config->source != POOL_SOURCE_POOL || config->zero == POOL_ZERO_FREE))
		return err_set(err, EXIT_USAGE, "freed pages are poisoned in the pool's own only, and not "
			       "where they are zeroed instead");
	return 0;
}
