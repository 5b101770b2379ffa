#include "mem/policy.h"

#include <numa.h>
#include <stdio.h>
#include <string.h>

unsigned policy_nodes(unsigned os_nodes[POOL_NODES_MAX])
{
	struct bitmask *allowed;
	unsigned n = 0;

	os_nodes[0] = 0;
	if (numa_available() < 0)
		return 1;
	allowed = numa_get_mems_allowed();
	for (int node = 0; node <= numa_max_node() && n < POOL_NODES_MAX; node++)
		if (numa_bitmask_isbitset(allowed, (unsigned)node) &&
		    numa_node_size64(node, NULL) > 0)
			os_nodes[n++] = (unsigned)node;
	numa_bitmask_free(allowed);
	return n ? n : 1;
}

static void name_nodes(char *text, size_t size, const unsigned *os_nodes, unsigned n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n && used < size; i++) {
		int put = snprintf(text + used, size - used, "%s%u", i ? "," : "", os_nodes[i]);

		used += put > 0 ? (size_t)put : 0;
	}
}

int policy_settle(const struct pool_config *config, const unsigned *os_nodes, unsigned nnodes,
		  enum arena_policy *out, char *warning, size_t size, struct err *err)
{
	char asked[32] = "remote", there[200];
	unsigned i = 0;
	int rc;

	if (policy_names_node(config))
		snprintf(asked, sizeof(asked), "%s:%u", policy_is_strict(config) ? "bind" : "device",
			 config->node);
	while (policy_names_node(config) && i < nnodes && os_nodes[i] != config->node)
		i++;
	if (i == nnodes) {
		name_nodes(there, sizeof(there), os_nodes, nnodes);
		return err_set(err, EXIT_NO_RESOURCE,
			       "--mem %s: no node %u with memory is here: nodes %s", asked,
			       config->node, there);
	}
	*out = policy_is_strict(config) ? ARENA_BIND : ARENA_PREFER;
	rc = arena_probe(*out, os_nodes[i]);
	if (!rc)
		return 0;
	if (policy_names_node(config) || policy_is_strict(config))
		return err_set(err, EXIT_NO_RESOURCE,
			       "--mem %s: mbind is refused here (%s); try --mem local", asked,
			       strerror(-rc));
	*out = ARENA_ANYWHERE;
	snprintf(warning, size,
		 "mbind is refused here (%s): table pages lie where the kernel puts them",
		 strerror(-rc));
	return 0;
}
