/* plan_shape.c - do the sizes, the order and the page source of a group go with its workload and engines? */
#include <string.h>

#include "bench/mix.h"
#include "bench/plan_default.h"

void plan_settle_shape(struct group *g)
{
	bool leaves = g->share == SHARE_TABLE || g->share == SHARE_LINE;

	if (!strcmp(g->workload->name, "adjacent"))
		g->share = leaves ? g->share : SHARE_TABLE;
	else if (strcmp(g->workload->name, "private") || g->share == SHARE_AUTO || leaves)
		g->share = SHARE_ROOT;
	if (g->order == ORDER_AUTO)
		g->order = g->workload->order;
	g->depth = group_depth(g);
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
	return pool_check(&config, err);
}
