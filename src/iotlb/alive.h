/*
 * alive.h - may a device look at this table? The answer of the page pool, for walkers (walk_alive).
 *
 * A table may be looked at while its page is live, belongs to the table in question and was allocated
 * for that level. The descriptor is read without locks, and no lock is needed: as long as the drivers
 * do their part, the pool wrote it before the table was installed (P1), and the page is freed only
 * after every device that could still have found it has answered (D4). If they do not, the answer may
 * come from a descriptor that is being written, and ThreadSanitizer says so: either way it is noticed.
 *
 * An address that no pool ever had is recognised without being followed.
 */
#pragma once

#include "iotlb/walker.h"
#include "pt/engine.h"

#define ALIVE_KNOWN 64u

struct alive {
	uint32_t owner;
	/* Where memory has been found: 2 MiB each, or a page (sanitizers). A cache, no more. */
	_Atomic(uint64_t) known[ALIVE_KNOWN];
};

/* For the tables of pt, while the pool of its pages exists. */
void alive_init(struct alive *a, const struct pt *pt);
/* A walk_alive; ctx is a struct alive. */
const char *alive_ask(void *ctx, uint64_t table, unsigned level);
