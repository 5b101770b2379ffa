/*
 * trace.h - map/unmap traces recorded by the kernel's iommu:map and iommu:unmap trace points.
 *
 * A file is read plain or gzipped. trace_load turns it into a legal sequence of events: those that
 * would map a live page, or unmap something mapped before the recording began, are skipped and
 * counted. trace_schedule adds, for T workers, who runs each event and which earlier events of
 * other workers it must wait for. Both results are immutable: any thread may read them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/err.h"

enum trace_kind { TRACE_MAP, TRACE_UNMAP };

struct trace_event {
	uint64_t iova, bytes; /* multiples of 4 KiB */
	uint64_t pa;          /* maps */
	double time_s;
	uint16_t cpu;         /* recorded CPU, dense: 0..trace.cpus-1 in order of OS index */
	uint8_t kind;
};

struct trace {
	struct trace_event *events;
	size_t n;
	unsigned cpus;               /* distinct CPUs that appear */
	char name[128];              /* base name without suffix */
	uint64_t lines, other_lines; /* other_lines: comments and other trace points */
	uint64_t skipped_unmap;      /* unmaps of what was mapped before the recording, in part or whole */
	uint64_t skipped_map;        /* maps over live pages */
	uint64_t maps, unmaps;
	uint64_t leaf_tables;        /* distinct 2 MiB regions touched */
	uint64_t cross_cpu_unmaps;   /* unmaps on another CPU than a map they cover */
	uint64_t migrations;         /* maps of an IOVA page last mapped by another CPU */
	uint64_t peak_live_pages;
	uint64_t end_live_pages;
	uint64_t size_lg2_count[64]; /* events by ceil(log2(bytes)) */
	double seconds;              /* last minus first time stamp */
};

/*
 * `name` is a path, or the name of a shipped trace ("nvme-amd-lazy"). EXIT_BAD_DATA with file and
 * line number for a damaged line, EXIT_NO_RESOURCE for no memory.
 */
int trace_load(struct trace **out, const char *name, struct err *err);
void trace_free(struct trace *t);
void trace_print(const struct trace *t, FILE *out);

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
 * further group of `cpus` workers runs a copy at IOVAs shifted by 2^38 (a last, smaller group folds
 * the CPUs onto what it has). EXIT_NO_RESOURCE.
 */
int trace_schedule(struct replay **out, const struct trace *t, unsigned workers, struct err *err);
void replay_free(struct replay *r);
