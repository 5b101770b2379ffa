/* topology_read.h - the parts of reading a machine through hwloc. Private to the topology. */
#pragma once

#include <hwloc.h>

#include "sys/topology.h"

/* All nodes by OS index, into room for them; one without memory where the machine tells of none. */
void topology_read_nodes(hwloc_topology_t hw, struct topology *t);
/* nnodes × nnodes, into room for them. */
void topology_read_distances(hwloc_topology_t hw, struct topology *t);
/* cpus[].node and .memory, nodes[].cpus: after nodes, distances and CPUs. */
void topology_read_homes(hwloc_topology_t hw, struct topology *t);
/* caches[], kinds[] and cpus[].kind: after the CPUs. */
void topology_read_caches(hwloc_topology_t hw, struct topology *t);
void topology_read_kinds(hwloc_topology_t hw, struct topology *t);
