/*
 * trace.h - map/unmap traces recorded by the kernel's iommu:map and iommu:unmap trace points.
 *
 * A file is read plain or gzipped: the text of the kernel's trace file, of `trace-cmd report` or of
 * `perf script`, line by line. trace_load puts the events in order of time (equal stamps: order
 * of the file) and makes the sequence legal by skipping and counting
 *   - a map over a page that is live,
 *   - an unmap with a page that is not live (mapped before the recording began), and
 *   - an unmap that begins or ends inside a map: a map may become one large leaf, and engines
 *     remove a large leaf whole. An unmap of several adjacent maps is fine.
 * A skipped unmap leaves its pages live; a later unmap of them is then the one that counts.
 *
 * trace_schedule adds, for T workers, who runs each event and which earlier events of other workers
 * it must wait for. Both results are immutable: any thread may read them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/terminal.h"
#include "stat/histogram.h"
#include "sys/err.h"

enum trace_kind { TRACE_MAP, TRACE_UNMAP };

/* The largest event: its pages of 4 KiB fit pt_op.count. */
#define TRACE_BYTES_MAX (1ull << 43)

struct trace_event {
	uint64_t iova, bytes; /* multiples of 4 KiB; iova + bytes is at most 2^64 */
	uint64_t pa;          /* maps; pa + bytes is at most 2^52 */
	double time_s;
	uint16_t cpu;         /* recorded CPU, dense: 0..trace.cpus-1 in order of OS index */
	uint8_t kind;
	bool atomic;          /* recorded in an interrupt, or with interrupts or preemption off */
};

struct trace {
	struct trace_event *events;  /* at least one */
	size_t n;
	unsigned cpus;               /* distinct CPUs that appear in events */
	char name[128];              /* base name without suffix */
	uint64_t lines, other_lines; /* other_lines: comments and other trace points */
	uint64_t lost_events;        /* the recorder's own "[LOST n EVENTS]" */
	uint64_t skipped_unmap;      /* unmaps of pages not live, or of a part of a map */
	uint64_t skipped_map;        /* maps over live pages */
	uint64_t maps, unmaps;
	uint64_t atomic_maps, atomic_unmaps; /* where no mutex can be taken */
	uint64_t no_cpu;             /* events recorded without their CPU: taken for those of one */
	bool context_known;          /* the recording has flags: the two above mean something */
	uint64_t leaf_tables;        /* distinct 2 MiB regions touched */
	uint64_t cross_cpu_unmaps;   /* unmaps on another CPU than a map they cover */
	uint64_t migrations;         /* maps of an IOVA page last mapped by another CPU */
	uint64_t peak_live_pages;
	uint64_t end_live_pages;
	uint64_t size_lg2_count[64]; /* events by ceil(log2(bytes)) */
	double seconds;              /* last minus first time stamp */
};

/*
 * `name` is a path, or the name of a shipped trace ("nvme-amd-lazy"), looked for in $IOPT_TRACE_DIR,
 * where they were installed with the program, and the source tree. EXIT_BAD_DATA for what cannot be
 * read or holds no event to replay, with file and line number for a damaged line; EXIT_NO_RESOURCE
 * for no memory.
 */
int trace_load(struct trace **out, const char *name, struct err *err);
void trace_free(struct trace *t);
/* "a, b, c": names of the shipped traces, "" without any. Returns buf. */
char *trace_shipped(char *buf, size_t size);

/* Maps by size, up to so many bytes; the last class is all of them. */
#define LIFE_CLASSES 5u
extern const uint64_t life_class_bytes[LIFE_CLASSES]; /* UINT64_MAX: no bound */

/* How long ranges live, and how soon their addresses come back. */
struct trace_life {
	struct histogram lifetime[LIFE_CLASSES]; /* ns from map to unmap, by map */
	uint64_t live_maps;           /* at the end: no lifetime is known of them */
	uint64_t pages_unmapped;      /* a page counts once for each time that it was unmapped */
	uint64_t pages_reused;        /* of them mapped again later on … */
	uint64_t pages_by_same_cpu;   /* … by the CPU that had unmapped them */
	struct histogram maps_between; /* of those reused, by page: maps of others in between … */
	struct histogram ns_between;   /* … and time */
};

/* Of a legal trace. NULL: no memory; free() it. */
struct trace_life *trace_life_of(const struct trace *t);
/* What was recorded, as a screen of text. life may be NULL. */
void trace_print(const struct trace *t, const struct trace_life *life, FILE *out, struct terminal terminal);

/* One worker's part of a replay, in order. */
struct replay_step {
	uint32_t event;      /* index into trace.events */
	uint32_t waits;      /* index of its first wait, .nwaits of them */
	uint16_t nwaits;
	bool watched;        /* somebody waits for it: progress must be published after it */
};

/* Before its step a worker waits until progress[worker] >= step + 1 (steps of that worker done). */
struct replay_wait {
	uint32_t step;
	uint16_t worker;
};

struct replay_lane {
	struct replay_step *steps;
	size_t nsteps;
	struct replay_wait *waits;
	size_t nwaits;
	uint64_t iova_shift; /* added to every IOVA: copies of the trace for surplus workers */
	unsigned copy;       /* which copy this lane belongs to */
};

struct replay {
	const struct trace *trace;
	unsigned workers;
	struct replay_lane *lanes;
};

/*
 * Recorded CPU c runs on worker c % workers when there are fewer workers than CPUs; with more, each
 * further group of `cpus` workers runs a copy (a last, smaller group folds the CPUs onto what it
 * has). Copies lie apart by the smallest power of two that holds the trace, at least 1 GiB: they
 * share no leaf table, and the tree grows no higher than it must.
 *
 * A wait always points to an event earlier in the trace, so workers that keep the order of their
 * lanes cannot block each other for ever. workers is 1..65535. EXIT_NO_RESOURCE for no memory, or
 * no room in the IOVA space for the copies.
 */
int trace_schedule(struct replay **out, const struct trace *t, unsigned workers, struct err *err);
void replay_free(struct replay *r);
