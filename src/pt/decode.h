/*
 * decode.h - entries as hardware reads them, for the scan: from the specifications once more, on
 * purpose without a line of the engines' format code, so that an error there does not hide itself.
 */
#pragma once

#include <stdint.h>

enum entry_kind { EMPTY, TABLE, LEAF, ILLEGAL };

struct decoded {
	enum entry_kind kind;
	const char *why;   /* ILLEGAL */
	uint64_t address;  /* of the page or table */
	unsigned size_lg2; /* LEAF */
	unsigned replicas;
	uint8_t prot;      /* enum pt_prot bits */
};

/* An entry of a table at `level` (0: the lowest). Pure. */
typedef struct decoded pt_decode(uint64_t entry, unsigned level);

pt_decode decode_amdv1, decode_vtdss;

static inline struct decoded decode_illegal(const char *why)
{
	return (struct decoded){ .kind = ILLEGAL, .why = why };
}
