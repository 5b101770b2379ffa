/*
 * format_vtdss.h - the second-stage page table of Intel's VT-d.
 *
 * Source: Intel Virtualization Technology for Directed I/O, Architecture Specification (D51397),
 * "Second-Stage Translation", and the tables of "Second-Stage Paging Entries" (SS-PML5E, SS-PML4E,
 * SS-PDPE, SS-PDE, SS-PTE).
 *
 *   bit 0, 1   R, W   read and write. There is no present bit: an entry with neither is absent.
 *                     Every level is ANDed, so pointers have both
 *   bit 7      PS     the entry is a page: 2M in an SS-PDE (level 1), 1G in an SS-PDPE (level 2).
 *                     Reserved above; ignored in an SS-PTE, which is always a page
 *   bit 11     SNP    snoop, of a leaf. Never set here: hardware without snoop control reserves it,
 *                     and the Linux driver sets it only where VFIO wants coherency enforced
 *   51:12      the address
 *   the rest   0 here: execute and memory type (6:2), accessed and dirty (8, 9), ignored (10,
 *              61:52, 63), transient mapping (62)
 *
 * The number of levels is fixed for a domain by the address width of its context entry (AW, the
 * adjusted guest address width): 3, 4 or 5 levels for 39, 48 or 57 bits.
 */
#pragma once

#include <stddef.h>

#include "pt/format.h"

#define VTDSS_R (UINT64_C(1) << 0)
#define VTDSS_W (UINT64_C(1) << 1)
#define VTDSS_PS (UINT64_C(1) << 7)
#define VTDSS_ADDRESS UINT64_C(0x000ffffffffff000)

ALWAYS_INLINE uint64_t vtdss_leaf(uint64_t pa, unsigned size_lg2, unsigned prot)
{
	/* PT_READ and PT_WRITE are R and W as they stand. */
	return pa | prot | (size_lg2 == PT_PAGE_LG2 ? 0 : VTDSS_PS);
}

ALWAYS_INLINE uint64_t vtdss_table(const struct pt_table *child, unsigned level)
{
	(void)level;
	return (uint64_t)(uintptr_t)child | VTDSS_R | VTDSS_W;
}

ALWAYS_INLINE bool vtdss_is_table(uint64_t entry, unsigned level)
{
	return level && entry & (VTDSS_R | VTDSS_W) && !(entry & VTDSS_PS);
}

ALWAYS_INLINE struct pt_table *vtdss_child(uint64_t entry)
{
	return (struct pt_table *)(uintptr_t)(entry & VTDSS_ADDRESS);
}

ALWAYS_INLINE bool vtdss_own_table(uint64_t entry, unsigned level, struct pt_table **child)
{
	uint64_t address = entry ^ vtdss_table(NULL, level);

	*child = (struct pt_table *)(uintptr_t)address;
	return !(address & ~VTDSS_ADDRESS);
}

ALWAYS_INLINE unsigned vtdss_leaf_lg2(uint64_t entry, unsigned level)
{
	(void)entry;
	return entry_lg2(level);
}

ALWAYS_INLINE uint64_t vtdss_leaf_pa(uint64_t entry, unsigned size_lg2)
{
	(void)size_lg2; /* the bits below a page's size are 0 */
	return entry & VTDSS_ADDRESS;
}

/* A run of read-only beside write-only pages has no common bit, and is looked at one by one. */
ALWAYS_INLINE bool vtdss_all_single(uint64_t all, uint64_t any, unsigned level)
{
	(void)any;
	return all & (VTDSS_R | VTDSS_W) && (!level || all & VTDSS_PS);
}

static const struct pt_format vtdss = {
	.sizes = UINT64_C(1) << 12 | UINT64_C(1) << 21 | UINT64_C(1) << 30,
	.pa_bits = 52,
	.levels_max = 5,
	.grows = false,
	.leaf = vtdss_leaf,
	.table = vtdss_table,
	.is_table = vtdss_is_table,
	.child = vtdss_child,
	.own_table = vtdss_own_table,
	.leaf_lg2 = vtdss_leaf_lg2,
	.leaf_pa = vtdss_leaf_pa,
	.all_single = vtdss_all_single,
};
