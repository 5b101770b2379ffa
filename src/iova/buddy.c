#include "iova/buddy.h"

static uint32_t words_of(uint32_t bits)
{
	return (bits + 63) / 64;
}

size_t buddy_words(unsigned lg2)
{
	size_t n = 0;

	for (unsigned k = 0; k <= lg2; k++) {
		uint32_t low = words_of(1u << (lg2 - k));

		n += low + words_of(low) + 1;
	}
	return n;
}

void buddy_init(struct buddy *b, unsigned lg2, uint64_t *words)
{
	uint32_t at = 0;

	*b = (struct buddy){ .lg2 = lg2, .words = words };
	for (unsigned k = 0; k <= lg2; k++) {
		uint32_t low = words_of(1u << (lg2 - k));

		b->at[k][0] = at;
		b->at[k][1] = at + low;
		b->at[k][2] = at + low + words_of(low);
		at = b->at[k][2] + 1;
	}
}

static void set(struct buddy *b, unsigned k, uint32_t i)
{
	for (unsigned level = 0; level < 3; level++, i >>= 6) {
		uint64_t *word = &b->words[b->at[k][level] + (i >> 6)];
		uint64_t old = *word;

		*word = old | 1ull << (i & 63);
		if (old)
			return;
	}
	b->filled |= 1u << k;
}

static void clear(struct buddy *b, unsigned k, uint32_t i)
{
	for (unsigned level = 0; level < 3; level++, i >>= 6) {
		uint64_t *word = &b->words[b->at[k][level] + (i >> 6)];

		*word &= ~(1ull << (i & 63));
		if (*word)
			return;
	}
	b->filled &= ~(1u << k);
}

static bool is_free(const struct buddy *b, unsigned k, uint32_t i)
{
	return b->words[b->at[k][0] + (i >> 6)] >> (i & 63) & 1;
}

/* Of an order that is filled. */
static uint32_t highest(const struct buddy *b, unsigned k)
{
	uint32_t i = 0;

	for (unsigned level = 3; level-- > 0;)
		i = i << 6 | (63 - (uint32_t)__builtin_clzll(b->words[b->at[k][level] + i]));
	return i;
}

static void free_block(struct buddy *b, uint32_t first, unsigned k)
{
	uint32_t i = first >> k;

	for (; k < b->lg2 && is_free(b, k, i ^ 1); k++, i >>= 1)
		clear(b, k, i ^ 1);
	set(b, k, i);
}

void buddy_free(struct buddy *b, uint32_t first, uint32_t pages)
{
	while (pages) {
		unsigned k = 31 - (unsigned)__builtin_clz(pages);

		if (first && k > (unsigned)__builtin_ctz(first))
			k = (unsigned)__builtin_ctz(first);
		free_block(b, first, k);
		first += 1u << k;
		pages -= 1u << k;
	}
}

bool buddy_alloc(struct buddy *b, uint32_t pages, uint32_t *first)
{
	unsigned want = pages > 1 ? 32 - (unsigned)__builtin_clz(pages - 1) : 0, k;
	uint32_t fits = b->filled >> want, i;

	if (!fits)
		return false;
	k = want + (unsigned)__builtin_ctz(fits);
	i = highest(b, k);
	clear(b, k, i);
	while (k > want) { /* keep the upper half */
		k--;
		i = i << 1 | 1;
		set(b, k, i ^ 1);
	}
	*first = i << want;
	buddy_free(b, *first + pages, (1u << want) - pages);
	return true;
}
