/*
 * format_amdv1.h - the AMD IOMMU v1 host page table.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882, section 2.2.3 "I/O Page
 * Tables for Host Translations", and its tables of PDE and PTE fields and of page size encoding.
 *
 *   bit 0      PR   present
 *   bits 11:9  NL   next level. In a leaf: 0 the size of the level, 7 the size is in the address.
 *                   In a pointer: the level of the child, counted from 1, so the zero-based level
 *                   of the table that holds the pointer
 *   51:12      the address. Leaf with NL 7, page of 1 << s bytes: bits 12..s-2 ones, bit s-1 zero
 *   60         FC   coherent; always set in our leaves
 *   61, 62     IR, IW: read and write. Every level is ANDed, so pointers have both
 *
 * 512 GiB (2^39) is left out: processors get it wrong, and the Linux driver never uses it.
 */
#pragma once

#include <stddef.h>

#include "pt/format.h"

#define AMDV1_PR (UINT64_C(1) << 0)
#define AMDV1_NL_SHIFT 9
#define AMDV1_NL (UINT64_C(7) << AMDV1_NL_SHIFT)
#define AMDV1_ADDRESS UINT64_C(0x000ffffffffff000)
#define AMDV1_FC (UINT64_C(1) << 60)
#define AMDV1_IR (UINT64_C(1) << 61)
#define AMDV1_IW (UINT64_C(1) << 62)

ALWAYS_INLINE uint64_t amdv1_leaf(uint64_t pa, unsigned size_lg2, unsigned prot)
{
	/* PT_READ and PT_WRITE sit below bits 61 and 62 as they stand. */
	uint64_t entry = pa | (uint64_t)prot << 61 | AMDV1_FC | AMDV1_PR;

	if (size_replicas_lg2(size_lg2))
		entry |= AMDV1_NL | (((UINT64_C(1) << (size_lg2 - 1)) - 1) & AMDV1_ADDRESS);
	return entry;
}

ALWAYS_INLINE uint64_t amdv1_table(const struct pt_table *child, unsigned level)
{
	return (uint64_t)(uintptr_t)child | (uint64_t)level << AMDV1_NL_SHIFT | AMDV1_PR |
	       AMDV1_IR | AMDV1_IW;
}

ALWAYS_INLINE bool amdv1_is_table(uint64_t entry, unsigned level)
{
	return (entry & (AMDV1_NL | AMDV1_PR)) == ((uint64_t)level << AMDV1_NL_SHIFT | AMDV1_PR) &&
	       level;
}

ALWAYS_INLINE struct pt_table *amdv1_child(uint64_t entry)
{
	return (struct pt_table *)(uintptr_t)(entry & AMDV1_ADDRESS);
}

ALWAYS_INLINE bool amdv1_own_table(uint64_t entry, unsigned level, struct pt_table **child)
{
	/* The address is what is left: a subtraction and a test. */
	uint64_t address = entry - amdv1_table(NULL, level);

	*child = (struct pt_table *)(uintptr_t)address;
	return !(address & ~AMDV1_ADDRESS);
}

ALWAYS_INLINE unsigned amdv1_leaf_lg2(uint64_t entry, unsigned level)
{
	if ((entry & AMDV1_NL) != AMDV1_NL)
		return entry_lg2(level);
	/* One above the lowest zero of the address field. */
	return 1 + (unsigned)__builtin_ctzll(~(entry | ~AMDV1_ADDRESS) | UINT64_C(1) << 52);
}

ALWAYS_INLINE uint64_t amdv1_leaf_pa(uint64_t entry, unsigned size_lg2)
{
	return entry & AMDV1_ADDRESS & ~((UINT64_C(1) << size_lg2) - 1);
}

ALWAYS_INLINE bool amdv1_all_single(uint64_t all, uint64_t any, unsigned level)
{
	(void)level;
	return ((all & AMDV1_PR) | (any & AMDV1_NL)) == AMDV1_PR;
}

static const struct pt_format amdv1 = {
	.sizes = ((UINT64_C(1) << 52) - (UINT64_C(1) << 12)) & ~(UINT64_C(1) << 39),
	.pa_bits = 52,
	.levels_max = 6,
	.grows = true,
	.leaf = amdv1_leaf,
	.table = amdv1_table,
	.is_table = amdv1_is_table,
	.child = amdv1_child,
	.own_table = amdv1_own_table,
	.leaf_lg2 = amdv1_leaf_lg2,
	.leaf_pa = amdv1_leaf_pa,
	.all_single = amdv1_all_single,
};
