/*
 * walker.h - a table as the IOMMU's own walker reads it: from the device table entry down, one entry
 * after the other, each decoded as the specification says. Not a line is shared with the engines or
 * with the audit's decoder, so that an error in one does not hide in another.
 *
 * Sources: AMD I/O Virtualization Technology (IOMMU) Specification, 48882, 2.2.3; Intel VT-d
 * specification, 3.7 and 9.8 (second-stage entries).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys/atomic.h"

#define WALK_LEVELS_MAX 6u

/*
 * The first 64 bits of a device table entry, AMD's layout whatever the format: V (bit 0), TV (1), mode
 * (11:9: levels of the table, 1 to 6), root (51:12), IR (61), IW (62).
 */
typedef uint64_t iotlb_dte;

enum walk_end {
	WALK_HIT,
	WALK_ABSENT,  /* an entry not present, or an address above what the mode spans */
	WALK_DENIED,  /* present, but the directories or the leaf do not permit the access */
	WALK_ILLEGAL, /* an entry that no driver may write: `why` */
	WALK_FREED,   /* a table that lies in a page which is free, or another's: `why` */
};

/* A table on the way down, for the walk cache. */
struct walk_step {
	uint64_t table; /* address of the table that was read */
	unsigned level; /* its level, 0 the lowest */
	uint8_t prot;   /* what the entries above it permit: enum pt_prot bits */
};

struct walk_result {
	enum walk_end end;
	const char *why;
	uint64_t pa;       /* HIT: of the byte */
	unsigned size_lg2; /* HIT: of the page it lies in */
	uint8_t prot;      /* HIT: ANDed from the root down */
	unsigned level;    /* where it ended */
	uint64_t entry;    /* what stood there */
	unsigned steps;
	struct walk_step step[WALK_LEVELS_MAX]; /* from the one it started with down */
};

/*
 * Asked of every table before and after one of its entries is read: may a device look at it? NULL: yes.
 * Otherwise why not. Any thread.
 */
typedef const char *walk_alive(void *ctx, uint64_t table, unsigned level);

struct walker {
	enum { WALK_AMDV1, WALK_VTDSS } format;
	walk_alive *alive; /* or NULL */
	void *ctx;
};

/* From the device table entry. wanted: enum pt_prot bits the access needs. Any number of threads. */
struct walk_result walk_from_dte(const struct walker *w, iotlb_dte dte, uint64_t iova, uint8_t wanted);
/* From a table of the walk cache. */
struct walk_result walk_from(const struct walker *w, const struct walk_step *at, uint64_t iova,
			     uint8_t wanted);

/* A valid entry for a table of so many levels. */
iotlb_dte iotlb_dte_of(uint64_t root, unsigned levels);
