/*
 * topology.h - CPUs, nodes and caches, read once through hwloc into plain arrays; placement as a
 * pure function of them, so that it is tested on machines we do not own.
 *
 * A topology is immutable once loaded: any thread may read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/err.h"

struct topo_cpu {
	unsigned os;       /* OS index of the PU */
	unsigned core;     /* logical index of its core */
	unsigned smt;      /* 0 for a core's first allowed PU, 1 for its second, … */
	unsigned l3;       /* logical index of its last-level cache; else its package */
	unsigned package;
	unsigned node;     /* index into nodes[] of its nearest node with memory */
	bool allowed;      /* in the cpuset of this process and online */
};

struct topo_node {
	unsigned os;       /* OS index */
	uint64_t memory_bytes;
	unsigned cpus;     /* allowed CPUs whose `node` it is; 0 for a node of memory only */
};

struct topology {
	bool this_system;  /* false: synthetic or from a file; binding is impossible */
	char *spec;        /* what it was loaded from; NULL for this system */
	unsigned ncpus, nnodes, npackages, nl3, ncores, nallowed;
	unsigned smt;      /* most PUs in a core */
	uint64_t l1d_bytes, l2_bytes, l3_bytes; /* of one cache; 0: unknown or none */
	struct topo_cpu *cpus;   /* by OS index order */
	struct topo_node *nodes; /* by OS index order */
	unsigned *distance;      /* nnodes × nnodes, as ACPI SLIT; 10/20 when it has none */
};

/* spec NULL: this machine. Otherwise an hwloc XML file or a synthetic description. */
int topology_load(struct topology **out, const char *spec, struct err *err);
void topology_free(struct topology *t);
/* Index into nodes[] of an OS node number, or -1. */
int topology_node(const struct topology *t, unsigned os_node);

enum place_kind { PLACE_COMPACT, PLACE_SCATTER, PLACE_NODE_RR, PLACE_NODE, PLACE_CPUS };

struct place {
	enum place_kind kind;
	unsigned node;       /* PLACE_NODE: OS index */
	char text[256];      /* as the user wrote it: "compact", "node:1", "cpus:0,2-5" */
};

/* "0-3,8" from numbers in rising order; ends in "…" where it does not fit. Returns text. */
char *topology_ranges(char *text, size_t size, const unsigned *numbers, unsigned n);

/* Parse `compact | scatter | node-rr | node:N | cpus:LIST`. EXIT_USAGE in err. */
int place_parse(struct place *out, const char *text, struct err *err);
/*
 * Choose CPUs for `threads` workers: cpu[i] is the OS index of worker i's CPU, all distinct.
 * Hyperthreads come last (all first PUs of cores before any second), but a list is taken in the
 * order written. compact fills an L3, then a node, then a package; scatter spreads over packages,
 * nodes and L3s in turn; node-rr deals worker by worker over the nodes with CPUs.
 * EXIT_NO_RESOURCE when it cannot be, the text saying what is there.
 */
int place_cpus(const struct topology *t, const struct place *place, unsigned threads,
	       unsigned *cpu, struct err *err);

/* The most threads that place_cpus() may be asked for; a list counts as written. */
unsigned place_capacity(const struct topology *t, const struct place *place);

/* Pin the calling thread. 0 or a negative errno. */
int pin_self(unsigned os_cpu);
/* OS node of an OS CPU; UINT_MAX when unknown. */
unsigned topology_cpu_node(const struct topology *t, unsigned os_cpu);

/* A text drawing for `iopt topo`: packages, nodes, caches, CPUs, distances; chosen CPUs marked. */
void topology_print(const struct topology *t, const unsigned *chosen, unsigned nchosen, FILE *out);
