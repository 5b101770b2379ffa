/*
 * churn.h - the operations of workload `churn`: random maps, unmaps and lookups of mixed sizes
 * inside one worker's region. Pure: no table, no clock; one thread per struct churn.
 *
 * A region is CHURN_BLOCKS blocks of 2 MiB. Block b holds slots of kind b % 4: 4K pages, ranges of
 * 64K (one page where the format has such, else sixteen), one 2M page, or windows of eight 4K pages
 * whose last 1..8 pages are mapped as one range of any sizes. A slot is mapped or not; every
 * operation is legal for the state its predecessors leave.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/ratio.h"
#include "pt/engine.h"

#define CHURN_BLOCKS 32u
#define CHURN_SLOTS (CHURN_BLOCKS / 4 * (512 + 32 + 1 + 64))
#define CHURN_EXCURSION_MAX 320u /* operations in one excursion */

struct churn {
	uint64_t base;             /* a multiple of 1 GiB */
	uint64_t salt;             /* of the permissions */
	struct ratio ratio;
	uint32_t mapped;           /* slots */
	uint8_t pages[CHURN_SLOTS]; /* pages mapped in each slot, 0: none; 1 for one-page slots */
};

struct extent;

/* ratio: map and unmap not 0. */
void churn_init(struct churn *c, uint64_t base, uint64_t salt, struct ratio ratio);

/*
 * Operations that bring slots [*slot, …) to the start state `key`, as full as the ratio's steady
 * state; it depends on the key alone, whatever was there. Up to `max` (>= 2) operations; *slot moves
 * on, to CHURN_SLOTS when done.
 */
size_t churn_arrange(struct churn *c, uint64_t key, uint32_t *slot, struct pt_op *ops, size_t max);
/* The same for the empty state. */
size_t churn_empty(struct churn *c, uint32_t *slot, struct pt_op *ops, size_t max);

/*
 * Exactly n random operations, as if drawn so: a block, then a slot in it, uniformly, and a kind of
 * operation with the weights of the ratio map:unmap:lookup; what the slot does not allow (to map
 * what is mapped, to unmap or look up what is not) is drawn again.
 *
 * A slot then turns from empty to mapped map / unmap times as readily as back, so its steady state
 * is mapped for map / (map + unmap) of the time. Maps and unmaps balance, as they must, and there
 * are lookup / unmap lookups to each of them. 2:2:1: half full, two maps, two unmaps, one lookup.
 */
void churn_draw(struct churn *c, uint64_t *rng, struct pt_op *ops, size_t n);

/*
 * The same mix of operations, after which everything is as before: toggle a run of slots, look up
 * some that are then mapped, toggle them back. At most CHURN_EXCURSION_MAX; returns how many.
 */
size_t churn_excursion(struct churn *c, uint64_t *rng, struct pt_op *ops);

/* Lookups among finished operations that found a wrong address (errors are counted elsewhere). */
size_t churn_wrong_lookups(const struct pt_op *ops, size_t n);

/* What a slot has mapped; false: nothing. */
bool churn_extent(const struct churn *c, uint32_t slot, struct extent *out);
