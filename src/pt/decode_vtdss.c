/*
 * decode_vtdss.c - an entry of a VT-d second-stage table: Intel Virtualization Technology for
 * Directed I/O, Architecture Specification (D51397), "Second-Stage Paging Entries".
 */
#include "pt/decode.h"

#define BIT(n) (UINT64_C(1) << (n))

/* 8 and 9 are set by hardware; 10, 61:52 and 63 are ignored by it. */
#define EXECUTE_AND_MEMORY_TYPE (BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6))
#define TRANSIENT BIT(62)

static struct decoded decode_pointer(uint64_t entry, uint64_t address)
{
	/* Snoop is a field of leaves. */
	if (entry & (EXECUTE_AND_MEMORY_TYPE | TRANSIENT | BIT(11)))
		return decode_illegal("reserved bits in a table pointer");
	if ((entry & 3) != 3)
		return decode_illegal("table pointer without read and write");
	return (struct decoded){ .kind = TABLE, .address = address };
}

struct decoded decode_vtdss(uint64_t entry, unsigned level)
{
	uint64_t address = entry & 0xffffffffff000;
	unsigned lg2 = 12 + 9 * level;

	if (!entry)
		return (struct decoded){ .kind = EMPTY };
	if (!(entry & 3))
		return decode_illegal("neither read nor write, yet not zero");
	if (level > 2 && entry & BIT(7))
		return decode_illegal("page size bit above the 1 GiB level");
	if (level && !(entry & BIT(7)))
		return decode_pointer(entry, address);
	if (!level && entry & BIT(7))
		return decode_illegal("page size bit at the lowest level");
	if (entry & (EXECUTE_AND_MEMORY_TYPE | TRANSIENT))
		return decode_illegal("reserved bits in a leaf");
	if (address & (BIT(lg2) - 1))
		return decode_illegal("page not aligned to its size");
	return (struct decoded){ .kind = LEAF,
				 .address = address,
				 .size_lg2 = lg2,
				 .replicas = 1,
				 .prot = entry & 3 };
}
