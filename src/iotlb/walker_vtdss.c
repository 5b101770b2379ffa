/*
 * walker_vtdss.c - second-stage entries of Intel's VT-d.
 *
 * Source: Intel Virtualization Technology for Directed I/O, Architecture Specification (D51397), 3.7
 * "Second-Stage Translation" and 9.8 "Second-Stage Paging Entries": SS-PML5E, SS-PML4E, SS-PDPE, SS-PDE,
 * SS-PTE are levels 4 to 0 here.
 *
 * This hardware walks with 52 address bits, 2M and 1G pages, snoop control and a device TLB: bits that
 * others reserve (11, 62) are attributes. Execute, memory type, accessed, dirty and the ignored bits
 * do not matter to where an address goes.
 */
#include "iotlb/walker_entry.h"

#include <stddef.h>

struct walk_entry walk_vtdss(uint64_t entry, unsigned level)
{
	uint64_t address = entry & ~UINT64_C(0xfff) & ~(~UINT64_C(0) << 52);
	uint8_t prot = (uint8_t)((entry & 1 ? WALK_READ : 0) | (entry & 2 ? WALK_WRITE : 0));
	bool large = entry >> 7 & 1;
	unsigned size_lg2 = 12 + 9 * level;

	if (!prot) /* there is no present bit */
		return (struct walk_entry){ .says = SAYS_ABSENT };
	if (level && !large) {
		if (!address)
			return walk_illegal("a pointer to a table at address 0");
		return (struct walk_entry){
			.says = SAYS_TABLE, .address = address, .level = level - 1, .prot = prot
		};
	}
	if (level > 2)
		return walk_illegal("the page size bit is reserved above a table of 1 GiB pages");
	if (address & ((UINT64_C(1) << size_lg2) - 1))
		return walk_illegal("address bits below a large page's size are reserved");
	return (struct walk_entry){
		.says = SAYS_PAGE, .address = address, .size_lg2 = size_lg2, .prot = prot
	};
}

const char *walk_vtdss_levels(unsigned levels)
{
	return levels < 3 || levels > 5 ? "an address width other than 39, 48 or 57 bits" : NULL;
}
