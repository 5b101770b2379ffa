/*
 * decode_amdv1.c - an entry of the AMD IOMMU v1 table: AMD IOMMU specification (48882), section
 * 2.2.3.
 */
#include "pt/decode.h"

/* Bits 1-8 are ignored or set by hardware, 59 is an attribute, 63 is ignored. */
static const uint64_t reserved_leaf = UINT64_C(0x7f) << 52;
static const uint64_t reserved_table = UINT64_C(0x1ff) << 52;

/* A leaf whose size is in its address field: one above the lowest zero bit. */
static struct decoded decode_sized(uint64_t address, unsigned level, uint8_t prot)
{
	unsigned lg2 = 13, own = 12 + 9 * level;

	while (lg2 < 53 && (address >> (lg2 - 1) & 1))
		lg2++;
	if (lg2 <= own || lg2 >= own + 9)
		return decode_illegal("page size does not belong to this level");
	if (lg2 > 51)
		return decode_illegal("page larger than 2^51");
	return (struct decoded){ .kind = LEAF,
				 .address = address >> lg2 << lg2,
				 .size_lg2 = lg2,
				 .replicas = 1u << (lg2 - own),
				 .prot = prot };
}

struct decoded decode_amdv1(uint64_t entry, unsigned level)
{
	unsigned next = entry >> 9 & 7;
	uint64_t address = entry & 0xffffffffff000;
	uint8_t prot = entry >> 61 & 3;

	if (!entry)
		return (struct decoded){ .kind = EMPTY };
	if (!(entry & 1))
		return decode_illegal("not present, yet not zero");
	if (next >= 1 && next <= 6) {
		if (next != level)
			return decode_illegal("next level is not one below");
		if (entry & reserved_table)
			return decode_illegal("reserved bits in a table pointer");
		if (prot != 3)
			return decode_illegal("table pointer without read and write");
		return (struct decoded){ .kind = TABLE, .address = address };
	}
	if (entry & reserved_leaf)
		return decode_illegal("reserved bits in a leaf");
	if (!prot)
		return decode_illegal("leaf without permission");
	if (level == 5)
		return decode_illegal("leaf at the highest level");
	if (next == 7)
		return decode_sized(address, level, prot);
	if (level == 3)
		return decode_illegal("512 GiB page");
	if (address & ((UINT64_C(1) << (12 + 9 * level)) - 1))
		return decode_illegal("page not aligned to its size");
	return (struct decoded){ .kind = LEAF,
				 .address = address,
				 .size_lg2 = 12 + 9 * level,
				 .replicas = 1,
				 .prot = prot };
}
