/*
 * perf.h - hardware counters of one thread, by perf_event_open(2): cycles, instructions, misses of the
 * last-level cache, accesses to another node. User space only, so that perf_event_paranoid 2 suffices.
 *
 * A group is opened, started, stopped and read by the thread it counts; any thread may close it. What
 * cannot be counted is no error: the group says why, count by count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum perf_count { PERF_CYCLES, PERF_INSTRUCTIONS, PERF_LLC_MISSES, PERF_REMOTE, PERF_COUNTS };
extern const char *const perf_count_name[PERF_COUNTS]; /* "cycles", …, "llc_misses", "remote" */

/* One way to count something, in the words of perf_event_open(2). */
struct perf_event {
	enum perf_count count;
	const char *name;
	uint32_t type;
	uint64_t config;
	unsigned amd_first, amd_last; /* only on AMD CPUs of these families; 0: on any CPU */
};

/* The kernel's side, so that a test can stand in for it. -errno, or what the calls return. */
struct perf_sys {
	int (*open)(const struct perf_event *event, int leader_fd); /* -1: becomes the leader */
	int (*enable)(int leader_fd);
	int (*disable)(int leader_fd);
	long (*read)(int leader_fd, void *buf, size_t size);
	void (*close)(int fd);
};
extern const struct perf_sys perf_kernel;

/* What was counted between start and stop, as it came. */
struct perf_reading {
	uint64_t count[PERF_COUNTS];
	uint64_t enabled_ns, running_ns; /* running < enabled: the PMU was shared out in turns */
	unsigned mask;                   /* a bit for each enum perf_count that was read */
};

/* All zero is a group with nothing open. */
struct perf_group {
	const struct perf_sys *sys;
	unsigned n;                      /* events open, [0] leads */
	int fd[PERF_COUNTS];
	enum perf_count count[PERF_COUNTS]; /* of each */
	const char *event[PERF_COUNTS];  /* by count: what counts it; NULL: nothing does */
	int error[PERF_COUNTS];          /* by count: why nothing does, an errno */
	struct perf_reading last;        /* counters run on: this was read last */
};

/*
 * Open for the calling thread whatever of events[0..n) can be, as one group that the PMU runs as a
 * whole, stopped. Of several events for one count the first that opens is taken. amd_family 0: another
 * maker's CPU.
 */
void perf_open(struct perf_group *g, const struct perf_sys *sys, const struct perf_event *events,
	       size_t n, unsigned amd_family);
/* The four counts on this CPU. */
void perf_open_default(struct perf_group *g);
void perf_close(struct perf_group *g);
/*
 * Make room for the files of so many groups, and as many again and some for whoever opens others
 * meanwhile, by raising the soft limit where it is too low. 0 or EMFILE.
 */
int perf_reserve(unsigned groups);
/* One system call before, two after what is counted. */
void perf_start(struct perf_group *g);
void perf_stop(struct perf_group *g, struct perf_reading *out);

/* Readings of threads and slices added up. Plain data; all zero is no reading. */
struct perf_sum {
	double count[PERF_COUNTS];       /* each reading scaled by enabled / running */
	uint64_t enabled_ns, running_ns;
	uint64_t readings;
	unsigned mask;                   /* what every one of them counted */
};
/* A reading that never ran counts nothing, and takes that from the whole sum. */
void perf_sum_add(struct perf_sum *sum, const struct perf_reading *r);
void perf_sum_merge(struct perf_sum *into, const struct perf_sum *from);

/*
 * Why nothing is counted, and the remedy. paranoid: kernel.perf_event_paranoid, INT_MIN unknown. Returns
 * text.
 */
char *perf_why(char *text, size_t size, int error, int paranoid, bool guest);
int perf_paranoid(void);
