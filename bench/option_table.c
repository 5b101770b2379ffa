/* option_table.c - every option of `run`, a row each, and the words that options take. */
#include <string.h>

#include "bench/option_dma.h"
#include "bench/option_row.h"
#include "bench/preset.h"
#include "bench/workload.h"

#define SECOND 1000000000ULL

const struct choice place_choices[] = {
	{ "compact", "fill a last-level cache, then a node, then a package" },
	{ "scatter", "spread over packages, nodes and caches in turn" },
	{ "node-rr", "deal worker by worker over the nodes" },
	{ "node:N", "stay inside node N" },
	{ "cpus:LIST", "exactly these, in this order: cpus:0,2-5" },
	{ NULL, NULL },
};

/* In the order of their enum. */
const struct choice smt_choices[] = {
	{ "last", "after every core's first" },
	{ "pack", "right after its core's first, before the next core" },
	{ "off", "never" },
	{ NULL, NULL },
};

const struct choice mem_choices[] = {
	{ "local", "table pages on the node of the worker that allocates (2019)" },
	{ "bind:N", "everything on node N, enforced" },
	{ "device:N", "on the device's node N, as later kernels do" },
	{ "interleave", "round robin over the nodes with memory" },
	{ "remote", "on the node farthest from the worker, enforced" },
	{ NULL, NULL },
};

/* In the order of their enums. */
const struct choice zero_choices[] = {
	{ "alloc", "when allocated: the kernel's way, inside lock and race window" },
	{ "free", "when freed" },
	{ "ahead", "outside the clock: hides waste and shortens holds" },
	{ NULL, NULL },
};
const struct choice source_choices[] = {
	{ "pool", "chunks of the node, a cache for each worker" },
	{ "arena", "each page from the node's jemalloc arena, no cache" },
	{ "jemalloc", "each page from jemalloc as a program meets it" },
	{ "mmap", "each page from the kernel, and back to it" },
	{ NULL, NULL },
};
const struct choice share_choices[] = {
	{ "auto", "root for private, table for adjacent" },
	{ "root", "private: only the root; each worker has entries of it to itself" },
	{ "l2", "private: a level 2 table below a taller root, each with level 1 tables of its own" },
	{ "l1", "private: level 1 tables, each with leaf tables of its own" },
	{ "table", "adjacent: neighbouring pages of the same leaf tables" },
	{ "line", "adjacent: neighbouring entries of the same 64-byte lines" },
	{ NULL, NULL },
};
const struct choice order_choices[] = {
	{ "auto", "random in private and adjacent, ascending in cursor" },
	{ "random", "every page as likely" },
	{ "ascending", "each page behind the last" },
	{ "descending", "each page before the last, as the kernel's allocator hands out" },
	{ NULL, NULL },
};
const struct choice range_choices[] = {
	{ "64K", "one contiguous leaf: 16 replicas" },
	{ "3x4K", "three pages, a chunk each" },
	{ "4K-over-2M", "a small page against a large one" },
	{ "map-unmap", "one maps while the other unmaps" },
	{ NULL, NULL },
};
const struct choice walk_choices[] = {
	{ "cursor", "keep the position over the pages of a call (modern engines)" },
	{ "re-walk", "start over from the root for every page, as the 2019 body does" },
	{ NULL, NULL },
};

const struct choice levels_choices[] = {
	{ "auto", "3 where a table grows, else the least that spans the work" },
	{ "3", "39 bits" },
	{ "4", "48 bits" },
	{ "5", "57 bits" },
	{ "6", "64 bits: amdv1 only" },
	{ NULL, NULL },
};
/* In the order of their enum. */
const struct choice pace_choices[] = {
	{ "constant", "equal gaps, each worker at a phase of its own" },
	{ "poisson", "as from many independent sources" },
	{ NULL, NULL },
};
/* In the order of their enum. */
const struct choice speed_choices[] = {
	{ "max", "each as soon as the earlier ones of its pages are done" },
	{ "recorded", "and no earlier than when it was recorded" },
	{ NULL, NULL },
};
const struct choice breakage_choices[] = {
	{ "none", "nothing is broken" },
	{ "drop-leaf", "forget to write a leaf" },
	{ "wrong-pa", "write a leaf with another address" },
	{ "wrong-perm", "write a leaf with other permissions" },
	{ "double-link", "link a table twice" },
	{ "leak-page", "lose a table page" },
	{ "stray-leaf", "write a leaf that nobody asked for" },
	{ NULL, NULL },
};
const struct choice counters_choices[] = {
	{ "auto", "where the machine and the kernel let us" },
	{ "no", "leave the PMU alone" },
	{ NULL, NULL },
};
const struct choice format_choices[] = {
	{ "text", "the screen" },
	{ "csv", "a row per case" },
	{ "json", "the whole result" },
	{ NULL, NULL },
};

