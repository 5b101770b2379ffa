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
	unsigned node;     /* index into nodes[] of the node it is on, with memory or without */
	unsigned memory;   /* index into nodes[]: `node`, or if that has no memory the nearest with */
	unsigned kind;     /* index into kinds[]; 0 where all cores are of one kind */
	bool allowed;      /* in the cpuset of this process and online */
};

struct topo_node {
	unsigned os;       /* OS index */
	uint64_t memory_bytes;
	bool forbidden;    /* its memory is outside the cpuset of this process */
	unsigned cpus;     /* allowed CPUs on it; 0 for a node of memory only */
	unsigned cpus_there; /* allowed or not */
};

/* Caches of one level and size: "16 x L3 16 MiB". */
struct topo_cache {
	unsigned level, n;
	uint64_t bytes;
};

#define TOPO_CACHES_MAX 12u
#define TOPO_KINDS_MAX 8u

struct topology {
	bool this_system;  /* false: synthetic or from a file; binding is impossible */
	char *spec;        /* what it was loaded from; NULL for this system */
	unsigned ncpus, nnodes, npackages, nl3, ncores, nallowed;
	double quota_cpus; /* CPUs' worth of time that the control group grants; 0: no limit */
	uint64_t limit_bytes; /* of memory, the same */
	unsigned smt;      /* most PUs in a core */
	uint64_t l1d_bytes, l2_bytes, l3_bytes; /* of one cache; 0: unknown or none */
	unsigned noffline, nkinds, ncaches;
	unsigned *offline;       /* OS indices of CPUs that are there and switched off, rising */
	char kinds[TOPO_KINDS_MAX][24]; /* names of the core kinds of a hybrid machine */
	bool kinds_ranked;       /* slowest first; else in no order */
	struct topo_cache caches[TOPO_CACHES_MAX]; /* by level, then by size */
	struct topo_cpu *cpus;   /* by OS index order */
	struct topo_node *nodes; /* by OS index order */
	unsigned *distance;      /* nnodes × nnodes, as ACPI SLIT; 10/20 when it has none */
};

/* spec NULL: this machine. Otherwise an hwloc XML file or a synthetic description. */
int topology_load(struct topology **out, const char *spec, struct err *err);
void topology_free(struct topology *t);
/* Index into nodes[] of an OS node number, or -1. */
int topology_node(const struct topology *t, unsigned os_node);
/*
 * Of n CPUs, how many may compute at once: no more than the control group's quota has whole CPUs, and
 * one at least. Beyond that the kernel stops all threads of the group for the rest of each period, with
 * whatever lock they hold.
 */
unsigned topology_within_quota(const struct topology *t, unsigned n);
/* The CPU with this OS number, or NULL. */
const struct topo_cpu *topology_cpu(const struct topology *t, unsigned os_cpu);
/* May this process take memory of nodes[i]? */
bool topology_has_memory(const struct topology *t, unsigned i);
/* "0,2-3": OS numbers of the nodes with memory, or of those with allowed CPUs. Returns text. */
char *topology_memory_nodes(const struct topology *t, char *text, size_t size);
char *topology_cpu_nodes(const struct topology *t, char *text, size_t size);
/* OS number of the node that an OS CPU is on; UINT_MAX when there is no such CPU. */
unsigned topology_cpu_node(const struct topology *t, unsigned os_cpu);
/* OS number of the node that its local memory comes from. */
unsigned topology_cpu_memory(const struct topology *t, unsigned os_cpu);
/*
 * OS number of the node with memory that is farthest from an OS CPU's node by SLIT distance. Nodes
 * take turns among equals (node 0 the first of them, node 1 the second, …), so that workers of
 * different nodes do not meet on one. Never the node of its local memory. UINT_MAX: no other node has
 * memory.
 */
unsigned topology_farthest(const struct topology *t, unsigned os_cpu);

enum place_kind { PLACE_COMPACT, PLACE_SCATTER, PLACE_NODE_RR, PLACE_NODE, PLACE_CPUS };

/* A core's second hyperthread: after all first ones, right after its first, or never. */
enum smt_kind { SMT_LAST, SMT_PACK, SMT_OFF };

struct place {
	enum place_kind kind;
	enum smt_kind smt;
	bool oversubscribe;  /* more workers than CPUs start over with the first CPU */
	unsigned node;       /* PLACE_NODE: OS index */
	char text[256];      /* as the user wrote it: "compact", "node:1", "cpus:0,2-5" */
};

/* "0-3,8" from numbers in rising order; ends in "…" where it does not fit. Returns text. */
char *topology_ranges(char *text, size_t size, const unsigned *numbers, unsigned n);

/* Parse `compact | scatter | node-rr | node:N | cpus:LIST`. EXIT_USAGE in err. */
int place_parse(struct place *out, const char *text, struct err *err);
/* The next range of "0,2-5" at *text, which moves past it. 1: a range, 0: the end, -1: malformed. */
int place_range(const char **text, unsigned *first, unsigned *last);
/*
 * Choose CPUs for `threads` workers: cpu[i] is the OS index of worker i's CPU, all distinct unless
 * the place oversubscribes: then worker i has the CPU of worker i - place_capacity().
 *
 * compact fills an L3, then a node, then a package; scatter spreads over packages, nodes and L3s in
 * turn; node-rr deals worker by worker over the nodes with CPUs; of cores of several kinds in a node
 * the fast come first. SMT_LAST: all first PUs of cores before any second. SMT_PACK: the same order
 * of cores, all PUs of one before the next. SMT_OFF: first PUs only. A list is taken in the order
 * written, and may hold no two PUs of a core with SMT_OFF.
 *
 * EXIT_NO_RESOURCE when it cannot be, the text saying what is there; EXIT_USAGE for a CPU listed
 * twice, or SMT_PACK with a list.
 */
int place_cpus(const struct topology *t, const struct place *place, unsigned threads,
	       unsigned *cpu, struct err *err);

/* The most threads on CPUs of their own that place_cpus() has; a list counts as written. */
unsigned place_capacity(const struct topology *t, const struct place *place);

/* Pin the calling thread. 0 or a negative errno. */
int pin_self(unsigned os_cpu);
/* Let the calling thread run on these n CPUs, n > 0. 0 or a negative errno. */
int bind_self(const unsigned *os_cpu, unsigned n);
/*
 * Is the calling thread still pinned to that CPU and no other? A thread whose CPU is taken offline
 * has been moved by the kernel, and may then run anywhere.
 */
bool pin_holds(unsigned os_cpu);

/*
 * A text drawing for `iopt topo`, 80 or more columns wide: packages, nodes, caches, CPUs, distances;
 * chosen CPUs marked.
 */
void topology_print(const struct topology *t, const unsigned *chosen, unsigned nchosen, unsigned width,
		    FILE *out);
