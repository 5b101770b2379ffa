/*
 * reader.h - a worker that only looks up: uniformly random addresses in everybody's ranges, mapped
 * or not, while their owners map and unmap them. A lookup finds nothing, or exactly what the owner
 * maps there; anything else is evidence. On its own thread.
 */
#pragma once

#include "bench/lane.h"

/* Owner w has [base + w * stride, + bytes). */
struct read_area {
	uint64_t base, stride, bytes;
	unsigned owners;
};

/* One stretch. */
void reader_stretch(struct lane *lane, const struct read_area *area, bool measured);
/* The measured part of a slice, seeded by its position, and load until all others have done theirs. */
void reader_measure(struct lane *lane, const struct read_area *area);
