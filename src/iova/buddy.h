/*
 * buddy.h - the free pages of one aligned block of 2^n pages, halved as needed. Private to percpu.
 *
 * The buddy system: Knowlton, "A fast storage allocator", CACM 8 (1965). What is free is kept as a
 * bitmap for each order with two levels of summary above, not as lists through the blocks: two bits a
 * page, and the highest free address is found at once. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDDY_LG2_MAX 18u /* 1 GiB of 4 KiB pages: three levels of 64 */

struct buddy {
	uint32_t filled; /* orders that have a free block */
	unsigned lg2;
	uint32_t at[BUDDY_LG2_MAX + 1][3]; /* where the bitmap of each order and its summaries begin */
	uint64_t *words;
};

/* Words that a block of 2^lg2 pages needs. */
size_t buddy_words(unsigned lg2);
/* Nothing is free yet. `words` are buddy_words(), zeroed, and stay the caller's. */
void buddy_init(struct buddy *b, unsigned lg2, uint64_t *words);
/* 1 .. 2^lg2 pages, aligned to their number rounded up to a power of two; the highest of the best fit. */
bool buddy_alloc(struct buddy *b, uint32_t pages, uint32_t *first);
/* Any run of pages that are not free. */
void buddy_free(struct buddy *b, uint32_t first, uint32_t pages);
