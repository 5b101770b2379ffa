/* policy.h - which nodes a pool may use, how its memory is bound to them. Private to the pool. */
#pragma once

#include <stdbool.h>

#include "mem/arena.h"
#include "mem/pool.h"

/* Nodes this process may take memory from, by OS index; node 0 alone where NUMA is unknown. */
unsigned policy_nodes(unsigned os_nodes[POOL_NODES_MAX]);

/* Does the user name the node (bind:N, device:N)? */
static inline bool policy_names_node(const struct pool_config *config)
{
	return config->mem == POOL_MEM_BIND || config->mem == POOL_MEM_DEVICE;
}

/* Is the memory there or nowhere (bind:N, remote)? */
static inline bool policy_is_strict(const struct pool_config *config)
{
	return config->mem == POOL_MEM_BIND || config->mem == POOL_MEM_REMOTE;
}

/*
 * Find out what binding the system grants. A named node that is not there or is refused is
 * EXIT_NO_RESOURCE, and so is a refusal of remote; otherwise a refusal is told in `warning` and *out
 * is ARENA_ANYWHERE.
 */
int policy_settle(const struct pool_config *config, const unsigned *os_nodes, unsigned nnodes,
		  enum arena_policy *out, char *warning, size_t size, struct err *err);
