/*
 * options.h - what the user may ask of `run`, as plain data, and the one table it is parsed from.
 *
 * Each option is a row of options.c's table: flag, job-file key, value kind, range, default, help.
 * The table drives flags, job files, --help, range errors, suggestions and the written job.ini.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/ratio.h"
#include "bench/page_mix.h"
#include "iotlb/flush.h"
#include "iova/iova.h"
#include "mem/pool.h"
#include "pt/handicap.h"
#include "pt/sabotage.h"
#include "sys/err.h"
#include "sys/topology.h"

#define LIST_MAX 64u

struct list_u64 {
	size_t n;
	uint64_t v[LIST_MAX];
};

struct list_text {
	size_t n;
	char v[LIST_MAX][256];
};

struct mem_choice {
	enum pool_mem kind;
	unsigned node;   /* BIND, DEVICE: OS index */
	char text[32];   /* "local", "bind:1" */
};

/* AUTO: the least the workload can share; the root in private, leaf tables in adjacent. */
enum share_kind { SHARE_AUTO, SHARE_ROOT, SHARE_L2, SHARE_L1, SHARE_TABLE, SHARE_LINE };
/* AUTO: the workload's own, struct workload says which. */
enum order_kind { ORDER_AUTO, ORDER_RANDOM, ORDER_ASCENDING, ORDER_DESCENDING };
enum range_kind { RANGE_64K, RANGE_3X4K, RANGE_4K_OVER_2M, RANGE_MAP_UNMAP };
enum counters_kind { COUNTERS_AUTO, COUNTERS_NO };
enum walk_kind { WALK_CURSOR, WALK_REWALK };
/* --progress: a display on a terminal; elsewhere few plain lines, all of them, or nothing at all. */
enum progress_kind { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };
enum out_format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

/* --rate: constant gaps, or as a Poisson process. */
enum pace_kind { PACE_CONSTANT, PACE_POISSON };
enum replay_speed { SPEED_MAX, SPEED_RECORDED };

#define THREADS_ALL 0u /* in options.threads: as many as there are allowed CPUs */
#define JOBS_MAX 64u
#define SAMPLE_AUTO 0u         /* chosen in warm-up */
#define SAMPLE_NONE UINT64_MAX /* no latencies */

struct preset_choice {
	unsigned which;  /* 0: none */
	char args[120];  /* behind the colon */
};

struct options {
	char job[64];               /* section of the job file; "" without one */
	uint64_t given;             /* rows set by flag or file; read with options_given() */
	bool preset_default;        /* nothing chosen: the comparison of the screen */
	struct preset_choice preset; /* preset.h */
	struct list_text engines;   /* full names, checked */
	size_t nwalks;              /* 0: each engine as it is named */
	enum walk_kind walks[LIST_MAX];
	uint64_t engines_of_words;  /* bit i: engines.v[i] came with a word for many, such as `all` */
	char left_out[200];         /* of them, those that fit nowhere and are no longer in the list */
	struct list_text workloads; /* "private", "replay:FILE", …, checked */
	struct list_u64 threads;    /* may hold THREADS_ALL; empty: 1, 2, 4, … all */
	struct list_u64 page_size;  /* log2 of bytes, and a weight: page_mix.h */
	struct list_u64 batch;      /* pages per call */
	struct list_u64 think_ns;
	size_t nplaces, nsmts, nmems, nzeros, nsources;
	struct place places[LIST_MAX];
	enum smt_kind smts[LIST_MAX];
	bool oversubscribe;         /* more threads than CPUs are allowed */
	struct mem_choice mems[LIST_MAX];
	enum pool_zero zeros[LIST_MAX];
	enum pool_source sources[LIST_MAX];
	enum share_kind share;
	enum order_kind order;
	enum range_kind range;
	bool disjoint;
	struct ratio ratio;         /* all 0: as the workload has it */
	uint64_t readers;           /* of the threads, how many only look up; 0: chosen */
	uint64_t depth;             /* of the queue in pairs, of a worker's ring; 0: the workload's */
	size_t niovas, nflushes;
	const struct iova_kind *iovas[LIST_MAX]; /* who owns which range, in the DMA workloads */
	enum flush_kind flushes[LIST_MAX];
	uint64_t flush_ns;          /* modelled latency of a completion */
	enum flush_lock flush_lock; /* of the command ring */
	uint64_t iova_window;       /* bytes below which ranges are looked for first */
	struct list_u64 buffers;    /* sizes of buffers as log2, and weights: page_mix.h; empty: the workload's */
	struct list_u64 rate;       /* operations per second and worker; 0: closed loop */
	enum pace_kind pace;
	enum replay_speed speed;
	size_t nlevels;
	unsigned levels[LIST_MAX];  /* index into levels_choices */
	uint64_t duration_ns;       /* per group of interleaved engines; 0: chosen */
	uint64_t slice_ns, warmup_ns;
	unsigned processes;
	uint64_t seed;
	uint64_t sample;            /* one in N timed, or SAMPLE_AUTO, SAMPLE_NONE */
	uint64_t round;             /* tables per round of a cold workload */
	uint64_t tables;            /* leaf tables per worker in private and adjacent: 16 */
	enum breakage breakage;
	struct handicap handicap;
	enum counters_kind counters;
	bool aa;                    /* every engine twice */
	bool lock_stat;             /* observe the locks, in slices of their own */
	bool dry_run, quiet;
	enum progress_kind progress;
	char topology[256];         /* "" : this machine */
	char out[256];              /* "" : nothing is written */
	char resume[256];           /* "" : a new run; else where the interrupted one wrote */
	enum out_format format;
};

/* Defaults of every row. */
void options_default(struct options *o);
/*
 * Parse argv[0..argc) (after the verb): flags `--name value` or `--name=value`, and at most one
 * job file (fio style INI: [global], then a section per job that inherits it). Flags win over
 * every job; without a file there is one job. *jobs (malloc, free with free) holds *n. EXIT_USAGE
 * (flags, keys, ranges), EXIT_BAD_DATA (unreadable file), EXIT_NO_RESOURCE. *help is set for
 * --help, and then nothing else is parsed and *jobs is NULL.
 *
 * Options of the invocation (dry-run, quiet, topology, out, format) are the same in every job.
 */
int jobs_parse(struct options **jobs, size_t *n, int argc, char **argv, bool *help,
	       struct err *err);
/* Was this option (name without dashes) set, rather than left at its default? */
bool options_given(const struct options *o, const char *name);
/* Flags by group, each with its default and range. */
void options_help(FILE *out);
/*
 * The resolved options as one section of a job file that repeats the run; jobs written one after
 * another make one file. Options of the invocation are left out.
 */
void options_write_job(const struct options *o, FILE *out);
/* `iopt list` uses these names. */
const char *walk_name(enum walk_kind k);
const char *share_name(enum share_kind k);
const char *range_name(enum range_kind k);
const char *levels_name(unsigned choice);
const char *breakage_name(enum breakage k);
/* "slow:8", as the option takes it; "none". Returns buf. */
char *handicap_text(const struct handicap *h, char *buf, size_t size);
const char *smt_name(enum smt_kind k);
const char *counters_name(enum counters_kind k);
const char *zero_name(enum pool_zero k);
const char *speed_name(enum replay_speed k);
const char *pace_name(enum pace_kind k);
const char *order_name(enum order_kind k);
const char *source_name(enum pool_source k);
const char *flush_name(enum flush_kind k);
const char *flush_lock_name(enum flush_lock k);