/* In the order of their enum. */
static const struct choice progress_choices[] = {
	{ "auto", "a live display where stderr is a terminal, else a line now and then, in runs of 10 s and more" },
	{ "always", "without a terminal, or on a dumb one: a line when a group begins and one when it ends" },
	{ "never", "nothing, as --quiet" },
	{ NULL, NULL },
};

const struct choice engine_groups[] = {
	{ "2019", "every engine of the 2019 body" },
	{ "modern", "every engine of the modern body (the re-walking siblings apart)" },
	{ "intel", "every engine of format vtdss" },
	{ "all", "every engine there is (but the siblings)" },
	{ NULL, NULL },
};

/* The rows of workloads.c as choices; a workload with an argument is named `replay:FILE`. */
const struct choice *workload_choices(void)
{
	static struct choice choices[LIST_MAX];
	static char names[LIST_MAX][64];

	for (size_t i = 0; workloads[i] && !choices[0].name; i++) {
		const struct workload *w = workloads[i];

		snprintf(names[i], sizeof(names[i]), "%s%s%s", w->name, w->argument ? ":" : "",
			 w->argument ? w->argument : "");
		choices[i].help = w->help;
	}
	for (size_t i = 0; workloads[i]; i++)
		choices[i].name = names[i];
	return choices;
}

#define ONE(field) ROW_SCALAR, offsetof(struct options, field)
#define LIST(field) offsetof(struct options, field.n), offsetof(struct options, field.v)
#define MANY(number, field) offsetof(struct options, number), offsetof(struct options, field)
#define NO_RANGE 0, 0, NULL

