/* plan_shape.c - do the sizes, the order and the page source of a group go with its workload and engines? */
#include <string.h>

#include "bench/plan_default.h"
#include "bench/units.h"

void plan_settle_shape(struct group *g)
{
	bool leaves = g->share == SHARE_TABLE || g->share == SHARE_LINE;

	if (!strcmp(g->workload->name, "adjacent"))
		g->share = leaves ? g->share : SHARE_TABLE;
	else if (strcmp(g->workload->name, "private") || g->share == SHARE_AUTO || leaves)
		g->share = SHARE_ROOT;
	if (g->order == ORDER_AUTO)
		g->order = g->workload->order;
}

bool plan_engine_has_size(const struct pt_engine *e, unsigned lg2)
{
	return e->sizes >> lg2 & 1;
}

/* "4K, 2M, 1G", or the ends of a long list. */
static char *show_sizes(char *buf, size_t size, uint64_t sizes)
{
	unsigned n = (unsigned)__builtin_popcountll(sizes), seen = 0;
	size_t used = 0;
	char name[16];

	buf[0] = '\0';
	for (unsigned lg2 = 0; lg2 < 64; lg2++) {
		if (!(sizes >> lg2 & 1) || (++seen > 3 && seen < n))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 seen == 1 ? "" : seen == n && n > 4 ? ", … " : ", ",
					 show_bytes(name, sizeof(name), 1ull << lg2));
		if (used >= size)
			break;
	}
	return buf;
}

static int check_size(const struct group *g, unsigned lg2, struct err *err)
{
	char page[16], sizes[64];

	for (unsigned e = 0; e < g->nengines; e++)
		if (!g->engines[e]->ruler && !plan_engine_has_size(g->engines[e], lg2))
			return err_set(err, EXIT_USAGE, "--page-size %s: engine %s has no such pages; it "
				       "has %s. Choose among these, or leave the engine out",
				       show_bytes(page, sizeof(page), 1ull << lg2), g->engines[e]->name,
				       show_sizes(sizes, sizeof(sizes), g->engines[e]->sizes));
	return 0;
}

int plan_check_shape(const struct group *g, struct err *err)
{
	struct pool_config config = { .zero = g->zero, .mem = g->mem.kind, .source = g->source };
	const char *name = g->workload->name;

	if (g->mix.n && !g->workload->mixes)
		return err_set(err, EXIT_USAGE, "--page-size: workload %s takes no mix of sizes; write the "
			       "sizes without weights, or use --workload private", name);
	if (g->order != ORDER_AUTO && g->workload->order == ORDER_AUTO)
		return err_set(err, EXIT_USAGE, "--order %s: workload %s has an order of its own; leave "
			       "--order out, or use --workload private, adjacent or cursor",
			       order_name(g->order), name);
	for (unsigned i = 0; i < g->mix.n; i++)
		if (check_size(g, g->mix.lg2[i], err))
			return err->code;
	if (!g->mix.n && check_size(g, g->page_lg2, err))
		return err->code;
	return pool_check(&config, err);
}
