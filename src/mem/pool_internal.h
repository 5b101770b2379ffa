/* pool_internal.h - for the pool's tests: a pool over nodes of the caller's choice. */
#pragma once

#include "mem/pool.h"

/* As pool_create(), over nodes the machine may not have; memory of those lies anywhere. */
int pool_create_nodes(struct pool **out, const struct pool_config *config, const unsigned *os_nodes,
		      unsigned nnodes, struct err *err);
