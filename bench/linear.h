/*
 * linear.h - was every lookup linearizable? Ranges have one owner at a time, so a table is a product of
 * independent registers, one a page, with writes that never overlap; linearizability is local (Herlihy
 * and Wing, TOPLAS 1990), so each page is checked alone, in n log n: a lookup may return the value
 * of any write that overlaps it, or that of the last write which ended before it began, or, between
 * lookups, nothing older than what an earlier lookup has seen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/err.h"

struct linear_event {
	uint64_t page;     /* iova >> 12 */
	uint64_t from, to; /* clock ticks before and after the call */
	uint64_t value;    /* pa >> 12 of the page, ~0: absent; of a write: what holds after it */
	uint32_t thread;
	bool write;
};
#define LINEAR_ABSENT UINT64_MAX

/* Of one thread, complete; the memory is reserved before. */
struct linear_log {
	struct linear_event *event;
	size_t n, max;
};

struct linear_verdict {
	bool ok;
	uint64_t events, pages, reads, writes, overlapping; /* reads that overlapped a write */
	struct linear_event read;       /* not ok: the lookup, */
	struct linear_event before, other; /* the last write that ended before it, and the one next to it */
	bool other_is_read;             /* `other` is an earlier lookup that had seen a newer value */
};

/*
 * slack_ticks: by how much clocks of two CPUs may differ; every interval is widened by it. Two
 * writes of a page at once are a finding too: `read` is then the second of them. Of several findings the
 * one that began first. 0, or EXIT_NO_RESOURCE.
 */
int linear_check(struct linear_log *logs, size_t n, uint64_t slack_ticks, struct linear_verdict *out,
		 struct err *err);
/* The witness, a few lines: who did what when, in nanoseconds from the first of them. */
void linear_explain(const struct linear_verdict *v, FILE *out);
