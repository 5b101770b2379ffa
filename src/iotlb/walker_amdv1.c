/*
 * walker_amdv1.c - entries of AMD's I/O page tables for host translations.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882, 2.2.3: the figures of the PDE
 * and the PTE, the table of next-level values, the table of page size encodings.
 *
 * Levels count from 1 in the specification, from 0 here. An entry with next level N points to a table
 * of the specification's level N, which is N - 1 here; the levels between may be left out.
 */
#include "iotlb/walker_entry.h"

#include <stddef.h>

enum {
	NEXT_IS_PAGE = 0,       /* a page of the level's own size */
	NEXT_IS_SIZED_PAGE = 7, /* a page whose size is written in the address */
};

static unsigned bits(uint64_t word, unsigned high, unsigned low)
{
	return (unsigned)(word >> low & ((UINT64_C(2) << (high - low)) - 1));
}

static struct walk_entry page(uint64_t address, unsigned size_lg2, uint8_t prot)
{
	return (struct walk_entry){
		.says = SAYS_PAGE, .address = address, .size_lg2 = size_lg2, .prot = prot
	};
}

/* Address bits 12 up to the first zero are ones: that zero is the upper half of the page's size. */
static struct walk_entry sized_page(uint64_t address, unsigned level, uint8_t prot)
{
	unsigned zero = 12;

	while (zero < 52 && address >> zero & 1)
		zero++;
	if (zero + 1 > 51)
		return walk_illegal("a page larger than 2^51");
	if (zero + 1 <= 12 + 9 * level)
		return walk_illegal("a page no larger than its level's own, written as a larger one");
	if (zero + 1 >= 12 + 9 * (level + 1))
		return walk_illegal("a page as large as a whole table of this level, or larger");
	return page(address >> (zero + 1) << (zero + 1), zero + 1, prot);
}

static struct walk_entry own_page(uint64_t address, unsigned level, uint8_t prot)
{
	unsigned size_lg2 = 12 + 9 * level;

	if (level == 5)
		return walk_illegal("a page in a table of the highest level");
	if (level == 3)
		return walk_illegal("a page of 512 GiB: processors get it wrong, no driver uses it");
	if (address & ((UINT64_C(1) << size_lg2) - 1))
		return walk_illegal("a page that is not aligned to its size");
	return page(address, size_lg2, prot);
}

struct walk_entry walk_amdv1(uint64_t entry, unsigned level)
{
	unsigned next = bits(entry, 11, 9);
	uint64_t address = entry >> 12 << 24 >> 12;
	uint8_t prot = (uint8_t)bits(entry, 62, 61); /* IR is read, IW is write */

	if (!bits(entry, 0, 0))
		return (struct walk_entry){ .says = SAYS_ABSENT };
	/* 59 (U) and 60 (FC) are attributes of pages; 1 to 8 and 63 are ignored or the hardware's. */
	if (next == NEXT_IS_PAGE || next == NEXT_IS_SIZED_PAGE) {
		if (bits(entry, 58, 52))
			return walk_illegal("reserved bits of a page are set");
		if (level == 5)
			return own_page(address, level, prot);
		return next == NEXT_IS_PAGE ? own_page(address, level, prot) :
					      sized_page(address, level, prot);
	}
	if (bits(entry, 60, 52))
		return walk_illegal("reserved bits of a table pointer are set");
	if (next > level)
		return walk_illegal("a pointer to a table that is not below");
	if (!address)
		return walk_illegal("a pointer to a table at address 0");
	return (struct walk_entry){
		.says = SAYS_TABLE, .address = address, .level = next - 1, .prot = prot
	};
}

const char *walk_amdv1_levels(unsigned levels)
{
	if (!levels)
		return "mode 0, no table, in the device table entry";
	return levels > 6 ? "mode 7 in the device table entry" : NULL;
}
