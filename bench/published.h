/*
 * published.h - numbers that others have published, with where they stand and what they were measured
 * on. Other hardware, other clocks, kernel code: for orientation, never for a verdict. Read only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* In ns, of one call; 0: not published. `before` and `after` the change that the source is about. */
struct published_figure {
	uint16_t avg_after, avg_before, min_after, min_before;
};

struct published_row {
	uint8_t size_lg2; /* of a page */
	uint16_t pages;   /* in a call */
	struct published_figure map, unmap;
};

struct published_table {
	const char *name;     /* of the format there: "AMDv1" */
	const char *before, *after; /* what was measured */
	const char *source, *hardware;
	const struct published_row *rows;
	size_t n;
};

/* Ends with a row whose name is NULL. */
extern const struct published_table published_generic_pt[];
/* NULL: this size was not published. */
const struct published_row *published_find(const struct published_table *t, unsigned size_lg2,
					   uint64_t pages);
