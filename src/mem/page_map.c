#include "mem/page_map.h"

#include <sys/mman.h>

/* 36 bits of page number: a process is given 48 bits of address unless it asks for more. */
#define LEAF_LG2 9u /* a leaf for 2 MiB of address space */
#define MIDDLE_LG2 14u
#define ROOT_LG2 13u

struct leaf {
	struct page_desc desc[1u << LEAF_LG2];
};

struct middle {
	_Atomic(struct leaf *) leaf[1u << MIDDLE_LG2];
};

static _Atomic(struct middle *) root[1u << ROOT_LG2];

atomic_uint pool_singles;

static uint64_t number_of(const void *page)
{
	return (uintptr_t)page / PAGE_BYTES;
}

/* Zeroed, and not from the allocator that is being measured. */
static void *map_zeroed(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static struct middle *make_middle(uint64_t index)
{
	struct middle *mine, *there = at_load(&root[index], acquire); /* G3 */

	if (there)
		return there;
	mine = map_zeroed(sizeof(*mine));
	if (mine && at_cas(&root[index], &there, mine, release, acquire)) /* G3 */
		return mine;
	if (mine)
		munmap(mine, sizeof(*mine));
	return there;
}

static struct leaf *make_leaf(struct middle *middle, uint64_t index)
{
	struct leaf *mine, *there = at_load(&middle->leaf[index], acquire); /* G3 */

	if (there)
		return there;
	mine = map_zeroed(sizeof(*mine));
	if (mine && at_cas(&middle->leaf[index], &there, mine, release, acquire)) /* G3 */
		return mine;
	if (mine)
		munmap(mine, sizeof(*mine));
	return there;
}

struct page_desc *page_map_make(const void *page)
{
	uint64_t n = number_of(page);
	struct middle *middle = NULL;
	struct leaf *leaf;

	if (n >> (LEAF_LG2 + MIDDLE_LG2) < 1u << ROOT_LG2)
		middle = make_middle(n >> (LEAF_LG2 + MIDDLE_LG2));
	if (!middle)
		return NULL;
	leaf = make_leaf(middle, n >> LEAF_LG2 & ((1u << MIDDLE_LG2) - 1));
	return leaf ? &leaf->desc[n & ((1u << LEAF_LG2) - 1)] : NULL;
}

struct page_desc *page_desc_single(const void *page)
{
	uint64_t n = number_of(page);
	struct middle *middle = NULL;
	struct leaf *leaf = NULL;
	struct page_desc *d;

	if (n >> (LEAF_LG2 + MIDDLE_LG2) < 1u << ROOT_LG2)
		middle = at_load(&root[n >> (LEAF_LG2 + MIDDLE_LG2)], acquire); /* G3 */
	if (middle)
		leaf = at_load(&middle->leaf[n >> LEAF_LG2 & ((1u << MIDDLE_LG2) - 1)], acquire); /* G3 */
	d = leaf ? &leaf->desc[n & ((1u << LEAF_LG2) - 1)] : NULL;
	return d && d->page == page ? d : NULL;
}

void page_map_each(void (*fn)(void *ctx, struct page_desc *page), void *ctx)
{
	for (size_t r = 0; r < 1u << ROOT_LG2; r++) {
		struct middle *middle = at_load(&root[r], acquire); /* G3 */

		for (size_t m = 0; middle && m < 1u << MIDDLE_LG2; m++) {
			struct leaf *leaf = at_load(&middle->leaf[m], acquire); /* G3 */

			for (size_t i = 0; leaf && i < 1u << LEAF_LG2; i++)
				fn(ctx, &leaf->desc[i]);
		}
	}
}