const struct option_row option_rows[] = {
	{ "engines", &kind_engine, LIST(engines), NO_RANGE,
	  "lockless-2019,mutex-2019,spin-2019,lockless", NULL,
	  "page tables to compare with the first of them, by name or group: 2019, modern, intel, all; see "
	  "`iopt list engines`",
	  GROUP_WHAT, ROW_CHOOSES, NULL },
	{ "walk", &kind_choice, MANY(nwalks, walks), 0, 0, walk_choices, "auto", "LIST",
	  "each modern engine with this walk; cursor,re-walk: side by side; auto: as named", GROUP_WHAT,
	  ROW_CHOOSES | ROW_AUTO, NULL },
	{ "workload", &kind_workload, LIST(workloads), NO_RANGE, "private", NULL,
	  "private, adjacent, cursor, cold, rendezvous, convoy, grow, churn, collapse, lookup, pairs, ring, "
	  "storage, bulk, piecewise, repeat, overlap, replay:FILE; without any option that chooses: the default "
	  "comparison, of several", GROUP_WHAT,
	  ROW_CHOOSES, NULL },
	{ "preset", &kind_preset, ONE(preset), 0, 0, preset_choices, "none", "NAME",
	  "a run that lines up with published numbers, printed beside them; it chooses what is measured",
	  GROUP_WHAT, ROW_CHOOSES, NULL },
	{ "threads", &kind_threads, LIST(threads), 1, 1024, NULL, "auto", NULL,
	  "numbers of worker threads, or `all` for one on each allowed CPU; auto is 1, 2, 4, … all",
	  GROUP_WHAT, ROW_AUTO, NULL },
	{ "break", &kind_choice, ONE(breakage), 0, 0, breakage_choices, "none", NULL,
	  "break the table on purpose, to see the audit catch it (exit 13)", GROUP_WHAT,
	  ROW_CHOOSES, NULL },
	{ "handicap", &kind_handicap, ONE(handicap), NO_RANGE, "none", NULL,
	  "make the engines worse on purpose, to see a gate fire: slow:PERCENT takes more time, waste "
	  "loses two table pages for one", GROUP_WHAT, 0, NULL },

	{ "page-size", &kind_page_size, LIST(page_size), NO_RANGE, "4K", NULL,
	  "bytes a page: powers of two 4K..2P other than 512G; with weights, 4K:60,64K:30,2M:10, one "
	  "mix of sizes", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "batch", &kind_count, LIST(batch), 1, 65536, NULL, "1", "LIST",
	  "pages mapped by one call", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "think", &kind_duration, LIST(think_ns), 0, SECOND / 1000, NULL, "0", "LIST",
	  "time spent outside the table between operations", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "rate", &kind_count, LIST(rate), 0, 1000000000, NULL, "0", "LIST",
	  "open loop: operations a second that each worker should begin, such as 50k; response time counts "
	  "from when they should have; 0: each when the last one is done", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "pace", &kind_choice, ONE(pace), 0, 0, pace_choices, "poisson", NULL,
	  "gaps between the operations of --rate", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "tables", &kind_count, ONE(tables), 1, 65536, NULL, "16", NULL,
	  "leaf tables of a worker in private, adjacent and lookup, of a pair in pairs; slots for "
	  "large pages of a worker in collapse; ranges of a worker in piecewise with --iova fixed",
	  GROUP_SHAPE, ROW_CHOOSES, "private,adjacent,collapse,lookup,pairs,piecewise" },
	{ "round", &kind_count, ONE(round), 1, 1000000, NULL, "1024", NULL,
	  "most tables in a round of a cold workload (grow: roots; overlap: ranges)", GROUP_SHAPE,
	  ROW_CHOOSES, "cursor,cold,rendezvous,convoy,grow,overlap" },
	{ "share", &kind_choice, ONE(share), 0, 0, share_choices, "auto", NULL,
	  "the lowest thing that workers have in common", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "order", &kind_choice, ONE(order), 0, 0, order_choices, "auto", NULL,
	  "in which order a worker goes through its pages", GROUP_SHAPE, ROW_CHOOSES, NULL },
	{ "range", &kind_choice, ONE(range), 0, 0, range_choices, "64K", NULL,
	  "what two writers fight over", GROUP_SHAPE, ROW_CHOOSES, "overlap" },
	{ "speed", &kind_choice, ONE(speed), 0, 0, speed_choices, "max", NULL,
	  "when the events of a trace begin; recorded: a slice is a segment of it", GROUP_SHAPE, ROW_CHOOSES,
	  "replay" },
	{ "levels", &kind_choice, MANY(nlevels, levels), 0, 0, levels_choices, "auto", "LIST",
	  "of a new table; one that does not grow (vtdss) must span the work", GROUP_SHAPE,
	  ROW_CHOOSES, NULL },
	{ "disjoint", &kind_bool, ONE(disjoint), NO_RANGE, "no", NULL,
	  "give each writer ranges of its own: the counter-test", GROUP_SHAPE, ROW_CHOOSES,
	  "overlap" },

	{ "ratio", &kind_ratio, ONE(ratio), NO_RANGE, "auto", NULL,
	  "maps to unmaps to lookups, such as 1:1:3; auto: 1:1:0, and 2:2:1 in churn", GROUP_SHAPE,
	  ROW_CHOOSES, "private,adjacent,churn" },
	{ "readers", &kind_auto, ONE(readers), 1, 1024, NULL, "auto", NULL,
	  "how many of the threads only look up; auto: half of them in lookup, none in collapse",
	  GROUP_SHAPE, ROW_CHOOSES, "lookup,collapse" },
	{ "depth", &kind_auto, ONE(depth), 1, 65536, NULL, "auto", NULL,
	  "pairs: buffers that a mapper may be ahead of its unmapper; DMA path: buffers that a worker "
	  "has mapped at once; auto: 256 in pairs and ring, 32 in storage, 8 in bulk and piecewise",
	  GROUP_SHAPE, ROW_CHOOSES, "pairs," DMA_WORKLOADS },
	{ "iova", &kind_iova, MANY(niovas, iovas), NO_RANGE, "rcache", NULL,
	  "who owns which range: allocators of I/O addresses; see `iopt list iova`", GROUP_SHAPE,
	  ROW_CHOOSES, DMA_WORKLOADS },
	{ "iova-window", &kind_window, ONE(iova_window), IOVA_WINDOW_MIN, IOVA_WINDOW_MAX, NULL, "4G",
	  NULL, "addresses that allocators try first, a power of two 1M..4G", GROUP_SHAPE, ROW_CHOOSES,
	  DMA_WORKLOADS },
	{ "buffers", &kind_buffer, LIST(buffers), NO_RANGE, "auto", NULL,
	  "sizes of buffers, 4K..1G: one, or several with weights, 4K:80,64K:20; auto: the workload's own",
	  GROUP_SHAPE, ROW_CHOOSES | ROW_AUTO, DMA_WORKLOADS },
	{ "flush", &kind_choice, MANY(nflushes, flushes), 0, 0, flush_choices, "none", "LIST",
	  "a model of invalidation behind an unmap", GROUP_SHAPE, ROW_CHOOSES, DMA_WORKLOADS },
	{ "flush-ns", &kind_duration, ONE(flush_ns), 0, SECOND / 100, NULL, "1us", NULL,
	  "model: from a command's turn until its completion is seen", GROUP_SHAPE, ROW_CHOOSES,
	  DMA_WORKLOADS },
	{ "flush-lock", &kind_choice, ONE(flush_lock), 0, 0, flush_lock_choices, "held", NULL,
	  "model: when the lock of the command ring is held", GROUP_SHAPE, ROW_CHOOSES,
	  DMA_WORKLOADS },

	{ "place", &kind_place, MANY(nplaces, places), 0, 0, place_choices, "compact", NULL,
	  "where workers run", GROUP_WHERE, ROW_CHOOSES, NULL },
	{ "smt", &kind_choice, MANY(nsmts, smts), 0, 0, smt_choices, "last", "LIST",
	  "when a core's second hyperthread is used", GROUP_WHERE, ROW_CHOOSES, NULL },
	{ "oversubscribe", &kind_bool, ONE(oversubscribe), NO_RANGE, "no", NULL,
	  "let more threads than CPUs share them; without engines of sync spin, ticket and mcs, "
	  "whose waiters stand in line for threads that do not run", GROUP_WHERE, 0, NULL },
	{ "mem", &kind_mem, MANY(nmems, mems), 0, 0, mem_choices, "local", NULL,
	  "where table pages come from", GROUP_WHERE, ROW_CHOOSES, NULL },
	{ "zero", &kind_choice, MANY(nzeros, zeros), 0, 0, zero_choices, "alloc", "LIST",
	  "when a table page is zeroed", GROUP_WHERE, ROW_CHOOSES, NULL },
	{ "page-source", &kind_choice, MANY(nsources, sources), 0, 0, source_choices, "pool", "LIST",
	  "what a table page is taken from", GROUP_WHERE, ROW_CHOOSES, NULL },

	{ "duration", &kind_duration, ONE(duration_ns), 0, 24 * 3600 * SECOND, NULL, "0", NULL,
	  "time for a group of interleaved engines (default comparison: in all); 0: chosen",
	  GROUP_MEASURE, 0, NULL },
	{ "slice", &kind_duration, ONE(slice_ns), 100000, 10 * SECOND, NULL, "20ms", NULL,
	  "an engine's turn", GROUP_MEASURE, 0, NULL },
	{ "warmup", &kind_duration, ONE(warmup_ns), 0, 10 * SECOND, NULL, "2ms", NULL,
	  "untimed start of every slice", GROUP_MEASURE, 0, NULL },
	{ "processes", &kind_unsigned, ONE(processes), 1, 1000, NULL, "1", NULL,
	  "repeat in so many processes: where tables lie is luck, one process is one draw",
	  GROUP_MEASURE, 0, NULL },
	{ "seed", &kind_count, ONE(seed), 0, UINT64_MAX, NULL, "1", NULL,
	  "of every random choice", GROUP_MEASURE, 0, NULL },
	{ "sample", &kind_sample, ONE(sample), 0, 1ULL << 30, NULL, "auto", NULL,
	  "time one operation in N, a power of two; auto: so that it costs below 2 %; none: nothing",
	  GROUP_MEASURE, 0, NULL },
	{ "counters", &kind_choice, ONE(counters), 0, 0, counters_choices, "auto", NULL,
	  "hardware counters around measured parts, in user space: cycles, instructions, LLC misses, "
	  "remote accesses", GROUP_MEASURE, 0, NULL },
	{ "aa", &kind_bool, ONE(aa), NO_RANGE, "no", NULL,
	  "every engine a second time beside itself: what differs between the two is this machine's noise",
	  GROUP_MEASURE, ROW_CHOOSES, NULL },
	{ "lock-stat", &kind_bool, ONE(lock_stat), NO_RANGE, "no", NULL,
	  "then observe the locks, apart because it costs: waits, holds, hand-offs, spins, sleeps, "
	  "compare-exchanges", GROUP_MEASURE, 0, NULL },

	{ "dry-run", &kind_bool, ONE(dry_run), NO_RANGE, "no", NULL,
	  "print the plan: threads and CPUs, memory, predicted time; measure nothing", GROUP_OUTPUT,
	  ROW_ONCE, NULL },
	{ "topology", &kind_text, ONE(topology), NO_RANGE, "", "FILE|SYNTHETIC",
	  "plan for another machine (with --dry-run): hwloc XML or '2 pack:2 numa:1 core:4 pu:2'",
	  GROUP_OUTPUT, ROW_ONCE, NULL },
	{ "out", &kind_text, ONE(out), NO_RANGE, "", "DIR",
	  "write result.json, tables as CSV, latencies for HdrHistogram and job.ini there", GROUP_OUTPUT,
	  ROW_ONCE, NULL },
	{ "resume", &kind_text, ONE(resume), NO_RANGE, "", "DIR",
	  "go on with the run that was interrupted, or killed, while it wrote to --out DIR",
	  GROUP_OUTPUT, ROW_ONCE, NULL },
	{ "format", &kind_choice, ONE(format), 0, 0, format_choices, "text", NULL,
	  "what goes to stdout", GROUP_OUTPUT, ROW_ONCE, NULL },
	{ "progress", &kind_choice, ONE(progress), 0, 0, progress_choices, "auto", NULL,
	  "what is measured, how far it is and what is found so far, on stderr", GROUP_OUTPUT, ROW_ONCE, NULL },
	{ "quiet", &kind_bool, ONE(quiet), NO_RANGE, "no", NULL, "no progress on stderr",
	  GROUP_OUTPUT, ROW_ONCE, NULL },
	{ .name = NULL },
};

