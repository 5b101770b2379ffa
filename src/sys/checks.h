/*
 * checks.h - what would spoil a measurement on this machine: a table, a row per check. A row looks at
 * facts that were read before, and says whether all is well, something should be disclosed, or a
 * measurement would be spoiled, and what to do. What cannot be known is no complaint.
 *
 * Outside measured stretches only. check_look() is pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/clock.h"
#include "sys/host.h"

/* Beyond what host.h has for every result; -1, 0 and "" where unknown, unless said otherwise. */
struct check_facts {
	char governor[32];         /* of the first allowed CPU that is not at "performance" … */
	unsigned governor_cpu, governors; /* … and of how many CPUs it is known */
	int aslr;                  /* randomize_va_space; 0 also when this process asked for none */
	int running;               /* threads that run or want to, besides this one; -1 unknown */
	uint64_t available_bytes;  /* of memory; 0 unknown */
	uint64_t swap_bytes, swap_used_bytes;
	unsigned low_node;         /* the node with CPUs and memory of ours that has the least … */
	uint64_t low_node_bytes;   /* … free; 0 unknown */
	unsigned online;           /* CPUs, ours or not; 0 unknown */
	char isolated[64], nohz_full[64]; /* lists of CPUs; "": none, or unknown */
	unsigned isolated_ours;
	/* asked of the kernel, not read: errno, 0 granted, -1 not asked */
	int mbind_error, move_pages_error, pmu_error;
	int paranoid;              /* perf_event_paranoid; INT_MIN unknown */
};

/* t may be NULL. Asks the kernel too. */
void check_facts_read(struct check_facts *f, const struct topology *t);
/* /proc and /sys below `root`, for tests; asks the kernel nothing. */
void check_facts_read_at(struct check_facts *f, const struct topology *t, const char *root);

/* What was measured over a while; hiccup.h and check_ticks. */
struct check_probe {
	double seconds;
	double steal_share;        /* of all CPUs' time; NaN unknown */
	double irqs_per_s;         /* of devices, whole machine; NaN unknown */
	unsigned cpus, failed;     /* CPUs probed, and those that could not be */
	unsigned long_cpu;         /* the CPU with most gaps of 1 ms or more … */
	uint64_t long_gaps;        /* … and how many */
	unsigned lost_cpu;         /* the CPU that lost the largest share of its time in gaps … */
	double lost_share;
	uint64_t worst_ns;
};

/* Counters of the whole machine, to be taken before and after. */
struct check_ticks {
	bool known;
	double total, steal;       /* USER_HZ, all CPUs, idle time included */
	double irqs;               /* of devices: the numbered ones */
};
void check_ticks_read_at(struct check_ticks *ticks, const char *root);
void check_ticks_between(const struct check_ticks *before, const struct check_ticks *after,
			 struct check_probe *probe);

struct check_input {
	const struct host_facts *host;
	const struct check_facts *facts;
	const struct topology *topo;       /* may be NULL */
	const struct clock_facts *clock;   /* NULL: not measured */
	const struct check_probe *probe;   /* NULL: not measured */
};

enum check_verdict { CHECK_OK, CHECK_UNKNOWN, CHECK_NOTE, CHECK_COMPLAINT };
extern const char *const check_verdict_name[]; /* "ok", "unknown", "note", "complaint" */

struct check_found {
	enum check_verdict verdict;
	char found[128];           /* "governor schedutil on CPU 0" */
	char remedy[128];          /* instead of the row's, where facts make it plainer; "": the row's */
};

struct check {
	const char *name;
	const char *complains;     /* when */
	const char *why;           /* one clause: why it matters */
	const char *remedy;        /* a command wherever one helps; NULL: there is none */
	void (*look)(const struct check_input *in, struct check_found *out);
};

extern const struct check checks[];
extern const size_t nchecks;

void check_look(const struct check *c, const struct check_input *in, struct check_found *out);
/* "FOUND (WHY): REMEDY", or what of these there is. Returns text. */
char *check_text(const struct check *c, const struct check_found *found, char *text, size_t size);

/* The rows' looks, by file. Private to checks*.c. */
typedef void check_fn(const struct check_input *in, struct check_found *out);
check_fn check_governor, check_boost, check_smt, check_thp, check_numa_balancing, check_clocksource,
	check_clock, check_timer, check_aslr, check_pmu, check_hypervisor;
check_fn check_hiccups, check_steal, check_load, check_irqs, check_isolated, check_cpuset,
	check_cpu_quota, check_memory_limit, check_memory, check_swap, check_locked_memory,
	check_mbind, check_move_pages;

/* Fill *out. */
__attribute__((format(printf, 3, 4))) void check_say(struct check_found *out,
						      enum check_verdict verdict, const char *fmt, ...);

/* A complaint from so many gaps of CHECK_LONG_NS on one CPU in a second, two at least, … */
#define CHECK_LONG_NS 1000000u
#define CHECK_LONG_PER_S 2.0
/* … or when a CPU lost this share of its time in gaps. */
#define CHECK_LOST_SHARE 0.01
