/*
 * walker_entry.h - one entry as the specification reads it; the walk itself (walker.c) knows no format.
 * Inside src/iotlb only.
 */
#pragma once

#include "iotlb/walker.h"

#define WALK_READ 1u  /* enum pt_prot has the same bits */
#define WALK_WRITE 2u

struct walk_entry {
	enum { SAYS_ABSENT, SAYS_TABLE, SAYS_PAGE, SAYS_ILLEGAL } says;
	const char *why;   /* ILLEGAL */
	uint64_t address;  /* of the table, or of the page's first byte */
	unsigned level;    /* TABLE: its level, 0 the lowest; lower than that of the table read */
	unsigned size_lg2; /* PAGE */
	uint8_t prot;      /* WALK_READ, WALK_WRITE: what this entry permits */
};

/* An entry of a table at `level` (0 the lowest). Any number of threads. */
struct walk_entry walk_amdv1(uint64_t entry, unsigned level);
struct walk_entry walk_vtdss(uint64_t entry, unsigned level);
/* Why no table of so many levels exists in the format; NULL: it may. */
const char *walk_amdv1_levels(unsigned levels);
const char *walk_vtdss_levels(unsigned levels);

static inline struct walk_entry walk_illegal(const char *why)
{
	return (struct walk_entry){ .says = SAYS_ILLEGAL, .why = why };
}