const struct option_row *option_find(const char *name)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

bool option_about(const struct option_row *row, const char *workload)
{
	size_t len = strcspn(workload, ":"); /* replay:FILE */

	for (const char *at = row->only; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strcspn(at, ",") == len && !strncmp(at, workload, len))
			return true;
	}
	return !row->only;
}

const char *share_name(enum share_kind k)
{
	return share_choices[k].name;
}

const char *walk_name(enum walk_kind k)
{
	return walk_choices[k].name;
}

const char *range_name(enum range_kind k)
{
	return range_choices[k].name;
}

const char *levels_name(unsigned choice)
{
	return levels_choices[choice].name;
}

const char *breakage_name(enum breakage k)
{
	return breakage_choices[k].name;
}

const char *smt_name(enum smt_kind k)
{
	return smt_choices[k].name;
}

const char *counters_name(enum counters_kind k)
{
	return counters_choices[k].name;
}

const char *zero_name(enum pool_zero k)
{
	return zero_choices[k].name;
}

const char *order_name(enum order_kind k)
{
	return order_choices[k].name;
}

const char *speed_name(enum replay_speed k)
{
	return speed_choices[k].name;
}

const char *pace_name(enum pace_kind k)
{
	return pace_choices[k].name;
}

const char *source_name(enum pool_source k)
{
	return source_choices[k].name;
}
