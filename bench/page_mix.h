/*
 * page_mix.h - several page sizes in one set of operations, by weight: `4K:60,64K:30,2M:10` means
 * that of 100 operations 60 are on 4K pages. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/err.h"

#define MIX_MAX 8u
#define MIX_WEIGHT_MAX 1000000u
#define MIX_TEXT_MAX 128u /* enough for any mix as text */

struct page_mix {
	uint8_t n;           /* 2..MIX_MAX sizes; 0: no mix, all pages are of one size */
	uint8_t lg2[MIX_MAX];
	uint32_t weight[MIX_MAX];
};

/*
 * One value of the option: log2 of the size, and above it the weight, 0 without one. A list whose
 * values have weights is one mix; else it is a sweep.
 */
static inline unsigned page_size_lg2(uint64_t value)
{
	return value & 0xff;
}

static inline uint32_t page_size_weight(uint64_t value)
{
	return (uint32_t)(value >> 8);
}

static inline uint64_t page_size_weighted(uint64_t lg2, uint64_t weight)
{
	return lg2 | weight << 8;
}

/*
 * Either no value of the list has a weight, or all have and make a mix. EXIT_USAGE, about this
 * option ("page-size").
 */
int page_sizes_check(const uint64_t *values, size_t n, const char *option, const char *job,
		     struct err *err);
/* The mix that a checked list is; n is 0 where it is a sweep. */
struct page_mix page_mix_of(const uint64_t *values, size_t n);
/* The log2 of one of its sizes, as likely as its weight says. n is not 0. */
unsigned page_mix_draw(const struct page_mix *mix, uint64_t *rng);
bool page_mix_equal(const struct page_mix *a, const struct page_mix *b);
/* "4K:60+64K:30", or "4K" of a single size. */
char *page_mix_show(char *buf, size_t size, const struct page_mix *mix, uint64_t single_bytes);
