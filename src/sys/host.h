/*
 * host.h - facts about the machine that belong into every result (checks.h judges them). Reads /proc
 * and /sys; called outside measured stretches only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/topology.h"

extern const char *const host_version; /* of iopt: "0.1.0" */

struct host_facts {
	char hostname[64], kernel[128], os[128], arch[16];
	char cpu_model[128], microcode[32], hypervisor[64]; /* hypervisor: "" on bare metal */
	char governor[32], boost[8];    /* "" when unknown */
	char clocksource[32], thp[32];
	char container[32];             /* "docker", "lxc", … or "" */
	int numa_balancing;             /* -1 unknown */
	int smt;                        /* 1 active, 0 not, -1 unknown */
	double cgroup_cpus;             /* quota; 0: none */
	uint64_t memory_bytes, cgroup_memory_bytes; /* cgroup: 0: none */
	double load1;
	double steal_share;             /* of the CPUs' busy time since boot, to a hypervisor */
	char compiler[64], flags[256], version[64], commit[64];
	char jemalloc[64], hwloc[32];
	char malloc_conf[256];          /* jemalloc's, from the environment; "": none */
};

/* t may be NULL. */
void host_read(struct host_facts *facts, const struct topology *t);
/* The same with /proc, /sys, /etc and /run below `root`: for tests. "" is the machine. */
void host_read_at(struct host_facts *facts, const struct topology *t, const char *root);

/* Counters of the calling thread and of the machine that tell whether a slice was disturbed. */
struct host_counters {
	uint64_t voluntary, involuntary; /* context switches of the calling thread */
	uint64_t minor_faults;           /* of the calling thread */
	uint64_t steal_ticks;            /* machine-wide, USER_HZ */
	uint64_t migrations;             /* of the calling thread; 0 with nothing to read it from */
};
void host_counters_thread(struct host_counters *c); /* all but steal */
uint64_t host_steal_ns(void);                       /* machine-wide, all CPUs added */
uint64_t host_peak_rss_bytes(void);                 /* the largest process, children included */

/*
 * Spin on the calling thread's CPU for `duration_ns` and record gaps between stamps longer than
 * 200 ns into `gaps` (ns): what the machine does to an idle loop.
 */
struct histogram;
void host_hiccups(struct histogram *gaps, uint64_t duration_ns);
