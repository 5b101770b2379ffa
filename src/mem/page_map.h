/*
 * page_map.h - descriptors of pages that do not lie in chunks: found from the page's address
 * through a tree of three levels, as allocators find theirs. Private to the pool.
 *
 * A place for a descriptor, once made, stays for as long as the process lives; with it the number of
 * times that pages at this address were handed out. Any number of threads may call page_map_make.
 */
#pragma once

#include "mem/pool.h"

/* The place for this page's descriptor, zeroed when it is new. NULL: no memory. */
struct page_desc *page_map_make(const void *page);
/* At rest: every place ever made, used or not. */
void page_map_each(void (*fn)(void *ctx, struct page_desc *page), void *ctx);
