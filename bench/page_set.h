/*
 * page_set.h - pages of leaf tables that one owner maps and unmaps: `--tables` tables full, in a
 * random order, `--batch` pages to an item. Pure; whoever owns the pages calls.
 */
#pragma once

#include "bench/lane.h"

struct page_set {
	uint64_t base;
	uint32_t n, *index;  /* items in random order: first page of each, from base */
	uint32_t batch;
	uint8_t page_lg2;
};

/* Can sets be made for `owners` owners? EXIT_USAGE. */
int page_set_check(const struct group *g, unsigned owners, struct err *err);
/* The last address of any of `owners` sets. */
uint64_t page_set_reach(const struct group *g, unsigned owners);
/* From base to base: whole entries of a 3-level root. */
uint64_t page_set_span(const struct group *g);
/* Bytes of it that are in use. */
uint64_t page_set_bytes(const struct group *g);
/* Items of a set. */
uint64_t page_set_items(const struct group *g);
/* The set of owner 0, 1, …; 0 or -ENOMEM. Zeroed or opened sets may be closed. */
int page_set_open(struct page_set *set, const struct group *g, unsigned owner);
void page_set_close(struct page_set *set);

/* What maps, or unmaps, item i of the order. */
struct pt_op page_set_op(const struct page_set *set, uint32_t i, bool map);
/* ops[0..n): items at, at + 1, …, where the set ends from its start again. */
void page_set_fill(const struct page_set *set, struct pt_op *ops, uint32_t at, uint32_t n, bool map);
/* Items [from, to), each mapped. 0 or -ENOMEM. */
int page_set_expect(const struct page_set *set, uint32_t from, uint32_t to, struct expectation *out);
