/*
 * verify_shadow.h - what an owner has announced of each page, so that others can judge what they find
 * there while it works.
 *
 * The address space is dealt out in cells, each with one owner. A cell is 16 or 512 units of 4K, or 512
 * of 2M; a unit has a shadow word, version << 2 | state. Before an operation its owner makes the words
 * CHANGING, with the version of this operation; after it has returned, what holds then:
 *
 *      at_store(word, v | CHANGING, relaxed)   engine: entries   at_store(word, v | MAPPED, release)
 *
 * A reader loads the word (acquire), translates, loads it again (acquire):
 *
 *   the same word, MAPPED or ABSENT   nothing was under way: the answer is known, to the bit
 *   else                              absent, or what one of the versions in between mapped there
 *
 * Every version of every cell has output addresses of its own (shadow_pa), so that what is found
 * names whose it is and how old.
 *
 * Why that is sound on weakly ordered machines. S1: the release of the last store and the acquire of
 * the reader's first load: it cannot find what was there before. Newer than its second load says it
 * finds nothing either: leaves are stored with release and loaded with acquire (P3), and the owner
 * stored CHANGING before. But leaves are cleared, and tables taken out, by relaxed stores, which
 * another CPU may see before CHANGING. So an absent page whose word says MAPPED twice is a suspicion
 * only: the reader waits a little and loads the word once more. If it is still the same, CHANGING did
 * not come late: it would have been in the owner's store buffer all that time. That hides no lost
 * mapping, for who lost one does not know it, and its word stays; the reader need not find the page
 * absent again. Should its owner change the page just then, one observation is thrown away; the page is
 * looked at again, by the audit at the end at the latest.
 *
 * A cell's owner alone calls shadow_begin and shadow_end; everything else any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"

#define SHADOW_VERSIONS 511u /* of a cell; 9 bits of an output address */
#define SHADOW_CELLS 8192u   /* 13 bits */
#define SHADOW_UNITS 512u    /* most of a cell */

enum shadow_state { SHADOW_ABSENT, SHADOW_MAPPED, SHADOW_CHANGING };

struct shadow_cell {
	uint64_t iova;
	unsigned id, owner; /* index of the cell; the worker */
	unsigned unit_lg2, units;
	_Atomic(uint64_t) *word; /* one a unit */

	/*
	 * A version: what its owner has written before it maps, for who finds the mapping to read; never
	 * written again in a round. What makes it visible is the leaf itself (P3), nothing else.
	 */
	uint64_t *payload;

	/* the owner's */
	unsigned version;   /* of its last operation here */
	uint8_t *lg2;       /* a unit: size of the page that covers it; 0: none */
	uint16_t *mapped;   /* a unit: version that mapped it; absent: that changed it last */
};

/* Where a version of a cell maps the byte at `offset`; what it permits (enum pt_prot bits). */
uint64_t shadow_pa(const struct shadow_cell *c, unsigned version, uint64_t offset);
uint8_t shadow_prot(unsigned version);

/* What a version's payload must be, in the round of this seed. */
uint64_t shadow_payload(const struct shadow_cell *c, unsigned version, uint64_t seed);
/*
 * Whoever has found an output address: is what its owner wrote before to be seen? True as well where
 * nobody owns it. Before anything is loaded that its owner has announced after.
 */
bool shadow_payload_seen(const struct shadow_cell *cells, unsigned ncells, uint64_t pa, uint64_t seed);

/* Announce a change of units [first, first + n); the version that it is. */
unsigned shadow_begin(struct shadow_cell *c, unsigned first, unsigned n, uint64_t seed);
/* Announce what holds now, as lg2[] and mapped[] say. */
void shadow_end(struct shadow_cell *c, unsigned first, unsigned n);

static inline uint64_t shadow_load(const struct shadow_cell *c, unsigned unit)
{
	/* S1: acquire, pairs with the release of shadow_end() */
	return at_load(&c->word[unit], acquire);
}

struct shadow_finding {
	uint64_t before, after; /* the word */
	uint64_t offset;        /* of the byte in the cell */
	bool hit;
	uint64_t pa;
};

enum shadow_verdict { SHADOW_FINE, SHADOW_EITHER, SHADOW_WRONG };

/* FINE: known exactly, and so. EITHER: it changed meanwhile. May wait (see the top). */
enum shadow_verdict shadow_judge(const struct shadow_cell *c, const struct shadow_finding *f);
/* "absent", "mapped by version 7", … */
char *shadow_word_text(char *text, size_t size, uint64_t word);
/* What an output address says of itself: "cell 12 (worker 3), version 7, offset 0x5000". */
char *shadow_pa_text(char *text, size_t size, uint64_t pa, const struct shadow_cell *cells,
		     unsigned ncells);
