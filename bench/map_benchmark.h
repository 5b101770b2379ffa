/*
 * map_benchmark.h - what the kernel's dma_map_benchmark (kernel/dma/map_benchmark.c, tools/dma) takes
 * and how it counts, for --preset dma_map_benchmark. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum map_benchmark_dir { MAP_BIDIRECTIONAL, MAP_TO_DEVICE, MAP_FROM_DEVICE };

struct map_benchmark_args {
	int64_t threads, seconds, node, bits, dir, delay_ns, granule, sg;
	bool seconds_given, node_given;
};

/*
 * "-t 4 -g 16", the tool's own options and ranges, each with its number; nothing: its defaults. False:
 * what is wrong, and the remedy, is in `why`.
 */
bool map_benchmark_parse(const char *text, struct map_benchmark_args *out, char *why, size_t size);
/* The same in full, as the tool would be told. Returns buf. */
char *map_benchmark_show(const struct map_benchmark_args *a, char *buf, size_t size);

/* By kind, map then unmap: units of 100 ns, each sample cut down to whole ones before it is added. */
struct map_benchmark_sums {
	uint64_t loops[2], sum[2], squares[2];
};

static inline void map_benchmark_add(struct map_benchmark_sums *s, unsigned kind, double ns)
{
	uint64_t units = (uint64_t)ns / 100;

	s->loops[kind]++;
	s->sum[kind] += units;
	s->squares[kind] += units * units;
}

static inline void map_benchmark_merge(struct map_benchmark_sums *into, const struct map_benchmark_sums *from)
{
	for (unsigned k = 0; k < 2; k++) {
		into->loops[k] += from->loops[k];
		into->sum[k] += from->sum[k];
		into->squares[k] += from->squares[k];
	}
}

/*
 * Microseconds to one place, as the tool prints them, in its integer arithmetic: the mean is cut down
 * again, and the variance is that of the squares less the cut mean's. NaN: no loops.
 */
double map_benchmark_mean_us(const struct map_benchmark_sums *s, unsigned kind);
double map_benchmark_sigma_us(const struct map_benchmark_sums *s, unsigned kind);
