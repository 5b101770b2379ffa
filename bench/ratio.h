/*
 * ratio.h - `--ratio MAP:UNMAP:LOOKUP`: how many operations of each kind there are to the others,
 * where a workload mixes kinds. What it means exactly is the workload's (docs/workloads.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATIO_MAX 100u /* of each number */

/* All 0: as the workload has it. */
struct ratio {
	uint8_t map, unmap, lookup;
};

static inline bool ratio_is(struct ratio a, struct ratio b)
{
	return a.map == b.map && a.unmap == b.unmap && a.lookup == b.lookup;
}

/* "2:2:1", and "auto" for all 0. */
bool ratio_parse(const char *text, struct ratio *out);
char *ratio_text(struct ratio ratio, char *buf, size_t size);
